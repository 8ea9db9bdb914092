//! State that the threads of a scan share.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rmsight::{Cancel, Estate, InspectorBuilder, ReadAt, Redactor};

use super::events::ScanEvents;
use crate::exit::Failure;
use crate::fs::open::OpenMode;
use crate::fs::owner::OwnerId;
use crate::fs::throttle::Throttle;
use crate::fs::walk::{ObjectStamp, Stamp, Walk};
use crate::inventory::ScanHandle;
use crate::output::progress::ProgressCounts;
use crate::output::records::RecordLayout;

/// What every worker needs to judge and write records.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) estate: Estate,
    pub(super) redactor: Option<Redactor>,
    pub(super) source: Option<String>,
    pub(super) inspector: InspectorBuilder,
    /// Cancels the inspectors.
    pub(super) cancel: Cancel,
}

/// A file that was opened.
pub(super) struct OpenFile {
    pub(super) source: Box<dyn ReadAt>,
    pub(super) stamp: Stamp,
    /// The owner in the file system.
    pub(super) owner: Option<OwnerId>,
    /// Empty for a file of a file system.
    pub(super) object: ObjectStamp,
}

/// How files are opened. Tests replace it.
pub(super) type Opener = fn(&Path, OpenMode) -> io::Result<OpenFile>;

/// State of all threads.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    /// Form of the records; `None` if they are not written.
    pub(super) layout: Option<RecordLayout>,
    /// Records are written immediately, for a terminal.
    pub(super) is_eager: bool,
    /// The inventory that stores the findings.
    pub(super) inventory: Option<Arc<ScanHandle>>,
    pub(super) walk: Walk,
    pub(super) counts: ProgressCounts,
    pub(super) events: Arc<ScanEvents>,
    /// When the scan ends, even if files are left.
    pub(super) until: Option<SystemTime>,
    pub(super) throttle: Arc<Throttle>,
    pub(super) read_timeout: Duration,
    pub(super) opener: Opener,
}

impl Shared {
    /// Returns whether files that are being read must be abandoned. A signal raises the stop flag,
    /// and the supervisor raises the cancel flag after it.
    pub(super) fn is_ending(&self) -> bool {
        self.walk.stop.is_raised() || self.settings.cancel.is_raised()
    }

    /// Stops the scan with a failure. The first failure is kept.
    pub(super) fn fail(&self, failure: Failure) {
        let mut first = self.walk.failure.lock().unwrap_or_else(|error| error.into_inner());
        first.get_or_insert(failure);
        self.walk.stop.raise();
    }
}

/// A message of a worker to the supervisor.
#[derive(Debug)]
pub(super) enum Event {
    Output(Vec<u8>),
    Done,
}
