//! A worker: opens files, inspects them, and records the findings.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};

use crossbeam_channel::{Receiver, Sender, TryRecvError};
use rmsight::{ErrorCode, FileSource, Inspector, ReadAt, Report};

use super::recorder::Recorder;
use super::shared::{Event, OpenFile, Shared};
use crate::exit;
use crate::fs::open::{self, OpenMode};
use crate::fs::owner::{self, OwnerId};
use crate::fs::walk::{FileJob, Job, Object, ObjectFailure, ObjectStamp, Root, count, stamp_of};
use crate::fs::watchdog::HangWatchdog;
use crate::inventory::Inventory;
use crate::output::records::RecordBuffer;

/// Opens a file of the file system.
pub(super) fn open_file(path: &Path, mode: OpenMode) -> io::Result<OpenFile> {
    let file = open::open(path, mode)?;
    let metadata = file.metadata()?;
    let source = Box::new(FileSource::with_metadata(file, &metadata)?);
    let owner = owner::of(&metadata);
    Ok(OpenFile { source, stamp: stamp_of(&metadata), owner, object: ObjectStamp::default() })
}

/// Opens an object of a store.
fn open_object(job: &FileJob, object: &Object) -> Result<OpenFile, ObjectFailure> {
    let opened = object.reader.open()?;
    let version_id = opened.version_id.or_else(|| object.stamp.version_id.clone());
    let mut stamps = ObjectStamp { version_id, ..object.stamp.clone() };
    // What a listing says is stored as it is, so that the next one can be compared.
    let stamp = job.stamp.unwrap_or(opened.stamp);
    if job.stamp.is_none() {
        stamps.etag = stamps.etag.or(opened.etag);
    }
    Ok(OpenFile { source: opened.source, stamp, owner: None, object: stamps })
}

/// Opens a file or an object, for a sample. Returns `None` if that fails.
pub(super) fn open(job: &FileJob, mode: OpenMode) -> Option<OpenFile> {
    match &job.object {
        Some(object) => open_object(job, object).ok(),
        None => open_file(&job.path, mode).ok(),
    }
}

/// Reports to the supervisor which file a worker is reading.
pub(super) type FileWatchdog = Arc<HangWatchdog<Arc<FileJob>>>;

/// Reuses one inspector, with its buffers, for all files.
pub(super) struct Worker {
    shared: Arc<Shared>,
    inspector: Inspector,
    watchdog: FileWatchdog,
    recorder: Arc<Mutex<Recorder>>,
    /// Opened when the first unchanged file is shown.
    inventory: Option<Inventory>,
}

impl Worker {
    pub(super) fn new(
        shared: &Arc<Shared>,
        watchdog: FileWatchdog,
        recorder: Arc<Mutex<Recorder>>,
    ) -> Worker {
        Worker {
            shared: Arc::clone(shared),
            inspector: shared.settings.inspector.clone().build(),
            watchdog,
            recorder,
            inventory: None,
        }
    }

    /// Handles jobs. Sends the buffer to the supervisor when it is full, and before it waits for a
    /// job.
    pub(super) fn run(mut self, waiting: &Receiver<Job>, events: &Sender<Event>) {
        loop {
            let job = match waiting.try_recv() {
                Ok(job) => job,
                Err(TryRecvError::Disconnected) => break,
                Err(TryRecvError::Empty) => {
                    if !self.send_output(events, |buffer| !buffer.is_empty()) {
                        break;
                    }
                    match waiting.recv() {
                        Ok(job) => job,
                        Err(_) => break,
                    }
                }
            };
            match job {
                Job::End => break,
                _ if self.shared.walk.stop.is_raised() => continue,
                job => {
                    if !self.take(&job) {
                        // The supervisor has replaced this worker.
                        return;
                    }
                }
            }
            let is_eager = self.shared.is_eager;
            if !self.send_output(events, |buffer| buffer.is_full() || is_eager) {
                break;
            }
        }
        // If the supervisor has ended, the output is not needed.
        self.send_output(events, |_| true);
        _ = events.send(Event::Done);
    }

