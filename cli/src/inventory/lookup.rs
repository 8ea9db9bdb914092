//! Lookup of known files during a walk.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};

use super::connection::configure;
use super::failure::failed;
use super::rows::{BegunScan, Fitness};
use crate::exit::Result;
use crate::fs::path;
use crate::fs::walk::{InventoryLookup, KnownFile, Staleness, Stamp};

/// A read-only connection to an inventory that another thread writes.
#[derive(Debug)]
pub(crate) struct Lookup {
    db: Connection,
    file: PathBuf,
    begun: BegunScan,
}

/// Seconds of the coarsest file times (FAT).
const COARSEST: i64 = 2;

/// Finds a file by its folder and name.
const FILE: &str = "SELECT files.id, size, modified, modified_ns, changed, reading, outcome, \
                    devices.name, etag FROM files LEFT JOIN devices ON devices.id = files.device \
                    WHERE dir = ? AND files.name = ? AND gone IS NULL";

impl Lookup {
    pub(crate) fn open(file: &Path, begun: BegunScan) -> Result<Lookup> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(file, flags)
            .and_then(|mut db| configure(&mut db).map(|()| db))
            .map_err(|error| failed(file, &error))?;
        Ok(Lookup { db, file: file.to_owned(), begun })
    }

    /// Returns whether a file whose times are whole seconds may have changed after the scan read
    /// it, but within the same second, so that its stamp is equal.
    fn may_have_changed(&self, file: i64) -> Result<bool> {
        let found = self.one(
            "SELECT max(coalesce(modified, 0), coalesce(changed / 1000000000, 0)) + ?2 >= started \
             FROM files JOIN scans ON scans.id = files.scan WHERE files.id = ?1",
            params![file, COARSEST],
            |row| row.get(0),
        )?;
        Ok(found.unwrap_or(true))
    }

    /// Returns why the stored facts of an unchanged file differ from those that this scan would
    /// find.
    fn staleness(&self, file: i64, reading: i64) -> Result<Option<Staleness>> {
        let fitness = self.begun.readings.get(&reading).copied();
        let fitness = fitness.unwrap_or(Fitness { is_stale: true, ..Fitness::default() });
        if fitness.is_older {
            return Ok(Some(Staleness::Older));
        }
        let mut is_stale = fitness.is_stale;
        if !is_stale && (fitness.not_licensed || fitness.not_limited) {
            let concerns = self.one(
                "SELECT EXISTS (SELECT 1 FROM findings WHERE file = ?1 AND (\
                 ?2 AND (protection <> 'none' OR container = 'license' OR slc_key IS NOT NULL) \
                 OR ?3 AND error_code LIKE 'limit-%'))",
                params![file, fitness.not_licensed, fitness.not_limited],
                |row| row.get::<_, bool>(0),
            )?;
            is_stale = concerns == Some(true);
        }
        Ok(is_stale.then_some(Staleness::Options))
    }

    /// Returns how often SQLite planned the statement of a file again.
    #[cfg(test)]
    pub(super) fn replanned(&self) -> i32 {
        self.db.prepare_cached(FILE).unwrap().get_status(rusqlite::StatementStatus::RePrepare)
    }

    fn one<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        (|| self.db.prepare_cached(sql)?.query_row(values, read).optional())()
            .map_err(|error| failed(&self.file, &error))
    }
}

impl InventoryLookup for Lookup {
    fn dir(&self, dir: &Path) -> Result<Option<i64>> {
        self.one(
            "SELECT id FROM dirs WHERE source = ? AND path = ?",
            params![self.begun.source, path::of_dir(dir)],
            |row| row.get(0),
        )
    }

    fn file(
        &self,
        dir: i64,
        name: &OsStr,
        stamp: Option<&Stamp>,
        etag: Option<&str>,
    ) -> Result<Option<KnownFile>> {
        let found = self.one(FILE, params![dir, path::of_name(name)], |row| {
            let is_same = stamp.is_some_and(|stamp| row_stamp(row).is_ok_and(|s| s == *stamp))
                && row.get_ref(6)?.as_str()? == "read"
                && row.get_ref(8)?.as_str_or_null()? == etag;
            let known = KnownFile { row: row.get(0)?, is_same, stale: None, device: row.get(7)? };
            Ok((known, row.get::<_, i64>(5)?))
        })?;
        let Some((mut known, reading)) = found else { return Ok(None) };
        // An entity tag tells more than any time.
        if known.is_same && etag.is_none() && stamp.is_some_and(Stamp::is_coarse) {
            known.is_same = !self.may_have_changed(known.row)?;
        }
        if known.is_same {
            known.stale = self.staleness(known.row, reading)?;
            known.is_same = known.stale.is_none();
        }
        Ok(Some(known))
    }

    fn missing(&self, dir: i64, found_rows: &HashSet<i64>) -> Result<Vec<i64>> {
        (|| {
            let mut found = self.db.prepare_cached(
                "SELECT id FROM files WHERE dir = ? AND scan < ? AND gone IS NULL \
                 AND name <> x''",
            )?;
            let rows = found.query_map([dir, self.begun.scan], |row| row.get(0))?;
            rows.filter(|row| {
                row.as_ref().is_err() || row.as_ref().is_ok_and(|row| !found_rows.contains(row))
            })
            .collect::<rusqlite::Result<Vec<i64>>>()
        })()
        .map_err(|error| failed(&self.file, &error))
    }
}

fn row_stamp(row: &Row<'_>) -> rusqlite::Result<Stamp> {
    let modified = match (row.get::<_, Option<i64>>(2)?, row.get::<_, Option<u32>>(3)?) {
        (Some(seconds), Some(nanoseconds)) => Some((seconds, nanoseconds)),
        _ => None,
    };
    Ok(Stamp { size: row.get(1)?, modified, changed: row.get(4)? })
}
