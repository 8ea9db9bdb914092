//! Writing an inventory. Rows are collected in a transaction, which is committed by size or age. A
//! kill loses uncommitted rows; the next scan reads those files again.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};

use super::database_file::check_database;
use super::failure::failed;
use super::lock::retry_while_locked;
use super::rows::{BegunScan, FileRow, Fitness, KeyRow, Plan, ReadingRow, RootKind};
use super::schema;
use crate::exit::Result;
use crate::fs::path;
use crate::fs::walk::Dir;

/// Maximum number of files in a transaction.
const BATCH: u32 = 1_000;

/// The scans that were stopped or left something out.
pub(super) const PARTIAL: &str = "(SELECT visit.scan FROM root_scans AS visit \
    JOIN scans ON scans.id = visit.scan WHERE visit.finished IS NULL \
    OR coalesce(visit.excluded, scans.excluded) > 0 OR visit.filtered > 0)";

/// SQL for the path of a folder without its trailing separator.
pub(super) const NO_SEPARATOR: &str = "substr(dirs.path, 1, length(dirs.path) - 1)";

/// Maximum age of a transaction.
const BATCH_TIME: Duration = Duration::from_millis(100);

/// An inventory, opened for writing.
#[derive(Debug)]
pub(crate) struct Store {
    pub(super) db: Connection,
    pub(super) file: PathBuf,
    pub(super) scan: i64,
    pub(super) source: i64,
    reading: i64,
    readings: Arc<HashMap<i64, Fitness>>,
    devices: HashMap<Arc<str>, i64>,
    keys: HashSet<String>,
    /// Number of files in the open transaction, and the time when it was opened.
    pub(super) pending: u32,
    since: Option<Instant>,
}

static INSERT_FINDING: LazyLock<String> = LazyLock::new(|| {
    let names: Vec<&str> = schema::fact_columns().map(|column| column.name).collect();
    let marks = ", ?".repeat(names.len());
    format!("INSERT INTO findings (file, nr, {}) VALUES (?, ?{marks})", names.join(", "))
});

impl Store {
    /// Opens an inventory, or creates one.
    pub(crate) fn open(file: &Path) -> Result<Store> {
        // SQLite makes an inventory of an empty file.
        if file.metadata().is_ok_and(|found| found.len() > 0) {
            check_database(file)?;
        }
        let mut db = Connection::open(file).map_err(|error| failed(file, &error))?;
        schema::prepare(&mut db, file)?;
        db.set_prepared_statement_cache_capacity(64);
        Ok(Store {
            db,
            file: file.to_owned(),
            scan: 0,
            source: 0,
            reading: 0,
            readings: Arc::default(),
            devices: HashMap::new(),
            keys: HashSet::new(),
            pending: 0,
            since: None,
        })
    }

    /// Starts a scan. Returns its number.
    pub(crate) fn begin(&mut self, plan: &Plan<'_>) -> Result<i64> {
        self.change(|store| {
            // The folders that this scan lists on another file system than the scan before.
            store.db.execute_batch(
                "CREATE TEMP TABLE IF NOT EXISTS changed (dir INTEGER PRIMARY KEY); \
                 DELETE FROM temp.changed; \
                 CREATE TEMP TABLE IF NOT EXISTS found (file INTEGER PRIMARY KEY); \
                 DELETE FROM temp.found",
            )?;
            store.source = store.id_of(
                "INSERT INTO sources (name) VALUES (?1) ON CONFLICT DO UPDATE SET name = name \
                 RETURNING id",
                plan.source.unwrap_or_default(),
            )?;
            store.db.execute(
                "INSERT OR IGNORE INTO scanners (source, id) \
                 SELECT ?, value || '@' || ? FROM about WHERE name = 'id'",
                params![store.source, plan.host],
            )?;
            for (prefix, target) in plan.maps.pairs() {
                store.db.execute(
                    "INSERT OR REPLACE INTO maps (source, prefix, target) VALUES (?, ?, ?)",
                    params![store.source, prefix, target],
                )?;
            }
            store.reading = store.db.query_row(
                "INSERT INTO readings (reader, digest, options) VALUES (?, ?, ?) \
                 ON CONFLICT DO UPDATE SET digest = digest RETURNING id",
                params![plan.reading.reader, plan.reading.digest(), plan.reading.options],
                |row| row.get(0),
            )?;
            store.readings = Arc::new(store.fitness(plan)?);
            store.scan = store.db.query_row(
                "INSERT INTO scans (source, reading, started, outcome, program, include, exclude, \
                 one_file_system, hydrate, backup, host) VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?) \
                 RETURNING id",
                params![
                    store.source,
                    store.reading,
                    now(),
                    env!("CARGO_PKG_VERSION"),
                    serde_json::json!(plan.include).to_string(),
                    serde_json::json!(plan.exclude).to_string(),
                    plan.one_file_system,
                    plan.hydrate,
                    plan.backup,
                    plan.host,
                ],
                |row| row.get(0),
            )?;
            Ok(store.scan)
        })?;
        self.commit()?;
        Ok(self.scan)
    }

