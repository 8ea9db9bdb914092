//! Limits the rate of reads from a file server.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::stop::Stop;

/// Files or bytes per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    Files(u64),
    Bytes(u64),
}

/// Limits the rate of all workers together.
#[derive(Debug)]
pub(crate) struct Throttle {
    rate: Option<Rate>,
    /// Ends a wait.
    stop: Stop,
    /// Time at which everything requested so far is within the rate.
    next: Mutex<Instant>,
}

/// Maximum sleep between two checks of the stop flag.
const SLICE: Duration = Duration::from_millis(200);

/// Idle time that may be caught up on.
const SLACK: Duration = Duration::from_millis(100);

impl Throttle {
    pub(crate) fn new(rate: Option<Rate>, stop: Stop) -> Throttle {
        Throttle { rate, stop, next: Mutex::new(Instant::now()) }
    }

    pub(crate) fn file(&self) {
        if let Some(Rate::Files(rate)) = self.rate {
            self.take(1, rate);
        }
    }

    pub(crate) fn bytes(&self, bytes: usize) {
        if let Some(Rate::Bytes(rate)) = self.rate {
            self.take(u64::try_from(bytes).unwrap_or(u64::MAX), rate);
        }
    }

    fn take(&self, amount: u64, rate: u64) {
        let micros = u128::from(amount) * 1_000_000 / u128::from(rate.max(1));
        let cost = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
        let now = Instant::now();
        let until = {
            let mut next = self.next.lock().unwrap_or_else(|error| error.into_inner());
            let from = (*next).max(now.checked_sub(SLACK).unwrap_or(now));
            *next = from.checked_add(cost).unwrap_or(from);
            from
        };
        while let Some(wait) = until.checked_duration_since(Instant::now()) {
            if wait.is_zero() || self.stop.is_raised() {
                return;
            }
            thread::sleep(wait.min(SLICE));
        }
    }
}