    fn recorder(&self) -> MutexGuard<'_, Recorder> {
        self.recorder.lock().unwrap_or_else(|error| error.into_inner())
    }

    fn send_output(&self, events: &Sender<Event>, is_due: impl Fn(&RecordBuffer) -> bool) -> bool {
        let buffer = {
            let buffer = &mut self.recorder().buffer;
            if buffer.is_empty() || !is_due(buffer) {
                return true;
            }
            buffer.take()
        };
        events.send(Event::Output(buffer)).is_ok()
    }

    /// Handles a job. Returns `false` if the supervisor has replaced this worker meanwhile.
    pub(super) fn take(&mut self, job: &Job) -> bool {
        match job {
            Job::File(file) => {
                self.shared.throttle.file();
                return self.file(file);
            }
            Job::NotHydrated(file) => {
                if file.object.is_some() {
                    let words = "it is in an archive tier, and --hydrate was not given".to_owned();
                    self.recorder().unreadable(file, ErrorCode::NotHydrated, words, None);
                    return true;
                }
                self.watchdog.begin(Arc::clone(file));
                let owner = self.owner_of(&file.path);
                if !self.watchdog.end() {
                    return false;
                }
                let words =
                    "its content is not on this disk, and --hydrate was not given".to_owned();
                self.recorder().unreadable(file, ErrorCode::NotHydrated, words, owner);
            }
            Job::Unreadable { path, code, error } => {
                self.recorder().unlisted(path, *code, error.clone());
            }
            Job::Unchanged(row) => {
                if let Err(failure) = self.unchanged(*row) {
                    self.shared.fail(failure);
                }
            }
            Job::End => {}
        }
        true
    }

    fn unchanged(&mut self, row: i64) -> exit::Result<()> {
        let Some(handle) = &self.shared.inventory else { return Ok(()) };
        let inventory = match self.inventory.take() {
            Some(inventory) => inventory,
            None => Inventory::open(&handle.file)?,
        };
        inventory.records_of(row, |stored| {
            self.recorder().stored(&stored);
            Ok(())
        })?;
        self.inventory = Some(inventory);
        Ok(())
    }

    fn file(&mut self, job: &Arc<FileJob>) -> bool {
        self.watchdog.begin(Arc::clone(job));
        if let Some(object) = &job.object {
            return match self.watchdog.call(|| open_object(job, object)) {
                Ok(opened) => self.inspect(job, &opened),
                Err(failure) => self.refused(job, failure),
            };
        }
        let counters = &self.shared.walk.counters;
        let mode = OpenMode { links: job.links, hydrate: self.shared.walk.hydrate };
        let opened = self.watchdog.call(|| (self.shared.opener)(&job.path, mode));
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let owner = self.owner_of(&job.path);
                if !self.watchdog.end() {
                    return false;
                }
                if open::is_special(&error) {
                    count(&counters.special);
                    self.special(job);
                } else if open::is_link(&error, &job.path) {
                    self.link(job);
                } else {
                    self.recorder().unreadable(job, open::code(&error), error.to_string(), owner);
                }
                return true;
            }
        };
        self.inspect(job, &opened)
    }

    /// Records that an object could not be opened.
    fn refused(&self, job: &FileJob, failure: ObjectFailure) -> bool {
        if !self.watchdog.end() {
            return false;
        }
        // After a stop the next scan reads it.
        if !self.shared.is_ending() {
            self.recorder().unreadable(job, failure.code, failure.words, None);
        }
        true
    }

    /// Inspects a file that is open. Returns `false` if the supervisor has replaced this worker.
    fn inspect(&mut self, job: &Arc<FileJob>, opened: &OpenFile) -> bool {
        let source = Watched {
            source: opened.source.as_ref(),
            is_object: job.object.is_some(),
            shared: &self.shared,
            watchdog: &self.watchdog,
        };
        let cancel = &self.shared.settings.cancel;
        let inspected = catch_unwind(AssertUnwindSafe(|| {
            self.inspector.cancel(cancel).inspect_named(&source, &job.path)
        }));
        let keeps = self.shared.inventory.is_some();
        let has_changed = keeps && self.watchdog.call(|| opened.source.has_changed());
        let owner = match inspected.as_ref().is_ok_and(|report| !is_cut_short(report)) {
            true => None,
            false => self.owner_name(opened.owner),
        };
        if !self.watchdog.end() {
            return false;
        }
        if self.shared.is_ending() && inspected.as_ref().is_ok_and(is_cut_short) {
            // The next scan reads it.
            return true;
        }
        match inspected {
            Ok(report) => {
                let report = report.unwrap_or_else(|error| Report::unopened(&error));
                self.recorder().report(job, opened, owner, &report, has_changed);
            }
            Err(panic) => {
                // A panic may have left the inspector in an invalid state.
                self.inspector = self.shared.settings.inspector.clone().build();
                let words = format!(
                    "the reader failed, which is a bug of rmsight: {}",
                    panic_message(&*panic)
                );
                self.recorder().unreadable(job, ErrorCode::ReaderFailed, words, owner);
            }
        }
        true
    }

    /// Returns the list that names a file, if a list does.
    fn list_of(&self, job: &FileJob) -> Option<&Root> {
        let mut roots = self.shared.walk.roots.iter();
        roots.find(|root| root.row == job.dir.root && root.list.is_some()).map(|root| &**root)
    }

    /// Counts a folder, a pipe or a device in a list as not read, and notes the folder as not
    /// followed.
    fn special(&self, job: &FileJob) {
        let Some(list) = self.list_of(job) else { return };
        count(&list.omitted);
        self.watchdog.call(|| {
            if job.path.is_dir() {
                let name = job.path.file_name().unwrap_or(job.path.as_os_str());
                self.shared.walk.note_skipped(&job.dir, name, &job.path);
            }
        });
    }

    /// Handles a file whose name is a link: an entry of a list, or a file that was replaced since
    /// its folder was listed.
    fn link(&self, job: &FileJob) {
        let walk = &self.shared.walk;
        let list = self.list_of(job);
        if let Some(list) = list {
            count(&list.omitted);
        }
        if walk.inventory.is_none() || list.is_some() {
            let name = job.path.file_name().unwrap_or(job.path.as_os_str());
            return self.watchdog.call(|| walk.skip(&job.dir, name, &job.path));
        }
        let words = "it was replaced by a link".to_owned();
        self.recorder().unreadable(job, ErrorCode::ChangedWhileReading, words, None);
    }

    /// Returns the name of the owner of a file that was not opened.
    fn owner_of(&self, path: &Path) -> Option<Arc<str>> {
        self.shared.inventory.as_ref()?;
        let owner = self.watchdog.call(|| owner::of_path(path));
        self.owner_name(owner)
    }

    fn owner_name(&self, owner: Option<OwnerId>) -> Option<Arc<str>> {
        self.shared.inventory.as_ref()?;
        self.watchdog.call(|| owner.map(|owner| self.shared.walk.owners.name(owner)))
    }
}

