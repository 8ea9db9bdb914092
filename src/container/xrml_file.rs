//! XrML as a whole file: a license, a certificate, a template, or a chain of them.

use std::borrow::Cow;

use super::sink::Sink;
use super::stored;
use super::xml_prolog::{LETTERS, Prolog, has_root, prolog, utf16, with_prolog};
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::license_text::has_license_text;
use crate::limits::Limit;
use crate::source::{Extent, HEAD, Window};

/// The root elements of such a file, after the prolog.
const ROOTS: [&[u8]; 2] = [b"<XrML", b"<CERTIFICATECHAIN"];

/// Bytes of a prolog that are read at once, after the head.
const PIECE: usize = 65_536;

/// Returns whether text begins with XrML, in UTF-8 or in UTF-16.
pub(crate) fn matches(head: &[u8]) -> bool {
    has_root(head, is_xrml)
}

/// Returns whether the head does not decide: all of it is the prolog of an XML document, or it
/// contains XrML in a foreign element.
pub(crate) fn matches_prolog(head: &[u8]) -> bool {
    with_prolog(head, |prolog| match prolog {
        Prolog::Unfinished => head.len() >= LETTERS || has_license_text(head),
        Prolog::Root(root) => contains_xrml(root),
        Prolog::Foreign => false,
    })
}

/// Bytes in which the tag of a damaged license begins.
const NEAR_BEGIN: usize = 256;

/// Returns whether the tag of a license is located near the beginning, after text that is not XML:
/// the declaration or the encoding is damaged, or other text precedes.
pub(crate) fn matches_damaged(head: &[u8]) -> bool {
    damaged_at(head).is_some()
}

fn damaged_at(head: &[u8]) -> Option<usize> {
    const TAGS: [&[u8]; 4] = [
        b"<XrML ",
        b"<\0X\0r\0M\0L\0 \0",
        b"<BODY type=\"Microsoft Rights",
        b"<\0B\0O\0D\0Y\0 \0t\0y\0p\0e\0=\0\"\0M\0i\0c\0r\0",
    ];
    let begin = head.get(..NEAR_BEGIN).unwrap_or(head);
    memchr::memchr_iter(b'<', begin).find(|at| {
        let rest = head.get(*at..).unwrap_or_default();
        TAGS.iter().any(|tag| rest.starts_with(tag))
    })
}

/// Reads what [`matches_damaged`] recognizes.
///
/// # Errors
/// Always: the text is no XML document.
pub(crate) fn read_damaged(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    sink.protection(Protection::Unknown);
    let at = damaged_at(window.head()?).map(to_u64);
    let detail = "a license follows text that is no XML";
    Err(Error::malformed(ErrorCode::MalformedXrml, "XML prolog", at, detail))
}

fn is_xrml(root: &[u8]) -> bool {
    let begins =
        |name: &&[u8]| root.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
    ROOTS.iter().any(begins)
}

fn contains_xrml(text: &[u8]) -> bool {
    memchr::memmem::find(text, ROOTS[0]).is_some()
}

/// Returns whether a foreign element contains a publishing license. It is not a license of the
/// file, but the file may be protected.
fn contains_license(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"Microsoft Rights Label").is_some()
}

/// Returns whether XrML follows a foreign root element. XrML inside that element is not a license
/// of the file.
fn follows_foreign(root: &[u8]) -> bool {
    let end = |byte: &u8| matches!(byte, b'>' | b'/') || byte.is_ascii_whitespace();
    let name = root.get(1..).unwrap_or_default();
    let name = name.get(..name.iter().position(end).unwrap_or(name.len())).unwrap_or_default();
    let close = [b"</", name].concat();
    let at = memchr::memmem::rfind(root, &close).unwrap_or_default();
    contains_xrml(root.get(at..).unwrap_or_default())
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::License);
    let whole = Extent { offset: 0, len: window.len() };
    sink.license_at(window, &[whole])
}

/// Reads an XML document that [`matches_prolog`] recognizes.
///
/// # Errors
/// Fails if the prolog does not end in the member, or exceeds a budget.
pub(crate) fn read_prolog(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    sink.protection(Protection::Unknown);
    let mut len = PIECE;
    loop {
        let text = window.up_to(0, len)?;
        let is_whole = text.len() < len;
        let read = to_u64(text.len());
        // After a missing byte, the letters of UTF-16 are in the other half.
        let is_damaged = is_whole && utf16(text).is_some() && has_license_text(text);
        let text = match utf16(text) {
            None => Cow::Borrowed(text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)),
            Some(wide) => wide.iter().step_by(2).copied().collect(),
        };
        let (is_unfinished, is_license) = match prolog(&text) {
            Prolog::Root(root) if is_xrml(root) => (false, true),
            // The end of the root element decides.
            Prolog::Root(root) if contains_xrml(root) => {
                (!is_whole, is_whole && (follows_foreign(root) || contains_license(root)))
            }
            found => (found == Prolog::Unfinished, false),
        };
        // A program in PHP begins like an XML document whose prolog has no end.
        let has_license = is_unfinished && (is_damaged || is_whole && has_license_text(&text));
        window.meter().charge(Limit::Steps, read)?;
        window.meter().check(Limit::LicenseBytes, read)?;
        if is_license {
            return self::read(window, sink);
        }
        if !is_unfinished {
            sink.protection(Protection::None);
            return after_blanks(window, sink, len);
        }
        if is_whole {
            if !has_license {
                sink.protection(Protection::None);
                return Ok(());
            }
            let detail = "the document ends within its prolog, which contains license text";
            return Err(Error::malformed(ErrorCode::MalformedXrml, "XML prolog", None, detail));
        }
        // Twice as much each time, so that the work stays in proportion to the text.
        len = len.saturating_mul(2);
    }
}

