//! The columns of the record as one table: name, kind, part, getter and setter of each.
//!
//! Every written form (NDJSON, CSV, a database) iterates over [`COLUMNS`], so that all forms agree.
//! [`Facts::from_columns`] reads the facts back, and they can be judged again.

use std::borrow::Cow;

use super::column::{Access, Column, ColumnKind, ColumnPart};
use super::envelope::SCHEMA_VERSION;
use super::row::Record;
use super::value::ColumnValue;
use crate::authority::KeyMatch;
use crate::facts::{Facts, LicenseFacts, UnknownValue};
use crate::kinds::{
    Container, Depth, Hierarchy, IssuerKind, KeyLink, Protection, Searched, Signature,
};
use crate::timestamp::Timestamp;
use crate::verdict::{Confidence, Dependency, Need};

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
    facts: &'a Facts,
    get: fn(&'a LicenseFacts) -> ColumnValue<'a>,
) -> ColumnValue<'a> {
    facts.license.as_deref().map_or(ColumnValue::Null, get)
}

/// Returns the license facts to set a value in, and adds them if they are missing.
fn license(facts: &mut Facts) -> &mut LicenseFacts {
    facts.license.get_or_insert_default()
}

/// Returns a name of a closed list. If `least`, the value is the one that an unknown name reads as,
/// and an unknown name in the record takes its place.
fn name<'a>(
    unknown: &'a [UnknownValue],
    column: &str,
    value: &'static str,
    least: bool,
) -> ColumnValue<'a> {
    let kept = unknown.iter().find(|kept| least && kept.column == column);
    ColumnValue::Text(kept.map_or(value, |kept| &kept.name))
}

/// Reads a name of a closed list. Adds an unknown name to `unknown`, and returns `None` for it.
pub(super) fn read_name<T>(
    unknown: &mut Vec<UnknownValue>,
    column: &'static str,
    value: ColumnValue<'_>,
    from_name: fn(&str) -> Option<T>,
) -> Option<T> {
    let name = value.text().filter(|name| !name.is_empty())?;
    let known = from_name(name);
    if known.is_none() {
        unknown.push(UnknownValue::new(column, name));
    }
    known
}

/// A column of one part.
macro_rules! column {
    ($name:ident $kind:ident $part:ident, $access:expr) => {
        Column {
            name: stringify!($name),
            kind: ColumnKind::$kind,
            part: ColumnPart::$part,
            needs_whole_license: false,
            json_key: concat!(",\"", stringify!($name), "\":"),
            json_null: concat!(",\"", stringify!($name), "\":null"),
            access: $access,
        }
    };
}

macro_rules! envelope {
    ($name:ident $kind:ident, $get:expr) => {
        column!($name $kind Envelope, Access::Envelope($get))
    };
}

/// A column of the facts with explicit accessors.
macro_rules! facts {
    ($name:ident $kind:ident, $get:expr, $set:expr) => {
        column!($name $kind Facts, Access::Facts { get: $get, set: $set })
    };
}

macro_rules! verdict {
    ($name:ident $kind:ident, $get:expr) => {
        column!($name $kind Verdict, Access::Verdict($get))
    };
}

/// A column that is the field of the same name in [`Facts`].
macro_rules! fact {
    ($name:ident $kind:ident $get:ident $back:ident) => {
        facts!($name $kind, |facts| $get(&facts.$name),
            |facts, value| facts.$name = value.$back())
    };
}

/// A column that is the field of the same name in [`LicenseFacts`].
macro_rules! license {
    ($name:ident $kind:ident $get:ident $back:ident) => {
        facts!($name $kind, |facts| of_license(facts, |license| $get(&license.$name)),
            |facts, value| if let Some(value) = value.$back() {
                license(facts).$name = Some(value);
            })
    };
}

/// A column that is an enum in [`Facts`]. An unknown name reads as the last argument.
macro_rules! choice {
    ($name:ident $enum:ident $least:ident) => {
        facts!($name Text,
            |facts| name(&facts.unknown, stringify!($name), facts.$name.as_str(),
                facts.$name == $enum::$least),
            |facts, value| {
                let read =
                    read_name(&mut facts.unknown, stringify!($name), value, $enum::from_name);
                facts.$name = read.unwrap_or($enum::$least);
            })
    };
}

/// A column that is an enum in the verdict. An unknown name reads as the last argument.
macro_rules! judged {
    ($name:ident $enum:ident $least:ident) => {
        verdict!($name Text, |verdict| name(verdict.unknown(), stringify!($name),
            verdict.$name().as_str(), verdict.$name() == $enum::$least))
    };
}

