//! Rows that commands read from an inventory.

use std::borrow::Cow;
use std::cell::Cell;

use rmsight::{Column, ColumnKind, ColumnValue, Envelope, Facts, SCHEMA_VERSION, Timestamp};
use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::fs::path;

/// A scan. Its counters are null until it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScanRow {
    pub(crate) id: i64,
    pub(crate) source: Option<String>,
    pub(crate) started: Timestamp,
    pub(crate) finished: Option<Timestamp>,
    /// `running` (or killed), `finished`, `interrupted`.
    pub(crate) outcome: String,
    pub(crate) reader: u32,
    pub(crate) options: String,
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) one_file_system: bool,
    pub(crate) hydrate: bool,
    /// Whether the privilege for backups was in force; `None` if it was not requested.
    pub(crate) backup: Option<bool>,
    pub(crate) files: Option<u64>,
    pub(crate) read: Option<u64>,
    pub(crate) unchanged: Option<u64>,
    pub(crate) failed: Option<u64>,
    pub(crate) excluded: Option<u64>,
    pub(crate) links: Option<u64>,
    pub(crate) special: Option<u64>,
    /// `None` also in an inventory of an earlier version.
    pub(crate) snapshots: Option<u64>,
    pub(crate) gone: Option<u64>,
    pub(crate) bytes: Option<u64>,
    /// The computer that ran it; `None` in an inventory of the first version.
    pub(crate) host: Option<String>,
}

/// A visit: one root in one scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RootRow {
    pub(crate) scan: i64,
    pub(crate) root: i64,
    pub(crate) source: Option<String>,
    /// Displayed path, with U+FFFD for bytes that are not UTF-8.
    pub(crate) path: String,
    /// The same path as bytes, for comparisons.
    pub(crate) raw: Vec<u8>,
    /// `path` or `list` (of --files-from).
    pub(crate) kind: String,
    pub(crate) started: Timestamp,
    pub(crate) finished: Option<Timestamp>,
    pub(crate) is_complete: bool,
    pub(crate) device: Option<String>,
    pub(crate) files: u64,
    pub(crate) error: Option<String>,
    /// Number of files that were not left out; `None` in an inventory of the first version.
    pub(crate) scanned: Option<u64>,
    pub(crate) excluded: Option<u64>,
    pub(crate) filtered: Option<u64>,
    /// The path with links resolved, as bytes.
    pub(crate) real: Option<Vec<u8>>,
}

/// A link, a junction or a mount point that was not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkRow {
    pub(crate) root: i64,
    /// Displayed path, with U+FFFD for bytes that are not UTF-8.
    pub(crate) path: String,
    /// Target as bytes; `None` if unknown.
    pub(crate) target: Option<Vec<u8>>,
    /// Set for a mount point: a folder that the walk did not enter.
    pub(crate) is_folder: bool,
    /// File system that contains it, if known.
    pub(crate) device: Option<String>,
    /// For a folder, the last scan that listed it on this file system. `None` if that scan left
    /// files out and the file system is gone.
    pub(crate) listed: Option<i64>,
    /// The scan that noted it.
    pub(crate) scan: i64,
}

/// A stored finding, with everything that a verdict depends on.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) envelope: Envelope<'static>,
    pub(crate) facts: Facts,
    /// The owner in the file system of a file that was not read.
    pub(crate) file_owner: Option<String>,
}

/// Returns the envelope of a file, from its path as bytes.
pub(crate) fn envelope(path: Vec<u8>, source: &str, reader: u32) -> Envelope<'static> {
    let path = path::to_path(path);
    let seen = Envelope::of_path(&path);
    let mut envelope = Envelope::new(seen.path.into_owned());
    envelope.path_raw = seen.path_raw.map(|raw| Cow::Owned(raw.into_owned()));
    envelope.source =
        Some(source).filter(|name| !name.is_empty()).map(|name| name.to_owned().into());
    envelope.reader = reader;
    envelope
}

