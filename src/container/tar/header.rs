//! The header of a member: its checksum, its fields, and how a damaged one is recognized.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::layout::{BLOCK, STRUCTURE, number, text};
use super::sparse_map::SparseMap;
use crate::bytes::to_usize;
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::source::{Ahead, Window};

const HEADER: usize = 512;
/// Offset of `magic`.
const MAGIC_AT: usize = 257;
const MAGIC: &[u8] = b"ustar";
/// `magic` with `version`, of POSIX and of GNU tar.
const MAGICS: [&[u8]; 2] = [b"ustar\x0000", b"ustar  \0"];
/// Its offsets if up to 16 bytes are missing before it, or up to a block and 16 bytes were
/// inserted.
const MOVED_MAGIC: std::ops::Range<usize> = 241..793;
/// First bytes of a program (System V ABI, ELF header, `e_ident`).
const ELF: &[u8] = b"\x7fELF";
/// `name`, `size`, `chksum`, `prefix`.
const NAME: std::ops::Range<usize> = 0..100;
const SIZE: std::ops::Range<usize> = 124..136;
/// `mode`, `uid`, `gid`, `size`, `mtime`, `chksum`: all octal.
const NUMBERS: [std::ops::Range<usize>; 6] =
    [100..108, 108..116, 116..124, SIZE, 136..148, CHECKSUM];
const CHECKSUM: std::ops::Range<usize> = 148..156;
const TYPE: usize = 156;
const PREFIX: std::ops::Range<usize> = 345..500;

/// Intact octal fields of a damaged header. Damage of 16 bytes changes at most three of the six.
const LEAST_NUMBERS: usize = 3;

/// Fields of a header that the reader needs.
pub(super) struct TarHeader {
    pub(super) name: String,
    /// Number of bytes that the archive stores of the member.
    pub(super) size: u64,
    pub(super) kind: u8,
    /// Of a sparse member in the format of old GNU tar, the parts that the header lists.
    pub(super) sparse: Option<SparseMap>,
}

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
    // Programs that read tape archives contain the magic.
    if head.starts_with(ELF) {
        return false;
    }
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

/// Returns the header at `at`; `None` if an empty block ends the archive there.
pub(super) fn read(window: &mut Window<'_>, at: u64) -> Result<Option<TarHeader>> {
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
    let malformed = |detail| Error::malformed(ErrorCode::MalformedTar, STRUCTURE, at, detail);
    if !bytes.first_chunk().is_some_and(has_checksum) {
        return Err(malformed("chksum does not match the header"));
    }
    let Some(size) = number(field(SIZE)) else {
        return Err(malformed("size is not a number"));
    };
    let mut name = text(field(NAME));
    // Only POSIX has the prefix. GNU tar has other fields at this offset, and V7 is shorter.
    let is_posix = field(MAGIC_AT..263) == b"ustar\0";
    let prefix = if is_posix { text(field(PREFIX)) } else { String::new() };
    if !prefix.is_empty() {
        name = format!("{prefix}/{name}");
    }
    let kind = bytes.get(TYPE).copied().unwrap_or_default();
    let sparse = (kind == b'S').then(|| SparseMap::of_header(bytes));
    Ok(Some(TarHeader { name, size, kind, sparse }))
}