/// Returns whether data was not read. After a stop, the stop is the reason.
fn is_cut_short(report: &Result<Report, rmsight::Error>) -> bool {
    match report {
        Ok(report) => {
            report.incomplete().is_some()
                || report.findings().any(|finding| finding.facts().error_code.is_some())
        }
        Err(_) => true,
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or_default()
}

/// A source that throttles reads, counts bytes, and is watched for hanging.
struct Watched<'a> {
    source: &'a dyn ReadAt,
    /// Its requests are throttled where they are sent.
    is_object: bool,
    shared: &'a Shared,
    watchdog: &'a HangWatchdog<Arc<FileJob>>,
}

impl ReadAt for Watched<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if !self.is_object {
            self.shared.throttle.bytes(buf.len());
        }
        if self.shared.is_ending() {
            return Err(io::Error::other("the scan is stopped"));
        }
        let read = self.watchdog.call(|| self.source.read_at(offset, buf));
        if self.watchdog.is_given_up() {
            return Err(io::Error::other("given up"));
        }
        if let Ok(bytes) = read {
            let bytes = u64::try_from(bytes).unwrap_or_default();
            self.shared.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        read
    }

    fn size(&self) -> io::Result<u64> {
        self.source.size()
    }

    fn is_sized(&self) -> bool {
        self.source.is_sized()
    }

    fn has_changed(&self) -> bool {
        self.source.has_changed()
    }
}
