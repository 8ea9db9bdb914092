//! The files to scan: a walk through folders, or a list of names.
//!
//! Threads share a stack of what is still to be done. Each folder that was listed, or could not
//! be, is said to the inventory: only what was looked for in vain is gone.

mod filter;
mod folder;
mod list;
mod names;

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

use crossbeam_channel::Sender;

use crate::device::{Device, Devices};
use crate::exit::Failure;
use crate::inventory::{Begun, Dir, DirState, Lookup, Skipped, Stamp};
use crate::open::{self, Links};
use crate::stop::Stop;
use crate::watch::Watch;

pub(crate) use filter::Filter;
pub(crate) use folder::Folder;
pub(crate) use list::stamp_of;

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

/// What the walk says to the inventory.
#[derive(Debug)]
pub(crate) enum Note {
    Dir(Arc<Dir>, DirState),
    File(Box<crate::inventory::FileRow>),
    /// The file in this row is as it was, on another device.
    Moved(i64, Option<Arc<str>>),
    /// A link in this folder, or the folder itself, was not followed.
    Skipped(Arc<Dir>, Skipped),
    End,
}

/// What was met and is no file to scan.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
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

/// What the user named.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) path: PathBuf,
    /// Its row in the inventory.
    pub(crate) row: i64,
    /// It is a list of names.
    pub(crate) list: Option<List>,
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
    number: OnceLock<u64>,
}

/// How a list of names is written, and what it contains.
#[derive(Debug, Clone)]
pub(crate) struct List {
    /// The byte that ends a name.
    end: u8,
    /// A copy of the list, which is read instead of it.
    copy: Option<Arc<File>>,
}

impl Root {
    pub(crate) fn new(path: PathBuf, row: i64, list: Option<List>) -> Root {
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

    fn dir(&self, path: &Path, parent: Option<Arc<Dir>>) -> Arc<Dir> {
        Arc::new(Dir { path: path.to_owned(), parent, root: self.row, row: OnceLock::new() })
    }
}

/// The part of a walk that concerns the inventory.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) notes: Sender<Note>,
    /// The file, and the rows to ask it by.
    pub(crate) file: PathBuf,
    pub(crate) begun: Begun,
    /// Unchanged files are shown too.
    pub(crate) shows_unchanged: bool,
}

/// A walk.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) roots: Vec<Arc<Root>>,
    pub(crate) filter: Filter,
    pub(crate) one_file_system: bool,
    pub(crate) hydrate: bool,
    /// One thread goes in the order of the names.
    pub(crate) in_order: bool,
    pub(crate) ledger: Option<Ledger>,
    pub(crate) jobs: Sender<Job>,
    pub(crate) workers: usize,
    pub(crate) stop: Stop,
    pub(crate) left_out: LeftOut,
    pub(crate) work: Work,
    pub(crate) devices: Devices,
    pub(crate) failure: Mutex<Option<Failure>>,
}

/// What is still to be walked.
#[derive(Debug, Default)]
pub(crate) struct Work {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The last one is the next one.
    waiting: Vec<Task>,
    /// Threads that may find more to do.
    busy: usize,
    /// Threads that are not done.
    threads: usize,
}

#[derive(Debug)]
enum Task {
    Root(Arc<Root>),
    Folder(Arc<Folder>),
    Job(Job),
}

/// The files of an inventory that is being written.
const OWN: [&str; 4] = ["", "-wal", "-shm", "-journal"];

impl Work {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|error| error.into_inner())
    }
}

impl Walk {
    /// What the first thread begins with.
    pub(crate) fn prepare(&self, threads: usize) {
        let mut state = self.work.lock();
        state.threads = threads;
        state.waiting.extend(self.roots.iter().rev().map(|root| Task::Root(Arc::clone(root))));
    }

    /// Walks until there is nothing left; called from each thread.
    pub(crate) fn run(&self, watch: &Watch<Arc<Folder>>) {
        let lookup = match self.lookup() {
            Ok(lookup) => lookup,
            Err(failure) => {
                self.fail(failure);
                None
            }
        };
        while let Some(task) = self.next() {
            match task {
                Task::Root(root) => self.root(&root),
                Task::Folder(folder) => {
                    if !self.folder(&folder, lookup.as_ref(), watch) {
                        // Others have gone on.
                        return;
                    }
                }
                Task::Job(job) => self.send(job),
            }
            self.done();
        }
        let mut state = self.work.lock();
        state.threads -= 1;
        if state.threads > 0 {
            return;
        }
        drop(state);
        for _ in 0..self.workers {
            // Where all workers are gone, none has to be told.
            _ = self.jobs.send(Job::End);
        }
    }

    fn lookup(&self) -> crate::exit::Result<Option<Lookup>> {
        let Some(ledger) = &self.ledger else { return Ok(None) };
        Lookup::open(&ledger.file, ledger.begun.clone()).map(Some)
    }

