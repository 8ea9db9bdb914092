//! The output of a comparison.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write as _};

use clap::ValueEnum;
use rmsight::{Dependency, Estate, Facts, Need, Protection, Record, Searched, judge_dated};

use super::change::Change;
use super::rows::FileFindings;
use crate::exit::{Failure, Result};
use crate::output::line::short_key;
use crate::output::output_file::OutputFile;
use crate::output::terminal::escaped;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffFormat {
    /// A line for each change, then totals
    Text,
    /// One JSON object a line: `change`, `before`, and the record
    Ndjson,
}

/// Writes changes and counts them.
pub(super) struct DiffReport<'a> {
    pub(super) estate: &'a Estate,
    pub(super) format: DiffFormat,
    pub(super) out: OutputFile,
    pub(super) counts: BTreeMap<Change, u64>,
}

impl DiffReport<'_> {
    /// Reports the changes of all findings of one file.
    pub(super) fn file(
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
        let record = Record::new(&file.envelope, facts, &verdict);
        self.line(change, &record, key).map_err(|error| Failure::writing(&error))
    }

    fn line(&mut self, change: Change, record: &Record<'_>, key: Option<&str>) -> io::Result<()> {
        let facts = &*record.facts;
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

    pub(super) fn totals(&mut self, judged_with: &str) -> io::Result<()> {
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
