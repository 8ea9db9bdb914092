//! Copies the rows of inventories into the new one.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::input::{Input, attach};
use super::order::Numbers;
use crate::inventory::{FIRST_ID, configure};

/// Merges the inventories into `output`. Returns its number of files, or the inventory in which a
/// scan began after it was numbered. Calls `begin` with the number and the file of each inventory.
pub(super) fn merge(
    output: &Path,
    inventories: &[Input],
    numbers: &[Numbers],
    mut begin: impl FnMut(usize, &Path),
) -> rusqlite::Result<Result<i64, PathBuf>> {
    let mut db = Connection::open(output)?;
    configure(&mut db)?;
    // No other process knows the file; a failure starts again with an empty one.
    db.pragma_update_and_check(None, "journal_mode", "off", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "off")?;
    db.pragma_update(None, "cache_size", -65_536)?;
    db.pragma_update(None, "temp_store", "file")?;
    for (number, (input, numbers)) in (1..).zip(inventories.iter().zip(numbers)) {
        begin(number, &input.file);
        attach(&db, &input.file)?;
        db.execute_batch("BEGIN")?;
        if !one(&db, numbers, input.source.as_deref())? {
            return Ok(Err(input.file.clone()));
        }
        db.execute_batch("COMMIT; DETACH i")?;
    }
    // A later listing of the folder has stored its own rows.
    db.execute_batch(
        "DELETE FROM skipped WHERE EXISTS (SELECT 1 FROM dirs WHERE dirs.id = skipped.dir \
         AND skipped.scan < dirs.listed \
         AND (skipped.device IS NULL OR skipped.device IS dirs.device));",
    )?;
    db.query_row("SELECT count(*) FROM files WHERE gone IS NULL", [], |row| row.get(0)).map(Ok)
}

/// The last scan that looked at a file. An unchanged file is not read again, but its folder is
/// listed.
const LOOKED: &str = "max(f.scan, coalesce(f.gone, 0), coalesce(d.listed, 0))";

/// Copies the inventory `i` with new row numbers. Returns `false` if one of its scans has no
/// number.
fn one(db: &Connection, numbers: &Numbers, source: Option<&str>) -> rusqlite::Result<bool> {
    db.execute_batch(
        "DROP TABLE IF EXISTS temp.scan; DROP TABLE IF EXISTS temp.source;
         DROP TABLE IF EXISTS temp.reading; DROP TABLE IF EXISTS temp.device;
         DROP TABLE IF EXISTS temp.root; DROP TABLE IF EXISTS temp.dir;
         DROP TABLE IF EXISTS temp.file;",
    )?;
    db.execute_batch("CREATE TEMP TABLE scan (old INTEGER PRIMARY KEY, new INTEGER)")?;
    for (old, new) in numbers {
        db.prepare_cached("INSERT INTO temp.scan (old, new) VALUES (?, ?)")?.execute([old, new])?;
    }
    let has_others = "SELECT EXISTS (SELECT 1 FROM i.scans WHERE id NOT IN (SELECT old FROM scan))";
    if db.query_row(has_others, [], |row| row.get(0))? {
        return Ok(false);
    }
    db.execute_batch("CREATE TEMP TABLE source (old INTEGER PRIMARY KEY, new INTEGER)")?;
    db.execute(
        "INSERT OR IGNORE INTO sources (name) SELECT coalesce(?, name) FROM i.sources",
        [source],
    )?;
    db.execute(
        "INSERT INTO source SELECT o.id, n.id FROM i.sources o \
         JOIN main.sources n ON n.name = coalesce(?, o.name)",
        [source],
    )?;
    scanners(db)?;
    db.execute_batch(
        "INSERT OR IGNORE INTO maps (source, prefix, target)
           SELECT s.new, prefix, target FROM i.maps JOIN source s ON s.old = source;
         INSERT OR IGNORE INTO readings (reader, digest, options)
           SELECT reader, digest, options FROM i.readings;
         CREATE TEMP TABLE reading (old INTEGER PRIMARY KEY, new INTEGER);
         INSERT INTO reading SELECT o.id, n.id FROM i.readings o JOIN main.readings n USING (digest);
         INSERT OR IGNORE INTO devices (name) SELECT name FROM i.devices;
         CREATE TEMP TABLE device (old INTEGER PRIMARY KEY, new INTEGER);
         INSERT INTO device SELECT o.id, n.id FROM i.devices o JOIN main.devices n USING (name);
         INSERT OR IGNORE INTO roots (source, kind, path, display)
           SELECT s.new, kind, path, display FROM i.roots JOIN source s ON s.old = source;
         CREATE TEMP TABLE root (old INTEGER PRIMARY KEY, new INTEGER);
         INSERT INTO root SELECT o.id, n.id FROM i.roots o JOIN source s ON s.old = o.source
           JOIN main.roots n ON n.source = s.new AND n.kind = o.kind AND n.path = o.path;",
    )?;
    if columns(db, "roots")?.iter().any(|column| column == "real") {
        db.execute_batch(
            "UPDATE main.roots SET real = o.real FROM i.roots o JOIN temp.root r ON r.old = o.id
             WHERE r.new = main.roots.id AND o.real IS NOT NULL;",
        )?;
    }
    let known = "ON CONFLICT DO NOTHING";
    copy(db, "scans", &[("id", "scan"), ("source", "source"), ("reading", "reading")], known)?;
    copy(db, "root_scans", &[("scan", "scan"), ("root", "root"), ("device", "device")], known)?;
    copy(db, "slc_keys", &[("scan", "scan")], known)?;
    // The state before later listings of folders are copied.
    db.execute_batch(&format!(
        "DROP TABLE IF EXISTS temp.looked;
         CREATE TEMP TABLE looked (file INTEGER PRIMARY KEY, at INTEGER);
         INSERT INTO looked SELECT f.id, {LOOKED} FROM main.files f
           JOIN main.dirs d ON d.id = f.dir;"
    ))?;
    dirs(db)?;
    skipped(db)?;
    files(db)?;
    Ok(true)
}

