//! `rmsight diff`: changes of protected files between two scans.

mod rows;

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rmsight::{Dependency, Estate, Facts, Need, Protection, Record, Searched, judge_dated};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::authority_file::{self, judged_with};
use crate::exit::{Failure, Outcome, Result};
use crate::inventory::Inventory;
use crate::output::line::short_key;
use crate::output::terminal::escaped;
use rows::{FileFindings, FileRows};

/// Compare two inventories: what was protected anew, what is gone, and what should not be there.
///
/// A file is gone only if its folder was listed without error, on the same device, in a scan that
/// came to its end, and did not have it. Ends with 1 if anything is new under a key that still
/// needs an AD RMS cluster.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight diff january.db june.db --estate estate.toml
  rmsight diff fs1-january.db fs1-june.db --old fs2-january.db --new fs2-june.db")]
pub(crate) struct DiffArgs {
    /// The earlier inventory
    #[arg(value_name = "OLD")]
    before: PathBuf,

    /// The later inventory
    #[arg(value_name = "NEW")]
    after: PathBuf,

    /// A further earlier inventory; each --old is compared with the --new in the same place
    #[arg(long, value_name = "FILE")]
    old: Vec<PathBuf>,

    /// A further later inventory
    #[arg(long, value_name = "FILE")]
    new: Vec<PathBuf>,

    /// What the operator knows of keys: an estate file
    #[arg(long, value_name = "FILE")]
    estate: Option<PathBuf>,

    /// How to write what is found
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    format: DiffFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// A line for each change, then totals
    Text,
    /// One JSON object a line: `change`, `before`, and the record
    Ndjson,
}

/// The change of one finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// Issued after the earlier scan began, under a key that needs an AD RMS cluster.
    PublishedSince,
    /// New at this path under such a key, but issued before: copied, moved or restored.
    AppearedOld,
    /// It had such a key, and now has another key that needs no cluster, or no key.
    Reprotected,
    /// It is no longer protected.
    Unprotected,
    /// It was deleted.
    Gone,
    /// Only in the earlier inventory; its folder was not scanned again.
    NotLookedAt,
    /// It was read before, and cannot be read now.
    NotReadable,
}

impl Change {
    fn name(self) -> &'static str {
        match self {
            Change::PublishedSince => "new-under-old-key",
            Change::AppearedOld => "appeared-under-old-key",
            Change::Reprotected => "re-protected",
            Change::Unprotected => "unprotected",
            Change::Gone => "gone",
            Change::NotLookedAt => "not-looked-at",
            Change::NotReadable => "not-readable",
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Change::PublishedSince => {
                "ALARM: published since, with a key that still needs an AD RMS cluster"
            }
            Change::AppearedOld => {
                "there now under such a key, but issued before: copied, moved or restored"
            }
            Change::Reprotected => "protected anew, with another key that needs no cluster",
            Change::Unprotected => "not protected any more",
            Change::Gone => "gone: their folder was listed and does not have them",
            Change::NotLookedAt => "in the earlier inventory only, and nobody looked there again",
            Change::NotReadable => "read before, and not readable now",
        }
    }

    const ALL: [Change; 7] = [
        Change::PublishedSince,
        Change::AppearedOld,
        Change::Reprotected,
        Change::Unprotected,
        Change::Gone,
        Change::NotLookedAt,
        Change::NotReadable,
    ];
}

pub(crate) fn run(args: &DiffArgs) -> Result<Outcome> {
    if args.old.len() != args.new.len() {
        return Err(Failure::message("each --old needs a --new"));
    }
    let estate = authority_file::load(args.estate.as_deref())?;
    let mut report = DiffReport {
        estate: &estate,
        format: args.format,
        out: BufWriter::new(io::stdout().lock()),
        counts: BTreeMap::new(),
    };
    let first = (&args.before, &args.after);
    for (before, after) in std::iter::once(first).chain(args.old.iter().zip(&args.new)) {
        let pair = Pair { before: Inventory::open(before)?, after: Inventory::open(after)? };
        pair.compare(&mut report)?;
    }
    let alarm = report.counts.get(&Change::PublishedSince).copied().unwrap_or_default();
    if args.format == DiffFormat::Text {
        report
            .totals(&judged_with(args.estate.as_deref(), &estate))
            .map_err(|error| Failure::writing(&error))?;
    }
    report.out.flush().map_err(|error| Failure::writing(&error))?;
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

struct DiffReport<'a> {
    estate: &'a Estate,
    format: DiffFormat,
    out: BufWriter<io::StdoutLock<'static>>,
    counts: BTreeMap<Change, u64>,
}

