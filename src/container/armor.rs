//! Files in base64 within a text, as people paste them: OpenPGP in ASCII armor (RFC 9580 6.2),
//! which is not opened, CMS in PEM (RFC 7468), and files of a known format, which are read.

use super::cms::{self, LABELS, PEM, PEM_END};
use super::mail::eml::begin;
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::container::name::Name;
use crate::container::recognizer::Recognizer;
use crate::container::sink::{Body, Member, Sink};
use crate::error::{Error, Result};
use crate::kinds::{Container, Protection};
use crate::source::{Encoding, Extent, UNKNOWN_SIZE, Window, head_of};

const PGP: &[u8] = b"PGP MESSAGE";
/// Bytes of blanks and quotation marks that may precede each line.
const MOST_INDENT: usize = 16;
/// Lines after the first one that are searched for armor, and bytes of such a line. A text that
/// only mentions the first line contains no armor.
const LINES: usize = 16;
const LINE: usize = 48;
/// Length of a head that may not be the whole file, and bytes of armor that its end may cut.
const LONG: usize = 4000;
const CUT: usize = 200;

/// Label of other armor: the base64 of a file of a known format, as `certutil -encode` writes it.
const FILE: &[u8] = b"file";
/// Letters of base64 at the beginning of a text that consists of base64.
const FIRST_LETTERS: usize = 40;
/// Letters that are decoded to recognize a file.
const DECODED: usize = 5600;

/// Returns the offset of a message in the head, and its label.
fn message(head: &[u8], recognizer: Recognizer) -> Option<(usize, &'static [u8])> {
    for at in memchr::memmem::find_iter(head, PEM) {
        let (before, armor) = head.split_at_checked(at)?;
        let text = armor.get(PEM.len()..)?;
        // Signed text, keys and certificates contain no file.
        let mut labels = [PGP].into_iter().chain(LABELS);
        let known = labels.find(|label| text.starts_with(label));
        let label = known.or_else(|| is_file(body(text)?, recognizer).then_some(FILE));
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
        || head_len >= LONG && text.len() < CUT && memchr::memmem::find(text, PEM_END).is_none()
}

/// Returns the text after the first line.
fn body(text: &[u8]) -> Option<&[u8]> {
    text.get(memchr::memchr(b'\n', text)?..)
}

/// Returns whether the base64 at the beginning of a text is that of a file with a distinctive
/// magic. CMS is read under any label.
fn is_file(base64: &[u8], recognizer: Recognizer) -> bool {
    let end = memchr::memchr(b'-', base64).unwrap_or(base64.len()).min(DECODED);
    let decoded = base64.get(..end).and_then(|letters| head_of(Encoding::Base64, letters));
    decoded.is_some_and(|decoded| recognizer.is_firmly_known(&decoded) && !cms::matches(&decoded))
}

pub(super) fn matches(head: &[u8], recognizer: Recognizer) -> bool {
    message(head, recognizer).is_some()
}

/// Returns whether armor begins the text.
pub(super) fn matches_first(head: &[u8], recognizer: Recognizer) -> bool {
    begin(head).starts_with(b"-") && matches(head, recognizer)
}

/// Returns whether a text is the base64 of a file.
pub(super) fn matches_bare(head: &[u8], recognizer: Recognizer) -> bool {
    let text = begin(head);
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let is_base64 = |first: &[u8; FIRST_LETTERS]| first.iter().all(is_letter);
    text.first_chunk().is_some_and(is_base64) && is_file(text, recognizer)
}

/// Reads what [`matches_bare`] recognizes.
pub(super) fn read_bare(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    member(Extent { offset: 0, len: window.known_len().unwrap_or(UNKNOWN_SIZE) }, sink)
}

fn member(base64: Extent, sink: &mut dyn Sink) -> Result<()> {
    let body = Body::Encoded { extents: vec![base64], encoding: Encoding::Base64, size: None };
    sink.member(Member { name: Name::Unnamed("content"), body })
}

pub(super) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let head = window.head()?;
    match message(head, sink.recognizer()) {
        Some((at, PGP)) => {
            sink.container(Container::Other);
            sink.protection(Protection::Unknown);
            Err(Error::unsupported(ErrorCode::ArchiveNotOpened, "archive", to_u64(at), "pgp"))
        }
        Some((at, FILE)) => {
            sink.container(Container::Other);
            let line = head.get(at..).and_then(|armor| memchr::memchr(b'\n', armor));
            let begin = to_u64(at.saturating_add(line.unwrap_or_default()));
            let end = cms::find(window, begin, PEM_END)?;
            member(Extent { offset: begin, len: end.saturating_sub(begin) }, sink)
        }
        _ => cms::read_base64(window, sink),
    }
}
