//! [`Gates`]: how many requests are under way to each host.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// The limit at first.
const FIRST: usize = 32;

/// The smallest limit that a store can force by asking to slow down.
const LEAST: usize = 4;

/// Minimum time between two reductions: the requests of one burst are refused together.
const PAUSE: Duration = Duration::from_millis(500);

/// Interval at which a waiting thread checks whether the work was ended.
const LOOK: Duration = Duration::from_millis(200);

/// The gates of all hosts. A host is a storage account or a bucket's endpoint.
#[derive(Debug)]
pub(super) struct Gates {
    most: usize,
    hosts: Mutex<HashMap<String, Arc<Gate>>>,
}

/// Limits the requests to one host. At first the limit grows with each successful request. If the host
/// asks to slow down or does not answer in time, the limit is halved. From then on it grows by one
/// after as many successful requests as it admits (additive increase, multiplicative decrease).
#[derive(Debug)]
pub(super) struct Gate {
    most: usize,
    state: Mutex<GateState>,
    freed: Condvar,
}

#[derive(Debug)]
struct GateState {
    limit: usize,
    active: usize,
    successes: usize,
    /// The host never had to slow down.
    is_first: bool,
    slowed: Option<Instant>,
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct Permit<'g>(&'g Gate);

impl Gates {
    pub(super) fn new(most: usize) -> Gates {
        Gates { most: most.max(1), hosts: Mutex::default() }
    }

    pub(super) fn of(&self, host: &str) -> Arc<Gate> {
        let mut hosts = self.hosts.lock().unwrap_or_else(|error| error.into_inner());
        if let Some(gate) = hosts.get(host) {
            return Arc::clone(gate);
        }
        let gate = Arc::new(Gate::new(self.most));
        hosts.insert(host.to_owned(), Arc::clone(&gate));
        gate
    }
}

impl Gate {
    fn new(most: usize) -> Gate {
        let limit = most.min(FIRST);
        let state = GateState { limit, active: 0, successes: 0, is_first: true, slowed: None };
        Gate { most, state: Mutex::new(state), freed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(|error| error.into_inner())
    }

    /// Waits until a request may begin. Returns `None` if the work was ended.
    pub(super) fn enter(&self, is_stopped: &dyn Fn() -> bool) -> Option<Permit<'_>> {
        let mut state = self.lock();
        while state.active >= state.limit {
            if is_stopped() {
                return None;
            }
            let woken = self.freed.wait_timeout(state, LOOK);
            state = woken.unwrap_or_else(|error| error.into_inner()).0;
        }
        state.active = state.active.saturating_add(1);
        Some(Permit(self))
    }

    /// Notes a success, which may raise the limit.
    pub(super) fn succeeded(&self) {
        let mut state = self.lock();
        state.successes = state.successes.saturating_add(1);
        if state.is_first || state.successes >= state.limit {
            state.successes = 0;
            state.limit = state.limit.saturating_add(1).min(self.most);
        }
    }

    /// Notes that the host asked to slow down or stalled, which halves the limit.
    pub(super) fn slow_down(&self) {
        let mut state = self.lock();
        if state.slowed.is_some_and(|slowed| slowed.elapsed() < PAUSE) {
            return;
        }
        state.slowed = Some(Instant::now());
        state.is_first = false;
        state.successes = 0;
        state.limit = state.limit.div_euclid(2).max(LEAST.min(self.most));
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.active = state.active.saturating_sub(1);
        drop(state);
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_requests_halve_the_limit_and_successes_raise_it() {
        let gate = Gate::new(16);
        gate.slow_down();
        // The same burst.
        gate.slow_down();
        assert_eq!(gate.lock().limit, 8);
        for _ in 0..8 {
            gate.succeeded();
        }
        assert_eq!(gate.lock().limit, 9);
        for _ in 0..10 {
            gate.lock().slowed = None;
            gate.slow_down();
        }
        assert_eq!(gate.lock().limit, LEAST);
    }

    #[test]
    fn limit_begins_low_and_grows_with_each_success() {
        let gate = Gate::new(256);
        assert_eq!(gate.lock().limit, FIRST);
        for _ in 0..300 {
            gate.succeeded();
        }
        assert_eq!(gate.lock().limit, 256);
    }

    #[test]
    fn full_gate_waits_until_a_request_has_ended_or_the_work_was_ended() {
        let gate = Gate::new(1);
        let permit = gate.enter(&|| false).unwrap();
        assert!(gate.enter(&|| true).is_none());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.enter(&|| false).is_some());
            drop(permit);
            assert!(waiting.join().unwrap());
        });
    }
}
