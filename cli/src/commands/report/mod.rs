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

use std::cell::Cell;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rmsight::Estate;

use crate::args::{ESTATE_VARIABLE, INVENTORY_VARIABLE, RedactArgs};
use crate::authority_file::{self, judged_with};
use crate::exit::{Failure, Outcome, Result, say};
use crate::filter::{FilterArgs, KnownValues, shown_words};
use crate::inventory::gaps;
use crate::inventory::query::{Inventories, Judged};
use crate::inventory::scope::{Scope, now};
use crate::output::atomic_file::AtomicFile;
use crate::output::ending::{Endings, format_of};
use crate::output::stdout::Stdout;
use crate::output::terms::NeedTerms;
use aggregate::Aggregate;
use authority::AuthorityAnswers;
use list::FindingList;
use page::ReportPage;

/// Can the cluster or tenant be given up? One page with the answer, and what to do next.
///
/// Verdicts are made anew, with what is known now. Ends with 1 if something was not read or decided.
/// The options that select findings are for the list of the HTML page: the answer is about all
/// findings.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight report estate.db --estate estate.toml
  rmsight report fs1.db fs2.db --estate estate.toml -o report.html")]
pub(crate) struct ReportArgs {
    /// Inventories, read as if they were one
    #[arg(value_name = "INVENTORY", required = true, env = INVENTORY_VARIABLE, hide_env_values = true)]
    inventories: Vec<PathBuf>,

    /// What the operator knows of keys: an estate file
    #[arg(long, value_name = "FILE", env = ESTATE_VARIABLE, hide_env_values = true)]
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

    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For a terminal
    Text,
    /// One file that a browser shows; it loads nothing from elsewhere
    Html,
}

const ENDINGS: Endings<ReportFormat> =
    &[(ReportFormat::Text, &["txt"]), (ReportFormat::Html, &["html", "htm"])];

fn page(args: &ReportArgs, estate: &Estate, is_listed: bool) -> Result<ReportPage> {
    let redactor = args.redact.redactor()?;
    let inventories = Inventories::open(&args.inventories)?;
    let filter = args.filter.filter(estate)?.with_names(inventories.translation()?);
    let inventories = inventories.redacted(redactor.clone());
    let mut known = KnownValues::new(&filter);
    known.add_inventories(&inventories)?;
    known.check()?;
    let mut scopes = Scope::of(&inventories)?;
    if let Some(redactor) = &redactor {
        scopes.iter_mut().for_each(|scope| scope.redact(redactor));
    }
    let roots = scopes.iter().flat_map(|scope| &scope.roots);
    let roots = roots.filter(|root| root.kind == "path").map(|root| root.path.clone()).collect();
    let is_redacted = redactor.is_some();
    let list =
        FindingList::new(if is_listed { args.rows } else { 0 }, shown_words(&filter, is_redacted));
    let mut answers = AuthorityAnswers::new(estate);
    let mut aggregate = Aggregate::new(estate, roots, inventories.translation()?, list);
    // The selection is made before names are redacted. The answer counts all findings.
    let is_selected = Cell::new(true);
    let mark = |judged: &Judged| {
        is_selected.set(filter.takes(judged));
        true
    };
    inventories.judged_where(estate, mark, |judged| {
        aggregate.list.is_selected = is_selected.get();
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
    let output = args.output.as_deref();
    let form = format_of(output, args.format, ENDINGS, ReportFormat::Text)?;
    if form == ReportFormat::Text && !args.filter.filter(&estate)?.is_empty() {
        return Err(Failure::message(
            "the text report lists no findings to select from: use --format html, or rmsight export",
        ));
    }
    let page = page(args, &estate, form == ReportFormat::Html)?;
    match &args.output {
        Some(output) => {
            let (atomic, file) = AtomicFile::create(output)?;
            write(&page, form, BufWriter::new(file))?;
            atomic.keep()?;
            say(wording::verdict(&page).1);
            say(format_args!("Written to {}.", output.display()));
        }
        None => write(&page, form, BufWriter::new(Stdout::lock()))?,
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
