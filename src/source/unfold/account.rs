//! What was inflated inside a member, however deep.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::Result;
use crate::limits::{Limit, Meter};

/// Bytes that may come out before the ratio counts: a small member may be mostly zeros.
const SLACK: u64 = 1 << 20;

/// The inflated bytes of a member and of all that lies in it, held against its size.
///
/// One layer of deflate multiplies by 1,032 at most; a bomb of many layers multiplies by that at
/// each. As every member answers for its whole inside, a bomb ends at its own allowance and takes
/// nothing from its neighbours.
pub(crate) struct Account<'a> {
    outer: Option<Rc<Account<'a>>>,
    stored: Stored<'a>,
    inflated: Cell<u64>,
    /// What this member itself, without its inside, inflated to.
    own: Cell<u64>,
    is_spent: Cell<bool>,
}

/// The bytes of a member as its container holds them.
pub(crate) enum Stored<'a> {
    /// So many.
    Bytes(u64),
    /// Nobody has counted them; whether there are so many.
    Reaches(Box<dyn Fn(u64) -> bool + 'a>),
}

impl Stored<'_> {
    /// Whether `inflated` bytes are more than `ratio` allows.
    fn is_exceeded_by(&self, inflated: u64, ratio: u64) -> bool {
        let beyond = inflated.saturating_sub(SLACK);
        match self {
            Stored::Bytes(stored) => beyond > stored.saturating_mul(ratio),
            Stored::Reaches(_) if beyond == 0 => false,
            Stored::Reaches(reaches) => match beyond.checked_add(ratio.saturating_sub(1)) {
                Some(sum) => !sum.checked_div(ratio).is_some_and(reaches),
                None => true,
            },
        }
    }
}

impl<'a> Account<'a> {
    pub(crate) fn new(outer: Option<Rc<Account<'a>>>, stored: Stored<'a>) -> Account<'a> {
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
            if this.stored.is_exceeded_by(this.inflated.get(), ratio) {
                this.is_spent.set(true);
                outcome = Err(Limit::Ratio.error(ratio));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_nobody_has_counted_allow_as_much_as_the_same_counted() {
        for ratio in [0, 1, 7, 200] {
            for stored in [0, 1, 5, 1000, u64::MAX] {
                let reaches = Stored::Reaches(Box::new(move |len| stored >= len));
                for beyond in [0, 1, 6, 7, 8, 1000, 1001, 200_000, 200_001, u64::MAX >> 1] {
                    let inflated = SLACK.saturating_add(beyond);
                    let counted = Stored::Bytes(stored).is_exceeded_by(inflated, ratio);
                    let case = (ratio, stored, beyond);
                    assert_eq!(reaches.is_exceeded_by(inflated, ratio), counted, "{case:?}");
                }
            }
        }
    }
}
