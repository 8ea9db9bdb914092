//! Jobs of workers, and counters of a walk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rmsight::ErrorCode;

use super::handle::Dir;
use super::object::Object;
use super::stamp::Stamp;
use crate::fs::open::Links;

/// A job of a worker.
#[derive(Debug)]
pub(crate) enum Job {
    /// A file to open.
    File(Arc<FileJob>),
    /// A file that is unchanged since the scan that stored this row.
    Unchanged(i64),
    /// A file or an object that is not to be opened.
    NotHydrated(Arc<FileJob>),
    /// A folder that could not be listed, or a file that could not be found.
    Unreadable { path: PathBuf, code: ErrorCode, error: String },
    /// No job follows.
    End,
}

/// A file, with what the walk knows about it.
#[derive(Debug)]
pub(crate) struct FileJob {
    pub(crate) path: PathBuf,
    pub(crate) links: Links,
    pub(crate) dir: Arc<Dir>,
    pub(crate) stamp: Option<Stamp>,
    pub(crate) device: Option<Arc<str>>,
    /// Set if it is an object of a store.
    pub(crate) object: Option<Object>,
}

/// Numbers of files and folders that are not scanned.
#[derive(Debug, Default)]
pub(crate) struct SkipCounters {
    pub(crate) links: AtomicU64,
    pub(crate) special: AtomicU64,
    /// By `--include`, `--exclude` or `--one-file-system`; a folder counts as one.
    pub(crate) excluded: AtomicU64,
    /// Entries of listings that are no objects: markers of folders, earlier versions.
    pub(crate) markers: AtomicU64,
    /// Folders of snapshots and recycle bins.
    pub(crate) snapshots: AtomicU64,
    /// Files that are unchanged according to the inventory.
    pub(crate) unchanged: AtomicU64,
    /// Unchanged files that are read again because an older version of the program read them.
    pub(crate) older: AtomicU64,
    /// Unchanged files that are read again because of options that were added.
    pub(crate) options: AtomicU64,
    /// Paths that the user named and that could not be walked.
    pub(crate) failed_roots: AtomicU64,
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
