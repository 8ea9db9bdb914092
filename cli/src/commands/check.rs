//! `rmsight check`: whether a cluster is still needed, as an exit code.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use rmsight::{AuthorityKind, Dependency, Estate, KeyLink, KeyMatch, KeyStatus, Need, Signature};

use crate::authority_file::{self, judged_with, known_authority};
use crate::exit::{Failure, Outcome, Result, warn};
use crate::inventory::gap_name;
use crate::inventory::gaps::{self, Doubts, Gap};
use crate::inventory::query::{Inventories, Judged};
use crate::inventory::scope::{Scope, left_out};
use crate::output::format::counted;
use crate::output::terminal::escaped;

/// Check whether scanned files still need this authority (for scripts)
///
/// Ends with 0 only if no finding needs or may need it and the scans have no gap; else with 1. A
/// finding that may need an AD RMS cluster counts for every authority. Only a verified license whose
/// key the estate file declares for another authority does not count. Of an authority of any kind, a
/// key of it that is in use counts too. A key that was imported into Azure counts for every Azure
/// authority, because the estate file does not say which one has the tenant.
///
/// Gaps are named. --accept NAME accepts one: a scan that did not end (unfinished), a root without a
/// file (empty-root), files left out by --exclude or --include (excluded, filtered), links and mount
/// points to other folders (not-followed), an unchecked signature of a license that does not seem to
/// need the authority (unverified), rows of an older rmsight (older-reader), a scan beyond --max-age
/// (too-old), an inventory without a scan (not-scanned), and each error code of what was not read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight check estate.db --estate estate.toml --authority 'Contoso AD RMS' --max-age 30d
  rmsight check estate.db --estate estate.toml --authority HQ --accept encrypted-member
  rmsight check estate.db --estate estate.toml --authority HQ --accept excluded")]
pub(crate) struct CheckArgs {
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

    /// Do not count a gap of this name, or what was not read for this error code; may be repeated
    ///
    /// It never excuses a finding whose key is known. CODES.md lists the names.
    #[arg(long, value_name = "NAME", value_parser = gap_name)]
    accept: Vec<String>,
}

/// Parses `30d`, `12h` or `4w`. Returns seconds.
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
struct CheckCounts {
    yes: u64,
    possible: u64,
    /// Findings that do not need an AD RMS cluster, but a key of the authority.
    in_use: u64,
    /// Findings under a key that was imported into the Azure tenant of an unknown authority.
    imported: u64,
    /// Findings that need another authority, by name.
    yes_elsewhere: BTreeMap<String, u64>,
    findings: u64,
    excused: BTreeMap<String, u64>,
    /// Reasons of possible needs, by rule or error code.
    reasons: BTreeMap<String, u64>,
    doubts: Doubts,
}

impl CheckArgs {
    fn accepts(&self, name: &str) -> bool {
        self.accept.iter().any(|one| one == name)
    }

    fn count(&self, judged: &Judged, estate: &Estate, counts: &mut CheckCounts) {
        let verdict = &judged.verdict;
        counts.findings += 1;
        counts.doubts.add(judged);
        let is_own = verdict.authority() == Some(self.authority.as_str());
        match verdict.need() {
            Need::No if self.is_in_use(judged, estate) => counts.in_use += 1,
            Need::No if self.may_hold_imported(judged, estate) => {
                counts.imported += 1;
                counts.add_possible(verdict.rule().to_owned());
            }
            Need::No if !self.may_be_own(judged, estate) => {}
            Need::Yes if is_own => counts.yes += 1,
            Need::Yes => match (verdict.authority(), proof(judged)) {
                (Some(other), Proof::Proven | Proof::NotChecked) => {
                    *counts.yes_elsewhere.entry(other.to_owned()).or_default() += 1;
                    counts.doubts.add_excused(judged);
                }
                (other, _) => {
                    let other = other.unwrap_or("another authority");
                    let rule = verdict.rule();
                    counts.add_possible(format!("{rule}, key of {other}, but not proven"));
                }
            },
            _ => {
                let code = judged.facts.error_code.as_deref();
                let is_undecided = verdict.dependency() == Dependency::Undecided
                    && judged.facts.slc_key().is_none()
                    && judged.facts.slc_id().is_none();
                let clear_unlisted = code.filter(|code| self.accepts(code));
                match clear_unlisted.filter(|_| is_undecided) {
                    Some(code) => *counts.excused.entry(code.to_owned()).or_default() += 1,
                    None => counts.add_possible(code.unwrap_or(verdict.rule()).to_owned()),
                }
            }
        }
    }

    /// Returns whether a finding that does not need an AD RMS cluster of the operator needs the
    /// authority, because one of its keys opens it. The origin of a key that was imported into
    /// Azure does not need it any more, and a lost key opens nothing.
    fn is_in_use(&self, judged: &Judged, estate: &Estate) -> bool {
        let verdict = &judged.verdict;
        if verdict.authority() != Some(self.authority.as_str()) {
            return false;
        }
        match verdict.dependency() {
            Dependency::None | Dependency::AdRmsKeyInAzure => false,
            Dependency::AdRms => {
                let key = judged.facts.slc_key();
                let keys = estate.authorities().iter().flat_map(|authority| &authority.keys);
                let mut own = keys.filter(|one| key.is_some() && one.key.as_deref() == key);
                !own.any(|one| one.status == KeyStatus::Lost)
            }
            _ => true,
        }
    }

