//! Encodings of license text, and reflowing.

use crate::bytes::utf16;

/// The encoding of a license.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-8 with a byte-order mark.
    Utf8Bom,
    /// UTF-16LE.
    Utf16,
    /// UTF-16LE with a byte-order mark.
    Utf16Bom,
    /// UTF-16BE.
    Utf16Be,
    /// UTF-16BE with a byte-order mark.
    Utf16BeBom,
}

impl Encoding {
    /// All encodings.
    pub const ALL: [Encoding; 6] = [
        Encoding::Utf8,
        Encoding::Utf8Bom,
        Encoding::Utf16,
        Encoding::Utf16Bom,
        Encoding::Utf16Be,
        Encoding::Utf16BeBom,
    ];

    /// Returns whether a code unit has two bytes.
    pub(crate) fn is_utf16(self) -> bool {
        !matches!(self, Encoding::Utf8 | Encoding::Utf8Bom)
    }
}

/// Encodes `text`.
pub fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    let big_endian = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf8Bom => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
        Encoding::Utf16 => utf16(text),
        Encoding::Utf16Bom => [b"\xFF\xFE".to_vec(), utf16(text)].concat(),
        Encoding::Utf16Be => big_endian(text),
        Encoding::Utf16BeBom => [b"\xFE\xFF".to_vec(), big_endian(text)].concat(),
    }
}

/// Inserts line breaks and indents between adjacent tags, and only there: the signatures verify again
/// after a reader has removed them.
pub fn reflow(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 5 / 4);
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(at) = rest.find("><") {
        let (tag, after) = rest.split_at(at + 1);
        out += tag;
        let last = tag.rfind('<').map_or("", |start| &tag[start..]);
        let opens = !last.starts_with("</") && !last.starts_with("<?") && !last.starts_with("<!");
        if opens && !last.ends_with("/>") {
            // The end tag of an element that contains only text is part of the same `tag`.
            depth += 1;
        }
        if last.starts_with("</") && tag.find('<') == tag.rfind('<') {
            depth = depth.saturating_sub(1);
        }
        let indent = if after.starts_with("</") { depth.saturating_sub(1) } else { depth };
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", indent.min(16)));
        rest = after;
    }
    out + rest
}
