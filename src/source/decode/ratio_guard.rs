//! [`RatioGuard`]: limits how far a member and its nested members may inflate.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::Result;
use crate::limits::{Limit, Meter};

/// Inflated bytes to which the ratio does not apply: a small member may consist of zeros.
const SLACK: u64 = 1 << 20;

/// Compares the inflated bytes of a member, including all nested members, with its stored size.
///
/// One layer of deflate multiplies the size by up to 1,032, and so does each further layer of a
/// decompression bomb. Nested members are charged to all members around them, so a bomb ends at its
/// own limit and leaves the budgets of its siblings alone.
pub(crate) struct RatioGuard<'a> {
    outer: Option<Rc<RatioGuard<'a>>>,
    stored: StoredSize<'a>,
    inflated: Cell<u64>,
    /// Inflated bytes of this member, without nested members.
    own: Cell<u64>,
    is_spent: Cell<bool>,
}

/// The stored size of a member.
pub(crate) enum StoredSize<'a> {
    /// A number of bytes.
    Bytes(u64),
    /// Unknown; the function returns whether there are at least this many bytes.
    Reaches(Box<dyn Fn(u64) -> bool + 'a>),
}

impl StoredSize<'_> {
    /// Returns whether `inflated` bytes exceed `ratio`.
    fn is_exceeded_by(&self, inflated: u64, ratio: u64) -> bool {
        let beyond = inflated.saturating_sub(SLACK);
        match self {
            StoredSize::Bytes(stored) => beyond > stored.saturating_mul(ratio),
            StoredSize::Reaches(_) if beyond == 0 => false,
            StoredSize::Reaches(reaches) => match beyond.checked_add(ratio.saturating_sub(1)) {
                Some(sum) => !sum.checked_div(ratio).is_some_and(reaches),
                None => true,
            },
        }
    }
}

impl<'a> RatioGuard<'a> {
    pub(crate) fn new(outer: Option<Rc<RatioGuard<'a>>>, stored: StoredSize<'a>) -> RatioGuard<'a> {
        RatioGuard {
            outer,
            stored,
            inflated: Cell::new(0),
            own: Cell::new(0),
            is_spent: Cell::new(false),
        }
    }

    /// Charges `bytes` that this member inflated to.
    ///
    /// # Errors
    /// The limit that is exceeded.
    pub(super) fn charge(&self, meter: &Meter, bytes: u64) -> Result<()> {
        meter.charge(Limit::InflatedTotal, bytes)?;
        self.own.set(self.own.get().saturating_add(bytes));
        meter.check(Limit::Inflated, self.own.get())?;
        let ratio = meter.allowed(Limit::Ratio);
        let mut outcome = Ok(());
        let mut guard = Some(self);
        while let Some(this) = guard {
            this.inflated.set(this.inflated.get().saturating_add(bytes));
            if this.stored.is_exceeded_by(this.inflated.get(), ratio) {
                this.is_spent.set(true);
                outcome = Err(Limit::Ratio.error(ratio));
            }
            guard = this.outer.as_deref();
        }
        outcome
    }

    /// Returns whether this member, or one around it, exceeds its ratio.
    pub(crate) fn is_spent(&self) -> bool {
        let mut guard = Some(self);
        while let Some(this) = guard {
            if this.is_spent.get() {
                return true;
            }
            guard = this.outer.as_deref();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_size_allows_as_much_as_the_same_known_size() {
        for ratio in [0, 1, 7, 200] {
            for stored in [0, 1, 5, 1000, u64::MAX] {
                let reaches = StoredSize::Reaches(Box::new(move |len| stored >= len));
                for beyond in [0, 1, 6, 7, 8, 1000, 1001, 200_000, 200_001, u64::MAX >> 1] {
                    let inflated = SLACK.saturating_add(beyond);
                    let counted = StoredSize::Bytes(stored).is_exceeded_by(inflated, ratio);
                    let case = (ratio, stored, beyond);
                    assert_eq!(reaches.is_exceeded_by(inflated, ratio), counted, "{case:?}");
                }
            }
        }
    }
}
