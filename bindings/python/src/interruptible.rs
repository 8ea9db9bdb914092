//! Calls that Ctrl-C ends.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use rmsight::{Cancel, ErrorCode, Inspector};

/// Time after which a call is repeated in a thread, so that this thread can receive signals. Almost every
/// file takes less than a millisecond, and needs no thread.
const PATIENCE: Duration = Duration::from_millis(250);

/// Interval at which signals are checked.
const INTERVAL: Duration = Duration::from_millis(50);

/// Result of a call, of which the error code is known.
pub(crate) trait Ended {
    /// Returns whether a deadline ended the call.
    fn is_overdue(&self) -> bool;
}

impl Ended for rmsight::Detection {
    fn is_overdue(&self) -> bool {
        self.error_code() == Some(ErrorCode::Deadline)
    }
}

impl Ended for rmsight::Report {
    fn is_overdue(&self) -> bool {
        self.incomplete().is_some_and(|error| error.code() == ErrorCode::Deadline)
    }
}

impl<T: Ended, E> Ended for Result<T, E> {
    fn is_overdue(&self) -> bool {
        self.as_ref().is_ok_and(Ended::is_overdue)
    }
}

/// Runs `work` without the interpreter lock. A signal, such as that of Ctrl-C, ends it.
pub(crate) fn run<T: Ended + Send>(
    py: Python<'_>,
    inspector: &mut Inspector,
    deadline: Option<Instant>,
    work: impl Fn(&mut Inspector) -> T + Send + Sync,
) -> PyResult<T> {
    let patience = Instant::now().checked_add(PATIENCE);
    let first = [patience, deadline].into_iter().flatten().min();
    let found = py.detach(|| {
        if let Some(at) = first {
            inspector.deadline(at);
        }
        work(inspector)
    });
    if !found.is_overdue() || first == deadline {
        return Ok(found);
    }
    let cancel = Cancel::new();
    py.detach(|| {
        thread::scope(|scope| {
            let (send, receive) = channel();
            let (raised, work) = (cancel.clone(), &work);
            scope.spawn(move || {
                if let Some(at) = deadline {
                    inspector.deadline(at);
                }
                inspector.cancel(&raised);
                // The receiver waits until this value arrives.
                _ = send.send(work(inspector));
            });
            let mut interrupted = Ok(());
            loop {
                match receive.recv_timeout(INTERVAL) {
                    Ok(found) => return interrupted.map(|()| found),
                    Err(RecvTimeoutError::Timeout) => {
                        if interrupted.is_ok() {
                            interrupted = Python::attach(|py| py.check_signals());
                        }
                        if interrupted.is_err() {
                            cancel.raise();
                        }
                    }
                    Err(RecvTimeoutError::Disconnected) => {
                        let text = "an error inside the library";
                        return Err(pyo3::exceptions::PyRuntimeError::new_err(text));
                    }
                }
            }
        })
    })
}
