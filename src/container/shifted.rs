//! Files after a byte order mark, empty lines or zeros, which gateways and transfers insert.
//!
//! Office does not open such a document, but it is intact once those bytes are removed. It is
//! reported as a member.

use super::sink::Sink;
use super::{compound, gzip, mail, pdf, pfile, rpmsg, stored, tar, xrml_file};
use crate::bytes::to_u64;
use crate::error::Result;
use crate::kinds::{Anomaly, Container};
use crate::source::Window;

/// Zeros that may precede a file; white space may fill the head up to it.
const MOST: usize = 512;
/// The byte order marks of UTF-8 and UTF-16.
const MARKS: [&[u8]; 3] = [b"\xEF\xBB\xBF", b"\xFF\xFE", b"\xFE\xFF"];

/// Formats whose magic has at least three bytes, so that other files do not contain it there by
/// chance.
const FORMATS: [fn(&[u8]) -> bool; 6] = [
    compound::matches,
    pfile::begins,
    rpmsg::matches,
    mail::tnef::begins,
    gzip::matches,
    tar::matches,
];

/// Returns whether one of the formats begins after a mark and blanks.
pub(super) fn matches(head: &[u8]) -> bool {
    // Nearly every file begins otherwise.
    let is_possible = |first: &u8| is_blank(*first) || matches!(first, 0xEF | 0xFE | 0xFF);
    head.first().is_some_and(is_possible) && begin(head).is_some()
}

fn is_blank(byte: u8) -> bool {
    byte == 0 || byte.is_ascii_whitespace()
}

/// Returns the offset of the file after a mark and blanks.
fn begin(head: &[u8]) -> Option<usize> {
    let marked = MARKS.iter().find_map(|mark| head.strip_prefix(*mark)).unwrap_or(head);
    let is_marked = marked.len() < head.len();
    let blanks = marked.iter().take_while(|byte| is_blank(**byte)).count();
    let (before, rest) = marked.split_at_checked(blanks)?;
    if blanks > MOST && before.contains(&0) {
        return None;
    }
    let at = head.len().saturating_sub(rest.len());
    let is_file = FORMATS.iter().any(|matches| matches(rest));
    // A text license may begin with a mark and blanks, and a zero may belong to UTF-16.
    let is_license = || {
        (is_marked || head.starts_with(b"\0"))
            && !xrml_file::matches(head)
            && xrml_file::matches(rest)
    };
    (at > 0 && (is_file || is_license())).then_some(at)
}

/// Returns whether a PDF begins after more bytes than most readers of PDF skip.
pub(super) fn matches_late(head: &[u8]) -> bool {
    pdf::late_header_at(head).is_some()
}

pub(super) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let head = window.head()?;
    sink.container(Container::Other);
    let at = match (begin(head), pdf::late_header_at(head)) {
        (None, Some(at)) if pdf::is_quote(window, at)? => None,
        (at, late) => at.or(late),
    };
    let Some(at) = at.map(to_u64) else { return Ok(()) };
    stored::rest(window, sink, "content", at, Anomaly::NonSpecLayout)
}
