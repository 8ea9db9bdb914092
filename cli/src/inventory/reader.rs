//! Reading an inventory.

use std::borrow::Cow;
use std::cell::Cell;
use std::path::{Path, PathBuf};

use rmsight::{Column, ColumnKind, Envelope, Facts, SCHEMA_VERSION, Timestamp, Value};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use super::failure::failed;
use super::lock::set_busy_timeout;
use super::path_mapping::PathMapping;
use super::schema;
use crate::exit::{Failure, Result};
use crate::fs::path;

/// An inventory, opened read-only.
#[derive(Debug)]
pub(crate) struct Inventory {
    db: Connection,
    file: PathBuf,
    columns: Vec<&'static Column>,
}

/// A scan. Its counters are null until it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(dead_code)] // for the commands that read inventories
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
    pub(crate) files: Option<u64>,
    pub(crate) read: Option<u64>,
    pub(crate) unchanged: Option<u64>,
    pub(crate) failed: Option<u64>,
    pub(crate) excluded: Option<u64>,
    pub(crate) links: Option<u64>,
    pub(crate) special: Option<u64>,
    pub(crate) gone: Option<u64>,
    pub(crate) bytes: Option<u64>,
    /// The computer that ran it; `None` in an inventory of the first version.
    pub(crate) host: Option<String>,
}

/// A visit: one root in one scan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(dead_code)] // for the commands that read inventories
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
    /// Row of the file; `None` for a folder that could not be listed.
    #[allow(dead_code)] // for the commands that read inventories
    pub(crate) file: Option<i64>,
    /// The scan that found it.
    #[allow(dead_code)] // for the commands that read inventories
    pub(crate) scan: i64,
}

