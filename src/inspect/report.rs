//! [`Report`] and [`Finding`]: the result of inspecting one file.

use std::iter::{self, Chain, Once};
use std::{slice, vec};

use crate::authority::Estate;
use crate::error::Error;
use crate::facts::Facts;
use crate::kinds::{Anomaly, Container, Protection, Searched};
use crate::license::{Evidence, License};
use crate::verdict::{Need, judge};

/// All findings of one file: first those of the file itself, then those of its members.
///
/// A file has one finding, or several with the anomaly `several-licenses`. A member has a finding only if RMS
/// protects it, it was not read completely, or it is valid in two formats (`polyglot`). [`Finding`] and
/// [`Report`] are `Send + Sync`. They do not borrow the file or the inspector. Iterate over `&report`, or
/// over `report` to own the findings.
///
/// ```
/// use rmsight::{Estate, Inspector, Need, Protection};
///
/// let report = Inspector::default().inspect_bytes(b"plain text");
/// assert_eq!(report.worst(), Protection::None);
/// assert_eq!(report.need(&Estate::default()), Need::No);
/// for finding in &report {
///     println!("{} {}", finding.container(), finding.is_searched());
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    pub(crate) first: Finding,
    pub(crate) rest: Vec<Finding>,
    pub(crate) incomplete: Option<Error>,
}

impl Report {
    /// Returns the report of a file that could not be opened or read at all: one finding, which is `unknown`
    /// and not searched, with the code of `error`.
    pub fn unopened(error: &Error) -> Report {
        let mut first = Finding::new(Facts::unopened(error));
        first.error = Some(error.clone());
        Report { first, rest: Vec::new(), incomplete: Some(error.clone()) }
    }

    /// Returns the findings, at least one: first those of the file itself.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.into_iter()
    }

    /// Returns the first error anywhere in the file; `None` if everything was read.
    pub fn incomplete(&self) -> Option<&Error> {
        self.incomplete.as_ref()
    }

    /// Returns the protection that matters most: `rms` before `unknown` before all others. Never
    /// `none` if something was not read.
    pub fn worst(&self) -> Protection {
        let found = self.findings().map(|finding| finding.facts.protection);
        let worst = found.reduce(Protection::worse).unwrap_or(Protection::Unknown);
        if self.incomplete.is_some() && worst != Protection::Rms {
            Protection::Unknown
        } else {
            worst
        }
    }

    /// Returns whether an authority that goes away is needed for anything in the file: the highest
    /// [`Need`] of all findings, each judged by [`judge`]. Never `no` if something was not read.
    pub fn need(&self, estate: &Estate) -> Need {
        let needs = self.findings().map(|finding| judge(finding.facts(), estate).need());
        let need = needs.max().unwrap_or(Need::Possible);
        if self.incomplete.is_some() { need.max(Need::Possible) } else { need }
    }
}

impl IntoIterator for Report {
    type Item = Finding;
    type IntoIter = Chain<Once<Finding>, vec::IntoIter<Finding>>;

    fn into_iter(self) -> Self::IntoIter {
        iter::once(self.first).chain(self.rest)
    }
}

impl<'a> IntoIterator for &'a Report {
    type Item = &'a Finding;
    type IntoIter = Chain<Once<&'a Finding>, slice::Iter<'a, Finding>>;

    fn into_iter(self) -> Self::IntoIter {
        iter::once(&self.first).chain(&self.rest)
    }
}

/// One file or member: protected, not read completely, or reported because it is the file itself.
///
/// ```
/// use rmsight::{Container, Inspector};
///
/// let report = Inspector::default().inspect_bytes(b"plain text");
/// let finding = report.findings().next().unwrap();
/// assert_eq!(finding.container(), Container::Other);
/// assert!(finding.is_searched() && finding.error().is_none() && finding.license().is_none());
/// ```
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

    /// Whether a publishing license names the key. A use license does not count.
    pub(crate) fn has_key(&self) -> bool {
        let license = self.facts.license.as_ref();
        license.is_some_and(|license| license.slc_key.is_some())
            && !self.facts.anomalies.contains(&Anomaly::FromUseLicense)
    }

    /// Returns what the bytes say, for [`judge`] and for a [`Record`](crate::Record).
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Returns the publishing license if one was found and the inspector keeps licenses
    /// ([`keep_licenses`](crate::InspectorBuilder::keep_licenses)). For a file that is a certificate or a
    /// template, returns that.
    pub fn license(&self) -> Option<&License> {
        self.license.as_ref()
    }

    /// Returns the values that led to the facts, for people; empty unless the inspector was built with
    /// [`evidence`](crate::InspectorBuilder::evidence).
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// Returns the error that ended the reading of this file or member. `None` if it was read to its end;
    /// then an error elsewhere in the file can still be in [`Facts::error_code`].
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// Returns whether the file or member was searched completely: [`Facts::searched`] is `full`.
    pub fn is_searched(&self) -> bool {
        self.facts.searched == Searched::Full
    }

    /// Returns the format of the file or member.
    pub fn container(&self) -> Container {
        self.facts.container
    }
}
