//! [`LicenseText`]: decodes the bytes of a license to UTF-8, and maps offsets back.

use std::borrow::Cow;

/// The encoding of a license (MS-OFFCRYPTO 2.2.6, and real containers). Producers do not write
/// UTF-16BE, but an editor can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextEncoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

/// The text of a license as UTF-8.
#[derive(Debug)]
pub(crate) struct LicenseText<'a> {
    utf8: Cow<'a, [u8]>,
    encoding: TextEncoding,
    /// The length of the byte order mark in bytes.
    mark: usize,
}

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";
const UTF16_MARK: &[u8] = b"\xFF\xFE";
const UTF16_BE_MARK: &[u8] = b"\xFE\xFF";

impl<'a> LicenseText<'a> {
    /// Decodes `bytes` by their byte order mark. Without one, a NUL after the first letter means
    /// UTF-16LE, and one before it UTF-16BE. Drops trailing NULs, which MSIPC writes. Keeps invalid
    /// UTF-8, and replaces invalid UTF-16 by U+FFFD.
    pub(crate) fn decode(bytes: &'a [u8]) -> LicenseText<'a> {
        let (encoding, mark) = if bytes.starts_with(UTF8_MARK) {
            (TextEncoding::Utf8, UTF8_MARK.len())
        } else if bytes.starts_with(UTF16_MARK) {
            (TextEncoding::Utf16Le, UTF16_MARK.len())
        } else if matches!(bytes, [0xFE, 0xFF, 0, ..] | [0xFE, 0xFF, _, _, 0, ..]) {
            // Before other bytes, the mark is not part of the license.
            (TextEncoding::Utf16Be, UTF16_BE_MARK.len())
        } else if looks_like_utf16(bytes) {
            (TextEncoding::Utf16Le, 0)
        } else if bytes.first() == Some(&0) && looks_like_utf16(bytes.get(1..).unwrap_or_default())
        {
            (TextEncoding::Utf16Be, 0)
        } else {
            (TextEncoding::Utf8, 0)
        };
        let text = bytes.get(mark..).unwrap_or_default();
        let utf8 = match encoding {
            TextEncoding::Utf8 => Cow::Borrowed(text.trim_suffix_nul()),
            TextEncoding::Utf16Le => Cow::Owned(from_utf16(text)),
            TextEncoding::Utf16Be => {
                let (units, _) = text.as_chunks();
                let turned: Vec<u8> = units.iter().flat_map(|[high, low]| [*low, *high]).collect();
                Cow::Owned(from_utf16(&turned))
            }
        };
        LicenseText { utf8, encoding, mark }
    }

    /// Returns the text.
    pub(crate) fn utf8(&self) -> &[u8] {
        &self.utf8
    }

    /// Returns the offset in the original bytes of offset `at` of the text.
    pub(crate) fn raw_offset(&self, at: usize) -> usize {
        let inside = match self.encoding {
            TextEncoding::Utf8 => at,
            TextEncoding::Utf16Le | TextEncoding::Utf16Be => {
                let before = self.utf8.get(..at).unwrap_or_default();
                let units = String::from_utf8_lossy(before).encode_utf16().count();
                units.saturating_mul(2)
            }
        };
        self.mark.saturating_add(inside)
    }
}

fn from_utf16(text: &[u8]) -> Vec<u8> {
    let mut text = crate::bytes::utf16_lossy(text).into_bytes();
    text.truncate(text.as_slice().trim_suffix_nul().len());
    text
}

/// Whether text without a mark is UTF-16LE: a NUL follows each of the first two letters.
fn looks_like_utf16(bytes: &[u8]) -> bool {
    let mut pairs = bytes.chunks_exact(2).take(8);
    let wide = |pair: &[u8]| matches!(pair, [low, 0] if *low != 0);
    pairs.next().is_some_and(wide) && pairs.next().is_none_or(wide)
}

trait TrimSuffixNul {
    fn trim_suffix_nul(&self) -> &[u8];
}

impl TrimSuffixNul for [u8] {
    fn trim_suffix_nul(&self) -> &[u8] {
        let len = self.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        self.get(..len).unwrap_or_default()
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn utf16_be(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn all_encodings_decode_to_the_same_text() {
        let text = "<XrML>Ünïcode 𝄞</XrML>";
        let cases: [(&str, Vec<u8>); 9] = [
            ("utf-8", text.as_bytes().to_vec()),
            ("utf-8, mark", [UTF8_MARK, text.as_bytes()].concat()),
            ("utf-8, NULs", [text.as_bytes(), b"\0\0"].concat()),
            ("utf-16", utf16(text)),
            ("utf-16, mark", [UTF16_MARK, &utf16(text)].concat()),
            ("utf-16, NUL", [&utf16(text)[..], b"\0\0"].concat()),
            ("utf-16be", utf16_be(text)),
            ("utf-16be, mark", [UTF16_BE_MARK, &utf16_be(text)].concat()),
            ("utf-16be, NUL", [&utf16_be(text)[..], b"\0\0"].concat()),
        ];
        for (name, bytes) in cases {
            assert_eq!(LicenseText::decode(&bytes).utf8(), text.as_bytes(), "{name}");
        }
        let not_be = [UTF16_BE_MARK, text.as_bytes()].concat();
        assert_eq!(LicenseText::decode(&not_be).utf8(), not_be, "the mark alone is not believed");
    }

    #[test]
    fn offsets_are_mapped_to_the_original_bytes() {
        let text = "<a>Ü𝄞</a>";
        let at = text.find("</a>").unwrap();
        let bytes = [UTF16_MARK, &utf16(text)].concat();
        let offset = LicenseText::decode(&bytes).raw_offset(at);
        assert_eq!(&bytes[offset..offset + 2], b"<\0");
        let bytes = [UTF16_BE_MARK, &utf16_be(text)].concat();
        let offset = LicenseText::decode(&bytes).raw_offset(at);
        assert_eq!(&bytes[offset..offset + 2], b"\0<");
        let bytes = [UTF8_MARK, text.as_bytes()].concat();
        assert_eq!(bytes[LicenseText::decode(&bytes).raw_offset(at)], b'<');
    }

    #[test]
    fn invalid_text_is_decoded() {
        for bytes in
            [&b""[..], b"\0", b"\xFF\xFE", b"\xEF\xBB\xBF", b"<\0\xD8", b"\xFE\xFF\xD8", b"<\xFF>"]
        {
            let _ = LicenseText::decode(bytes).raw_offset(usize::MAX);
        }
    }
}
