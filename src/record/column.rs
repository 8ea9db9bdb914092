//! [`Column`]: name, kind, part and accessors of one column of the record.

use super::envelope::Envelope;
use super::row::Record;
use super::value::{ColumnValue, NameList};
use crate::facts::Facts;
use crate::kinds::{Depth, vocabulary};
use crate::verdict::Verdict;

vocabulary! {
    /// The part of the record that a column belongs to.
    pub enum ColumnPart {
        /// Path, size and time of the file, from the caller.
        Envelope = "envelope",
        /// What the bytes of the file say.
        Facts = "facts",
        /// The judgment of the facts by the estate.
        Verdict = "verdict",
    }
}

vocabulary! {
    /// The type of the values of a column. All but lists can be null where the documentation of the
    /// record says so ([`Column`] says where that is).
    pub enum ColumnKind {
        /// True or false.
        Bool = "bool",
        /// An integer from 0 to 2^63 - 1.
        Int = "int",
        /// Unicode text.
        Text = "text",
        /// A time in UTC, to the second.
        Time = "time",
        /// Any number of names of a closed list.
        List = "list",
    }
}

/// One column of the record.
///
/// The item has name and type only. Meaning, unit, values and nulls of each column are documented in
/// `docs/RECORD.md` of the package; `rmsight columns` prints the same text, and `rmsight columns --json` the
/// same as data. In this crate they are the documentation of the fields: those of [`Facts`] and
/// [`LicenseFacts`](crate::LicenseFacts) for [`ColumnPart::Facts`], those of [`Envelope`] for
/// [`ColumnPart::Envelope`], and the functions of [`Verdict`] for [`ColumnPart::Verdict`]. The column has the
/// name of the field or function. Exceptions: `schema` is [`SCHEMA_VERSION`](crate::SCHEMA_VERSION), and
/// `anomalies` contains those of the facts and those of the verdict.
///
/// ```
/// use rmsight::{COLUMNS, Column, ColumnKind, ColumnPart};
///
/// assert_eq!(COLUMNS[0].name, "schema");
/// let need = Column::named("need").unwrap();
/// assert_eq!((need.kind, need.part), (ColumnKind::Text, ColumnPart::Verdict));
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Column {
    /// The name, the same in every written form: lower case with `_`, such as `slc_key`.
    pub name: &'static str,
    /// The type of its values.
    pub kind: ColumnKind,
    /// The part of the record that it belongs to.
    pub part: ColumnPart,
    /// Whether the value is null unless the whole license was read ([`Depth::Full`]). `content_id`, `owner`
    /// and `owner_id_type` do not have this mark, and are null after a quick scan because the head of a
    /// license does not contain them.
    pub needs_whole_license: bool,
    /// The name as a JSON key, with the comma before and the colon after it.
    pub(super) json_key: &'static str,
    /// `json_key` with the value `null`, so that a null column is a single write.
    pub(super) json_null: &'static str,
    pub(super) access: Access,
}

/// How the value of a column is read from its part of the record, and set in facts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Access {
    Envelope(for<'r> fn(&'r Envelope<'_>) -> ColumnValue<'r>),
    Facts {
        get: for<'r> fn(&'r Facts) -> ColumnValue<'r>,
        set: fn(&mut Facts, ColumnValue<'_>),
    },
    /// Those of the facts, then those of the verdict.
    Anomalies,
    Verdict(for<'r> fn(&'r Verdict) -> ColumnValue<'r>),
}

impl Column {
    /// Returns the value of `record` in this column.
    pub fn value<'r>(&self, record: &'r Record<'_>) -> ColumnValue<'r> {
        match self.access {
            Access::Envelope(get) => get(&record.envelope),
            Access::Facts { .. } => self.of_facts(&record.facts),
            Access::Anomalies => {
                ColumnValue::List(NameList::anomalies(Some(&record.facts), Some(&record.verdict)))
            }
            Access::Verdict(get) => get(&record.verdict),
        }
    }

    /// Returns the value of facts without a verdict; null in the columns of other parts.
    pub(super) fn of_facts<'r>(&self, facts: &'r Facts) -> ColumnValue<'r> {
        match self.access {
            Access::Facts { .. } if self.needs_whole_license && facts.depth == Depth::Head => {
                ColumnValue::Null
            }
            Access::Facts { get, .. } => get(facts),
            Access::Anomalies => ColumnValue::List(NameList::anomalies(Some(facts), None)),
            Access::Envelope(_) | Access::Verdict(_) => ColumnValue::Null,
        }
    }

    /// Returns the value of a verdict; `None` for the columns of other parts.
    #[cfg(feature = "serde")]
    pub(super) fn of_verdict<'r>(&self, verdict: &'r Verdict) -> Option<ColumnValue<'r>> {
        match self.access {
            Access::Verdict(get) => Some(get(verdict)),
            _ => None,
        }
    }

    /// Marks the column as null unless the whole license was read.
    pub(super) const fn whole(mut self) -> Column {
        self.needs_whole_license = true;
        self
    }
}
