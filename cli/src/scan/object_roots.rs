//! Roots of objects, and the requests for them.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use crate::fs::walk::{Object, SharedLister};
use crate::output::format::{bytes, counted};

/// A root of objects.
#[derive(Debug)]
pub(super) struct ObjectRoot {
    /// The canonical address, or the identity of a listing.
    pub(super) path: PathBuf,
    pub(super) lister: SharedLister,
}

/// The roots of objects that the user named.
#[derive(Debug, Default)]
pub(super) struct ObjectRoots {
    pub(super) roots: Vec<ObjectRoot>,
    pub(super) traffic: StoreTraffic,
    /// Opens objects of which only the address is known.
    pub(super) opener: Option<Box<dyn ObjectOpener>>,
}

/// Opens objects that an earlier scan listed.
pub(super) trait ObjectOpener: Debug {
    /// Returns the object; `None` if the text is not an address.
    fn object(&self, address: &str) -> Option<Object>;
}

/// Requests that were sent until now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RequestCounts {
    pub(super) requests: u64,
    /// Those that repeat a failed one.
    pub(super) repeated: u64,
    /// Bytes of the answers.
    pub(super) bytes: u64,
}

/// Counts requests.
pub(super) trait RequestCounter: Debug + Send + Sync {
    fn counts(&self) -> RequestCounts;
}

/// The requests of a scan, if it has roots of objects.
#[derive(Debug, Default)]
pub(super) struct StoreTraffic(pub(super) Option<Arc<dyn RequestCounter>>);

impl StoreTraffic {
    /// Returns what was sent until now.
    pub(super) fn counts(&self) -> RequestCounts {
        self.0.as_ref().map(|counter| counter.counts()).unwrap_or_default()
    }

    /// Returns a sentence about the requests; empty without roots of objects.
    pub(super) fn sentence(&self) -> String {
        if self.0.is_none() {
            return String::new();
        }
        let counts = self.counts();
        let requests = counted(counts.requests, "request");
        let mut text = format!(" {requests} with {} of answers", bytes(counts.bytes));
        if counts.repeated > 0 {
            text += &format!(", {} of them repeated", counts.repeated);
        }
        text + "."
    }
}
