//! `rmsight estate`.

mod asker;
mod check;
mod cmdlet;
mod contradictions;
mod init;
mod key_lines;
mod learn;

use std::path::PathBuf;

use clap::Subcommand;

use crate::args::{ESTATE_VARIABLE, INVENTORY_VARIABLE};
use crate::exit::{Outcome, Result};

#[derive(Debug, Subcommand)]
pub(crate) enum EstateCommand {
    Init(init::InitArgs),
    /// Check an estate file: mistakes with their lines, and open questions
    ///
    /// Prints each open question with a command whose output helps to answer it. With inventories,
    /// also prints declarations that their licenses contradict, and keys that the file does not
    /// have. Ends with 0 if no question is open, with 1 if one is or if a date
    /// is in the future, and with 2 if the file has mistakes.
    #[command(after_help = "\
Examples:
  rmsight estate check estate.toml
  rmsight estate check estate.toml estate.db")]
    Check {
        /// The estate file
        #[arg(value_name = "FILE", env = ESTATE_VARIABLE, hide_env_values = true)]
        file: PathBuf,

        /// Inventories to compare it with
        #[arg(value_name = "INVENTORY", env = INVENTORY_VARIABLE, hide_env_values = true)]
        inventories: Vec<PathBuf>,
    },
    Learn(learn::LearnArgs),
    Import(learn::ImportArgs),
}

/// Runs a subcommand of `estate`.
pub(crate) fn run(command: &EstateCommand) -> Result<Outcome> {
    match command {
        EstateCommand::Init(args) => init::init(args),
        EstateCommand::Check { file, inventories } => check::check(file, inventories),
        EstateCommand::Learn(args) => learn::learn(args),
        EstateCommand::Import(args) => learn::import(args),
    }
}
