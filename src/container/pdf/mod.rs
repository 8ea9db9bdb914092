//! PDF (ISO 32000-2) as far as its protection: Microsoft's security handler in version 1 and 2,
//! bare and in a wrapper, other handlers by their name, and labels.
//!
//! From the end of the file to the trailer, from there to the encryption dictionary or to the
//! catalog; no page is ever read. What the cross-reference says is believed only as far as the
//! objects stand where it says; else the file is searched from its beginning.

mod file;
mod layout;
mod protection;
mod quote;
mod syntax;
#[cfg(test)]
mod tests;
mod types;

use crate::bytes::to_u64;
use crate::container::sink::Sink;
use crate::error::Result;
use crate::kinds::Container;
use crate::limits::Limit;
use crate::source::Window;

pub(super) use layout::HEADER_WITHIN;
pub(crate) use protection::read::read;
pub(crate) use quote::is_quote;

/// Returns whether a PDF begins with `head`: its header is at the start, or within the first 1024
/// bytes with binary junk before it or an object after it. Text that only quotes the header is none.
pub(crate) fn matches(head: &[u8]) -> bool {
    file::header::find_header(head).is_some_and(|at| is_document_at(head, at))
}

/// Returns the offset of the header of a PDF that begins behind more bytes than most readers pass over.
/// Data of other formats may contain the header alone, so an object has to follow it.
pub(crate) fn late_header_at(head: &[u8]) -> Option<usize> {
    let at = file::header::find_late_header(head)?;
    object_at(head.get(at..)?).is_some().then_some(at)
}

fn is_document_at(head: &[u8], at: usize) -> bool {
    let (junk, pdf) = head.split_at_checked(at).unwrap_or_default();
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0 | 0xEF | 0xBB | 0xBF);
    let is_binary = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    junk.iter().all(is_space) || junk.iter().any(is_binary) || object_at(pdf).is_some()
}

/// Reads a member of which [`matches`] holds.
///
/// # Errors
/// The structure of the PDF is damaged, or names a budget.
pub(crate) fn read_whole(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let at = file::header::find_header(window.head()?).unwrap_or_default();
    if at > 0 && is_quote(window, at)? {
        sink.container(Container::Other);
        return Ok(());
    }
    read(window, sink)
}

/// Reads a member that has the header of a PDF behind text. It is a PDF if an object begins a line
/// of it; all that a PDF protects is in objects.
pub(crate) fn read_quoted(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    if has_object(window)? {
        return read_whole(window, sink);
    }
    sink.container(Container::Other);
    Ok(())
}

fn has_object(window: &mut Window<'_>) -> Result<bool> {
    let meter = window.meter();
    let mut at: u64 = 0;
    loop {
        let piece = window.up_to(at, layout::SEARCH_PIECE)?;
        meter.charge(Limit::Steps, to_u64(piece.len()))?;
        if object_at(piece).is_some() {
            return Ok(true);
        }
        if piece.len() < layout::SEARCH_PIECE {
            return Ok(false);
        }
        at = at.saturating_add(to_u64(layout::SEARCH_PIECE.saturating_sub(layout::SEARCH_OVERLAP)));
    }
}

/// Returns whether an object begins a line of the first 1024 bytes, as it does where the header of
/// the file is damaged. Values of a form are such objects too, in a format of their own (ISO 32000-2
/// 12.7.8).
pub(crate) fn matches_objects(head: &[u8]) -> bool {
    let is_form_data = head.starts_with(b"%FDF-") && memchr::memmem::find(head, b"/FDF").is_some();
    !is_form_data
        && object_at(head.get(..HEADER_WITHIN.min(head.len())).unwrap_or_default()).is_some()
}

/// Reads a member that [`matches_objects`] recognizes. Text can mention an object; a PDF without its
/// header still has its `startxref`, or nothing but a comment precedes its first object.
pub(crate) fn read_headless(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let head = window.head()?;
    let before = head.get(..object_at(head).unwrap_or_default()).unwrap_or_default();
    let is_text = before.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    let begins = before.trim_ascii_start().first();
    if is_text && begins.is_some_and(|first| *first != b'%') && end(window)?.is_none() {
        sink.container(Container::Other);
        return Ok(());
    }
    read(window, sink)
}

/// Returns the offset of the first object header that begins a line.
fn object_at(bytes: &[u8]) -> Option<usize> {
    for at in memchr::memmem::find_iter(bytes, b" obj") {
        let before = bytes.get(..at).unwrap_or_default();
        let start = file::header::header_before(before).map(|(start, _)| start);
        let line = start.and_then(|start| before.get(..start));
        if line.is_some_and(|line| matches!(line.last(), None | Some(b'\n' | b'\r'))) {
            return start;
        }
    }
    None
}

/// Where `%PDF-` begins, if it does within the first 1024 bytes.
pub(crate) fn header_at(head: &[u8]) -> Option<usize> {
    file::header::find_header(head)
}

/// The end of the member, where a PDF says with `startxref` how it is read; `None` where nothing
/// says so.
pub(crate) fn end<'w>(window: &'w mut Window<'_>) -> Result<Option<&'w [u8]>> {
    let tail_at = window.len().saturating_sub(to_u64(layout::TAIL));
    let tail = window.up_to(tail_at, layout::TAIL)?;
    Ok(memchr::memmem::find(tail, layout::STARTXREF).map(|_| tail))
}
