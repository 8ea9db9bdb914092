//! The content of a decisions file.

use std::path::PathBuf;

use rmsight::Timestamp;
use serde_json::{Value, json};

use super::decision_path::DecisionPath;
use crate::output::format::day;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A gap or an error code that a person accepts for some paths.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    /// The line of its table, from 1.
    pub(crate) line: usize,
    /// The name of a gap, or an error code.
    pub(crate) code: String,
    pub(crate) path: DecisionPath,
    /// The person who decided.
    pub(crate) by: String,
    /// The day of the decision.
    pub(crate) on: Timestamp,
    pub(crate) reason: String,
    pub(crate) ticket: Option<String>,
    /// The last day on which it counts.
    pub(crate) until: Option<Timestamp>,
}

/// Whether a decision counts at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecisionState {
    Live,
    /// It ended before.
    Expired,
    /// It was made later.
    NotYet,
}

impl DecisionState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            DecisionState::Live => "live",
            DecisionState::Expired => "expired",
            DecisionState::NotYet => "not-yet",
        }
    }
}

impl Decision {
    pub(crate) fn state(&self, as_of: Timestamp) -> DecisionState {
        if as_of < self.on {
            return DecisionState::NotYet;
        }
        match self.until {
            Some(until) if as_of >= until.plus_seconds(DAY) => DecisionState::Expired,
            _ => DecisionState::Live,
        }
    }

    /// Returns the decision as JSON, with its line and its state as of a time.
    pub(crate) fn json(&self, as_of: Timestamp) -> Value {
        let mut value = self.fields();
        value["line"] = self.line.into();
        value["state"] = self.state(as_of).as_str().into();
        value
    }

    /// Returns the fields of the table as JSON.
    pub(crate) fn fields(&self) -> Value {
        json!({
            "code": self.code,
            "path": self.path.text,
            "by": self.by,
            "on": day(Some(self.on)),
            "reason": self.reason,
            "ticket": self.ticket,
            "until": self.until.map(|until| day(Some(until))),
        })
    }

    /// Returns the person, the day and the reason, in one line.
    pub(crate) fn words(&self) -> String {
        let until =
            self.until.map_or_else(String::new, |until| format!(", until {}", day(Some(until))));
        let ticket = self.ticket.as_ref().map_or_else(String::new, |ticket| format!(" ({ticket})"));
        format!("by {} on {}{until}: {}{ticket}", self.by, day(Some(self.on)), self.reason)
    }
}

/// The answer of a person to a check that no file scan can make.
#[derive(Debug, Clone)]
pub(crate) struct AnsweredCheck {
    /// The id of the check.
    pub(crate) check: String,
    /// The key, for a check of the read-only mode.
    pub(crate) key: Option<String>,
    pub(crate) by: String,
    pub(crate) on: Timestamp,
    pub(crate) note: Option<String>,
}

/// A decisions file. [`Decisions::default`] is that of a command without one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Decisions {
    pub(crate) file: Option<PathBuf>,
    /// The SHA-256 of the file, in hex digits.
    pub(crate) digest: Option<String>,
    pub(crate) accepted: Vec<Decision>,
    pub(crate) answered: Vec<AnsweredCheck>,
}
