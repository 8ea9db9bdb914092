//! How the program ends.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything was read and decided.
    Complete,
    /// The work is done, but something could not be read or decided.
    Incomplete,
    /// Nothing at all could be done, and the records say why.
    Nothing,
    /// It was stopped by this signal.
    Stopped(u8),
}

impl Outcome {
    pub(crate) fn of(complete: bool) -> Outcome {
        if complete { Outcome::Complete } else { Outcome::Incomplete }
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads the output any more, which is the reader's right.
    BrokenPipe,
    /// What to tell the user.
    Message(String),
}

impl Failure {
    pub(crate) fn message(text: impl fmt::Display) -> Failure {
        Failure::Message(text.to_string())
    }

    /// Something could not be written.
    pub(crate) fn writing(error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
            _ => Failure::Message(format!("cannot write: {error}")),
        }
    }
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// The exit code, after the message.
pub(crate) fn code(ended: Result<Outcome>) -> ExitCode {
    match ended {
        Ok(Outcome::Complete) | Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Ok(Outcome::Incomplete) => ExitCode::from(1),
        Ok(Outcome::Nothing) => ExitCode::from(2),
        // As shells say it of a program that a signal ended.
        Ok(Outcome::Stopped(signal)) => ExitCode::from(128_u8.saturating_add(signal)),
        Err(Failure::Message(text)) => {
            warn(text);
            ExitCode::from(2)
        }
    }
}

/// Says something on standard error.
pub(crate) fn warn(text: impl fmt::Display) {
    eprintln!("rmsight: {}", crate::terminal::escaped(&text.to_string()));
}
