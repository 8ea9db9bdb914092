//! The command line program `rmsight` as a library, so that other programs run the same engine.

mod acceptance;
mod args;
mod authority_file;
mod authority_use;
mod cli;
mod commands;
mod dictionary;
mod digest;
mod exit;
mod filter;
mod fs;
mod inspector;
mod inventory;
mod manual_check;
mod nearest;
mod options;
mod output;
#[cfg(feature = "pst")]
mod pst;
mod scan;
mod start;
mod stats;
mod stop;

use std::ffi::OsString;
use std::path::PathBuf;

/// Runs the program like [`run`], in the process of an interpreter. `program` with `arguments` runs the
/// same program again, for example `python3` with `-m rmsight`: child processes are started so.
pub fn run_in(
    program: PathBuf,
    arguments: Vec<OsString>,
    args: impl IntoIterator<Item = OsString>,
) -> u8 {
    start::set_host(program, arguments);
    run(args)
}

/// Returns the error codes after which a scan reads a file again, even if it did not change.
pub fn retried_codes() -> impl Iterator<Item = &'static str> {
    scan::RETRIED.into_iter().map(rmsight::ErrorCode::as_str)
}

/// Runs the program with these arguments, the first of which is its name. Writes to standard output
/// and standard error. Returns the exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    match cli::Cli::read(args) {
        Ok(cli) => exit::code(cli.run()),
        Err(error) => {
            // The exit code is the answer, whether the text was written or not.
            _ = error.print();
            u8::try_from(error.exit_code()).unwrap_or(exit::USAGE)
        }
    }
}
