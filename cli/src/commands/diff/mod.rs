//! `rmsight diff`: changes of protected files between two scans.

mod change;
mod report;
mod rows;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use rmsight::Protection;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::args::ESTATE_VARIABLE;
use crate::authority_file::{self, judged_with};
use crate::exit::{Failure, Outcome, Result};
use crate::inventory::Inventory;
use crate::output::ending::{Endings, format_of};
use crate::output::output_file::OutputFile;
use change::Change;
use report::{DiffFormat, DiffReport};
use rows::{FileFindings, FileRows};

/// Compare two inventories: newly protected, changed and deleted files.
///
/// A file counts as deleted only if a completed scan listed its folder without error, on the same file
/// system, and did not find it. Ends with 1 if a file was protected since the earlier scan under a key
/// that is still needed (`new-under-old-key`). A file that was protected before, and is new at its path
/// (`appeared-under-old-key`), does not change the exit code: it was copied, moved, renamed or restored.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight diff january.db june.db --estate estate.toml
  rmsight diff january.db june.db --estate estate.toml -o changes.ndjson
  rmsight diff fs1-january.db fs1-june.db --old fs2-january.db --new fs2-june.db")]
pub(crate) struct DiffArgs {
    /// The earlier inventory
    #[arg(value_name = "OLD")]
    before: PathBuf,

    /// The later inventory
    #[arg(value_name = "NEW")]
    after: PathBuf,

    /// A further earlier inventory; may be repeated. The first --old belongs to the first --new, and so on
    #[arg(long, value_name = "FILE")]
    old: Vec<PathBuf>,

    /// A further later inventory
    #[arg(long, value_name = "FILE")]
    new: Vec<PathBuf>,

    /// The estate file: authorities, and what became of their keys
    #[arg(long, value_name = "FILE", env = ESTATE_VARIABLE, hide_env_values = true)]
    estate: Option<PathBuf>,

    /// Format of the changes [default: by the ending of --output, else text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<DiffFormat>,

    /// Write changes to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

const ENDINGS: Endings<DiffFormat> =
    &[(DiffFormat::Text, &["txt"]), (DiffFormat::Ndjson, &["ndjson", "jsonl"])];

pub(crate) fn run(args: &DiffArgs) -> Result<Outcome> {
    if args.old.len() != args.new.len() {
        return Err(Failure::message("each --old needs a --new"));
    }
    let output = args.output.as_deref();
    let format = format_of(output, args.format, ENDINGS, DiffFormat::Text)?;
    let estate = authority_file::load(args.estate.as_deref())?;
    let mut report = DiffReport {
        estate: &estate,
        format,
        out: OutputFile::open(output)?,
        counts: BTreeMap::new(),
    };
    let first = (&args.before, &args.after);
    for (before, after) in std::iter::once(first).chain(args.old.iter().zip(&args.new)) {
        let pair = Pair { before: Inventory::open(before)?, after: Inventory::open(after)? };
        pair.compare(&mut report)?;
    }
    let alarm = report.counts.get(&Change::PublishedSince).copied().unwrap_or_default();
    if format == DiffFormat::Text {
        report
            .totals(&judged_with(args.estate.as_deref(), &estate))
            .map_err(|error| Failure::writing(&error))?;
    }
    report.out.finish()?;
    Ok(Outcome::of(alarm == 0))
}

struct Pair {
    before: Inventory,
    after: Inventory,
}

impl Pair {
    fn compare(&self, report: &mut DiffReport<'_>) -> Result<()> {
        let (old, new) = (self.before.db(), self.after.db());
        let since = self.before.scans()?.last().map_or(i64::MIN, |scan| scan.started.unix());
        let broken = |error: rusqlite::Error| Failure::message(format_args!("inventory: {error}"));
        let (old_columns, new_columns) = (self.before.columns(), self.after.columns());
        let mut before = old.prepare(&rows::sql(old_columns)).map_err(broken)?;
        let mut after = new.prepare(&rows::sql(new_columns)).map_err(broken)?;
        let mut before = FileRows::new(before.query([]).map_err(broken)?, old_columns);
        let mut after = FileRows::new(after.query([]).map_err(broken)?, new_columns);
        let alias = self.alias()?;
        let mut next_before = || -> Result<Option<FileFindings>> {
            let mut file = before.next().map_err(broken)?;
            if let (Some(file), Some(alias)) = (&mut file, &alias) {
                file.name.source.clone_from(alias);
            }
            Ok(file)
        };
        let (mut one, mut other) = (next_before()?, after.next().map_err(broken)?);
        loop {
            let order = match (&one, &other) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(other)) => one.name.cmp(&other.name),
            };
            let is_past = |file: &&FileFindings| !file.is_gone;
            let was = one.as_ref().filter(|_| order.is_le()).filter(is_past);
            let is = other.as_ref().filter(|_| order.is_ge());
            let fate = match (was, is) {
                (Some(_), Some(is)) if is.is_gone => Some(Change::Gone),
                (Some(was), None) if !is_unprotected(was) => Some(fate(new, was).map_err(broken)?),
                _ => None,
            };
            report.file(was, is.filter(is_past), fate, since)?;
            if order.is_le() {
                one = next_before()?;
            }
            if order.is_ge() {
                other = after.next().map_err(broken)?;
            }
        }
    }
}