/// Returns the values of the facts by name. They follow `ahead` other columns. Callers read them in
/// order, so that the next column is nearly always the right one.
pub(crate) fn fact_values<'r>(
    columns: &'r [&'static Column],
    row: &'r Row<'_>,
    ahead: usize,
) -> impl Fn(&str) -> Option<ColumnValue<'r>> {
    let next = Cell::new(0);
    move |name| {
        if name == "schema" {
            return Some(ColumnValue::Int(SCHEMA_VERSION.into()));
        }
        let is_named = |at: &usize| columns.get(*at).is_some_and(|column| column.name == name);
        let at = Some(next.get()).filter(is_named).or_else(|| (0..columns.len()).find(is_named))?;
        next.set(at + 1);
        let column = columns.get(at)?;
        Some(value(column.kind, row.get_ref(ahead + at).ok()?))
    }
}

fn value(kind: ColumnKind, stored: ValueRef<'_>) -> ColumnValue<'_> {
    match (kind, stored) {
        (ColumnKind::Bool, ValueRef::Integer(number)) => ColumnValue::Bool(number != 0),
        (ColumnKind::Time, ValueRef::Integer(number)) => {
            ColumnValue::Time(Timestamp::from_unix(number))
        }
        (_, ValueRef::Integer(number)) => {
            u64::try_from(number).map_or(ColumnValue::Null, ColumnValue::Int)
        }
        (_, ValueRef::Text(text)) => {
            std::str::from_utf8(text).map_or(ColumnValue::Null, ColumnValue::Text)
        }
        _ => ColumnValue::Null,
    }
}

pub(super) fn scan_row(row: &Row<'_>) -> rusqlite::Result<ScanRow> {
    let globs = |name| -> rusqlite::Result<Vec<String>> {
        Ok(serde_json::from_str(&row.get::<_, String>(name)?).unwrap_or_default())
    };
    Ok(ScanRow {
        id: row.get("id")?,
        source: source(row)?,
        started: Timestamp::from_unix(row.get("started")?),
        finished: row.get::<_, Option<i64>>("finished")?.map(Timestamp::from_unix),
        outcome: row.get("outcome")?,
        reader: row.get("reader")?,
        options: row.get("options")?,
        include: globs("include")?,
        exclude: globs("exclude")?,
        one_file_system: row.get("one_file_system")?,
        hydrate: row.get("hydrate")?,
        // An earlier version has no such columns.
        backup: row.get("backup").unwrap_or_default(),
        files: row.get("files")?,
        read: row.get("read")?,
        unchanged: row.get("unchanged")?,
        failed: row.get("failed")?,
        excluded: row.get("excluded")?,
        links: row.get("links")?,
        special: row.get("special")?,
        snapshots: row.get("snapshots").unwrap_or_default(),
        gone: row.get("gone")?,
        bytes: row.get("bytes")?,
        // Tables of version 1 have no such column.
        host: row.get("host").unwrap_or_default(),
    })
}

pub(super) fn root_row(row: &Row<'_>) -> rusqlite::Result<RootRow> {
    Ok(RootRow {
        scan: row.get("scan")?,
        root: row.get("root")?,
        source: source(row)?,
        path: row.get("path")?,
        raw: row.get("raw_path")?,
        kind: row.get("kind")?,
        started: Timestamp::from_unix(row.get("started")?),
        finished: row.get::<_, Option<i64>>("finished")?.map(Timestamp::from_unix),
        is_complete: row.get("complete")?,
        device: row.get("device_name")?,
        files: row.get("files")?,
        error: row.get("error")?,
        // Tables of version 1 have no such columns.
        scanned: row.get("scanned").unwrap_or_default(),
        excluded: row.get("excluded").unwrap_or_default(),
        filtered: row.get("filtered").unwrap_or_default(),
        real: row.get("real_path")?,
    })
}

pub(super) fn source(row: &Row<'_>) -> rusqlite::Result<Option<String>> {
    Ok(Some(row.get("source_name")?).filter(|name: &String| !name.is_empty()))
}
