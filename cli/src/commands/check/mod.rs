//! `rmsight check`: whether an authority is still needed, as an exit code.

mod answer;
mod counts;
mod json;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rmsight::{Authority, Estate};

use crate::acceptance::{AcceptArgs, Acceptance, Ruling};
use crate::args::{ESTATE_VARIABLE, INVENTORY_VARIABLE};
use crate::authority_file::{self, judged_with, known_authority};
use crate::authority_use::{AuthorityTest, retiring};
use crate::exit::{Failure, Outcome, Result, warn};
use crate::inventory::gaps::{self, Gap};
use crate::inventory::query::Inventories;
use crate::inventory::scope::{Scope, left_out};
use crate::output::ending::{Endings, format_of};
use crate::output::evidence::Evidence;
use crate::output::format::counted;
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
/// The answer names each gap. --accept NAME accepts all gaps of a name, and a decisions file
/// (--decisions) accepts a gap below a path. The names are: unfinished (a scan that did not end),
/// empty-root (a root without a file), excluded and filtered (files that --exclude or --include left
/// out), not-followed (links and mount points to other folders), unverified (an unchecked signature of
/// a license that does not seem to need the authority), older-reader (rows of an older rmsight),
/// too-old (a scan beyond --max-age), not-scanned (an inventory without a scan), and each error code
/// of what was not read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight check estate.db --estate estate.toml --max-age 30d
  rmsight check estate.db --estate estate.toml --authority 'Contoso AD RMS'
  rmsight check estate.db --estate estate.toml --authority HQ --accept encrypted-member
  rmsight check estate.db --estate estate.toml --decisions decisions.toml --json")]
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

    /// Where to write the answer to [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write the answer as JSON; docs/JSON.md describes the fields
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    accept: AcceptArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    Text,
    Json,
}

const ENDINGS: Endings<CheckFormat> =
    &[(CheckFormat::Text, &["txt", "log"]), (CheckFormat::Json, &["json"])];

impl CheckArgs {
    /// Returns the authorities to check: the named one, or else all that go away or may go away.
    fn authorities<'e>(&self, estate: &'e Estate) -> Result<Vec<&'e Authority>> {
        let Some(name) = &self.authority else {
            let all: Vec<&Authority> = retiring(estate).collect();
            return match all.is_empty() {
                false => Ok(all),
                true => Err(Failure::message(format_args!(
                    "{}: no authority is retiring and can open files: set `retiring = true` for the \
                     one that goes away, or name one with --authority",
                    self.estate.display()
                ))),
            };
        };
        known_authority(name, estate)?;
        Ok(estate.authorities().iter().filter(|authority| authority.name == *name).collect())
    }

    /// Returns the options in force, for the evidence.
    fn in_force(&self) -> Vec<(&'static str, String)> {
        let authority = self.authority.iter().map(|name| ("--authority", name.clone()));
        authority.chain(self.accept.in_force()).collect()
    }
}

/// The gaps that count for an authority, and what its findings say.
type CheckResult = (Vec<Gap>, CheckCounts);

/// Warns about each accepted name that excuses nothing, and about decisions that do not count.
fn warn_idle(acceptance: &Acceptance, all: &[CheckResult]) {
    for name in acceptance.options() {
        let is_used = all.iter().any(|(gaps, counts)| {
            let mut excused = counts.excused.keys();
            excused.any(|(code, ruling)| code == name && *ruling == Ruling::Option)
                || gaps.iter().any(|gap| gap.name == *name)
        });
        if !is_used {
            warn(format_args!("--accept {name}: nothing was excused by it"));
        }
    }
    let file = acceptance.decisions.file.as_ref();
    let file = file.map_or_else(String::new, |file| file.display().to_string());
    for (decision, why) in acceptance.idle() {
        let (line, code, path) = (decision.line, &decision.code, &decision.path.text);
        let hint = acceptance.path_hint(decision);
        warn(format_args!("{file}: line {line}: {code} below {path}: {why}{hint}"));
    }
}

