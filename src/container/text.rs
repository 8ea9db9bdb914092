//! XrML as a file by itself: a license, a certificate, a template, a chain of them.

use super::{Container, Sink};
use crate::error::Result;
use crate::source::{Extent, Window};

/// What such a file begins with, behind a byte order mark, white space and an XML declaration.
const ROOTS: [&[u8]; 2] = [b"<XrML", b"<CERTIFICATECHAIN"];

/// Letters of UTF-16LE that are looked at.
const LETTERS: usize = 2048;

/// Whether text begins with XrML, in UTF-8 or in UTF-16LE.
pub(crate) fn matches(head: &[u8]) -> bool {
    // Nearly nothing begins with a tag; a byte order mark is looked behind.
    if head
        .first()
        .is_some_and(|first| !matches!(first, b'<' | 0xEF | 0xFF) && !first.is_ascii_whitespace())
    {
        return false;
    }
    let marked = head.strip_prefix(b"\xFF\xFE");
    if marked.is_none() && !matches!(head, [low, 0, _, 0, ..] if *low != 0) {
        return begins_with_root(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head));
    }
    // Every second byte is looked at; the roots are plain ASCII.
    let mut low = [0; LETTERS];
    let wide = marked.unwrap_or(head).iter().step_by(2);
    low.iter_mut().zip(wide).for_each(|(low, byte)| *low = *byte);
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
        let yes: [Vec<u8>; 7] = [
            b"<XrML version=\"1.2\">".to_vec(),
            b"\xEF\xBB\xBF<XrML>".to_vec(),
            b" \r\n<?xml version=\"1.0\"?>\r\n  <XrML".to_vec(),
            b"<?xml version=\"1.0\" ?><XrML xmlns=\"\">".to_vec(),
            utf16("<?xml version=\"1.0\"?><XrML>"),
            [b"\xFF\xFE".to_vec(), utf16("<CERTIFICATECHAIN>")].concat(),
            b"<certificatechain>".to_vec(),
        ];
        for head in &yes {
            assert!(matches(head), "{}", String::from_utf8_lossy(head));
        }
        let no: [&[u8]; 7] =
            [b"", b"<", b"<?xml", b"<?xml ?><html>", b"- <XrML", b"text <XrML", b"<XrM"];
        for head in no {
            assert!(!matches(head), "{}", String::from_utf8_lossy(head));
        }
    }
}
