//! Decodes the text files of operators.

use std::borrow::Cow;

/// Decodes UTF-8 and UTF-16, each with or without a byte order mark; `None` for other bytes. UTF-16
/// without a mark is recognized by a zero in one of the first two bytes. PowerShell redirects
/// output to a file in UTF-16.
pub(crate) fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let start = [0, 1].map(|at| bytes.get(at).copied());
    match start {
        [Some(0xFF), Some(0xFE)] => from_utf16(bytes.get(2..)?, u16::from_le_bytes),
        [Some(0xFE), Some(0xFF)] => from_utf16(bytes.get(2..)?, u16::from_be_bytes),
        [Some(1..), Some(0)] => from_utf16(bytes, u16::from_le_bytes),
        [Some(0), Some(1..)] => from_utf16(bytes, u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            std::str::from_utf8(bytes).ok().map(Cow::Borrowed)
        }
    }
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Cow<'_, str>> {
    let (pairs, _odd) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).collect::<Result<String, _>>().ok().map(Cow::Owned)
}
