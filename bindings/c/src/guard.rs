//! The border to C: no panic crosses it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::status::{RmsightStatus, fail};

/// Runs a call. A panic becomes [`RmsightStatus::Internal`].
pub(crate) fn guarded(
    call: impl FnOnce() -> Result<RmsightStatus, RmsightStatus>,
) -> RmsightStatus {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(status) | Err(status)) => status,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            fail(RmsightStatus::Internal, text.unwrap_or_else(|| "a panic".to_owned()))
        }
    }
}
