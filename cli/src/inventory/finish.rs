//! The end of roots and scans, which determines deleted files.

use std::path::Path;

use rusqlite::params;

use super::failure::failed;
use super::rows::{ScanCounters, Vanished, Visit};
use super::writer::{NO_SEPARATOR, PARTIAL, Store, now};
use crate::exit::Result;
use crate::fs::path;
use crate::output::format::counted;

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Ends of roots and scans.
impl Store {
    /// Returns whether the inventory contains files below `root` that were not deleted.
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

    /// Marks all files below a root as deleted, because the user accepted that it is empty.
    pub(crate) fn mark_gone(&mut self, root: &Path) -> Result<u64> {
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

    /// Ends a root. For a finished root, returns how many files vanished: files missing from a
    /// folder that was listed on their device, and files in folders that are missing from such a
    /// folder. With `accepts_unmounted`, the device does not matter.
    ///
    /// A root with files that were not found but did not vanish is stored as incomplete.
    pub(crate) fn end_root(&mut self, visit: &Visit, accepts_unmounted: bool) -> Result<Vanished> {
        self.commit()?;
        let gone = self.change(|store| {
            let device = store.device(visit.device.as_ref())?;
            let finished = visit.is_finished.then(now);
            store.db.execute(
                "UPDATE root_scans SET finished = ?, complete = ?, device = ?, files = ?, \
                 error = ?, scanned = ?, excluded = ?, filtered = ? WHERE scan = ? AND root = ?",
                params![
                    finished,
                    visit.is_complete,
                    device,
                    number(visit.files),
                    visit.error,
                    number(visit.scanned),
                    number(visit.excluded),
                    number(visit.filtered),
                    store.scan,
                    visit.root,
                ],
            )?;
            let objects = match visit.objects.as_deref().filter(|_| visit.is_complete) {
                Some(root) => store.sweep_objects(root)?,
                None => 0,
            };
            match visit.is_finished {
                true => store
                    .sweep(visit.root, accepts_unmounted)
                    .map(|found| Vanished { gone: found.gone.saturating_add(objects), ..found }),
                false => Ok(Vanished::default()),
            }
        })?;
        self.commit()?;
        Ok(gone)
    }

    /// Marks objects below `root` as deleted that its complete listing did not contain.
    fn sweep_objects(&self, root: &Path) -> rusqlite::Result<u64> {
        let (from, to) = path::below(&path::of_dir(root));
        let gone = self.db.execute(
            "UPDATE files SET gone = ?1 FROM dirs WHERE dirs.id = files.dir \
             AND dirs.source = ?2 AND dirs.path >= ?3 AND dirs.path < ?4 \
             AND files.scan < ?1 AND files.gone IS NULL \
             AND files.id NOT IN (SELECT file FROM temp.found)",
            params![self.scan, self.source, from, to],
        )?;
        Ok(u64::try_from(gone).unwrap_or_default())
    }

    /// Marks files as deleted that a finished scan of `root` did not find. Files on another file
    /// system than the listed folder stay, because it may be unmounted; with `accepts_unmounted`
    /// they are deleted too.
    fn sweep(&self, root: i64, accepts_unmounted: bool) -> rusqlite::Result<Vanished> {
        // Nothing else removes the links of a list, whose folders are not listed.
        self.db.execute(
            "DELETE FROM skipped WHERE root = ?1 AND scan < ?2 \
             AND EXISTS (SELECT 1 FROM roots WHERE id = ?1 AND kind = 'list')",
            params![root, self.scan],
        )?;
        let place = params![self.scan, root, accepts_unmounted];
        let files = self.db.execute(
            "UPDATE files SET gone = ?1 FROM missing, dirs \
             WHERE missing.file = files.id AND missing.scan = ?1 AND missing.root = ?2 \
             AND dirs.id = files.dir AND dirs.listed = ?1 \
             AND (?3 OR files.device IS dirs.device) AND files.scan < ?1 AND files.gone IS NULL",
            place,
        )?;
        // The folders below a listed folder that no longer contains them. `device` is the file
        // system of the listed folder, `own` the one on which the lost folder was.
        const LOST: &str = "WITH RECURSIVE lost (dir, device, own) AS (\
             SELECT dirs.id, above.device, coalesce(dirs.device, above.device) \
             FROM dirs AS above JOIN dirs ON dirs.parent = above.id \
             WHERE above.root = ?2 AND above.listed = ?1 AND dirs.seen < ?1 \
             UNION ALL SELECT dirs.id, lost.device, coalesce(dirs.device, lost.own) \
             FROM lost JOIN dirs ON dirs.parent = lost.dir) ";
        let below = self.db.execute(
            &format!(
                "{LOST} UPDATE files SET gone = ?1 FROM lost WHERE files.dir = lost.dir \
                 AND files.name <> x'' AND (?3 OR files.device IS lost.device) \
                 AND files.scan < ?1 AND files.gone IS NULL"
            ),
            place,
        )?;
        // Folders that could not be listed.
        self.db.execute(
            &format!(
                "{LOST} UPDATE files SET gone = ?1 FROM lost WHERE files.dir = lost.dir \
                 AND files.name = x'' AND files.gone IS NULL \
                 AND (?3 OR coalesce(files.device, lost.own) IS lost.device)"
            ),
            place,
        )?;
        self.db.execute(
            &format!(
                "{LOST} DELETE FROM skipped WHERE EXISTS (SELECT 1 FROM lost \
                 WHERE lost.dir = skipped.dir \
                 AND (?3 OR coalesce(skipped.device, lost.own) IS lost.device))"
            ),
            place,
        )?;
        if !accepts_unmounted {
            // Mount points that are gone, of which a partial scan was the last. See `lose_mount`.
            self.db.execute(
                &format!(
                    "{LOST} INSERT OR IGNORE INTO skipped (dir, name, root, scan, target, device) \
                     SELECT dirs.id, x'', ?2, dirs.listed, {NO_SEPARATOR}, dirs.device FROM lost \
                     JOIN dirs ON dirs.id = lost.dir JOIN dirs AS above ON above.id = dirs.parent \
                     WHERE dirs.device <> lost.device AND dirs.device IS NOT above.device \
                     AND dirs.listed IN {PARTIAL} \
                     AND above.id NOT IN (SELECT dir FROM temp.changed) \
                     AND NOT EXISTS (SELECT 1 FROM skipped WHERE skipped.dir = above.id \
                     AND skipped.name = x'' AND skipped.device = dirs.device)"
                ),
                params![self.scan, root],
            )?;
        }
        if accepts_unmounted {
            // Rows of listed folders that an earlier file system left.
            const LISTED: &str = "SELECT id FROM dirs WHERE root = ?2 AND listed = ?1";
            self.db.execute(
                &format!(
                    "UPDATE files SET gone = ?1 WHERE dir IN ({LISTED}) AND name = x'' \
                     AND scan < ?1 AND gone IS NULL"
                ),
                params![self.scan, root],
            )?;
            self.db.execute(
                &format!("DELETE FROM skipped WHERE dir IN ({LISTED}) AND scan < ?1"),
                params![self.scan, root],
            )?;
        }
        let kept = self.db.query_row(
            &format!(
                "{LOST} SELECT (SELECT count(*) FROM missing JOIN files ON files.id = file \
                 WHERE missing.scan = ?1 AND missing.root = ?2 AND gone IS NULL) \
                 + (SELECT count(*) FROM lost JOIN files ON files.dir = lost.dir \
                 WHERE gone IS NULL AND name <> x'')"
            ),
            params![self.scan, root],
            |row| row.get(0),
        )?;
        if kept > 0 {
            self.unmounted(root, kept)?;
        }
        Ok(Vanished { gone: u64::try_from(files + below).unwrap_or_default(), kept })
    }

    /// Stores that a root was not scanned completely: `kept` of its files are on a file system that
    /// was not found.
    fn unmounted(&self, root: i64, kept: u64) -> rusqlite::Result<()> {
        let error = format!(
            "{} on a file system that is not mounted now (--accept-empty if they are gone)",
            counted(kept, "known file")
        );
        self.db
            .execute(
                "UPDATE root_scans SET complete = 0, error = coalesce(error, ?) \
                 WHERE scan = ? AND root = ?",
                params![error, self.scan, root],
            )
            .map(|_| ())
    }

    /// Ends the scan.
    pub(crate) fn end(&mut self, sums: &ScanCounters, gone: u64, is_finished: bool) -> Result<()> {
        self.commit()?;
        self.change(|store| {
            let files = sums.read.saturating_add(sums.unchanged).saturating_add(sums.failed);
            store.db.execute(
                "UPDATE scans SET finished = ?, outcome = ?, files = ?, read = ?, unchanged = ?, \
                 failed = ?, excluded = ?, links = ?, special = ?, snapshots = ?, gone = ?, bytes = ? \
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
                    number(sums.snapshots),
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

    /// Closes the inventory and merges its journal into the file, so that it can be read on
    /// read-only media.
    pub(crate) fn close(self) {
        // Fails if another process has the file open; that process does it then. Do not wait.
        _ = self.db.busy_timeout(std::time::Duration::ZERO);
        _ = self.db.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()));
    }
}
