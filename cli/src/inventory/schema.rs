//! The tables: creation, version check and upgrade.

use std::path::Path;

use rmsight::{COLUMNS, Column, ColumnKind, ColumnPart};
use rusqlite::Connection;

use super::connection::configure;
use super::failure::failed;
use super::lock::retry_while_locked;
use crate::exit::{Failure, Result};

/// `application_id` of the file header, `rmsg` in ASCII. `file` and `rmsight` recognize inventories
/// by it.
const APPLICATION_ID: i32 = 0x726d_7367;

/// `user_version` of the file header: version of the tables.
pub(super) const VERSION: i32 = 2;

/// The oldest version of the tables that can be read. [`upgrade`] turns it into [`VERSION`].
const OLDEST: i32 = 1;

/// Returns the columns of the record that findings have.
pub(super) fn fact_columns() -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(|column| column.part == ColumnPart::Facts)
}

/// Creates the tables in an empty file, or checks existing ones.
pub(super) fn prepare(db: &mut Connection, file: &Path) -> Result<()> {
    configure(db).map_err(|error| failed(file, &error))?;
    retry_while_locked(file, || {
        // Other processes may read while a scan writes. If the file system does not support that (a
        // share), SQLite uses its older journal, which survives a kill too.
        db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        db.pragma_update(None, "synchronous", "normal")?;
        db.pragma_update(None, "cache_size", -16_384)?;
        pragma(db, "user_version")
    })?;
    if is_blank(db).map_err(|error| failed(file, &error))? {
        return create(db).map_err(|error| failed(file, &error));
    }
    check(db, file)?;
    upgrade(db).and_then(|()| extend(db)).map_err(|error| failed(file, &error))
}

fn is_blank(db: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0 && pragma(db, "application_id")? == 0)
}

fn pragma(db: &Connection, name: &str) -> rusqlite::Result<i32> {
    db.pragma_query_value(None, name, |row| row.get(0))
}

/// Fails if the file is not an inventory, or has tables of an unknown version.
pub(super) fn check(db: &Connection, file: &Path) -> Result<()> {
    let name = file.display();
    let (id, version) = retry_while_locked(file, || {
        Ok((pragma(db, "application_id")?, pragma(db, "user_version")?))
    })?;
    if id != APPLICATION_ID {
        let text = format!("{name}: it is a database, but not an inventory of rmsight");
        return Err(Failure::Message(text));
    }
    if !(OLDEST..=VERSION).contains(&version) {
        let age = if version > VERSION { "a later" } else { "an earlier" };
        return Err(Failure::message(format_args!(
            "{name}: an inventory of {age} rmsight (tables of version {version}, here {VERSION})"
        )));
    }
    Ok(())
}

fn create(db: &mut Connection) -> rusqlite::Result<()> {
    let change = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have created the tables.
    if is_blank(&change)? {
        change.execute_batch(include_str!("schema.sql"))?;
        change.execute_batch(&findings_table())?;
        change.execute_batch(&records_view())?;
        change.execute_batch(NEW_ID)?;
        change.pragma_update(None, "application_id", APPLICATION_ID)?;
        change.pragma_update(None, "user_version", VERSION)?;
    }
    change.commit()
}

/// Creates the random identity of a new file.
const NEW_ID: &str =
    "INSERT OR IGNORE INTO about (name, value) VALUES ('id', lower(hex(randomblob(16))));";

/// Returns the identity of a file with tables of version 1, which do not store one. It is derived
/// from the first scan, so that copies have the same identity.
pub(crate) const FIRST_ID: &str = "SELECT 'v1-' || started || '-' || coalesce(finished, 0) || '-' \
    || coalesce(files, 0) || '-' || coalesce(bytes, 0) FROM scans ORDER BY id LIMIT 1";

/// Upgrades tables of version 1.
fn upgrade(db: &mut Connection) -> rusqlite::Result<()> {
    if pragma(db, "user_version")? == VERSION {
        return Ok(());
    }
    let change = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have upgraded the file.
    if pragma(&change, "user_version")? != VERSION {
        for table in ["about", "scanners", "skipped"] {
            let start = format!("CREATE TABLE {table} (");
            let schema = include_str!("schema.sql");
            let sql = schema.split(start.as_str()).nth(1).and_then(|rest| rest.split(';').next());
            change.execute_batch(&format!("{start}{}", sql.unwrap_or_default()))?;
        }
        change.execute_batch(&format!(
            "ALTER TABLE scans ADD COLUMN host TEXT;
             ALTER TABLE roots ADD COLUMN real BLOB;
             ALTER TABLE root_scans ADD COLUMN scanned INTEGER;
             ALTER TABLE root_scans ADD COLUMN excluded INTEGER;
             ALTER TABLE root_scans ADD COLUMN filtered INTEGER;
             INSERT INTO about (name, value) SELECT 'id', * FROM ({FIRST_ID});
             {NEW_ID}
             INSERT INTO scanners (source, id)
               SELECT sources.id, about.value FROM sources, about WHERE about.name = 'id';"
        ))?;
        change.pragma_update(None, "user_version", VERSION)?;
    }
    change.commit()
}

/// Returns whether the tables are of version 1, which lack some columns.
pub(super) fn is_first(db: &Connection) -> rusqlite::Result<bool> {
    Ok(pragma(db, "user_version")? < VERSION)
}