pub(crate) fn run(args: &CheckArgs) -> Result<Outcome> {
    let output = args.output.as_deref();
    let form =
        format_of(output, args.json.then_some(CheckFormat::Json), ENDINGS, CheckFormat::Text)?;
    let estate = authority_file::load(Some(&args.estate))?;
    let decisions = args.accept.decisions()?;
    let authorities = args.authorities(&estate)?;
    let inventories = Inventories::open(&args.inventories)?;
    inventories.freeze()?;
    let scopes = Scope::of(&inventories)?;
    let acceptance = args.accept.acceptance(decisions, &inventories, &scopes)?;
    let mut tests: Vec<(AuthorityTest<'_>, CheckCounts)> = authorities
        .into_iter()
        .map(|authority| (AuthorityTest::new(authority, &estate), CheckCounts::default()))
        .collect();
    inventories.judged(&estate, |judged| {
        tests.iter_mut().for_each(|(test, counts)| counts.add(test, judged, &acceptance));
        Ok(())
    })?;
    let of_scans = gaps::of(&scopes, args.accept.max_age, acceptance.as_of);
    let (names, results): (Vec<&str>, Vec<CheckResult>) = tests
        .into_iter()
        .map(|(test, counts)| {
            let all = of_scans.iter().cloned().chain(counts.doubts.gaps()).collect();
            (test.authority().name.as_str(), (all, counts))
        })
        .unzip();
    let answers = names.iter().zip(&results).map(|(authority, (all, counts))| {
        let (mut gaps, mut excused) = (Vec::new(), Vec::new());
        for gap in all {
            match acceptance.gap(gap) {
                Some(ruling) => excused.push((gap, ruling)),
                None => gaps.push(gap),
            }
        }
        CheckAnswer { authority, counts, gaps, excused }
    });
    let answers: Vec<CheckAnswer<'_>> = answers.collect();
    warn_idle(&acceptance, &results);
    let is_free = answers.iter().all(CheckAnswer::is_free);
    let mut out = OutputFile::open(output)?;
    let written = match form {
        CheckFormat::Text => write(args, &estate, &scopes, &answers, &acceptance, &mut out),
        CheckFormat::Json => {
            let estate_file = Some(args.estate.as_path());
            let mut evidence = Evidence::of(&inventories, estate_file, &estate, acceptance.as_of)?;
            evidence.decisions =
                acceptance.decisions.file.clone().zip(acceptance.decisions.digest.clone());
            evidence.add_options(args.in_force());
            let value = json::value(&answers, &acceptance, &evidence);
            writeln!(out, "{value:#}").and_then(|()| out.flush())
        }
    };
    written.map_err(|error: io::Error| Failure::writing(&error))?;
    out.finish()?;
    Ok(Outcome::of(is_free))
}

fn write(
    args: &CheckArgs,
    estate: &Estate,
    scopes: &[Scope],
    answers: &[CheckAnswer<'_>],
    acceptance: &Acceptance,
    out: &mut impl Write,
) -> io::Result<()> {
    answers.iter().try_for_each(|answer| answer.write(acceptance, out))?;
    for text in scopes.iter().flat_map(|scope| &scope.scans).flat_map(left_out) {
        writeln!(out, "  left out  {}", escaped(&text))?;
    }
    let names: Vec<String> =
        args.inventories.iter().map(|file| file.display().to_string()).collect();
    let inventories = names.join(" ");
    if !answers.iter().all(CheckAnswer::is_free) {
        let command = format!("rmsight report {inventories} --estate {}", args.estate.display());
        writeln!(out, "  next      `{}` says what to do", escaped(&command))?;
    }
    let open = estate.open_questions().len();
    if open > 0 {
        let questions = counted(open.try_into().unwrap_or(u64::MAX), "open question");
        let file = args.estate.display().to_string();
        let file = escaped(&file);
        writeln!(
            out,
            "  estate    {questions} in {file}: `rmsight estate check {file} {}` lists them",
            escaped(&inventories)
        )?;
    }
    writeln!(out, "{}", escaped(&judged_with(Some(&args.estate), estate)))?;
    out.flush()
}