    /// Returns whether a finding of Azure with a key that the estate does not contain may be under
    /// a key of this Azure authority.
    fn may_be_own(&self, judged: &Judged, estate: &Estate) -> bool {
        judged.verdict.dependency() == Dependency::AzureRms
            && judged.verdict.key_match() != KeyMatch::Key
            && self.is_azure(estate)
    }

    /// Returns whether a finding is under a key that was imported into a tenant, which may be the
    /// tenant of this Azure authority: the estate does not contain which authority has the tenant.
    fn may_hold_imported(&self, judged: &Judged, estate: &Estate) -> bool {
        judged.verdict.dependency() == Dependency::AdRmsKeyInAzure && self.is_azure(estate)
    }

    fn is_azure(&self, estate: &Estate) -> bool {
        let mut authorities = estate.authorities().iter();
        let own = authorities.find(|authority| authority.name == self.authority);
        own.is_some_and(|authority| authority.kind == AuthorityKind::AzureRms)
    }
}

impl CheckCounts {
    fn add_possible(&mut self, reason: String) {
        self.possible += 1;
        *self.reasons.entry(reason).or_default() += 1;
    }
}

/// How far a license proves that its key is the declared one.
enum Proof {
    Proven,
    /// The signature was not checked; there is no other doubt.
    NotChecked,
    Missing,
}

/// Modifiers that turn a `no` into `possible` for a key that the estate has: the signature does not
/// hold (M16), the license is ambiguous (M28), or the estate has its id under another key (M21).
const DOUBTS: [&str; 3] = ["M16", "M21", "M28"];

fn proof(judged: &Judged) -> Proof {
    let verdict = &judged.verdict;
    let is_doubtful = verdict.modifiers().any(|modifier| DOUBTS.contains(&modifier.id()));
    let Some(license) = &judged.facts.license else { return Proof::Missing };
    if is_doubtful || verdict.key_match() != KeyMatch::Key {
        return Proof::Missing;
    }
    match (license.signature, license.link) {
        (Signature::Valid | Signature::Reflowed, KeyLink::Linked | KeyLink::Own) => Proof::Proven,
        (Signature::NotChecked, _) => Proof::NotChecked,
        _ => Proof::Missing,
    }
}

pub(crate) fn run(args: &CheckArgs) -> Result<Outcome> {
    let estate = authority_file::load(Some(&args.estate))?;
    known_authority(&args.authority, &estate)?;
    let inventories = Inventories::open(&args.inventories)?;
    let scopes = Scope::of(&inventories)?;
    let mut counts = CheckCounts::default();
    inventories.judged(&estate, |judged| {
        args.count(judged, &estate, &mut counts);
        Ok(())
    })?;
    let mut all = gaps::of(&scopes, args.max_age);
    all.extend(counts.doubts.gaps());
    let (excused, gaps): (Vec<&Gap>, Vec<&Gap>) =
        all.iter().partition(|gap| args.accepts(&gap.name));
    for name in &args.accept {
        let is_used =
            counts.excused.contains_key(name) || excused.iter().any(|gap| gap.name == *name);
        if !is_used {
            warn(format_args!("--accept {name}: nothing was excused by it"));
        }
    }
    let is_free = counts.yes == 0 && counts.possible == 0 && counts.in_use == 0 && gaps.is_empty();
    let mut out = io::stdout().lock();
    let written = (|| {
        let name = escaped(&args.authority);
        let answer = if is_free { "not needed" } else { "not shown to be free" };
        writeln!(out, "{name}: {answer}, in what was scanned")?;
        writeln!(out, "  yes       {:>9}", counts.yes)?;
        writeln!(out, "  possible  {:>9}", counts.possible)?;
        for (reason, count) in &counts.reasons {
            writeln!(out, "            {count:>9}  {}", escaped(reason))?;
        }
        if counts.in_use > 0 {
            let one = counts.in_use == 1;
            let words = if one { "finding needs" } else { "findings need" };
            writeln!(out, "  in use    {:>9}  {words} a key of this authority", counts.in_use)?;
        }
        writeln!(out, "  findings  {:>9}", counts.findings)?;
        for gap in &gaps {
            writeln!(out, "  gap       {:<14}  {}", gap.name, escaped(&gap.text))?;
        }
        for (code, count) in &counts.excused {
            writeln!(out, "  excused   {count:>9}  {} (--accept)", escaped(code))?;
        }
        for gap in &excused {
            writeln!(out, "  excused   {:<14}  {} (--accept)", gap.name, escaped(&gap.text))?;
        }
        if counts.imported > 0 {
            let findings = counted(counts.imported, "finding");
            let verb = if counts.imported == 1 { "is" } else { "are" };
            writeln!(
                out,
                "  {findings} {verb} under a key that was imported into Azure: the estate file \
                 does not say which Azure authority has it, so each may need it"
            )?;
        }
        for (other, count) in &counts.yes_elsewhere {
            let findings = counted(*count, "finding");
            let verb = if *count == 1 { "needs" } else { "need" };
            let other = escaped(other);
            writeln!(out, "  {findings} {verb} another authority: {other}")?;
        }
        for scope in &scopes {
            for text in scope.scans.iter().flat_map(left_out) {
                writeln!(out, "  left out  {}", escaped(&text))?;
            }
        }
        writeln!(out, "{}", escaped(&judged_with(Some(&args.estate), &estate)))?;
        out.flush()
    })();
    match written.map_err(|error: io::Error| Failure::writing(&error)) {
        // The exit code is the answer, even if the text was not read completely.
        Ok(()) | Err(Failure::BrokenPipe) => Ok(Outcome::of(is_free)),
        Err(failure) => Err(failure),
    }
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
