//! Exit codes, failures and warnings.

use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;

use crate::output::stdout::is_closed;
use crate::output::terminal::escaped;

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything was read and decided.
    Complete,
    /// The work is done, but something could not be read or decided.
    Incomplete,
    /// Nothing could be read; the records contain the reasons.
    Nothing,
    /// The time of --until came before the work was done.
    Late,
    /// A signal with this number stopped it.
    Stopped(u8),
}

impl Outcome {
    pub(crate) fn of(complete: bool) -> Outcome {
        if complete { Outcome::Complete } else { Outcome::Incomplete }
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The reader of the output has closed the pipe. Only a command with a single exit code ends
    /// early for that.
    BrokenPipe,
    /// A message for the user.
    Message(String),
}

impl Failure {
    pub(crate) fn message(text: impl fmt::Display) -> Failure {
        Failure::Message(text.to_string())
    }

    /// Returns the failure of a write.
    pub(crate) fn writing(error: &io::Error) -> Failure {
        match is_closed(error) {
            true => Failure::BrokenPipe,
            false => Failure::Message(format!("cannot write: {error}")),
        }
    }
}

/// Returns the failure of opening an input. `role` says what kind of file it is. If it does not exist,
/// `advice` says how to get one.
pub(crate) fn opening(file: &Path, error: &io::Error, role: &str, advice: &str) -> Failure {
    let name = file.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            Failure::message(format_args!("{name}: no such {role}; {advice}"))
        }
        _ => Failure::message(format_args!("{name}: the {role} cannot be read: {error}")),
    }
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Exit code for wrong usage, and for a command that could do nothing.
pub(crate) const USAGE: u8 = 2;

/// Exit code of a scan that --until ended.
const LATE: u8 = 3;

/// Prints the message of a failure. Returns the exit code.
pub(crate) fn code(ended: Result<Outcome>) -> u8 {
    if let Err(Failure::Message(text)) = &ended {
        warn(text);
    }
    code_of(&ended)
}

/// Returns the exit code of a command.
pub(crate) fn code_of(ended: &Result<Outcome>) -> u8 {
    match ended {
        Ok(Outcome::Complete) | Err(Failure::BrokenPipe) => 0,
        Ok(Outcome::Incomplete) => 1,
        Ok(Outcome::Nothing) | Err(Failure::Message(_)) => USAGE,
        Ok(Outcome::Late) => LATE,
        // The exit code that shells report for a program that a signal ended.
        Ok(Outcome::Stopped(signal)) => 128_u8.saturating_add(*signal),
    }
}

/// Prints a message to standard error.
pub(crate) fn warn(text: impl fmt::Display) {
    say(format_args!("rmsight: {}", escaped(&text.to_string())));
}

/// Writes a line to standard error. Unlike `eprintln!` it does not panic if that is closed.
pub(crate) fn say(text: impl fmt::Display) {
    _ = writeln!(io::stderr(), "{text}");
}
