//! [`Record`]: one row of envelope, facts and verdict.

use std::borrow::Cow;

use super::envelope::Envelope;
use crate::facts::Facts;
use crate::verdict::Verdict;

/// One row: envelope, facts and verdict of one finding.
///
/// It borrows its parts or owns them ([`into_owned`](Record::into_owned)). Equal records have equal columns.
/// It is written with [`write_ndjson`](Record::write_ndjson) or column by column
/// ([`Column::value`](crate::Column::value)), and read with `Record::from_ndjson` (feature `serde`) or
/// [`from_columns`](Record::from_columns). With the feature `serde`, a record is the same flat map of columns
/// in every self-describing format.
///
/// ```
/// use rmsight::{Envelope, Estate, Inspector, Record, judge};
///
/// let report = Inspector::default().inspect_bytes(b"plain text");
/// let mut lines = Vec::new();
/// for finding in &report {
///     let verdict = judge(finding.facts(), &Estate::default());
///     Record::new(&Envelope::new("a.txt"), finding.facts(), &verdict).write_ndjson(&mut lines)?;
/// }
/// assert!(lines.starts_with(br#"{"schema":1,"reader":"#));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Record<'a> {
    /// Path, size and time of the file, from the caller.
    pub envelope: Envelope<'a>,
    /// What the bytes say.
    pub facts: Cow<'a, Facts>,
    /// The verdict about the facts.
    pub verdict: Cow<'a, Verdict>,
    /// Columns of a later version, in the order of the record that contained them.
    #[cfg(feature = "serde")]
    pub(super) other: Vec<(String, serde_json::Value)>,
}

impl<'a> Record<'a> {
    /// Returns a record that borrows its parts.
    pub fn new(envelope: &'a Envelope<'_>, facts: &'a Facts, verdict: &'a Verdict) -> Record<'a> {
        Record {
            envelope: envelope.borrowed(),
            facts: Cow::Borrowed(facts),
            verdict: Cow::Borrowed(verdict),
            #[cfg(feature = "serde")]
            other: Vec::new(),
        }
    }

    /// Returns the same record, which owns its parts.
    pub fn into_owned(self) -> Record<'static> {
        Record {
            envelope: self.envelope.into_owned(),
            facts: Cow::Owned(self.facts.into_owned()),
            verdict: Cow::Owned(self.verdict.into_owned()),
            #[cfg(feature = "serde")]
            other: self.other,
        }
    }
}
