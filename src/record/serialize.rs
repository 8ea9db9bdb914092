//! The record as JSON, and in the other self-describing formats of `serde`: a flat map of columns.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::column::{Column, ColumnKind, ColumnPart};
use super::columns::COLUMNS;
use super::envelope::SCHEMA_VERSION;
use super::row::Record;
use super::value::{ColumnValue, NameList};
use crate::error::{Error, Result};
use crate::facts::{ANOMALIES, Facts};
use crate::timestamp::Timestamp;
use crate::verdict::Verdict;

impl Record<'_> {
    /// Reads a record from one line of JSON, as [`write_ndjson`](Record::write_ndjson) writes it.
    ///
    /// Unknown names are in [`Facts::unknown`] and [`Verdict::unknown`], and columns of a later version are
    /// kept too. [`write_ndjson`](Record::write_ndjson) writes all of them again, the columns of a later
    /// version last. A missing column reads as null.
    ///
    /// Values in columns of a later version keep their meaning, and can change their spelling. Integers from
    /// -2^63 to 2^64 - 1 are written as they are. Other numbers are read as an [`f64`]: `1e2` is written as
    /// `100.0`, and digits beyond the precision of an [`f64`] are lost. The keys of an object in such a
    /// column can change their order.
    ///
    /// ```
    /// # use rmsight::{Envelope, Facts, Container, Protection, Estate, judge};
    /// # let facts = Facts::new(Container::Zip, Protection::None);
    /// # let verdict = judge(&facts, &Estate::default());
    /// # let mut line = Vec::new();
    /// # rmsight::Record::new(&Envelope::new("a.zip"), &facts, &verdict).write_ndjson(&mut line)?;
    /// use rmsight::Record;
    ///
    /// let record = Record::from_ndjson(&line)?;
    /// println!("{} {}", record.envelope.path, record.verdict.need());
    /// # assert_eq!(record.envelope.path, "a.zip");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Fails with [`ErrorKind::Config`](crate::ErrorKind::Config) if the line is not a JSON object, has
    /// another schema, lacks a required column, names a column twice, or has a value that its column cannot
    /// contain. Required are `schema`, `reader`, `path`, `container`, `protection`, `searched`, `need`,
    /// `dependency`, `rule` and `rules`.
    pub fn from_ndjson(line: impl AsRef<[u8]>) -> Result<Record<'static>> {
        serde_json::from_slice(line.as_ref()).map_err(not_a_record)
    }
}

impl Facts {
    /// Reads the facts of a record from one line of JSON, as [`Record::write_ndjson`] writes it. The envelope
    /// and the verdict of the line are ignored, and can be missing; `schema` is required. Columns of a later
    /// version are not kept: use [`Record::from_ndjson`] to write the line again.
    ///
    /// # Errors
    /// As for [`Record::from_ndjson`], with [`ErrorKind::Config`](crate::ErrorKind::Config).
    pub fn from_ndjson(line: impl AsRef<[u8]>) -> Result<Facts> {
        serde_json::from_slice(line.as_ref()).map_err(not_a_record)
    }
}

fn not_a_record(error: serde_json::Error) -> Error {
    let text = error.to_string();
    Error::config(if text.starts_with("not a record") {
        text
    } else {
        format!("not a record: {text}")
    })
}

impl Serialize for ColumnValue<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            ColumnValue::Null => to.serialize_none(),
            ColumnValue::Bool(truth) => to.serialize_bool(*truth),
            ColumnValue::Int(number) => to.serialize_u64(*number),
            ColumnValue::Text(text) => to.serialize_str(text),
            ColumnValue::Time(time) => time.serialize(to),
            ColumnValue::List(names) => to.collect_seq(names.iter()),
        }
    }
}

/// The columns of the facts, after `schema`.
impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("schema", &SCHEMA_VERSION)?;
        for column in COLUMNS.iter().filter(|column| column.part == ColumnPart::Facts) {
            map.serialize_entry(column.name, &column.of_facts(self))?;
        }
        map.end()
    }
}

/// The columns of the verdict, between `schema` and the anomalies of the verdict.
impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("schema", &SCHEMA_VERSION)?;
        for column in COLUMNS {
            if let Some(value) = column.of_verdict(self) {
                map.serialize_entry(column.name, &value)?;
            }
        }
        let names = NameList::anomalies(None, Some(self));
        map.serialize_entry(ANOMALIES, &ColumnValue::List(names))?;
        map.end()
    }
}

/// The same map as that of [`write_ndjson`](Record::write_ndjson).
impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for column in COLUMNS {
            map.serialize_entry(column.name, &column.value(self))?;
        }
        for (name, value) in &self.other {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Reads the columns of the facts. Other columns are ignored.
impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Facts, D::Error> {
        let row = StoredRow::deserialize(from)?;
        let facts = Facts::from_columns(|name| row.get(name)).map_err(de::Error::custom)?;
        row.check(|column| match column.part {
            // A record contains the anomalies of its verdict too.
            ColumnPart::Facts if column.name != ANOMALIES => Some(column.of_facts(&facts)),
            _ => None,
        })?;
        Ok(facts)
    }
}

