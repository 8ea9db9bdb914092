//! Text as operators' tools write it.

use std::borrow::Cow;

/// Decodes UTF-8 with or without a byte order mark, and UTF-16 with one or, if every other byte of
/// the beginning is zero, without. PowerShell writes the latter when output is sent to a file.
pub(crate) fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let start = [0, 1].map(|at| bytes.get(at).copied());
    match start {
        [Some(0xFF), Some(0xFE)] => wide(bytes.get(2..)?, u16::from_le_bytes),
        [Some(0xFE), Some(0xFF)] => wide(bytes.get(2..)?, u16::from_be_bytes),
        [Some(1..), Some(0)] => wide(bytes, u16::from_le_bytes),
        [Some(0), Some(1..)] => wide(bytes, u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            std::str::from_utf8(bytes).ok().map(Cow::Borrowed)
        }
    }
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Cow<'_, str>> {
    let (pairs, _odd) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).collect::<Result<String, _>>().ok().map(Cow::Owned)
}
