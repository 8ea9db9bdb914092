//! The columns of the record as one table: name, kind, part, and how to get and set each.
//!
//! Every written form (NDJSON, CSV, a database) walks [`COLUMNS`], so that no two can disagree; what
//! was written is read back with [`Facts::from_columns`] and can be judged again.

use std::borrow::Cow;
use std::fmt;

use super::record::{Envelope, Record, SCHEMA_VERSION};
use crate::error::{Error, Result};
use crate::facts::{Facts, LicenseFacts};
use crate::kinds::vocabulary;
use crate::kinds::{Anomaly, Container, Protection};
use crate::kinds::{Depth, Hierarchy, IssuerKind, KeyLink, Searched, Signature};
use crate::timestamp::Timestamp;
use crate::verdict::RULES_VERSION;

vocabulary! {
    /// Which part of the record a column belongs to.
    pub enum ColumnPart {
        /// Where and when, from the caller.
        Envelope = "envelope",
        /// From the bytes alone.
        Facts = "facts",
        /// From the facts and the estate.
        Verdict = "verdict",
    }
}

vocabulary! {
    /// What kind of values a column has. Each but the list may be null where the documentation of
    /// the record says so.
    pub enum ColumnKind {
        /// True or false.
        Bool = "bool",
        /// A whole number, not negative, below 2^63.
        Int = "int",
        /// Unicode text.
        Text = "text",
        /// A point in time, in UTC, to the second.
        Time = "time",
        /// Any number of short names.
        List = "list",
    }
}

/// One value of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Not known, or not there.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(u64),
    /// Text.
    Text(&'a str),
    /// A point in time.
    Time(Timestamp),
    /// The anomalies of the facts, then those of the judging.
    List(&'a [Anomaly], &'a [Anomaly]),
}

impl<'a> Value<'a> {
    /// Whether it is null.
    pub fn is_null(self) -> bool {
        self == Value::Null
    }

    fn text(self) -> Option<&'a str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn owned(self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    fn time(self) -> Option<Timestamp> {
        match self {
            Value::Time(time) => Some(time),
            Value::Text(text) => Timestamp::parse(text),
            _ => None,
        }
    }

    fn int(self) -> Option<u64> {
        match self {
            Value::Int(number) => Some(number),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn small(self) -> Option<u32> {
        self.int().and_then(|number| u32::try_from(number).ok())
    }

    fn bool(self) -> Option<bool> {
        match self {
            Value::Bool(truth) => Some(truth),
            Value::Text("true") => Some(true),
            Value::Text("false") => Some(false),
            _ => None,
        }
    }
}

/// The form for CSV and for people: null is empty, a list is joined by spaces.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => Ok(()),
            Value::Bool(truth) => truth.fmt(f),
            Value::Int(number) => number.fmt(f),
            Value::Text(text) => f.write_str(text),
            Value::Time(time) => time.fmt(f),
            Value::List(facts, judging) => {
                for (at, anomaly) in facts.iter().chain(*judging).enumerate() {
                    let separator = if at == 0 { "" } else { " " };
                    write!(f, "{separator}{anomaly}")?;
                }
                Ok(())
            }
        }
    }
}

/// One column of the record.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Column {
    /// Its name, the same in every written form.
    pub name: &'static str,
    /// What kind of values it has.
    pub kind: ColumnKind,
    /// Which part of the record it belongs to.
    pub part: ColumnPart,
    /// Whether it is null unless the whole license was read.
    pub needs_whole_license: bool,
    /// The name as a JSON key, between its comma and its colon.
    pub(super) json_key: &'static str,
    /// The same with `null` behind it, which most values of most records are.
    pub(super) json_null: &'static str,
    get: for<'a> fn(&Record<'a>) -> Value<'a>,
    set: fn(&mut Facts, Value<'_>),
}

impl Column {
    /// The value that `record` has in this column.
    pub fn value<'a>(&self, record: &Record<'a>) -> Value<'a> {
        if self.needs_whole_license && record.facts.depth == Depth::Head {
            return Value::Null;
        }
        (self.get)(record)
    }

    /// The same column, null unless the whole license was read.
    const fn whole(mut self) -> Column {
        self.needs_whole_license = true;
        self
    }

    /// The column of that name.
    pub fn named(name: &str) -> Option<&'static Column> {
        COLUMNS.iter().find(|column| column.name == name)
    }
}

fn text(value: &Option<String>) -> Value<'_> {
    maybe(value.as_deref())
}

fn int<T: Copy + Into<u64>>(value: &Option<T>) -> Value<'static> {
    value.map_or(Value::Null, |number| Value::Int(number.into()))
}

fn time(value: &Option<Timestamp>) -> Value<'static> {
    value.map_or(Value::Null, Value::Time)
}

fn bool(value: &Option<bool>) -> Value<'static> {
    value.map_or(Value::Null, Value::Bool)
}

/// What the license says, or null without one.
fn of_license<'a>(record: &Record<'a>, get: fn(&'a LicenseFacts) -> Value<'a>) -> Value<'a> {
    record.facts.license.as_deref().map_or(Value::Null, get)
}

