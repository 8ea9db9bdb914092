//! The arguments of `rmsight report`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::list;
use crate::acceptance::AcceptArgs;
use crate::args::{ESTATE_VARIABLE, INVENTORY_VARIABLE, RedactArgs};
use crate::filter::FilterArgs;
use crate::output::ending::Endings;

/// Can the cluster or tenant be given up? One page with the answer, and what to do next
///
/// Verdicts are made anew, with what is known now. Ends with 1 if a finding was not read or is `possible`
/// and is not accepted, if a gap is open, or if the estate file declares no retiring authority. The options that select findings are for the list of the HTML page: the answer is about
/// all findings.
///
/// The same inventory, estate file, decisions and options give the same bytes with --as-of, on every
/// computer. The page names files as they are given here: give the same relative names.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight report estate.db --estate estate.toml
  rmsight report fs1.db fs2.db --estate estate.toml -o report.html
  rmsight report estate.db --estate estate.toml --json -o report.json
  rmsight report estate.db --estate estate.toml --since january.db
  rmsight report estate.db --estate estate.toml --as-of 2026-11-30 -o board.html
  rmsight report estate.db --estate estate.toml --decisions decisions.toml")]
pub(crate) struct ReportArgs {
    /// Inventories, read as if they were one
    #[arg(value_name = "INVENTORY", required = true, env = INVENTORY_VARIABLE, hide_env_values = true)]
    pub(super) inventories: Vec<PathBuf>,

    /// What the operator knows of keys: an estate file
    #[arg(long, value_name = "FILE", env = ESTATE_VARIABLE, hide_env_values = true)]
    pub(super) estate: Option<PathBuf>,

    /// Where to write it to [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// How to write it [default: by the ending of --output, else text]
    #[arg(long, value_enum)]
    pub(super) format: Option<ReportFormat>,

    /// Write it as JSON, as --format json does
    #[arg(long, conflicts_with = "format")]
    pub(super) json: bool,

    /// Compare with an earlier inventory of the same estate; may be repeated
    ///
    /// `rmsight diff` lists the files that changed.
    #[arg(long, value_name = "INVENTORY")]
    pub(super) since: Vec<PathBuf>,

    /// How many findings each list of the page contains at most
    #[arg(long, value_name = "N", default_value_t = list::SHOWN)]
    pub(super) rows: usize,

    #[command(flatten)]
    pub(super) accept: AcceptArgs,

    #[command(flatten)]
    pub(super) redact: RedactArgs,

    #[command(flatten)]
    pub(super) filter: FilterArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// For a terminal
    Text,
    /// One file that a browser shows; it loads nothing from elsewhere
    Html,
    /// For programs; docs/JSON.md describes the fields
    Json,
}

pub(super) const ENDINGS: Endings<ReportFormat> = &[
    (ReportFormat::Text, &["txt"]),
    (ReportFormat::Html, &["html", "htm"]),
    (ReportFormat::Json, &["json"]),
];

impl ReportArgs {
    /// Returns the options in force, for the evidence. `selection` has those that select findings.
    pub(super) fn in_force(&self, selection: &str) -> Vec<(&'static str, String)> {
        let mut all = self.accept.in_force();
        let files = self.since.iter().map(|file| ("--since", file.display().to_string()));
        all.extend(files);
        if self.rows != list::SHOWN {
            all.push(("--rows", self.rows.to_string()));
        }
        if self.redact.is_given() {
            all.push(("--redact", String::new()));
        }
        if !selection.is_empty() {
            all.push(("Selection of the list:", selection.to_owned()));
        }
        all
    }
}