impl DiffReport<'_> {
    /// Reports the changes of all findings of one file.
    fn file(
        &mut self,
        was: Option<&FileFindings>,
        is: Option<&FileFindings>,
        fate: Option<Change>,
        since: i64,
    ) -> Result<()> {
        if let (Some(was), Some(change)) = (was, fate) {
            for facts in was.findings.iter().filter(|facts| facts.protection != Protection::None) {
                self.tell(change, was, facts, None)?;
            }
            return Ok(());
        }
        let Some(is) = is else { return Ok(()) };
        let before = was.map(members).unwrap_or_default();
        for facts in &is.findings {
            let before = before.get(&facts.member.as_deref()).copied();
            if let Some(change) = self.change(before, facts, is, since) {
                self.tell(change, is, facts, before.and_then(Facts::slc_key))?;
            }
        }
        // A member that is no longer listed was removed, or is not protected any more.
        let Some(was) = was else { return Ok(()) };
        let after = members(is);
        let all_read = is.findings.iter().all(|facts| facts.searched == Searched::Full);
        for facts in was.findings.iter().filter(|facts| facts.protection == Protection::Rms) {
            if all_read && !after.contains_key(&facts.member.as_deref()) {
                self.tell(Change::Unprotected, is, facts, facts.slc_key())?;
            }
        }
        Ok(())
    }

    fn change(
        &self,
        before: Option<&Facts>,
        facts: &Facts,
        is: &FileFindings,
        since: i64,
    ) -> Option<Change> {
        if let Some(before) = before {
            let is_same = before.slc_key() == facts.slc_key()
                && before.error_code == facts.error_code
                && before.protection == facts.protection
                && content(before) == content(facts)
                && issued(before) == issued(facts);
            if is_same {
                return None;
            }
            if before.error_code.is_none() && facts.error_code.is_some() {
                return Some(Change::NotReadable);
            }
        }
        let needs = |facts: &Facts| {
            let verdict = judge_dated(facts, is.envelope.modified, self.estate);
            let is_undecided = verdict.dependency() == Dependency::Undecided;
            verdict.need() != Need::No && !(is_undecided && facts.slc_key().is_none())
        };
        if needs(facts) {
            let is_published = issued(facts).is_none_or(|issued| issued > since);
            return Some(if is_published { Change::PublishedSince } else { Change::AppearedOld });
        }
        match before {
            Some(before) if before.protection == Protection::Rms => match facts.protection {
                Protection::Rms if before.slc_key() != facts.slc_key() => Some(Change::Reprotected),
                Protection::None => Some(Change::Unprotected),
                _ => None,
            },
            _ => None,
        }
    }

    fn tell(
        &mut self,
        change: Change,
        file: &FileFindings,
        facts: &Facts,
        key: Option<&str>,
    ) -> Result<()> {
        *self.counts.entry(change).or_default() += 1;
        let verdict = judge_dated(facts, file.envelope.modified, self.estate);
        let record = Record { envelope: &file.envelope, facts, verdict: &verdict };
        self.line(change, &record, key).map_err(|error| Failure::writing(&error))
    }

    fn line(&mut self, change: Change, record: &Record<'_>, key: Option<&str>) -> io::Result<()> {
        let facts = record.facts;
        if self.format == DiffFormat::Ndjson {
            let before = serde_json::Value::from(key);
            write!(self.out, "{{\"change\":\"{}\",\"before\":{before},", change.name())?;
            let mut line = Vec::new();
            record.write_ndjson(&mut line)?;
            return self.out.write_all(line.get(1..).unwrap_or_default());
        }
        let keys = match (key, facts.slc_key()) {
            (Some(old), Some(new)) if old != new => {
                format!("{} > {}", short_key(old), short_key(new))
            }
            (_, Some(key)) => short_key(key).to_owned(),
            (Some(old), None) => format!("{} > -", short_key(old)),
            (None, None) => "-".to_owned(),
        };
        write!(
            self.out,
            "{:<22}  {:<8}  {:<19}  {}",
            change.name(),
            record.verdict.need(),
            escaped(&keys),
            escaped(&record.envelope.path)
        )?;
        if let Some(member) = &facts.member {
            write!(self.out, "!/{}", escaped(member))?;
        }
        if change == Change::NotReadable {
            let code = facts.error_code.as_deref().unwrap_or_default();
            write!(self.out, "  ({})", escaped(code))?;
        }
        writeln!(self.out)
    }

    fn totals(&mut self, judged_with: &str) -> io::Result<()> {
        if !self.counts.is_empty() {
            writeln!(self.out)?;
        }
        for change in Change::ALL {
            let count = self.counts.get(&change).copied().unwrap_or_default();
            writeln!(self.out, "{count:>9}  {:<22}  {}", change.name(), change.meaning())?;
        }
        writeln!(self.out, "{}", escaped(judged_with))
    }
}

/// Returns the findings by member. An archive may have any number.
fn members(file: &FileFindings) -> HashMap<Option<&str>, &Facts> {
    file.findings.iter().map(|facts| (facts.member.as_deref(), facts)).collect()
}

fn issued(facts: &Facts) -> Option<i64> {
    facts.license.as_ref()?.issued.map(rmsight::Timestamp::unix)
}

fn content(facts: &Facts) -> Option<&str> {
    facts.license.as_ref()?.content_id.as_deref()
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
