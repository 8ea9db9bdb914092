//! Pointers from the caller.

use std::slice;

use crate::status::{RmsightStatus, fail};

/// Writes a result.
///
/// # Safety
/// `to` is null or points to a `T` that may be written.
pub(crate) unsafe fn write<T>(to: *mut T, value: T) -> RmsightStatus {
    if to.is_null() {
        return fail(RmsightStatus::NullArgument, "the pointer for the result is null");
    }
    // SAFETY: it is not null, and the caller guarantees the rest.
    unsafe { to.write(value) };
    RmsightStatus::Ok
}

/// Returns `len` bytes of the caller.
///
/// # Safety
/// `data` is null or points to `len` bytes that stay unchanged for `'a`.
pub(crate) unsafe fn bytes<'a>(data: *const u8, len: usize) -> Result<&'a [u8], RmsightStatus> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(fail(RmsightStatus::NullArgument, "the pointer to the bytes is null"));
    }
    if isize::try_from(len).is_err() {
        return Err(fail(RmsightStatus::InvalidSize, "more bytes than memory can have"));
    }
    // SAFETY: it is not null, the length is in range, and the caller guarantees the rest.
    Ok(unsafe { slice::from_raw_parts(data, len) })
}

/// Returns a text of the caller.
///
/// # Safety
/// As for [`bytes`].
pub(crate) unsafe fn text<'a>(data: *const u8, len: usize) -> Result<&'a str, RmsightStatus> {
    // SAFETY: the caller guarantees it.
    let bytes = unsafe { bytes(data, len) }?;
    std::str::from_utf8(bytes).map_err(|error| {
        fail(RmsightStatus::InvalidUtf8, format!("the text is not UTF-8: {error}"))
    })
}

/// Reads a struct of the caller that begins with its size. Fields that an older caller does not know have
/// their default.
///
/// # Safety
/// `from` is null or points to a struct whose first field is its size in bytes, and that has so many bytes.
/// `T` is `repr(C)`, begins with that field, and every pattern of bits is a valid `T`.
pub(crate) unsafe fn sized<T: Copy>(from: *const T, mut value: T) -> Result<T, RmsightStatus> {
    if from.is_null() {
        return Ok(value);
    }
    // SAFETY: the first field is the size. It may be all that the struct has.
    let size = unsafe { from.cast::<usize>().read_unaligned() };
    let known = size_of::<T>();
    if size < size_of::<usize>() || size > 4096 {
        let text = format!("the struct says that it has {size} bytes; this library knows {known}");
        return Err(fail(RmsightStatus::InvalidSize, text));
    }
    let to = (&raw mut value).cast::<u8>();
    // SAFETY: both have at least as many bytes, and they do not overlap, because `value` is local.
    unsafe { std::ptr::copy_nonoverlapping(from.cast::<u8>(), to, size.min(known)) };
    Ok(value)
}
