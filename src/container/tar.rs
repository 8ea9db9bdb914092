//! Tape archives (POSIX.1-2017 `pax`, GNU tar, and tar of Unix V7): headers of one block each,
//! followed by the stored bytes of the member.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::bytes::{to_u64, to_usize, utf8_lossy};
use crate::code::ErrorCode;
use crate::container::name::named;
use crate::container::sink::{Body, Member, Sink};
use crate::container::stored::stored;
use crate::error::{Error, Result};
use crate::kinds::Container;
use crate::limits::Limit;
use crate::source::{Ahead, Extent, Window};

/// Bytes of a block. A header is one block, and members are padded to whole blocks.
const BLOCK: u64 = to_u64(HEADER);
const HEADER: usize = 512;
/// Offset of `magic`.
const MAGIC_AT: usize = 257;
const MAGIC: &[u8] = b"ustar";
/// `magic` with `version`, of POSIX and of GNU tar.
const MAGICS: [&[u8]; 2] = [b"ustar\x0000", b"ustar  \0"];
/// Its offsets if up to 16 bytes are missing before it, or up to a block and 16 bytes were
/// inserted.
const MOVED_MAGIC: std::ops::Range<usize> = 241..793;
/// `name`, `size`, `chksum`, `prefix`.
const NAME: std::ops::Range<usize> = 0..100;
const SIZE: std::ops::Range<usize> = 124..136;
/// `mode`, `uid`, `gid`, `size`, `mtime`, `chksum`: all octal.
const NUMBERS: [std::ops::Range<usize>; 6] =
    [100..108, 108..116, 116..124, SIZE, 136..148, CHECKSUM];
const CHECKSUM: std::ops::Range<usize> = 148..156;
const TYPE: usize = 156;
/// Offset in a header of the flag of GNU tar that a block of extents follows.
const MORE: usize = 482;
/// Offset of the same flag in a block of extents.
const MORE_IN_BLOCK: usize = 504;
const PREFIX: std::ops::Range<usize> = 345..500;

/// Members that are reported before the first of them is read.
const BATCH: usize = 64;
/// Bytes of an extended header, or of a long name, that are read.
const MOST_EXTENDED: u64 = 65_536;
/// Bytes after the end that are checked at once.
const AFTER_END: usize = 65_536;

/// Intact octal fields of a damaged header. Damage of 16 bytes changes at most three of the six.
const LEAST_NUMBERS: usize = 3;

const STRUCTURE: &str = "tar header";

/// Returns whether `head` begins with a header whose checksum is right. The format of Unix V7 has
/// no magic.
pub(crate) fn matches(head: &[u8]) -> bool {
    let Some(block) = head.first_chunk::<HEADER>() else { return false };
    let field = block.get(CHECKSUM).unwrap_or_default();
    let is_octal = |byte: &u8| matches!(byte, b'0'..=b'7' | b' ' | 0);
    // Most other files fail at the first byte of the field.
    field.iter().all(is_octal) && block.first() != Some(&0) && has_checksum(block)
}

/// Returns whether `head` begins with a damaged header: it has the magic, or most of the octal
/// fields.
pub(crate) fn matches_damaged(head: &[u8]) -> bool {
    let has_magic = head.get(MAGIC_AT..).is_some_and(|magic| magic.starts_with(MAGIC));
    has_magic || {
        // Text has no NUL, and names seldom have 80 bytes. Damage may change one of the offsets.
        let is_padded = [80, 81, 98, 99].iter().any(|at| head.get(*at) == Some(&0));
        let is_number = |range: &&std::ops::Range<usize>| {
            head.get((*range).clone()).is_some_and(is_terminated_octal)
        };
        is_padded && NUMBERS.iter().filter(is_number).count() >= LEAST_NUMBERS
    }
}

/// Returns whether the magic of the first header is near its offset: bytes before it are missing or
/// were inserted.
pub(crate) fn matches_moved(head: &[u8]) -> bool {
    let end = MOVED_MAGIC.end.min(head.len());
    let near = head.get(MOVED_MAGIC.start..end).unwrap_or_default();
    // Building a finder takes as long as the search.
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(MAGIC));
    FINDER.find_iter(near).any(|at| {
        let found = near.get(at..).unwrap_or_default();
        MAGICS.iter().any(|magic| found.starts_with(magic))
    })
}

/// Returns whether a field contains octal digits after optional blanks, and then a blank or NUL.
fn is_terminated_octal(field: &[u8]) -> bool {
    let digits = field.trim_ascii_start();
    let rest = digits.iter().position(|byte| !matches!(byte, b'0'..=b'7'));
    let rest = rest.filter(|at| *at > 0).and_then(|at| digits.get(at..));
    rest.is_some_and(|rest| rest.iter().all(|byte| matches!(byte, b' ' | 0)))
}

