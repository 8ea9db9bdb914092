//! The header of a PDF (ISO 32000-2 7.5.2), and the headers of indirect objects (7.3.10).

use crate::container::byte_search::forwards;
use crate::container::pdf::layout::{HEADER, HEADER_WITHIN};
use crate::container::pdf::syntax::lexer::is_space;

/// Returns the offset of `%PDF-` within the first 1024 bytes.
pub(crate) fn find_header(head: &[u8]) -> Option<usize> {
    let within = HEADER_WITHIN.saturating_add(HEADER.len()).min(head.len());
    forwards(HEADER, 0, head.get(..within).unwrap_or_default()).next()
}

/// Returns the offset of `%PDF-` after the first 1024 bytes of `head`. Some readers accept it
/// there.
pub(crate) fn find_late_header(head: &[u8]) -> Option<usize> {
    let late = forwards(HEADER, 0, head.get(HEADER_WITHIN..)?).next()?;
    Some(late.saturating_add(HEADER_WITHIN))
}

/// Returns the offset and the object number of the `number generation ` at the end of `bytes`.
pub(crate) fn header_before(bytes: &[u8]) -> Option<(usize, u64)> {
    let (rest, _) = number_before(trim(bytes))?;
    let spaced = trim(rest);
    if spaced.len() == rest.len() {
        return None;
    }
    let (rest, number) = number_before(spaced)?;
    Some((rest.len(), number))
}

/// Removes the white space at the end.
fn trim(bytes: &[u8]) -> &[u8] {
    let len =
        bytes.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last.saturating_add(1));
    bytes.get(..len).unwrap_or_default()
}

/// Splits the decimal number off the end of `bytes`.
fn number_before(bytes: &[u8]) -> Option<(&[u8], u64)> {
    let start = bytes.iter().rposition(|byte| !byte.is_ascii_digit());
    let start = start.map_or(0, |last| last.saturating_add(1));
    let (rest, digits) = bytes.split_at_checked(start)?;
    let value = |number: u64, digit: &u8| {
        number.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0')))
    };
    let number = digits.iter().try_fold(0, value).filter(|_| !digits.is_empty())?;
    Some((rest, number))
}
