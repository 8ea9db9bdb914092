//! Finds the `<XrML>` documents of a license text at depth 0 (MS-RMPR 2.2.9; XML 1.0, section 2.8).
//!
//! A license is a run of documents without a common root. Comments, processing instructions,
//! document type declarations, CDATA and foreign elements can stand between them. An XML parser
//! does not see a document inside of those, so license text in them is no candidate.

use std::sync::LazyLock;

use memchr::memchr;
use memchr::memmem::{self, Finder};

use super::events::{Event, Events};
use crate::bytes::to_u64;
use crate::error::{Error, Stage};

const OPEN: &[u8] = b"<XrML";
static OPENS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(OPEN));

/// An item at depth 0.
#[derive(Debug)]
pub(super) enum TopLevelItem {
    /// A document begins at this offset.
    Document(usize),
    /// Anything else, up to this offset.
    Skipped(usize),
    /// Markup that does not end. No XML parser reads past it.
    Unfinished(Error),
    /// The end of the text.
    End,
}

/// Returns the item at offset `at` of `text`.
pub(super) fn item_at(text: &[u8], at: usize) -> TopLevelItem {
    let rest = text.get(at..).unwrap_or_default();
    if is_document(rest) {
        return TopLevelItem::Document(at);
    }
    let Some(len) = (match rest {
        [] => return TopLevelItem::End,
        [b'<', b'!', b'-', b'-', ..] => length_to(rest, b"-->"),
        [b'<', b'!', b'[', ..] => length_to(rest, b"]]>"),
        [b'<', b'!', ..] => document_type_length(rest),
        [b'<', b'?', ..] => length_to(rest, b"?>"),
        [b'<', b'/', ..] => length_to(rest, b">"),
        [b'<', letter, ..] if is_name_start(*letter) => element_length(rest),
        [_, rest_of_text @ ..] => {
            Some(memchr(b'<', rest_of_text).map_or(rest.len(), |len| len.saturating_add(1)))
        }
    }) else {
        let detail = "markup outside of the documents does not end";
        let error = Error::truncated("XrML", to_u64(at), detail);
        return TopLevelItem::Unfinished(error.at_stage(Stage::License));
    };
    TopLevelItem::Skipped(at.saturating_add(len))
}

/// Returns the offset of the next `<XrML` tag at or after `at`, at any depth. For text whose
/// structure is damaged.
pub(super) fn next_xrml_tag(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let start = at.checked_add(OPENS.find(text.get(at..)?)?)?;
        if is_document(text.get(start..)?) {
            return Some(start);
        }
        at = start.checked_add(OPEN.len())?;
    }
}

fn is_document(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(OPEN) else { return false };
    rest.first().is_some_and(|byte| matches!(byte, b'>' | b'/') || byte.is_ascii_whitespace())
}

/// Whether a tag can begin with this byte; all bytes of UTF-8 sequences count (XML 1.0, 2.3).
fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':' | 0x80..)
}

fn length_to(text: &[u8], end: &[u8]) -> Option<usize> {
    memmem::find(text, end)?.checked_add(end.len())
}

/// Returns the length of `<!DOCTYPE …>`, with its internal subset in brackets (XML 1.0, 2.8).
fn document_type_length(text: &[u8]) -> Option<usize> {
    let mut at: usize = 2;
    let mut is_in_subset = false;
    loop {
        let rest = text.get(at..)?;
        let len = match rest {
            [b'<', b'!', b'-', b'-', ..] => length_to(rest, b"-->")?,
            [b'<', b'?', ..] => length_to(rest, b"?>")?,
            [quote @ (b'"' | b'\''), quoted @ ..] => memchr(*quote, quoted)?.checked_add(2)?,
            [b'>', ..] if !is_in_subset => return at.checked_add(1),
            [byte, ..] => {
                is_in_subset = match byte {
                    b'[' => true,
                    b']' => false,
                    _ => is_in_subset,
                };
                1
            }
            [] => return None,
        };
        at = at.checked_add(len)?;
    }
}

/// Returns the length of an element with its content.
fn element_length(text: &[u8]) -> Option<usize> {
    let mut events = Events::new(text, 0);
    let mut depth: usize = 0;
    while let Some(Ok(event)) = events.next() {
        match event {
            Event::Open { empty: false, .. } => depth = depth.saturating_add(1),
            Event::Close { .. } => depth = depth.saturating_sub(1),
            Event::Open { empty: true, .. } | Event::Text(_) => {}
        }
        if depth == 0 {
            return Some(events.end());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the offsets of all documents, and whether the text ends in unfinished markup.
    fn documents(text: &str) -> (Vec<usize>, bool) {
        let (mut found, mut at) = (Vec::new(), 0);
        loop {
            match item_at(text.as_bytes(), at) {
                TopLevelItem::Document(start) => {
                    found.push(start);
                    at = start.saturating_add(OPEN.len());
                }
                TopLevelItem::Skipped(end) => {
                    assert!(end > at, "{text}");
                    at = end;
                }
                TopLevelItem::Unfinished(_) => return (found, true),
                TopLevelItem::End => return (found, false),
            }
        }
    }

    #[test]
    fn document_counts_at_depth_0_only() {
        let cases: [(&str, &[usize]); 14] = [
            ("<XrML>", &[0]),
            ("x <XrML/>", &[2]),
            ("<!--<XrML>--><XrML >", &[13]),
            ("<?x <XrML>?><XrML>", &[12]),
            ("<![CDATA[<XrML>]]><XrML>", &[18]),
            ("<!DOCTYPE a [<!ENTITY b \"]><XrML>\">]><XrML>", &[37]),
            ("<!DOCTYPE a [<!-- ]> <XrML> -->]><XrML>", &[33]),
            ("<!DOCTYPE a '<XrML>'><XrML>", &[21]),
            ("<a><XrML></XrML></a><XrML>", &[20]),
            ("<a b='>'><b/><XrML></XrML></a><XrML>", &[30]),
            ("<a/><XrML>", &[4]),
            ("</a><XrML>", &[4]),
            ("< <XrML>", &[2]),
            ("<XrMLx></XrMLx><xrml></xrml>", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(documents(text), (expected.to_vec(), false), "{text}");
        }
    }

    #[test]
    fn markup_without_end_is_reported() {
        for text in ["<!--<XrML>", "<?x <XrML>", "<![CDATA[<XrML>", "<!DOCTYPE a [>", "<a><XrML>"] {
            assert_eq!(documents(text), (Vec::new(), true), "{text}");
        }
    }
}
