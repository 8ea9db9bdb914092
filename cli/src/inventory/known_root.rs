//! The roots of an inventory that is opened for writing.

use std::path::Path;

use super::failure::failed;
use super::writer::Store;
use crate::exit::{Failure, Result};

/// A root in the inventory.
pub(super) struct KnownRoot {
    pub(super) id: i64,
    pub(super) source: i64,
    pub(super) source_name: String,
    pub(super) is_list: bool,
    pub(super) path: Vec<u8>,
}

impl Store {
    /// Returns the root with one of these spellings of its path, tried in this order, and all other
    /// roots.
    ///
    /// # Errors
    /// Fails if no root has such a path, or if several sources have one and `source` does not
    /// select one.
    pub(super) fn choose_root(
        &self,
        spellings: &[&Path],
        source: Option<&str>,
    ) -> Result<(KnownRoot, Vec<KnownRoot>)> {
        let mut roots = self.all_roots().map_err(|error| failed(&self.file, &error))?;
        let is_chosen = |root: &KnownRoot| source.is_none_or(|source| root.source_name == source);
        let matching = |spelling: &&Path| -> Vec<usize> {
            let bytes = spelling.as_os_str().as_encoded_bytes();
            let is_same = |(_, root): &(usize, &KnownRoot)| root.path == bytes && is_chosen(root);
            roots.iter().enumerate().filter(is_same).map(|(at, _)| at).collect()
        };
        let found = spellings.iter().map(matching).find(|found| !found.is_empty());
        let file = self.file.display().to_string();
        match found.as_deref() {
            Some([at]) => {
                let root = roots.remove(*at);
                Ok((root, roots))
            }
            None | Some([]) => {
                let known: Vec<String> =
                    roots.iter().map(|root| String::from_utf8_lossy(&root.path).into()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let root = spellings.first().unwrap_or(&Path::new("")).display().to_string();
                Err(Failure::message(format_args!(
                    "{file}: it has no root {root:?}; it has: {known}"
                )))
            }
            Some(several) => {
                let names = several.iter().filter_map(|at| roots.get(*at));
                let names: Vec<String> =
                    names.map(|root| format!("{:?}", root.source_name)).collect();
                Err(Failure::message(format_args!(
                    "{file}: several sources have this root; choose one with --source: {}",
                    names.join(", ")
                )))
            }
        }
    }

    fn all_roots(&self) -> rusqlite::Result<Vec<KnownRoot>> {
        let mut statement = self.db.prepare(
            "SELECT roots.id, roots.source, sources.name, roots.kind, roots.path FROM roots \
             JOIN sources ON sources.id = roots.source ORDER BY roots.id",
        )?;
        let roots = statement.query_map([], |row| {
            Ok(KnownRoot {
                id: row.get(0)?,
                source: row.get(1)?,
                source_name: row.get(2)?,
                is_list: row.get_ref(3)?.as_str()? == "list",
                path: row.get(4)?,
            })
        })?;
        roots.collect()
    }
}
