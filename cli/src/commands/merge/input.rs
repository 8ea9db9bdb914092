//! The inventories to merge.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::inventory::Inventory;

/// An inventory to merge.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) file: PathBuf,
    /// Replaces the name of its source.
    pub(super) source: Option<String>,
}

impl Input {
    /// Parses `NAME=FILE`, or a file. The name of an existing file may contain `=`.
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
    /// Name in the file.
    pub(super) own: String,
    /// Name in the new inventory.
    pub(super) name: String,
    /// Identities of the inventories whose scans filled it.
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

/// A scan in an inventory to merge.
pub(super) struct ScanOf {
    /// Number in the inventory.
    pub(super) id: i64,
    pub(super) started: i64,
    pub(super) finished: Option<i64>,
    /// Name of its source in the new inventory.
    pub(super) source: String,
    /// Identity of the scan: scans with equal text are the same scan.
    pub(super) same: String,
    /// Number of preceding scans with the same text in its inventory.
    pub(super) nth: usize,
}

/// An opened inventory to merge.
pub(super) struct Loaded<'a> {
    pub(super) input: &'a Input,
    pub(super) sources: Vec<Source>,
    /// Ordered by number.
    pub(super) scans: Vec<ScanOf>,
}

/// Attaches an inventory as `i`.
pub(super) fn attach(db: &Connection, file: &Path) -> rusqlite::Result<()> {
    // A URI could open it read-only, but some file names cannot be written as a URI.
    db.execute("ATTACH ? AS i", [file.to_string_lossy()]).map(|_| ())
}
