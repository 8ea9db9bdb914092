//! What the user named: a folder, a file, or a list of names.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::handle::Dir;
use crate::fs::device::Device;

/// What the user named.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) path: PathBuf,
    /// Its row in the inventory.
    pub(crate) row: i64,
    /// It is a list of names.
    pub(crate) list: Option<NameList>,
    pub(crate) files: AtomicU64,
    /// Of these, those left out by --include or --exclude.
    pub(crate) omitted: AtomicU64,
    /// Files and folders left out by --exclude.
    pub(crate) excluded: AtomicU64,
    /// Files left out by --include.
    pub(crate) filtered: AtomicU64,
    /// A message if it is a link that led elsewhere in earlier scans.
    pub(crate) replaced: Option<String>,
    /// A folder in it could not be listed.
    pub(crate) has_failed: AtomicBool,
    /// It is a folder, on this file system.
    pub(crate) device: OnceLock<Device>,
    pub(super) number: OnceLock<u64>,
}

/// How a list of names is written, and what it contains.
#[derive(Debug, Clone)]
pub(crate) struct NameList {
    /// The byte that ends a name.
    pub(super) end: u8,
    /// A copy of the list, which is read instead of it.
    pub(super) copy: Option<Arc<File>>,
}

impl Root {
    pub(crate) fn new(path: PathBuf, row: i64, list: Option<NameList>) -> Root {
        Root {
            path,
            row,
            list,
            files: AtomicU64::new(0),
            omitted: AtomicU64::new(0),
            excluded: AtomicU64::new(0),
            filtered: AtomicU64::new(0),
            replaced: None,
            has_failed: AtomicBool::new(false),
            device: OnceLock::new(),
            number: OnceLock::new(),
        }
    }

    pub(super) fn dir(&self, path: &Path, parent: Option<Arc<Dir>>) -> Arc<Dir> {
        Arc::new(Dir { path: path.to_owned(), parent, root: self.row, row: OnceLock::new() })
    }

    /// Number of files found until now.
    pub(crate) fn met(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }
}
