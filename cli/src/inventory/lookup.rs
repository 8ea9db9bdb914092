//! What an inventory knows of a file, for the walk that asks one file after the other.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};

use super::rows::{Begun, Stamp};
use super::{failed, path, patient};
use crate::exit::Result;

/// Asks an inventory that somebody else writes to.
#[derive(Debug)]
pub(crate) struct Lookup {
    db: Connection,
    file: PathBuf,
    begun: Begun,
}

/// A file that was read before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) row: i64,
    /// Reading it again, in the same manner, would give the same.
    pub(crate) is_same: bool,
    pub(crate) device: Option<String>,
}

impl Lookup {
    pub(crate) fn open(file: &Path, begun: Begun) -> Result<Lookup> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(file, flags)
            .and_then(|db| patient(&db).map(|()| db))
            .map_err(|error| failed(file, &error))?;
        Ok(Lookup { db, file: file.to_owned(), begun })
    }

    /// The row of a folder.
    pub(crate) fn dir(&self, dir: &Path) -> Result<Option<i64>> {
        self.one(
            "SELECT id FROM dirs WHERE source = ? AND path = ?",
            params![self.begun.source, path::of_dir(dir)],
            |row| row.get(0),
        )
    }

    /// What is known of the file called `name` in the folder with the row `dir`.
    pub(crate) fn file(
        &self,
        dir: i64,
        name: &OsStr,
        stamp: Option<&Stamp>,
    ) -> Result<Option<Known>> {
        self.one(
            "SELECT files.id, size, modified, modified_ns, changed, reading, outcome, \
             devices.name FROM files LEFT JOIN devices ON devices.id = files.device \
             WHERE dir = ? AND files.name = ? AND gone IS NULL",
            params![dir, path::of_name(name)],
            |row| {
                let is_same = stamp.is_some_and(|stamp| row_stamp(row).is_ok_and(|s| s == *stamp))
                    && row.get::<_, i64>(5)? == self.begun.reading
                    && row.get_ref(6)?.as_str()? == "read";
                Ok(Known { row: row.get(0)?, is_same, device: row.get(7)? })
            },
        )
    }

    /// The files of a folder that are not among those `met`. Those that this scan has already
    /// written down were met as well.
    pub(crate) fn missing(&self, dir: i64, met: &HashSet<i64>) -> Result<Vec<i64>> {
        (|| {
            let mut found = self.db.prepare_cached(
                "SELECT id FROM files WHERE dir = ? AND scan < ? AND gone IS NULL \
                 AND name <> x''",
            )?;
            let rows = found.query_map([dir, self.begun.scan], |row| row.get(0))?;
            rows.filter(|row| {
                row.as_ref().is_err() || row.as_ref().is_ok_and(|row| !met.contains(row))
            })
            .collect::<rusqlite::Result<Vec<i64>>>()
        })()
        .map_err(|error| failed(&self.file, &error))
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

fn row_stamp(row: &Row<'_>) -> rusqlite::Result<Stamp> {
    let modified = match (row.get::<_, Option<i64>>(2)?, row.get::<_, Option<u32>>(3)?) {
        (Some(seconds), Some(nanoseconds)) => Some((seconds, nanoseconds)),
        _ => None,
    };
    Ok(Stamp { size: row.get(1)?, modified, changed: row.get(4)? })
}
