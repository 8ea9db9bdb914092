//! PDF (ISO 32000-2) as far as its protection: Microsoft's security handler in version 1 and 2,
//! bare and in a wrapper, other handlers by their name, and labels.
//!
//! From the end of the file to the trailer, from there to the encryption dictionary or to the
//! catalog; no page is ever read. What the cross-reference says is believed only as far as the
//! objects stand where it says; else the file is searched from its beginning.

mod attachment;
mod candidates;
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
mod waiting;
mod xref;

use std::sync::LazyLock;

use crate::bytes::wide;
use crate::container::{Needle, Sink, ordinary};
use crate::error::Result;
use crate::limits::Limit;
use crate::source::Window;

pub(crate) use read::read;

/// Returns whether a PDF begins with `head`: its header is at the start, or within the first 1024
/// bytes with binary junk before it or an object after it. Text that only quotes the header is none.
pub(crate) fn matches(head: &[u8]) -> bool {
    let Some(at) = document::find_header(head) else { return false };
    let (junk, pdf) = head.split_at_checked(at).unwrap_or_default();
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0 | 0xEF | 0xBB | 0xBF);
    let is_binary = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    junk.iter().all(is_space) || junk.iter().any(is_binary) || object_at(pdf).is_some()
}

/// Returns whether `head` has the header of a PDF anywhere, which any text may quote.
pub(crate) fn matches_quoted(head: &[u8]) -> bool {
    document::find_header(head).is_some()
}

/// Reads a member that has the header of a PDF behind text. It is a PDF if an object begins a line
/// of it; all that a PDF protects is in objects.
pub(crate) fn read_quoted(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    if has_object(window)? {
        return read(window, sink);
    }
    sink.container(ordinary(window.head()?));
    Ok(())
}

fn has_object(window: &mut Window<'_>) -> Result<bool> {
    let meter = window.meter();
    let mut at: u64 = 0;
    loop {
        let piece = window.up_to(at, layout::SEARCH_PIECE)?;
        meter.charge(Limit::Steps, wide(piece.len()))?;
        if object_at(piece).is_some() {
            return Ok(true);
        }
        if piece.len() < layout::SEARCH_PIECE {
            return Ok(false);
        }
        at = at.saturating_add(wide(layout::SEARCH_PIECE.saturating_sub(layout::SEARCH_OVERLAP)));
    }
}

/// Returns whether an object begins a line of the first 1024 bytes, as it does where the header of
/// the file is damaged.
pub(crate) fn matches_objects(head: &[u8]) -> bool {
    object_at(head.get(..layout::HEADER_WITHIN.min(head.len())).unwrap_or_default()).is_some()
}

/// Returns the offset of the first object header that begins a line.
fn object_at(bytes: &[u8]) -> Option<usize> {
    // Every file that is of no other format comes here: the finder is made once.
    static OBJECT: LazyLock<Needle> = LazyLock::new(|| Needle::new(b" obj", 3));
    let mut from: usize = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| OBJECT.find(rest)) {
        let at = from.saturating_add(at);
        let before = bytes.get(..at).unwrap_or_default();
        let start = search::header_before(before).map(|(start, _)| start);
        let line = start.and_then(|start| before.get(..start));
        if line.is_some_and(|line| matches!(line.last(), None | Some(b'\n' | b'\r'))) {
            return start;
        }
        from = at.saturating_add(1);
    }
    None
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
