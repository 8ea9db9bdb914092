//! Blocks of a tape archive, and the form of its fields.

use crate::bytes::utf8_lossy;

/// Bytes of a block. A header is one block, and members are padded to whole blocks.
pub(super) const BLOCK: u64 = 512;

/// The name of headers in errors.
pub(super) const STRUCTURE: &str = "tar header";

/// Parses octal digits, or the big-endian number of GNU tar after a byte 0x80.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    if let Some((0x80, digits)) = field.split_first() {
        return digits
            .iter()
            .try_fold(0_u64, |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(*byte)));
    }
    let digits = field.split(|byte| *byte == 0).next().unwrap_or_default().trim_ascii();
    let digits = std::str::from_utf8(digits).ok()?;
    // An empty field is 0.
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

/// Returns the text of a field, which a NUL may end.
pub(super) fn text(field: &[u8]) -> String {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
}