impl Pair {
    /// Returns the name that the later inventory has for the source of the earlier one, if both
    /// have a single source and that of the earlier one has no name: inventories of the first
    /// version did not use the name of the host.
    fn alias(&self) -> Result<Option<String>> {
        let sources = |inventory: &Inventory| -> Result<Vec<String>> {
            let mut names: Vec<String> = inventory
                .scans()?
                .into_iter()
                .map(|scan| scan.source.unwrap_or_default())
                .collect();
            names.sort_unstable();
            names.dedup();
            Ok(names)
        };
        Ok(match (sources(&self.before)?.as_slice(), sources(&self.after)?.as_slice()) {
            ([before], [after]) if before.is_empty() => Some(after.clone()),
            _ => None,
        })
    }
}

/// Unprotected files that disappear are not reported.
fn is_unprotected(file: &FileFindings) -> bool {
    file.findings.iter().all(|facts| facts.protection == Protection::None)
}

/// Returns the change of a file without a row in the later inventory. It was deleted if a completed
/// scan of the root listed the nearest existing parent folder on the same device. Otherwise its
/// fate is unknown.
fn fate(after: &Connection, file: &FileFindings) -> rusqlite::Result<Change> {
    let mut statement = after.prepare_cached(
        "SELECT root_scans.finished IS NOT NULL, devices.name FROM dirs \
         JOIN sources ON sources.id = dirs.source \
         LEFT JOIN root_scans ON root_scans.scan = dirs.listed AND root_scans.root = dirs.root \
         LEFT JOIN devices ON devices.id = dirs.device \
         WHERE sources.name = ? AND dirs.path = ?",
    )?;
    let mut dir = file.name.dir.as_slice();
    loop {
        let found = statement
            .query_row(params![file.name.source, dir], |row| {
                Ok((row.get::<_, bool>(0)?, row.get::<_, Option<String>>(1)?))
            })
            .optional()?;
        if let Some((is_finished, device)) = found {
            let is_gone = is_finished && device == file.device;
            return Ok(if is_gone { Change::Gone } else { Change::NotLookedAt });
        }
        let Some(above) = above(dir) else { return Ok(Change::NotLookedAt) };
        dir = above;
    }
}

/// Returns the parent of a folder, both with a trailing separator.
fn above(dir: &[u8]) -> Option<&[u8]> {
    let trimmed = dir.get(..dir.len().checked_sub(1)?)?;
    let end = trimmed.iter().rposition(|byte| std::path::is_separator(char::from(*byte)))?;
    dir.get(..=end)
}

#[cfg(test)]
mod tests {
    use super::above;

    #[test]
    fn the_folder_above_keeps_its_separator() {
        assert_eq!(above(b"/a/b/"), Some(&b"/a/"[..]));
        assert_eq!(above(b"/a/"), Some(&b"/"[..]));
        assert_eq!(above(b"/"), None);
        assert_eq!(above(b""), None);
    }
}