#[allow(dead_code)] // for the commands that read inventories
impl Inventory {
    /// Opens an existing inventory.
    pub(crate) fn open(file: &Path) -> Result<Inventory> {
        if let Err(error) = file.metadata() {
            return Err(Failure::message(format_args!("{}: {error}", file.display())));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(file, flags).map_err(|error| failed(file, &error))?;
        set_busy_timeout(&db).map_err(|error| failed(file, &error))?;
        schema::check(&db, file)?;
        let columns = schema::stored_columns(&db).map_err(|error| failed(file, &error))?;
        Ok(Inventory { db, file: file.to_owned(), columns })
    }

    /// Returns the columns of the record that findings have in this file.
    pub(crate) fn columns(&self) -> &[&'static Column] {
        &self.columns
    }

    /// Returns the database, for further queries.
    pub(crate) fn db(&self) -> &Connection {
        &self.db
    }

    /// Returns all scans, oldest first.
    pub(crate) fn scans(&self) -> Result<Vec<ScanRow>> {
        self.rows(
            "SELECT scans.*, sources.name AS source_name, readings.reader, readings.options \
             FROM scans JOIN sources ON sources.id = scans.source \
             JOIN readings ON readings.id = scans.reading ORDER BY scans.id",
            scan_row,
        )
    }

    /// Returns the visits of all scans, in their order.
    pub(crate) fn roots(&self) -> Result<Vec<RootRow>> {
        // Tables of version 1 have no such column.
        let real = if self.is_first()? { "NULL" } else { "roots.real" };
        let sql = format!(
            "SELECT root_scans.*, sources.name AS source_name, roots.kind, {real} AS real_path, \
             roots.path AS raw_path, coalesce(roots.display, CAST(roots.path AS TEXT)) AS path, \
             devices.name AS device_name FROM root_scans \
             JOIN roots ON roots.id = root_scans.root JOIN sources ON sources.id = roots.source \
             LEFT JOIN devices ON devices.id = root_scans.device \
             ORDER BY root_scans.scan, root_scans.root"
        );
        self.rows(&sql, root_row)
    }

    /// Returns the links, junctions and mount points that were not followed.
    pub(crate) fn links(&self) -> Result<Vec<LinkRow>> {
        if self.is_first()? {
            return Ok(Vec::new());
        }
        // An earlier version stored links without a device.
        let has_device = schema::has_skipped_device(&self.db);
        let device = match has_device.map_err(|error| failed(&self.file, &error))? {
            true => "skipped.device",
            false => "NULL",
        };
        self.rows(
            &format!(
                "SELECT skipped.root, dirs.path, skipped.name, skipped.target, devices.name, \
                 CASE WHEN dirs.device = {device} AND dirs.listed <> skipped.scan \
                 THEN dirs.listed END, skipped.scan FROM skipped \
                 JOIN dirs ON dirs.id = skipped.dir \
                 LEFT JOIN devices ON devices.id = {device} \
                 ORDER BY skipped.root, dirs.path, skipped.name"
            ),
            |row| {
                let mut path = row.get::<_, Vec<u8>>(1)?;
                let name = row.get::<_, Vec<u8>>(2)?;
                let is_folder = name.is_empty();
                if is_folder {
                    path.truncate(path::trimmed(&path).len());
                }
                path.extend_from_slice(&name);
                Ok(LinkRow {
                    root: row.get(0)?,
                    path: String::from_utf8_lossy(&path).into_owned(),
                    target: row.get(3)?,
                    is_folder,
                    device: row.get(4)?,
                    listed: row.get(5)?,
                    scan: row.get(6)?,
                })
            },
        )
    }

    /// Returns the identity of this inventory. Copies have the same identity.
    pub(crate) fn id(&self) -> Result<String> {
        let sql = match self.is_first()? {
            true => schema::FIRST_ID,
            false => "SELECT value FROM about WHERE name = 'id'",
        };
        let ids = self.rows(sql, |row| row.get::<_, String>(0))?;
        Ok(ids.into_iter().next().unwrap_or_default())
    }

    /// Returns the sources, each with the [`id`](Inventory::id) of an inventory whose scans filled
    /// it. A source that several inventories filled occurs several times.
    pub(crate) fn scanners(&self) -> Result<Vec<(Option<String>, String)>> {
        if self.is_first()? {
            return Ok(Vec::new());
        }
        // The name of the computer follows the id.
        self.rows(
            "SELECT DISTINCT sources.name AS source_name, CASE instr(scanners.id, '@') \
             WHEN 0 THEN scanners.id ELSE substr(scanners.id, 1, instr(scanners.id, '@') - 1) END \
             FROM scanners JOIN sources ON sources.id = scanners.source",
            |row| Ok((source(row)?, row.get(1)?)),
        )
    }

    /// Returns whether the tables are those of the first version.
    pub(crate) fn is_first(&self) -> Result<bool> {
        schema::is_first(&self.db).map_err(|error| failed(&self.file, &error))
    }

    /// Returns the path mapping of `source`.
    pub(crate) fn maps(&self, source: Option<&str>) -> Result<PathMapping> {
        let pairs = self.rows(
            "SELECT sources.name, prefix, target FROM maps \
             JOIN sources ON sources.id = maps.source",
            |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let own = pairs.into_iter().filter(|(name, ..)| name == source.unwrap_or_default());
        Ok(PathMapping::new(own.map(|(_, prefix, target)| (prefix, target))))
    }

    fn rows<T>(&self, sql: &str, read: fn(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>> {
        (|| self.db.prepare(sql)?.query_map([], read)?.collect::<rusqlite::Result<Vec<T>>>())()
            .map_err(|error| failed(&self.file, &error))
    }

    /// Visits every finding that was not deleted, in the order in which files were first found. A
    /// folder that could not be listed is a finding too.
    pub(crate) fn records(&self, mut visit: impl FnMut(Stored) -> Result<()>) -> Result<()> {
        self.findings("files.gone IS NULL", &mut visit)
    }

    /// Visits the findings of one file.
    pub(crate) fn records_of(
        &self,
        file: i64,
        mut visit: impl FnMut(Stored) -> Result<()>,
    ) -> Result<()> {
        self.findings(&format!("files.id = {file}"), &mut visit)
    }

    fn findings(&self, condition: &str, visit: &mut dyn FnMut(Stored) -> Result<()>) -> Result<()> {
        let mut sql = "SELECT files.id, files.scan, readings.reader, sources.name, dirs.path, \
            files.name, files.size, files.modified"
            .to_owned();
        for column in &self.columns {
            sql += ", findings.";
            sql += column.name;
        }
        // The cross joins keep the order of the tables: findings are stored by file.
        sql += " FROM files CROSS JOIN findings ON findings.file = files.id \
             JOIN dirs ON dirs.id = files.dir JOIN sources ON sources.id = dirs.source \
             JOIN readings ON readings.id = files.reading WHERE ";
        sql += condition;
        sql += " ORDER BY files.id, findings.nr";
        let broken = |error: rusqlite::Error| failed(&self.file, &error);
        let mut statement = self.db.prepare_cached(&sql).map_err(broken)?;
        let mut rows = statement.query([]).map_err(broken)?;
        while let Some(row) = rows.next().map_err(broken)? {
            visit(self.stored(row)?)?;
        }
        Ok(())
    }

    fn stored(&self, row: &Row<'_>) -> Result<Stored> {
        let broken = |error: rusqlite::Error| failed(&self.file, &error);
        let facts = Facts::from_columns(fact_values(&self.columns, row, AHEAD))
            .map_err(|error| Failure::message(format_args!("{}: {error}", self.file.display())))?;
        (|| {
            let mut path = row.get_ref(4)?.as_blob()?.to_vec();
            let name = row.get_ref(5)?.as_blob()?;
            let is_folder = name.is_empty();
            if is_folder {
                path.truncate(path::trimmed(&path).len());
            }
            path.extend_from_slice(name);
            let mut envelope = envelope(path, row.get_ref(3)?.as_str()?, row.get(2)?);
            envelope.size = row.get(6)?;
            envelope.modified = row.get::<_, Option<i64>>(7)?.map(Timestamp::from_unix);
            let file = if is_folder { None } else { Some(row.get(0)?) };
            Ok(Stored { envelope, facts, file, scan: row.get(1)? })
        })()
        .map_err(broken)
    }
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

/// Number of columns before the facts.
const AHEAD: usize = 8;

/// Returns the values of the facts by name. They follow `ahead` other columns. Callers read them in
/// order, so that the next column is nearly always the right one.
pub(crate) fn fact_values<'r>(
    columns: &'r [&'static Column],
    row: &'r Row<'_>,
    ahead: usize,
) -> impl Fn(&str) -> Option<Value<'r>> {
    let next = Cell::new(0);
    move |name| {
        if name == "schema" {
            return Some(Value::Int(SCHEMA_VERSION.into()));
        }
        let is_named = |at: &usize| columns.get(*at).is_some_and(|column| column.name == name);
        let at = Some(next.get()).filter(is_named).or_else(|| (0..columns.len()).find(is_named))?;
        next.set(at + 1);
        let column = columns.get(at)?;
        Some(value(column.kind, row.get_ref(ahead + at).ok()?))
    }
}

fn value(kind: ColumnKind, stored: ValueRef<'_>) -> Value<'_> {
    match (kind, stored) {
        (ColumnKind::Bool, ValueRef::Integer(number)) => Value::Bool(number != 0),
        (ColumnKind::Time, ValueRef::Integer(number)) => Value::Time(Timestamp::from_unix(number)),
        (_, ValueRef::Integer(number)) => u64::try_from(number).map_or(Value::Null, Value::Int),
        (_, ValueRef::Text(text)) => std::str::from_utf8(text).map_or(Value::Null, Value::Text),
        _ => Value::Null,
    }
}

fn scan_row(row: &Row<'_>) -> rusqlite::Result<ScanRow> {
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
        files: row.get("files")?,
        read: row.get("read")?,
        unchanged: row.get("unchanged")?,
        failed: row.get("failed")?,
        excluded: row.get("excluded")?,
        links: row.get("links")?,
        special: row.get("special")?,
        gone: row.get("gone")?,
        bytes: row.get("bytes")?,
        // Tables of version 1 have no such column.
        host: row.get("host").unwrap_or_default(),
    })
}

fn root_row(row: &Row<'_>) -> rusqlite::Result<RootRow> {
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

fn source(row: &Row<'_>) -> rusqlite::Result<Option<String>> {
    Ok(Some(row.get("source_name")?).filter(|name: &String| !name.is_empty()))
}
