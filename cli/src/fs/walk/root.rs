//! Roots: the folders, files and lists that the user named.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::handle::Dir;
use super::object::SharedLister;
use crate::fs::device::Device;

/// A folder, a file, or a list of names.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) path: PathBuf,
    /// Row in the inventory.
    pub(crate) row: i64,
    /// Set for a list of names.
    pub(crate) list: Option<NameList>,
    /// Set for objects of a store.
    pub(crate) objects: Option<SharedLister>,
    pub(crate) files: AtomicU64,
    /// Number of files in `files` that --include or --exclude left out.
    pub(crate) omitted: AtomicU64,
    /// Number of files and folders that --exclude left out.
    pub(crate) excluded: AtomicU64,
    /// Number of files that --include left out.
    pub(crate) filtered: AtomicU64,
    /// A message if the root is a link that had another target in earlier scans.
    pub(crate) replaced: Option<String>,
    /// Set if a folder in it could not be listed.
    pub(crate) has_failed: AtomicBool,
    /// File system of the root, if it is a folder.
    pub(crate) device: OnceLock<Device>,
    pub(super) number: OnceLock<u64>,
}

/// Format and content of a list of names.
#[derive(Debug, Clone)]
pub(crate) struct NameList {
    /// The byte that ends a name.
    pub(super) end: u8,
    /// A copy of the list, which is read instead.
    pub(super) copy: Option<Arc<File>>,
}

impl Root {
    pub(crate) fn new(path: PathBuf, row: i64, list: Option<NameList>) -> Root {
        Root {
            path,
            row,
            list,
            objects: None,
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

    /// Creates a root whose objects `lister` lists.
    pub(crate) fn of_objects(path: PathBuf, row: i64, lister: SharedLister) -> Root {
        Root { objects: Some(lister), ..Root::new(path, row, None) }
    }

    /// Returns whether it is a list: files that are missing from it are not gone.
    pub(crate) fn is_list(&self) -> bool {
        self.list.is_some() || self.objects.as_ref().is_some_and(|lister| lister.is_list())
    }

    pub(super) fn dir(&self, path: &Path, parent: Option<Arc<Dir>>) -> Arc<Dir> {
        Arc::new(Dir { path: path.to_owned(), parent, root: self.row, row: OnceLock::new() })
    }

    /// Number of files found until now.
    pub(crate) fn files_found(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }
}