/// The columns of the record, in the order in which they are written. A later version adds columns at the
/// end.
///
/// [`Column`] says where the meaning and the unit of each column are documented: in `docs/RECORD.md` of the
/// package, in `rmsight columns`, and at the fields of [`Envelope`](crate::Envelope), [`Facts`],
/// [`LicenseFacts`] and the functions of [`Verdict`](crate::Verdict) with the same name.
///
/// ```
/// let names: Vec<&str> = rmsight::COLUMNS.iter().map(|column| column.name).collect();
/// println!("{}", names.join(","));
/// # assert!(names.contains(&"slc_key"));
/// ```
pub static COLUMNS: &[Column] = &[
    envelope!(schema Int, |_| ColumnValue::Int(SCHEMA_VERSION.into())),
    envelope!(reader Int, |envelope| ColumnValue::Int(envelope.reader.into())),
    envelope!(source Text, |envelope| cow(&envelope.source)),
    envelope!(path Text, |envelope| ColumnValue::Text(&envelope.path)),
    envelope!(path_raw Text, |envelope| cow(&envelope.path_raw)),
    envelope!(size Int, |envelope| int(&envelope.size)),
    envelope!(modified Time, |envelope| time(&envelope.modified)),
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
    license!(content_id Text text owned).whole(),
    license!(owner Text text owned).whole(),
    license!(owner_id_type Text text owned).whole(),
    facts!(issuer_kind Text,
    |facts| match facts.license.as_deref().and_then(|license| license.issuer_kind) {
        Some(kind) => ColumnValue::Text(kind.as_str()),
        None => unknown(&facts.unknown, "issuer_kind"),
    },
    |facts, value| {
        let read = read_name(&mut facts.unknown, "issuer_kind", value, IssuerKind::from_name);
        if read.is_some() {
            license(facts).issuer_kind = read;
        }
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
    facts!(hierarchy Text,
    |facts| match facts.license.as_deref().and_then(|license| license.hierarchy) {
        Some(found) => {
            name(&facts.unknown, "hierarchy", found.as_str(), found == Hierarchy::Unknown)
        }
        None => ColumnValue::Null,
    },
    |facts, value| if value.text().is_some_and(|name| !name.is_empty()) {
        let read = read_name(&mut facts.unknown, "hierarchy", value, Hierarchy::from_name);
        license(facts).hierarchy = Some(read.unwrap_or(Hierarchy::Unknown));
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
    facts!(signature Text,
    |facts| {
        let found = signature(facts);
        name(&facts.unknown, "signature", found.as_str(), found == Signature::NotChecked)
    },
    |facts, value| {
        let read = read_name(&mut facts.unknown, "signature", value, Signature::from_name);
        if let Some(found) = read.filter(|found| *found != Signature::NotChecked) {
            license(facts).signature = found;
        }
    }),
    facts!(link Text,
    |facts| {
        let found = link(facts);
        name(&facts.unknown, "link", found.as_str(), found == KeyLink::NotChecked)
    },
    |facts, value| {
        let read = read_name(&mut facts.unknown, "link", value, KeyLink::from_name);
        if let Some(found) = read.filter(|found| *found != KeyLink::NotChecked) {
            license(facts).link = found;
        }
    }),
    facts!(error_code Text,
        |facts| cow(&facts.error_code),
        |facts, value| facts.error_code = value.owned().map(Cow::Owned)),
    fact!(error Text text owned),
    fact!(error_offset Int int int),
    column!(anomalies List Facts, Access::Anomalies),
    judged!(need Need Possible),
    judged!(dependency Dependency Undecided),
    verdict!(confidence Text, |verdict| match verdict.confidence() {
        Some(step) => {
            name(verdict.unknown(), "confidence", step.as_str(), step == Confidence::Low)
        }
        None => ColumnValue::Null,
    }),
    verdict!(rule Text, |verdict| ColumnValue::Text(verdict.rule())),
    verdict!(rules Int, |verdict| ColumnValue::Int(verdict.rules().into())),
    judged!(key_match KeyMatch None),
    verdict!(authority Text, |verdict| maybe(verdict.authority())),
    verdict!(estate Text, |verdict| maybe(verdict.estate())),
    // New columns follow, of any part.
    envelope!(etag Text, |envelope| cow(&envelope.etag)),
    envelope!(version_id Text, |envelope| cow(&envelope.version_id)),
    envelope!(tier Text, |envelope| cow(&envelope.tier)),
];

impl Column {
    /// Returns the column of that name; `None` if this version does not know it.
    pub fn named(name: &str) -> Option<&'static Column> {
        COLUMNS.iter().find(|column| column.name == name)
    }
}

impl PartialEq<Record<'_>> for Record<'_> {
    fn eq(&self, other: &Record<'_>) -> bool {
        #[cfg(feature = "serde")]
        if self.other != other.other {
            return false;
        }
        COLUMNS.iter().all(|column| column.value(self) == column.value(other))
    }
}

impl Eq for Record<'_> {}

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

fn unknown<'a>(unknown: &'a [UnknownValue], column: &str) -> ColumnValue<'a> {
    let kept = unknown.iter().find(|kept| kept.column == column);
    maybe(kept.map(|kept| kept.name.as_str()))
}

#[cfg(test)]
mod tests;