/// The license that a value read back belongs to.
fn license(facts: &mut Facts) -> &mut LicenseFacts {
    facts.license.get_or_insert_default()
}

/// A column with its own accessors. Without a setter it is not read back.
macro_rules! column {
    ($name:ident $kind:ident $part:ident, $get:expr) => {
        column!($name $kind $part, $get, |_, _| ())
    };
    ($name:ident $kind:ident $part:ident, $get:expr, $set:expr) => {
        Column {
            name: stringify!($name),
            kind: ColumnKind::$kind,
            part: ColumnPart::$part,
            needs_whole_license: false,
            json_key: concat!(",\"", stringify!($name), "\":"),
            json_null: concat!(",\"", stringify!($name), "\":null"),
            get: $get,
            set: $set,
        }
    };
}

/// A column that is the field of the same name in [`Facts`].
macro_rules! fact {
    ($name:ident $kind:ident $get:ident $back:ident) => {
        column!($name $kind Facts, |record| $get(&record.facts.$name),
            |facts, value| facts.$name = value.$back())
    };
}

/// A column that is the field of the same name in [`LicenseFacts`].
macro_rules! license {
    ($name:ident $kind:ident $get:ident $back:ident) => {
        column!($name $kind Facts, |record| of_license(record, |license| $get(&license.$name)),
            |facts, value| if let Some(value) = value.$back() {
                license(facts).$name = Some(value);
            })
    };
}

/// A column that is an enum in [`Facts`]; a name that nobody knows reads as the last.
macro_rules! choice {
    ($name:ident $enum:ident $unknown:ident) => {
        column!($name Text Facts, |record| Value::Text(record.facts.$name.as_str()),
            |facts, value| facts.$name =
                value.text().and_then($enum::from_name).unwrap_or($enum::$unknown))
    };
}

/// The columns of the record, in its order.
pub static COLUMNS: &[Column] = &[
    column!(schema Int Envelope, |_| Value::Int(SCHEMA_VERSION.into())),
    column!(reader Int Envelope, |record| Value::Int(record.envelope.reader.into())),
    column!(source Text Envelope, |record| cow(&record.envelope.source)),
    column!(path Text Envelope, |record| Value::Text(&record.envelope.path)),
    column!(path_raw Text Envelope, |record| cow(&record.envelope.path_raw)),
    column!(size Int Envelope, |record| int(&record.envelope.size)),
    column!(modified Time Envelope, |record| time(&record.envelope.modified)),
    fact!(member Text text owned),
    fact!(member_size Int int int),
    choice!(container Container Other),
    choice!(protection Protection Unknown),
    choice!(searched Searched No),
    choice!(depth Depth Full),
    license!(license_offset Int int int),
    license!(license_bytes Int int int),
    license!(license_sha256 Text text owned).whole(),
    license!(chain_length Int int small).whole(),
    license!(crypto_mode Int int small).whole(),
    license!(issued Time time time),
    license!(valid_until Time time time),
    license!(descriptor_id Text text owned),
    license!(descriptor_name Text text owned),
    license!(content_id Text text owned),
    license!(owner Text text owned),
    license!(owner_id_type Text text owned),
    column!(issuer_kind Text Facts,
    |record| of_license(record, |license| {
        license.issuer_kind.map_or(Value::Null, |kind| Value::Text(kind.as_str()))
    }),
    |facts, value| if let Some(name) = value.text() {
        license(facts).issuer_kind = IssuerKind::from_name(name);
    }),
    license!(issuer_id_type Text text owned),
    license!(issuer_id Text text owned),
    license!(issuer_name Text text owned),
    license!(client_version Text text owned),
    license!(clc_issued Time time time).whole(),
    license!(clc_until Time time time).whole(),
    license!(slc_id Text text owned),
    license!(slc_key Text text owned),
    license!(slc_key_bits Int int small),
    license!(slc_name Text text owned),
    license!(slc_address Text text owned),
    license!(server_version Text text owned),
    license!(server_sku Text text owned),
    license!(tenant_id Text text owned),
    column!(hierarchy Text Facts,
    |record| of_license(record, |license| {
        license.hierarchy.map_or(Value::Null, |found| Value::Text(found.as_str()))
    }),
    |facts, value| if let Some(name) = value.text() {
        let found = Hierarchy::from_name(name).unwrap_or(Hierarchy::Unknown);
        license(facts).hierarchy = Some(found);
    })
    .whole(),
    license!(slc_issuer_key Text text owned).whole(),
    license!(licensing_intranet Text text owned),
    license!(licensing_extranet Text text owned),
    license!(referral Text text owned),
    fact!(label_id Text text owned).whole(),
    fact!(label_tenant Text text owned).whole(),
    license!(double_key Bool bool bool).whole(),
    fact!(use_licenses Int int small).whole(),
    fact!(use_license_key Text text owned).whole(),
    column!(signature Text Facts,
    |record| Value::Text(signature(record.facts).as_str()),
    |facts, value| {
        let found = value.text().and_then(Signature::from_name);
        if let Some(found) = found.filter(|found| *found != Signature::NotChecked) {
            license(facts).signature = found;
        }
    }),
    column!(link Text Facts,
    |record| Value::Text(link(record.facts).as_str()),
    |facts, value| {
        let found = value.text().and_then(KeyLink::from_name);
        if let Some(found) = found.filter(|found| *found != KeyLink::NotChecked) {
            license(facts).link = found;
        }
    }),
    column!(error_code Text Facts,
        |record| cow(&record.facts.error_code),
        |facts, value| facts.error_code = value.owned().map(Cow::Owned)),
    fact!(error Text text owned),
    fact!(error_offset Int int int),
    column!(anomalies List Facts,
        |record| Value::List(&record.facts.anomalies, record.verdict.anomalies()),
        |facts, value| facts.anomalies = anomalies(value)),
    column!(need Text Verdict, |record| Value::Text(record.verdict.need().as_str())),
    column!(dependency Text Verdict, |record| Value::Text(record.verdict.dependency().as_str())),
    column!(confidence Text Verdict, |record| {
        record.verdict.confidence().map_or(Value::Null, |step| Value::Text(step.as_str()))
    }),
    column!(rule Text Verdict, |record| Value::Text(record.verdict.rule())),
    column!(rules Int Verdict, |_| Value::Int(RULES_VERSION.into())),
    column!(key_match Text Verdict, |record| Value::Text(record.verdict.key_match().as_str())),
    column!(authority Text Verdict, |record| maybe(record.verdict.authority())),
    column!(estate Text Verdict, |record| maybe(record.verdict.estate())),
];