/// Returns whether the inventory `i` has a table. One of the first version lacks some.
fn has_table(db: &Connection, table: &str) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT EXISTS (SELECT 1 FROM i.sqlite_schema WHERE type = 'table' AND name = ?)",
        [table],
        |row| row.get(0),
    )
}

/// Copies which inventories filled each source.
fn scanners(db: &Connection) -> rusqlite::Result<()> {
    if has_table(db, "scanners")? {
        return db.execute_batch(
            "INSERT OR IGNORE INTO main.scanners (source, id)
               SELECT s.new, o.id FROM i.scanners o JOIN temp.source s ON s.old = o.source;",
        );
    }
    db.execute_batch(&format!(
        "INSERT OR IGNORE INTO main.scanners (source, id)
           SELECT s.new, id.* FROM temp.source s, ({}) id;",
        FIRST_ID.replace("FROM scans", "FROM i.scans")
    ))
}

/// Copies links that were not followed.
fn skipped(db: &Connection) -> rusqlite::Result<()> {
    if !has_table(db, "skipped")? {
        return Ok(());
    }
    let has_device = columns(db, "skipped")?.iter().any(|column| column == "device");
    let device = match has_device {
        true => "(SELECT new FROM temp.device WHERE old = o.device)",
        false => "NULL",
    };
    db.execute_batch(&format!(
        "INSERT INTO main.skipped (dir, name, root, scan, target, device)
           SELECT d.new, o.name, r.new, n.new, o.target, {device} FROM i.skipped o
             JOIN temp.dir d ON d.old = o.dir JOIN temp.root r ON r.old = o.root
             JOIN temp.scan n ON n.old = o.scan WHERE true
           ON CONFLICT (dir, name) DO UPDATE SET root = excluded.root, scan = excluded.scan,
             target = excluded.target, device = excluded.device
             WHERE excluded.scan > skipped.scan;",
    ))
}

/// Copies a table. Columns in `mapped` get new numbers from the temporary table of that name.
fn copy(
    db: &Connection,
    table: &str,
    mapped: &[(&str, &str)],
    conflict: &str,
) -> rusqlite::Result<()> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for column in columns(db, table)? {
        let map = mapped.iter().find(|(name, _)| *name == column);
        values.push(match map {
            Some((_, map)) => format!("(SELECT new FROM temp.{map} WHERE old = t.{column})"),
            None => format!("t.{column}"),
        });
        names.push(column);
    }
    let (names, values) = (names.join(", "), values.join(", "));
    db.execute_batch(&format!(
        "INSERT INTO main.{table} ({names}) SELECT {values} FROM i.{table} t WHERE true {conflict}"
    ))
}