/// Returns whether `chksum` is the sum of the bytes of the header, with blanks instead of `chksum`.
/// Old programs add signed bytes.
fn has_checksum(block: &[u8; HEADER]) -> bool {
    let checksum = block.get(CHECKSUM).unwrap_or_default();
    if !checksum.iter().any(u8::is_ascii_digit) {
        return false;
    }
    let Some(stored) = number(checksum).and_then(|sum| i64::try_from(sum).ok()) else {
        return false;
    };
    let sum = |value: fn(u8) -> i64| {
        let bytes = block.iter().enumerate();
        bytes.fold(0, |sum: i64, (index, byte)| {
            sum.saturating_add(value(if CHECKSUM.contains(&index) { b' ' } else { *byte }))
        })
    };
    stored == sum(i64::from) || stored == sum(|byte| i64::from(byte.cast_signed()))
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    read_from(window, sink, 0)
}

/// Fields of an extended header, which apply to the next member.
#[derive(Debug, Default)]
struct Extended {
    path: Option<String>,
    size: Option<u64>,
    is_sparse: bool,
}

struct TarHeader {
    name: String,
    size: u64,
    kind: u8,
    /// Whether blocks with further extents of a sparse member follow.
    has_more_extents: bool,
}

/// Reads the members from the header at `position` on.
fn read_from(window: &mut Window<'_>, sink: &mut dyn Sink, mut position: u64) -> Result<()> {
    let mut named: usize = 0;
    let mut extended = Extended::default();
    loop {
        window.meter().charge(Limit::Steps, 1)?;
        let Some(header) = header(window, position)? else {
            return check_end(window, sink, position);
        };
        let data = position.saturating_add(BLOCK);
        let data = if header.has_more_extents { after_extents(window, data)? } else { data };
        let size = extended.size.unwrap_or(header.size);
        let extent = Extent { offset: data, len: size };
        position = data;
        match header.kind {
            // Links, devices, directories and pipes have no data, even if their size is not zero.
            b'1'..=b'6' => extended = Extended::default(),
            b'x' | b'L' => {
                let len = to_usize(header.size.min(MOST_EXTENDED)).unwrap_or_default();
                let bytes = window.read(STRUCTURE, data, len, Ahead::Nothing)?;
                match header.kind {
                    b'x' => pax(bytes, &mut extended),
                    _ => extended.path = Some(text(bytes)),
                }
                position = padded(data, header.size);
            }
            // A long link target, or a header for all members, does not describe a member.
            b'K' | b'g' => position = padded(data, header.size),
            _ => {
                let sparse = extended.is_sparse || header.kind == b'S';
                let path = extended.path.take().unwrap_or(header.name);
                extended = Extended::default();
                position = padded(data, size);
                let is_named = member(window, sink, path, within(window, extent), sparse)?;
                named = named.saturating_add(usize::from(is_named));
                if window.known_len().is_some_and(|len| extent.end() > len) {
                    let (at, detail) = (window.len(), "the archive ends within it");
                    return Err(Error::truncated("tar member", at, detail));
                }
            }
        }
        if named >= BATCH {
            sink.continue_with(Box::new(move |window, sink| read_from(window, sink, position)));
            return Ok(());
        }
    }
}

/// Returns the offset after the blocks at `position` that list further extents of a sparse member
/// (GNU tar, "Old GNU Format": `isextended`).
fn after_extents(window: &mut Window<'_>, mut position: u64) -> Result<u64> {
    loop {
        window.meter().charge(Limit::Steps, 1)?;
        let block =
            window.read(STRUCTURE, position, to_usize(BLOCK).unwrap_or_default(), Ahead::Block)?;
        let has_more = block.get(MORE_IN_BLOCK).is_some_and(|flag| *flag != 0);
        position = position.saturating_add(BLOCK);
        if !has_more {
            return Ok(position);
        }
    }
}

/// Returns the part of `extent` that the file contains.
fn within(window: &Window<'_>, extent: Extent) -> Extent {
    let left = window.known_len().map(|len| len.saturating_sub(extent.offset));
    Extent { len: left.map_or(extent.len, |left| extent.len.min(left)), ..extent }
}