    /// Returns all readings of the inventory, with the fitness of their rows for this scan.
    fn fitness(&self, plan: &Plan<'_>) -> rusqlite::Result<HashMap<i64, Fitness>> {
        let mut statement = self.db.prepare("SELECT id, reader, options FROM readings")?;
        let rows = statement.query_map([], |row| {
            let reading = ReadingRow { reader: row.get(1)?, options: row.get(2)? };
            Ok((row.get(0)?, (plan.fitness)(&reading)))
        })?;
        rows.collect()
    }

    /// Returns the rows that lookups need.
    pub(crate) fn begun(&self) -> BegunScan {
        let readings = Arc::clone(&self.readings);
        BegunScan { scan: self.scan, source: self.source, readings }
    }

    /// Starts a root, whose path with links resolved is `real`. Returns its row.
    pub(crate) fn root(&mut self, kind: RootKind, path: &Path, real: Option<&Path>) -> Result<i64> {
        let bytes = path.as_os_str().as_encoded_bytes();
        let real = real.map(|real| real.as_os_str().as_encoded_bytes());
        let root = self.change(|store| {
            let root: i64 = store.db.query_row(
                "INSERT INTO roots (source, kind, path, display, real) VALUES (?, ?, ?, ?, ?) \
                 ON CONFLICT DO UPDATE SET display = excluded.display, real = excluded.real \
                 RETURNING id",
                params![store.source, kind.name(), bytes, path::display(bytes), real],
                |row| row.get(0),
            )?;
            store.db.execute(
                "INSERT INTO root_scans (scan, root, started, complete, files) \
                 VALUES (?, ?, ?, 0, 0) ON CONFLICT DO NOTHING",
                params![store.scan, root, now()],
            )?;
            // If the folder still cannot be listed, the scan stores that again.
            let dir = "SELECT id FROM dirs WHERE source = ? AND path = ?";
            let place = params![store.source, path::of_dir(path)];
            if let Some(row) = store.db.query_row(dir, place, |row| row.get(0)).optional()? {
                store.clear_unlisted(row)?;
            }
            Ok(root)
        })?;
        self.commit()?;
        Ok(root)
    }

    /// Returns the number of files that the last completed scan of this root found.
    pub(crate) fn last_count(&self, root: i64) -> Result<Option<u64>> {
        self.db
            .query_row(
                "SELECT files FROM root_scans WHERE root = ? AND finished IS NOT NULL \
                 ORDER BY scan DESC LIMIT 1",
                [root],
                |row| row.get(0),
            )
            .optional()
            .map_err(|error| failed(&self.file, &error))
    }

    /// Replaces the findings of a file.
    pub(crate) fn file(&mut self, file: &FileRow) -> Result<()> {
        self.change(|store| {
            let dir = store.row_of(&file.dir)?;
            let device = store.device(file.device.as_ref())?;
            let name = path::of_name(&file.name);
            let stamp = file.stamp;
            let modified = stamp.and_then(|stamp| stamp.modified);
            let row: i64 = store
                .db
                .prepare_cached(
                    "INSERT INTO files (dir, name, display, size, modified, modified_ns, changed, \
                     device, reading, outcome, scan, owner, etag, version_id, tier) \
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
                     ON CONFLICT (dir, name) DO UPDATE SET size = excluded.size, \
                     modified = excluded.modified, modified_ns = excluded.modified_ns, \
                     changed = excluded.changed, device = excluded.device, \
                     reading = excluded.reading, outcome = excluded.outcome, \
                     scan = excluded.scan, owner = excluded.owner, gone = NULL, \
                     etag = excluded.etag, version_id = excluded.version_id, \
                     tier = coalesce(excluded.tier, tier) RETURNING id",
                )?
                .query_row(
                    params![
                        dir,
                        name,
                        path::display(name),
                        stamp.and_then(|stamp| i64::try_from(stamp.size).ok()),
                        modified.map(|(seconds, _)| seconds),
                        modified.map(|(_, nanoseconds)| nanoseconds),
                        stamp.and_then(|stamp| stamp.changed),
                        device,
                        store.reading,
                        file.retry.unwrap_or("read"),
                        store.scan,
                        file.owner.as_deref(),
                        file.object.etag,
                        file.object.version_id,
                        file.object.tier,
                    ],
                    |row| row.get(0),
                )?;
            store.cached("DELETE FROM findings WHERE file = ?", [row])?;
            store.cached("DELETE FROM missing WHERE file = ?", [row])?;
            for (nr, finding) in (0_i64..).zip(&file.findings) {
                let place = [Sql::Integer(row), Sql::Integer(nr)];
                store
                    .db
                    .prepare_cached(&INSERT_FINDING)?
                    .execute(params_from_iter(place.iter().chain(&finding.values)))?;
                if let Some(key) = &finding.key {
                    store.key(key)?;
                }
            }
            store.pending += 1;
            Ok(())
        })?;
        self.commit_when_due()
    }

