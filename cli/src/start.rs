//! How this program is started again, as a child process.

use std::ffi::OsString;
#[cfg(feature = "pst")]
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The program and its first arguments, if an interpreter runs this program.
static HOST: OnceLock<(PathBuf, Vec<OsString>)> = OnceLock::new();

/// Sets the interpreter and the arguments with which it runs this program. The first call counts: a
/// process has one interpreter.
pub(crate) fn set_host(program: PathBuf, arguments: Vec<OsString>) {
    _ = HOST.set((program, arguments));
}

/// Returns the program and the arguments that precede those of a command.
#[cfg(feature = "pst")]
pub(crate) fn program() -> io::Result<(PathBuf, Vec<OsString>)> {
    match HOST.get() {
        Some(host) => Ok(host.clone()),
        None => Ok((std::env::current_exe()?, Vec::new())),
    }
}