/// Reports a member if it can be or contain a protected file. Returns whether it was reported.
fn member(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    path: String,
    extent: Extent,
    is_sparse: bool,
) -> Result<bool> {
    // A sparse member without stored bytes has no protected content.
    if is_sparse && extent.len > 0 {
        let name = named(path);
        let (at, detail) = (extent.offset, "a member with holes");
        let error = Error::unsupported(ErrorCode::ArchiveNotOpened, "tar member", at, detail);
        sink.member(Member { name, body: Body::Unopened { error, size: Some(extent.len) } })?;
        return Ok(true);
    }
    stored(window, sink, path, extent)
}

/// Returns the header at `at`; `None` if an empty block ends the archive there.
fn header(window: &mut Window<'_>, at: u64) -> Result<Option<TarHeader>> {
    let len = to_usize(BLOCK).unwrap_or_default();
    let found = window.up_to(at, len)?;
    if found.is_empty() && at > 0 {
        // An empty block ends an archive. If it is missing, members may be missing.
        let end = window.len();
        let (structure, detail) = match at > end {
            true => ("tar member", "the archive ends within it"),
            false => ("tar", "the archive ends without an empty block"),
        };
        return Err(Error::truncated(structure, end, detail));
    }
    if found.len() == len && found.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let bytes = window.read(STRUCTURE, at, len, Ahead::Block)?;
    let field = |range: std::ops::Range<usize>| bytes.get(range).unwrap_or_default();
    if !bytes.first_chunk().is_some_and(has_checksum) {
        return Err(Error::malformed(
            ErrorCode::MalformedTar,
            STRUCTURE,
            at,
            "chksum does not match the header",
        ));
    }
    let Some(size) = number(field(SIZE)) else {
        return Err(Error::malformed(
            ErrorCode::MalformedTar,
            STRUCTURE,
            at,
            "size is not a number",
        ));
    };
    let mut name = text(field(NAME));
    // Only POSIX has the prefix. GNU tar has other fields at this offset, and V7 is shorter.
    let is_posix = field(MAGIC_AT..263) == b"ustar\0";
    let prefix = if is_posix { text(field(PREFIX)) } else { String::new() };
    if !prefix.is_empty() {
        name = format!("{prefix}/{name}");
    }
    let kind = bytes.get(TYPE).copied().unwrap_or_default();
    let has_more_extents = kind == b'S' && bytes.get(MORE).is_some_and(|flag| *flag != 0);
    Ok(Some(TarHeader { name, size, kind, has_more_extents }))
}

/// Parses octal digits, or the big-endian number of GNU tar after a byte 0x80.
fn number(field: &[u8]) -> Option<u64> {
    if let Some((0x80, digits)) = field.split_first() {
        return digits
            .iter()
            .try_fold(0_u64, |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(*byte)));
    }
    let digits = field.split(|byte| *byte == 0).next().unwrap_or_default().trim_ascii();
    let digits = std::str::from_utf8(digits).ok()?;
    // An empty field is 0.
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

fn text(field: &[u8]) -> String {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
}

/// Returns the offset of the block after `len` bytes at `data`.
fn padded(data: u64, len: u64) -> u64 {
    data.saturating_add(len.checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX))
}

/// Parses records of the form `length key=value`, one on each line.
fn pax(mut bytes: &[u8], extended: &mut Extended) {
    while let Some(space) = memchr::memchr(b' ', bytes) {
        let digits = std::str::from_utf8(bytes.get(..space).unwrap_or_default());
        let Some(len) = digits.ok().and_then(|len| len.parse::<usize>().ok()) else { return };
        let Some((record, rest)) = bytes.split_at_checked(len).filter(|_| len > space) else {
            return;
        };
        bytes = rest;
        let record = record.get(space.saturating_add(1)..).unwrap_or_default();
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        let Some(equals) = memchr::memchr(b'=', record) else { continue };
        let (key, value) = record.split_at_checked(equals).unwrap_or_default();
        let value = utf8_lossy(value.get(1..).unwrap_or_default());
        match key {
            b"path" => extended.path = Some(value.into_owned()),
            b"size" => extended.size = value.parse().ok(),
            _ => extended.is_sparse |= key.starts_with(b"GNU.sparse."),
        }
    }
}

