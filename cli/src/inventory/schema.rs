//! The tables: making them, and knowing them again.

use std::path::Path;

use rmsight::{COLUMNS, Column, ColumnKind, ColumnPart};
use rusqlite::Connection;

use super::failure::failed;
use super::lock::{patient, patiently};
use crate::exit::{Failure, Result};

/// `application_id` of the file header, `rmsg` in ASCII: `file` and `rmsight` know it by that.
const APPLICATION_ID: i32 = 0x726d_7367;

/// `user_version` of the file header: version of the tables.
pub(super) const VERSION: i32 = 2;

/// The oldest version of the tables that can be read. [`upgrade`] turns it into [`VERSION`].
const OLDEST: i32 = 1;

/// The columns of the record that a finding has.
pub(super) fn fact_columns() -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(|column| column.part == ColumnPart::Facts)
}

/// Makes the tables in an empty file, or checks that they are there.
pub(super) fn prepare(db: &mut Connection, file: &Path) -> Result<()> {
    patient(db).map_err(|error| failed(file, &error))?;
    patiently(db, file, || {
        // Another process may read while a scan writes. Where the file system cannot do that (a
        // share), SQLite keeps its older journal, which survives a kill as well.
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

/// Says so when the file is no inventory, or one that cannot be read here.
pub(super) fn check(db: &Connection, file: &Path) -> Result<()> {
    let name = file.display();
    let (id, version) =
        patiently(db, file, || Ok((pragma(db, "application_id")?, pragma(db, "user_version")?)))?;
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
    // Somebody else may have been faster.
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

/// Gives a new file its random name.
const NEW_ID: &str =
    "INSERT OR IGNORE INTO about (name, value) VALUES ('id', lower(hex(randomblob(16))));";

/// The name of a file with tables of version 1, which have no place for a random one. It is made
/// from the first scan, so that copies of one inventory get the same name.
pub(crate) const FIRST_ID: &str = "SELECT 'v1-' || started || '-' || coalesce(finished, 0) || '-' \
    || coalesce(files, 0) || '-' || coalesce(bytes, 0) FROM scans ORDER BY id LIMIT 1";

/// Turns tables of version 1 into those of this version.
fn upgrade(db: &mut Connection) -> rusqlite::Result<()> {
    if pragma(db, "user_version")? == VERSION {
        return Ok(());
    }
    let change = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have upgraded the file since.
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

/// Whether the tables are those of version 1, which a reader has to do without.
pub(super) fn is_first(db: &Connection) -> rusqlite::Result<bool> {
    Ok(pragma(db, "user_version")? < VERSION)
}

/// One row a finding: the columns of the record that are facts.
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

/// The record without its verdict, as text formats write it. `path_hex` has the bytes of paths that
/// are not UTF-8. It is one plain SELECT: DuckDB reads views with a parser of its own, and hands a
/// UNION back in a form that SQLite does not take.
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
    format!(
        "CREATE VIEW records AS\n{found}\nFROM findings\nJOIN files ON files.id = findings.file\n\
         JOIN dirs ON dirs.id = files.dir\nJOIN sources ON sources.id = dirs.source\n\
         JOIN readings ON readings.id = files.reading\nWHERE files.gone IS NULL;"
    )
}

/// Which of the record's columns the findings of this file have: an older file lacks newer ones.
pub(super) fn stored_columns(db: &Connection) -> rusqlite::Result<Vec<&'static Column>> {
    let mut names = db.prepare("SELECT name FROM pragma_table_info('findings')")?;
    let names: Vec<String> =
        names.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(fact_columns().filter(|column| names.iter().any(|name| name == column.name)).collect())
}

/// Returns whether the table `skipped` has the column `device`: an earlier version made it without.
pub(super) fn has_skipped_device(db: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) > 0 FROM pragma_table_info('skipped') WHERE name = 'device'";
    db.query_row(sql, [], |row| row.get(0))
}

/// Adds the columns that the record and the table `skipped` have got since the file was made.
fn extend(db: &mut Connection) -> rusqlite::Result<()> {
    if !has_skipped_device(db)? {
        let change = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // Another process may have added it since.
        if !has_skipped_device(&change)? {
            change.execute_batch(
                "ALTER TABLE skipped ADD COLUMN device INTEGER REFERENCES devices;",
            )?;
        }
        change.commit()?;
    }
    let stored = stored_columns(db)?;
    let is_new = |column: &&Column| !stored.iter().any(|known| known.name == column.name);
    if !fact_columns().any(|column| is_new(&column)) {
        return Ok(());
    }
    let change = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for column in fact_columns().filter(is_new) {
        let (name, kind) = (column.name, sql_type(column.kind));
        change.execute_batch(&format!("ALTER TABLE findings ADD COLUMN {name} {kind};"))?;
    }
    change.execute_batch(&format!("DROP VIEW records; {}", records_view()))?;
    change.commit()
}
