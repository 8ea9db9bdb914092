//! The progress of a command that reads stored records.

use std::path::Path;

use super::format::counted;
use super::status_line::{StatusLine, StatusText, rate};
use super::verbosity::Verbosity;

/// Number of records between two looks at the clock.
const STRIDE: u64 = 1024;

/// Counts records, and shows the count.
#[derive(Debug)]
pub(crate) struct RecordProgress {
    status: StatusLine,
    file: String,
    records: u64,
}

impl RecordProgress {
    /// `prints` is set if the command writes to standard output meanwhile.
    pub(crate) fn new(verbosity: Verbosity, prints: bool) -> RecordProgress {
        let status = StatusLine::new(verbosity, prints);
        RecordProgress { status, file: String::new(), records: 0 }
    }

    /// Begins a file.
    pub(crate) fn begin(&mut self, file: &Path) {
        self.file = file.display().to_string();
    }

    /// Counts a record.
    pub(crate) fn add(&mut self) {
        self.records += 1;
        if !self.records.is_multiple_of(STRIDE) {
            return;
        }
        let RecordProgress { status, file, records } = self;
        status.show_when_due(|elapsed| {
            let rate = rate(*records, elapsed);
            let status = format!("{} read, {rate}/s", counted(*records, "record"));
            StatusText { status, place: file.clone() }
        });
    }
}
