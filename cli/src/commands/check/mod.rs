//! `rmsight check`: whether an authority is still needed, as an exit code.

mod answer;
mod counts;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use rmsight::{Authority, Estate};

use crate::args::{ESTATE_VARIABLE, FormatArg, INVENTORY_VARIABLE};
use crate::authority_file::{self, judged_with, known_authority};
use crate::authority_use::{AuthorityTest, retiring};
use crate::exit::{Failure, Outcome, Result, warn};
use crate::inventory::gap_name;
use crate::inventory::gaps::{self, Gap};
use crate::inventory::query::Inventories;
use crate::inventory::scope::{Scope, left_out};
use crate::output::ending::{Endings, format_of};
use crate::output::output_file::OutputFile;
use crate::output::terminal::escaped;
use answer::CheckAnswer;
use counts::CheckCounts;

/// Check whether scanned files still need an authority (for scripts)
///
/// Checks the named authority, or else each authority of the estate file that is retiring or may be
/// (`retiring = "?"`). Ends with 0 only if no finding needs or may need one of them and the scans
/// have no gap; else with 1. A finding that nothing assigns to an authority counts for every one. A
/// finding whose license is verified, and whose key the estate file declares for another authority,
/// does not count. A key of a named authority counts as long as the authority opens files with it,
/// whether the authority is retiring or not. An imported key counts for the Azure authority that has
/// its tenant, or for each Azure authority without `tenant` if the estate file does not name one.
///
/// Gaps are named. --accept NAME accepts one: a scan that did not end (unfinished), a root without a
/// file (empty-root), files left out by --exclude or --include (excluded, filtered), links and mount
/// points to other folders (not-followed), an unchecked signature of a license that does not seem to
/// need the authority (unverified), rows of an older rmsight (older-reader), a scan beyond --max-age
/// (too-old), an inventory without a scan (not-scanned), and each error code of what was not read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight check estate.db --estate estate.toml --max-age 30d
  rmsight check estate.db --estate estate.toml --authority 'Contoso AD RMS'
  rmsight check estate.db --estate estate.toml --authority HQ --accept encrypted-member
  rmsight check estate.db --estate estate.toml --authority HQ --accept excluded")]
pub(crate) struct CheckArgs {
    /// Inventories, read as if they were one
    #[arg(value_name = "INVENTORY", required = true, env = INVENTORY_VARIABLE, hide_env_values = true)]
    inventories: Vec<PathBuf>,

    /// What the operator knows of keys: an estate file
    #[arg(long, value_name = "FILE", env = ESTATE_VARIABLE, hide_env_values = true)]
    estate: PathBuf,

    /// The authority, by its name in the estate file [default: all that are retiring]
    #[arg(long, value_name = "NAME")]
    authority: Option<String>,

    /// How old the scan of a root may be: 30d, 12h, 4w
    #[arg(long, value_name = "AGE", value_parser = age)]
    max_age: Option<i64>,

    /// Do not count a gap of this name, or what was not read for this error code; may be repeated
    ///
    /// It never excuses a finding whose key is known. CODES.md lists the names.
    #[arg(long, value_name = "NAME", value_parser = gap_name)]
    accept: Vec<String>,

    /// Where to write the answer to [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The answer is text.
const ENDINGS: Endings<FormatArg> = &[(FormatArg::Text, &["txt", "log"])];

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

impl CheckArgs {
    fn accepts(&self, name: &str) -> bool {
        self.accept.iter().any(|one| one == name)
    }

    /// Returns the authorities to check: the named one, or else all that go away or may go away.
    fn authorities<'e>(&self, estate: &'e Estate) -> Result<Vec<&'e Authority>> {
        let Some(name) = &self.authority else {
            let all: Vec<&Authority> = retiring(estate).collect();
            return match all.is_empty() {
                false => Ok(all),
                true => Err(Failure::message(format_args!(
                    "{}: no authority is retiring: set `retiring = true` for the one that goes \
                     away, or name one with --authority",
                    self.estate.display()
                ))),
            };
        };
        known_authority(name, estate)?;
        Ok(estate.authorities().iter().filter(|authority| authority.name == *name).collect())
    }

    /// Warns about each accepted name that excuses nothing.
    fn warn_unused(&self, all: &[(Vec<Gap>, CheckCounts)]) {
        for name in &self.accept {
            let is_used = all.iter().any(|(gaps, counts)| {
                counts.excused.contains_key(name) || gaps.iter().any(|gap| gap.name == *name)
            });
            if !is_used {
                warn(format_args!("--accept {name}: nothing was excused by it"));
            }
        }
    }
}

pub(crate) fn run(args: &CheckArgs) -> Result<Outcome> {
    let output = args.output.as_deref();
    format_of(output, Some(FormatArg::Text), ENDINGS, FormatArg::Text)?;
    let estate = authority_file::load(Some(&args.estate))?;
    let authorities = args.authorities(&estate)?;
    let inventories = Inventories::open(&args.inventories)?;
    let scopes = Scope::of(&inventories)?;
    let mut tests: Vec<(AuthorityTest<'_>, CheckCounts)> = authorities
        .into_iter()
        .map(|authority| (AuthorityTest::new(authority, &estate), CheckCounts::default()))
        .collect();
    inventories.judged(&estate, |judged| {
        for (test, counts) in &mut tests {
            counts.add(test, judged, |code| args.accepts(code));
        }
        Ok(())
    })?;
    let of_scans = gaps::of(&scopes, args.max_age);
    let (names, results): (Vec<&str>, Vec<(Vec<Gap>, CheckCounts)>) = tests
        .into_iter()
        .map(|(test, counts)| {
            let all = of_scans.iter().cloned().chain(counts.doubts.gaps()).collect();
            (test.authority().name.as_str(), (all, counts))
        })
        .unzip();
    args.warn_unused(&results);
    let answers = names.iter().zip(&results).map(|(authority, (gaps, counts))| {
        let (excused, gaps) = gaps.iter().partition(|gap| args.accepts(&gap.name));
        CheckAnswer { authority, counts, gaps, excused }
    });
    let answers: Vec<CheckAnswer<'_>> = answers.collect();
    let is_free = answers.iter().all(CheckAnswer::is_free);
    let mut out = OutputFile::open(output)?;
    let written = (|| {
        answers.iter().try_for_each(|answer| answer.write(&mut out))?;
        for text in scopes.iter().flat_map(|scope| &scope.scans).flat_map(left_out) {
            writeln!(out, "  left out  {}", escaped(&text))?;
        }
        writeln!(out, "{}", escaped(&judged_with(Some(&args.estate), &estate)))?;
        out.flush()
    })();
    written.map_err(|error: io::Error| Failure::writing(&error))?;
    out.finish()?;
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
