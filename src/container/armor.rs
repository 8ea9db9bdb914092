//! Messages in ASCII armor within a text, as people paste them: OpenPGP (RFC 9580 6.2), which is not
//! opened, and CMS in PEM (RFC 7468), which is read.

use super::{Container, Protection, Sink, cms};
use crate::bytes::wide;
use crate::error::{Error, Result};
use crate::source::Window;

const BEGIN: &[u8; 11] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const PGP: &[u8] = b"PGP MESSAGE";
/// The labels of messages. What is signed only, keys and certificates hold no file.
const LABELS: [&[u8]; 4] = [PGP, b"PKCS7", b"PKCS #7", b"CMS"];
/// Bytes of blanks and quotation marks that may precede each line.
const MOST_INDENT: usize = 16;
/// Lines behind the first one of which one has to be armor, and its bytes: a text that only mentions
/// the first line has none.
const LINES: usize = 16;
const LINE: usize = 48;
/// Bytes of a head behind which the file may go on, and of the armor that it may have cut.
const LONG: usize = 4000;
const CUT: usize = 200;

/// Returns the offset of a message in the head, and its label.
fn message(head: &[u8]) -> Option<(usize, &'static [u8])> {
    for at in memchr::memmem::find_iter(head, BEGIN) {
        let (before, armor) = head.split_at_checked(at)?;
        let text = armor.get(BEGIN.len()..)?;
        let label = LABELS.into_iter().find(|label| text.starts_with(label));
        if let Some(label) = label.filter(|_| begins_line(before) && has_lines(text, head.len())) {
            return Some((at, label));
        }
    }
    None
}

fn begins_line(before: &[u8]) -> bool {
    let indent = before.iter().rev().take(MOST_INDENT);
    let indent = indent.take_while(|byte| matches!(byte, b' ' | b'\t' | b'>')).count();
    let rest = before.get(..before.len().saturating_sub(indent)).unwrap_or_default();
    matches!(rest.last(), None | Some(b'\n' | b'\r'))
}

/// Returns whether a line of base64 follows, or the head ends before it could.
fn has_lines(text: &[u8], head_len: usize) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let is_armor = |line: &[u8]| line.len() >= LINE && line.iter().all(is_letter);
    let mut lines = text.split(|byte| *byte == b'\n').skip(1).take(LINES);
    let is_indent = |byte: &u8| matches!(byte, b' ' | b'\t' | b'>');
    let trimmed = |line: &[u8]| -> usize { line.iter().take_while(|it| is_indent(it)).count() };
    lines.any(|line| is_armor(line.get(trimmed(line)..).unwrap_or_default().trim_ascii_end()))
        || head_len >= LONG && text.len() < CUT && memchr::memmem::find(text, END).is_none()
}

pub(super) fn matches(head: &[u8]) -> bool {
    message(head).is_some()
}

pub(super) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    match message(window.head()?) {
        Some((at, PGP)) => {
            sink.container(Container::Other);
            sink.protection(Protection::Unknown);
            Err(Error::unsupported("archive-not-opened", "archive", wide(at), "pgp"))
        }
        _ => cms::read_base64(window, sink),
    }
}
