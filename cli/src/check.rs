//! `rmsight check`: can this cluster be switched off, as an exit code.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use rmsight::{Dependency, KeyMatch, Need, Timestamp};

use crate::exit::{Failure, Outcome, Result, warn};
use crate::export::known_authority;
use crate::scope::{Scope, left_out, now};
use crate::stored::{Inventories, Judged, judged_with};
use crate::terminal::escaped;
use crate::words::counted;

/// Ask for a script: does anything in what was scanned still need this authority?
///
/// Ends with 0 only if nothing does and nothing may, every root was scanned to its end, and that is
/// not too long ago; else with 1. What may need it counts, whoever it seems to belong to, unless the
/// key itself is another authority's.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight check estate.db --estate estate.toml --authority 'Contoso AD RMS' --max-age 30d
  rmsight check estate.db --estate estate.toml --authority HQ --accept encrypted-member")]
pub(crate) struct Check {
    /// Inventories, read as if they were one
    #[arg(value_name = "INVENTORY", required = true)]
    inventories: Vec<PathBuf>,

    /// What the operator knows of keys: an estate file
    #[arg(long, value_name = "FILE")]
    estate: PathBuf,

    /// The authority, by its name in the estate file
    #[arg(long, value_name = "NAME")]
    authority: String,

    /// How old the scan of a root may be: 30d, 12h, 4w
    #[arg(long, value_name = "AGE", value_parser = age)]
    max_age: Option<i64>,

    /// Do not count what was not read for this reason (an error code); may be repeated
    ///
    /// It never excuses a finding whose key is known.
    #[arg(long, value_name = "CODE")]
    accept: Vec<String>,
}

/// Seconds of `30d`, `12h`, `4w`.
fn age(text: &str) -> std::result::Result<i64, String> {
    let wrong = || "it is a number and m, h, d or w: 30d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: u32 = text.strip_suffix(unit).unwrap_or_default().parse().map_err(|_| wrong())?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(wrong()),
    };
    Ok(i64::from(number) * seconds)
}

#[derive(Debug, Default)]
struct Counts {
    yes: u64,
    possible: u64,
    /// Keys of other authorities, which keep other clusters needed.
    yes_elsewhere: u64,
    findings: u64,
    excused: BTreeMap<String, u64>,
    /// Why something is possible, by rule or error code.
    reasons: BTreeMap<String, u64>,
}

impl Check {
    fn count(&self, judged: &Judged, counts: &mut Counts) {
        let verdict = &judged.verdict;
        counts.findings += 1;
        let is_own = verdict.authority() == Some(self.authority.as_str());
        let is_elsewhere = !is_own && verdict.key_match() == KeyMatch::Key;
        match verdict.need() {
            Need::No => {}
            Need::Yes if is_own => counts.yes += 1,
            Need::Yes => counts.yes_elsewhere += 1,
            _ if is_elsewhere => {}
            _ => {
                let code = judged.facts.error_code.as_deref();
                let is_undecided = verdict.dependency() == Dependency::Undecided
                    && judged.facts.slc_key().is_none()
                    && judged.facts.slc_id().is_none();
                let excuse = code.filter(|code| self.accept.iter().any(|one| one == code));
                match excuse.filter(|_| is_undecided) {
                    Some(code) => *counts.excused.entry(code.to_owned()).or_default() += 1,
                    None => {
                        counts.possible += 1;
                        let reason = code.unwrap_or(verdict.rule()).to_owned();
                        *counts.reasons.entry(reason).or_default() += 1;
                    }
                }
            }
        }
    }

