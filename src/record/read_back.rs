//! Reads the facts and the envelope of a record back from the values of its columns.

use std::borrow::Cow;

use super::columns::{COLUMNS, ColumnPart};
use super::envelope::{Envelope, SCHEMA_VERSION};
use super::value::ColumnValue;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::kinds::{Container, Protection};

impl Facts {
    /// Reads the facts of a record. `value` returns the value of a column by its name. Numbers,
    /// times and booleans can be text, and anomalies can be one text with spaces between the names.
    ///
    /// A missing column reads as null. An unknown name of an enum reads as the variant that claims
    /// least.
    ///
    /// # Errors
    /// Fails if `value` returns no schema, container, protection or searched, or another schema.
    pub fn from_columns<'a>(value: impl Fn(&str) -> Option<ColumnValue<'a>>) -> Result<Facts> {
        check_schema(value("schema"))?;
        for name in ["container", "protection", "searched"] {
            if value(name).and_then(ColumnValue::text).is_none() {
                return Err(Error::config(format!("not a record: it has no {name}")));
            }
        }
        let mut facts = Facts::new(Container::Other, Protection::Unknown);
        for column in COLUMNS.iter().filter(|column| column.part == ColumnPart::Facts) {
            (column.set)(&mut facts, value(column.name).unwrap_or(ColumnValue::Null));
        }
        Ok(facts)
    }
}

impl Envelope<'_> {
    /// Reads the envelope of a record, as [`Facts::from_columns`] reads its facts.
    ///
    /// # Errors
    /// Fails if `value` returns no schema, path or reader, or another schema.
    pub fn from_columns<'v>(
        value: impl Fn(&str) -> Option<ColumnValue<'v>>,
    ) -> Result<Envelope<'v>> {
        check_schema(value("schema"))?;
        let text = |name| value(name).and_then(ColumnValue::text);
        let Some(path) = text("path") else {
            return Err(Error::config("not a record: it has no path"));
        };
        let Some(reader) = value("reader").and_then(ColumnValue::small) else {
            return Err(Error::config("not a record: it has no reader"));
        };
        let mut envelope = Envelope::new(path);
        envelope.reader = reader;
        envelope.source = text("source").map(Cow::Borrowed);
        envelope.path_raw = text("path_raw").map(Cow::Borrowed);
        envelope.size = value("size").and_then(ColumnValue::int);
        envelope.modified = value("modified").and_then(ColumnValue::time);
        Ok(envelope)
    }
}

fn check_schema(schema: Option<ColumnValue<'_>>) -> Result<()> {
    match schema.and_then(ColumnValue::int) {
        None => Err(Error::config("not a record: it has no schema")),
        Some(schema) if schema == u64::from(SCHEMA_VERSION) => Ok(()),
        Some(schema) => Err(Error::config(format!(
            "the record has schema {schema}, and only {SCHEMA_VERSION} can be read here"
        ))),
    }
}
