//! What was inflated inside a member, however deep.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};

/// Bytes that may come out before the ratio counts: a small member may be mostly zeros.
const SLACK: u64 = 1 << 20;

/// The inflated bytes of a member and of all that lies in it, held against its size.
///
/// One layer of deflate multiplies by 1,032 at most; a bomb of many layers multiplies by that at
/// each. As every member answers for its whole inside, a bomb ends at its own allowance and takes
/// nothing from its neighbours.
#[derive(Debug)]
pub(crate) struct Account {
    outer: Option<Rc<Account>>,
    /// The bytes of the member as its container holds them.
    stored: u64,
    inflated: Cell<u64>,
    /// What this member itself, without its inside, inflated to.
    own: Cell<u64>,
    is_spent: Cell<bool>,
}

impl Account {
    pub(crate) fn new(outer: Option<Rc<Account>>, stored: u64) -> Account {
        Account {
            outer,
            stored,
            inflated: Cell::new(0),
            own: Cell::new(0),
            is_spent: Cell::new(false),
        }
    }

    /// Takes `bytes` that came out of this member.
    pub(super) fn charge(&self, meter: &Meter, bytes: u64) -> Result<()> {
        meter.charge(Limit::InflatedTotal, bytes)?;
        self.own.set(self.own.get().saturating_add(bytes));
        meter.check(Limit::Inflated, self.own.get())?;
        let ratio = meter.allowed(Limit::Ratio);
        let mut outcome = Ok(());
        let mut account = Some(self);
        while let Some(this) = account {
            this.inflated.set(this.inflated.get().saturating_add(bytes));
            let allowed = this.stored.saturating_mul(ratio).saturating_add(SLACK);
            if this.inflated.get() > allowed {
                this.is_spent.set(true);
                outcome = Err(Error::limit(Limit::Ratio, ratio));
            }
            account = this.outer.as_deref();
        }
        outcome
    }

    /// Whether this member, or one that it lies in, has inflated to more than it may.
    pub(crate) fn is_spent(&self) -> bool {
        let mut account = Some(self);
        while let Some(this) = account {
            if this.is_spent.get() {
                return true;
            }
            account = this.outer.as_deref();
        }
        false
    }
}
