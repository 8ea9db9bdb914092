//! What the threads of a scan share.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rmsight::{Cancel, Estate, InspectorBuilder, ReadAt, Redactor};

use crate::exit::Failure;
use crate::fs::open::Links;
use crate::fs::throttle::Throttle;
use crate::fs::walk::{Stamp, Walk};
use crate::inventory::ScanHandle;
use crate::output::Format;
use crate::output::progress::ProgressCounts;

/// What every worker needs to know.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) estate: Estate,
    pub(super) redactor: Option<Redactor>,
    pub(super) source: Option<String>,
    pub(super) inspector: InspectorBuilder,
    /// Ends what the inspectors are at.
    pub(super) cancel: Cancel,
}

/// A file that was opened.
pub(super) struct OpenFile {
    pub(super) source: Box<dyn ReadAt>,
    pub(super) stamp: Stamp,
}

/// How files are opened; a test has its own way.
pub(super) type Opener = fn(&Path, Links) -> io::Result<OpenFile>;

/// What all threads know.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    /// How records are written; nothing where they only go to the inventory.
    pub(super) format: Option<Format>,
    /// Somebody looks at the records as they come.
    pub(super) is_eager: bool,
    /// The inventory that stores the findings.
    pub(super) inventory: Option<Arc<ScanHandle>>,
    pub(super) walk: Walk,
    pub(super) counts: ProgressCounts,
    pub(super) throttle: Throttle,
    pub(super) read_timeout: Duration,
    pub(super) opener: Opener,
}

impl Shared {
    /// Whether the files in work are to be left. The stop flag is raised by a signal, and the cancel
    /// flag follows it.
    pub(super) fn is_ending(&self) -> bool {
        self.walk.stop.is_raised() || self.settings.cancel.is_raised()
    }

    /// The scan cannot go on.
    pub(super) fn fail(&self, failure: Failure) {
        let mut first = self.walk.failure.lock().unwrap_or_else(|error| error.into_inner());
        first.get_or_insert(failure);
        self.walk.stop.raise();
    }
}

/// What workers say to the writer.
#[derive(Debug)]
pub(super) enum Event {
    Page(Vec<u8>),
    Done,
}
