//! One folder of a walk.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

#[cfg(unix)]
use super::list;
use super::list::{Entry, FolderId, Kind, Listing};
use super::{FileJob, Job, Note, OWN, Root, Task, Walk, count};
use crate::device::Device;
use crate::exit::Result;
use crate::inventory::{Dir, DirState, Lookup, Skipped, Staleness};
use crate::open::{self, Links};
use crate::placeholder;
use crate::watch::Watch;

/// A folder that was met.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(super) dir: Arc<Dir>,
    pub(super) root: Arc<Root>,
    pub(super) up: Option<Arc<Folder>>,
    /// How many are above it.
    depth: usize,
    id: OnceLock<FolderId>,
}

/// No more folders in folders are gone into: a path of 4,096 bytes, the most that programs can
/// handle, has half as many. Whoever builds deeper ones does so to keep others busy.
const DEEPEST: usize = 4_096;

/// Folders may nest deeper than the stack of a thread.
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
        Folder { dir, root: Arc::clone(root), up: None, depth: 0, id: OnceLock::new() }
    }

    fn inner(up: &Arc<Folder>, path: &Path) -> Folder {
        let dir = up.root.dir(path, Some(Arc::clone(&up.dir)));
        let root = Arc::clone(&up.root);
        let depth = up.depth + 1;
        Folder { dir, root, up: Some(Arc::clone(up)), depth, id: OnceLock::new() }
    }

    fn path(&self) -> &Path {
        &self.dir.path
    }

    /// Whether a folder above is the same one: a loop, as bind mounts can make them.
    fn is_loop(&self) -> bool {
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

/// What is gathered while a folder is listed.
struct Shelf<'a> {
    folder: &'a Arc<Folder>,
    device: Option<Device>,
    lookup: Option<&'a Lookup>,
    /// Its row, if the inventory knows the folder.
    row: Option<i64>,
    /// Known files that are there.
    met: HashSet<i64>,
    /// Links in it.
    skipped: Vec<Skipped>,
    tasks: Vec<Task>,
    has_own: bool,
}

impl Walk {
    /// Lists a folder and hands over what is in it. False: it took so long that others have gone
    /// on, and whatever it says now is not heard.
    pub(super) fn folder(
        &self,
        folder: &Arc<Folder>,
        lookup: Option<&Lookup>,
        watch: &Watch<Arc<Folder>>,
    ) -> bool {
        if folder.depth > DEEPEST {
            let error = format!("more than {DEEPEST} folders in each other");
            self.unlisted(folder, "limit-folder-depth", error);
            return true;
        }
        watch.begin(Arc::clone(folder));
        let links = if folder.up.is_none() { Links::Follow } else { Links::Refuse };
        let wants_stamps = self.ledger.is_some();
        let opened = watch.call(|| {
            let listing = Listing::open(folder.path(), links, wants_stamps)?;
            // Finds out the name of the file system while this thread is watched.
            _ = self.device(folder, &listing);
            if folder.up.is_none() {
                self.note_mounts(folder);
            }
            Ok(listing)
        });
        if watch.is_given_up() {
            return false;
        }
        let mut listing = match opened {
            Ok(listing) => listing,
            Err(error) if open::is_link(&error, folder.path()) => {
                watch.call(|| self.skip(&folder.dir, OsStr::new(""), folder.path()));
                return watch.end();
            }
            Err(error) => {
                watch.call(|| self.locate(folder));
                if !watch.end() {
                    return false;
                }
                self.unlisted(folder, open::code(&error), error.to_string());
                return true;
            }
        };
        match self.shelf(folder, &mut listing, lookup) {
            Ok(Some(shelf)) => self.fill(shelf, listing, watch),
            Ok(None) => watch.end(),
            Err(failure) => {
                self.fail(failure);
                watch.end()
            }
        }
    }

