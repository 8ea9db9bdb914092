//! The inventory as a walk uses it.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rmsight::ErrorCode;

use super::stamp::Stamp;
use crate::exit::Result;

/// An inventory that a scan fills.
pub(crate) trait InventoryHandle: Debug + Send + Sync {
    /// Path of the inventory, absolute.
    fn file(&self) -> &Path;

    /// Returns whether records of unchanged files are written too.
    fn shows_unchanged(&self) -> bool;

    /// Opens a connection for the lookups of one thread.
    fn lookup(&self) -> Result<Box<dyn InventoryLookup>>;

    /// Stores a result of the walk. The writer of the inventory reports failures.
    fn note(&self, note: Note);
}

/// Lookups of files and folders in an inventory.
pub(crate) trait InventoryLookup {
    /// Returns the row of a folder.
    fn dir(&self, dir: &Path) -> Result<Option<i64>>;

    /// Returns the file called `name` in the folder with the row `dir`.
    /// The entity tag `etag` of an object has to be the stored one too.
    fn file(
        &self,
        dir: i64,
        name: &OsStr,
        stamp: Option<&Stamp>,
        etag: Option<&str>,
    ) -> Result<Option<KnownFile>>;

    /// Returns the rows of the files in the folder with the row `dir` that are not in `found_rows`,
    /// and that this scan has not stored.
    fn missing(&self, dir: i64, found_rows: &HashSet<i64>) -> Result<Vec<i64>>;
}

/// A message of the walk to the inventory.
#[derive(Debug)]
pub(crate) enum Note {
    Dir(Arc<Dir>, DirState),
    /// The file in this row is unchanged, on another device.
    Moved(i64, Option<Arc<str>>),
    /// A listing of objects contains the one in this row.
    Found(i64),
    /// A link in this folder, or the folder itself, was not followed.
    Skipped(Arc<Dir>, Skipped),
}

/// A file that an earlier scan read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownFile {
    pub(crate) row: i64,
    /// Reading it again with the same options would give the same facts.
    pub(crate) is_same: bool,
    /// Set if the file is unchanged but must be read again.
    pub(crate) stale: Option<Staleness>,
    pub(crate) device: Option<String>,
}

/// Why an unchanged file must be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Staleness {
    /// An older version of the program read it.
    Older,
    /// It was read with options that read less.
    Options,
}

/// A folder that a scan found. The writer of the inventory sets its row.
#[derive(Debug)]
pub(crate) struct Dir {
    pub(crate) path: PathBuf,
    pub(crate) parent: Option<Arc<Dir>>,
    /// Row of the root that contains it.
    pub(crate) root: i64,
    pub(crate) row: OnceLock<i64>,
}

/// Drops iteratively: folders may nest deeper than the stack allows.
impl Drop for Dir {
    fn drop(&mut self) {
        let mut above = self.parent.take();
        while let Some(mut dir) = above.and_then(Arc::into_inner) {
            above = dir.parent.take();
        }
    }
}

/// Result of the walk for a folder.
#[derive(Debug)]
pub(crate) enum DirState {
    /// Its name was found.
    Found,
    /// It was listed completely, on this device. `above` is the device of its parent. The known
    /// files in `missing` are not in it, and the links in `skipped` were not followed.
    Listed {
        device: Option<Arc<str>>,
        above: Option<Arc<str>>,
        missing: Vec<i64>,
        skipped: Vec<Skipped>,
    },
    /// It was not listed completely. `owner` is its owner in the file system, if known.
    Failed { code: ErrorCode, error: String, device: Option<Arc<str>>, owner: Option<Arc<str>> },
}

/// A link, a junction or a mount point that was not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// Its name in its folder; empty for the folder itself.
    pub(crate) name: OsString,
    /// Target with links resolved; `None` if unknown.
    pub(crate) target: Option<PathBuf>,
    /// File system that contains it, if known.
    pub(crate) device: Option<Arc<str>>,
}
