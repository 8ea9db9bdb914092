//! Writing folders, and the links in them that were not followed.

use std::sync::Arc;

use rusqlite::params;

use super::rows::FileRow;
use super::writer::{NO_SEPARATOR, PARTIAL, Store};
use crate::exit::Result;
use crate::fs::path;
use crate::fs::walk::{Dir, DirState, Skipped};

impl Store {
    /// Stores the result of a folder.
    pub(crate) fn dir(&mut self, dir: &Arc<Dir>, state: &DirState) -> Result<()> {
        if let DirState::Failed { code, error, device, owner } = state {
            let row = FileRow::unlisted(dir, *code, error, device.clone());
            self.file(&FileRow { owner: owner.clone(), ..row })?;
            // The row says that the folder was not read, also if it is a mount point.
            return self.change(|store| {
                let row = store.row_of(dir)?;
                let sql = "DELETE FROM skipped WHERE dir = ? AND name = x'' AND scan = ?";
                store.cached(sql, params![row, store.scan])
            });
        }
        self.change(|store| {
            let row = store.row_of(dir)?;
            if let DirState::Listed { device, above, missing, skipped } = state {
                let device = store.device(device.as_ref())?;
                // Folders in it that were never listed were on its previous file system.
                store.cached(
                    "UPDATE dirs SET device = above.device FROM dirs AS above \
                     WHERE above.id = ?1 AND above.device <> ?2 AND dirs.parent = ?1 \
                     AND dirs.device IS NULL",
                    params![row, device],
                )?;
                // The same is true of links that an earlier version stored without a device.
                store.cached(
                    "UPDATE skipped SET device = dirs.device FROM dirs \
                     WHERE dirs.id = ?1 AND dirs.device <> ?2 AND skipped.dir = ?1 \
                     AND skipped.device IS NULL AND skipped.name <> x''",
                    params![row, device],
                )?;
                let above = store.device(above.as_ref())?;
                store.lose_mount(row, dir.root, device, above)?;
                store.cached(
                    "UPDATE dirs SET listed = ?, device = ? WHERE id = ?",
                    params![store.scan, device, row],
                )?;
                if dir.parent.is_none() {
                    // A killed scan does not reach the end of the root.
                    store.cached(
                        "UPDATE root_scans SET device = ? WHERE scan = ? AND root = ?",
                        params![device, store.scan, dir.root],
                    )?;
                }
                store.listed(row, device, above)?;
                for link in skipped {
                    store.skip(row, dir.root, link)?;
                }
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

    /// Stores a link that was not followed and that is not part of a completed listing.
    pub(crate) fn skipped(&mut self, dir: &Arc<Dir>, link: &Skipped) -> Result<()> {
        self.change(|store| {
            let row = store.row_of(dir)?;
            store.pending += 1;
            store.skip(row, dir.root, link)
        })?;
        self.commit_when_due()
    }

    fn skip(&mut self, dir: i64, root: i64, link: &Skipped) -> rusqlite::Result<()> {
        let target = link.target.as_ref().map(|target| target.as_os_str().as_encoded_bytes());
        let device = self.device(link.device.as_ref())?;
        self.cached(
            "INSERT OR REPLACE INTO skipped (dir, name, root, scan, target, device) \
             VALUES (?, ?, ?, ?, ?, ?)",
            params![dir, path::of_name(&link.name), root, self.scan, target, device],
        )
    }

    /// Removes what a complete listing on `device` replaces: the row of a folder that could not be
    /// listed, and the links that earlier listings found in it.
    ///
    /// Rows of another file system stay: it may be unmounted. If the folder was a mount point and
    /// still is one (its device differs from that of its parent), its own rows are replaced,
    /// because the number of a file system can change with a remount.
    fn listed(&self, dir: i64, device: Option<i64>, above: Option<i64>) -> rusqlite::Result<()> {
        let is_unmounted = |of_row: &str| {
            format!("{of_row} IS NOT NULL AND {of_row} IS NOT ?2 AND ?2 IS ?3 AND ?2 IS NOT NULL")
        };
        let own = is_unmounted("files.device");
        let own =
            format!("SELECT EXISTS (SELECT 1 FROM files WHERE dir = ?1 AND name = x'' AND {own})");
        let stays: bool = self
            .db
            .prepare_cached(&own)?
            .query_row(params![dir, device, above], |row| row.get(0))?;
        if !stays {
            self.clear_unlisted(dir)?;
        }
        let own = is_unmounted("skipped.device");
        let sql = format!(
            "DELETE FROM skipped WHERE dir = ?1 AND CASE WHEN name = x'' THEN NOT ({own}) \
             ELSE device IS NULL OR device IS ?2 END"
        );
        self.cached(&sql, params![dir, device, above])
    }

    /// Notes the folder `dir` as not followed if it was a mount point, is now listed on the file
    /// system of its parent, `device`, and was not read completely by the scan that listed it on
    /// its own file system: the rows do not contain what that scan left out.
    fn lose_mount(
        &self,
        dir: i64,
        root: i64,
        device: Option<i64>,
        above: Option<i64>,
    ) -> rusqlite::Result<()> {
        let changed = "INSERT OR IGNORE INTO temp.changed (dir) \
                       SELECT id FROM dirs WHERE id = ? AND device <> ?";
        let has_changed = self.db.prepare_cached(changed)?.execute(params![dir, device])? > 0;
        if !has_changed || above != device {
            return Ok(());
        }
        let sql = format!(
            "INSERT OR IGNORE INTO skipped (dir, name, root, scan, target, device) \
             SELECT dirs.id, x'', ?2, dirs.listed, {NO_SEPARATOR}, dirs.device \
             FROM dirs JOIN dirs AS above ON above.id = dirs.parent \
             WHERE dirs.id = ?1 AND coalesce(above.device, ?3) = ?3 AND dirs.listed IN {PARTIAL} \
             AND above.id NOT IN (SELECT dir FROM temp.changed)"
        );
        self.cached(&sql, params![dir, root, device])
    }
}
