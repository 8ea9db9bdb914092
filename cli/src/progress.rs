//! A line on standard error that says how far a scan is, where somebody can see it.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often the line changes.
pub(crate) const EVERY: Duration = Duration::from_millis(500);

/// Counts that workers add to.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) files: AtomicU64,
    pub(crate) findings: AtomicU64,
}

/// The line.
#[derive(Debug)]
pub(crate) struct Progress<'a> {
    counts: &'a Counts,
    is_shown: bool,
    started: Instant,
    drawn: Option<Instant>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(counts: &'a Counts, quiet: bool) -> Progress<'a> {
        // Where the records go to the same terminal, the line would stand between them.
        let is_shown =
            !quiet && std::io::stderr().is_terminal() && !std::io::stdout().is_terminal();
        Progress { counts, is_shown, started: Instant::now(), drawn: None }
    }

    /// Draws the line when it is time to.
    pub(crate) fn tick(&mut self) {
        if !self.is_shown {
            return;
        }
        let now = Instant::now();
        if self.drawn.unwrap_or(self.started) + EVERY > now {
            return;
        }
        self.drawn = Some(now);
        let files = self.counts.files.load(Ordering::Relaxed);
        let findings = self.counts.findings.load(Ordering::Relaxed);
        let seconds = (now - self.started).as_secs().max(1);
        let rate = files / seconds;
        eprint!("\r{files} files, {rate} a second, {findings} protected or not readable\u{1b}[K");
        _ = std::io::stderr().flush();
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            eprint!("\r\u{1b}[K");
        }
    }
}
