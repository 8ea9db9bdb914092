//! Text that is transferred in base64 or quoted-printable (RFC 2045, 6.7 and 6.8): encoded files in
//! it are only visible in the decoded text.

use super::attachment_hints::AttachmentHints;
use super::header::CHUNK;
use crate::bytes::{to_u64, to_usize};
use crate::container::recognizer::Recognizer;
use crate::error::Result;
use crate::limits::Limit;
use crate::source::{Encoding, Window, decode_all};

/// Decoded bytes that two pieces share, so that few of the [`AttachmentHints`] are cut.
const OVERLAP: usize = 1024;

/// Returns the encoding of a file in the decoded text between two offsets.
pub(super) fn encoded_file(
    window: &mut Window<'_>,
    from: u64,
    to: u64,
    encoding: Encoding,
    recognizer: Recognizer,
) -> Result<Option<&'static str>> {
    let mut hints = AttachmentHints::default();
    let mut text = Vec::new();
    let mut position = from;
    while position < to && hints.encoded.is_none() {
        let len = to_usize(to.saturating_sub(position)).unwrap_or(CHUNK).min(CHUNK);
        let raw = window.up_to(position, len)?;
        let is_last = raw.len() < CHUNK;
        let used = if is_last { raw.len() } else { whole_len(encoding, raw) };
        let piece = raw.get(..used).unwrap_or_default();
        // Neither encoding has fewer bytes than the text.
        let decoded = decode_all(encoding, piece, to_u64(CHUNK))?;
        #[allow(clippy::disallowed_methods)] // at most CHUNK
        text.extend_from_slice(&decoded);
        hints.look(&text, position == from, recognizer);
        text.drain(..text.len().saturating_sub(OVERLAP));
        window.meter().charge(Limit::Steps, to_u64(used).wrapping_shr(2).max(1))?;
        if is_last {
            break;
        }
        position = position.saturating_add(to_u64(used));
    }
    Ok(hints.encoded)
}

/// Returns the number of leading bytes that can be decoded without those that follow.
fn whole_len(encoding: Encoding, raw: &[u8]) -> usize {
    if encoding != Encoding::Base64 {
        let line = memchr::memrchr(b'\n', raw).map(|at| at.saturating_add(1));
        return line.unwrap_or(raw.len());
    }
    let (mut letters, mut whole): (usize, usize) = (0, 0);
    for (at, byte) in raw.iter().enumerate() {
        match byte {
            b'=' => letters = 0,
            b'+' | b'/' => letters = letters.saturating_add(1),
            _ if byte.is_ascii_alphanumeric() => letters = letters.saturating_add(1),
            _ => continue,
        }
        if letters.is_multiple_of(4) {
            whole = at.saturating_add(1);
        }
    }
    if whole == 0 { raw.len() } else { whole }
}