    /// Nothing where the folder is not to be listed.
    fn shelf<'a>(
        &self,
        folder: &'a Arc<Folder>,
        listing: &mut Listing,
        lookup: Option<&'a Lookup>,
    ) -> Result<Option<Shelf<'a>>> {
        let device = self.device(folder, listing);
        #[cfg(unix)]
        if device.as_ref().is_some_and(|device| device.is_smb) && !self.hydrate {
            listing.ask_for_attributes(folder.path());
        }
        if let Some(id) = listing.id {
            _ = folder.id.set(id);
            let top = *folder.root.number.get_or_init(|| id.system);
            if self.one_file_system && id.system != top {
                count(&self.left_out.excluded);
                if let Some(skipped) = self.skipped(OsStr::new(""), folder.path(), device.as_ref())
                {
                    self.note(Note::Skipped(Arc::clone(&folder.dir), skipped));
                }
                return Ok(None);
            }
            if folder.is_loop() {
                self.unlisted(folder, "io", "the folder contains itself".to_owned());
                return Ok(None);
            }
        }
        if folder.up.is_none()
            && let Some(device) = &device
        {
            _ = folder.root.device.set(device.clone());
        }
        let row = match lookup {
            Some(lookup) => lookup.dir(folder.path())?,
            None => None,
        };
        let inventory = self.ledger.as_ref().and_then(|ledger| ledger.file.parent());
        Ok(Some(Shelf {
            folder,
            device,
            lookup,
            row,
            met: HashSet::new(),
            skipped: Vec::new(),
            tasks: Vec::new(),
            has_own: inventory == Some(folder.path()),
        }))
    }

    /// Notes the mount points in a root as not followed. The listing of each of them removes the
    /// note, so that it stays if the mount point is left out or if the scan is stopped before.
    #[cfg(unix)]
    fn note_mounts(&self, top: &Folder) {
        if self.ledger.is_none() {
            return;
        }
        let Some(real) = crate::inventory::real(top.path()) else { return };
        for mount in crate::device::mounts_in(&real) {
            let Ok(inside) = mount.path.strip_prefix(&real) else { continue };
            let device = match mount.share {
                Some(name) => name,
                None => {
                    // A mount point can be a file, and another mount can cover it.
                    let is_dir = mount.path.symlink_metadata().is_ok_and(|found| found.is_dir());
                    let id = list::id(&mount.path).filter(|id| is_dir && id.mount == mount.number);
                    let Some(id) = id else { continue };
                    self.devices.of(id.system, id.mount, || list::file_system(&mount.path)).name
                }
            };
            let mut dir = Arc::clone(&top.dir);
            for part in inside {
                dir = top.root.dir(&dir.path.join(part), Some(Arc::clone(&dir)));
            }
            self.note(Note::Dir(Arc::clone(&dir), DirState::Met));
            let name = OsStr::new("").to_owned();
            let skipped = Skipped { name, target: Some(mount.path), device: Some(device) };
            self.note(Note::Skipped(dir, skipped));
        }
    }

    #[cfg(not(unix))]
    fn note_mounts(&self, _: &Folder) {}

    /// Finds out the file system of a folder that cannot be opened.
    #[cfg(unix)]
    fn locate(&self, folder: &Folder) {
        if let Some(id) = list::id(folder.path()) {
            _ = folder.id.set(id);
            self.devices.of(id.system, id.mount, || list::file_system(folder.path()));
        }
    }

    #[cfg(not(unix))]
    fn locate(&self, _: &Folder) {}

    /// Returns the file system of a folder that was not listed, if it is known.
    #[cfg(unix)]
    pub(super) fn device_of(&self, folder: &Folder) -> Option<Arc<str>> {
        self.ledger.as_ref()?;
        let id = folder.id.get()?;
        self.devices.known(id.system, id.mount).map(|found| found.name)
    }

    #[cfg(not(unix))]
    pub(super) fn device_of(&self, folder: &Folder) -> Option<Arc<str>> {
        self.ledger.as_ref()?;
        Some(self.devices.of_path(folder.path()).name)
    }

    #[cfg(unix)]
    fn device(&self, _: &Folder, listing: &Listing) -> Option<Device> {
        // Without an inventory only its kind matters, and only to find placeholders.
        listing.id.map(|id| self.devices.of(id.system, id.mount, || listing.file_system()))
    }

    #[cfg(not(unix))]
    fn device(&self, folder: &Folder, _: &Listing) -> Option<Device> {
        Some(self.devices.of_path(folder.path()))
    }

    fn fill(&self, mut shelf: Shelf<'_>, mut listing: Listing, watch: &Watch<Arc<Folder>>) -> bool {
        let folder = shelf.folder;
        let mut failed = None;
        let mut sorted = Vec::new();
        while !self.stop.is_raised() {
            let entry = watch.call(|| listing.next());
            if watch.is_given_up() {
                return false;
            }
            let done = match entry {
                None => break,
                Some(Ok(entry)) if entry.kind == Kind::Link => {
                    watch.call(|| self.link(&mut shelf, &entry));
                    Ok(())
                }
                Some(Ok(entry)) if self.in_order => {
                    sorted.push(entry);
                    Ok(())
                }
                Some(Ok(entry)) => self.entry(&mut shelf, entry),
                Some(Err(error)) => {
                    failed = Some(error);
                    break;
                }
            };
            if let Err(failure) = done {
                self.fail(failure);
            }
        }
        if !watch.end() {
            return false;
        }
        sorted.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        for entry in sorted {
            if let Err(failure) = self.entry(&mut shelf, entry) {
                self.fail(failure);
            }
        }
        match failed {
            Some(error) => self.unlisted(folder, open::code(&error), error.to_string()),
            // Half a folder is not a listed one.
            None if self.stop.is_raised() => {}
            None => self.finish(&mut shelf),
        }
        self.push(shelf.tasks);
        true
    }

    /// Says that the folder is listed, and which files the inventory knew in it and it has not.
    fn finish(&self, shelf: &mut Shelf<'_>) {
        let missing = match (shelf.lookup, shelf.row) {
            (Some(lookup), Some(row)) => lookup.missing(row, &shelf.met),
            _ => Ok(Vec::new()),
        };
        match missing {
            Ok(missing) => {
                let device = shelf.device.as_ref().map(|device| Arc::clone(&device.name));
                let skipped = std::mem::take(&mut shelf.skipped);
                let above = shelf.folder.up.as_ref().and_then(|up| self.device_of(up));
                let state = DirState::Listed { device, above, missing, skipped };
                self.note(Note::Dir(Arc::clone(&shelf.folder.dir), state));
            }
            Err(failure) => self.fail(failure),
        }
    }

    fn entry(&self, shelf: &mut Shelf<'_>, entry: Entry) -> Result<()> {
        match entry.kind {
            // The listing has handled it.
            Kind::Link => {}
            Kind::Special => count(&self.left_out.special),
            Kind::Dir => self.inner(shelf, &entry),
            Kind::File => return self.member(shelf, entry),
        }
        Ok(())
    }

    /// A link, a junction or a mount point: it is not followed.
    fn link(&self, shelf: &mut Shelf<'_>, entry: &Entry) {
        let path = shelf.folder.path().join(&entry.name);
        if !self.filter.is_empty() && self.filter.omits_dir(below(shelf.folder, &path)) {
            count(&shelf.folder.root.excluded);
            return count(&self.left_out.excluded);
        }
        count(&self.left_out.links);
        let skipped = self.skipped(&entry.name, &path, shelf.device.as_ref());
        shelf.skipped.extend(skipped);
    }

    fn inner(&self, shelf: &mut Shelf<'_>, entry: &Entry) {
        let path = shelf.folder.path().join(&entry.name);
        let inner = Folder::inner(shelf.folder, &path);
        self.note(Note::Dir(Arc::clone(&inner.dir), DirState::Met));
        if !self.filter.is_empty() && self.filter.omits_dir(below(shelf.folder, &path)) {
            count(&shelf.folder.root.excluded);
            return count(&self.left_out.excluded);
        }
        let task = Task::Folder(Arc::new(inner));
        if self.in_order {
            shelf.tasks.push(task);
        } else {
            self.push(vec![task]);
        }
    }

    fn member(&self, shelf: &mut Shelf<'_>, entry: Entry) -> Result<()> {
        if shelf.has_own && self.is_own(&entry) {
            return Ok(());
        }
        count(&shelf.folder.root.files);
        let known = match (shelf.lookup, shelf.row) {
            (Some(lookup), Some(row)) => lookup.file(row, &entry.name, entry.stamp.as_ref())?,
            _ => None,
        };
        if let Some(known) = &known {
            shelf.met.insert(known.row);
        }
        let path = shelf.folder.path().join(&entry.name);
        if self.omits(&shelf.folder.root, below(shelf.folder, &path)) {
            return Ok(());
        }
        match known.as_ref().and_then(|known| known.stale) {
            Some(Staleness::Older) => count(&self.left_out.older),
            Some(Staleness::Options) => count(&self.left_out.options),
            None => {}
        }
        let device = shelf.device.as_ref();
        let name = device.map(|device| Arc::clone(&device.name));
        let job = match known.filter(|known| known.is_same) {
            Some(known) => {
                if known.device.as_deref() != name.as_deref() {
                    self.note(Note::Moved(known.row, name));
                }
                count(&self.left_out.unchanged);
                if self.ledger.as_ref().is_none_or(|ledger| !ledger.shows_unchanged) {
                    return Ok(());
                }
                Job::Unchanged(known.row)
            }
            None => {
                let is_elsewhere =
                    !self.hydrate && entry.attributes.is_some_and(placeholder::is_placeholder);
                let file = Arc::new(FileJob {
                    path,
                    links: Links::Refuse,
                    dir: Arc::clone(&shelf.folder.dir),
                    stamp: entry.stamp,
                    device: name,
                });
                if is_elsewhere { Job::NotHydrated(file) } else { Job::File(file) }
            }
        };
        if self.in_order {
            shelf.tasks.push(Task::Job(job));
        } else {
            self.send(job);
        }
        Ok(())
    }

    /// Whether it is the inventory itself.
    fn is_own(&self, entry: &Entry) -> bool {
        let file = self.ledger.as_ref().and_then(|ledger| ledger.file.file_name());
        let Some(file) = file.map(OsStr::as_encoded_bytes) else { return false };
        let rest = entry.name.as_encoded_bytes().strip_prefix(file);
        rest.is_some_and(|rest| OWN.iter().any(|own| own.as_bytes() == rest))
    }
}

fn below<'a>(folder: &Folder, path: &'a Path) -> &'a Path {
    path.strip_prefix(&folder.root.path).unwrap_or(path)
}

/// The walk's own counters.
impl Root {
    pub(crate) fn met(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }
}
