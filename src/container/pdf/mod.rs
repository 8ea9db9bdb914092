//! The protection of PDF files (ISO 32000-2): Microsoft's security handler in versions 1 and 2,
//! with or without a wrapper, other handlers by their names, and labels.
//!
//! The reader finds the trailer from the end of the file, and from there the encryption dictionary
//! or the catalog. It reads pages only for attachments. If the cross-reference is damaged or does
//! not match the objects, the reader scans the whole file.
//!
//! Imports go from `protection` (handlers, payloads, labels) to `file` (cross-reference, objects,
//! scan) to `syntax` (tokens, values, filters).

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
/// bytes with binary junk before it or an object after it. Text that only quotes the header does
/// not match.
pub(crate) fn matches(head: &[u8]) -> bool {
    file::header::find_header(head).is_some_and(|at| is_document_at(head, at))
}

/// Returns the offset of a header after more bytes than most readers skip. Data of other formats
/// may contain a header alone, so an object has to follow it.
pub(crate) fn late_header_at(head: &[u8]) -> Option<usize> {
    let at = file::header::find_late_header(head)?;
    object_at(head.get(at..)?).is_some().then_some(at)
}

/// Returns whether the header at `at` begins a document, and is not quoted by text.
fn is_document_at(head: &[u8], at: usize) -> bool {
    let (junk, pdf) = head.split_at_checked(at).unwrap_or_default();
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0 | 0xEF | 0xBB | 0xBF);
    let is_binary = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    junk.iter().all(is_space) || junk.iter().any(is_binary) || object_at(pdf).is_some()
}

/// Reads a member that [`matches()`] recognizes.
///
/// # Errors
/// The structure of the PDF is damaged, or a budget is spent.
pub(crate) fn read_whole(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let at = file::header::find_header(window.head()?).unwrap_or_default();
    if at > 0 && is_quote(window, at)? {
        sink.container(Container::Other);
        return Ok(());
    }
    read(window, sink)
}

/// Reads a member in which text precedes the header of a PDF. It is a PDF if a line begins with an
/// object: protected data are always in objects.
pub(crate) fn read_quoted(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    if has_object(window)? {
        return read_whole(window, sink);
    }
    sink.container(Container::Other);
    Ok(())
}

/// Returns whether a line of the member begins with an object.
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

/// Returns whether a line of the first 1024 bytes begins with an object, which is the case if the
/// header of a PDF is damaged. Files with the data of a form also contain objects, but are another
/// format (ISO 32000-2 12.7.8).
pub(crate) fn matches_objects(head: &[u8]) -> bool {
    let is_form_data = head.starts_with(b"%FDF-") && memchr::memmem::find(head, b"/FDF").is_some();
    !is_form_data
        && object_at(head.get(..HEADER_WITHIN.min(head.len())).unwrap_or_default()).is_some()
}

/// Reads a member that [`matches_objects`] recognizes. Text can contain the header of an object. A
/// PDF without its header still has `startxref`, or only a comment precedes its first object.
pub(crate) fn read_headless(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let head = window.head()?;
    let before = head.get(..object_at(head).unwrap_or_default()).unwrap_or_default();
    let is_text = before.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    let first = before.trim_ascii_start().first();
    if is_text && first.is_some_and(|first| *first != b'%') && end(window)?.is_none() {
        sink.container(Container::Other);
        return Ok(());
    }
    read(window, sink)
}

/// Returns the offset of the first object header at the start of a line.
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

/// Returns the offset of `%PDF-` within the first 1024 bytes.
pub(crate) fn header_at(head: &[u8]) -> Option<usize> {
    file::header::find_header(head)
}

/// Returns the end of the member if it contains `startxref`, the start of the structure of a PDF.
pub(crate) fn end<'w>(window: &'w mut Window<'_>) -> Result<Option<&'w [u8]>> {
    let tail_at = window.len().saturating_sub(to_u64(layout::TAIL));
    let tail = window.up_to(tail_at, layout::TAIL)?;
    Ok(memchr::memmem::find(tail, layout::STARTXREF).map(|_| tail))
}
