//! The state that the threads of a walk share: roots, the stack of tasks, and counters.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crossbeam_channel::Sender;

use rmsight::ErrorCode;

use super::filter::GlobFilter;
use super::folder::Folder;
use super::handle::{Dir, DirState, InventoryHandle, Note, Skipped};
use super::job::{FileJob, Job, SkipCounters, count};
use super::root::Root;
use crate::exit::Failure;
use crate::fs::device::{Device, Devices};
use crate::fs::open::{self, Links};
use crate::fs::owner::OwnerNames;
use crate::fs::path::real;
use crate::stop::Stop;

/// A walk.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) roots: Vec<Arc<Root>>,
    pub(crate) filter: GlobFilter,
    pub(crate) one_file_system: bool,
    pub(crate) hydrate: bool,
    /// Walks folders of snapshots and recycle bins too.
    pub(crate) snapshots: bool,
    /// Files are handed over in the order of their names; requires a single thread.
    pub(crate) in_order: bool,
    pub(crate) inventory: Option<Arc<dyn InventoryHandle>>,
    /// The log that this scan writes, as a normalized path. It is not scanned.
    pub(crate) log: Option<PathBuf>,
    pub(crate) jobs: Sender<Job>,
    pub(crate) workers: usize,
    pub(crate) stop: Stop,
    pub(crate) counters: SkipCounters,
    pub(crate) work: Work,
    pub(crate) devices: Devices,
    pub(crate) owners: OwnerNames,
    pub(crate) failure: Mutex<Option<Failure>>,
}

/// The stack of tasks.
#[derive(Debug, Default)]
pub(crate) struct Work {
    state: Mutex<WorkState>,
    wake: Condvar,
    /// Number of files that were pushed without a root.
    named: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct WorkState {
    /// The last element is the next task.
    pub(super) waiting: Vec<Task>,
    /// Number of threads that may push further tasks.
    busy: usize,
    /// Number of threads that have not ended.
    pub(super) threads: usize,
}

#[derive(Debug)]
pub(super) enum Task {
    Root(Arc<Root>),
    Folder(Arc<Folder>),
    Job(Job),
}

impl Work {
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, WorkState> {
        self.state.lock().unwrap_or_else(|error| error.into_inner())
    }
}

impl Walk {
    /// Pushes the roots. Called once, before the threads start.
    pub(crate) fn prepare(&self, threads: usize) {
        let mut state = self.work.lock();
        state.threads = threads;
        state.waiting.extend(self.roots.iter().rev().map(|root| Task::Root(Arc::clone(root))));
    }

    /// Pushes files to read. Called once, before the threads start.
    pub(crate) fn prepare_files(&self, files: &[Arc<FileJob>]) {
        let jobs = files.iter().rev().map(|file| Task::Job(Job::File(Arc::clone(file))));
        self.work.lock().waiting.extend(jobs);
        self.work.named.store(u64::try_from(files.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn next(&self) -> Option<Task> {
        let mut state = self.work.lock();
        loop {
            if self.stop.is_raised() {
                return None;
            }
            if let Some(task) = state.waiting.pop() {
                state.busy += 1;
                return Some(task);
            }
            if state.busy == 0 {
                return None;
            }
            // A signal does not wake the condition variable.
            let pause = Duration::from_millis(200);
            let woken = self.work.wake.wait_timeout(state, pause);
            state = woken.unwrap_or_else(|error| error.into_inner()).0;
        }
    }

    pub(super) fn done(&self) {
        let mut state = self.work.lock();
        state.busy -= 1;
        if state.busy == 0 {
            self.work.wake.notify_all();
        }
    }

    /// Returns whether all threads of the walk have ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.work.lock().threads == 0
    }

    /// Pushes tasks; the first one is the next one.
    pub(super) fn push(&self, tasks: Vec<Task>) {
        if tasks.is_empty() {
            return;
        }
        self.work.lock().waiting.extend(tasks.into_iter().rev());
        self.work.wake.notify_all();
    }

    pub(super) fn send(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            // All workers have ended.
            self.stop.raise();
        }
    }

    pub(crate) fn note(&self, note: Note) {
        if let Some(inventory) = &self.inventory {
            inventory.note(note);
        }
    }

    /// Returns whether --include or --exclude leave a file out, and counts it if so.
    pub(super) fn omits(&self, root: &Root, below_root: &Path) -> bool {
        if self.filter.is_empty() || !self.filter.omits_file(below_root) {
            return false;
        }
        count(&self.counters.excluded);
        count(&root.omitted);
        count(if self.filter.omits_dir(below_root) { &root.excluded } else { &root.filtered });
        true
    }

    /// Counts and notes a link in `dir` that was not followed, or `dir` itself if `name` is empty.
    pub(crate) fn skip(&self, dir: &Arc<Dir>, name: &OsStr, path: &Path) {
        count(&self.counters.links);
        self.note_skipped(dir, name, path);
    }

    /// Like [`Walk::skip`], but counts nothing.
    pub(crate) fn note_skipped(&self, dir: &Arc<Dir>, name: &OsStr, path: &Path) {
        if let Some(skipped) = self.skipped(name, path, None) {
            self.note(Note::Skipped(Arc::clone(dir), skipped));
        }
    }

    /// Returns the link at `path` and its target. The target of a broken link is unknown: it may be
    /// on a file system that is not mounted. Returns `None` without an inventory, for a link to a
    /// device or to itself, and if the link was deleted.
    pub(super) fn skipped(
        &self,
        name: &OsStr,
        path: &Path,
        device: Option<&Device>,
    ) -> Option<Skipped> {
        self.inventory.as_ref()?;
        let target = match path.metadata() {
            Ok(found) if found.is_file() || found.is_dir() => real(path),
            Ok(_) => return None,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                path.symlink_metadata().ok()?;
                None
            }
            Err(error) if open::is_loop(&error) => return None,
            Err(_) => None,
        };
        let device = device.map(|device| Arc::clone(&device.name));
        Some(Skipped { name: name.to_owned(), target, device })
    }

