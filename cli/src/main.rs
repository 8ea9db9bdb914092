//! `rmsight`: which files still need an AD RMS cluster?

mod args;
mod estate;
mod exit;
mod inspect;
#[allow(dead_code)] // nothing writes one yet
mod inventory;
mod judge;
mod open;
mod output;
mod progress;
mod rules;
mod scan;
mod settings;
mod sheet;
mod tally;
mod terminal;
mod text;
mod totals;
mod walk;
mod words;
mod worker;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    exit::code(args::Cli::parse().run())
}
