//! The columns of the record as one table: name, kind, part, getter and setter of each.
//!
//! Every written form (NDJSON, CSV, a database) iterates over [`COLUMNS`], so that all forms agree.
//! [`Facts::from_columns`] reads the facts back, and they can be judged again.

use std::borrow::Cow;

use super::envelope::SCHEMA_VERSION;
use super::row::Record;
use super::value::ColumnValue;
use crate::facts::{Facts, LicenseFacts};
use crate::kinds::{
    Anomaly, Container, Depth, Hierarchy, IssuerKind, KeyLink, Protection, Searched, Signature,
    vocabulary,
};
use crate::timestamp::Timestamp;
use crate::verdict::RULES_VERSION;

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
    /// record says so.
    pub enum ColumnKind {
        /// True or false.
        Bool = "bool",
        /// An integer from 0 to 2^63 - 1.
        Int = "int",
        /// Unicode text.
        Text = "text",
        /// A time in UTC, to the second.
        Time = "time",
        /// Any number of names of a closed vocabulary.
        List = "list",
    }
}

/// One column of the record.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Column {
    /// The name, the same in every written form.
    pub name: &'static str,
    /// The type of its values.
    pub kind: ColumnKind,
    /// The part of the record that it belongs to.
    pub part: ColumnPart,
    /// Whether the value is null unless the whole license was read.
    pub needs_whole_license: bool,
    /// The name as a JSON key, with the comma before and the colon after it.
    pub(super) json_key: &'static str,
    /// `json_key` with the value `null`, so that a null column is a single write.
    pub(super) json_null: &'static str,
    get: for<'a> fn(&Record<'a>) -> ColumnValue<'a>,
    pub(super) set: fn(&mut Facts, ColumnValue<'_>),
}

impl Column {
    /// Returns the value of `record` in this column.
    pub fn value<'a>(&self, record: &Record<'a>) -> ColumnValue<'a> {
        if self.needs_whole_license && record.facts.depth == Depth::Head {
            return ColumnValue::Null;
        }
        (self.get)(record)
    }

    /// Marks the column as null unless the whole license was read.
    const fn whole(mut self) -> Column {
        self.needs_whole_license = true;
        self
    }

    /// Returns the column of that name.
    pub fn named(name: &str) -> Option<&'static Column> {
        COLUMNS.iter().find(|column| column.name == name)
    }
}

fn text(value: &Option<String>) -> ColumnValue<'_> {
    maybe(value.as_deref())
}

fn int<T: Copy + Into<u64>>(value: &Option<T>) -> ColumnValue<'static> {
    value.map_or(ColumnValue::Null, |number| ColumnValue::Int(number.into()))
}

fn time(value: &Option<Timestamp>) -> ColumnValue<'static> {
    value.map_or(ColumnValue::Null, ColumnValue::Time)
}

fn bool(value: &Option<bool>) -> ColumnValue<'static> {
    value.map_or(ColumnValue::Null, ColumnValue::Bool)
}

/// Returns a value of the license, or null without a license.
fn of_license<'a>(
    record: &Record<'a>,
    get: fn(&'a LicenseFacts) -> ColumnValue<'a>,
) -> ColumnValue<'a> {
    record.facts.license.as_deref().map_or(ColumnValue::Null, get)
}

/// Returns the license facts to set a value in, and adds them if they are missing.
fn license(facts: &mut Facts) -> &mut LicenseFacts {
    facts.license.get_or_insert_default()
}

/// A column with explicit accessors. Without a setter it is not read back.
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

/// A column that is an enum in [`Facts`]. An unknown name reads as the last argument.
macro_rules! choice {
    ($name:ident $enum:ident $unknown:ident) => {
        column!($name Text Facts, |record| ColumnValue::Text(record.facts.$name.as_str()),
            |facts, value| facts.$name =
                value.text().and_then($enum::from_name).unwrap_or($enum::$unknown))
    };
}

/// The columns of the record, in the order in which they are written.
pub static COLUMNS: &[Column] = &[
    column!(schema Int Envelope, |_| ColumnValue::Int(SCHEMA_VERSION.into())),
    column!(reader Int Envelope, |record| ColumnValue::Int(record.envelope.reader.into())),
    column!(source Text Envelope, |record| cow(&record.envelope.source)),
    column!(path Text Envelope, |record| ColumnValue::Text(&record.envelope.path)),
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
        license.issuer_kind.map_or(ColumnValue::Null, |kind| ColumnValue::Text(kind.as_str()))
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
        license.hierarchy.map_or(ColumnValue::Null, |found| ColumnValue::Text(found.as_str()))
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
    |record| ColumnValue::Text(signature(record.facts).as_str()),
    |facts, value| {
        let found = value.text().and_then(Signature::from_name);
        if let Some(found) = found.filter(|found| *found != Signature::NotChecked) {
            license(facts).signature = found;
        }
    }),
    column!(link Text Facts,
    |record| ColumnValue::Text(link(record.facts).as_str()),
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
        |record| ColumnValue::List(&record.facts.anomalies, record.verdict.anomalies()),
        |facts, value| facts.anomalies = anomalies(value)),
    column!(need Text Verdict, |record| ColumnValue::Text(record.verdict.need().as_str())),
    column!(dependency Text Verdict, |record| ColumnValue::Text(record.verdict.dependency().as_str())),
    column!(confidence Text Verdict, |record| {
        record.verdict.confidence().map_or(ColumnValue::Null, |step| ColumnValue::Text(step.as_str()))
    }),
    column!(rule Text Verdict, |record| ColumnValue::Text(record.verdict.rule())),
    column!(rules Int Verdict, |_| ColumnValue::Int(RULES_VERSION.into())),
    column!(key_match Text Verdict, |record| ColumnValue::Text(record.verdict.key_match().as_str())),
    column!(authority Text Verdict, |record| maybe(record.verdict.authority())),
    column!(estate Text Verdict, |record| maybe(record.verdict.estate())),
];

fn maybe(value: Option<&str>) -> ColumnValue<'_> {
    value.map_or(ColumnValue::Null, ColumnValue::Text)
}

fn cow<'a>(value: &'a Option<Cow<'_, str>>) -> ColumnValue<'a> {
    maybe(value.as_deref())
}

fn signature(facts: &Facts) -> Signature {
    facts.license.as_ref().map_or(Signature::NotChecked, |license| license.signature)
}

fn link(facts: &Facts) -> KeyLink {
    facts.license.as_ref().map_or(KeyLink::NotChecked, |license| license.link)
}

/// Returns the anomalies of the facts. Those of an earlier verdict are not facts.
fn anomalies(value: ColumnValue<'_>) -> Vec<Anomaly> {
    let mut found: Vec<Anomaly> = match value {
        ColumnValue::List(facts, judging) => facts.iter().chain(judging).copied().collect(),
        ColumnValue::Text(names) => {
            names.split_ascii_whitespace().filter_map(Anomaly::from_name).collect()
        }
        _ => Vec::new(),
    };
    // In the vocabulary, the anomalies of facts precede those of verdicts.
    found.retain(|anomaly| *anomaly < Anomaly::ImportedKeyLikely);
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests;
