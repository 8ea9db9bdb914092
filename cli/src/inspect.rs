//! `rmsight inspect`: one page for each finding in a file.

use std::io::{self, Write};
use std::path::Path;

use rmsight::{
    Cancel, Envelope, Estate, FileSource, Finding, Inspector, ReadAt as _, Record, Report,
    judge_dated,
};

use crate::args::{Format, Inspect};
use crate::data;
use crate::exit::{Failure, Outcome, Result};
use crate::open::{self, Links};
use crate::output::Page;
use crate::sheet;
use crate::tally::Tally;

pub(crate) fn run(args: &Inspect) -> Result<Outcome> {
    let estate = crate::estate::load(args.estate.as_deref())?;
    let mut desk = Desk {
        // A person who asks about one file wants to know all of it.
        inspector: args
            .budgets
            .inspector(Cancel::default())
            .labels(true)
            .verify(true)
            .fingerprint(true)
            .deep(args.deep)
            .evidence(true)
            .build(),
        estate,
        page: Page::new(args.format),
        tally: Tally::default(),
        is_json: args.json,
    };
    let mut out = io::stdout().lock();
    out.write_all(&Page::header(args.format)).map_err(|error| Failure::writing(&error))?;
    let mut opened = false;
    for path in &args.files {
        match open::open(path, Links::Follow).and_then(FileSource::new) {
            Ok(source) => {
                opened = true;
                desk.file(path, &source, args.format, &mut out)
                    .map_err(|error| Failure::writing(&error))?;
            }
            Err(error) => {
                let what = if path.is_dir() {
                    "it is a folder; `rmsight scan` reads folders".to_owned()
                } else {
                    error.to_string()
                };
                desk.tally.is_incomplete = true;
                crate::exit::warn(format_args!("{}: {what}", path.display()));
            }
        }
    }
    out.flush().map_err(|error| Failure::writing(&error))?;
    if !opened {
        return Ok(Outcome::Nothing);
    }
    Ok(Outcome::of(desk.tally.is_complete()))
}

struct Desk {
    inspector: Inspector,
    estate: Estate,
    page: Page,
    tally: Tally,
    is_json: bool,
}

impl Desk {
    fn file(
        &mut self,
        path: &Path,
        source: &FileSource,
        format: Format,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let mut envelope = Envelope::of_path(path);
        envelope.size = source.size().ok();
        envelope.modified = source.modified().map(Into::into);
        let report = match self.inspector.inspect_named(source, path) {
            Ok(report) => report,
            Err(error) => Report::unopened(&error),
        };
        self.tally.files += 1;
        self.tally.is_incomplete |= report.incomplete().is_some();
        for finding in report.findings() {
            self.finding(&envelope, finding, format, out)?;
        }
        Ok(())
    }

    fn finding(
        &mut self,
        envelope: &Envelope<'_>,
        finding: &Finding,
        format: Format,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let verdict = judge_dated(finding.facts(), envelope.modified, &self.estate);
        let record = Record { envelope, facts: finding.facts(), verdict: &verdict };
        self.tally.add(&record);
        if self.is_json {
            return data::write(&record, finding, out);
        }
        match format {
            Format::Text => sheet::write(&record, finding, out),
            Format::Ndjson | Format::Csv => {
                self.page.write(&record);
                out.write_all(&self.page.take())
            }
        }
    }
}