    /// Stops the scan with a failure.
    pub(super) fn fail(&self, failure: Failure) {
        self.failure.lock().unwrap_or_else(|error| error.into_inner()).get_or_insert(failure);
        self.stop.raise();
    }

    /// Returns the number of files found until now.
    pub(crate) fn files_found(&self) -> u64 {
        let roots: u64 = self.roots.iter().map(|root| root.files_found()).sum();
        roots.saturating_add(self.work.named.load(Ordering::Relaxed))
    }

    /// Returns the number of files found that no worker reads: they are unchanged, or were left out.
    pub(crate) fn files_skipped(&self) -> u64 {
        let omitted = self.roots.iter().map(|root| root.omitted.load(Ordering::Relaxed));
        let unchanged = self.counters.unchanged.load(Ordering::Relaxed);
        omitted.fold(unchanged, u64::saturating_add)
    }

    /// Handles a folder at which a thread hangs: it counts as not listed.
    pub(crate) fn give_up(&self, folder: &Folder, patience: Duration) {
        let error = format!("the folder did not answer for {} s", patience.as_secs());
        self.unlisted(folder, ErrorCode::Hung, error);
        self.done();
    }

    /// Hands over a file that was named.
    pub(super) fn file(&self, path: PathBuf, dir: Arc<Dir>, links: Links) {
        let job = FileJob { path, links, dir, stamp: None, device: None, object: None };
        self.send(Job::File(Arc::new(job)));
    }

    /// Notes a folder that could not be listed completely.
    pub(super) fn unlisted(&self, folder: &Folder, code: ErrorCode, error: String) {
        folder.root.has_failed.store(true, Ordering::Relaxed);
        if folder.up.is_none() {
            count(&self.counters.failed_roots);
        }
        let device = self.device_of(folder);
        let owner = folder.owner.get().map(|owner| self.owners.name(*owner));
        let state = DirState::Failed { code, error: error.clone(), device, owner };
        self.note(Note::Dir(Arc::clone(&folder.dir), state));
        self.send(Job::Unreadable { path: folder.dir.path.clone(), code, error });
    }
    /// Returns the file system of a folder that was not listed, if it is known.
    #[cfg(unix)]
    pub(super) fn device_of(&self, folder: &Folder) -> Option<Arc<str>> {
        self.inventory.as_ref()?;
        let id = folder.id.get()?;
        self.devices.known(id.system, id.mount).map(|found| found.name)
    }

    #[cfg(windows)]
    pub(super) fn device_of(&self, folder: &Folder) -> Option<Arc<str>> {
        self.inventory.as_ref()?;
        let id = folder.id.get()?;
        Some(self.devices.of_volume(folder.path(), id.system).name)
    }
}
