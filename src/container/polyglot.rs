//! Bytes that are two containers at once: one that begins them, and one that is known by where it
//! ends. Both are read, so that neither hides what the other protects.
//!
//! Looking costs ordinary files nothing: the head is read anyway, and so is the end of a PDF.
//! Behind a compound file something is looked for only if its size leaves room for it.

use super::{Anomaly, Body, Member, Name, Read, Sink, compound, pdf, zip};
use crate::bytes::wide;
use crate::error::Result;
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
        && is_second_pdf(second, at, window)?
    {
        return name(sink, "pdf", read_pdf, wide(at));
    }
    let len = window.known_len();
    let may_end = match second {
        Second::Zip => true,
        Second::Any => len.is_some(),
        Second::BehindSectors => match len {
            Some(len) => compound::has_more_behind(window.head()?, len),
            None => false,
        },
        Second::None | Second::Pdf | Second::UnlistedPdf => false,
    };
    if may_end && zip::ends(window)? {
        return name(sink, "zip", read_zip, 0);
    }
    Ok(())
}

/// Whether the `%PDF-` at `at` is that of a PDF which is the whole member.
fn is_second_pdf(second: Second, at: usize, window: &mut Window<'_>) -> Result<bool> {
    let head = window.head()?.get(..at).unwrap_or_default().to_vec();
    let Some(end) = pdf::end(window)? else { return Ok(false) };
    Ok(second != Second::UnlistedPdf || !zip::lists_stored(&head, at, end))
}

fn name(sink: &mut dyn Sink, name: &'static str, read: Read, at: u64) -> Result<()> {
    sink.anomaly(Anomaly::Polyglot, Some(at));
    sink.member(Member { name: Name::Unnamed(name), body: Body::Again(read) })
}

fn read_pdf(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.anomaly(Anomaly::Polyglot, None);
    pdf::read(window, sink)
}

fn read_zip(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.anomaly(Anomaly::Polyglot, None);
    zip::read_at_end(window, sink)
}