    /// Why the scans do not carry an answer, and what of that was excused.
    fn gaps(&self, scopes: &[Scope], now: Timestamp) -> (Vec<String>, Vec<String>) {
        let (mut gaps, mut excused) = (Vec::new(), Vec::new());
        for scope in scopes {
            if scope.scans.is_empty() || scope.roots.is_empty() {
                gaps.push(format!("{}: nothing was scanned into it", scope.inventory));
            }
            for scan in scope.scans.iter().filter(|scan| scan.outcome != "finished") {
                let started = scan.started;
                gaps.push(format!(
                    "{}: the scan of {started} did not come to its end ({})",
                    scope.inventory, scan.outcome
                ));
            }
            for root in &scope.roots {
                let path = &root.path;
                if let Some(gap) = self.incomplete(root, scope) {
                    match gap {
                        Ok(text) => excused.push(format!("{path}: {text}")),
                        Err(text) => gaps.push(format!("{path}: {text}")),
                    }
                }
                let finished = root.finished.unwrap_or(root.started);
                let age = now.unix().saturating_sub(finished.unix());
                if self.max_age.is_some_and(|max| age > max) {
                    let days = age / 86_400;
                    gaps.push(format!("{path}: scanned {finished}, {days} days ago"));
                }
            }
        }
        (gaps, excused)
    }

    /// What is missing of a root, as an excuse or as a gap.
    fn incomplete(
        &self,
        root: &crate::inventory::RootRow,
        scope: &Scope,
    ) -> Option<std::result::Result<String, String>> {
        if root.is_complete && root.finished.is_some() {
            return None;
        }
        let codes = scope.unlisted.get(&root.root).map(Vec::as_slice).unwrap_or_default();
        if root.finished.is_none() {
            return Some(Err("it was not scanned to its end".to_owned()));
        }
        if let Some(error) = &root.error {
            return Some(Err(format!("it was not scanned whole: {error}")));
        }
        let text = format!("folders in it could not be listed ({})", codes.join(", "));
        let is_excused =
            !codes.is_empty() && codes.iter().all(|code| self.accept.iter().any(|one| one == code));
        Some(if is_excused { Ok(text) } else { Err(text) })
    }
}

pub(crate) fn run(args: &Check) -> Result<Outcome> {
    let estate = crate::estate::load(Some(&args.estate))?;
    known_authority(&args.authority, &estate)?;
    let inventories = Inventories::open(&args.inventories)?;
    let scopes = Scope::of(&inventories)?;
    let mut counts = Counts::default();
    inventories.judged(&estate, |judged| {
        args.count(judged, &mut counts);
        Ok(())
    })?;
    let (gaps, excused) = args.gaps(&scopes, now());
    for code in &args.accept {
        let is_used = counts.excused.contains_key(code)
            || scopes.iter().any(|scope| scope.unlisted.values().flatten().any(|one| one == code));
        if !is_used {
            warn(format_args!("--accept {code}: nothing was excused by it"));
        }
    }
    let is_free = counts.yes == 0 && counts.possible == 0 && gaps.is_empty();
    let mut out = io::stdout().lock();
    (|| {
        let name = escaped(&args.authority);
        let answer = if is_free { "not needed" } else { "not shown to be free" };
        writeln!(out, "{name}: {answer}, in what was scanned")?;
        writeln!(out, "  yes       {:>9}", counts.yes)?;
        writeln!(out, "  possible  {:>9}", counts.possible)?;
        for (reason, count) in &counts.reasons {
            writeln!(out, "            {count:>9}  {}", escaped(reason))?;
        }
        writeln!(out, "  findings  {:>9}", counts.findings)?;
        for gap in &gaps {
            writeln!(out, "  gap       {}", escaped(gap))?;
        }
        for (code, count) in &counts.excused {
            writeln!(out, "  excused   {count:>9}  {} (--accept)", escaped(code))?;
        }
        for text in &excused {
            writeln!(out, "  excused   {} (--accept)", escaped(text))?;
        }
        if counts.yes_elsewhere > 0 {
            let findings = counted(counts.yes_elsewhere, "finding");
            writeln!(out, "  {findings} need another authority, which was not asked for")?;
        }
        for scope in &scopes {
            for text in scope.scans.iter().flat_map(left_out) {
                writeln!(out, "  left out  {}", escaped(&text))?;
            }
        }
        writeln!(out, "{}", escaped(&judged_with(Some(&args.estate), &estate)))?;
        out.flush()
    })()
    .map_err(|error| Failure::writing(&error))?;
    Ok(Outcome::of(is_free))
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn ages_have_units() {
        assert_eq!(age("30d"), Ok(2_592_000));
        assert_eq!(age("12h"), Ok(43_200));
        for wrong in ["", "d", "30", "-1d", "1y", "1é"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }
}
