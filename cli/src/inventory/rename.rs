//! Renaming a root.

use std::path::Path;

use rusqlite::params;

use super::failure::failed;
use super::known_root::KnownRoot;
use super::writer::Store;
use crate::exit::{Failure, Result};
use crate::fs::path;

/// A path and its replacement, without separators at the end.
struct Renaming<'a> {
    old: &'a [u8],
    new: &'a [u8],
}

impl Renaming<'_> {
    /// Returns the new form of `path` if it is the old path or inside of it.
    fn apply(&self, path: &[u8]) -> Option<Vec<u8>> {
        if path == self.old {
            return Some(self.new.to_vec());
        }
        let folder = path::with_separator(self.old.to_vec());
        let rest = path.strip_prefix(folder.as_slice())?;
        Some([path::with_separator(self.new.to_vec()).as_slice(), rest].concat())
    }
}

/// Returns whether the folder `outer` is `inner` or contains it.
fn contains(outer: &[u8], inner: &[u8]) -> bool {
    outer == inner || inner.starts_with(&path::with_separator(outer.to_vec()))
}

impl Store {
    /// Gives a root the path `new`, and changes the paths of its folders and of the roots inside of
    /// it. Returns the number of folders.
    ///
    /// # Errors
    /// Fails if no root has one of these spellings, if the root is a file or a list, or if the
    /// inventory would have a folder twice.
    pub(crate) fn rename(
        &mut self,
        spellings: &[&Path],
        source: Option<&str>,
        new: &Path,
    ) -> Result<u64> {
        let (root, others) = self.choose_root(spellings, source)?;
        let new = new.as_os_str().as_encoded_bytes();
        let refuse = |why: String| {
            let file = self.file.display();
            Failure::message(format_args!("{file}: {why}"))
        };
        self.check_new_path(&root, &others, new).map_err(refuse)?;
        let (from, to) = path::below(&path::with_separator(new.to_vec()));
        let count = |from: &[u8], to: &[u8]| {
            let sql = "SELECT count(*) FROM dirs WHERE source = ? AND path >= ? AND path < ?";
            let count =
                self.db.query_row(sql, params![root.source, from, to], |row| row.get::<_, u64>(0));
            count.map_err(|error| failed(&self.file, &error))
        };
        let shown = String::from_utf8_lossy(new).into_owned();
        if count(&from, &to)? > 0 {
            return Err(refuse(format!(
                "it has folders in {shown} already: forget that root first"
            )));
        }
        let (from, to) = path::below(&path::with_separator(root.path.clone()));
        if count(&from, &to)? == 0 {
            return Err(refuse(
                "it has no folder of this root: forget the root, and scan the new path".to_owned(),
            ));
        }
        let renaming = Renaming { old: &root.path, new };
        let renamed = self.change(|store| store.rename_rows(&root, &others, &renaming))?;
        self.commit()?;
        Ok(renamed)
    }

    /// Returns a message if a root cannot have the path `new`.
    fn check_new_path(
        &self,
        root: &KnownRoot,
        others: &[KnownRoot],
        new: &[u8],
    ) -> std::result::Result<(), String> {
        let shown = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
        if root.is_list {
            return Err("the root is a list of files, which cannot be renamed".to_owned());
        }
        if contains(&root.path, new) || contains(new, &root.path) {
            return Err("one of the two paths is inside of the other one".to_owned());
        }
        let mut others = others.iter().filter(|one| one.source == root.source && !one.is_list);
        if let Some(outer) = others.clone().find(|one| contains(&one.path, &root.path)) {
            let outer = shown(&outer.path);
            return Err(format!("the root is inside of the root {outer}: rename that one"));
        }
        let is_in_the_way = |one: &&KnownRoot| contains(&one.path, new) || contains(new, &one.path);
        match others.find(is_in_the_way) {
            Some(other) => {
                let (new, other) = (shown(new), shown(&other.path));
                Err(format!("{new} and the root {other} overlap: forget that root first"))
            }
            None => Ok(()),
        }
    }

    fn rename_rows(
        &self,
        root: &KnownRoot,
        others: &[KnownRoot],
        renaming: &Renaming<'_>,
    ) -> rusqlite::Result<u64> {
        let (from, to) = path::below(&path::with_separator(root.path.clone()));
        let mut renamed = 0;
        let sql = "SELECT id, path FROM dirs WHERE source = ? AND path >= ? AND path < ?";
        for (id, old) in self.paths(sql, params![root.source, from, to])? {
            let Some(new) = renaming.apply(&old) else { continue };
            let values = params![new, path::display(&new), id];
            self.cached("UPDATE dirs SET path = ?, display = ? WHERE id = ?", values)?;
            renamed += 1;
        }
        let inner = others.iter().filter(|one| one.source == root.source && !one.is_list);
        for one in inner.chain([root]) {
            let Some(new) = renaming.apply(&one.path) else { continue };
            // The next scan resolves links in the new path.
            self.cached(
                "UPDATE roots SET path = ?, display = ?, real = NULL WHERE id = ?",
                params![new, path::display(&new), one.id],
            )?;
        }
        let sql = "SELECT skipped.dir, target FROM skipped JOIN dirs ON dirs.id = skipped.dir \
                   WHERE source = ? AND target IS NOT NULL";
        for (dir, old) in self.paths(sql, [root.source])? {
            let Some(new) = renaming.apply(&old) else { continue };
            let sql = "UPDATE skipped SET target = ?1 WHERE dir = ?2 AND target = ?3";
            self.cached(sql, params![new, dir, old])?;
        }
        self.rename_maps(root.source, renaming)?;
        Ok(renamed)
    }

    fn rename_maps(&self, source: i64, renaming: &Renaming<'_>) -> rusqlite::Result<()> {
        let sql = "SELECT source, CAST(prefix AS BLOB) FROM maps WHERE source = ?";
        for (source, old) in self.paths(sql, [source])? {
            let new = renaming.apply(&old).and_then(|new| String::from_utf8(new).ok());
            let Some(new) = new else { continue };
            self.cached(
                "UPDATE OR REPLACE maps SET prefix = ? WHERE source = ? AND CAST(prefix AS BLOB) = ?",
                params![new, source, old],
            )?;
        }
        Ok(())
    }

    /// Returns a number and a path of each row.
    fn paths(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> rusqlite::Result<Vec<(i64, Vec<u8>)>> {
        let mut statement = self.db.prepare(sql)?;
        let rows = statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    }
}
