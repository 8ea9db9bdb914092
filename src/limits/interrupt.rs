//! [`Cancel`] and the deadline: how a caller ends an inspection early.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::error::{Error, Result};

/// A flag by which another thread ends an inspection. The inspection checks it before each charge to a budget
/// of [`Limits`](crate::Limits), usually some microseconds apart. A read that blocks is not
/// interrupted.
///
/// Clones share the flag, and any thread can raise it. It stays raised: use a new one for the next file. The
/// report of the file has the code `cancelled`.
///
/// ```
/// use rmsight::{Cancel, Inspector};
///
/// let cancel = Cancel::new();
/// let mut inspector = Inspector::default();
/// // Another thread: on Ctrl-C, or when the client hangs up.
/// let handle = std::thread::spawn({
///     let cancel = cancel.clone();
///     move || cancel.raise()
/// });
/// # handle.join().unwrap();
/// let report = inspector.cancel(&cancel).inspect_bytes(b"PK\x03\x04");
/// assert!(report.incomplete().is_some_and(|error| error.code() == "cancelled"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Returns a flag that is not raised.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// Ends every inspection that uses this flag. Raising it again has no effect.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns whether the flag is raised.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Number of checks between two reads of the clock. A check precedes a charge, which takes 20 ns at
/// least and seldom more than a few microseconds.
const CHECKS: u32 = 64;

/// What ends one call early, besides the budgets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt {
    pub(crate) cancel: Option<Cancel>,
    pub(crate) deadline: Option<Deadline>,
}

/// A point in time. Once it was seen to have passed, it stays passed.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    at: Instant,
    has_passed: Cell<bool>,
    /// Checks until the clock is read.
    left: Cell<u32>,
}

impl Deadline {
    pub(crate) fn new(at: Instant) -> Deadline {
        Deadline { at, has_passed: Cell::new(false), left: Cell::new(0) }
    }

    /// Returns whether the point in time has passed. The clock is read in one of [`CHECKS`] calls, and
    /// always if it `is_due`.
    fn has_passed(&self, is_due: bool) -> bool {
        if self.has_passed.get() {
            return true;
        }
        match self.left.get().checked_sub(1) {
            Some(left) if !is_due => {
                self.left.set(left);
                false
            }
            _ => {
                self.left.set(CHECKS);
                self.has_passed.set(Instant::now() >= self.at);
                self.has_passed.get()
            }
        }
    }
}

impl Interrupt {
    /// Returns when the call ends, if that was set.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline.as_ref().map(|deadline| deadline.at)
    }

    /// Fails if the caller ended the call. With `is_due` the clock is read.
    ///
    /// # Errors
    /// `cancelled` or `deadline`.
    #[inline]
    pub(crate) fn check(&self, is_due: bool) -> Result<()> {
        if self.cancel.as_ref().is_some_and(Cancel::is_raised) {
            return Err(Error::cancelled());
        }
        match &self.deadline {
            Some(deadline) if deadline.has_passed(is_due) => Err(Error::deadline()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{Limit, Limits, Meter};
    use std::time::Duration;

    #[test]
    fn a_raised_flag_ends_the_next_charge() {
        let cancel = Cancel::new();
        let interrupt = Interrupt { cancel: Some(cancel.clone()), deadline: None };
        let meter = Meter::new(Limits::default(), interrupt);
        assert!(meter.charge(Limit::Steps, 1).is_ok());
        cancel.raise();
        assert_eq!(meter.charge(Limit::Steps, 1).unwrap_err().code(), "cancelled");
    }

    #[test]
    fn a_deadline_that_has_passed_ends_every_later_charge() {
        let past =
            Interrupt { deadline: Some(Deadline::new(Instant::now())), ..Interrupt::default() };
        let meter = Meter::new(Limits::default(), past);
        for limit in [Limit::Steps, Limit::BytesRead, Limit::Members] {
            let error = meter.charge(limit, 1).unwrap_err();
            assert_eq!(error.code(), "deadline");
            assert!(error.ends_file());
        }
        let Some(hour) = Instant::now().checked_add(Duration::from_secs(3600)) else { return };
        let later = Interrupt { deadline: Some(Deadline::new(hour)), ..Interrupt::default() };
        let meter = Meter::new(Limits::default(), later);
        assert!((0..1000).all(|_| meter.charge(Limit::Steps, 1).is_ok()));
    }
}
