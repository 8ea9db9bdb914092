//! A line on standard error about work that takes long: updated on a terminal, otherwise written once
//! a minute.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal::escaped;
use super::verbosity::Verbosity;
use crate::exit::say;

/// Update interval on a terminal.
pub(crate) const EVERY: Duration = Duration::from_millis(500);

/// The status, and below it what is worked on.
const TEMPLATE: &str = "{wide_msg}\n  {prefix:76!}";

/// Interval of the lines without a terminal.
const RARELY: Duration = Duration::from_secs(60);

/// What a status line shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatusText {
    /// Counts and times.
    pub(crate) status: String,
    /// The file or folder that is worked on; can be empty.
    pub(crate) place: String,
}

/// Shows the progress of a command.
#[derive(Debug)]
pub(crate) struct StatusLine {
    mode: StatusMode,
    started: Instant,
    shown: Instant,
}

#[derive(Debug)]
enum StatusMode {
    Silent,
    Bar(ProgressBar),
    Lines,
}

impl StatusLine {
    /// `prints` is set if the command writes to standard output meanwhile.
    pub(crate) fn new(verbosity: Verbosity, prints: bool) -> StatusLine {
        let mode = if verbosity == Verbosity::Quiet {
            StatusMode::Silent
        } else if !std::io::stderr().is_terminal() {
            StatusMode::Lines
        } else if prints && std::io::stdout().is_terminal() {
            // Output on the same terminal would be mixed with the line.
            StatusMode::Silent
        } else {
            let target = ProgressDrawTarget::stderr_with_hz(2);
            let bar = ProgressBar::with_draw_target(None, target);
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                bar.set_style(style);
            }
            StatusMode::Bar(bar)
        };
        let now = Instant::now();
        StatusLine { mode, started: now, shown: now }
    }

    /// Returns the time since the work began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Shows a line if the interval has elapsed.
    pub(crate) fn show_when_due(&mut self, text: impl FnOnce(Duration) -> StatusText) {
        let pause = match self.mode {
            StatusMode::Silent => return,
            StatusMode::Bar(_) => EVERY,
            StatusMode::Lines => RARELY,
        };
        if self.shown.elapsed() < pause {
            return;
        }
        self.shown = Instant::now();
        let StatusText { status, place } = text(self.elapsed());
        let (status, place) = (escaped(&status), escaped(&place));
        match &self.mode {
            StatusMode::Bar(bar) => {
                bar.set_message(status.to_string());
                bar.set_prefix(place.to_string());
                bar.tick();
            }
            StatusMode::Lines if place.is_empty() => say(status),
            StatusMode::Lines => say(format_args!("{status}; {place}")),
            StatusMode::Silent => {}
        }
    }

    /// Writes a message to standard error without damaging the line.
    pub(crate) fn say(&self, message: &str) {
        match &self.mode {
            StatusMode::Bar(bar) => bar.suspend(|| say(escaped(message))),
            StatusMode::Lines | StatusMode::Silent => say(escaped(message)),
        }
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        if let StatusMode::Bar(bar) = &self.mode {
            bar.finish_and_clear();
        }
    }
}

/// Returns how many items were handled each second.
pub(crate) fn rate(items: u64, elapsed: Duration) -> u64 {
    items / elapsed.as_secs().max(1)
}

/// Formats a duration roughly: `40 s`, `5 min`, `3 h 20 min`.
pub(crate) fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
