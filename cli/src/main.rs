//! `rmsight`: which files still need an AD RMS cluster?

use std::process::ExitCode;

fn main() -> ExitCode {
    rmsight_cli::run(std::env::args_os()).into()
}
