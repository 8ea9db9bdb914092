//! Rows that a scan writes to its inventory.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use rmsight::{
    Column, ColumnKind, ColumnValue, Envelope, ErrorCode, Estate, Facts, NameList, Record, judge,
};
use rusqlite::types::Value as Sql;
use sha2::{Digest as _, Sha256};

use super::path_mapping::PathMapping;
use super::schema;
use crate::fs::walk::{Dir, ObjectStamp, Stamp};

/// Parameters of a scan.
pub(crate) struct Plan<'a> {
    pub(crate) source: Option<&'a str>,
    /// The computer that runs the scan.
    pub(crate) host: &'a str,
    pub(crate) maps: &'a PathMapping,
    pub(crate) reading: &'a ReadingRow,
    /// Returns which rows of an earlier reading stay valid.
    pub(crate) fitness: &'a dyn Fn(&ReadingRow) -> Fitness,
    pub(crate) include: &'a [String],
    pub(crate) exclude: &'a [String],
    pub(crate) one_file_system: bool,
    pub(crate) hydrate: bool,
    /// Whether the privilege for backups is in force, if it was requested.
    pub(crate) backup: Option<bool>,
}

/// Reader version and options, which determine the facts of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadingRow {
    pub(crate) reader: u32,
    /// Options and limits. Equal options give equal text.
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
    /// A folder or file that the user named.
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

/// Which rows of an earlier reading are still valid for the current reading.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fitness {
    /// No row is valid: the program that read them is older than this one.
    pub(crate) is_older: bool,
    /// No row is valid.
    pub(crate) is_stale: bool,
    /// Rows with a license are not valid: the current reading reads more of it.
    pub(crate) not_licensed: bool,
    /// Rows that ended at a limit are not valid: the current limits are higher.
    pub(crate) not_limited: bool,
}

/// A file that was read, or that could not be read.
#[derive(Debug)]
pub(crate) struct FileRow {
    pub(crate) dir: Arc<Dir>,
    pub(crate) name: OsString,
    /// `None` if unknown.
    pub(crate) stamp: Option<Stamp>,
    pub(crate) device: Option<Arc<str>>,
    /// Empty for a file.
    pub(crate) object: ObjectStamp,
    /// Error code for which the next scan reads the file again; `None` if it was read.
    pub(crate) retry: Option<&'static str>,
    /// The owner in the file system; only for a file that was not read, or not to the end.
    pub(crate) owner: Option<Arc<str>>,
    pub(crate) findings: Vec<FindingRow>,
}

/// The facts of one finding, by columns of the record.
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
    /// Returns the row for a folder that could not be listed.
    pub(super) fn unlisted(
        dir: &Arc<Dir>,
        code: ErrorCode,
        error: &str,
        device: Option<Arc<str>>,
    ) -> FileRow {
        let facts = Facts::not_opened(code, error);
        let verdict = judge(&facts, &Estate::default());
        let envelope = Envelope::new("");
        let record = Record::new(&envelope, &facts, &verdict);
        FileRow {
            dir: Arc::clone(dir),
            name: OsString::new(),
            stamp: None,
            device,
            object: ObjectStamp::default(),
            retry: Some(code.as_str()),
            owner: None,
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
        // Anomalies of the verdict are not facts.
        let anomalies: Vec<String> = record.facts.anomaly_names().map(str::to_owned).collect();
        let value = |column: &Column| match column.kind {
            ColumnKind::List => Sql::Text(ColumnValue::List(NameList::new(&anomalies)).to_string()),
            _ => sql(column.value(record)),
        };
        let values = schema::fact_columns().map(value).collect();
        FindingRow { values, key }
    }
}

fn sql(value: ColumnValue<'_>) -> Sql {
    match value {
        ColumnValue::Bool(truth) => Sql::Integer(truth.into()),
        // The record does not contain numbers beyond 2^63.
        ColumnValue::Int(number) => i64::try_from(number).map_or(Sql::Null, Sql::Integer),
        ColumnValue::Text(text) => Sql::Text(text.to_owned()),
        ColumnValue::Time(time) => Sql::Integer(time.unix()),
        _ => Sql::Null,
    }
}

/// Numbers of files that were not found again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Vanished {
    /// Deleted files.
    pub(crate) gone: u64,
    /// Unknown, because their device was not found either.
    pub(crate) kept: u64,
}

/// The database rows of a started scan.
#[derive(Debug, Clone)]
pub(crate) struct BegunScan {
    pub(crate) scan: i64,
    pub(super) source: i64,
    /// All readings in the inventory.
    pub(super) readings: Arc<HashMap<i64, Fitness>>,
}

/// Counters of a scan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ScanCounters {
    pub(crate) read: u64,
    pub(crate) unchanged: u64,
    pub(crate) failed: u64,
    pub(crate) excluded: u64,
    pub(crate) links: u64,
    pub(crate) special: u64,
    pub(crate) snapshots: u64,
    pub(crate) bytes: u64,
}

/// The result of one root.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) root: i64,
    pub(crate) files: u64,
    /// Number of files in `files` that were not left out.
    pub(crate) scanned: u64,
    pub(crate) excluded: u64,
    pub(crate) filtered: u64,
    pub(crate) device: Option<Arc<str>>,
    /// The walk of the root was completed.
    pub(crate) is_finished: bool,
    /// The walk was completed, and every folder was listed.
    pub(crate) is_complete: bool,
    pub(crate) error: Option<String>,
    /// The path of a root of objects: at its end, those that were not found are gone.
    pub(crate) objects: Option<PathBuf>,
}
