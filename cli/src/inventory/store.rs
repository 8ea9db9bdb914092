//! Writing an inventory: rows are gathered in a transaction that is committed when it is large or
//! old enough. A kill loses what was not committed, and that is read again the next time.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rmsight::{Envelope, Estate, Facts, Record, Value, judge};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};
use sha2::{Digest as _, Sha256};

use super::maps::Maps;
use super::{failed, path, schema};
use crate::exit::Result;

/// Files in one transaction.
const BATCH: u32 = 1_000;

/// How long one stays open.
const BATCH_TIME: Duration = Duration::from_millis(100);

/// What a scan sets out to do.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) source: Option<&'a str>,
    pub(crate) maps: &'a Maps,
    pub(crate) reading: &'a Reading,
    pub(crate) include: &'a [String],
    pub(crate) exclude: &'a [String],
    pub(crate) one_file_system: bool,
    pub(crate) hydrate: bool,
}

/// What decides which facts the bytes of a file give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) reader: u32,
    /// Options and limits, the same text for the same.
    pub(crate) options: String,
}

impl Reading {
    fn digest(&self) -> String {
        let hash = Sha256::digest(format!("{}\n{}", self.reader, self.options));
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RootKind {
    /// A folder or a file that was named.
    Path,
    /// A list of files.
    List,
}

impl RootKind {
    fn name(self) -> &'static str {
        match self {
            RootKind::Path => "path",
            RootKind::List => "list",
        }
    }
}

/// A folder that a scan has met. The one that writes gives it its row.
#[derive(Debug)]
pub(crate) struct Dir {
    pub(crate) path: PathBuf,
    pub(crate) parent: Option<Arc<Dir>>,
    /// Row of the root through which it was met.
    pub(crate) root: i64,
    pub(crate) row: OnceLock<i64>,
}

/// Folders may nest deeper than the stack of a thread.
impl Drop for Dir {
    fn drop(&mut self) {
        let mut above = self.parent.take();
        while let Some(mut dir) = above.and_then(Arc::into_inner) {
            above = dir.parent.take();
        }
    }
}

/// What became of a folder.
#[derive(Debug)]
pub(crate) enum DirState {
    /// Its name was met.
    Met,
    /// It was listed to the end, on this device; these known files were not in it.
    Listed { device: Option<Arc<str>>, missing: Vec<i64> },
    /// It was not listed, or not to the end.
    Failed { code: &'static str, error: String },
}

/// By what a file is known to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    /// Seconds since 1970, and nanoseconds behind them.
    pub(crate) modified: Option<(i64, u32)>,
    /// Nanoseconds since 1970, where the system has a change time.
    pub(crate) changed: Option<i64>,
}

/// A file that was looked at.
#[derive(Debug)]
pub(crate) struct FileRow {
    pub(crate) dir: Arc<Dir>,
    pub(crate) name: OsString,
    /// Nothing where it could not be had.
    pub(crate) stamp: Option<Stamp>,
    pub(crate) device: Option<Arc<str>>,
    /// Why to look at it again in any case; nothing where it was read.
    pub(crate) retry: Option<&'static str>,
    pub(crate) findings: Vec<FindingRow>,
}

/// The facts of one finding, by the columns of the record.
#[derive(Debug, Default)]
pub(crate) struct FindingRow {
    values: Vec<Sql>,
    key: Option<KeyRow>,
}

#[derive(Debug)]
struct KeyRow {
    key: String,
    bits: Option<u32>,
    id: Option<String>,
    name: Option<String>,
    address: Option<String>,
    tenant: Option<String>,
}

impl FileRow {
    /// What stands for a folder that could not be listed.
    fn unlisted(dir: &Arc<Dir>, code: &'static str, error: &str) -> FileRow {
        let facts = Facts::not_opened(code, error);
        let verdict = judge(&facts, &Estate::default());
        let envelope = Envelope::new("");
        let record = Record { envelope: &envelope, facts: &facts, verdict: &verdict };
        FileRow {
            dir: Arc::clone(dir),
            name: OsString::new(),
            stamp: None,
            device: None,
            retry: Some(code),
            findings: vec![FindingRow::of(&record)],
        }
    }
}

impl FindingRow {
    pub(crate) fn of(record: &Record<'_>) -> FindingRow {
        let license = record.facts.license.as_deref();
        let key = license.and_then(|license| {
            Some(KeyRow {
                key: license.slc_key.clone()?,
                bits: license.slc_key_bits,
                id: license.slc_id.clone(),
                name: license.slc_name.clone(),
                address: license.slc_address.clone(),
                tenant: license.tenant_id.clone(),
            })
        });
        let values = schema::fact_columns().map(|column| sql(column.value(record))).collect();
        FindingRow { values, key }
    }
}

fn sql(value: Value<'_>) -> Sql {
    match value {
        Value::Bool(truth) => Sql::Integer(truth.into()),
        // The record has no number beyond 2^63.
        Value::Int(number) => i64::try_from(number).map_or(Sql::Null, Sql::Integer),
        Value::Text(text) => Sql::Text(text.to_owned()),
        Value::Time(time) => Sql::Integer(time.unix()),
        // What judging found odd is no fact.
        Value::List(facts, _) => Sql::Text(Value::List(facts, &[]).to_string()),
        _ => Sql::Null,
    }
}

/// Files that were not where they had been.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Vanished {
    /// They are gone.
    pub(crate) gone: u64,
    /// Nobody knows: their device is not there either.
    pub(crate) kept: u64,
}

