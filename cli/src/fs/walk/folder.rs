//! A folder of a walk.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::handle::Dir;
use super::listing::FolderId;
use super::root::Root;
use crate::fs::owner::OwnerId;

/// A folder that the walk found.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(super) dir: Arc<Dir>,
    pub(super) root: Arc<Root>,
    pub(super) up: Option<Arc<Folder>>,
    /// Number of folders above it.
    pub(super) depth: usize,
    pub(super) id: OnceLock<FolderId>,
    /// Set for a folder that cannot be opened.
    pub(super) owner: OnceLock<OwnerId>,
}

/// Drops iteratively: folders may nest deeper than the stack allows.
impl Drop for Folder {
    fn drop(&mut self) {
        let mut above = self.up.take();
        while let Some(mut folder) = above.and_then(Arc::into_inner) {
            above = folder.up.take();
        }
    }
}

impl Folder {
    pub(super) fn top(root: &Arc<Root>) -> Folder {
        let dir = root.dir(&root.path, None);
        Folder {
            dir,
            root: Arc::clone(root),
            up: None,
            depth: 0,
            id: OnceLock::new(),
            owner: OnceLock::new(),
        }
    }

    pub(super) fn inner(up: &Arc<Folder>, path: &Path) -> Folder {
        let dir = up.root.dir(path, Some(Arc::clone(&up.dir)));
        let root = Arc::clone(&up.root);
        let depth = up.depth + 1;
        Folder {
            dir,
            root,
            up: Some(Arc::clone(up)),
            depth,
            id: OnceLock::new(),
            owner: OnceLock::new(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.dir.path
    }

    /// Returns whether a folder above is the same one: a loop, which bind mounts can create.
    pub(super) fn is_loop(&self) -> bool {
        let Some(id) = self.id.get() else { return false };
        let mut up = self.up.as_ref();
        while let Some(folder) = up {
            let is_same = |other: &FolderId| (other.system, other.folder) == (id.system, id.folder);
            if folder.id.get().is_some_and(is_same) {
                return true;
            }
            up = folder.up.as_ref();
        }
        false
    }
}
