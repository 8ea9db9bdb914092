//! [`Traffic`]: counters of requests and bytes.

use std::sync::atomic::{AtomicU64, Ordering};

/// What was sent and received until now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Requests, each attempt counted.
    pub requests: u64,
    /// Requests for pages of listings, which are part of `requests`.
    pub listings: u64,
    /// Bytes of received bodies.
    pub bytes: u64,
    /// Attempts that failed and were repeated.
    pub retries: u64,
    /// Answers that asked to slow down (429, 503).
    pub throttled: u64,
}

#[derive(Debug, Default)]
pub(crate) struct TrafficCounters {
    pub(super) requests: AtomicU64,
    pub(crate) listings: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) throttled: AtomicU64,
}

impl TrafficCounters {
    pub(crate) fn now(&self) -> Traffic {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Traffic {
            requests: read(&self.requests),
            listings: read(&self.listings),
            bytes: read(&self.bytes),
            retries: read(&self.retries),
            throttled: read(&self.throttled),
        }
    }
}

pub(crate) fn add(counter: &AtomicU64, amount: usize) {
    counter.fetch_add(u64::try_from(amount).unwrap_or(u64::MAX), Ordering::Relaxed);
}
