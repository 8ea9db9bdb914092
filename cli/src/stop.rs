//! Stopping a scan early, after a signal or a failure.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// SIGPIPE. The number is the same on all systems, also where the signal does not exist.
pub(crate) const PIPE_CLOSED: u8 = 13;

/// A flag that stops a scan: no further file is begun after it is raised.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    raised: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
    is_late: Arc<AtomicBool>,
}

impl Stop {
    /// Handles Ctrl-C and SIGTERM. The first signal stops the scan in an orderly way. The second
    /// one ends the program at once; the inventory survives that.
    pub(crate) fn listen(&self) -> io::Result<()> {
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&self.raised))?;
            let number = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&self.signal), number)?;
            flag::register(signal, Arc::clone(&self.raised))?;
        }
        Ok(())
    }

    pub(crate) fn raise(&self) {
        self.raised.store(true, Ordering::Relaxed);
    }

    /// Raises the flag as if this signal was received.
    pub(crate) fn raise_as(&self, signal: u8) {
        self.signal.store(usize::from(signal), Ordering::Relaxed);
        self.raise();
    }

    /// Raises the flag because the time of --until has come.
    pub(crate) fn raise_late(&self) {
        self.is_late.store(true, Ordering::Relaxed);
        self.raise();
    }

    /// Returns whether the time of --until has come.
    pub(crate) fn is_late(&self) -> bool {
        self.is_late.load(Ordering::Relaxed)
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }

    /// Returns the number of the signal that was received, if any.
    pub(crate) fn signal(&self) -> Option<u8> {
        let signal = self.signal.load(Ordering::Relaxed);
        u8::try_from(signal).ok().filter(|signal| *signal > 0)
    }
}
