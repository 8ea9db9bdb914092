//! The inventory as a walk uses it.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::stamp::Stamp;
use crate::exit::Result;

/// An inventory that a scan fills.
pub(crate) trait InventoryHandle: Debug + Send + Sync {
    /// Path of the inventory, absolute.
    fn file(&self) -> &Path;

    /// Returns whether records of unchanged files are written too.
    fn shows_unchanged(&self) -> bool;

    /// Opens a connection that one thread asks for known files.
    fn lookup(&self) -> Result<Box<dyn InventoryLookup>>;

    /// Stores what the walk found out. A failure to store it ends the scan elsewhere.
    fn note(&self, note: Note);
}

/// The files and folders that an inventory knows.
pub(crate) trait InventoryLookup {
    /// Returns the row of a folder.
    fn dir(&self, dir: &Path) -> Result<Option<i64>>;

    /// Returns the file called `name` in the folder with the row `dir`.
    fn file(&self, dir: i64, name: &OsStr, stamp: Option<&Stamp>) -> Result<Option<KnownFile>>;

    /// Returns the rows of the files in the folder with the row `dir` that are not among `met`, and
    /// that this scan has not stored.
    fn missing(&self, dir: i64, met: &HashSet<i64>) -> Result<Vec<i64>>;
}

/// A message of the walk to the inventory.
#[derive(Debug)]
pub(crate) enum Note {
    Dir(Arc<Dir>, DirState),
    /// The file in this row is unchanged, on another device.
    Moved(i64, Option<Arc<str>>),
    /// A link in this folder, or the folder itself, was not followed.
    Skipped(Arc<Dir>, Skipped),
}

/// A file that was read before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownFile {
    pub(crate) row: i64,
    /// Reading it again, in the same manner, would give the same.
    pub(crate) is_same: bool,
    /// The file is unchanged, and has to be read again all the same.
    pub(crate) stale: Option<Staleness>,
    pub(crate) device: Option<String>,
}

/// Why an unchanged file has to be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Staleness {
    /// An older version of the program read it.
    Older,
    /// It was read with options that show less.
    Options,
}

/// A folder that a scan has met. The one that writes gives it its row.
#[derive(Debug)]
pub(crate) struct Dir {
    pub(crate) path: PathBuf,
    pub(crate) parent: Option<Arc<Dir>>,
    /// Row of the root through which it was met.
    pub(crate) root: i64,
    pub(crate) row: OnceLock<i64>,
}

/// Folders may nest deeper than the stack of a thread.
impl Drop for Dir {
    fn drop(&mut self) {
        let mut above = self.parent.take();
        while let Some(mut dir) = above.and_then(Arc::into_inner) {
            above = dir.parent.take();
        }
    }
}

/// What became of a folder.
#[derive(Debug)]
pub(crate) enum DirState {
    /// Its name was met.
    Met,
    /// It was listed to the end, on this device, and its parent is on the device `above`; these known
    /// files were not in it, and these links in it were not followed.
    Listed {
        device: Option<Arc<str>>,
        above: Option<Arc<str>>,
        missing: Vec<i64>,
        skipped: Vec<Skipped>,
    },
    /// It was not listed, or not to the end.
    Failed { code: &'static str, error: String, device: Option<Arc<str>> },
}

/// A link, a junction or a mount point that was not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// Its name in its folder; empty for the folder itself.
    pub(crate) name: OsString,
    /// Where it leads, with links resolved; nothing where that could not be found out.
    pub(crate) target: Option<PathBuf>,
    /// The file system that contains it, where that is known.
    pub(crate) device: Option<Arc<str>>,
}
