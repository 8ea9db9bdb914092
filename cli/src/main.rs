//! `rmsight`: which files still need an AD RMS cluster?

mod args;
mod exit;
mod open;
mod output;
mod progress;
mod scan;
mod settings;
mod tally;
mod terminal;
mod text;
mod totals;
mod walk;
mod worker;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    exit::code(args::Cli::parse().run())
}
