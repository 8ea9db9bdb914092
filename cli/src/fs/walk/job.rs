//! What a walk hands over to workers, and what it counts.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::handle::Dir;
use super::stamp::Stamp;
use crate::fs::open::Links;

/// One thing to do for a worker.
#[derive(Debug)]
pub(crate) enum Job {
    /// A file to open.
    File(Arc<FileJob>),
    /// A file that is as the inventory has it, in this row.
    Unchanged(i64),
    /// A file that is not to be opened.
    NotHydrated(Arc<FileJob>),
    /// A folder, or a file's name, at which the walk could not go on.
    Unreadable { path: PathBuf, code: &'static str, error: String },
    /// There is nothing more to do.
    End,
}

/// A file and what the walk knows of it.
#[derive(Debug)]
pub(crate) struct FileJob {
    pub(crate) path: PathBuf,
    pub(crate) links: Links,
    pub(crate) dir: Arc<Dir>,
    pub(crate) stamp: Option<Stamp>,
    pub(crate) device: Option<Arc<str>>,
}

/// What was met and is no file to scan.
#[derive(Debug, Default)]
pub(crate) struct SkipCounters {
    pub(crate) links: AtomicU64,
    pub(crate) special: AtomicU64,
    /// By `--include`, `--exclude` or `--one-file-system`; a folder counts as one.
    pub(crate) excluded: AtomicU64,
    /// As the inventory knew them.
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