/// Reads the columns of the verdict. Other columns are ignored.
impl<'de> Deserialize<'de> for Verdict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Verdict, D::Error> {
        let row = StoredRow::deserialize(from)?;
        let verdict = Verdict::from_columns(|name| row.get(name)).map_err(de::Error::custom)?;
        row.check(|column| column.of_verdict(&verdict))?;
        Ok(verdict)
    }
}

impl<'de> Deserialize<'de> for Record<'static> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let row = StoredRow::deserialize(from)?;
        let record = Record::from_columns(|name| row.get(name)).map_err(de::Error::custom)?;
        row.check(|column| Some(column.value(&record)))?;
        let mut record = record.into_owned();
        record.other = row.other;
        Ok(record)
    }
}

/// The columns of a record as they were read.
struct StoredRow {
    known: Vec<(&'static Column, StoredCell)>,
    other: Vec<(String, Value)>,
}

/// A value of a known column, which has the kind of the column.
enum StoredCell {
    Null,
    Bool(bool),
    Int(u64),
    Text(String),
    List(Vec<String>),
}

impl StoredCell {
    /// Returns the value if it has the kind of the column.
    fn new(column: &Column, value: Value) -> Option<StoredCell> {
        match (column.kind, value) {
            (_, Value::Null) => Some(StoredCell::Null),
            (ColumnKind::Bool, Value::Bool(truth)) => Some(StoredCell::Bool(truth)),
            (ColumnKind::Int, Value::Number(number)) => number.as_u64().map(StoredCell::Int),
            (ColumnKind::Text | ColumnKind::Time, Value::String(text)) => {
                Some(StoredCell::Text(text))
            }
            (ColumnKind::List, Value::Array(names)) => {
                let name = |value| match value {
                    Value::String(name) => Some(name),
                    _ => None,
                };
                names.into_iter().map(name).collect::<Option<_>>().map(StoredCell::List)
            }
            _ => None,
        }
    }

    fn value(&self) -> ColumnValue<'_> {
        match self {
            StoredCell::Null => ColumnValue::Null,
            StoredCell::Bool(truth) => ColumnValue::Bool(*truth),
            StoredCell::Int(number) => ColumnValue::Int(*number),
            StoredCell::Text(text) => ColumnValue::Text(text),
            StoredCell::List(names) => ColumnValue::List(NameList::new(names)),
        }
    }
}

impl StoredRow {
    fn get(&self, name: &str) -> Option<ColumnValue<'_>> {
        let (_, cell) = self.known.iter().find(|(column, _)| column.name == name)?;
        Some(cell.value())
    }

    /// Fails if a value was read as another one. `kept` returns the value of a column after reading;
    /// `None` for columns that are not compared.
    fn check<'r, E: de::Error>(
        &self,
        kept: impl Fn(&Column) -> Option<ColumnValue<'r>>,
    ) -> std::result::Result<(), E> {
        for (column, cell) in &self.known {
            let Some(kept) = kept(column) else { continue };
            if !is_kept(cell.value(), kept) {
                let name = column.name;
                return Err(E::custom(format!(
                    "not a record: `{}` is no value of {name} here",
                    cell.value()
                )));
            }
        }
        Ok(())
    }
}

/// Whether a value that was read as `kept` is the stored one. Null has no value to be lost.
fn is_kept(stored: ColumnValue<'_>, kept: ColumnValue<'_>) -> bool {
    let sorted = |list: NameList<'_>| -> Vec<String> {
        let mut names: Vec<String> = list.iter().map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    match (stored, kept) {
        (ColumnValue::Null, _) => true,
        (ColumnValue::Text(text), ColumnValue::Time(time)) => Timestamp::parse(text) == Some(time),
        (ColumnValue::List(stored), ColumnValue::List(kept)) => sorted(stored) == sorted(kept),
        (stored, kept) => stored == kept,
    }
}

impl<'de> Deserialize<'de> for StoredRow {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<StoredRow, D::Error> {
        from.deserialize_map(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = StoredRow;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record: a map of columns")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<StoredRow, A::Error> {
        let mut row = StoredRow { known: Vec::new(), other: Vec::new() };
        let mut seen = HashSet::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if !seen.insert(name.clone()) {
                let message = format!("not a record: it has two values of {name}");
                return Err(de::Error::custom(message));
            }
            match Column::named(&name) {
                Some(column) => {
                    let shown = value.to_string();
                    let cell = StoredCell::new(column, value).ok_or_else(|| {
                        let kind = column.kind;
                        de::Error::custom(format!(
                            "not a record: {name} is {shown}, and has to be of the kind {kind}"
                        ))
                    })?;
                    row.known.push((column, cell));
                }
                None => row.other.push((name, value)),
            }
        }
        Ok(row)
    }
}
