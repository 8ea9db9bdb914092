//! `rmsight report`: one page that says whether the cluster can go, what still needs it, whose it
//! is, and what nobody could tell.

mod chart;
mod html;
mod list;
mod survey;
mod text;
mod words;

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rmsight::{Estate, KeyStatus, Timestamp};

use crate::args::Privacy;
use crate::exit::{Failure, Outcome, Result};
use crate::gaps::{self, Gap};
use crate::scope::{Scope, now};
use crate::stored::{Draft, Inventories, judged_with};
use crate::tally::{Key, Needs};
use list::List;
use survey::{Declared, KeyDates, Survey};

/// Can the cluster be switched off? One page with the answer, and what to do next.
///
/// Verdicts are made anew, with what is known now. Ends with 1 if something was not read or decided.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight report estate.db --estate estate.toml
  rmsight report fs1.db fs2.db --estate estate.toml -o report.html")]
pub(crate) struct Report {
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
    format: Option<Form>,

    /// How many findings the page lists
    #[arg(long, value_name = "N", default_value_t = list::SHOWN)]
    rows: usize,

    #[command(flatten)]
    privacy: Privacy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For a terminal
    Text,
    /// One file that a browser shows; it loads nothing from elsewhere
    Html,
}

/// All that a page shows.
#[derive(Debug)]
pub(crate) struct Page {
    survey: Survey,
    scopes: Vec<Scope>,
    /// Why the scans do not carry a whole answer.
    gaps: Vec<Gap>,
    judged_with: String,
    made: Timestamp,
}

/// One key with all that is known of it.
#[derive(Debug)]
struct KeyLine<'p> {
    name: &'p str,
    needs: Needs,
    declared: Option<&'p Declared>,
    tally: Option<&'p Key>,
    dates: KeyDates,
}

impl KeyLine<'_> {
    /// Nothing that can be done about it: listed apart.
    fn is_apart(&self) -> bool {
        self.declared.is_some_and(|key| matches!(key.status, KeyStatus::Foreign | KeyStatus::Lost))
    }

    fn status(&self) -> Option<KeyStatus> {
        self.declared.map(|key| key.status)
    }

    /// Whose it is, in the words of the estate, else of the files.
    fn who(&self) -> String {
        match (self.declared, self.tally) {
            (Some(declared), _) => declared.authority.clone(),
            (None, Some(key)) => crate::totals::who(key),
            (None, None) => String::new(),
        }
    }

    fn status_text(&self) -> String {
        match self.declared {
            Some(key) => match key.since {
                Some(since) => format!("{} since {}", key.status, words::day(Some(since))),
                None => key.status.to_string(),
            },
            None => "not in the estate".to_owned(),
        }
    }
}

impl Page {
    /// All keys that files name or the estate declares; those that keep a cluster first.
    fn keys(&self) -> Vec<KeyLine<'_>> {
        let survey = &self.survey;
        let names: BTreeSet<&str> =
            survey.tally.keys.keys().chain(survey.declared.keys()).map(String::as_str).collect();
        let mut all: Vec<KeyLine<'_>> = names
            .into_iter()
            .map(|name| {
                let tally = survey.tally.keys.get(name);
                KeyLine {
                    name,
                    needs: tally.map(|key| key.needs).unwrap_or_default(),
                    declared: survey.declared.get(name),
                    tally,
                    dates: survey.keys.get(name).cloned().unwrap_or_default(),
                }
            })
            .collect();
        all.sort_by(|one, other| other.needs.cmp(&one.needs).then(one.name.cmp(other.name)));
        all
    }

    /// Whether a root has no gap; `scope` is the number of its inventory.
    fn is_whole(&self, scope: usize, root: i64) -> bool {
        !self.gaps.iter().any(|gap| gap.root == Some((scope, root)))
    }

    /// Keys that decide, and that the estate does not have.
    fn unknown(&self) -> Vec<(&String, &Key)> {
        let keys = self.survey.tally.keys.iter();
        let mut all: Vec<_> =
            keys.filter(|(_, key)| !key.is_declared && key.needs.possible > 0).collect();
        all.sort_by(|one, other| {
            other.1.needs.possible.cmp(&one.1.needs.possible).then(one.0.cmp(other.0))
        });
        all
    }
}

fn page(args: &Report, estate: &Estate, is_listed: bool) -> Result<Page> {
    let redactor = args.privacy.redactor()?;
    let inventories = Inventories::open(&args.inventories)?.redacted(redactor.clone());
    let mut scopes = Scope::of(&inventories)?;
    if let Some(redactor) = &redactor {
        scopes.iter_mut().for_each(|scope| scope.redact(redactor));
    }
    let roots = scopes.iter().flat_map(|scope| &scope.roots);
    let roots = roots.filter(|root| root.kind == "path").map(|root| root.path.clone()).collect();
    let list = List::new(if is_listed { args.rows } else { 0 });
    let mut survey = Survey::new(estate, roots, inventories.translation()?, list);
    inventories.judged(estate, |judged| {
        survey.add(judged);
        Ok(())
    })?;
    let judged_with = judged_with(args.estate.as_deref(), estate);
    let mut gaps = gaps::of(&scopes, None);
    gaps.extend(survey.doubts.gaps());
    Ok(Page { survey, gaps, scopes, judged_with, made: now() })
}

pub(crate) fn run(args: &Report) -> Result<Outcome> {
    let estate = crate::estate::load(args.estate.as_deref())?;
    let ending = args.output.as_deref().and_then(|output| output.extension());
    let is_html = ending.is_some_and(|ending| ending == "html" || ending == "htm");
    let form = args.format.unwrap_or(if is_html { Form::Html } else { Form::Text });
    let page = page(args, &estate, form == Form::Html)?;
    match &args.output {
        Some(output) => {
            let (draft, file) = Draft::create(output)?;
            write(&page, form, BufWriter::new(file))?;
            draft.keep()?;
            eprintln!("{}", words::verdict(&page).1);
            eprintln!("Written to {}.", output.display());
        }
        None => match write(&page, form, BufWriter::new(io::stdout().lock())) {
            // The exit code is the answer, whether the text was read to its end or not.
            Ok(()) | Err(Failure::BrokenPipe) => {}
            Err(failure) => return Err(failure),
        },
    }
    Ok(Outcome::of(page.survey.tally.is_complete() && page.gaps.is_empty()))
}

fn write(page: &Page, form: Form, mut out: impl Write) -> Result<()> {
    match form {
        Form::Text => text::write(page, &mut out),
        Form::Html => html::write(page, &mut out),
    }
    .and_then(|()| out.flush())
    .map_err(|error| Failure::writing(&error))
}
