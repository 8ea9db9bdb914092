//! Recognizes text that quotes a part of a PDF, for example pages about the format.

use crate::bytes::to_u64;
use crate::container::pdf::layout::{SEARCH_MARKERS, SEARCH_OVERLAP, SEARCH_PIECE};
use crate::error::Result;
use crate::limits::Limit;
use crate::source::Window;

/// The length of the longest text that is searched.
const MOST: u64 = 1 << 20;
/// Keywords of the structure of a PDF, and of streams that can hide objects. No reader accepts a
/// file that contains none of them as a PDF.
const STRUCTURE: [&[u8]; 5] = [b"trailer", b"startxref", b"XRef", b"ObjStm", b"Encrypt"];

/// Returns whether text precedes the header of a PDF at `at`, and the whole member is text without
/// the structure of a PDF and without markers.
pub(crate) fn is_quote(window: &mut Window<'_>, at: usize) -> Result<bool> {
    let before = window.head()?.get(..at).unwrap_or_default();
    if before.trim_ascii().is_empty() || !is_text(before) {
        return Ok(false);
    }
    let meter = window.meter();
    let mut position: u64 = 0;
    while position < MOST {
        let piece = window.up_to(position, SEARCH_PIECE)?;
        meter.charge(Limit::Steps, to_u64(piece.len()))?;
        let mut words = STRUCTURE.iter().chain(&SEARCH_MARKERS);
        if !is_text(piece) || words.any(|word| memchr::memmem::find(piece, word).is_some()) {
            return Ok(false);
        }
        if piece.len() < SEARCH_PIECE {
            return Ok(true);
        }
        position = position.saturating_add(to_u64(SEARCH_PIECE.saturating_sub(SEARCH_OVERLAP)));
    }
    Ok(false)
}

/// Returns whether the bytes contain no control characters but white space.
fn is_text(bytes: &[u8]) -> bool {
    !bytes.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace())
}
