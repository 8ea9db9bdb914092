//! Conflicts: different files with the same path in two inventories.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::input::{Input, Loaded, Source, attach};
use crate::exit::Failure;
use crate::fs::path::with_separator;
use crate::inventory::configure;

/// Returns a path, with the name of its source, that two inventories have in the same source
/// although different scanners filled it. It is a common file, or a folder inside a root of the
/// other inventory, which a scan of that root would have listed.
///
/// `shared` contains the scans that both have. Roots that both contain are equal.
pub(super) fn same_path(
    output: &Path,
    one: &Loaded<'_>,
    other: &Loaded<'_>,
    shared: &[Vec<i64>; 2],
) -> rusqlite::Result<Option<(String, String)>> {
    let pairs = one.sources.iter().flat_map(|own| other.sources.iter().map(move |two| (own, two)));
    let is_one_scanner =
        |one: &Source, other: &Source| one.scanners == other.scanners && one.scanners.len() == 1;
    let pairs: Vec<(&Source, &Source)> = pairs
        .filter(|(one, other)| one.name == other.name)
        .filter(|(one, other)| !is_one_scanner(one, other))
        .collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let mut db = Connection::open(output)?;
    configure(&mut db)?;
    attach(&db, &one.input.file)?;
    db.execute("ATTACH ? AS j", [other.input.file.to_string_lossy()])?;
    // The roots that only one inventory has.
    for (inventory, scans) in ["i", "j"].iter().zip(shared) {
        db.execute_batch(&format!(
            "CREATE TEMP TABLE own_{inventory} AS SELECT id FROM {inventory}.roots;"
        ))?;
        let sql = format!(
            "DELETE FROM own_{inventory} WHERE id IN (SELECT root FROM {inventory}.root_scans \
             JOIN {inventory}.roots ON roots.id = root WHERE scan = ?1 AND roots.source = ?2)"
        );
        let mut remove = db.prepare(&sql)?;
        // Scans of different scanners are different, even if they look equal.
        for (one, other) in
            pairs.iter().filter(|(one, two)| !one.scanners.is_disjoint(&two.scanners))
        {
            let source = if *inventory == "i" { one.id } else { other.id };
            for scan in scans {
                remove.execute([*scan, source])?;
            }
        }
    }
    for (one, other) in pairs {
        let inside = [("i", one.id, "j", other.id), ("j", other.id, "i", one.id)];
        for (outer, outer_source, inner, inner_source) in inside {
            for root in roots(&db, outer, outer_source)? {
                if let Some(path) = inside_of(&db, inner, inner_source, &root)? {
                    return Ok(Some((one.name.clone(), lossy(&path))));
                }
            }
        }
        let sql = "SELECT CAST(a.path || f.name AS BLOB) FROM i.dirs a \
             JOIN j.dirs b ON b.source = ?2 AND b.path = a.path \
             JOIN i.files f ON f.dir = a.id JOIN j.files g ON g.dir = b.id AND g.name = f.name \
             WHERE a.source = ?1 AND a.root IN own_i AND b.root IN own_j LIMIT 1";
        let found: Option<Vec<u8>> =
            db.query_row(sql, [one.id, other.id], |row| row.get(0)).optional()?;
        if let Some(path) = found {
            return Ok(Some((one.name.clone(), lossy(&path))));
        }
    }
    Ok(None)
}

fn lossy(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// Returns the roots of `source` that only the attached inventory has, without lists.
fn roots(db: &Connection, inventory: &str, source: i64) -> rusqlite::Result<Vec<Vec<u8>>> {
    let sql = format!(
        "SELECT path FROM {inventory}.roots WHERE source = ? AND kind = 'path' \
         AND id IN own_{inventory}"
    );
    db.prepare(&sql)?.query_map([source], |row| row.get(0))?.collect()
}

/// Returns a root or folder of `source` that only the attached inventory has, and that is `root` or
/// inside of it.
fn inside_of(
    db: &Connection,
    inventory: &str,
    source: i64,
    root: &[u8],
) -> rusqlite::Result<Option<Vec<u8>>> {
    let from = with_separator(root.to_vec());
    let mut to = from.clone();
    if let Some(last) = to.last_mut() {
        // It is a separator, which is less than 255.
        *last = last.saturating_add(1);
    }
    let sql = format!(
        "SELECT path FROM {inventory}.roots WHERE source = ?1 AND kind = 'path' \
         AND id IN own_{inventory} AND (path = ?2 OR path >= ?3 AND path < ?4) \
         UNION ALL SELECT path FROM {inventory}.dirs WHERE source = ?1 \
         AND root IN own_{inventory} AND path >= ?3 AND path < ?4 LIMIT 1"
    );
    db.query_row(&sql, params![source, root, from, to], |row| row.get(0)).optional()
}

pub(super) fn conflict(
    output: &Path,
    one: &Input,
    other: &Input,
    source: &str,
    path: &str,
) -> Failure {
    let (output, one, other) = (output.display(), one.file.display(), other.file.display());
    Failure::message(format_args!(
        "{one} and {other} both have {path} of the source {source:?}, or a root that contains it, \
         and different scans made them: two files would become one. Give each a name of its own: \
         rmsight merge {output} FS1={one} FS2={other}"
    ))
}
