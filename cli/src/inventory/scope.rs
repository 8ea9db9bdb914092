//! What the scans of inventories cover. Every answer is limited to it.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use rmsight::{ErrorCode, Redactor, Timestamp};

use super::coverage::{self, OpenVisit};
use super::query::Inventories;
use super::read_rows::{LinkRow, RootRow, ScanRow};
use super::reader::Inventory;
use crate::exit::{Failure, Result};
use crate::fs::path::trimmed;
use crate::output::format::thousands;

/// Error code of a file that changed while it was read.
pub(crate) const CHANGED: &str = ErrorCode::ChangedWhileReading.as_str();

/// The coverage of one inventory.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) inventory: String,
    /// The newest scan of each source.
    pub(crate) scans: Vec<ScanRow>,
    /// The newest visit of each root.
    pub(crate) roots: Vec<RootRow>,
    /// The scans of these visits, by row.
    pub(crate) visits: BTreeMap<i64, ScanRow>,
    /// Links, junctions and mount points that were not followed.
    pub(crate) links: Vec<LinkRow>,
    /// Folders that could not be listed, by root and error code.
    pub(crate) unlisted: BTreeMap<i64, BTreeMap<String, Vec<String>>>,
    /// Files that changed while they were read, by root.
    pub(crate) changed: BTreeMap<i64, Vec<String>>,
    /// Earlier visits whose gaps the newest visit of the root does not close.
    pub(crate) left_open: Vec<OpenVisit>,
    /// Roots that were scanned again as a part of another root, each with the end of that visit.
    pub(crate) superseded: BTreeMap<i64, Timestamp>,
    /// The end of the last completed visit of each root.
    ended: BTreeMap<i64, Timestamp>,
    /// The id of the inventory whose scans filled each source. A source that scans of several
    /// inventories filled is missing.
    scanners: BTreeMap<Option<String>, String>,
}

impl Scope {
    pub(crate) fn of(inventories: &Inventories) -> Result<Vec<Scope>> {
        let mut scopes = Vec::new();
        for (file, inventory) in &inventories.all {
            let mut scans: BTreeMap<Option<String>, ScanRow> = BTreeMap::new();
            let mut visits = BTreeMap::new();
            for scan in inventory.scans()? {
                visits.insert(scan.id, scan.clone());
                scans.insert(scan.source.clone(), scan);
            }
            let mut roots: BTreeMap<i64, RootRow> = BTreeMap::new();
            let all_visits = inventory.roots()?;
            let mut ended = BTreeMap::new();
            for root in &all_visits {
                roots.insert(root.root, root.clone());
                if let Some(finished) = root.finished {
                    ended.insert(root.root, finished);
                }
            }
            let name = file.display().to_string();
            let failed = |error| Failure::message(format_args!("{name}: {error}"));
            let unlisted = unlisted(inventory.db()).map_err(failed)?;
            let changed = changed(inventory.db()).map_err(failed)?;
            let mut scope = Scope {
                inventory: name.clone(),
                scans: scans.into_values().collect(),
                roots: roots.into_values().collect(),
                visits,
                links: inventory.links()?,
                unlisted,
                changed,
                left_open: coverage::left_open(&all_visits),
                superseded: BTreeMap::new(),
                ended,
                scanners: scanners(inventory)?,
            };
            let is_same =
                |one: &RootRow, other: &RootRow| scope.is_same_scanner(one, &scope, other);
            scope.superseded =
                coverage::superseded(inventory.db(), &scope.roots, &all_visits, &is_same)
                    .map_err(failed)?;
            scopes.push(scope);
        }
        Ok(scopes)
    }

    /// Returns when a root was last listed completely, by its own visit or by a visit of another
    /// root that contains it. If that never happened, returns the start of its newest visit.
    pub(crate) fn listed_at(&self, root: &RootRow) -> Timestamp {
        let ends = [self.ended.get(&root.root), self.superseded.get(&root.root)];
        ends.into_iter().flatten().max().copied().unwrap_or(root.started)
    }

    /// Returns whether the visit `other`, of the scope `other_scope`, was made on the same computer
    /// for the same inventory as `visit`. Only then does a path mean the same file. Returns `false`
    /// if unknown.
    pub(crate) fn is_same_scanner(
        &self,
        visit: &RootRow,
        other_scope: &Scope,
        other: &RootRow,
    ) -> bool {
        let scanner = self.scanner(visit);
        visit.source == other.source && scanner.is_some() && scanner == other_scope.scanner(other)
    }

    /// Returns the identity of the inventory and the name of the computer.
    fn scanner(&self, visit: &RootRow) -> Option<(&str, &str)> {
        let host = self.visits.get(&visit.scan)?.host.as_deref()?;
        Some((self.scanners.get(&visit.source)?, host))
    }

