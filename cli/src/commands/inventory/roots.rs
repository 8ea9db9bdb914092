//! `rmsight inventory roots`: the roots of an inventory and their last scans.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::exit::{Failure, Outcome, Result};
use crate::inventory::{Inventory, RootRow};
use crate::output::format::thousands;
use crate::output::stdout::Stdout;
use crate::output::terminal::escaped;

/// List the roots: folders, files and lists that were scanned
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight inventory roots estate.db
  rmsight inventory roots estate.db --json")]
pub(crate) struct RootsArgs {
    /// The inventory
    #[arg(value_name = "INVENTORY")]
    inventory: PathBuf,

    /// Write one JSON object on each line
    #[arg(long)]
    json: bool,
}

/// The header of the table.
const HEADER: [&str; 5] = ["SOURCE", "LAST SCAN", "FILES", "STATE", "ROOT"];

pub(super) fn run(args: &RootsArgs) -> Result<Outcome> {
    let inventory = Inventory::open(&args.inventory)?;
    let mut newest: BTreeMap<i64, RootRow> = BTreeMap::new();
    for visit in inventory.roots()? {
        newest.insert(visit.root, visit);
    }
    let mut roots: Vec<RootRow> = newest.into_values().collect();
    roots.sort_by(|one, other| (&one.source, &one.raw).cmp(&(&other.source, &other.raw)));
    let mut out = Stdout::lock();
    let written = match args.json {
        true => roots.iter().try_for_each(|root| data(root, &mut out)),
        false => table(&roots, &mut out),
    };
    written.and_then(|()| out.flush()).map_err(|error| Failure::writing(&error))?;
    Ok(Outcome::Complete)
}

/// Returns the result of the last scan of a root.
fn state(root: &RootRow) -> &'static str {
    match (root.finished, root.is_complete) {
        (None, _) if root.error.is_some() => "failed",
        (None, _) => "not finished",
        (Some(_), true) => "complete",
        (Some(_), false) => "incomplete",
    }
}

fn data(root: &RootRow, out: &mut impl Write) -> io::Result<()> {
    let object = json!({
        "root": root.path,
        "kind": root.kind,
        "source": root.source,
        "started": root.started.to_string(),
        "finished": root.finished.map(|finished| finished.to_string()),
        "state": state(root),
        "files": root.files,
        "error": root.error,
    });
    writeln!(out, "{object}")
}

fn table(roots: &[RootRow], out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<[String; 5]> = roots.iter().map(cells).collect();
    let header = HEADER.map(str::to_owned);
    let lines = || std::iter::once(&header).chain(&rows);
    let mut widths = [0_usize; 5];
    for line in lines() {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for [source, scan, files, state, root] in lines() {
        let [source_width, scan_width, files_width, state_width, _] = widths;
        writeln!(
            out,
            "{source:<source_width$}  {scan:<scan_width$}  {files:>files_width$}  \
             {state:<state_width$}  {root}"
        )?;
    }
    Ok(())
}

fn cells(root: &RootRow) -> [String; 5] {
    let mut path = escaped(&root.path).to_string();
    if root.kind == "list" {
        path = format!("list {path}");
    }
    if let Some(error) = &root.error {
        path += &format!("  ({})", escaped(error));
    }
    let source = root.source.as_deref().unwrap_or("-");
    [
        escaped(source).to_string(),
        root.finished.unwrap_or(root.started).to_string(),
        thousands(root.files),
        state(root).to_owned(),
        path,
    ]
}
