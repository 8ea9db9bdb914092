//! `rmsight estate`.

mod check;
mod key_lines;
mod learn;

use std::path::PathBuf;

use clap::Subcommand;

use crate::exit::{Outcome, Result};

#[derive(Debug, Subcommand)]
pub(crate) enum EstateCommand {
    /// Check an estate file: mistakes with their lines, and what is still to be asked
    ///
    /// Ends with 0 if nothing is left to ask, with 1 if something is, with 2 on mistakes.
    Check {
        /// The estate file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    Learn(learn::LearnArgs),
    Import(learn::ImportArgs),
}

/// Runs a subcommand of `estate`.
pub(crate) fn run(command: &EstateCommand) -> Result<Outcome> {
    match command {
        EstateCommand::Check { file } => check::check(file),
        EstateCommand::Learn(args) => learn::learn(args),
        EstateCommand::Import(args) => learn::import(args),
    }
}
