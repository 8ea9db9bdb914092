//! XrML as a file by itself: a license, a certificate, a template, a chain of them.

use std::borrow::Cow;

use super::{Sink, is_known, stored};
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::license_text::has_license_text;
use crate::limits::Limit;
use crate::source::{Extent, Window};

/// The root elements of such a file, after the prolog.
const ROOTS: [&[u8]; 2] = [b"<XrML", b"<CERTIFICATECHAIN"];

/// Letters of UTF-16 that are looked at.
const LETTERS: usize = 2048;

/// Bytes of a prolog that are read at once, after the head.
const PIECE: usize = 65_536;
/// First bytes by which a file is known.
const HEAD: usize = 4096;

/// Whether text begins with XrML, in UTF-8 or in UTF-16.
pub(crate) fn matches(head: &[u8]) -> bool {
    has_root(head, is_xrml)
}

/// Whether the head does not decide: it is the prolog of an XML document to its end, or a foreign
/// element that contains XrML.
pub(crate) fn matches_prolog(head: &[u8]) -> bool {
    with_prolog(head, |prolog| match prolog {
        Prolog::Unfinished => head.len() >= LETTERS || has_license_text(head),
        Prolog::Root(root) => contains_xrml(root),
        Prolog::Foreign => false,
    })
}

/// Bytes in which the tag of a damaged license begins.
const NEAR_BEGIN: usize = 256;

/// Returns whether the tag of a license is located near the beginning, behind something that is no XML:
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

/// Whether text is an XML document whose root element passes `test`. The test is given the text from
/// the `<` of the root on, without the zeros of UTF-16.
pub(crate) fn has_root(head: &[u8], test: impl FnOnce(&[u8]) -> bool) -> bool {
    with_prolog(head, |prolog| matches!(prolog, Prolog::Root(root) if test(root)))
}

fn with_prolog(head: &[u8], test: impl FnOnce(Prolog<'_>) -> bool) -> bool {
    // Nearly nothing begins with a tag; a byte order mark is looked behind.
    if head.first().is_some_and(|first| {
        !matches!(first, 0 | b'<' | 0xEF | 0xFE | 0xFF) && !first.is_ascii_whitespace()
    }) {
        return false;
    }
    let Some(wide) = utf16(head) else {
        return test(prolog(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head)));
    };
    // Every second byte is looked at; the roots are plain ASCII.
    let mut low = [0; LETTERS];
    let letters = low.iter_mut().zip(wide.iter().step_by(2));
    letters.for_each(|(low, byte)| *low = *byte);
    test(prolog(low.get(..wide.len().div_ceil(2)).unwrap_or(&low)))
}

/// The text from its first letter's low byte on, if it is UTF-16.
fn utf16(head: &[u8]) -> Option<&[u8]> {
    match head {
        [0xFF, 0xFE, wide @ ..] => Some(wide),
        // Without its first byte, UTF-16BE is UTF-16LE.
        [0xFE, 0xFF, _, wide @ ..] => Some(wide),
        [0, wide @ ..] if matches!(wide, [letter, 0, ..] if *letter != 0) => Some(wide),
        [low, 0, _, 0, ..] if *low != 0 => Some(head),
        _ => None,
    }
}

/// What follows the prolog (XML 1.0, 2.8): declaration, comments, processing instructions, document
/// type and white space.
#[derive(Debug, PartialEq, Eq)]
enum Prolog<'t> {
    /// The root element, from its `<` on.
    Root(&'t [u8]),
    /// The text ends within the prolog.
    Unfinished,
    /// No XML document begins like this.
    Foreign,
}

fn prolog(mut text: &[u8]) -> Prolog<'_> {
    loop {
        text = text.trim_ascii_start();
        let rest = match text {
            [b'<', b'?', rest @ ..] => instruction(rest),
            [b'<', b'!', b'-', b'-', rest @ ..] => behind(rest, b"-->"),
            // No document has one here, and a reader that passes over it finds the root.
            [b'<', b'!', b'[', rest @ ..] => behind(rest, b"]]>"),
            [b'<', b'!', rest @ ..] if is_document_type(rest) => document_type(rest),
            [] | [b'<'] | [b'<', b'!'] | [b'<', b'!', b'-'] => None,
            [b'<', first, ..] if is_name_start(*first) => return Prolog::Root(text),
            _ => return Prolog::Foreign,
        };
        match rest {
            Some(rest) => text = rest,
            None => return Prolog::Unfinished,
        }
    }
}

