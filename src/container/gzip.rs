//! Compressed file (RFC 1952). It has one or several members, whose decoded bytes together are the
//! file. Only inflating a member shows where it ends, so the whole file is inflated.

use flate2::{Crc, Status};

use crate::bytes::{Cursor, to_u64, to_usize, utf8_lossy};
use crate::code::ErrorCode;
use crate::container::name::Name;
use crate::container::recognizer::Recognizer;
use crate::container::sink::{Body, Member, Sink};
use crate::error::{Error, Result};
use crate::kinds::{Container, Protection};
use crate::limits::{Limit, Meter};
use crate::source::{Encoding, Extent, HEAD, Inflated, Inflater, UNKNOWN_SIZE, Window, head_of};

/// `ID1`, `ID2`, and `CM` for deflate, RFC 1952 2.3.1.
const MAGIC: &[u8] = b"\x1F\x8B\x08";
/// Bytes up to the optional fields: magic, flags, time, `XFL`, `OS`.
const FIXED: usize = 10;
/// Bits of `FLG`, which declare optional fields.
const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const FILE_NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
/// Bytes within which the optional fields end; `FEXTRA` may be longer, but no program writes that.
const HEADER: usize = 4096;
/// `CRC32` and `ISIZE`.
const TRAILER: u64 = 8;
/// Bytes that are read and inflated at once.
const PIECE: usize = 16_384;
/// Inflated bytes before the limit of the ratio applies.
const SLACK: u64 = 1 << 20;
/// Bytes of memory that are charged for each member.
const MEMBER: u64 = 128;

