//! XrML as a file by itself: a license, a certificate, a template, a chain of them.

use super::{Container, Sink};
use crate::error::Result;
use crate::source::{Extent, Window};

/// What such a file begins with, behind a byte order mark, white space and an XML declaration.
const ROOTS: [&[u8]; 2] = [b"<XrML", b"<CERTIFICATECHAIN"];

/// Letters of UTF-16 that are looked at.
const LETTERS: usize = 2048;

/// Whether text begins with XrML, in UTF-8 or in UTF-16.
pub(crate) fn matches(head: &[u8]) -> bool {
    // Nearly nothing begins with a tag; a byte order mark is looked behind.
    if head.first().is_some_and(|first| {
        !matches!(first, 0 | b'<' | 0xEF | 0xFE | 0xFF) && !first.is_ascii_whitespace()
    }) {
        return false;
    }
    let wide = match head {
        [0xFF, 0xFE, wide @ ..] => wide,
        // Without its first byte, UTF-16BE is UTF-16LE.
        [0xFE, 0xFF, _, wide @ ..] => wide,
        [0, wide @ ..] if matches!(wide, [letter, 0, ..] if *letter != 0) => wide,
        [low, 0, _, 0, ..] if *low != 0 => head,
        _ => return begins_with_root(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head)),
    };
    // Every second byte is looked at; the roots are plain ASCII.
    let mut low = [0; LETTERS];
    low.iter_mut().zip(wide.iter().step_by(2)).for_each(|(low, byte)| *low = *byte);
    begins_with_root(&low)
}

fn begins_with_root(text: &[u8]) -> bool {
    let mut text = text.trim_ascii_start();
    // Behind `<?xml … ?>`.
    while let Some(declaration) = text.strip_prefix(b"<?") {
        let end = memchr::memchr(b'>', declaration).and_then(|end| end.checked_add(1));
        let Some(behind) = end.and_then(|end| declaration.get(end..)) else { return false };
        text = behind.trim_ascii_start();
    }
    let begins =
        |root: &&[u8]| text.get(..root.len()).is_some_and(|it| it.eq_ignore_ascii_case(root));
    ROOTS.iter().any(begins)
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::License);
    let whole = Extent { offset: 0, len: window.len() };
    sink.license_at(window, &[whole])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xrml_is_known_by_its_first_tag() {
        let utf16 =
            |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let turned = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let yes: [Vec<u8>; 11] = [
            b"<XrML version=\"1.2\">".to_vec(),
            b"\xEF\xBB\xBF<XrML>".to_vec(),
            b" \r\n<?xml version=\"1.0\"?>\r\n  <XrML".to_vec(),
            b"<?xml version=\"1.0\" ?><XrML xmlns=\"\">".to_vec(),
            utf16("<?xml version=\"1.0\"?><XrML>"),
            [b"\xFF\xFE".to_vec(), utf16("<CERTIFICATECHAIN>")].concat(),
            turned("<?xml version=\"1.0\"?><XrML>"),
            turned("\u{FEFF}\r\n<CERTIFICATECHAIN>"),
            b"<certificatechain>".to_vec(),
            // Damaged in their first letters.
            b"\xFF\xFE<\x07X\0r\0M\0L\0>".to_vec(),
            b"\xFE\xFF\x07<\0X\0r\0M\0L\0>".to_vec(),
        ];
        for head in &yes {
            assert!(matches(head), "{}", String::from_utf8_lossy(head));
        }
        let no: [&[u8]; 9] = [
            b"",
            b"\0",
            b"\0\0<XrML",
            b"<",
            b"<?xml",
            b"<?xml ?><html>",
            b"- <XrML",
            b"text <XrML",
            b"<XrM",
        ];
        for head in no {
            assert!(!matches(head), "{}", String::from_utf8_lossy(head));
        }
    }
}
