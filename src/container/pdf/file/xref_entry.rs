//! Entries of cross-reference sections: the location of one object.

use crate::code::ErrorCode;
use crate::container::pdf::syntax::lexer::{Lexer, Token};
use crate::error::{Error, Result};

/// The location of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum XrefEntry {
    /// The offset of the object in the file, counted from the header or from the start of the file.
    Offset(u64),
    /// The number of the object stream that contains the object.
    Compressed { stream: u64 },
}

/// Returns an error about the section or entry at `at`.
pub(crate) fn xref_error(at: u64, why: &'static str) -> Error {
    Error::malformed(ErrorCode::MalformedPdfXref, "cross-reference", at, why)
}

/// Reads an entry of a table (ISO 32000-2 7.5.4). Returns `None` for a free object.
pub(crate) fn table_entry(bytes: &[u8], at: u64) -> Result<Option<XrefEntry>> {
    match regular_entry(bytes) {
        Some(entry) => Ok(entry),
        None => irregular_entry(bytes, at),
    }
}

/// Reads an entry in the specified form: ten digits, five digits, and `n` or `f`.
fn regular_entry(bytes: &[u8]) -> Option<Option<XrefEntry>> {
    let (offset, rest) = bytes.split_first_chunk::<10>()?;
    let [b' ', generation @ .., b' ', kind, b' ' | b'\r', _] = rest else { return None };
    if generation.len() != 5 || !generation.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let offset = offset.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| sum.wrapping_mul(10).wrapping_add(u64::from(digit)))
    })?;
    match kind {
        b'n' => Some(Some(XrefEntry::Offset(offset))),
        b'f' => Some(None),
        _ => None,
    }
}

/// Reads an entry in any other form.
fn irregular_entry(bytes: &[u8], at: u64) -> Result<Option<XrefEntry>> {
    let mut lexer = Lexer::part(bytes);
    match (lexer.token(), lexer.token(), lexer.token()) {
        (Ok(Token::Int(offset)), Ok(Token::Int(_)), Ok(Token::Word(kind))) => match kind {
            b"n" => Ok(u64::try_from(offset).ok().map(XrefEntry::Offset)),
            b"f" => Ok(None),
            _ => Err(xref_error(at, "an entry that is neither in use nor free")),
        },
        _ => Err(xref_error(at, "an entry is not 20 bytes long")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn regular_and_irregular_entries_have_the_same_meaning(
            entry in "0{0,2}[0-9]{8,10}[ +][0-9]{4,6}[ /]?[nfx][ \r\n][\r\n]",
        ) {
            let bytes = entry.as_bytes().get(..20).unwrap_or_default();
            if let Some(entry) = regular_entry(bytes) {
                prop_assert_eq!(Some(entry), irregular_entry(bytes, 0).ok());
            }
        }
    }
}
