//! Listing of the objects in a store.
//!
//! Objects have no folders, and a listing is not in the order of folders. So the inventory notes
//! each known object that is found. At the end of the root the others are gone.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::folder::Folder;
use super::handle::{Dir, InventoryLookup, KnownFile, Note, Staleness};
use super::job::{FileJob, Job, count};
use super::object::{FoundObject, ListedEntry, ObjectLister};
use super::root::Root;
use super::state::Walk;
use crate::exit::Result;
use crate::fs::open::Links;

/// The folder of the last object, with its row in the inventory. Consecutive objects are often in
/// the same one.
struct LastFolder {
    dir: Arc<Dir>,
    row: Option<i64>,
}

impl Walk {
    /// Lists the objects of a root and hands them over.
    pub(super) fn objects(
        &self,
        root: &Arc<Root>,
        lister: &dyn ObjectLister,
        lookup: Option<&dyn InventoryLookup>,
    ) {
        let mut last = None;
        for page in lister.pages() {
            let page = match page {
                Ok(page) => page,
                // The scan is incomplete, because it was stopped.
                Err(_) if self.stop.is_raised() => return,
                Err(failure) => {
                    return self.unlisted(&Folder::top(root), failure.code, failure.words);
                }
            };
            for entry in page {
                if self.stop.is_raised() {
                    return;
                }
                let done = match entry {
                    ListedEntry::LeftOut => {
                        count(&self.counters.markers);
                        Ok(())
                    }
                    ListedEntry::Object(found) => self.object(root, &mut last, found, lookup),
                };
                if let Err(failure) = done {
                    return self.fail(failure);
                }
            }
        }
    }

    fn object(
        &self,
        root: &Arc<Root>,
        last: &mut Option<LastFolder>,
        found: FoundObject,
        lookup: Option<&dyn InventoryLookup>,
    ) -> Result<()> {
        count(&root.files);
        let (folder, name) = found.path.rsplit_once('/').unwrap_or(("", &found.path));
        let folder = match last.take() {
            // Not compared as paths, which ignore empty segments.
            Some(same) if same.dir.path.as_os_str() == OsStr::new(folder) => same,
            _ => {
                let dir = root.dir(Path::new(folder), None);
                let row = lookup.map(|lookup| lookup.dir(&dir.path)).transpose()?.flatten();
                LastFolder { dir, row }
            }
        };
        let folder = last.insert(folder);
        let known = match (lookup, folder.row) {
            (Some(lookup), Some(row)) => {
                let etag = found.object.stamp.etag.as_deref();
                lookup.file(row, name.as_ref(), found.stamp.as_ref(), etag)?
            }
            _ => None,
        };
        if let Some(known) = &known {
            self.note(Note::Found(known.row));
        }
        let below = below(root, &found.path);
        if self.omits_folder(root, below) || self.omits(root, below) {
            return Ok(());
        }
        match known.as_ref().and_then(|known| known.stale) {
            Some(Staleness::Older) => count(&self.counters.older),
            Some(Staleness::Options) => count(&self.counters.options),
            None => {}
        }
        if let Some(known) = known.filter(|known| known.is_same) {
            self.unchanged(&known);
            return Ok(());
        }
        let (is_archived, dir) = (found.is_archived && !self.hydrate, Arc::clone(&folder.dir));
        let file = Arc::new(FileJob {
            path: PathBuf::from(found.path),
            links: Links::Refuse,
            dir,
            stamp: found.stamp,
            device: None,
            object: Some(found.object),
        });
        self.send(if is_archived { Job::NotHydrated(file) } else { Job::File(file) });
        Ok(())
    }

    /// Returns whether --exclude leaves out a folder of the object, and counts the object if so.
    fn omits_folder(&self, root: &Root, below_root: &Path) -> bool {
        if self.filter.is_empty() {
            return false;
        }
        let mut folders = below_root.ancestors().skip(1);
        let is_omitted = folders.any(|folder| self.filter.omits_dir(folder));
        if is_omitted {
            count(&self.counters.excluded);
            count(&root.omitted);
            count(&root.excluded);
        }
        is_omitted
    }

    /// Counts a file that is unchanged, and hands it over if its records are wanted.
    fn unchanged(&self, known: &KnownFile) {
        self.counters.unchanged.fetch_add(1, Ordering::Relaxed);
        if self.inventory.as_ref().is_some_and(|inventory| inventory.shows_unchanged()) {
            self.send(Job::Unchanged(known.row));
        }
    }
}

/// Globs match paths below the root.
fn below<'p>(root: &Root, path: &'p str) -> &'p Path {
    let top = root.path.to_str().unwrap_or_default();
    let inside = path.strip_prefix(top).map(|rest| rest.trim_start_matches('/'));
    let inside = inside.filter(|inside| !inside.is_empty());
    // Of an object in a list, the path without the scheme; of a single object, its name.
    let path = inside.unwrap_or_else(|| path.split_once("://").map_or(path, |(_, rest)| rest));
    Path::new(path.trim_start_matches('/'))
}