pub(crate) fn matches(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// A member of the file, RFC 1952 2.2.
struct GzipMember {
    name: Option<String>,
    /// Extent of the deflated bytes.
    extent: Extent,
    /// Whether the decoded bytes begin a known format that no text resembles.
    is_firmly_known: bool,
    is_empty: bool,
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    sink.protection(Protection::Unknown);
    let mut found = Vec::new();
    let mut head = Vec::new();
    let recognizer = sink.recognizer();
    let ended = members(window, &mut found, &mut head, recognizer);
    if found.is_empty() {
        first_alone(window, sink)?;
    } else {
        report_members(found, recognizer.is_known(&head), sink)?;
    }
    ended?;
    sink.protection(Protection::None);
    Ok(())
}

/// Reports all members together as one file if its format is known (`is_known`), and each further
/// member that begins a known format.
fn report_members(found: Vec<GzipMember>, is_known: bool, sink: &mut dyn Sink) -> Result<()> {
    // After empty members, the first member with bytes is the whole file.
    let begins = found.iter().position(|packed| !packed.is_empty).unwrap_or_default();
    let is_separate = begins > 0 && found.get(begins).is_some_and(|it| it.is_firmly_known);
    let is_known = is_known && !is_separate;
    let mut together = Some(found.iter().map(|packed| packed.extent).collect::<Vec<_>>());
    for packed in found {
        let extents = together.take();
        let is_first = extents.is_some();
        if !(is_first && is_known || packed.is_firmly_known) {
            continue;
        }
        let (extents, encoding) = match extents {
            Some(extents) if extents.len() > 1 => (extents, Encoding::Deflates),
            _ => (vec![packed.extent], Encoding::Deflate),
        };
        let body = Body::Encoded { extents, encoding, size: None };
        let name = packed.name.map_or(Name::Unnamed("member"), Name::Named);
        sink.member(Member { name, body })?;
    }
    Ok(())
}

/// Reports the first member if its end was not found.
fn first_alone(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let (name, start) = header(window.up_to(0, HEADER)?)?;
    let head = head_of(Encoding::Deflate, window.up_to(start, HEAD)?);
    if head.is_none_or(|head| sink.recognizer().is_known(&head)) {
        let end = window.known_len().unwrap_or(UNKNOWN_SIZE);
        let extents = vec![Extent { offset: start, len: end.saturating_sub(start) }];
        let body = Body::Encoded { extents, encoding: Encoding::Deflate, size: None };
        let name = name.map_or(Name::Unnamed("member"), Name::Named);
        sink.member(Member { name, body })?;
    }
    Ok(())
}

/// Inflates the file to its end. Adds the members to `found`, and the first decoded bytes of the
/// file to `together`.
fn members(
    window: &mut Window<'_>,
    found: &mut Vec<GzipMember>,
    together: &mut Vec<u8>,
    recognizer: Recognizer,
) -> Result<()> {
    let mut spent = InflatedBytes::default();
    let mut at: u64 = 0;
    // Damage to the first bytes may hide the format, so a wrong checksum is an error.
    let mut damage = None;
    loop {
        let bytes = window.up_to(at, HEADER)?;
        if !matches(bytes) {
            check_padding(window, at)?;
            return damage.map_or(Ok(()), Err);
        }
        let (name, len) = header(bytes).map_err(|error| shifted(error, at))?;
        let start = at.saturating_add(len);
        let (len, head, sum) = stream(window, start, &mut spent)?;
        let end = start.saturating_add(len);
        at = end.saturating_add(TRAILER);
        window.meter().charge(Limit::Allocation, MEMBER)?;
        let trailer = to_usize(TRAILER).unwrap_or_default();
        let trailer = window.up_to(end, trailer)?;
        let has_trailer = to_u64(trailer.len()) == TRAILER;
        if trailer != [sum.sum().to_le_bytes(), sum.amount().to_le_bytes()].concat() {
            let detail = "CRC32 or ISIZE does not match the decoded bytes";
            damage.get_or_insert(Error::malformed(ErrorCode::MalformedGzip, "gzip", end, detail));
        }
        let missing = HEAD.saturating_sub(together.len()).min(head.len());
        #[allow(clippy::disallowed_methods)] // at most HEAD
        together.extend_from_slice(head.get(..missing).unwrap_or_default());
        found.push(GzipMember {
            name,
            extent: Extent { offset: start, len },
            is_firmly_known: recognizer.is_firmly_known(&head),
            is_empty: head.is_empty(),
        });
        if !has_trailer {
            return Err(Error::truncated("gzip", end, "no CRC32, no ISIZE"));
        }
    }
}

/// Adds `at` to the offset of an error.
fn shifted(error: Error, at: u64) -> Error {
    let offset = error.offset().map(|offset| offset.saturating_add(at));
    error.with_offset(offset)
}

/// Encoded and decoded bytes until now.
#[derive(Default)]
struct InflatedBytes {
    taken: u64,
    given: u64,
}

/// Inflates the stream at `start`. Returns its encoded length, its first decoded bytes, and its
/// checksum.
fn stream(
    window: &mut Window<'_>,
    start: u64,
    spent: &mut InflatedBytes,
) -> Result<(u64, Vec<u8>, Crc)> {
    let mut sum = Crc::new();
    let mut state = Inflater::bare();
    let mut head = Vec::new();
    let mut out = [0; PIECE];
    loop {
        let at = start.saturating_add(state.total_in());
        let input = window.up_to(at, PIECE)?;
        let Inflated { taken, given, status } = state.inflate(input, &mut out);
        let is_at_end = input.is_empty();
        charge(window.meter(), spent, taken, given)?;
        let begun = to_usize(given).and_then(|given| out.get(..given)).unwrap_or_default();
        sum.update(begun);
        let wanted = HEAD.saturating_sub(head.len()).min(begun.len());
        #[allow(clippy::disallowed_methods)] // at most HEAD
        head.extend_from_slice(begun.get(..wanted).unwrap_or_default());
        match status {
            Ok(Status::StreamEnd) => return Ok((state.total_in(), head, sum)),
            Ok(_) if taken > 0 || given > 0 => {}
            Ok(_) if is_at_end => {
                return Err(Error::truncated("gzip", at, "the stream has no end"));
            }
            _ => {
                let detail = "the stream does not inflate";
                return Err(Error::malformed(ErrorCode::MalformedDeflate, "gzip", at, detail));
            }
        }
    }
}

/// Charges decoding to the same budgets as `source::decode`.
fn charge(meter: &Meter, spent: &mut InflatedBytes, taken: u64, given: u64) -> Result<()> {
    spent.taken = spent.taken.saturating_add(taken);
    spent.given = spent.given.saturating_add(given);
    // An empty stream must not be free.
    meter.charge(Limit::Steps, given.wrapping_shr(3).saturating_add(64))?;
    meter.charge(Limit::Inflated, given)?;
    let ratio = meter.allowed(Limit::Ratio);
    if spent.given > spent.taken.saturating_mul(ratio).saturating_add(SLACK) {
        return Err(Limit::Ratio.error(ratio));
    }
    Ok(())
}

/// Checks that only zeros follow the last member. Tapes pad files with zeros.
fn check_padding(window: &mut Window<'_>, mut at: u64) -> Result<()> {
    loop {
        let piece = window.up_to(at, PIECE)?;
        if piece.is_empty() {
            return Ok(());
        }
        let len = to_u64(piece.len());
        if piece.iter().any(|byte| *byte != 0) {
            let detail = "other data than a member follows its last member";
            return Err(Error::malformed(ErrorCode::MalformedGzip, "gzip", at, detail));
        }
        window.meter().charge(Limit::Steps, len)?;
        at = at.saturating_add(len);
    }
}

/// Returns the name of the file and the length of the header.
fn header(bytes: &[u8]) -> Result<(Option<String>, u64)> {
    let mut cursor = Cursor::new("gzip header", bytes, 0);
    cursor.skip(MAGIC.len(), "ID1, ID2, CM")?;
    let flags = cursor.u8("FLG")?;
    cursor.skip(FIXED.saturating_sub(4), "MTIME, XFL, OS")?;
    if flags & EXTRA != 0 {
        let len = cursor.u16_le("XLEN")?;
        cursor.skip(usize::from(len), "FEXTRA")?;
    }
    let mut name = None;
    for (flag, field) in [(FILE_NAME, "FNAME"), (COMMENT, "FCOMMENT")] {
        if flags & flag == 0 {
            continue;
        }
        let text = cursor.text(field)?;
        if flag == FILE_NAME && !text.is_empty() {
            name = Some(utf8_lossy(text).into_owned());
        }
    }
    if flags & HEADER_CRC != 0 {
        cursor.skip(2, "CRC16")?;
    }
    Ok((name, to_u64(bytes.len().saturating_sub(cursor.rest().len()))))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests {
    use crate::container::zip::tests::{deflated_bytes, found, inspect, protected};
    use crate::{Protection, Report};

    const HEADER: &[u8] = b"\x1F\x8B\x08\0\0\0\0\0\0\x03";

    fn member(header: &[u8], bytes: &[u8]) -> Vec<u8> {
        let mut sum = super::Crc::new();
        sum.update(bytes);
        let trailer = [sum.sum().to_le_bytes(), sum.amount().to_le_bytes()].concat();
        [header, &deflated_bytes(bytes), &trailer].concat()
    }

    fn code(report: &Report) -> Option<&'static str> {
        report.findings().next().unwrap().error().map(|error| error.code().as_str())
    }

    #[test]
    fn every_member_is_inspected() {
        let named = b"\x1F\x8B\x08\x08\0\0\0\0\0\x03m.rpmsg\0";
        let full = b"\x1F\x8B\x08\x1E\0\0\0\0\0\x03\x02\0xx\0comment\0cc";
        let (text, file) = (member(HEADER, b"text"), protected());
        let (begin, end) = file.split_at(file.len() / 3);
        type ReportCase<'c> = (&'c str, Vec<Vec<u8>>, &'c [&'c str]);
        let cases: [ReportCase<'_>; 7] = [
            ("named", vec![member(named, &file)], &["m.rpmsg"]),
            ("all fields", vec![member(full, &file)], &["member#1"]),
            ("text", vec![text.clone()], &[]),
            ("after text", vec![text.clone(), member(named, &file)], &["m.rpmsg"]),
            (
                "after an empty member",
                vec![member(HEADER, b""), member(named, &file)],
                &["m.rpmsg"],
            ),
            ("in pieces", vec![member(named, begin), member(HEADER, end)], &["m.rpmsg"]),
            ("padded", vec![member(named, &file), vec![0; 70_000]], &["m.rpmsg"]),
        ];
        for (case, members, expected) in cases {
            let report = inspect(&members.concat());
            assert_eq!(found(&report), expected, "{case}");
            assert_eq!(code(&report), None, "{case}");
        }
        let twice = [member(named, &file), member(named, &file)].concat();
        assert_eq!(found(&inspect(&twice)), ["m.rpmsg", "m.rpmsg#2"]);
    }

    #[test]
    fn unreadable_gzip_is_reported() {
        let (text, file) = (member(HEADER, b"text"), member(HEADER, &protected()));
        let bomb = member(HEADER, &vec![0; 8 << 20]);
        type ErrorCase<'c> = (&'c str, Vec<u8>, &'c str, &'c [&'c str]);
        let cases: [ErrorCase<'_>; 7] = [
            ("followed by junk", [&file[..], b"junk"].concat(), "malformed-gzip", &["member#1"]),
            ("cut", text[..text.len() - 9].to_vec(), "truncated", &[]),
            ("no trailer", text[..text.len() - 1].to_vec(), "truncated", &[]),
            (
                "cut in the second member",
                [&file[..], &text[..12]].concat(),
                "truncated",
                &["member#1"],
            ),
            ("no header", [&text[..], &HEADER[..5]].concat(), "truncated", &[]),
            ("no deflate", [HEADER, &[0xFF; 40]].concat(), "malformed-deflate", &[]),
            ("a bomb", [&bomb[..], &file].concat(), "limit-ratio", &[]),
        ];
        for (case, bytes, expected, members) in cases {
            let report = inspect(&bytes);
            assert_eq!(code(&report), Some(expected), "{case}");
            assert_eq!(found(&report), members, "{case}");
            assert_ne!(report.worst(), Protection::None, "{case}");
        }
    }
}
