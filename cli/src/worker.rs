//! One worker: opens a file, inspects it, judges and writes what was found.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use rmsight::{Envelope, Facts, FileSource, Inspector, ReadAt as _, Record, Report, judge_dated};

use crate::open::{self, Links};
use crate::output::Page;
use crate::settings::Settings;
use crate::tally::Tally;
use crate::walk::{Job, LeftOut, count};

/// Keeps its inspector, whose buffers are reused from file to file.
#[derive(Debug)]
pub(crate) struct Worker<'a> {
    settings: &'a Settings,
    left_out: &'a LeftOut,
    inspector: Inspector,
    pub(crate) page: Page,
    pub(crate) tally: Tally,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(settings: &'a Settings, left_out: &'a LeftOut, page: Page) -> Worker<'a> {
        Worker {
            settings,
            left_out,
            inspector: settings.inspector.clone().build(),
            page,
            tally: Tally::default(),
        }
    }

    /// Does one job; what it found stands on the page. Says how many findings are of interest.
    pub(crate) fn take(&mut self, job: &Job) -> u64 {
        let before = self.tally.findings();
        match job {
            Job::File { path, links } => self.file(path, *links),
            Job::Unreadable { path, error } => self.unreadable(path, error),
        }
        self.tally.findings() - before
    }

    fn file(&mut self, path: &Path, links: Links) {
        let source = match open::open(path, links).and_then(FileSource::new) {
            Ok(source) => source,
            Err(error) if open::is_special(&error) => return count(&self.left_out.special),
            Err(error) if open::is_link(&error, path) => return count(&self.left_out.links),
            Err(error) => return self.unreadable(path, &error),
        };
        let mut envelope = self.envelope(path);
        envelope.size = source.size().ok();
        envelope.modified = source.modified().map(Into::into);
        let report = match self.inspector.inspect(&source) {
            Ok(report) => report,
            Err(error) => Report::unopened(&error),
        };
        self.tally.files += 1;
        self.tally.is_incomplete |= report.incomplete().is_some();
        for finding in report.findings() {
            self.record(&envelope, finding.facts());
        }
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let code = match error.kind() {
            io::ErrorKind::PermissionDenied => "permission-denied",
            _ => "io",
        };
        self.tally.unreadable += 1;
        let facts = Facts::not_opened(code, error.to_string());
        self.record(&self.envelope(path), &facts);
    }

    fn envelope<'p>(&self, path: &'p Path) -> Envelope<'p>
    where
        'a: 'p,
    {
        let mut envelope = Envelope::of_path(path);
        envelope.source = self.settings.source.as_deref().map(Cow::Borrowed);
        envelope
    }

    fn record(&mut self, envelope: &Envelope<'_>, facts: &Facts) {
        let verdict = judge_dated(facts, envelope.modified, &self.settings.estate);
        let redacted = self.settings.redact.map(|_| {
            let mut facts = facts.clone();
            facts.redact_principals();
            facts
        });
        let facts = redacted.as_ref().unwrap_or(facts);
        let record = Record { envelope, facts, verdict: &verdict };
        self.tally.add(&record);
        self.page.write(&record);
    }
}
