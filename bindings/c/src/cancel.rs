//! Cancel handles, by which another thread ends a call.

use rmsight::Cancel;

use crate::guard::guarded;
use crate::handle::HandleTable;
use crate::input;
use crate::status::{RmsightStatus, fail};

static CANCELS: HandleTable<Cancel> = HandleTable::new();

/// Returns the flag of a handle; of 0 one that is never raised.
pub(crate) fn cancel_of(handle: u64) -> Result<Cancel, RmsightStatus> {
    match handle {
        0 => Ok(Cancel::default()),
        handle => CANCELS.get(handle).map(|cancel| Cancel::clone(&cancel)),
    }
}

/// Opens a cancel handle, by which another thread ends a call.
///
/// # Safety
/// `handle` is null or points to a `uint64_t` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_cancel_open(handle: *mut u64) -> RmsightStatus {
    guarded(|| {
        if handle.is_null() {
            return Err(fail(RmsightStatus::NullArgument, "the pointer for the handle is null"));
        }
        let opened = CANCELS.insert(Cancel::new());
        // SAFETY: the caller guarantees it.
        Ok(unsafe { input::write(handle, opened) })
    })
}

/// Ends the calls that use the handle, now and later. Their records have the error code `cancelled`.
#[unsafe(no_mangle)]
pub extern "C" fn rmsight_cancel_raise(cancel: u64) -> RmsightStatus {
    guarded(|| {
        CANCELS.get(cancel)?.raise();
        Ok(RmsightStatus::Ok)
    })
}

/// Closes a cancel handle. Calls that use it go on.
#[unsafe(no_mangle)]
pub extern "C" fn rmsight_cancel_close(cancel: u64) -> RmsightStatus {
    guarded(|| Ok(CANCELS.close(cancel)))
}
