//! `rmsight`: which files still need an AD RMS cluster?

mod advice;
mod args;
mod chain;
mod check;
mod coverage;
mod data;
mod device;
mod diff;
mod estate;
mod exit;
mod export;
mod forget;
mod gaps;
mod host;
mod inspect;
mod inventory;
mod judge;
mod learn;
mod license;
mod merge;
mod open;
mod output;
mod placeholder;
mod progress;
#[cfg(feature = "pst")]
mod pst;
mod rate;
mod reading;
mod report;
mod rules;
mod scan;
mod scope;
mod settings;
mod sheet;
mod spill;
mod stop;
mod stored;
mod tally;
mod terminal;
mod text;
mod totals;
mod walk;
mod watch;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    exit::code(args::Cli::parse().run())
}