/// The rows of a scan that has begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    pub(super) scan: i64,
    pub(super) source: i64,
    pub(super) reading: i64,
}

/// What a scan has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) read: u64,
    pub(crate) unchanged: u64,
    pub(crate) failed: u64,
    pub(crate) excluded: u64,
    pub(crate) links: u64,
    pub(crate) special: u64,
    pub(crate) bytes: u64,
}

/// How one root went.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) root: i64,
    pub(crate) files: u64,
    pub(crate) device: Option<Arc<str>>,
    /// The walk came to its end.
    pub(crate) is_finished: bool,
    /// And every folder could be listed.
    pub(crate) is_complete: bool,
    pub(crate) error: Option<String>,
}

/// An inventory that is written to.
#[derive(Debug)]
pub(crate) struct Store {
    db: Connection,
    file: PathBuf,
    scan: i64,
    source: i64,
    reading: i64,
    devices: HashMap<Arc<str>, i64>,
    keys: HashSet<String>,
    /// Files in the open transaction, and since when it is open.
    pending: u32,
    since: Option<Instant>,
}

static INSERT_FINDING: LazyLock<String> = LazyLock::new(|| {
    let names: Vec<&str> = schema::fact_columns().map(|column| column.name).collect();
    let marks = ", ?".repeat(names.len());
    format!("INSERT INTO findings (file, nr, {}) VALUES (?, ?{marks})", names.join(", "))
});

impl Store {
    /// Opens the inventory, or makes one.
    pub(crate) fn open(file: &Path) -> Result<Store> {
        let mut db = Connection::open(file).map_err(|error| failed(file, &error))?;
        schema::prepare(&mut db, file)?;
        db.set_prepared_statement_cache_capacity(64);
        Ok(Store {
            db,
            file: file.to_owned(),
            scan: 0,
            source: 0,
            reading: 0,
            devices: HashMap::new(),
            keys: HashSet::new(),
            pending: 0,
            since: None,
        })
    }

    /// Begins a scan; says its number.
    pub(crate) fn begin(&mut self, plan: &Plan<'_>) -> Result<i64> {
        self.change(|store| {
            store.source = store.id_of(
                "INSERT INTO sources (name) VALUES (?1) ON CONFLICT DO UPDATE SET name = name \
                 RETURNING id",
                plan.source.unwrap_or_default(),
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
            store.scan = store.db.query_row(
                "INSERT INTO scans (source, reading, started, outcome, program, include, exclude, \
                 one_file_system, hydrate) VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?) \
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
                ],
                |row| row.get(0),
            )?;
            Ok(store.scan)
        })?;
        self.commit()?;
        Ok(self.scan)
    }

    /// The rows by which others look for what is known.
    pub(crate) fn begun(&self) -> Begun {
        Begun { scan: self.scan, source: self.source, reading: self.reading }
    }

    /// Begins with a root; says its row.
    pub(crate) fn root(&mut self, kind: RootKind, path: &Path) -> Result<i64> {
        let bytes = path.as_os_str().as_encoded_bytes();
        let root = self.change(|store| {
            let root: i64 = store.db.query_row(
                "INSERT INTO roots (source, kind, path, display) VALUES (?, ?, ?, ?) \
                 ON CONFLICT DO UPDATE SET display = excluded.display RETURNING id",
                params![store.source, kind.name(), bytes, path::display(bytes)],
                |row| row.get(0),
            )?;
            store.db.execute(
                "INSERT INTO root_scans (scan, root, started, complete, files) \
                 VALUES (?, ?, ?, 0, 0) ON CONFLICT DO NOTHING",
                params![store.scan, root, now()],
            )?;
            // That it could not be listed is said again if it still is so.
            let dir = "SELECT id FROM dirs WHERE source = ? AND path = ?";
            let place = params![store.source, path::of_dir(path)];
            if let Some(row) = store.db.query_row(dir, place, |row| row.get(0)).optional()? {
                store.excuse(row)?;
            }
            Ok(root)
        })?;
        self.commit()?;
        Ok(root)
    }

