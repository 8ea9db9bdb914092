//! Detection of hung system calls.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// State of one thread: its current item and its current system call. A supervisor can abandon the
/// thread.
#[derive(Debug)]
pub(crate) struct HangWatchdog<T>(Mutex<WatchState<T>>);

#[derive(Debug)]
struct WatchState<T> {
    at: Option<T>,
    /// The item before, while there is no current one.
    last: Option<T>,
    since: Option<Instant>,
    is_given_up: bool,
}

impl<T> HangWatchdog<T> {
    pub(crate) fn new() -> HangWatchdog<T> {
        HangWatchdog(Mutex::new(WatchState {
            at: None,
            last: None,
            since: None,
            is_given_up: false,
        }))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, WatchState<T>> {
        self.0.lock().unwrap_or_else(|error| error.into_inner())
    }

    /// Starts work on `at`.
    pub(crate) fn begin(&self, at: T) {
        let mut state = self.state();
        // A call that panicked did not clear it.
        (state.at, state.last, state.since) = (Some(at), None, None);
    }

    /// Ends work on the current item. Returns `false` if the thread was abandoned: another thread
    /// has replaced it, and it must end without further messages.
    pub(crate) fn end(&self) -> bool {
        let mut state = self.state();
        (state.last, state.since) = (state.at.take(), None);
        !state.is_given_up
    }

    /// Runs a system call under supervision.
    pub(crate) fn call<R>(&self, call: impl FnOnce() -> R) -> R {
        self.state().since = Some(Instant::now());
        let result = call();
        self.state().since = None;
        result
    }

    /// Returns the current item, or else the last one.
    pub(crate) fn current(&self) -> Option<T>
    where
        T: Clone,
    {
        let state = self.state();
        state.at.as_ref().or(state.last.as_ref()).cloned()
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.state().is_given_up
    }

    /// Abandons the thread if its call has lasted for `patience`. Returns its current item.
    pub(crate) fn give_up(&self, patience: Duration) -> Option<T> {
        let mut state = self.state();
        let waits = state.since.is_some_and(|since| since.elapsed() >= patience);
        if !waits || state.is_given_up {
            return None;
        }
        let at = state.at.take()?;
        state.is_given_up = true;
        Some(at)
    }
}
