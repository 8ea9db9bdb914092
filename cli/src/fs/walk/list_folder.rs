//! Listing of one folder.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use rmsight::ErrorCode;

use super::folder::Folder;
use super::handle::{DirState, InventoryLookup, Note, Skipped, Staleness};
use super::job::{FileJob, Job, count};
#[cfg(unix)]
use super::listing;
use super::listing::{FolderEntry, Kind, Listing};
use super::snapshot::is_snapshot;
use super::state::{Task, Walk};
use crate::exit::Result;
#[cfg(unix)]
use crate::fs::device;
use crate::fs::device::Device;
use crate::fs::open::{self, Links, OpenMode};
use crate::fs::owner;
#[cfg(unix)]
use crate::fs::path::real;
use crate::fs::placeholders;
use crate::fs::watchdog::HangWatchdog;

/// Suffixes of the files of an inventory.
const OWN: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// Maximum depth of folders. A path has at most 4,096 bytes in common programs, which is half as
/// many folders. Deeper trees are attacks.
const DEEPEST: usize = 4_096;

/// State of the listing of one folder.
struct FolderWork<'a> {
    folder: &'a Arc<Folder>,
    device: Option<Device>,
    lookup: Option<&'a dyn InventoryLookup>,
    /// Row of the folder, if the inventory contains it.
    row: Option<i64>,
    /// Rows of known files that were found.
    found_rows: HashSet<i64>,
    /// Links in the folder.
    skipped: Vec<Skipped>,
    tasks: Vec<Task>,
    has_own: bool,
}

impl Walk {
    /// Lists a folder and hands over its files. Returns `false` if the thread was abandoned
    /// meanwhile: another thread has replaced it, and its results are ignored.
    pub(super) fn folder(
        &self,
        folder: &Arc<Folder>,
        lookup: Option<&dyn InventoryLookup>,
        watch: &HangWatchdog<Arc<Folder>>,
    ) -> bool {
        if folder.depth > DEEPEST {
            let error = format!("the folder is nested more than {DEEPEST} deep");
            self.unlisted(folder, ErrorCode::LimitFolderDepth, error);
            return true;
        }
        watch.begin(Arc::clone(folder));
        let links = if folder.up.is_none() { Links::Follow } else { Links::Refuse };
        let wants_stamps = self.inventory.is_some();
        let opened = watch.call(|| {
            let mode = OpenMode { links, hydrate: self.hydrate };
            let listing = Listing::open(folder.path(), mode, wants_stamps)?;
            // Determines the file system while the watchdog supervises this thread.
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
                watch.call(|| {
                    self.locate(folder);
                    if let Some(owner) = owner::of_path(folder.path()) {
                        _ = folder.owner.set(owner);
                    }
                });
                if !watch.end() {
                    return false;
                }
                self.unlisted(folder, open::code(&error), error.to_string());
                return true;
            }
        };
        match self.begin_listing(folder, &mut listing, lookup) {
            Ok(Some(work)) => self.fill(work, listing, watch),
            Ok(None) => watch.end(),
            Err(failure) => {
                self.fail(failure);
                watch.end()
            }
        }
    }