    /// Stores that an unchanged file is on another device.
    pub(crate) fn moved(&mut self, file: i64, device: Option<&Arc<str>>) -> Result<()> {
        self.change(|store| {
            let device = store.device(device)?;
            store.cached("UPDATE files SET device = ? WHERE id = ?", params![device, file])?;
            store.pending += 1;
            Ok(())
        })?;
        self.commit_when_due()
    }

    /// Stores that a listing of objects contains a known one.
    pub(crate) fn found(&mut self, file: i64) -> Result<()> {
        self.change(|store| {
            store.cached("INSERT OR IGNORE INTO temp.found (file) VALUES (?)", [file])?;
            store.pending += 1;
            Ok(())
        })?;
        self.commit_when_due()
    }

    fn key(&mut self, key: &KeyRow) -> rusqlite::Result<()> {
        if self.keys.contains(&key.key) {
            return Ok(());
        }
        self.cached(
            "INSERT OR IGNORE INTO slc_keys (key, bits, id, name, address, tenant, scan) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![key.key, key.bits, key.id, key.name, key.address, key.tenant, self.scan],
        )?;
        // Hostile files may contain any number of keys.
        if self.keys.len() < 10_000 {
            self.keys.insert(key.key.clone());
        }
        Ok(())
    }

    /// Returns the row of a folder. Inserts it and its parents if necessary.
    pub(super) fn row_of(&self, dir: &Dir) -> rusqlite::Result<i64> {
        if let Some(row) = dir.row.get() {
            return Ok(*row);
        }
        let mut above = vec![dir];
        while let Some(parent) = above.last().and_then(|dir| dir.parent.as_deref()) {
            above.push(parent);
            if parent.row.get().is_some() {
                break;
            }
        }
        let mut parent: Option<i64> = None;
        for dir in above.into_iter().rev() {
            let row = match dir.row.get() {
                Some(row) => *row,
                None => self.insert_dir(dir, parent)?,
            };
            _ = dir.row.set(row);
            parent = Some(row);
        }
        Ok(parent.unwrap_or_default())
    }

    fn insert_dir(&self, dir: &Dir, parent: Option<i64>) -> rusqlite::Result<i64> {
        let bytes = path::of_dir(&dir.path);
        self.db
            .prepare_cached(
                "INSERT INTO dirs (source, root, parent, path, display, seen) \
                 VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (source, path) DO UPDATE \
                 SET root = excluded.root, parent = coalesce(excluded.parent, parent), \
                 seen = max(seen, excluded.seen) RETURNING id",
            )?
            .query_row(
                params![self.source, dir.root, parent, bytes, path::display(&bytes), self.scan],
                |row| row.get(0),
            )
    }

    /// Removes the row of a folder that could not be listed.
    pub(super) fn clear_unlisted(&self, dir: i64) -> rusqlite::Result<()> {
        let own = "SELECT id FROM files WHERE dir = ? AND name = x''";
        let row: Option<i64> =
            self.db.prepare_cached(own)?.query_row([dir], |row| row.get(0)).optional()?;
        let Some(row) = row else { return Ok(()) };
        self.cached("DELETE FROM findings WHERE file = ?", [row])?;
        self.cached("DELETE FROM files WHERE id = ?", [row])
    }

    pub(super) fn device(&mut self, name: Option<&Arc<str>>) -> rusqlite::Result<Option<i64>> {
        let Some(name) = name else { return Ok(None) };
        if let Some(row) = self.devices.get(name) {
            return Ok(Some(*row));
        }
        let row = self.id_of(
            "INSERT INTO devices (name) VALUES (?1) ON CONFLICT DO UPDATE SET name = name \
             RETURNING id",
            name,
        )?;
        self.devices.insert(Arc::clone(name), row);
        Ok(Some(row))
    }

    fn id_of(&self, sql: &str, name: &str) -> rusqlite::Result<i64> {
        self.db.query_row(sql, [name], |row| row.get(0))
    }

    pub(super) fn cached(&self, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.execute(values).map(|_| ())
    }
}

/// Transactions.
impl Store {
    /// Changes rows in the open transaction.
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Store) -> rusqlite::Result<T>,
    ) -> Result<T> {
        if self.since.is_none() {
            retry_while_locked(&self.file, || self.cached("BEGIN IMMEDIATE", []))?;
            self.since = Some(Instant::now());
        }
        change(self).map_err(|error| failed(&self.file, &error))
    }

    /// Commits if the transaction is large or old enough.
    pub(crate) fn commit_when_due(&mut self) -> Result<()> {
        let is_old = self.since.is_some_and(|since| since.elapsed() >= BATCH_TIME);
        if self.pending >= BATCH || is_old { self.commit() } else { Ok(()) }
    }

    pub(crate) fn commit(&mut self) -> Result<()> {
        self.pending = 0;
        if self.since.take().is_none() {
            return Ok(());
        }
        retry_while_locked(&self.file, || self.cached("COMMIT", []))
    }
}

pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}
