//! Reads single files in the way of a scan, for a process that walks and lists by itself.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crossbeam_channel::bounded;
use rmsight::{Cancel, Estate};

use super::WalkOptions;
use super::events::ScanEvents;
use super::read_options::{ReadOptions, ReadRequest};
use super::recorder::Recorder;
use super::shared::{Settings, Shared};
use super::worker::{FileWatchdog, Worker, open_file};
use crate::fs::device::Devices;
use crate::fs::open::Links;
use crate::fs::owner::OwnerNames;
use crate::fs::throttle::Throttle;
use crate::fs::walk::{Dir, FileJob, Job, NameList, Root, SkipCounters, Walk, Work};
use crate::fs::watchdog::HangWatchdog;
use crate::output::Format;
use crate::output::progress::ProgressCounts;
use crate::output::records::RecordLayout;
use crate::stop::Stop;

/// Makes readers that share the options and the rate limit.
#[derive(Debug)]
pub(crate) struct FileReaders {
    shared: Arc<Shared>,
}

impl FileReaders {
    /// Returns readers with the options of a scan. `source` is the name of what is read.
    pub(crate) fn new(
        walk: WalkOptions,
        read: &ReadRequest,
        source: Option<String>,
    ) -> FileReaders {
        let (cancel, stop) = (Cancel::new(), Stop::default());
        // Nothing is sent: no walk runs.
        let (jobs, _) = bounded(1);
        let settings = Settings {
            estate: Estate::default(),
            redactor: None,
            source,
            inspector: ReadOptions::of(read).inspector(),
            cancel,
        };
        let shared = Shared {
            settings,
            layout: Some(RecordLayout::new(Format::Ndjson)),
            is_eager: false,
            walk: Walk {
                // Paths of a list: links, folders and devices among them are left out.
                roots: vec![Arc::new(Root::new(PathBuf::from("-"), 0, Some(NameList::new(0))))],
                filter: walk.filter,
                one_file_system: walk.one_file_system,
                hydrate: walk.hydrate,
                snapshots: walk.snapshots,
                in_order: true,
                inventory: None,
                log: None,
                jobs,
                workers: 1,
                stop: stop.clone(),
                counters: SkipCounters::default(),
                work: Work::default(),
                devices: Devices::default(),
                failure: Mutex::new(None),
                owners: OwnerNames::default(),
            },
            inventory: None,
            counts: ProgressCounts::default(),
            events: Arc::new(ScanEvents::new(None, false)),
            until: None,
            throttle: Arc::new(Throttle::new(walk.max_rate, stop)),
            read_timeout: walk.read_timeout,
            opener: open_file,
        };
        FileReaders { shared: Arc::new(shared) }
    }

    /// Returns a reader for one thread.
    pub(crate) fn reader(&self) -> FileReader {
        let recorder = Arc::new(Mutex::new(Recorder::new(&self.shared)));
        let watchdog = FileWatchdog::new(HangWatchdog::new());
        let worker = Worker::new(&self.shared, watchdog, Arc::clone(&recorder));
        FileReader { shared: Arc::clone(&self.shared), worker, recorder }
    }
}

/// Reads files one after another.
pub(crate) struct FileReader {
    shared: Arc<Shared>,
    worker: Worker,
    recorder: Arc<Mutex<Recorder>>,
}

impl FileReader {
    /// Returns the records of a file as NDJSON. They are empty for a path that a scan leaves out: a link, a
    /// folder, a pipe, a device, or a file that a filter excludes.
    pub(crate) fn read(&mut self, path: PathBuf) -> Vec<u8> {
        let filter = &self.shared.walk.filter;
        if !filter.is_empty() && filter.omits_file(&path) {
            return Vec::new();
        }
        let folder = path.parent().unwrap_or(&path).to_owned();
        let dir = Dir { path: folder, parent: None, root: 0, row: std::sync::OnceLock::new() };
        let job = FileJob {
            path,
            links: Links::Refuse,
            dir: Arc::new(dir),
            stamp: None,
            device: None,
            object: None,
        };
        self.worker.take(&Job::File(Arc::new(job)));
        let mut recorder = self.recorder.lock().unwrap_or_else(|error| error.into_inner());
        recorder.buffer.take()
    }
}
