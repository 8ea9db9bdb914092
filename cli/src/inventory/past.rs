//! Options of earlier scans, which the next scan inherits.

use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension as _, params};

use super::failure::failed;
use super::rows::ReadingRow;
use super::writer::Store;
use crate::exit::Result;
use crate::fs::path::{of_dir, of_name, to_path};

/// Where the inventory has a file.
#[derive(Debug)]
pub(crate) struct KnownPlace {
    /// The row of its folder.
    pub(crate) dir: i64,
    /// The row of the root of its folder.
    pub(crate) root: i64,
    /// The name of its file system, if known.
    pub(crate) device: Option<String>,
}

impl Store {
    /// Returns where the inventory has the file at `path`, whose normalized path this is.
    pub(crate) fn place(&self, path: &Path) -> Result<Option<KnownPlace>> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
        self.db
            .prepare_cached(
                "SELECT dirs.id, dirs.root, devices.name FROM files \
                 JOIN dirs ON dirs.id = files.dir \
                 LEFT JOIN devices ON devices.id = files.device \
                 WHERE dirs.source = ? AND dirs.path = ? AND files.name = ?",
            )
            .and_then(|mut statement| {
                let values = params![self.source, of_dir(folder), of_name(name)];
                let read = |row: &rusqlite::Row<'_>| {
                    Ok(KnownPlace { dir: row.get(0)?, root: row.get(1)?, device: row.get(2)? })
                };
                statement.query_row(values, read).optional()
            })
            .map_err(|error| failed(&self.file, &error))
    }

    /// Returns the source of the newest scan that `host` made: of one of these roots, or else of
    /// any root.
    ///
    /// An inventory of the first version does not contain the host. Its source counts if it is the
    /// only one.
    pub(crate) fn usual_source(&self, host: &str, roots: &[PathBuf]) -> Result<Option<String>> {
        let newest = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> rusqlite::Result<_> {
            self.db.query_row(sql, values, |row| row.get::<_, String>(0)).optional()
        };
        (|| {
            for root in roots {
                let found = newest(
                    "SELECT sources.name FROM root_scans JOIN roots ON roots.id = root \
                     JOIN scans ON scans.id = scan JOIN sources ON sources.id = roots.source \
                     WHERE (roots.path = ?1 OR roots.real = ?1) AND host = ?2 \
                     ORDER BY scan DESC LIMIT 1",
                    &[&root.as_os_str().as_encoded_bytes(), &host],
                )?;
                if found.is_some() {
                    return Ok(found);
                }
            }
            let found = newest(
                "SELECT sources.name FROM scans JOIN sources ON sources.id = source \
                 WHERE host = ? ORDER BY scans.id DESC LIMIT 1",
                &[&host],
            )?;
            if found.is_some() {
                return Ok(found);
            }
            newest(
                "SELECT name FROM sources WHERE (SELECT count(*) FROM sources) = 1 \
                 AND EXISTS (SELECT 1 FROM scans) \
                 AND NOT EXISTS (SELECT 1 FROM scans WHERE host IS NOT NULL)",
                &[],
            )
        })()
        .map_err(|error| failed(&self.file, &error))
    }

    /// Returns how the newest scan of `source` read files, or else the newest scan of any source.
    /// Also returns whether a program of the first version made that scan, which did not verify by
    /// default.
    pub(crate) fn usual_reading(&self, source: &str) -> Result<Option<(ReadingRow, bool)>> {
        self.db
            .query_row(
                "SELECT reader, options, host IS NULL FROM scans JOIN readings ON readings.id = reading \
                 JOIN sources ON sources.id = source ORDER BY name = ? DESC, scans.id DESC LIMIT 1",
                [source],
                |row| {
                    Ok((ReadingRow { reader: row.get(0)?, options: row.get(1)? }, row.get(2)?))
                },
            )
            .optional()
            .map_err(|error| failed(&self.file, &error))
    }

    /// Returns the roots of `source` that are folders or files, newest first. Each has its path
    /// with links resolved in its last scan, if that is known.
    pub(crate) fn known_roots(&self, source: &str) -> Result<Vec<(PathBuf, Option<PathBuf>)>> {
        (|| {
            let mut statement = self.db.prepare(
                "SELECT path, real FROM roots JOIN sources ON sources.id = source \
                 WHERE name = ? AND kind = 'path' ORDER BY \
                 (SELECT max(scan) FROM root_scans WHERE root = roots.id) DESC",
            )?;
            let roots = statement.query_map(params![source], |row| {
                let real = row.get::<_, Option<Vec<u8>>>(1)?;
                Ok((to_path(row.get(0)?), real.map(to_path)))
            })?;
            roots.collect::<rusqlite::Result<Vec<_>>>()
        })()
        .map_err(|error| failed(&self.file, &error))
    }

    /// Returns the path with links resolved that the root `path` had when files were last found in
    /// it.
    pub(crate) fn earlier_real(&self, path: &Path) -> Result<Option<PathBuf>> {
        self.db
            .query_row(
                "SELECT real FROM roots WHERE source = ? AND kind = 'path' AND path = ? \
                 AND real IS NOT NULL \
                 AND EXISTS (SELECT 1 FROM root_scans WHERE root = roots.id AND files > 0)",
                params![self.source, path.as_os_str().as_encoded_bytes()],
                |row| row.get(0).map(to_path),
            )
            .optional()
            .map_err(|error| failed(&self.file, &error))
    }

    /// Returns the other sources that have a scanned root with this path, if this source has none.
    pub(crate) fn other_sources(&self, path: &Path) -> Result<Vec<String>> {
        let read = || {
            let mut statement = self.db.prepare(
                "SELECT roots.source, sources.name FROM roots \
                 JOIN sources ON sources.id = roots.source \
                 WHERE roots.kind = 'path' AND roots.path = ? \
                 AND EXISTS (SELECT 1 FROM root_scans WHERE root = roots.id) ORDER BY sources.name",
            )?;
            let rows = statement.query_map([path.as_os_str().as_encoded_bytes()], |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?))
            })?;
            rows.collect::<rusqlite::Result<Vec<(i64, String)>>>()
        };
        let all = read().map_err(|error| failed(&self.file, &error))?;
        let is_own = all.iter().any(|(source, _)| *source == self.source);
        let names = all.into_iter().map(|(_, name)| name);
        Ok(names.filter(|_| !is_own).collect())
    }
}
