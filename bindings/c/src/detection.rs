//! The answer of a detection.

use std::{mem, ptr};

use rmsight::{Detection, Protection};

use crate::status::{RmsightStatus, fail};

/// Whether a file is protected.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RmsightProtection {
    /// The file was not read far enough to tell. Never treat it as `NONE`.
    Unknown = 0,
    /// Not protected. Everything in the file was read.
    None = 1,
    /// Rights-protected.
    Rms = 2,
    /// Protected by a password.
    Password = 3,
    /// Protected by another security handler.
    Other = 4,
}

/// Answer of `rmsight_detect_*`. Texts end with a NUL.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct RmsightDetection {
    /// Size of this struct in bytes. The caller sets it before the call.
    pub size: usize,
    /// An `RmsightProtection`.
    pub protection: i32,
    /// 1 if the question is answered: `protection` is not `UNKNOWN`.
    pub decided: u8,
    /// 1 if the whole file was searched. A license ends the search early.
    pub searched: u8,
    /// Zero.
    pub reserved: [u8; 2],
    /// Format of the file or member that decided, such as `ooxml-irm`.
    pub container: [u8; 24],
    /// Why something was not read, such as `truncated`; empty without an error.
    pub error_code: [u8; 40],
    /// Key of the server that opens the file, `sha256:` and 64 hex digits; empty if unknown.
    pub slc_key: [u8; 80],
    /// Offset of the error in the file; `UINT64_MAX` if it is unknown.
    pub error_offset: u64,
}

/// Writes as much of a detection as the struct of the caller has.
///
/// # Safety
/// `to` is null or points to a struct of the size that its first field states, which may be written.
pub(crate) unsafe fn write_detection(
    found: &Detection,
    to: *mut RmsightDetection,
) -> Result<RmsightStatus, RmsightStatus> {
    if to.is_null() {
        return Err(fail(RmsightStatus::NullArgument, "the pointer for the detection is null"));
    }
    // SAFETY: the first field is the size.
    let size = unsafe { to.cast::<usize>().read_unaligned() };
    if size < mem::offset_of!(RmsightDetection, container) || size > 4096 {
        let text = format!("a detection does not have {size} bytes");
        return Err(fail(RmsightStatus::InvalidSize, text));
    }
    let protection = match found.protection() {
        Protection::None => RmsightProtection::None,
        Protection::Rms => RmsightProtection::Rms,
        Protection::Password => RmsightProtection::Password,
        Protection::Other => RmsightProtection::Other,
        _ => RmsightProtection::Unknown,
    };
    let mut detection = RmsightDetection {
        size,
        protection: discriminant(protection),
        decided: u8::from(found.is_decided()),
        searched: u8::from(found.is_searched()),
        reserved: [0; 2],
        container: [0; 24],
        error_code: [0; 40],
        slc_key: [0; 80],
        error_offset: found.facts().error_offset.unwrap_or(u64::MAX),
    };
    terminated(found.container().as_str(), &mut detection.container);
    terminated(found.error_code().map_or("", |code| code.as_str()), &mut detection.error_code);
    terminated(found.slc_key().unwrap_or(""), &mut detection.slc_key);
    let known = size.min(size_of::<RmsightDetection>());
    // SAFETY: both have at least `known` bytes and do not overlap, because `detection` is local.
    unsafe {
        ptr::copy_nonoverlapping((&raw const detection).cast::<u8>(), to.cast::<u8>(), known)
    };
    Ok(RmsightStatus::Ok)
}

fn discriminant(protection: RmsightProtection) -> i32 {
    match protection {
        RmsightProtection::Unknown => 0,
        RmsightProtection::None => 1,
        RmsightProtection::Rms => 2,
        RmsightProtection::Password => 3,
        RmsightProtection::Other => 4,
    }
}

/// Copies a text, and leaves at least one NUL at the end.
fn terminated(text: &str, to: &mut [u8]) {
    let room = to.len().saturating_sub(1);
    for (to, from) in to.iter_mut().take(room).zip(text.bytes()) {
        *to = from;
    }
}