fn maybe(value: Option<&str>) -> Value<'_> {
    value.map_or(Value::Null, Value::Text)
}

fn cow<'a>(value: &'a Option<Cow<'_, str>>) -> Value<'a> {
    maybe(value.as_deref())
}

fn signature(facts: &Facts) -> Signature {
    facts.license.as_ref().map_or(Signature::NotChecked, |license| license.signature)
}

fn link(facts: &Facts) -> KeyLink {
    facts.license.as_ref().map_or(KeyLink::NotChecked, |license| license.link)
}

/// The facts' own anomalies; those of an earlier judging are not facts.
fn anomalies(value: Value<'_>) -> Vec<Anomaly> {
    let mut found: Vec<Anomaly> = match value {
        Value::List(facts, judging) => facts.iter().chain(judging).copied().collect(),
        Value::Text(names) => {
            names.split_ascii_whitespace().filter_map(Anomaly::from_name).collect()
        }
        _ => Vec::new(),
    };
    // The list names those of the facts first.
    found.retain(|anomaly| *anomaly < Anomaly::ImportedKeyLikely);
    found.sort_unstable();
    found.dedup();
    found
}

impl Facts {
    /// Facts as a record holds them: `value` gives what stands in a column. Numbers, times and
    /// truth values may be text too, and anomalies one text joined by spaces.
    ///
    /// A record that lacks a column reads as null there; a name of an enum that is not known here
    /// reads as the one that claims least.
    ///
    /// # Errors
    /// When it is no record, or one of a later schema.
    pub fn from_columns<'a>(value: impl Fn(&str) -> Option<Value<'a>>) -> Result<Facts> {
        check_schema(value("schema"))?;
        for name in ["container", "protection", "searched"] {
            if value(name).and_then(Value::text).is_none() {
                return Err(Error::config(format!("not a record: it has no {name}")));
            }
        }
        let mut facts = Facts::new(Container::Other, Protection::Unknown);
        for column in COLUMNS.iter().filter(|column| column.part == ColumnPart::Facts) {
            (column.set)(&mut facts, value(column.name).unwrap_or(Value::Null));
        }
        Ok(facts)
    }
}

impl Envelope<'_> {
    /// The envelope of a record, as [`Facts::from_columns`] reads its facts.
    ///
    /// # Errors
    /// When it is no record, or one of a later schema.
    pub fn from_columns<'v>(value: impl Fn(&str) -> Option<Value<'v>>) -> Result<Envelope<'v>> {
        check_schema(value("schema"))?;
        let text = |name| value(name).and_then(Value::text);
        let Some(path) = text("path") else {
            return Err(Error::config("not a record: it has no path"));
        };
        let Some(reader) = value("reader").and_then(Value::small) else {
            return Err(Error::config("not a record: it has no reader"));
        };
        let mut envelope = Envelope::new(path);
        envelope.reader = reader;
        envelope.source = text("source").map(Cow::Borrowed);
        envelope.path_raw = text("path_raw").map(Cow::Borrowed);
        envelope.size = value("size").and_then(Value::int);
        envelope.modified = value("modified").and_then(Value::time);
        Ok(envelope)
    }
}

fn check_schema(schema: Option<Value<'_>>) -> Result<()> {
    match schema.and_then(Value::int) {
        None => Err(Error::config("not a record: it has no schema")),
        Some(schema) if schema == u64::from(SCHEMA_VERSION) => Ok(()),
        Some(schema) => Err(Error::config(format!(
            "the record has schema {schema}, and only {SCHEMA_VERSION} can be read here"
        ))),
    }
}

#[cfg(test)]
mod tests;