    fn next(&self) -> Option<Task> {
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
            // A signal does not wake anybody.
            let pause = Duration::from_millis(200);
            let woken = self.work.wake.wait_timeout(state, pause);
            state = woken.unwrap_or_else(|error| error.into_inner()).0;
        }
    }

    fn done(&self) {
        let mut state = self.work.lock();
        state.busy -= 1;
        if state.busy == 0 {
            self.work.wake.notify_all();
        }
    }

    /// Puts tasks on the stack; the first one is the next one.
    fn push(&self, tasks: Vec<Task>) {
        if tasks.is_empty() {
            return;
        }
        self.work.lock().waiting.extend(tasks.into_iter().rev());
        self.work.wake.notify_all();
    }

    fn send(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            // Nobody is left to do it.
            self.stop.raise();
        }
    }

    pub(crate) fn note(&self, note: Note) {
        if let Some(ledger) = &self.ledger {
            // Where the inventory is gone, its failure is told elsewhere.
            _ = ledger.notes.send(note);
        }
    }

    /// Whether --include or --exclude leave a file out; counts it then.
    fn omits(&self, root: &Root, below_root: &Path) -> bool {
        if self.filter.is_empty() || !self.filter.omits_file(below_root) {
            return false;
        }
        count(&self.left_out.excluded);
        count(&root.omitted);
        count(if self.filter.omits_dir(below_root) { &root.excluded } else { &root.filtered });
        true
    }

    /// Notes a link in `dir`, or `dir` itself where `name` is empty, that was not followed.
    pub(crate) fn skip(&self, dir: &Arc<Dir>, name: &OsStr, path: &Path) {
        count(&self.left_out.links);
        self.note_skipped(dir, name, path);
    }

    /// Like [`Walk::skip`], for what is counted as something other than a link.
    pub(crate) fn note_skipped(&self, dir: &Arc<Dir>, name: &OsStr, path: &Path) {
        if let Some(skipped) = self.skipped(name, path, None) {
            self.note(Note::Skipped(Arc::clone(dir), skipped));
        }
    }

    /// Returns the link at `path` and its target. The target of a link that leads to nothing is
    /// unknown: it may be on a file system that is not mounted. Returns nothing without an
    /// inventory, for a link to a device or to itself, and if the link was deleted.
    fn skipped(&self, name: &OsStr, path: &Path, device: Option<&Device>) -> Option<Skipped> {
        self.ledger.as_ref()?;
        let target = match path.metadata() {
            Ok(found) if found.is_file() || found.is_dir() => crate::inventory::real(path),
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

    /// The walk cannot go on.
    fn fail(&self, failure: Failure) {
        self.failure.lock().unwrap_or_else(|error| error.into_inner()).get_or_insert(failure);
        self.stop.raise();
    }

    /// Files that were met until now.
    pub(crate) fn met(&self) -> u64 {
        self.roots.iter().map(|root| root.met()).sum()
    }

    /// A thread hangs in this folder: it counts as not listed, and the others go on without.
    pub(crate) fn give_up(&self, folder: &Folder, patience: Duration) {
        let error = format!("the folder did not answer for {} s", patience.as_secs());
        self.unlisted(folder, "hung", error);
        self.done();
    }

    fn root(&self, root: &Arc<Root>) {
        if let Some(list) = &root.list {
            if let Err(failure) = self.listed(root, list) {
                self.fail(failure);
            }
            return;
        }
        let path = &root.path;
        match path.metadata() {
            Ok(found) if found.is_dir() => {
                self.push(vec![Task::Folder(Arc::new(Folder::top(root)))]);
            }
            Ok(found) if found.is_file() => {
                count(&root.files);
                let dir = root.dir(path.parent().unwrap_or(path), None);
                self.file(path.clone(), dir, Links::Follow);
            }
            Ok(_) => count(&self.left_out.special),
            Err(error) => {
                let folder = Folder::top(root);
                self.unlisted(&folder, open::code(&error), error.to_string());
            }
        }
    }

    /// A file that was named.
    fn file(&self, path: PathBuf, dir: Arc<Dir>, links: Links) {
        let job = FileJob { path, links, dir, stamp: None, device: None };
        self.send(Job::File(Arc::new(job)));
    }

    /// A folder that cannot be listed, or not to its end.
    fn unlisted(&self, folder: &Folder, code: &'static str, error: String) {
        folder.root.has_failed.store(true, Ordering::Relaxed);
        if folder.up.is_none() {
            count(&self.left_out.failed_roots);
        }
        let device = self.device_of(folder);
        let state = DirState::Failed { code, error: error.clone(), device };
        self.note(Note::Dir(Arc::clone(&folder.dir), state));
        self.send(Job::Unreadable { path: folder.dir.path.clone(), code, error });
    }
}

/// What the system says of reading from `list`, or of its names.
fn of_list(list: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::message(format_args!("{}: {error}", list.display()))
}
