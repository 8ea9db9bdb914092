//! `Meter`, to which every loop, read and allocation that input controls is charged.
//!
//! Budgets count work, not time: the same bytes give the same report on every machine. The caller can
//! end a call earlier, by an [`Interrupt`].

use std::borrow::Cow;

use super::budgets::{Limit, Limits, Spent};
use super::interrupt::Interrupt;
use crate::error::{Error, Result};

/// Steps that each byte of the file, when it is read first, adds to [`Limits::steps_total`]. Mail with a
/// license in every message takes 1 to 4.
const STEPS_PER_BYTE: u64 = 8;

/// Charges the work of one file to its budgets.
///
/// Most files end after one read, so the meter borrows the limits of the inspector and costs no
/// allocation.
#[derive(Debug)]
pub(crate) struct Meter<'l> {
    limits: Cow<'l, Limits>,
    interrupt: Interrupt,
    /// Size of the file in bytes.
    file_size: u64,
    spent: Spent,
}

impl<'l> Meter<'l> {
    /// Returns a meter that owns its limits.
    pub(crate) fn new(limits: Limits, interrupt: Interrupt) -> Meter<'l> {
        Meter { limits: Cow::Owned(limits), interrupt, file_size: 0, spent: Spent::default() }
    }

    /// Returns a meter for a file of `file_size` bytes.
    pub(crate) fn within(limits: &'l Limits, interrupt: Interrupt, file_size: u64) -> Meter<'l> {
        Meter { limits: Cow::Borrowed(limits), interrupt, file_size, spent: Spent::default() }
    }

    /// Returns what ends the call early.
    pub(crate) fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Resets the budgets of a member. The budgets of the file stay spent.
    pub(crate) fn begin_member(&self) {
        self.spent.begin_member();
    }

    /// Returns the amount of a budget.
    #[inline]
    fn amount(&self, limit: Limit) -> u64 {
        let amount = self.limits.of(limit);
        match limit {
            Limit::StepsTotal => {
                // Bytes that are read again add no steps.
                let read = self.spent.of(Limit::BytesRead).get().min(self.file_size);
                amount.saturating_add(read.saturating_mul(STEPS_PER_BYTE))
            }
            _ => amount,
        }
    }

    /// Takes `amount` from the budget, and from the budget of the file that goes with it.
    ///
    /// # Errors
    /// The budget is spent, the caller raised its [`Cancel`](super::Cancel), or the deadline has passed.
    #[inline]
    pub(crate) fn charge(&self, limit: Limit, amount: u64) -> Result<()> {
        // A read may take any time.
        self.interrupt.check(limit == Limit::BytesRead)?;
        self.take(limit, amount)?;
        match limit.file_wide() {
            Some(total) => self.take(total, amount),
            None => Ok(()),
        }
    }

    #[inline]
    fn take(&self, limit: Limit, amount: u64) -> Result<()> {
        match self.sum(limit, amount) {
            Some(sum) => {
                self.spent.of(limit).set(sum);
                Ok(())
            }
            None => Err(self.exhaust(limit)),
        }
    }

    #[cold]
    fn exhaust(&self, limit: Limit) -> Error {
        let allowed = self.amount(limit);
        self.spent.of(limit).set(allowed);
        limit.error(allowed)
    }

    /// Returns whether `amount` of the budget is left.
    pub(crate) fn has(&self, limit: Limit, amount: u64) -> bool {
        self.sum(limit, amount).is_some()
    }

    /// Returns the amount spent after a charge of `amount`, or `None` if the budget has less.
    #[inline]
    fn sum(&self, limit: Limit, amount: u64) -> Option<u64> {
        let sum = self.spent.of(limit).get().checked_add(amount);
        sum.filter(|sum| *sum <= self.amount(limit))
    }

    /// Compares a size, a depth or a ratio with its maximum.
    ///
    /// # Errors
    /// `value` exceeds the maximum.
    pub(crate) fn check(&self, limit: Limit, value: u64) -> Result<()> {
        let allowed = self.amount(limit);
        if value > allowed { Err(limit.error(allowed)) } else { Ok(()) }
    }

    /// Returns the maximum, for code that reads up to it.
    pub(crate) fn allowed(&self, limit: Limit) -> u64 {
        self.amount(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_budget_stays_spent_until_the_next_member() {
        let limits = Limits { steps: 10, ..Limits::default() };
        let meter = Meter::new(limits, Interrupt::default());
        assert!(meter.charge(Limit::Steps, 10).is_ok());
        let error = meter.charge(Limit::Steps, 1).unwrap_err();
        assert_eq!(error.code().as_str(), "limit-steps");
        assert!(!error.ends_file());
        meter.begin_member();
        assert!(meter.charge(Limit::Steps, 10).is_ok());
    }

    #[test]
    fn a_budget_of_the_file_outlives_its_members() {
        let limits = Limits { steps_total: 15, ..Limits::default() };
        let meter = Meter::new(limits, Interrupt::default());
        assert!(meter.charge(Limit::Steps, 10).is_ok());
        meter.begin_member();
        let error = meter.charge(Limit::Steps, 10).unwrap_err();
        assert_eq!(error.code().as_str(), "limit-steps-total");
        assert!(error.ends_file());
    }

    #[test]
    fn bytes_read_once_allow_more_steps() {
        let limits = Limits { steps_total: 100, ..Limits::default() };
        let meter = Meter::within(&limits, Interrupt::default(), 1000);
        for (read, steps) in [(0, 100), (10, 80), (990, 7920), (5000, 0)] {
            meter.charge(Limit::BytesRead, read).unwrap();
            meter.charge(Limit::Steps, steps).unwrap();
            assert_eq!(
                meter.charge(Limit::Steps, 1).unwrap_err().code().as_str(),
                "limit-steps-total"
            );
        }
    }

    #[test]
    fn every_budget_can_be_set_by_its_name() {
        let mut limits = Limits::default();
        let names: Vec<&str> = Limits::default().entries().map(|(name, _)| name).collect();
        for name in names {
            assert!(limits.set(name, 7), "{name}");
        }
        assert!(limits.entries().all(|(_, amount)| amount == 7));
        assert!(!limits.set("no-such-budget", 7));
    }
}