    /// Returns `None` if the folder is not to be listed.
    fn begin_listing<'a>(
        &self,
        folder: &'a Arc<Folder>,
        listing: &mut Listing,
        lookup: Option<&'a dyn InventoryLookup>,
    ) -> Result<Option<FolderWork<'a>>> {
        let device = self.device(folder, listing);
        #[cfg(unix)]
        if device.as_ref().is_some_and(|device| device.is_smb) && !self.hydrate {
            listing.ask_for_attributes(folder.path());
        }
        if let Some(id) = listing.id {
            _ = folder.id.set(id);
            let top = *folder.root.number.get_or_init(|| id.system);
            if self.one_file_system && id.system != top {
                count(&self.counters.excluded);
                if let Some(skipped) = self.skipped(OsStr::new(""), folder.path(), device.as_ref())
                {
                    self.note(Note::Skipped(Arc::clone(&folder.dir), skipped));
                }
                return Ok(None);
            }
            if folder.is_loop() {
                self.unlisted(folder, ErrorCode::Io, "the folder contains itself".to_owned());
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
        let inventory = self.inventory.as_ref().and_then(|inventory| inventory.file().parent());
        let log = self.log.as_deref().and_then(Path::parent);
        Ok(Some(FolderWork {
            folder,
            device,
            lookup,
            row,
            found_rows: HashSet::new(),
            skipped: Vec::new(),
            tasks: Vec::new(),
            has_own: [inventory, log].contains(&Some(folder.path())),
        }))
    }

    /// Notes the mount points in a root as not followed. The listing of a mount point removes its
    /// note. The note stays if the mount point is left out, or if the scan is stopped before.
    #[cfg(unix)]
    fn note_mounts(&self, top: &Folder) {
        if self.inventory.is_none() {
            return;
        }
        let Some(real) = real(top.path()) else { return };
        for mount in device::mounts_in(&real) {
            let Ok(inside) = mount.path.strip_prefix(&real) else { continue };
            if !self.snapshots && inside.iter().any(is_snapshot) {
                continue;
            }
            let device = match mount.share {
                Some(name) => name,
                None => {
                    // A mount point can be a file, and another mount can cover it.
                    let is_dir = mount.path.symlink_metadata().is_ok_and(|found| found.is_dir());
                    let id =
                        listing::id(&mount.path).filter(|id| is_dir && id.mount == mount.number);
                    let Some(id) = id else { continue };
                    self.devices.of(id.system, id.mount, || listing::file_system(&mount.path)).name
                }
            };
            let mut dir = Arc::clone(&top.dir);
            for part in inside {
                dir = top.root.dir(&dir.path.join(part), Some(Arc::clone(&dir)));
            }
            self.note(Note::Dir(Arc::clone(&dir), DirState::Found));
            let name = OsStr::new("").to_owned();
            let skipped = Skipped { name, target: Some(mount.path), device: Some(device) };
            self.note(Note::Skipped(dir, skipped));
        }
    }

    #[cfg(windows)]
    fn note_mounts(&self, _: &Folder) {}

    /// Determines the file system of a folder that cannot be opened.
    #[cfg(unix)]
    fn locate(&self, folder: &Folder) {
        if let Some(id) = listing::id(folder.path()) {
            _ = folder.id.set(id);
            self.devices.of(id.system, id.mount, || listing::file_system(folder.path()));
        }
    }

    #[cfg(windows)]
    fn locate(&self, _: &Folder) {}

    #[cfg(unix)]
    fn device(&self, _: &Folder, listing: &Listing) -> Option<Device> {
        // Without an inventory only the kind matters, to find placeholders.
        listing.id.map(|id| self.devices.of(id.system, id.mount, || listing.file_system()))
    }

    #[cfg(windows)]
    fn device(&self, folder: &Folder, listing: &Listing) -> Option<Device> {
        Some(self.devices.of_volume(folder.path(), listing.volume()))
    }

    fn fill(
        &self,
        mut work: FolderWork<'_>,
        mut listing: Listing,
        watch: &HangWatchdog<Arc<Folder>>,
    ) -> bool {
        let folder = work.folder;
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
                    watch.call(|| self.link(&mut work, &entry));
                    Ok(())
                }
                Some(Ok(entry)) if self.in_order => {
                    sorted.push(entry);
                    Ok(())
                }
                Some(Ok(entry)) => self.entry(&mut work, entry),
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
            if let Err(failure) = self.entry(&mut work, entry) {
                self.fail(failure);
            }
        }
        match failed {
            Some(error) => self.unlisted(folder, open::code(&error), error.to_string()),
            // A partly listed folder does not count as listed.
            None if self.stop.is_raised() => {}
            None => self.finish(&mut work),
        }
        self.push(work.tasks);
        true
    }

    /// Notes that the folder is listed, and which known files are missing from it.
    fn finish(&self, work: &mut FolderWork<'_>) {
        let missing = match (work.lookup, work.row) {
            (Some(lookup), Some(row)) => lookup.missing(row, &work.found_rows),
            _ => Ok(Vec::new()),
        };
        match missing {
            Ok(missing) => {
                let device = work.device.as_ref().map(|device| Arc::clone(&device.name));
                let skipped = std::mem::take(&mut work.skipped);
                let above = work.folder.up.as_ref().and_then(|up| self.device_of(up));
                let state = DirState::Listed { device, above, missing, skipped };
                self.note(Note::Dir(Arc::clone(&work.folder.dir), state));
            }
            Err(failure) => self.fail(failure),
        }
    }

    fn entry(&self, work: &mut FolderWork<'_>, entry: FolderEntry) -> Result<()> {
        match entry.kind {
            // `link` has handled it during the listing.
            Kind::Link => {}
            Kind::Special => count(&self.counters.special),
            Kind::Dir => self.inner(work, &entry),
            Kind::File => return self.member(work, entry),
        }
        Ok(())
    }

    /// Counts and notes a link, a junction or a mount point, which is not followed.
    fn link(&self, work: &mut FolderWork<'_>, entry: &FolderEntry) {
        let path = work.folder.path().join(&entry.name);
        if !self.filter.is_empty() && self.filter.omits_dir(below(work.folder, &path)) {
            count(&work.folder.root.excluded);
            return count(&self.counters.excluded);
        }
        count(&self.counters.links);
        let skipped = self.skipped(&entry.name, &path, work.device.as_ref());
        work.skipped.extend(skipped);
    }

    fn inner(&self, work: &mut FolderWork<'_>, entry: &FolderEntry) {
        let path = work.folder.path().join(&entry.name);
        let inner = Folder::inner(work.folder, &path);
        if !self.snapshots && is_snapshot(&entry.name) {
            return self.leave_out_snapshot(work, &inner);
        }
        self.note(Note::Dir(Arc::clone(&inner.dir), DirState::Found));
        if !self.filter.is_empty() && self.filter.omits_dir(below(work.folder, &path)) {
            count(&work.folder.root.excluded);
            return count(&self.counters.excluded);
        }
        let task = Task::Folder(Arc::new(inner));
        if self.in_order {
            work.tasks.push(task);
        } else {
            self.push(vec![task]);
        }
    }

    /// Counts a folder of snapshots. Files that an earlier scan found in it stay in the inventory.
    fn leave_out_snapshot(&self, work: &FolderWork<'_>, inner: &Folder) {
        count(&self.counters.snapshots);
        match work.lookup.map(|lookup| lookup.dir(inner.path())).transpose() {
            Ok(Some(Some(_))) => self.note(Note::Dir(Arc::clone(&inner.dir), DirState::Found)),
            Ok(_) => {}
            Err(failure) => self.fail(failure),
        }
    }

    fn member(&self, work: &mut FolderWork<'_>, entry: FolderEntry) -> Result<()> {
        if work.has_own && self.is_own(work.folder, &entry) {
            return Ok(());
        }
        count(&work.folder.root.files);
        let known = match (work.lookup, work.row) {
            (Some(lookup), Some(row)) => {
                lookup.file(row, &entry.name, entry.stamp.as_ref(), None)?
            }
            _ => None,
        };
        if let Some(known) = &known {
            work.found_rows.insert(known.row);
        }
        let path = work.folder.path().join(&entry.name);
        if self.omits(&work.folder.root, below(work.folder, &path)) {
            return Ok(());
        }
        match known.as_ref().and_then(|known| known.stale) {
            Some(Staleness::Older) => count(&self.counters.older),
            Some(Staleness::Options) => count(&self.counters.options),
            None => {}
        }
        let device = work.device.as_ref();
        let name = device.map(|device| Arc::clone(&device.name));
        let job = match known.filter(|known| known.is_same) {
            Some(known) => {
                if known.device.as_deref() != name.as_deref() {
                    self.note(Note::Moved(known.row, name));
                }
                count(&self.counters.unchanged);
                if self.inventory.as_ref().is_none_or(|inventory| !inventory.shows_unchanged()) {
                    return Ok(());
                }
                Job::Unchanged(known.row)
            }
            None => {
                let is_elsewhere =
                    !self.hydrate && entry.attributes.is_some_and(placeholders::is_placeholder);
                let file = Arc::new(FileJob {
                    path,
                    links: Links::Refuse,
                    dir: Arc::clone(&work.folder.dir),
                    stamp: entry.stamp,
                    device: name,
                    object: None,
                });
                if is_elsewhere { Job::NotHydrated(file) } else { Job::File(file) }
            }
        };
        if self.in_order {
            work.tasks.push(Task::Job(job));
        } else {
            self.send(job);
        }
        Ok(())
    }

    /// Returns whether the file is the log, or belongs to the inventory, that is being written.
    fn is_own(&self, folder: &Folder, entry: &FolderEntry) -> bool {
        if self.log.as_deref() == Some(folder.path().join(&entry.name).as_path()) {
            return true;
        }
        let file = self.inventory.as_ref().map(|inventory| inventory.file());
        let file = file.filter(|file| file.parent() == Some(folder.path()));
        let file = file.and_then(Path::file_name).map(OsStr::as_encoded_bytes);
        let Some(file) = file else { return false };
        let rest = entry.name.as_encoded_bytes().strip_prefix(file);
        rest.is_some_and(|rest| OWN.iter().any(|own| own.as_bytes() == rest))
    }
}

fn below<'a>(folder: &Folder, path: &'a Path) -> &'a Path {
    path.strip_prefix(&folder.root.path).unwrap_or(path)
}
