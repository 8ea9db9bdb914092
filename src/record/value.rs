//! [`ColumnValue`]: a value of a record, independent of the written form.

use std::fmt;

use crate::facts::Facts;
use crate::timestamp::Timestamp;
use crate::verdict::Verdict;

/// One value of a record: that of one column. Its variant is that of [`Column::kind`](crate::Column::kind),
/// or `Null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnValue<'a> {
    /// Unknown or missing.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer, in the unit of its column.
    Int(u64),
    /// Text.
    Text(&'a str),
    /// A time in UTC, to the second.
    Time(Timestamp),
    /// Names of a closed list, possibly none. Never `Null`.
    List(NameList<'a>),
}

/// The names in a column of lists.
///
/// ```
/// use rmsight::{ColumnValue, NameList};
///
/// let names = ["chain-order".to_owned(), "trailing-data".to_owned()];
/// let list = NameList::new(&names);
/// assert_eq!(list.iter().count(), 2);
/// assert_eq!(ColumnValue::List(list).to_string(), "chain-order trailing-data");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct NameList<'a>(NameSource<'a>);

#[derive(Debug, Clone, Copy)]
enum NameSource<'a> {
    /// The anomalies of facts and of their verdict.
    Anomalies {
        facts: Option<&'a Facts>,
        verdict: Option<&'a Verdict>,
    },
    Names(&'a [String]),
}

impl<'a> NameList<'a> {
    /// Returns the list of these names, for [`Facts::from_columns`]. Unknown names are allowed.
    pub fn new(names: &'a [String]) -> NameList<'a> {
        NameList(NameSource::Names(names))
    }

    pub(super) fn anomalies(
        facts: Option<&'a Facts>,
        verdict: Option<&'a Verdict>,
    ) -> NameList<'a> {
        NameList(NameSource::Anomalies { facts, verdict })
    }

    /// Returns the names: the anomalies of the facts, then those of the verdict.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        let (facts, verdict, names): (_, _, &[String]) = match self.0 {
            NameSource::Anomalies { facts, verdict } => (facts, verdict, &[]),
            NameSource::Names(names) => (None, None, names),
        };
        facts
            .into_iter()
            .flat_map(Facts::anomaly_names)
            .chain(verdict.into_iter().flat_map(Verdict::anomaly_names))
            .chain(names.iter().map(String::as_str))
    }
}

impl PartialEq for NameList<'_> {
    fn eq(&self, other: &NameList<'_>) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for NameList<'_> {}

impl<'a> ColumnValue<'a> {
    /// Whether the value is null.
    pub fn is_null(self) -> bool {
        matches!(self, ColumnValue::Null)
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

    /// Returns the names of a list, or those in a text with spaces between them.
    pub(super) fn names(self) -> Vec<&'a str> {
        match self {
            ColumnValue::List(names) => names.iter().collect(),
            ColumnValue::Text(names) => names.split_ascii_whitespace().collect(),
            _ => Vec::new(),
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
            ColumnValue::List(names) => {
                for (at, name) in names.iter().enumerate() {
                    let separator = if at == 0 { "" } else { " " };
                    write!(f, "{separator}{name}")?;
                }
                Ok(())
            }
        }
    }
}
