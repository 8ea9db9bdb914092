//! `rmsight report`: one page about whether each authority that goes away is needed, by which files,
//! and what is undecided.

mod aggregate;
mod authority;
mod blind;
mod chart;
mod html;
mod list;
mod page;
mod parts;
mod text;
mod todo;
mod wording;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rmsight::Estate;

use crate::args::RedactArgs;
use crate::authority_file::{self, judged_with};
use crate::exit::{Failure, Outcome, Result};
use crate::inventory::gaps;
use crate::inventory::query::Inventories;
use crate::inventory::scope::{Scope, now};
use crate::output::atomic_file::AtomicFile;
use crate::output::terms::NeedTerms;
use aggregate::Aggregate;
use authority::AuthorityAnswers;
use list::FindingList;
use page::ReportPage;

/// Can the cluster or tenant be given up? One page with the answer, and what to do next.
///
/// Verdicts are made anew, with what is known now. Ends with 1 if something was not read or decided.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight report estate.db --estate estate.toml
  rmsight report fs1.db fs2.db --estate estate.toml -o report.html")]
pub(crate) struct ReportArgs {
    /// Inventories, read as if they were one
    #[arg(value_name = "INVENTORY", required = true)]
    inventories: Vec<PathBuf>,

    /// What the operator knows of keys: an estate file
    #[arg(long, value_name = "FILE")]
    estate: Option<PathBuf>,

    /// Where to write it to [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// How to write it [default: by the ending of --output, else text]
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,

    /// How many findings the page lists
    #[arg(long, value_name = "N", default_value_t = list::SHOWN)]
    rows: usize,

    #[command(flatten)]
    redact: RedactArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For a terminal
    Text,
    /// One file that a browser shows; it loads nothing from elsewhere
    Html,
}

fn page(args: &ReportArgs, estate: &Estate, is_listed: bool) -> Result<ReportPage> {
    let redactor = args.redact.redactor()?;
    let inventories = Inventories::open(&args.inventories)?.redacted(redactor.clone());
    let mut scopes = Scope::of(&inventories)?;
    if let Some(redactor) = &redactor {
        scopes.iter_mut().for_each(|scope| scope.redact(redactor));
    }
    let roots = scopes.iter().flat_map(|scope| &scope.roots);
    let roots = roots.filter(|root| root.kind == "path").map(|root| root.path.clone()).collect();
    let list = FindingList::new(if is_listed { args.rows } else { 0 });
    let mut answers = AuthorityAnswers::new(estate);
    let mut aggregate = Aggregate::new(estate, roots, inventories.translation()?, list);
    inventories.judged(estate, |judged| {
        aggregate.add(judged);
        answers.add(judged);
        Ok(())
    })?;
    let judged_with = judged_with(args.estate.as_deref(), estate);
    let mut gaps = gaps::of(&scopes, None);
    let authorities = answers.end(!gaps.is_empty());
    gaps.extend(aggregate.doubts.gaps());
    Ok(ReportPage {
        aggregate,
        authorities,
        terms: NeedTerms::of(estate),
        questions: estate.open_questions(),
        estate: estate.clone(),
        gaps,
        scopes,
        judged_with,
        made: now(),
    })
}

pub(crate) fn run(args: &ReportArgs) -> Result<Outcome> {
    let estate = authority_file::load(args.estate.as_deref())?;
    let ending = args.output.as_deref().and_then(|output| output.extension());
    let is_html = ending.is_some_and(|ending| ending == "html" || ending == "htm");
    let form = args.format.unwrap_or(if is_html { ReportFormat::Html } else { ReportFormat::Text });
    let page = page(args, &estate, form == ReportFormat::Html)?;
    match &args.output {
        Some(output) => {
            let (atomic, file) = AtomicFile::create(output)?;
            write(&page, form, BufWriter::new(file))?;
            atomic.keep()?;
            eprintln!("{}", wording::verdict(&page).1);
            eprintln!("Written to {}.", output.display());
        }
        None => match write(&page, form, BufWriter::new(io::stdout().lock())) {
            // The exit code is the answer, even if the text was not read completely.
            Ok(()) | Err(Failure::BrokenPipe) => {}
            Err(failure) => return Err(failure),
        },
    }
    Ok(Outcome::of(page.aggregate.stats.is_complete() && page.gaps.is_empty()))
}

fn write(page: &ReportPage, form: ReportFormat, mut out: impl Write) -> Result<()> {
    match form {
        ReportFormat::Text => text::write(page, &mut out),
        ReportFormat::Html => html::write(page, &mut out),
    }
    .and_then(|()| out.flush())
    .map_err(|error| Failure::writing(&error))
}
