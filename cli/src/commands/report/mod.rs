//! `rmsight report`: one page about whether each authority that goes away is needed, by which files,
//! and what is undecided.

mod aggregate;
mod args;
mod authority;
mod collect;
mod folder_tree;
mod groups;
mod host_use;
mod html;
mod json;
mod list;
mod page;
mod read_only;
mod ruled;
mod shown_command;
mod text;
mod todo;
mod trend;
mod wording;

use std::io::{BufWriter, Write};

pub(crate) use args::ReportArgs;
use args::{ENDINGS, ReportFormat};
use page::ReportPage;

use crate::authority_file;
use crate::exit::{Failure, Outcome, Result, say, warn};
use crate::output::atomic_file::AtomicFile;
use crate::output::ending::format_of;
use crate::output::stdout::Stdout;

/// Number of findings that the text report lists.
const TEXT_ROWS: usize = 20;

pub(crate) fn run(args: &ReportArgs) -> Result<Outcome> {
    let estate = authority_file::load(args.estate.as_deref())?;
    let output = args.output.as_deref();
    let given = args.json.then_some(ReportFormat::Json).or(args.format);
    let form = format_of(output, given, ENDINGS, ReportFormat::Text)?;
    if form != ReportFormat::Html && !args.filter.filter(&estate)?.is_empty() {
        return Err(Failure::message(
            "only the HTML report lists findings to select from: use --format html, or rmsight export",
        ));
    }
    let rows = match form {
        ReportFormat::Text => TEXT_ROWS,
        ReportFormat::Html => args.rows,
        ReportFormat::Json => 0,
    };
    let page = collect::page(args, &estate, rows)?;
    for line in page.decisions().iter().filter(|line| line.idle.is_some()) {
        let why = line.idle.as_deref().unwrap_or_default();
        warn(format_args!("decision about {} below {}: {why}", line.code, line.path));
    }
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
    Ok(Outcome::of(page.is_complete()))
}

fn write(page: &ReportPage, form: ReportFormat, mut out: impl Write) -> Result<()> {
    match form {
        ReportFormat::Text => text::write(page, &mut out),
        ReportFormat::Html => html::write(page, &mut out),
        ReportFormat::Json => json::write(page, &mut out),
    }
    .and_then(|()| out.flush())
    .map_err(|error| Failure::writing(&error))
}
