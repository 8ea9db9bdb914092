//! What the caller gets: [`Report`] and [`Finding`], and the flat record in its written forms.

mod columns;
mod ndjson;
mod record;
mod redact;

pub use columns::{COLUMNS, Column, ColumnKind, ColumnPart, Value};
pub use record::{Envelope, READER_VERSION, Record, SCHEMA_VERSION};
pub use redact::Redactor;

use crate::error::Error;
use crate::facts::Facts;
use crate::kinds::Searched;
use crate::kinds::{Anomaly, Container, Protection};
use crate::license::{Evidence, License};

/// All findings of one file: the file's own first, then those of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    pub(crate) first: Finding,
    pub(crate) rest: Vec<Finding>,
    pub(crate) incomplete: Option<Error>,
}

impl Report {
    /// The report on a file of which not one byte could be had.
    pub fn unopened(error: &Error) -> Report {
        let mut first = Finding::new(Facts::unopened(error));
        first.error = Some(error.clone());
        Report { first, rest: Vec::new(), incomplete: Some(error.clone()) }
    }

    /// The findings, at least one.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// The first thing that could not be read, anywhere in the file.
    pub fn incomplete(&self) -> Option<&Error> {
        self.incomplete.as_ref()
    }

    /// The worst that is protected in the file: `rms` before `unknown` before all else, and never
    /// `none` when something was not read.
    pub fn worst(&self) -> Protection {
        let rank = |protection: Protection| match protection {
            Protection::Rms => 0,
            Protection::Unknown => 1,
            Protection::Other => 2,
            Protection::Password => 3,
            Protection::None => 4,
        };
        let found = self.findings().map(|finding| finding.facts.protection);
        let worst = found.min_by_key(|protection| rank(*protection)).unwrap_or(Protection::Unknown);
        if self.incomplete.is_some() && worst != Protection::Rms {
            Protection::Unknown
        } else {
            worst
        }
    }
}

/// One protected, unreadable or simply present thing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    pub(crate) facts: Facts,
    pub(crate) license: Option<License>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) error: Option<Error>,
}

impl Finding {
    pub(crate) fn new(facts: Facts) -> Finding {
        Finding { facts, license: None, evidence: Vec::new(), error: None }
    }

    /// Whether a publishing license says whose key it is.
    pub(crate) fn has_key(&self) -> bool {
        let license = self.facts.license.as_ref();
        license.is_some_and(|license| license.slc_key.is_some())
            && !self.facts.anomalies.contains(&Anomaly::FromUseLicense)
    }

    /// What the bytes say.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The publishing license, where one was found and the inspector keeps them; of a certificate
    /// or a template as a file, that.
    pub fn license(&self) -> Option<&License> {
        self.license.as_ref()
    }

    /// What a person would want to see, if the inspector was asked for it.
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// What stopped the reading of this one.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

impl Finding {
    /// Whether nothing of it was left unread.
    pub fn is_searched(&self) -> bool {
        self.facts.searched == Searched::Full
    }

    /// What kind of file or member it is.
    pub fn container(&self) -> Container {
        self.facts.container
    }
}
