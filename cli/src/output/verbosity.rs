//! Which messages a command prints on standard error.

use std::fmt;

use crate::exit::say;

/// How many messages a command prints. Warnings and errors are always printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Verbosity {
    /// No progress and no notes.
    Quiet,
    /// Progress and notes.
    #[default]
    Normal,
    /// Also the options in force, and each failure when it happens.
    Verbose,
}

impl Verbosity {
    /// Prints a note, such as the name of a written file.
    pub(crate) fn note(self, text: impl fmt::Display) {
        if self != Verbosity::Quiet {
            say(text);
        }
    }

    /// Prints a detail, such as an option in force.
    pub(crate) fn detail(self, text: impl fmt::Display) {
        if self == Verbosity::Verbose {
            say(text);
        }
    }
}
