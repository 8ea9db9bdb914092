//! Seeing that a call to the system does not come back.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What one thread waits for, so that another can give it up.
#[derive(Debug)]
pub(crate) struct HangWatchdog<T>(Mutex<WatchState<T>>);

#[derive(Debug)]
struct WatchState<T> {
    at: Option<T>,
    since: Option<Instant>,
    is_given_up: bool,
}

impl<T> HangWatchdog<T> {
    pub(crate) fn new() -> HangWatchdog<T> {
        HangWatchdog(Mutex::new(WatchState { at: None, since: None, is_given_up: false }))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, WatchState<T>> {
        self.0.lock().unwrap_or_else(|error| error.into_inner())
    }

    /// The thread begins with `at`.
    pub(crate) fn begin(&self, at: T) {
        let mut state = self.state();
        // A call that panicked has left it behind.
        (state.at, state.since) = (Some(at), None);
    }

    /// The thread is through with it. False: it was given up meanwhile, others have gone on without
    /// this thread, and it has to end without a word.
    pub(crate) fn end(&self) -> bool {
        let mut state = self.state();
        (state.at, state.since) = (None, None);
        !state.is_given_up
    }

    /// Calls the system.
    pub(crate) fn call<R>(&self, call: impl FnOnce() -> R) -> R {
        self.state().since = Some(Instant::now());
        let result = call();
        self.state().since = None;
        result
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.state().is_given_up
    }

    /// Gives the thread up if it waits for longer than `patience`: that at which it was.
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
