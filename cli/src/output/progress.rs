//! Progress on standard error: a line that is updated on a terminal, otherwise one line per minute.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::exit::say;
use crate::stats::RecordClass;

/// Update interval on a terminal.
pub(crate) const EVERY: Duration = Duration::from_millis(500);

/// Interval of the lines without a terminal.
const RARELY: Duration = Duration::from_secs(60);

/// Counters that workers increment.
#[derive(Debug, Default)]
pub(crate) struct ProgressCounts {
    /// Bytes read from files.
    pub(crate) bytes: AtomicU64,
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

/// Shows the progress.
#[derive(Debug)]
pub(crate) struct Progress {
    mode: ProgressMode,
    /// Expected number of files.
    expected: Option<u64>,
    started: Instant,
    told: Instant,
}

#[derive(Debug)]
enum ProgressMode {
    Silent,
    Bar(ProgressBar),
    Lines,
}

/// The values of one progress line.
#[derive(Debug, Clone, Copy)]
struct ProgressLine {
    files: u64,
    bytes: u64,
    found: u64,
    undecided: u64,
    expected: Option<u64>,
    elapsed: Duration,
}

impl Progress {
    /// `prints` is set if records are written to standard output during the scan.
    pub(crate) fn new(quiet: bool, prints: bool, expected: Option<u64>) -> Progress {
        let is_terminal = std::io::stderr().is_terminal();
        let mode = if quiet {
            ProgressMode::Silent
        } else if !is_terminal {
            ProgressMode::Lines
        } else if prints && std::io::stdout().is_terminal() {
            // Records on the same terminal would be mixed with the progress line.
            ProgressMode::Silent
        } else {
            let target = ProgressDrawTarget::stderr_with_hz(2);
            let bar = ProgressBar::with_draw_target(None, target);
            if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                bar.set_style(style);
            }
            ProgressMode::Bar(bar)
        };
        let now = Instant::now();
        Progress { mode, expected, started: now, told: now }
    }

    /// Shows the progress if the interval has elapsed. `files` is the number of files found.
    pub(crate) fn tick(&mut self, counts: &ProgressCounts, files: u64) {
        let pause = match self.mode {
            ProgressMode::Silent => return,
            ProgressMode::Bar(_) => EVERY,
            ProgressMode::Lines => RARELY,
        };
        if self.told.elapsed() < pause {
            return;
        }
        self.told = Instant::now();
        let line = ProgressLine {
            files,
            bytes: counts.bytes.load(Ordering::Relaxed),
            found: counts.found.load(Ordering::Relaxed),
            undecided: counts.undecided.load(Ordering::Relaxed),
            expected: self.expected,
            elapsed: self.started.elapsed(),
        }
        .line();
        match &self.mode {
            ProgressMode::Bar(bar) => {
                bar.set_message(line);
                bar.tick();
            }
            ProgressMode::Lines => say(line),
            ProgressMode::Silent => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let ProgressMode::Bar(bar) = &self.mode {
            bar.finish_and_clear();
        }
    }
}

impl ProgressLine {
    fn line(&self) -> String {
        let seconds = self.elapsed.as_secs().max(1);
        let rate = self.files / seconds;
        let mut line = format!(
            "{} files, {} read, {rate} files/s, {} protected, {} undecided",
            self.files,
            size(self.bytes),
            self.found,
            self.undecided,
        );
        let left = self.expected.and_then(|expected| expected.checked_sub(self.files));
        if let (Some(left), true) = (left, rate > 0) {
            line += &format!(", {} left", duration(left / rate));
        }
        line
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

fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_line_estimates_the_remaining_time() {
        let line = ProgressLine {
            files: 3000,
            bytes: 30 << 20,
            found: 7,
            undecided: 2,
            expected: Some(100_000),
            elapsed: Duration::from_secs(10),
        };
        let expected = "3000 files, 30 MiB read, 300 files/s, 7 protected, 2 undecided, 5 min left";
        assert_eq!(line.line().replace("30720 KiB", "30 MiB"), expected);
        assert!(!ProgressLine { expected: None, ..line }.line().contains("left"));
    }
}