    /// How many files the last scan of this root that came to its end has met.
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

    /// Writes down what became of a folder.
    pub(crate) fn dir(&mut self, dir: &Arc<Dir>, state: &DirState) -> Result<()> {
        if let DirState::Failed { code, error } = state {
            return self.file(&FileRow::unlisted(dir, code, error));
        }
        self.change(|store| {
            let row = store.row_of(dir)?;
            if let DirState::Listed { device, missing } = state {
                let device = store.device(device.as_ref())?;
                store.cached(
                    "UPDATE dirs SET listed = ?, device = ? WHERE id = ?",
                    params![store.scan, device, row],
                )?;
                store.excuse(row)?;
                for file in missing {
                    store.cached(
                        "INSERT OR IGNORE INTO missing (file, scan, root) VALUES (?, ?, ?)",
                        params![file, store.scan, dir.root],
                    )?;
                }
            }
            store.pending += 1;
            Ok(())
        })?;
        self.commit_when_due()
    }

    /// Forgets that a folder could not be listed.
    fn excuse(&self, dir: i64) -> rusqlite::Result<()> {
        let own = "SELECT id FROM files WHERE dir = ? AND name = x''";
        let row: Option<i64> =
            self.db.prepare_cached(own)?.query_row([dir], |row| row.get(0)).optional()?;
        let Some(row) = row else { return Ok(()) };
        self.cached("DELETE FROM findings WHERE file = ?", [row])?;
        self.cached("DELETE FROM files WHERE id = ?", [row])
    }

