//! What a scan says to its inventory.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::Arc;

use rmsight::{Envelope, Estate, Facts, Record, Value, judge};
use rusqlite::types::Value as Sql;
use sha2::{Digest as _, Sha256};

use super::path_mapping::PathMapping;
use super::schema;
use crate::fs::walk::{Dir, Stamp};

/// What a scan sets out to do.
pub(crate) struct Plan<'a> {
    pub(crate) source: Option<&'a str>,
    /// The computer that scans.
    pub(crate) host: &'a str,
    pub(crate) maps: &'a PathMapping,
    pub(crate) reading: &'a ReadingRow,
    /// Which rows of an earlier reading stay as they are.
    pub(crate) fitness: &'a dyn Fn(&ReadingRow) -> Fitness,
    pub(crate) include: &'a [String],
    pub(crate) exclude: &'a [String],
    pub(crate) one_file_system: bool,
    pub(crate) hydrate: bool,
}

/// What decides which facts the bytes of a file give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadingRow {
    pub(crate) reader: u32,
    /// Options and limits, the same text for the same.
    pub(crate) options: String,
}

impl ReadingRow {
    pub(super) fn digest(&self) -> String {
        let hash = Sha256::digest(format!("{}\n{}", self.reader, self.options));
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RootKind {
    /// A folder or a file that was named.
    Path,
    /// A list of files.
    List,
}

impl RootKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            RootKind::Path => "path",
            RootKind::List => "list",
        }
    }
}

/// Which rows of an earlier reading hold what the current one would find.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fitness {
    /// The program that read them is older than this one: none of them.
    pub(crate) is_older: bool,
    /// None of them.
    pub(crate) is_stale: bool,
    /// Not those with a license: the current one reads more of it.
    pub(crate) not_licensed: bool,
    /// Not those that ended at a limit: the current one allows more.
    pub(crate) not_limited: bool,
}

/// A file that was looked at.
#[derive(Debug)]
pub(crate) struct FileRow {
    pub(crate) dir: Arc<Dir>,
    pub(crate) name: OsString,
    /// Nothing where it could not be had.
    pub(crate) stamp: Option<Stamp>,
    pub(crate) device: Option<Arc<str>>,
    /// Why to look at it again in any case; nothing where it was read.
    pub(crate) retry: Option<&'static str>,
    pub(crate) findings: Vec<FindingRow>,
}

/// The facts of one finding, by the columns of the record.
#[derive(Debug, Default)]
pub(crate) struct FindingRow {
    pub(super) values: Vec<Sql>,
    pub(super) key: Option<KeyRow>,
}

#[derive(Debug)]
pub(super) struct KeyRow {
    pub(super) key: String,
    pub(super) bits: Option<u32>,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) address: Option<String>,
    pub(super) tenant: Option<String>,
}

impl FileRow {
    /// What stands for a folder that could not be listed.
    pub(super) fn unlisted(
        dir: &Arc<Dir>,
        code: &'static str,
        error: &str,
        device: Option<Arc<str>>,
    ) -> FileRow {
        let facts = Facts::not_opened(code, error);
        let verdict = judge(&facts, &Estate::default());
        let envelope = Envelope::new("");
        let record = Record { envelope: &envelope, facts: &facts, verdict: &verdict };
        FileRow {
            dir: Arc::clone(dir),
            name: OsString::new(),
            stamp: None,
            device,
            retry: Some(code),
            findings: vec![FindingRow::of(&record)],
        }
    }
}

impl FindingRow {
    pub(crate) fn of(record: &Record<'_>) -> FindingRow {
        let license = record.facts.license.as_deref();
        let key = license.and_then(|license| {
            Some(KeyRow {
                key: license.slc_key.clone()?,
                bits: license.slc_key_bits,
                id: license.slc_id.clone(),
                name: license.slc_name.clone(),
                address: license.slc_address.clone(),
                tenant: license.tenant_id.clone(),
            })
        });
        let values = schema::fact_columns().map(|column| sql(column.value(record))).collect();
        FindingRow { values, key }
    }
}

fn sql(value: Value<'_>) -> Sql {
    match value {
        Value::Bool(truth) => Sql::Integer(truth.into()),
        // The record has no number beyond 2^63.
        Value::Int(number) => i64::try_from(number).map_or(Sql::Null, Sql::Integer),
        Value::Text(text) => Sql::Text(text.to_owned()),
        Value::Time(time) => Sql::Integer(time.unix()),
        // What judging found odd is no fact.
        Value::List(facts, _) => Sql::Text(Value::List(facts, &[]).to_string()),
        _ => Sql::Null,
    }
}

/// Files that were not where they had been.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Vanished {
    /// They are gone.
    pub(crate) gone: u64,
    /// Nobody knows: their device is not there either.
    pub(crate) kept: u64,
}

/// The rows of a scan that has begun.
#[derive(Debug, Clone)]
pub(crate) struct BegunScan {
    pub(super) scan: i64,
    pub(super) source: i64,
    /// All readings of the inventory.
    pub(super) readings: Arc<HashMap<i64, Fitness>>,
}

/// What a scan has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) read: u64,
    pub(crate) unchanged: u64,
    pub(crate) failed: u64,
    pub(crate) excluded: u64,
    pub(crate) links: u64,
    pub(crate) special: u64,
    pub(crate) bytes: u64,
}

/// How one root went.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) root: i64,
    pub(crate) files: u64,
    /// Of these, those that were not left out.
    pub(crate) scanned: u64,
    pub(crate) excluded: u64,
    pub(crate) filtered: u64,
    pub(crate) device: Option<Arc<str>>,
    /// The walk came to its end.
    pub(crate) is_finished: bool,
    /// And every folder could be listed.
    pub(crate) is_complete: bool,
    pub(crate) error: Option<String>,
}