/// Checks that only padding follows the end. With an option, tar reads another archive after it.
fn check_end(window: &mut Window<'_>, sink: &mut dyn Sink, mut at: u64) -> Result<()> {
    loop {
        let piece = window.up_to(at, AFTER_END)?;
        let len = to_u64(piece.len());
        let nonzero = piece.iter().position(|byte| *byte != 0);
        window.meter().charge(Limit::Steps, len.wrapping_shr(4).max(1))?;
        if let Some(nonzero) = nonzero {
            let (at, detail) = (at.saturating_add(to_u64(nonzero)), "other data follows its end");
            sink.incomplete(Error::unsupported(ErrorCode::ArchiveNotOpened, "tar", at, detail));
            return Ok(());
        }
        if len < to_u64(AFTER_END) {
            let end = at.saturating_add(len);
            if end.checked_rem(BLOCK) != Some(0) {
                // Bytes are missing or were inserted, and members may have moved.
                let detail = "the archive does not end with a block";
                sink.incomplete(Error::malformed(ErrorCode::MalformedTar, "tar", end, detail));
            }
            return Ok(());
        }
        at = at.saturating_add(len);
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests {
    use super::*;
    use crate::container::zip::tests::{found, inspect, protected};
    use crate::{Protection, Report};

    fn entry(name: &str, kind: u8, data: &[u8]) -> Vec<u8> {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
        block[156] = kind;
        block[257..265].copy_from_slice(b"ustar\x0000");
        block.extend(data);
        block.resize(block.len().next_multiple_of(512), 0);
        sum(&mut block, 0);
        block
    }

    fn sum(file: &mut [u8], at: usize) {
        file[at + 148..at + 156].fill(b' ');
        let sum: u32 = file[at..at + 512].iter().map(|byte| u32::from(*byte)).sum();
        file[at + 148..at + 156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }

    fn code(report: &Report) -> &'static str {
        report
            .findings()
            .next()
            .and_then(|own| own.error())
            .map_or("", |error| error.code().as_str())
    }

    fn whole() -> Vec<u8> {
        let mail = protected();
        let long = "long/".repeat(40) + "m.rpmsg";
        let mut prefixed = entry("m.rpmsg", b'0', &mail);
        prefixed[345..348].copy_from_slice(b"dir");
        sum(&mut prefixed, 0);
        let record = format!("path={}\n", long.replace("long", "pax"));
        let record = format!("{} {record}", record.len() + 4);
        [
            entry("dir/", b'5', b""),
            entry("a.txt", b'0', b"text"),
            entry("one.rpmsg", 0, &mail),
            prefixed,
            entry("././@LongLink", b'L', format!("{long}\0").as_bytes()),
            entry("cut", b'0', &mail),
            entry("PaxHeaders/x", b'x', record.as_bytes()),
            entry("cut", b'0', &mail),
        ]
        .concat()
    }

    #[test]
    fn long_names_are_read_and_the_end_is_checked() {
        let long = "long/".repeat(40) + "m.rpmsg";
        let pax = long.replace("long", "pax");
        let expected = ["one.rpmsg", "dir/m.rpmsg", &long, &pax];
        let paddings = [(0, "truncated"), (512, ""), (1024, ""), (10_240, ""), (204_800, "")];
        for (padding, expected_code) in paddings {
            let file = [whole(), vec![0; padding]].concat();
            let report = inspect(&file);
            assert_eq!((found(&report).as_slice(), code(&report)), (&expected[..], expected_code));
        }
        let twice = [whole(), vec![0; 1024], whole()].concat();
        assert_eq!(code(&inspect(&twice)), "archive-not-opened");
        let plain = [entry("a.txt", b'0', b"text"), vec![0; 1024]].concat();
        assert_eq!(inspect(&plain).worst(), Protection::None);
        let sparse = [entry("s", b'S', b"text"), vec![0; 1024]].concat();
        assert_eq!(
            inspect(&sparse).incomplete().map(|error| error.code().as_str()),
            Some("archive-not-opened")
        );
        // A sparse member without stored bytes.
        let hole = [entry("s", b'S', b""), vec![0; 1024]].concat();
        let report = inspect(&hole);
        assert_eq!((report.worst(), report.incomplete()), (Protection::None, None));
        // Two blocks with further extents precede the bytes of the member.
        let mut header = entry("s", b'S', b"text");
        header[MORE] = 1;
        sum(&mut header, 0);
        let mut more = vec![b'0'; 1024];
        more[MORE_IN_BLOCK + 512] = 0;
        let mail = entry("m.rpmsg", b'0', &protected());
        let file = [&header[..512], &more, &header[512..], &mail, &[0; 1024]].concat();
        assert_eq!(found(&inspect(&file)), ["m.rpmsg"]);
    }

    #[test]
    fn members_beyond_one_batch_are_found() {
        let mail = protected();
        let file: Vec<u8> = (0..200).flat_map(|n| entry(&format!("{n}"), b'0', &mail)).collect();
        assert_eq!(found(&inspect(&file)).len(), 200);
    }

    /// Builds the same entry in the format of Unix V7.
    fn v7(mut file: Vec<u8>) -> Vec<u8> {
        file[257..512].fill(0);
        file[100..124].copy_from_slice(b"100644 \0     1 \0     1 \0");
        file[136..148].copy_from_slice(b"12403452410 ");
        sum(&mut file, 0);
        file
    }

    #[test]
    fn tar_without_magic_is_read() {
        let mail = protected();
        let pdf = v7(entry("a.pdf", 0, b"%PDF-1.7\n%%EOF\n"));
        let program = v7(entry("MZ.txt", 0, b"text"));
        for first in [pdf, program] {
            let file = [first, v7(entry("m.rpmsg", 0, &mail)), vec![0; 1024]].concat();
            assert_eq!(found(&inspect(&file)), ["m.rpmsg"]);
        }
        // The sum of signed bytes.
        let mut signed = v7(entry("\u{e9}.rpmsg", 0, &mail));
        let bytes = signed[..512].iter().enumerate();
        let sum: i32 = bytes
            .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { i32::from(*byte as i8) })
            .sum();
        signed[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert_eq!(found(&inspect(&[signed, vec![0; 1024]].concat())).len(), 1);
    }

    #[test]
    fn tar_with_damaged_header_without_magic_is_reported() {
        let file = [v7(entry("m.rpmsg", 0, &protected())), vec![0; 1024]].concat();
        for at in 0..156 {
            for len in [1, 4, 16] {
                let mut damaged = file.clone();
                damaged[at..(at + len).min(156)].fill(b'~');
                let report = inspect(&damaged);
                assert_ne!(report.worst(), Protection::None, "{len} bytes at {at}");
            }
        }
        let moved = [&file[..400], &[0], &file[400..]].concat();
        // After a zero byte the archive is still recognized.
        assert_eq!(inspect(&moved).worst(), Protection::Rms);
        let other = [v7(entry("m.bin", 0, &protected())), vec![0; 1024]].concat();
        let moved = [&other[..400], &[0], &other[400..]].concat();
        assert_eq!(code(&inspect(&moved)), "malformed-tar");
    }

    #[test]
    fn tar_with_shifted_first_header_is_reported() {
        let member = entry("a.docx", b'0', &[b'x'; 600]);
        let file = [member, entry("m.bin", b'0', &protected()), vec![0; 1024]].concat();
        for at in [0, 1, 10, 99, 120, 200, 240] {
            let (before, after) = file.split_at(at);
            let ways = [
                [before, &after[1..]].concat(),
                [before, &after[16..]].concat(),
                [before, b"A", after].concat(),
                [before, &[b'A'; 16], after].concat(),
                [before, &[b'A'; 512], after].concat(),
            ];
            for (way, damaged) in ways.iter().enumerate() {
                let report = inspect(damaged);
                assert_ne!(report.worst(), Protection::None, "way {way} at {at}");
            }
        }
        let text =
            [b"tar writes ustar\x0000 or ustar  \0 there. ".as_slice(), &[b'x'; 600]].concat();
        assert_eq!(inspect(&text).worst(), Protection::None);
    }

    #[test]
    fn damaged_tar_header_is_reported() {
        let file = [entry("m.rpmsg", b'0', &protected()), vec![0; 1024]].concat();
        let cases = [("name", 0), ("size", 130), ("chksum", 150), ("type", 156), ("prefix", 345)];
        for (field, at) in cases {
            let mut damaged = file.clone();
            damaged[at] ^= 0x41;
            let report = inspect(&damaged);
            assert_eq!(code(&report), "malformed-tar", "{field}");
            assert_eq!(report.incomplete().unwrap().offset(), Some(0), "{field}");
        }
        let two = [entry("a.txt", b'0', &[b'x'; 3000]), file.clone()].concat();
        for cut in [1000, 3000, 3512, 4100] {
            let report = inspect(&two[..cut]);
            let own = report.findings().next().and_then(|own| own.error()).unwrap();
            let error = (own.code().as_str(), own.offset());
            assert_eq!(error, ("truncated", Some(cut as u64)), "cut at {cut}");
        }
        // The file ends after the first member; the second member is missing.
        let ordinary = [v7(entry("a.txt", 0, b"text")), v7(file.clone()), vec![0; 1024]].concat();
        for first in [&two[..3584], &ordinary[..1024]] {
            let report = inspect(first);
            let own = report.findings().next().and_then(|own| own.error()).unwrap();
            assert_eq!(
                (own.code().as_str(), own.offset()),
                ("truncated", Some(first.len() as u64))
            );
        }
        for cut in [300, 700, 1000] {
            assert_ne!(inspect(&file[..cut]).worst(), Protection::None, "cut at {cut}");
        }
    }
}