/// Returns the columns that the table has in both files. An older file may lack some.
fn columns(db: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(
        "SELECT o.name FROM pragma_table_info(?1, 'i') o \
         JOIN pragma_table_info(?1, 'main') n ON n.name = o.name ORDER BY o.cid",
    )?;
    let names = statement.query_map(params![table], |row| row.get(0))?;
    names.collect()
}

fn dirs(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "INSERT INTO main.dirs (source, root, path, display, seen, listed, device)
           SELECT s.new, r.new, d.path, d.display, n.new,
             (SELECT new FROM temp.scan WHERE old = d.listed),
             (SELECT new FROM temp.device WHERE old = d.device)
           FROM i.dirs d JOIN temp.source s ON s.old = d.source JOIN temp.root r ON r.old = d.root
           JOIN temp.scan n ON n.old = d.seen WHERE true
           ON CONFLICT (source, path) DO UPDATE SET root = excluded.root, seen = excluded.seen,
             listed = excluded.listed, device = excluded.device
           WHERE excluded.seen > dirs.seen;
         CREATE TEMP TABLE dir (old INTEGER PRIMARY KEY, new INTEGER);
         INSERT INTO dir SELECT d.id, n.id FROM i.dirs d JOIN temp.source s ON s.old = d.source
           JOIN main.dirs n ON n.source = s.new AND n.path = d.path;
         UPDATE main.dirs SET parent = p.new FROM temp.dir o
           JOIN i.dirs d ON d.id = o.old JOIN temp.dir p ON p.old = d.parent
           WHERE o.new = main.dirs.id AND main.dirs.parent IS NULL;",
    )
}

/// Copies the files for which this inventory has the newest facts, with all findings.
fn files(db: &Connection) -> rusqlite::Result<()> {
    // Scans in `i` have their old numbers.
    let looked_here = "max((SELECT new FROM temp.scan WHERE old = f.scan), \
        coalesce((SELECT new FROM temp.scan WHERE old = f.gone), 0), \
        coalesce((SELECT new FROM temp.scan WHERE old = d.listed), 0))";
    db.execute_batch(&format!(
        "CREATE TEMP TABLE file (old INTEGER PRIMARY KEY, new INTEGER);
         CREATE TEMP TABLE rival AS SELECT f.id AS old, k.id AS known, {looked_here} AS here,
           (SELECT at FROM temp.looked WHERE file = k.id) AS there
           FROM i.files f JOIN i.dirs d ON d.id = f.dir JOIN temp.dir m ON m.old = f.dir
           JOIN main.files k ON k.dir = m.new AND k.name = f.name;
         DELETE FROM main.findings WHERE file IN (SELECT known FROM rival WHERE here > there);
         DELETE FROM main.files WHERE id IN (SELECT known FROM rival WHERE here > there);
         INSERT INTO temp.file (old, new) SELECT f.id, row_number() OVER (ORDER BY f.id)
             + (SELECT coalesce(max(id), 0) FROM main.files)
           FROM i.files f WHERE f.id NOT IN (SELECT old FROM rival WHERE here <= there);
         DROP TABLE temp.rival;"
    ))?;
    let mapped = [
        ("id", "file"),
        ("dir", "dir"),
        ("device", "device"),
        ("reading", "reading"),
        ("scan", "scan"),
        ("gone", "scan"),
    ];
    // Files with newer facts in the output have no new number.
    let names = columns(db, "files")?;
    let values: Vec<String> = names
        .iter()
        .map(|name| match mapped.iter().find(|(mapped, _)| mapped == name) {
            Some(("id", _)) => "m.new".to_owned(),
            Some((_, map)) => format!("(SELECT new FROM temp.{map} WHERE old = t.{name})"),
            None => format!("t.{name}"),
        })
        .collect();
    db.execute_batch(&format!(
        "INSERT INTO main.files ({}) SELECT {} FROM temp.file m JOIN i.files t ON t.id = m.old \
         ORDER BY m.new",
        names.join(", "),
        values.join(", ")
    ))?;
    let names = columns(db, "findings")?;
    let values: Vec<String> = names
        .iter()
        .map(|name| if name == "file" { "m.new".to_owned() } else { format!("t.{name}") })
        .collect();
    db.execute_batch(&format!(
        "INSERT INTO main.findings ({}) SELECT {} FROM temp.file m \
         JOIN i.findings t ON t.file = m.old ORDER BY m.new, t.nr",
        names.join(", "),
        values.join(", ")
    ))
}
