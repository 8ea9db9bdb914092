//! Removing a root.

use std::path::Path;

use rusqlite::{OptionalExtension as _, params};

use super::known_root::KnownRoot;
use super::writer::Store;
use crate::exit::Result;
use crate::fs::path;

impl Store {
    /// Removes a root with its visits, and the files below it that no other root contains. Returns
    /// how many files were removed.
    ///
    /// `spellings` are the spellings of its path, tried in this order.
    ///
    /// # Errors
    ///
    /// Fails if no root has such a path, or if several sources have one and `source` does not
    /// select one.
    pub(crate) fn forget(&mut self, spellings: &[&Path], source: Option<&str>) -> Result<u64> {
        let (root, others) = self.choose_root(spellings, source)?;
        let others: Vec<&KnownRoot> = others.iter().collect();
        let removed = self.change(|store| store.remove(&root, &others))?;
        self.commit()?;
        Ok(removed)
    }

    fn remove(&self, root: &KnownRoot, others: &[&KnownRoot]) -> rusqlite::Result<u64> {
        let folder = path::with_separator(root.path.clone());
        // The root that keeps a folder or a file: the one that contains it.
        let keeper = |full: &[u8]| {
            let others = others.iter().filter(|one| one.source == root.source && !one.is_list);
            others.into_iter().find(|one| {
                full.starts_with(&path::with_separator(one.path.clone())) || full == one.path
            })
        };
        let heir = others.iter().find(|one| one.source == root.source);
        // It is unknown which files a list contained: all of them stay.
        if let Some(list) = others.iter().find(|one| one.source == root.source && one.is_list) {
            self.hand_over(root, list)?;
            return Ok(0);
        }
        let (from, to) = path::below(&folder);
        // The folder of a root that is a file, or of the files in a list, is not below the root.
        let mut dirs = self.db.prepare(
            "SELECT id, path FROM dirs \
             WHERE (source = ?1 AND path >= ?2 AND path < ?3) OR root = ?4",
        )?;
        let dirs = dirs.query_map(params![root.source, from, to, root.id], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        let dirs = dirs.collect::<rusqlite::Result<Vec<_>>>()?;
        let mut removed = 0;
        for (dir, dir_path) in &dirs {
            if let Some(keeper) = keeper(dir_path) {
                self.db.execute(
                    "UPDATE dirs SET root = ?1 WHERE id = ?2 AND root = ?3",
                    params![keeper.id, dir, root.id],
                )?;
                self.db.execute(
                    "UPDATE skipped SET root = ?1 WHERE dir = ?2 AND root = ?3",
                    params![keeper.id, dir, root.id],
                )?;
                continue;
            }
            // The folder of a root that is a file may have files of other such roots.
            if root.is_list || dir_path.starts_with(&folder) || heir.is_none() {
                removed += self.remove_files(*dir)?;
            }
        }
        if !root.is_list && keeper(&root.path).is_none() {
            removed += self.remove_file(root)?;
        }
        self.db.execute("DELETE FROM skipped WHERE root = ?", [root.id])?;
        // Folders keep their rows, because other folders may refer to them as parents.
        match heir {
            Some(heir) => self.hand_over(root, heir)?,
            None => {
                self.db
                    .execute("UPDATE dirs SET parent = NULL WHERE source = ?1", [root.source])?;
                self.db.execute("DELETE FROM dirs WHERE root = ?", [root.id])?;
                for table in ["root_scans", "missing"] {
                    self.db.execute(&format!("DELETE FROM {table} WHERE root = ?"), [root.id])?;
                }
                self.db.execute("DELETE FROM roots WHERE id = ?", [root.id])?;
            }
        }
        Ok(removed)
    }

    /// Removes a root. Its folders and files become those of another root.
    fn hand_over(&self, root: &KnownRoot, heir: &KnownRoot) -> rusqlite::Result<()> {
        for sql in [
            "UPDATE dirs SET root = ?1, listed = NULL WHERE root = ?2",
            "UPDATE skipped SET root = ?1 WHERE root = ?2",
        ] {
            self.db.execute(sql, [heir.id, root.id])?;
        }
        for table in ["root_scans", "missing"] {
            self.db.execute(&format!("DELETE FROM {table} WHERE root = ?"), [root.id])?;
        }
        self.db.execute("DELETE FROM roots WHERE id = ?", [root.id]).map(|_| ())
    }

    /// Removes the file of a root that is a file.
    fn remove_file(&self, root: &KnownRoot) -> rusqlite::Result<u64> {
        let is_separator = |byte: &u8| std::path::is_separator(char::from(*byte));
        let Some(end) = root.path.iter().rposition(is_separator) else { return Ok(0) };
        let (dir, name) = root.path.split_at(end.saturating_add(1));
        let sql = "SELECT id FROM dirs WHERE source = ? AND path = ?";
        let dir = self.db.query_row(sql, params![root.source, dir], |row| row.get::<_, i64>(0));
        let Some(dir) = dir.optional()? else { return Ok(0) };
        let one = "(SELECT id FROM files WHERE dir = ?1 AND name = ?2)";
        self.db
            .execute(&format!("DELETE FROM findings WHERE file IN {one}"), params![dir, name])?;
        self.db.execute(&format!("DELETE FROM missing WHERE file IN {one}"), params![dir, name])?;
        let removed = self
            .db
            .execute("DELETE FROM files WHERE dir = ?1 AND name = ?2", params![dir, name])?;
        Ok(u64::try_from(removed).unwrap_or_default())
    }

    /// Removes all files of a folder.
    fn remove_files(&self, dir: i64) -> rusqlite::Result<u64> {
        let all = "(SELECT id FROM files WHERE dir = ?)";
        self.db.execute(&format!("DELETE FROM findings WHERE file IN {all}"), [dir])?;
        self.db.execute(&format!("DELETE FROM missing WHERE file IN {all}"), [dir])?;
        self.db.execute("DELETE FROM skipped WHERE dir = ?", [dir])?;
        let removed = self.db.execute("DELETE FROM files WHERE dir = ?", [dir])?;
        Ok(u64::try_from(removed).unwrap_or_default())
    }
}
