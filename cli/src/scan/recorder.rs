//! Records of a scan: formats them, counts them, and sends them to the inventory.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use rmsight::{Envelope, ErrorCode, Facts, Record, Report, Timestamp, judge_dated};

use super::events::FailedPlace;
use super::shared::{OpenFile, Shared};
use crate::fs::walk::{FileJob, ObjectStamp, Stamp, count};
use crate::inventory::{FileRow, FindingRow, Stored};
use crate::output::Format;
use crate::output::records::{RecordBuffer, RecordLayout};
use crate::stats::Stats;

/// Error codes after which the next scan reads the file again, even if it did not change.
pub(crate) const RETRIED: [ErrorCode; 6] = [
    ErrorCode::Io,
    ErrorCode::PermissionDenied,
    ErrorCode::NotHydrated,
    ErrorCode::Hung,
    ErrorCode::ChangedWhileReading,
    ErrorCode::ReaderFailed,
];

/// Writes records. It outlives its worker if the worker hangs.
#[derive(Debug)]
pub(super) struct Recorder {
    shared: Arc<Shared>,
    pub(super) buffer: RecordBuffer,
    pub(super) stats: Stats,
}

impl Recorder {
    pub(super) fn new(shared: &Arc<Shared>) -> Recorder {
        let layout = shared.layout.clone();
        let buffer = RecordBuffer::new(layout.unwrap_or_else(|| RecordLayout::new(Format::Text)));
        Recorder { shared: Arc::clone(shared), buffer, stats: Stats::default() }
    }

    /// Records a file that was opened. `owner` is set if it was not read to the end.
    pub(super) fn report(
        &mut self,
        job: &FileJob,
        opened: &OpenFile,
        owner: Option<Arc<str>>,
        report: &Report,
        changed: bool,
    ) {
        self.stats.files += 1;
        count(&self.shared.counts.finished);
        self.stats.is_incomplete |= report.incomplete().is_some();
        let facts: Vec<&Facts> = report.findings().map(|finding| finding.facts()).collect();
        let codes = facts.iter().filter_map(|facts| facts.error_code.as_deref());
        let retry = codes.filter_map(retried).next();
        let retry = retry.or_else(|| changed.then_some(ErrorCode::ChangedWhileReading.as_str()));
        self.file(job, (Some(opened.stamp), &opened.object), retry, owner, &facts);
    }

    /// Records a file that could not be read, or that is not to be read.
    pub(super) fn unreadable(
        &mut self,
        job: &FileJob,
        code: ErrorCode,
        words: String,
        owner: Option<Arc<str>>,
    ) {
        self.stats.unreadable += 1;
        count(&self.shared.counts.finished);
        count(&self.shared.counts.failed);
        let facts = Facts::not_opened(code, words);
        let of_file = ObjectStamp::default();
        let object = job.object.as_ref().map_or(&of_file, |object| &object.stamp);
        self.file(job, (job.stamp, object), Some(code.as_str()), owner, &[&facts]);
    }

    /// Records a folder that could not be listed.
    pub(super) fn unlisted(&mut self, path: &Path, code: ErrorCode, words: String) {
        self.stats.unreadable += 1;
        count(&self.shared.counts.failed);
        let facts = Facts::not_opened(code, words);
        let envelope = self.envelope(path, None, &ObjectStamp::default());
        self.shared.events.add(FailedPlace::Folder, &envelope.path, &facts);
        self.record(&envelope, &facts);
    }

    /// Records the stored facts of an unchanged file.
    pub(super) fn stored(&mut self, stored: &Stored) {
        self.record(&stored.envelope, &stored.facts);
    }

    fn file(
        &mut self,
        job: &FileJob,
        (stamp, object): (Option<Stamp>, &ObjectStamp),
        retry: Option<&'static str>,
        owner: Option<Arc<str>>,
        facts: &[&Facts],
    ) {
        let envelope = self.envelope(&job.path, stamp, object);
        for facts in facts {
            self.shared.events.add(FailedPlace::File, &envelope.path, facts);
        }
        let findings = facts.iter().map(|facts| self.record(&envelope, facts)).collect();
        let Some(inventory) = &self.shared.inventory else { return };
        let name = job.path.file_name().unwrap_or(job.path.as_os_str());
        inventory.add(FileRow {
            dir: Arc::clone(&job.dir),
            name: name.to_owned(),
            stamp,
            device: job.device.clone(),
            object: object.clone(),
            retry,
            owner,
            findings,
        });
    }

    fn envelope(
        &self,
        path: &Path,
        stamp: Option<Stamp>,
        object: &ObjectStamp,
    ) -> Envelope<'static> {
        let mut envelope = Envelope::of_path(path).into_owned();
        envelope.source = self.shared.settings.source.clone().map(Cow::Owned);
        envelope.size = stamp.map(|stamp| stamp.size);
        let modified = stamp.and_then(|stamp| stamp.modified);
        envelope.modified = modified.map(|(seconds, _)| Timestamp::from_unix(seconds));
        envelope.etag = object.etag.clone().map(Cow::Owned);
        envelope.version_id = object.version_id.clone().map(Cow::Owned);
        envelope.tier = object.tier.clone().map(Cow::Owned);
        envelope
    }

    /// Judges the facts and writes the record. Returns the row for the inventory.
    fn record(&mut self, envelope: &Envelope<'_>, facts: &Facts) -> FindingRow {
        let settings = &self.shared.settings;
        let verdict = judge_dated(facts, envelope.modified, &settings.estate);
        let record = Record::new(envelope, facts, &verdict);
        self.shared.counts.add(self.stats.add(&record));
        if self.shared.layout.is_some() {
            match &settings.redactor {
                Some(redactor) => {
                    let (mut envelope, mut facts) = (envelope.clone(), facts.clone());
                    redactor.redact(&mut envelope, &mut facts);
                    let (envelope, facts) = (&envelope, &facts);
                    self.buffer.write(&Record::new(envelope, facts, &verdict));
                }
                None => self.buffer.write(&record),
            }
        }
        match self.shared.inventory {
            Some(_) => FindingRow::of(&record),
            None => FindingRow::default(),
        }
    }
}

fn retried(code: &str) -> Option<&'static str> {
    RETRIED.into_iter().map(ErrorCode::as_str).find(|known| *known == code)
}
