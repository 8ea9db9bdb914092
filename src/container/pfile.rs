//! Generic protected files: `.pfile`, `.ptxt`, `.pjpg` and the like (MS-EFSR 2.2.2.3, whose
//! diagram leaves the license's length out; IPCF_PROTECTED_FILE_HEADER).
//!
//! ```text
//!   0  6  ".pfile"
//!   6  4  major        10  4  minor
//!  14  4  length C of the clear text, a notice for people     18  C  the notice
//!   o  4  header length (24 in 2.0, 40 or 48 since 2.1), o = 18 + C
//!   +4    extension offset, length      +12  publishing license offset, length
//!  +20    content offset                +24  original size (u64), metadata offset, length
//! ```

use super::label;
use crate::bytes::{Cursor, to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::sink::Sink;
use crate::error::{Error, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::limits::Limit;
use crate::source::{Ahead, Extent, Window};

const MAGIC: &[u8] = b".pfile";
/// Bytes up to the clear text.
const PREAMBLE: usize = 18;
/// Bytes of the header since version 2.1; version 2.0 ends 16 bytes before.
const HEADER: usize = 40;
const HEADER_2_0: usize = 24;
/// Microsoft's reader takes these major versions and no others.
const MAJOR: std::ops::RangeInclusive<u32> = 2..=3;
/// The longest XMP packet that is read for its label; real ones have 6 to 7 KB.
const MAX_METADATA: u32 = 65_536;

/// Bytes of a gap that are searched at once, and those that are searched again for a cut word.
const GAP_PIECE: u64 = 65_536;
const GAP_OVERLAP: u64 = 8;

const STRUCTURE: &str = "PFILE header";

pub(crate) fn matches(head: &[u8]) -> bool {
    let major = head.get(MAGIC.len()..).and_then(|rest| rest.first_chunk());
    let is_version = major.is_some_and(|major| MAJOR.contains(&u32::from_le_bytes(*major)));
    let damaged = || MAGIC.iter().zip(head).filter(|(wanted, found)| wanted != found).count();
    // A magic with one damaged letter counts too.
    head.starts_with(MAGIC) || is_version && damaged() <= 1
}

/// Returns whether `head` begins with the magic and a version, both undamaged.
pub(crate) fn begins(head: &[u8]) -> bool {
    head.starts_with(MAGIC) && matches(head)
}

/// The header's fields that matter, by their names in MS-EFSR.
struct PfileHeader {
    license: Extent,
    content: u32,
    metadata: Option<(u32, u32)>,
    at: u64,
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Pfile);
    // Windows Information Protection writes the same magic; only the license tells.
    sink.protection(Protection::Unknown);
    let header = read_header(window)?;
    let license_end = header.license.end();
    if header.license.len == 0 {
        return Err(Error::malformed(
            ErrorCode::LicenseMissing,
            STRUCTURE,
            header.at.checked_add(16),
            "the publishing license has no bytes",
        ));
    }
    if header.license.offset < to_u64(PREAMBLE) || u64::from(header.content) < license_end {
        sink.anomaly(Anomaly::NonSpecLayout, Some(header.at));
    }
    if let Err(error) = sink.license_at(window, &[header.license]) {
        return Err(named(error, window, sink, header.license.offset));
    }
    stray_text(window, sink, &header)?;
    let wanted = sink.options();
    if wanted.labels || wanted.evidence {
        read_label(window, sink, &header)?;
    }
    if u64::from(header.content) > window.len() {
        let detail = "the content begins after the end of the file";
        sink.incomplete(Error::truncated(STRUCTURE, window.len(), detail));
    }
    Ok(())
}

/// Encodings of `XrML`: UTF-8, UTF-16, and base64 of both. The base64 of a word depends on its
/// offset in a group of three bytes, so there are three forms of each, without the letters that
/// neighboring bytes change.
const STRAYS: [&[u8]; 8] =
    [b"XrML", b"X\0r\0M\0L", b"WHJNT", b"hyTU", b"Yck1M", b"WAByAE0AT", b"gAcgBNAE", b"YAHIATQBM"];

/// Searches the metadata and all bytes before the content, except for the license, for the text of
/// another license.
fn stray_text(window: &mut Window<'_>, sink: &mut dyn Sink, header: &PfileHeader) -> Result<()> {
    let end = window.len();
    let content = u64::from(header.content).min(end);
    // Metadata may follow the content.
    let metadata = header.metadata.map_or(end..end, |(at, len)| {
        let at = u64::from(at);
        at.max(content)..at.saturating_add(u64::from(len)).min(end)
    });
    let license = header.license;
    let others = [to_u64(PREAMBLE)..license.offset.min(content), license.end()..content, metadata];
    for other in others {
        let mut at = other.start;
        while at < other.end {
            let len = other.end.saturating_sub(at).min(GAP_PIECE);
            let piece = window.read("PFILE", at, to_usize(len).unwrap_or(0), Ahead::Nothing)?;
            let has_text = |word: &&[u8]| memchr::memmem::find(piece, word).is_some();
            let is_stray = STRAYS.iter().any(has_text);
            window.meter().charge(Limit::Steps, len)?;
            if is_stray {
                sink.anomaly(Anomaly::StrayLicenseText, Some(at));
                return Ok(());
            }
            // The pieces overlap, because their ends may cut a word.
            at = if len < GAP_PIECE {
                other.end
            } else {
                at.saturating_add(GAP_PIECE - GAP_OVERLAP)
            };
        }
    }
    Ok(())
}

/// Replaces the error about a license that is not XrML. Windows Information Protection writes such
/// files, but the license may also be a damaged one, so the file stays undecided.
fn named(error: Error, window: &mut Window<'_>, sink: &mut dyn Sink, at: u64) -> Error {
    let head = window.up_to(at, 8).unwrap_or_default();
    let is_text = matches!(
        head,
        [b'<', ..]
            | [0xEF, 0xBB, 0xBF, b'<', ..]
            | [0xFF, 0xFE, b'<', ..]
            | [0, b'<', ..]
            | [0xFE, 0xFF, 0, b'<', ..]
    );
    if error.code() != ErrorCode::LicenseUnreadable || is_text {
        return error;
    }
    sink.evidence("PFILE license", "no XrML, as Windows Information Protection has it", Some(at));
    let detail = "it is no XrML: a damaged license, or Windows Information Protection";
    Error::malformed(ErrorCode::LicenseUnreadable, "publishing license", at, detail)
}

fn read_header(window: &mut Window<'_>) -> Result<PfileHeader> {
    let mut cursor = Cursor::new(STRUCTURE, window.read(STRUCTURE, 0, PREAMBLE, Ahead::Block)?, 0);
    cursor.skip(MAGIC.len(), "magic")?;
    let major = cursor.u32_le("major version")?;
    let minor = cursor.u32_le("minor version")?;
    let notice = cursor.u32_le("clear text length")?;
    if !MAJOR.contains(&major) {
        let detail = format!("version {major}.{minor} is not known");
        return Err(Error::malformed(ErrorCode::MalformedPfileHeader, STRUCTURE, 6, detail));
    }
    let at = to_u64(PREAMBLE).saturating_add(u64::from(notice));
    let long = major > 2 || minor >= 1;
    let len = if long { HEADER } else { HEADER_2_0 };
    let mut cursor = Cursor::new(STRUCTURE, window.read(STRUCTURE, at, len, Ahead::Block)?, at);
    let header_len = cursor.u32_le("header length")?;
    if to_usize(u64::from(header_len)).is_none_or(|header_len| header_len < len) {
        let detail =
            format!("a header of {header_len} bytes is too short for version {major}.{minor}");
        return Err(Error::malformed(ErrorCode::MalformedPfileHeader, STRUCTURE, at, detail));
    }
    cursor.skip(8, "extension")?;
    let offset = cursor.u32_le("publishing license offset")?;
    let length = cursor.u32_le("publishing license length")?;
    let content = cursor.u32_le("content offset")?;
    let metadata = if long {
        cursor.skip(8, "original file size")?;
        Some((cursor.u32_le("metadata offset")?, cursor.u32_le("metadata length")?))
    } else {
        None
    };
    let license = Extent { offset: u64::from(offset), len: u64::from(length) };
    Ok(PfileHeader { license, content, metadata, at })
}

fn read_label(window: &mut Window<'_>, sink: &mut dyn Sink, header: &PfileHeader) -> Result<()> {
    let Some((offset, len)) = header.metadata.filter(|(_, len)| *len > 0) else { return Ok(()) };
    let len = to_usize(u64::from(len.min(MAX_METADATA))).unwrap_or(0);
    let meter = window.meter();
    meter.charge(Limit::Steps, to_u64(len))?;
    let packet = window.read("PFILE metadata", u64::from(offset), len, Ahead::Nothing)?;
    if let Some(label) = label::xmp(packet, meter)? {
        sink.label(label);
    }
    Ok(())
}
