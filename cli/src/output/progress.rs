//! The progress of a scan.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::status_line::{StatusLine, StatusText, duration, rate};
use super::verbosity::Verbosity;
use crate::stats::RecordClass;

/// Counters that workers increment.
#[derive(Debug, Default)]
pub(crate) struct ProgressCounts {
    /// Bytes read from files.
    pub(crate) bytes: AtomicU64,
    /// Files that workers have finished, with or without success.
    pub(crate) finished: AtomicU64,
    /// Files and folders that could not be read.
    pub(crate) failed: AtomicU64,
    found: AtomicU64,
    undecided: AtomicU64,
}

impl ProgressCounts {
    pub(crate) fn add(&self, found: RecordClass) {
        let counter = match found {
            RecordClass::Unprotected => return,
            RecordClass::Decided => &self.found,
            RecordClass::Undecided => &self.undecided,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// How far the walk is.
#[derive(Debug, Clone, Default)]
pub(crate) struct WalkProgress {
    /// Files that were listed.
    pub(crate) listed: u64,
    /// Listed files that no worker reads: unchanged, or left out by the user.
    pub(crate) skipped: u64,
    /// All folders were listed.
    pub(crate) is_complete: bool,
    /// The folder of a file that is being read, or a folder that is being listed.
    pub(crate) folder: Option<PathBuf>,
}

/// Shows the progress of a scan.
#[derive(Debug)]
pub(crate) struct Progress {
    status: StatusLine,
    /// Number of files that the previous scan found.
    expected: Option<u64>,
}

/// The values of one progress line.
#[derive(Debug, Clone)]
struct ProgressLine {
    walk: WalkProgress,
    finished: u64,
    failed: u64,
    bytes: u64,
    found: u64,
    undecided: u64,
    expected: Option<u64>,
    elapsed: Duration,
}

impl Progress {
    /// `prints` is set if records are written to standard output during the scan.
    pub(crate) fn new(verbosity: Verbosity, prints: bool, expected: Option<u64>) -> Progress {
        Progress { status: StatusLine::new(verbosity, prints), expected }
    }

    /// Shows the progress if the interval has elapsed.
    pub(crate) fn tick(&mut self, counts: &ProgressCounts, walk: impl FnOnce() -> WalkProgress) {
        let expected = self.expected;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        self.status.show_when_due(|elapsed| {
            let line = ProgressLine {
                walk: walk(),
                finished: count(&counts.finished),
                failed: count(&counts.failed),
                bytes: count(&counts.bytes),
                found: count(&counts.found),
                undecided: count(&counts.undecided),
                expected,
                elapsed,
            };
            line.text()
        });
    }

    /// Writes messages to standard error without damaging the progress line.
    pub(crate) fn say(&self, messages: &[String]) {
        messages.iter().for_each(|message| self.status.say(message));
    }
}

impl ProgressLine {
    /// Returns the number of files that need no more work.
    fn done(&self) -> u64 {
        self.finished.saturating_add(self.walk.skipped).min(self.walk.listed)
    }

    /// Returns the number of all files, if the listing is complete or an earlier scan counted them.
    fn total(&self) -> Option<u64> {
        match self.walk.is_complete {
            true => Some(self.walk.listed),
            false => self.expected.map(|expected| expected.max(self.walk.listed)),
        }
    }

    fn text(&self) -> StatusText {
        let (done, listed) = (self.done(), self.walk.listed);
        let total = self.total();
        let mut status = match total {
            Some(total) => {
                let share = done.saturating_mul(100).checked_div(total).unwrap_or(100);
                let about = if self.walk.is_complete { "" } else { "about " };
                format!("{done} of {about}{total} files read ({share} %)")
            }
            None => format!("{done} files read"),
        };
        if !self.walk.is_complete {
            status += &format!(", {listed} listed");
        }
        let rate = rate(done, self.elapsed);
        let left = total.map(|total| total.saturating_sub(done)).filter(|left| *left > 0);
        if let Some(seconds) = left.and_then(|left| left.checked_div(rate)) {
            status += &format!(", {} left", duration(seconds));
        }
        status += &format!(
            ", {rate}/s, {} failed, {} protected, {} undecided, {}",
            self.failed,
            self.found,
            self.undecided,
            size(self.bytes)
        );
        let folder = self.walk.folder.as_deref();
        let place = folder.map_or_else(String::new, |folder| folder.display().to_string());
        StatusText { status, place }
    }
}

fn size(bytes: u64) -> String {
    let mut amount = bytes;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if amount < 10_240 {
            return format!("{amount} {unit}");
        }
        amount /= 1024;
    }
    format!("{amount} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(listed: u64, is_complete: bool, expected: Option<u64>) -> ProgressLine {
        ProgressLine {
            walk: WalkProgress {
                listed,
                skipped: 1000,
                is_complete,
                folder: Some(PathBuf::from("/mnt/share/legal")),
            },
            finished: 2000,
            failed: 4,
            bytes: 300 << 20,
            found: 7,
            undecided: 2,
            expected,
            elapsed: Duration::from_secs(10),
        }
    }

    #[test]
    fn the_progress_line_has_read_and_listed_files_and_the_remaining_time() {
        let end = "300/s, 4 failed, 7 protected, 2 undecided, 300 MiB";
        let cases = [
            (line(3649, false, None), format!("3000 files read, 3649 listed, {end}")),
            (
                line(12_000, true, None),
                format!("3000 of 12000 files read (25 %), 30 s left, {end}"),
            ),
            (
                line(3649, false, Some(100_000)),
                format!("3000 of about 100000 files read (3 %), 3649 listed, 5 min left, {end}"),
            ),
            // The earlier scan found fewer files.
            (
                line(4000, false, Some(10)),
                format!("3000 of about 4000 files read (75 %), 4000 listed, 3 s left, {end}"),
            ),
            (line(3000, true, Some(10)), format!("3000 of 3000 files read (100 %), {end}")),
        ];
        for (line, status) in cases {
            assert_eq!(line.text(), StatusText { status, place: "/mnt/share/legal".to_owned() });
        }
        let empty = ProgressLine {
            walk: WalkProgress { is_complete: true, ..WalkProgress::default() },
            finished: 0,
            ..line(0, true, None)
        };
        let text = empty.text();
        assert!(text.status.starts_with("0 of 0 files read (100 %), 0/s"), "{text:?}");
        assert!(text.place.is_empty());
    }
}