/// Whether a name begins with this byte (XML 1.0, 2.3), or one that is damaged does.
fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':' | 0..=8 | 0x80..)
}

fn behind<'t>(text: &'t [u8], end: &[u8]) -> Option<&'t [u8]> {
    let at = memchr::memmem::find(text, end)?;
    text.get(at.checked_add(end.len())?..)
}

/// The text after a processing instruction. The `?` of an XML declaration may be damaged, or one letter
/// of its name: a `>` before another markup ends that too.
fn instruction(text: &[u8]) -> Option<&[u8]> {
    let equal = text.iter().zip(b"xml ").filter(|(found, byte)| found == byte).count();
    let is_declaration = text.get(3) == Some(&b' ') && equal >= 3;
    let rest = behind(text, b">")?;
    let is_end = matches!(rest.trim_ascii_start(), [] | [b'<', ..]);
    if is_declaration && is_end { Some(rest) } else { behind(text, b"?>") }
}

fn is_document_type(text: &[u8]) -> bool {
    text.get(..7).is_some_and(|name| name.eq_ignore_ascii_case(b"DOCTYPE"))
}

/// The text after a document type declaration, which may have an internal subset in brackets.
fn document_type(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    let mut depth: u32 = 0;
    loop {
        let at = rest.iter().position(|byte| b"<>[]\"'".contains(byte))?;
        let (mark, behind_mark) = rest.get(at..)?.split_first()?;
        rest = behind_mark;
        match mark {
            b'[' => depth = depth.saturating_add(1),
            b']' => depth = depth.saturating_sub(1),
            b'>' if depth == 0 => return Some(rest),
            b'<' if rest.starts_with(b"!--") => rest = behind(rest, b"-->")?,
            b'"' | b'\'' => rest = behind(rest, &[*mark])?,
            _ => {}
        }
    }
}

fn is_xrml(root: &[u8]) -> bool {
    let begins =
        |name: &&[u8]| root.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
    ROOTS.iter().any(begins)
}

fn contains_xrml(text: &[u8]) -> bool {
    memchr::memmem::find(text, ROOTS[0]).is_some()
}

/// Whether a foreign element contains a publishing license. It is no license of the file, but it
/// is not nothing.
fn contains_license(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"Microsoft Rights Label").is_some()
}

/// Whether XrML follows a foreign root element. What that element contains is no license of the file.
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

/// Reads an XML document of which the head does not decide, see [`matches_prolog`].
///
/// # Errors
/// The prolog does not end in the member, or names a budget.
pub(crate) fn read_prolog(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    sink.protection(Protection::Unknown);
    let mut len = PIECE;
    loop {
        let text = window.up_to(0, len)?;
        let is_whole = text.len() < len;
        let read = to_u64(text.len());
        // Behind a missing byte, the letters of UTF-16 are in the other half.
        let is_damaged = is_whole && utf16(text).is_some() && has_license_text(text);
        let text = match utf16(text) {
            None => Cow::Borrowed(text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)),
            Some(wide) => wide.iter().step_by(2).copied().collect(),
        };
        let (is_unfinished, is_license) = match prolog(&text) {
            Prolog::Root(root) if is_xrml(root) => (false, true),
            // Its end has to be known.
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
            return behind_blanks(window, sink, len);
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

/// Names the file behind a head of white space, which is within the first `len` bytes.
fn behind_blanks(window: &mut Window<'_>, sink: &mut dyn Sink, len: usize) -> Result<()> {
    if !window.head()?.trim_ascii().is_empty() {
        return Ok(());
    }
    let text = window.up_to(0, len)?;
    let rest = text.trim_ascii_start();
    let at = to_u64(text.len().saturating_sub(rest.len()));
    if !is_known(rest.get(..HEAD.min(rest.len())).unwrap_or_default()) {
        return Ok(());
    }
    stored::rest(window, sink, "content", at, Anomaly::NonSpecLayout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xrml_is_known_by_its_first_tag() {
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
    fn a_prolog_longer_than_the_head_is_read_to_its_end() {
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
