//! The end of roots and scans, and what is gone then.

use std::path::Path;

use rusqlite::params;

use super::rows::{Sums, Vanished, Visit};
use super::store::{Store, now};
use super::{failed, path};
use crate::exit::Result;

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
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
        self.db.execute(
            &format!("{LOST} DELETE FROM skipped WHERE dir IN (SELECT dir FROM lost)"),
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
