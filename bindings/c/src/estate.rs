//! Estates: the keys that an operator declares.

use rmsight::Estate;

use crate::guard::guarded;
use crate::handle::HandleTable;
use crate::input;
use crate::report;
use crate::status::{RmsightStatus, fail};

static ESTATES: HandleTable<Estate> = HandleTable::new();

/// Parses an estate file (TOML in UTF-8 or UTF-16) and opens it. If it has mistakes, `rmsight_last_error` returns
/// all of them, one on each line.
///
/// # Safety
/// `data` points to `len` bytes. `estate` is null or points to a `uint64_t` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_estate_parse(
    data: *const u8,
    len: usize,
    estate: *mut u64,
) -> RmsightStatus {
    guarded(|| {
        if estate.is_null() {
            return Err(fail(RmsightStatus::NullArgument, "the pointer for the handle is null"));
        }
        // SAFETY: the caller guarantees it.
        let bytes = unsafe { input::bytes(data, len) }?;
        let parsed = Estate::from_toml(bytes)
            .map_err(|error| fail(RmsightStatus::InvalidEstate, error.to_string()))?;
        let opened = ESTATES.insert(parsed);
        // SAFETY: the caller guarantees it.
        Ok(unsafe { input::write(estate, opened) })
    })
}

/// Judges the rows of a report with an estate, and opens the result as another report. No file is opened.
///
/// # Safety
/// `judged` is null or points to a `uint64_t` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_judge(
    report: u64,
    estate: u64,
    judged: *mut u64,
) -> RmsightStatus {
    guarded(|| {
        if judged.is_null() {
            return Err(fail(RmsightStatus::NullArgument, "the pointer for the handle is null"));
        }
        let estate = ESTATES.get(estate)?;
        let opened = report::judge(report, &estate)?;
        // SAFETY: the caller guarantees it.
        Ok(unsafe { input::write(judged, opened) })
    })
}

/// Closes an estate.
#[unsafe(no_mangle)]
pub extern "C" fn rmsight_estate_close(estate: u64) -> RmsightStatus {
    guarded(|| Ok(ESTATES.close(estate)))
}
