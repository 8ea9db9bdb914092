//! PDF (ISO 32000-2) as far as its protection: Microsoft's security handler in version 1 and 2,
//! bare and in a wrapper, other handlers by their name, and labels.
//!
//! From the end of the file to the trailer, from there to the encryption dictionary or to the
//! catalog; no page is ever read. What the cross-reference says is believed only as far as the
//! objects stand where it says; else the file is searched from its beginning.

mod attachment;
mod catalog;
mod document;
mod few;
mod flate;
mod handler;
mod label;
mod layout;
mod lex;
mod load;
mod object;
mod object_stream;
mod payload;
mod read;
mod replay;
mod search;
mod stream;
#[cfg(test)]
mod tests;
mod value;
mod xref;

use std::sync::LazyLock;

use crate::bytes::wide;
use crate::container::Needle;
use crate::error::Result;
use crate::source::Window;

pub(crate) use read::read;

/// `%PDF-` at the start, or behind junk within the first 1024 bytes.
pub(crate) fn matches(head: &[u8]) -> bool {
    document::find_header(head).is_some()
}

/// An object's header at the beginning of a line, which is what follows a header that is damaged.
pub(crate) fn matches_objects(head: &[u8]) -> bool {
    // Asked of every file that is nothing else: made once.
    static OBJECT: LazyLock<Needle<4>> = LazyLock::new(|| Needle::new(b" obj", 3));
    let begin = head.get(..layout::HEADER_WITHIN.min(head.len())).unwrap_or_default();
    let mut from: usize = 0;
    while let Some(at) = begin.get(from..).and_then(|rest| OBJECT.find(rest)) {
        let at = from.saturating_add(at);
        let before = begin.get(..at).unwrap_or_default();
        let line = search::header_before(before).and_then(|(start, _)| before.get(..start));
        let begins_line =
            |line: &[u8]| line.is_empty() || line.ends_with(b"\n") || line.ends_with(b"\r");
        if line.is_some_and(begins_line) {
            return true;
        }
        from = at.saturating_add(1);
    }
    false
}

/// Where `%PDF-` begins, if it does within the first 1024 bytes.
pub(crate) fn header_at(head: &[u8]) -> Option<usize> {
    document::find_header(head)
}

/// The end of the member, where a PDF says with `startxref` how it is read; `None` where nothing
/// says so.
pub(crate) fn end<'w>(window: &'w mut Window<'_>) -> Result<Option<&'w [u8]>> {
    let tail_at = window.len().saturating_sub(wide(layout::TAIL));
    let tail = window.up_to(tail_at, layout::TAIL)?;
    Ok(memchr::memmem::find(tail, layout::STARTXREF).map(|_| tail))
}