    /// Redacts paths, as the redactor does in findings.
    pub(crate) fn redact(&mut self, redactor: &Redactor) {
        let scans = self.scans.iter_mut().chain(self.visits.values_mut());
        let lists = scans.flat_map(|scan| [&mut scan.include, &mut scan.exclude]);
        let globs = lists.flatten();
        let roots =
            self.roots.iter_mut().chain(self.left_open.iter_mut().map(|open| &mut open.visit));
        let roots = roots.map(|root| &mut root.path);
        let links = self.links.iter_mut().map(|link| &mut link.path);
        let unlisted = self.unlisted.values_mut().flat_map(BTreeMap::values_mut).flatten();
        let folders = unlisted.chain(self.changed.values_mut().flatten());
        roots.chain(links).chain(globs).chain(folders).for_each(|path| *path = redactor.path(path));
    }
}

fn scanners(inventory: &Inventory) -> Result<BTreeMap<Option<String>, String>> {
    let mut all = BTreeMap::new();
    let mut mixed = Vec::new();
    for (source, id) in inventory.scanners()? {
        if all.insert(source.clone(), id).is_some() {
            mixed.push(source);
        }
    }
    all.retain(|source, _| !mixed.contains(source));
    Ok(all)
}

/// Returns the files that changed while they were read, by root. Files whose record contains that
/// error are left out.
fn changed(db: &rusqlite::Connection) -> rusqlite::Result<BTreeMap<i64, Vec<String>>> {
    let mut statement = db.prepare(
        "SELECT dirs.root, dirs.path, files.name FROM files JOIN dirs ON dirs.id = files.dir \
         WHERE files.outcome = ?1 AND files.name <> x'' AND files.gone IS NULL \
         AND NOT EXISTS (SELECT 1 FROM findings WHERE file = files.id AND error_code = ?1) \
         ORDER BY dirs.root, dirs.path, files.name",
    )?;
    let mut files: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let rows = statement.query_map([CHANGED], |row| {
        let (mut path, name): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?);
        path.extend_from_slice(&name);
        Ok((row.get(0)?, String::from_utf8_lossy(&path).into_owned()))
    })?;
    for row in rows {
        let (root, path) = row?;
        files.entry(root).or_default().push(path);
    }
    Ok(files)
}

fn unlisted(
    db: &rusqlite::Connection,
) -> rusqlite::Result<BTreeMap<i64, BTreeMap<String, Vec<String>>>> {
    let mut statement = db.prepare(
        "SELECT dirs.root, files.outcome, dirs.path FROM files JOIN dirs ON dirs.id = files.dir \
         WHERE files.name = x'' AND files.outcome <> 'read' AND files.gone IS NULL \
         ORDER BY 1, 2, 3",
    )?;
    let mut folders: BTreeMap<i64, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    let rows = statement.query_map([], |row| {
        let path: Vec<u8> = row.get(2)?;
        Ok((row.get(0)?, row.get(1)?, String::from_utf8_lossy(trimmed(&path)).into_owned()))
    })?;
    for row in rows {
        let (root, code, path) = row?;
        folders.entry(root).or_default().entry(code).or_default().push(path);
    }
    Ok(folders)
}

/// Describes what a scan left out on purpose; empty if nothing was left out.
pub(crate) fn left_out(scan: &ScanRow) -> Vec<String> {
    let mut all = Vec::new();
    let mut options: Vec<String> = Vec::new();
    for (option, globs) in [("--include", &scan.include), ("--exclude", &scan.exclude)] {
        options.extend(globs.iter().map(|glob| format!("{option} {glob}")));
    }
    options.extend(scan.one_file_system.then(|| "--one-file-system".to_owned()));
    if !options.is_empty() {
        let what = match scan.excluded {
            None => "files and folders".to_owned(),
            Some(1) => "1 file or folder".to_owned(),
            Some(count) => format!("{} files and folders", thousands(count)),
        };
        all.push(format!("{what}, by {}", options.join(" ")));
    }
    for (count, one, several) in [
        (scan.links, "symbolic link not followed", "symbolic links not followed"),
        (
            scan.special,
            "socket, pipe or device not opened",
            "sockets, pipes and devices not opened",
        ),
        (
            scan.snapshots,
            "snapshot folder or recycle bin not scanned (--snapshots)",
            "snapshot folders and recycle bins not scanned (--snapshots)",
        ),
    ] {
        if let Some(count) = count.filter(|count| *count > 0) {
            let what = if count == 1 { one } else { several };
            all.push(format!("{} {what}", thousands(count)));
        }
    }
    all
}

/// Returns with which rights a scan read files, if they were requested.
pub(crate) fn rights(scan: &ScanRow) -> Option<&'static str> {
    scan.backup.map(|is_in_force| match is_in_force {
        true => "files were read whatever their permissions are (SeBackupPrivilege)",
        false => "--backup was given, but the account did not have SeBackupPrivilege",
    })
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
