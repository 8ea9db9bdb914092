//! Bytes that are two formats at once: one that begins them, and one that is recognized by its end.
//! Both are read, so that neither hides a license of the other.
//!
//! The search needs no further reads in ordinary files: the head is read anyway, and so is the end
//! of a PDF. The end of a compound file is searched only if its size leaves room for another file.

use super::name::Name;
use super::recognizer::Recognizer;
use super::sink::{Body, Member, Sink};
use super::{compound, pdf, stored, zip};
use crate::bytes::to_u64;
use crate::error::Result;
use crate::kinds::Anomaly;
use crate::limits::Limit;
use crate::source::{HEAD, Window};

/// Formats that are searched for in a member besides the format that begins it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrailingFormat {
    /// No search.
    None,
    /// A PDF, whose header may follow up to 1024 other bytes.
    Pdf,
    /// A PDF that is not a stored member of an archive.
    UnlistedPdf,
    /// A PDF that does not begin a part of a message.
    PdfInMail,
    /// A ZIP archive.
    Zip,
    /// A PDF or a ZIP archive.
    Any,
    /// A PDF, or a ZIP archive after the last sector of a compound file.
    AfterSectors,
}

/// Reports the second format of a member as a further member.
pub(super) fn report(
    trailing: TrailingFormat,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<()> {
    if !matches!(trailing, TrailingFormat::None | TrailingFormat::Zip)
        && let Some(at) = pdf::header_at(window.head()?)
        && let Some(end) = second_pdf(trailing, at, window)?
    {
        let body = Body::Reparse(read_pdf);
        return sink.trailing_pdf(Member { name: Name::Unnamed("pdf"), body }, to_u64(at)..end);
    }
    let len = window.known_len();
    let may_end = match trailing {
        TrailingFormat::Zip => true,
        TrailingFormat::Any => len.is_some(),
        TrailingFormat::AfterSectors => match len {
            Some(len) => compound::has_trailing_bytes(window.head()?, len),
            None => false,
        },
        TrailingFormat::None
        | TrailingFormat::Pdf
        | TrailingFormat::UnlistedPdf
        | TrailingFormat::PdfInMail => false,
    };
    if may_end && zip::ends(window)? {
        sink.anomaly(Anomaly::Polyglot, Some(0));
        return sink.member(Member { name: Name::Unnamed("zip"), body: Body::Reparse(read_zip) });
    }
    if trailing == TrailingFormat::Zip
        && let Some(at) = after_pdf(window, sink.recognizer())?
    {
        return stored::rest(window, sink, "appended", at, Anomaly::TrailingData);
    }
    Ok(())
}

/// End-of-file marker of a PDF (ISO 32000-2 7.5.5).
const END_OF_PDF: &[u8] = b"%%EOF";
/// Bytes that are searched for the marker at once.
const PIECE: usize = 65_536;

/// Returns the offset of a file that follows a PDF. A PDF without `startxref` near its end is
/// searched as a whole, as its reader does; otherwise only the end that was read is searched.
fn after_pdf(window: &mut Window<'_>, recognizer: Recognizer) -> Result<Option<u64>> {
    let len = window.len();
    let mut at = match pdf::end(window)? {
        Some(end) => len.saturating_sub(to_u64(end.len())),
        None => 0,
    };
    let meter = window.meter();
    loop {
        let piece = window.up_to(at, PIECE)?;
        meter.charge(Limit::Steps, to_u64(piece.len()))?;
        let found = memchr::memmem::find_iter(piece, END_OF_PDF).find_map(|end| {
            let rest = piece.get(end.saturating_add(END_OF_PDF.len())..)?.trim_ascii_start();
            let head = rest.get(..HEAD.min(rest.len()))?;
            recognizer.begins_file(head).then_some(piece.len().saturating_sub(rest.len()))
        });
        if let Some(found) = found {
            return Ok(Some(at.saturating_add(to_u64(found))));
        }
        if piece.len() < PIECE {
            return Ok(None);
        }
        at = at.saturating_add(to_u64(PIECE.saturating_sub(HEAD)));
    }
}

/// Returns the offset of `startxref` of the PDF that begins at `at`, if the PDF ends with the
/// member.
fn second_pdf(trailing: TrailingFormat, at: usize, window: &mut Window<'_>) -> Result<Option<u64>> {
    let head = window.head()?.get(..at).unwrap_or_default().to_vec();
    // A part of a message follows an empty line, and the mail reader reports it.
    if trailing == TrailingFormat::PdfInMail
        && (head.ends_with(b"\n\n") || head.ends_with(b"\n\r\n"))
    {
        return Ok(None);
    }
    let len = window.len();
    let Some(end) = pdf::end(window)? else { return Ok(None) };
    if trailing == TrailingFormat::UnlistedPdf && zip::lists_stored(&head, at, end) {
        return Ok(None);
    }
    let startxref = memchr::memmem::rfind(end, b"startxref").unwrap_or_default();
    Ok(Some(len.saturating_sub(to_u64(end.len())).saturating_add(to_u64(startxref))))
}

fn read_pdf(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.anomaly(Anomaly::Polyglot, None);
    pdf::read(window, sink)
}

fn read_zip(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.anomaly(Anomaly::Polyglot, None);
    zip::read_at_end(window, sink)
}
