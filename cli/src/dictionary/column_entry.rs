//! [`ColumnEntry`]: the description of one column.

use rmsight::{Column, ColumnKind};

/// The version of the record's first columns.
const FIRST: &str = "0.1.0";

/// What users have to know about a column. Its type and its part are in [`rmsight::COLUMNS`].
#[derive(Debug)]
pub(crate) struct ColumnEntry {
    pub(crate) name: &'static str,
    /// The unit of numbers, or the form of text; empty for plain text.
    pub(crate) unit: &'static str,
    pub(crate) meaning: &'static str,
    /// The version of rmsight that added the column.
    pub(crate) since: &'static str,
    values: fn() -> Vec<ListedValue>,
    /// Where the documentation lists the values, if not in the table of columns.
    pub(crate) listed_in: Option<&'static str>,
}

/// A value of a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListedValue {
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
    /// What to do about it; empty except for error codes.
    pub(crate) advice: &'static str,
}

impl ColumnEntry {
    pub(super) const fn new(
        name: &'static str,
        unit: &'static str,
        meaning: &'static str,
    ) -> ColumnEntry {
        ColumnEntry { name, unit, meaning, since: FIRST, values: Vec::new, listed_in: None }
    }

    /// Sets the closed list that the values are from.
    pub(super) const fn of(mut self, values: fn() -> Vec<ListedValue>) -> ColumnEntry {
        self.values = values;
        self
    }

    /// Names the place that lists the values for readers of the documentation.
    pub(super) const fn listed_in(mut self, place: &'static str) -> ColumnEntry {
        self.listed_in = Some(place);
        self
    }

    /// Returns the values of the closed list; empty if the column has other values.
    pub(crate) fn values(&self) -> Vec<ListedValue> {
        (self.values)()
    }

    /// Returns the column of the record.
    pub(crate) fn column(&self) -> Option<&'static Column> {
        Column::named(self.name)
    }

    /// Returns the name of the type of its values.
    pub(crate) fn kind(&self) -> &'static str {
        self.column().map_or("", |column| match column.kind {
            ColumnKind::List => "list of names",
            kind => kind.as_str(),
        })
    }

    /// Returns the meaning, and when a quick scan does not read the value.
    pub(crate) fn text(&self) -> String {
        let is_whole = self.column().is_some_and(|column| column.needs_whole_license);
        let quick = if is_whole { " Null after `--quick`." } else { "" };
        format!("{}{quick}", self.meaning)
    }
}