    /// Puts what was found in a file in the place of what was known of it.
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
                     device, reading, outcome, scan) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
                     ON CONFLICT (dir, name) DO UPDATE SET size = excluded.size, \
                     modified = excluded.modified, modified_ns = excluded.modified_ns, \
                     changed = excluded.changed, device = excluded.device, \
                     reading = excluded.reading, outcome = excluded.outcome, \
                     scan = excluded.scan, gone = NULL RETURNING id",
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

    /// A file that is as it was known, on another device.
    pub(crate) fn moved(&mut self, file: i64, device: Option<&Arc<str>>) -> Result<()> {
        self.change(|store| {
            let device = store.device(device)?;
            store.cached("UPDATE files SET device = ? WHERE id = ?", params![device, file])?;
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
        // Hostile files may name any number of keys.
        if self.keys.len() < 10_000 {
            self.keys.insert(key.key.clone());
        }
        Ok(())
    }

    /// The row of a folder, and of those above it.
    fn row_of(&self, dir: &Dir) -> rusqlite::Result<i64> {
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

    fn device(&mut self, name: Option<&Arc<str>>) -> rusqlite::Result<Option<i64>> {
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

    fn cached(&self, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.execute(values).map(|_| ())
    }
}

/// The end of roots and scans.
impl Store {
    /// Whether the inventory has files below `root` that it does not know to be gone.
    pub(crate) fn has_files(&self, root: &Path) -> Result<bool> {
        let (from, to) = path::below(&path::of_dir(root));
        self.db
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM dirs JOIN files ON files.dir = dirs.id \
                 WHERE dirs.source = ? AND dirs.path >= ? AND dirs.path < ? \
                 AND files.name <> x'' AND files.gone IS NULL)",
                params![self.source, from, to],
                |row| row.get(0),
            )
            .map_err(|error| failed(&self.file, &error))
    }

    /// Takes all files below a root as gone, because somebody said that it is empty by right.
    pub(crate) fn forsake(&mut self, root: &Path) -> Result<u64> {
        let (from, to) = path::below(&path::of_dir(root));
        self.change(|store| {
            let gone = store.db.execute(
                "UPDATE files SET gone = ? FROM dirs WHERE dirs.id = files.dir \
                 AND dirs.source = ? AND dirs.path >= ? AND dirs.path < ? AND gone IS NULL",
                params![store.scan, store.source, from, to],
            )?;
            Ok(u64::try_from(gone).unwrap_or_default())
        })
    }

    /// Ends a root. Of one that is finished, it says how many files have vanished: those missing
    /// from a folder that was listed on the device on which they were, and those in folders that
    /// are missing from such a one.
    pub(crate) fn end_root(&mut self, visit: &Visit) -> Result<Vanished> {
        self.commit()?;
        let gone = self.change(|store| {
            let device = store.device(visit.device.as_ref())?;
            let finished = visit.is_finished.then(now);
            store.db.execute(
                "UPDATE root_scans SET finished = ?, complete = ?, device = ?, files = ?, \
                 error = ? WHERE scan = ? AND root = ?",
                params![
                    finished,
                    visit.is_complete,
                    device,
                    i64::try_from(visit.files).unwrap_or(i64::MAX),
                    visit.error,
                    store.scan,
                    visit.root,
                ],
            )?;
            if visit.is_finished { store.sweep(visit.root) } else { Ok(Vanished::default()) }
        })?;
        self.commit()?;
        Ok(gone)
    }

    fn sweep(&self, root: i64) -> rusqlite::Result<Vanished> {
        let place = params![self.scan, root];
        let files = self.db.execute(
            "UPDATE files SET gone = ?1 FROM missing, dirs \
             WHERE missing.file = files.id AND missing.scan = ?1 AND missing.root = ?2 \
             AND dirs.id = files.dir AND dirs.listed = ?1 AND files.device IS dirs.device \
             AND files.scan < ?1 AND files.gone IS NULL",
            place,
        )?;
        // A folder whose parent was listed and did not have it takes all that was below it along,
        // but for what was on another device: that may have been unmounted.
        const LOST: &str = "WITH RECURSIVE lost (dir, device) AS (\
             SELECT dirs.id, above.device FROM dirs AS above JOIN dirs ON dirs.parent = above.id \
             WHERE above.root = ?2 AND above.listed = ?1 AND dirs.seen < ?1 \
             UNION ALL SELECT dirs.id, lost.device FROM lost JOIN dirs ON dirs.parent = lost.dir) ";
        let below = self.db.execute(
            &format!(
                "{LOST} UPDATE files SET gone = ?1 FROM lost WHERE files.dir = lost.dir \
                 AND files.device IS lost.device AND files.scan < ?1 AND files.gone IS NULL"
            ),
            place,
        )?;
        // What could not be listed is known to have been on no device.
        self.db.execute(
            &format!(
                "{LOST} UPDATE files SET gone = ?1 FROM lost, dirs WHERE files.dir = lost.dir \
                 AND dirs.id = lost.dir AND files.name = x'' \
                 AND (dirs.device IS NULL OR dirs.device IS lost.device)"
            ),
            place,
        )?;
        let kept = self.db.query_row(
            &format!(
                "{LOST} SELECT (SELECT count(*) FROM missing JOIN files ON files.id = file \
                 WHERE missing.scan = ?1 AND missing.root = ?2 AND gone IS NULL) \
                 + (SELECT count(*) FROM lost JOIN files ON files.dir = lost.dir \
                 WHERE gone IS NULL AND name <> x'')"
            ),
            place,
            |row| row.get(0),
        )?;
        Ok(Vanished { gone: u64::try_from(files + below).unwrap_or_default(), kept })
    }

    /// Ends the scan.
    pub(crate) fn end(&mut self, sums: &Sums, gone: u64, is_finished: bool) -> Result<()> {
        self.commit()?;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.change(|store| {
            let files = sums.read.saturating_add(sums.unchanged).saturating_add(sums.failed);
            store.db.execute(
                "UPDATE scans SET finished = ?, outcome = ?, files = ?, read = ?, unchanged = ?, \
                 failed = ?, excluded = ?, links = ?, special = ?, gone = ?, bytes = ? \
                 WHERE id = ?",
                params![
                    now(),
                    if is_finished { "finished" } else { "interrupted" },
                    number(files),
                    number(sums.read),
                    number(sums.unchanged),
                    number(sums.failed),
                    number(sums.excluded),
                    number(sums.links),
                    number(sums.special),
                    number(gone),
                    number(sums.bytes),
                    store.scan,
                ],
            )?;
            store.db.execute("DELETE FROM missing WHERE scan <= ?", [store.scan])?;
            Ok(())
        })?;
        self.commit()
    }

    /// Makes one file of it again, which can be read from a place where nobody may write.
    pub(crate) fn close(self) {
        // It fails where somebody else has it open, who then does it.
        _ = self.db.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()));
    }
}

/// Transactions.
impl Store {
    /// Changes rows in the open transaction.
    fn change<T>(&mut self, change: impl FnOnce(&mut Store) -> rusqlite::Result<T>) -> Result<T> {
        let changed = (|| {
            if self.since.is_none() {
                self.cached("BEGIN IMMEDIATE", [])?;
                self.since = Some(Instant::now());
            }
            change(self)
        })();
        changed.map_err(|error| failed(&self.file, &error))
    }

    /// Commits when enough has come together, or long enough nothing was committed.
    pub(crate) fn commit_when_due(&mut self) -> Result<()> {
        let is_old = self.since.is_some_and(|since| since.elapsed() >= BATCH_TIME);
        if self.pending >= BATCH || is_old { self.commit() } else { Ok(()) }
    }

    pub(crate) fn commit(&mut self) -> Result<()> {
        self.pending = 0;
        if self.since.take().is_none() {
            return Ok(());
        }
        self.cached("COMMIT", []).map_err(|error| failed(&self.file, &error))
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}
