//! Bytes that are two containers at once: one that begins them, and one that is known by where it
//! ends. Both are read, so that neither hides what the other protects.
//!
//! Looking costs ordinary files nothing: the head is read anyway, and so is the end of a PDF.
//! Behind a compound file something is looked for only if its size leaves room for it.

use super::{Body, Member, Name, Sink, begins_file, compound, pdf, stored, zip};
use crate::bytes::to_u64;
use crate::error::Result;
use crate::kinds::Anomaly;
use crate::limits::Limit;
use crate::source::Window;

/// What a member may be besides the format that begins it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Second {
    /// Nothing that anybody looks for.
    None,
    /// A PDF, whose header may stand behind up to 1024 other bytes.
    Pdf,
    /// A PDF, but not one that an archive holds as it is.
    UnlistedPdf,
    /// A PDF that does not begin a part of a message.
    PdfInMail,
    /// An archive.
    Zip,
    /// Either.
    Any,
    /// Either, the archive behind the last sector of a compound file.
    BehindSectors,
}

/// Names the second container of a member that begins like a known format.
pub(super) fn look(second: Second, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    if !matches!(second, Second::None | Second::Zip)
        && let Some(at) = pdf::header_at(window.head()?)
        && let Some(end) = second_pdf(second, at, window)?
    {
        let body = Body::Again(read_pdf);
        return sink.second_pdf(Member { name: Name::Unnamed("pdf"), body }, to_u64(at)..end);
    }
    let len = window.known_len();
    let may_end = match second {
        Second::Zip => true,
        Second::Any => len.is_some(),
        Second::BehindSectors => match len {
            Some(len) => compound::has_more_behind(window.head()?, len),
            None => false,
        },
        Second::None | Second::Pdf | Second::UnlistedPdf | Second::PdfInMail => false,
    };
    if may_end && zip::ends(window)? {
        sink.anomaly(Anomaly::Polyglot, Some(0));
        return sink.member(Member { name: Name::Unnamed("zip"), body: Body::Again(read_zip) });
    }
    if second == Second::Zip
        && let Some(at) = behind_pdf(window)?
    {
        return stored::rest(window, sink, "appended", at, Anomaly::TrailingData);
    }
    Ok(())
}

/// What ends a PDF (ISO 32000-2 7.5.5).
const END_OF_PDF: &[u8] = b"%%EOF";
/// Bytes that are searched for it at once, and those of them by which a file behind it is known.
const PIECE: usize = 65_536;
const HEAD: usize = 4096;

/// Returns where a file begins behind a PDF. Without `startxref` near its end the PDF is searched
/// through in any case, and here too; with it, what follows is no longer than the end that is read.
fn behind_pdf(window: &mut Window<'_>) -> Result<Option<u64>> {
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
            begins_file(head).then_some(piece.len().saturating_sub(rest.len()))
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

/// Returns where the PDF that begins at `at` says how it is read, if it ends where the member does.
fn second_pdf(second: Second, at: usize, window: &mut Window<'_>) -> Result<Option<u64>> {
    let head = window.head()?.get(..at).unwrap_or_default().to_vec();
    // A part of a message begins behind an empty line, and is read by its own reader.
    if second == Second::PdfInMail && (head.ends_with(b"\n\n") || head.ends_with(b"\n\r\n")) {
        return Ok(None);
    }
    let len = window.len();
    let Some(end) = pdf::end(window)? else { return Ok(None) };
    if second == Second::UnlistedPdf && zip::lists_stored(&head, at, end) {
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
