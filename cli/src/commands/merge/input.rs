//! The inventories to merge.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::inventory::Inventory;

/// An inventory to merge.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) file: PathBuf,
    /// The name of its source, in place of that in the file.
    pub(super) source: Option<String>,
}

impl Input {
    /// `NAME=FILE`, or a file, whose name may have a `=` if it exists.
    pub(super) fn parse(text: &str) -> Result<Input, String> {
        match text.split_once('=') {
            Some((name, file)) if !Path::new(text).exists() => {
                if name.is_empty() || file.is_empty() {
                    return Err("it has the form NAME=INVENTORY".to_owned());
                }
                Ok(Input { file: file.into(), source: Some(name.to_owned()) })
            }
            _ => Ok(Input { file: text.into(), source: None }),
        }
    }
}

/// A source of an inventory.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) id: i64,
    /// Its name in the file.
    pub(super) own: String,
    /// Its name in the new inventory.
    pub(super) name: String,
    /// Names of the inventories whose scans filled it.
    pub(super) scanners: BTreeSet<String>,
}

pub(super) fn sources(input: &Input, inventory: &Inventory) -> rusqlite::Result<Vec<Source>> {
    let db = inventory.db();
    let mut statement = db.prepare("SELECT id, name FROM sources ORDER BY id")?;
    let sources = statement.query_map([], |row| {
        let own: String = row.get(1)?;
        let name = input.source.clone().unwrap_or_else(|| own.clone());
        Ok(Source { id: row.get(0)?, own, name, scanners: BTreeSet::new() })
    })?;
    let mut sources = sources.collect::<rusqlite::Result<Vec<Source>>>()?;
    let own = inventory.id().unwrap_or_default();
    // Tables of version 1 do not have them.
    let has_scanners = !inventory.is_first().unwrap_or(true);
    for source in &mut sources {
        if has_scanners {
            let mut statement = db.prepare("SELECT id FROM scanners WHERE source = ?")?;
            let names = statement.query_map([source.id], |row| row.get(0))?;
            source.scanners = names.collect::<rusqlite::Result<_>>()?;
        }
        if source.scanners.is_empty() {
            source.scanners.insert(own.clone());
        }
    }
    Ok(sources)
}

/// A scan of an inventory to merge.
pub(super) struct ScanOf {
    /// Its number in the inventory.
    pub(super) id: i64,
    pub(super) started: i64,
    pub(super) finished: Option<i64>,
    /// The name of its source in the new inventory.
    pub(super) source: String,
    /// What makes it the scan that it is: a scan with the same text is the same one.
    pub(super) same: String,
    /// How many scans with the same text precede it in its inventory.
    pub(super) nth: usize,
}

/// An inventory to merge, with what identifies its rows.
pub(super) struct Loaded<'a> {
    pub(super) input: &'a Input,
    pub(super) sources: Vec<Source>,
    /// In the order of their numbers.
    pub(super) scans: Vec<ScanOf>,
}

/// Attaches an inventory as `i`.
pub(super) fn attach(db: &Connection, file: &Path) -> rusqlite::Result<()> {
    // An URI would say "read only", but not every file name can be written as one.
    db.execute("ATTACH ? AS i", [file.to_string_lossy()]).map(|_| ())
}