/// Reports the file after a head of white space, if it begins within the first `len` bytes.
fn after_blanks(window: &mut Window<'_>, sink: &mut dyn Sink, len: usize) -> Result<()> {
    if !window.head()?.trim_ascii().is_empty() {
        return Ok(());
    }
    let text = window.up_to(0, len)?;
    let rest = text.trim_ascii_start();
    let at = to_u64(text.len().saturating_sub(rest.len()));
    if !sink.recognizer().is_known(rest.get(..HEAD.min(rest.len())).unwrap_or_default()) {
        return Ok(());
    }
    stored::rest(window, sink, "content", at, Anomaly::NonSpecLayout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xrml_is_recognized_by_its_first_tag() {
        let utf16 =
            |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let turned = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let yes: [Vec<u8>; 20] = [
            b"<XrML version=\"1.2\">".to_vec(),
            b"\xEF\xBB\xBF<XrML>".to_vec(),
            b" \r\n<?xml version=\"1.0\"?>\r\n  <XrML".to_vec(),
            b"<?xml version=\"1.0\" ?><XrML xmlns=\"\">".to_vec(),
            utf16("<?xml version=\"1.0\"?><XrML>"),
            [b"\xFF\xFE".to_vec(), utf16("<CERTIFICATECHAIN>")].concat(),
            turned("<?xml version=\"1.0\"?><XrML>"),
            turned("\u{FEFF}\r\n<CERTIFICATECHAIN>"),
            b"<certificatechain>".to_vec(),
            b"<?xml version=\"1.0\"?><!-- exported --> <!-- > --><XrML>".to_vec(),
            b"<!-- first --><?xml version=\"1.0\"?>\n<XrML>".to_vec(),
            b"<?note a > b?><XrML>".to_vec(),
            b"<?xml version=\"1.0\"\x01><XrML>".to_vec(),
            b"<!DOCTYPE XrML><XrML>".to_vec(),
            b"<!DOCTYPE XrML [<!ENTITY a \"]>\"> <!-- ]> -->]>\r\n<XrML>".to_vec(),
            utf16("<?xml version=\"1.0\"?><!-- exported --><XrML>"),
            b"<?note <XrML> <a> ?><XrML>".to_vec(),
            b"<![CDATA[<a>]]><XrML>".to_vec(),
            // Damaged in their first letters.
            b"\xFF\xFE<\x07X\0r\0M\0L\0>".to_vec(),
            b"\xFE\xFF\x07<\0X\0r\0M\0L\0>".to_vec(),
        ];
        for head in &yes {
            assert!(matches(head), "{}", String::from_utf8_lossy(head));
        }
        let no: [&[u8]; 12] = [
            b"",
            b"\0",
            b"\0\0<XrML",
            b"<",
            b"<?xml",
            b"<?xml ?><html>",
            b"<!-- <XrML> --><html>",
            b"<!-- <XrML>",
            b"<!ELEMENT a><XrML>",
            b"- <XrML",
            b"text <XrML",
            b"<XrM",
        ];
        for head in no {
            assert!(!matches(head), "{}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn prolog_longer_than_the_head_is_read() {
        let comment = format!("<!-- {} -->\n", "exported ".repeat(20_000));
        let wide: Vec<u8> = comment.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let license = b"<XrML>";
        let php = b"<?php\nnamespace a;\n".repeat(300);
        let cases: [(&str, Vec<u8>, Option<&str>); 12] = [
            ("a foreign element before", b"<a><b/></a><XrML>".to_vec(), None),
            ("in a foreign element", b"<a><XrML></XrML></a>".to_vec(), Some("none")),
            ("a license", [comment.as_bytes(), license].concat(), None),
            ("white space", [" ".repeat(9000).as_bytes(), license].concat(), None),
            ("HTML", [comment.as_bytes(), b"<html></html>"].concat(), Some("none")),
            ("blank", vec![b' '; 9000], Some("none")),
            ("no end", comment.replace("-->", "").into_bytes(), Some("none")),
            ("a program", php.clone(), Some("none")),
            ("a program and a license", [&php, &license[..]].concat(), None),
            ("a license in a short comment", b"<!-- <XrML>".to_vec(), None),
            ("a short comment", b"<!-- ".to_vec(), Some("none")),
            ("UTF-16 HTML", [&wide, &b"<\0h\0t\0m\0l\0>\0"[..]].concat(), Some("none")),
        ];
        for (name, bytes, expected) in cases {
            let report = crate::Inspector::default().inspect_bytes(&bytes);
            let own = report.findings().next().unwrap();
            let found = own.error().is_none().then(|| own.facts().protection.as_str());
            assert_eq!(found, expected, "{name}");
        }
    }
}