/// Returns the definition of the table of findings: the fact columns of the record.
fn findings_table() -> String {
    let mut sql = "CREATE TABLE findings (\n  file INTEGER NOT NULL REFERENCES files,\n  \
        nr INTEGER NOT NULL, -- 0 is the file itself\n"
        .to_owned();
    for column in fact_columns() {
        sql += &format!("  {} {},\n", column.name, sql_type(column.kind));
    }
    sql + "  PRIMARY KEY (file, nr)\n) WITHOUT ROWID;\n\
        CREATE INDEX findings_slc_key ON findings (slc_key) WHERE slc_key IS NOT NULL;"
}

fn sql_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bool | ColumnKind::Int => "INTEGER",
        ColumnKind::Time => "TIMESTAMP",
        _ => "TEXT",
    }
}

/// Returns the definition of the view of records, without verdicts, as text formats write them.
/// `path_hex` contains the bytes of paths that are not UTF-8. The view is one plain SELECT: DuckDB
/// parses views itself, and rewrites a UNION in a way that SQLite does not accept.
fn records_view() -> String {
    let time = |name: &str| format!("strftime('%Y-%m-%dT%H:%M:%SZ', {name}, 'unixepoch')");
    let dir = "coalesce(dirs.display, CAST(dirs.path AS TEXT))";
    let mut found = format!(
        "SELECT 1 AS schema, readings.reader AS reader, nullif(sources.name, '') AS source,\n  \
         CASE WHEN length(files.name) > 0\n    \
         THEN {dir} || coalesce(files.display, CAST(files.name AS TEXT))\n    \
         WHEN length(dirs.path) > 1 THEN substr({dir}, 1, length({dir}) - 1)\n    \
         ELSE {dir} END AS path,\n  \
         CASE WHEN dirs.display IS NOT NULL OR files.display IS NOT NULL\n    \
         THEN hex(dirs.path) || hex(files.name) END AS path_hex,\n  \
         files.size AS size, {} AS modified",
        time("files.modified")
    );
    for column in fact_columns() {
        let name = column.name;
        found += &match column.kind {
            ColumnKind::Time => format!(",\n  {} AS {name}", time(&format!("findings.{name}"))),
            _ => format!(",\n  findings.{name} AS {name}"),
        };
    }
    found += ",\n  files.etag AS etag, files.version_id AS version_id, files.tier AS tier";
    format!(
        "CREATE VIEW records AS\n{found}\nFROM findings\nJOIN files ON files.id = findings.file\n\
         JOIN dirs ON dirs.id = files.dir\nJOIN sources ON sources.id = dirs.source\n\
         JOIN readings ON readings.id = files.reading\nWHERE files.gone IS NULL;"
    )
}

/// Returns which columns of the record the findings of this file have. An older file lacks newer
/// columns.
pub(super) fn stored_columns(db: &Connection) -> rusqlite::Result<Vec<&'static Column>> {
    let mut names = db.prepare("SELECT name FROM pragma_table_info('findings')")?;
    let names: Vec<String> =
        names.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(fact_columns().filter(|column| names.iter().any(|name| name == column.name)).collect())
}

/// Columns that were added to tables after their version, each with its type.
const ADDED: [(&str, &str, &str); 7] = [
    ("files", "etag", "TEXT"),
    ("files", "version_id", "TEXT"),
    ("files", "tier", "TEXT"),
    ("skipped", "device", "INTEGER REFERENCES devices"),
    ("scans", "snapshots", "INTEGER"),
    ("scans", "backup", "INTEGER"),
    ("files", "owner", "TEXT"),
];

/// Returns whether a table has a column. An earlier version did not create all of them.
pub(super) fn has_column(db: &Connection, table: &str, column: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) > 0 FROM pragma_table_info(?) WHERE name = ?";
    db.query_row(sql, [table, column], |row| row.get(0))
}

/// Returns whether files have the columns of objects in stores.
pub(super) fn has_object_columns(db: &Connection) -> rusqlite::Result<bool> {
    Ok(has_column(db, "files", "etag")?
        && has_column(db, "files", "version_id")?
        && has_column(db, "files", "tier")?)
}

/// Returns whether the table `skipped` has the column `device`.
pub(super) fn has_skipped_device(db: &Connection) -> rusqlite::Result<bool> {
    has_column(db, "skipped", "device")
}

/// Returns whether the table `files` has the column `owner`.
pub(super) fn has_owner(db: &Connection) -> rusqlite::Result<bool> {
    has_column(db, "files", "owner")
}

/// Adds columns of the record and of [`ADDED`] that the file lacks.
fn extend(db: &mut Connection) -> rusqlite::Result<()> {
    let had_objects = has_object_columns(db)?;
    for (table, column, kind) in ADDED {
        if has_column(db, table, column)? {
            continue;
        }
        let change = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // Another process may have added it.
        if !has_column(&change, table, column)? {
            change.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column} {kind};"))?;
        }
        change.commit()?;
    }
    let stored = stored_columns(db)?;
    let is_new = |column: &&Column| !stored.iter().any(|known| known.name == column.name);
    if had_objects && !fact_columns().any(|column| is_new(&column)) {
        return Ok(());
    }
    let change = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for column in fact_columns().filter(is_new) {
        let (name, kind) = (column.name, sql_type(column.kind));
        change.execute_batch(&format!("ALTER TABLE findings ADD COLUMN {name} {kind};"))?;
    }
    change.execute_batch(&format!("DROP VIEW IF EXISTS records; {}", records_view()))?;
    change.commit()
}
