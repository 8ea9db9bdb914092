//! [`ColumnValue`]: a value of a record, independent of the written form.

use std::fmt;

use crate::kinds::Anomaly;
use crate::timestamp::Timestamp;

/// One value of a record: that of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnValue<'a> {
    /// Unknown or missing.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(u64),
    /// Text.
    Text(&'a str),
    /// A time in UTC.
    Time(Timestamp),
    /// The anomalies of the facts, then those of the verdict.
    List(&'a [Anomaly], &'a [Anomaly]),
}

impl<'a> ColumnValue<'a> {
    /// Whether the value is null.
    pub fn is_null(self) -> bool {
        self == ColumnValue::Null
    }

    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            ColumnValue::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn owned(self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    pub(super) fn time(self) -> Option<Timestamp> {
        match self {
            ColumnValue::Time(time) => Some(time),
            ColumnValue::Text(text) => Timestamp::parse(text),
            _ => None,
        }
    }

    pub(super) fn int(self) -> Option<u64> {
        match self {
            ColumnValue::Int(number) => Some(number),
            ColumnValue::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(super) fn small(self) -> Option<u32> {
        self.int().and_then(|number| u32::try_from(number).ok())
    }

    pub(super) fn bool(self) -> Option<bool> {
        match self {
            ColumnValue::Bool(truth) => Some(truth),
            ColumnValue::Text("true") => Some(true),
            ColumnValue::Text("false") => Some(false),
            _ => None,
        }
    }
}

/// The form for CSV and for people: null is empty, and spaces join the names of a list.
impl fmt::Display for ColumnValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnValue::Null => Ok(()),
            ColumnValue::Bool(truth) => truth.fmt(f),
            ColumnValue::Int(number) => number.fmt(f),
            ColumnValue::Text(text) => f.write_str(text),
            ColumnValue::Time(time) => time.fmt(f),
            ColumnValue::List(facts, verdict) => {
                for (at, anomaly) in facts.iter().chain(*verdict).enumerate() {
                    let separator = if at == 0 { "" } else { " " };
                    write!(f, "{separator}{anomaly}")?;
                }
                Ok(())
            }
        }
    }
}
