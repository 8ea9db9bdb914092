//! XrML as a file by itself: a license, a certificate, a template, a chain of them.

use super::{Container, Sink};
use crate::error::Result;
use crate::source::{Extent, Window};

/// What such a file begins with, behind a byte order mark, white space and an XML declaration.
const ROOTS: [&[u8]; 2] = [b"<XrML", b"<CERTIFICATECHAIN"];

/// Whether text begins with XrML, in UTF-8 or in UTF-16LE.
pub(crate) fn matches(head: &[u8]) -> bool {
    // Nearly nothing begins with a tag; a byte order mark is looked behind.
    if head
        .first()
        .is_some_and(|first| !matches!(first, b'<' | 0xEF | 0xFF) && !first.is_ascii_whitespace())
    {
        return false;
    }
    // Of UTF-16LE every second byte is looked at; the roots are plain ASCII.
    let wide = head.starts_with(b"\xFF\xFE") || matches!(head, [low, 0, _, 0, ..] if *low != 0);
    let step = if wide { 2 } else { 1 };
    let text = head.strip_prefix(b"\xEF\xBB\xBF").or(head.strip_prefix(b"\xFF\xFE"));
    let mut text = text.unwrap_or(head).iter().step_by(step).copied();
    begins_with_root(&mut text)
}

fn begins_with_root(text: &mut dyn Iterator<Item = u8>) -> bool {
    let mut text = text.skip_while(u8::is_ascii_whitespace).peekable();
    // `<?xml … ?>`, once.
    let mut begin = [0; 18];
    let mut len: usize = 0;
    let mut declaration = false;
    while let Some(byte) = text.next() {
        if declaration {
            if byte == b'>' {
                declaration = false;
                while text.next_if(u8::is_ascii_whitespace).is_some() {}
            }
            continue;
        }
        let Some(slot) = begin.get_mut(len) else { break };
        *slot = byte;
        len = len.saturating_add(1);
        if len == 1 && byte != b'<' {
            return false;
        }
        if begin.starts_with(b"<?") && len == 2 {
            declaration = true;
            len = 0;
            begin = [0; 18];
        }
    }
    ROOTS
        .iter()
        .any(|root| begin.get(..root.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(root)))
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
