//! Tables of open handles. A handle is a number that is never used again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::status::{RmsightStatus, fail};

/// Next handle of all tables, so that a handle of one kind is none of another.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Open objects of one kind.
pub(crate) struct HandleTable<T> {
    open: RwLock<BTreeMap<u64, Arc<T>>>,
}

impl<T> HandleTable<T> {
    pub(crate) const fn new() -> HandleTable<T> {
        HandleTable { open: RwLock::new(BTreeMap::new()) }
    }

    /// Opens an object and returns its handle.
    pub(crate) fn insert(&self, object: T) -> u64 {
        let handle = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.insert(handle, Arc::new(object));
        handle
    }

    /// Returns an open object.
    pub(crate) fn get(&self, handle: u64) -> Result<Arc<T>, RmsightStatus> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.get(&handle).cloned().ok_or_else(|| invalid(handle))
    }

    /// Closes an object. Calls that use it keep it until they return.
    pub(crate) fn close(&self, handle: u64) -> RmsightStatus {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        match open.remove(&handle) {
            Some(_) => RmsightStatus::Ok,
            None => invalid(handle),
        }
    }
}

fn invalid(handle: u64) -> RmsightStatus {
    fail(RmsightStatus::InvalidHandle, format!("handle {handle} is not open, or of another kind"))
}
