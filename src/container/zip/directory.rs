//! End record, central directory and local headers (APPNOTE.TXT 4.3). Records are read one at a
//! time, so that a large directory is never in memory as a whole.

use super::layout::{
    CENTRAL, CENTRAL_FIXED, CENTRAL_LEN, DESCRIPTOR, ENCRYPTED, END, END_64, END_64_LEN, END_FIXED,
    END_LEN, EXTRA_64, LOCAL, LOCAL_FIXED, LOCAL_LEN, LOCATOR_64, LOCATOR_64_LEN, MAX_COMMENT,
    SIGNATURE,
};
use crate::bytes::{Cursor, to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::byte_search::backwards;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limit;
use crate::source::{Ahead, Window};

/// Location of the records of the central directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Number of records that the end record declares.
    pub(super) entries: u64,
    /// Whether that number has 64 bits; otherwise it is modulo 65,536.
    pub(super) is_zip64: bool,
    /// Bytes before the archive, which are added to the offsets of local headers.
    pub(super) base: u64,
    /// Offset after the archive and its comment.
    pub(super) archive_end: u64,
}

/// Returns the error of a volume of a split archive (APPNOTE.TXT 8).
pub(super) fn split(offset: u64) -> Error {
    let detail = "a volume of a split ZIP archive";
    Error::unsupported(ErrorCode::ArchiveNotOpened, "archive", offset, detail)
}

/// Fields of the end record.
#[derive(Debug, Clone, Copy)]
struct EndRecord {
    /// Number of the volume that has this record.
    disk: u16,
    offset: u64,
    entries: u64,
    size: u64,
    start: u64,
    /// Length of the comment; the zip64 record has no comment.
    comment: u16,
    is_zip64: bool,
}

impl EndRecord {
    /// Returns whether a field is saturated, so that the zip64 record is needed.
    fn is_full(&self) -> bool {
        let full = u64::from(u32::MAX);
        self.entries == u64::from(u16::MAX) || self.size == full || self.start == full
    }
}

/// Range in which the end record is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndSearch {
    /// The length of the longest comment.
    Comment,
    /// The same for an Office package, which has no comment and a small directory.
    Package,
    /// [`NEAR`] bytes, for an archive with a short comment.
    Near,
    /// [`TAIL`] bytes, which the reader of a PDF has read already.
    Tail,
    /// `Tail`, then `Comment`, for a file whose head is of no known format. An error about an end
    /// record counts only if the comment of the record ends the file.
    AfterPrefix,
}

/// Bytes of the end that are searched first.
const NEAR: u64 = 1024;
/// Bytes of the end that the reader of a PDF reads.
const TAIL: u64 = 4096;

impl Directory {
    /// Finds the directory by the end record. Fails if there is no end record.
    pub(super) fn locate(window: &mut Window<'_>, search: EndSearch) -> Result<Directory> {
        Directory::find(window, search)?.ok_or_else(|| {
            let detail = "no end of central directory record";
            Error::truncated("zip", window.len(), detail)
        })
    }

    /// Finds the directory by the end record; `None` if there is no end record.
    pub(super) fn find(window: &mut Window<'_>, search: EndSearch) -> Result<Option<Directory>> {
        let mut first_error = None;
        let reaches: &[u64] = match search {
            EndSearch::Near => &[NEAR],
            EndSearch::Tail => &[TAIL],
            EndSearch::AfterPrefix | EndSearch::Package if window.len() <= TAIL => &[TAIL],
            EndSearch::AfterPrefix | EndSearch::Package => {
                &[TAIL, MAX_COMMENT.saturating_add(END_LEN)]
            }
            EndSearch::Comment if window.len() <= NEAR => &[NEAR],
            EndSearch::Comment => &[NEAR, MAX_COMMENT.saturating_add(END_LEN)],
        };
        for reach in reaches.iter().copied() {
            for (offset, ends_file) in candidates(window, reach)? {
                match Directory::at(window, offset) {
                    Ok(directory) => return Ok(Some(directory)),
                    Err(error) if error.ends_file() => return Err(error),
                    Err(_) if search == EndSearch::AfterPrefix && !ends_file => {}
                    Err(error) => {
                        first_error.get_or_insert(error);
                    }
                }
            }
        }
        first_error.map_or(Ok(None), Err)
    }

    /// Returns the directory that the end record at `offset` locates. Fails if no directory is
    /// there.
    fn at(window: &mut Window<'_>, offset: u64) -> Result<Directory> {
        let mut end = end_record(window, offset)?;
        let comment = u64::from(end.comment);
        let archive_end = offset.saturating_add(END_LEN).saturating_add(comment);
        // In ZIP64 this field is 0xFFFF, and the zip64 record has the number.
        if !matches!(end.disk, 0 | u16::MAX) {
            return Err(split(offset));
        }
        match zip64_record(window, offset) {
            Ok(Some(zip64)) => end = zip64,
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::Unsupported => return Err(error),
            // The name of a member may contain the signature. Saturated fields need the record.
            Err(error) if error.ends_file() || end.is_full() => return Err(error),
            Err(_) => {}
        }
        // At its declared offset, or immediately before the end record if bytes precede the
        // archive.
        let before_end = end.offset.checked_sub(end.size);
        let candidates = [Some(end.start), before_end];
        for start in candidates.into_iter().flatten() {
            let base = start.saturating_sub(end.start);
            let stop = start.saturating_add(end.size);
            let within = start <= end.offset && stop <= end.offset;
            let holds = if end.size == 0 { end.entries == 0 } else { is_central(window, start) };
            if within && holds {
                return Ok(Directory {
                    start,
                    end: stop,
                    entries: end.entries,
                    is_zip64: end.is_zip64,
                    base,
                    archive_end,
                });
            }
        }
        Err(Error::malformed(
            ErrorCode::MalformedZipEnd,
            "EndOfCentralDirectory",
            offset,
            format!("no directory of {} bytes is at {}", end.size, end.start),
        ))
    }
}

/// Returns the offsets of end records in the last `reach` bytes, and whether the comment of each
/// ends the file. Those that do are first.
fn candidates(window: &mut Window<'_>, reach: u64) -> Result<Vec<(u64, bool)>> {
    let len = window.len();
    let start = len.saturating_sub(reach);
    let tail = window.up_to(start, to_usize(reach).unwrap_or(usize::MAX))?;
    let mut exact = Vec::new();
    let mut others = Vec::new();
    let signature = END.to_le_bytes();
    for at in backwards(&signature, 3, tail).take(MAX_CANDIDATES) {
        let offset = start.saturating_add(to_u64(at));
        let comment = tail.get(at.saturating_add(20)..).and_then(|rest| rest.first_chunk());
        let Some(comment) = comment.map(|len| u64::from(u16::from_le_bytes(*len))) else {
            continue;
        };
        let ends = offset.saturating_add(END_LEN).saturating_add(comment);
        let list = if ends == len { &mut exact } else { &mut others };
        list.push((offset, ends == len));
    }
    exact.append(&mut others);
    Ok(exact)
}

/// Maximum number of end records. A comment may contain the signature too.
const MAX_CANDIDATES: usize = 16;

fn is_central(window: &mut Window<'_>, offset: u64) -> bool {
    let signature = CENTRAL.to_le_bytes();
    window.up_to(offset, 4).is_ok_and(|bytes| bytes == signature)
}

fn end_record(window: &mut Window<'_>, offset: u64) -> Result<EndRecord> {
    let bytes = window.read("EndOfCentralDirectory", offset, END_FIXED, Ahead::Block)?;
    let fixed = bytes.first_chunk::<END_FIXED>().ok_or_else(Error::changed)?;
    let mut cursor = Cursor::new("EndOfCentralDirectory", fixed, offset);
    cursor.skip(4, "signature")?;
    let disk = cursor.u16_le("number of this disk")?;
    cursor.skip(4, "disk of the directory, entries on this disk")?;
    Ok(EndRecord {
        disk,
        offset,
        entries: u64::from(cursor.u16_le("total entries")?),
        size: u64::from(cursor.u32_le("size of the central directory")?),
        start: u64::from(cursor.u32_le("offset of the central directory")?),
        comment: cursor.u16_le("comment length")?,
        is_zip64: false,
    })
}

/// Returns the zip64 record that belongs to the end record at `offset`, if there is one.
fn zip64_record(window: &mut Window<'_>, offset: u64) -> Result<Option<EndRecord>> {
    let Some(locator) = offset.checked_sub(LOCATOR_64_LEN) else {
        return Ok(None);
    };
    let structure = "Zip64EndOfCentralDirectoryLocator";
    let bytes = window.read(
        structure,
        locator,
        to_usize(LOCATOR_64_LEN).unwrap_or_default(),
        Ahead::Block,
    )?;
    let mut cursor = Cursor::new(structure, bytes, locator);
    if cursor.u32_le("signature")? != LOCATOR_64 {
        return Ok(None);
    }
    cursor.skip(4, "disk")?;
    let declared = cursor.u64_le("offset of the record")?;
    if cursor.u32_le("total number of disks")? > 1 {
        return Err(split(locator));
    }
    let structure = "Zip64EndOfCentralDirectory";
    for offset in [Some(declared), locator.checked_sub(END_64_LEN)].into_iter().flatten() {
        let inside = offset.checked_add(END_64_LEN).is_some_and(|end| end <= locator);
        if !inside {
            continue;
        }
        let bytes = window.read(
            structure,
            offset,
            to_usize(END_64_LEN).unwrap_or_default(),
            Ahead::Block,
        )?;
        let mut cursor = Cursor::new(structure, bytes, offset);
        if cursor.u32_le("signature")? != END_64 {
            continue;
        }
        cursor.skip(28, "size, versions, disks, entries on this disk")?;
        return Ok(Some(EndRecord {
            disk: 0,
            offset,
            entries: cursor.u64_le("total entries")?,
            size: cursor.u64_le("size of the central directory")?,
            start: cursor.u64_le("offset of the central directory")?,
            comment: 0,
            is_zip64: true,
        }));
    }
    Err(Error::malformed(
        ErrorCode::MalformedZipEnd,
        structure,
        locator,
        "it is missing at its declared offset",
    ))
}

/// Member as described by the central directory or by its local header. `N` is the part of the name
/// that the caller keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ZipEntry<N> {
    pub(super) name: N,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) packed: u64,
    pub(super) size: u64,
    /// Offset of the local header from the base of the archive.
    pub(super) header: u64,
}

/// Reads the record at `offset`. Returns it with the offset of the next one; `None` after the last
/// one. If it is not cached, at least `ahead` bytes and a block are read. `keep` converts the name.
pub(super) fn central<N>(
    window: &mut Window<'_>,
    offset: u64,
    ahead: usize,
    keep: impl FnOnce(&[u8]) -> N,
) -> Result<Option<(ZipEntry<N>, u64)>> {
    let structure = "CentralDirectoryHeader";
    window.meter().charge(Limit::Steps, 1)?;
    let signature = SIGNATURE.to_le_bytes();
    // The digital signature may be shorter than a record.
    if window.len().saturating_sub(offset) < CENTRAL_LEN && window.up_to(offset, 4)? == signature {
        return Ok(None);
    }
    let bytes = window.read_at_least(structure, offset, CENTRAL_FIXED, Ahead::BlockOr(ahead))?;
    if bytes.starts_with(&signature) {
        return Ok(None);
    }
    // The array has all fields, so the compiler removes the checks.
    let (fixed, after) = bytes.split_first_chunk::<CENTRAL_FIXED>().ok_or_else(Error::changed)?;
    let mut cursor = Cursor::new(structure, fixed, offset);
    if cursor.u32_le("signature")? != CENTRAL {
        return Err(malformed(structure, offset, "no record of the directory is here"));
    }
    cursor.skip(4, "versions")?;
    let flags = cursor.u16_le("flags")?;
    let method = cursor.u16_le("method")?;
    cursor.skip(8, "time and CRC-32")?;
    let packed = cursor.u32_le("compressed size")?;
    let size = cursor.u32_le("size")?;
    let name_len = cursor.u16_le("name length")?;
    let extra_len = cursor.u16_le("extra length")?;
    let comment_len = cursor.u16_le("comment length")?;
    cursor.skip(8, "disk and attributes")?;
    let header = cursor.u32_le("offset of the local header")?;
    let next = [name_len, extra_len, comment_len]
        .into_iter()
        .fold(offset.saturating_add(CENTRAL_LEN), |at, len| at.saturating_add(u64::from(len)));
    let name_len = usize::from(name_len);
    let len = name_len.saturating_add(usize::from(extra_len));
    let bytes = match after.get(..len) {
        Some(bytes) => bytes,
        None => window.read(structure, offset.saturating_add(CENTRAL_LEN), len, Ahead::Block)?,
    };
    let (name, extra) = bytes.split_at_checked(name_len).ok_or_else(Error::changed)?;
    let mut entry = ZipEntry {
        name: keep(name),
        flags,
        method,
        packed: u64::from(packed),
        size: u64::from(size),
        header: u64::from(header),
    };
    widen(&mut entry, extra, header == u32::MAX);
    Ok(Some((entry, next)))
}

/// Replaces saturated fields with the 64-bit values of the extra field.
#[inline]
fn widen<N>(entry: &mut ZipEntry<N>, extra: &[u8], header: bool) {
    let full = u64::from(u32::MAX);
    if header || entry.size == full || entry.packed == full {
        widen_from(extra, entry, header);
    }
}

/// Replaces each saturated field, in the order of the extra field. Separate, because it is rarely
/// needed.
#[cold]
fn widen_from<N>(mut extra: &[u8], entry: &mut ZipEntry<N>, header: bool) {
    let full = u64::from(u32::MAX);
    while let Some((id, rest)) = extra.split_first_chunk::<2>()
        && let Some((len, rest)) = rest.split_first_chunk::<2>()
    {
        let len = usize::from(u16::from_le_bytes(*len));
        let (field, rest) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        extra = rest;
        if u16::from_le_bytes(*id) != EXTRA_64 {
            continue;
        }
        let mut cursor = Cursor::new("zip64 extra field", field, 0);
        let mut take = |wanted: bool, value: &mut u64| {
            if wanted && let Ok(wide) = cursor.u64_le("value") {
                *value = wide;
            }
        };
        take(entry.size == full, &mut entry.size);
        take(entry.packed == full, &mut entry.packed);
        take(header, &mut entry.header);
        return;
    }
}

/// Reads the local header at `offset`. Returns the member and the offset of its data. `keep`
/// converts the name.
pub(super) fn local<N>(
    window: &mut Window<'_>,
    offset: u64,
    keep: impl FnOnce(&[u8]) -> N,
) -> Result<(ZipEntry<N>, u64)> {
    let structure = "LocalFileHeader";
    window.meter().charge(Limit::Steps, 1)?;
    let bytes = window.read_at_least(structure, offset, LOCAL_FIXED, Ahead::Block)?;
    let (fixed, after) = bytes.split_first_chunk::<LOCAL_FIXED>().ok_or_else(Error::changed)?;
    let mut cursor = Cursor::new(structure, fixed, offset);
    if cursor.u32_le("signature")? != LOCAL {
        return Err(malformed(structure, offset, "no local header is here"));
    }
    cursor.skip(2, "version")?;
    let flags = cursor.u16_le("flags")?;
    let method = cursor.u16_le("method")?;
    cursor.skip(8, "time and CRC-32")?;
    let packed = cursor.u32_le("compressed size")?;
    let size = cursor.u32_le("size")?;
    let name_len = usize::from(cursor.u16_le("name length")?);
    let extra_len = usize::from(cursor.u16_le("extra length")?);
    let name_at = offset.saturating_add(LOCAL_LEN);
    let len = name_len.saturating_add(extra_len);
    let bytes = match after.get(..len) {
        Some(bytes) => bytes,
        None => window.read(structure, name_at, len, Ahead::Block)?,
    };
    let (name, extra) = bytes.split_at_checked(name_len).ok_or_else(Error::changed)?;
    let mut entry = ZipEntry {
        name: keep(name),
        flags,
        method,
        packed: u64::from(packed),
        size: u64::from(size),
        header: offset,
    };
    widen(&mut entry, extra, false);
    Ok((entry, name_at.saturating_add(to_u64(len))))
}

impl<N> ZipEntry<N> {
    /// Replaces the name.
    pub(super) fn called<M>(self, name: M) -> ZipEntry<M> {
        let ZipEntry { flags, method, packed, size, header, .. } = self;
        ZipEntry { name, flags, method, packed, size, header }
    }

    /// Returns the difference between the record and the local header of a member. A reader that
    /// uses the local header would read another member.
    pub(super) fn contradicts<M>(&self, local: &ZipEntry<M>) -> Option<&'static str> {
        let known = local.flags & DESCRIPTOR == 0 && (local.packed > 0 || local.size > 0);
        if self.method != local.method {
            Some("another method than in the directory")
        } else if (self.flags ^ local.flags) & ENCRYPTED != 0 {
            Some("encrypted in one place only")
        } else if known && self.packed != local.packed {
            Some("another size than in the directory")
        } else {
            None
        }
    }
}

pub(super) fn malformed(structure: &'static str, offset: u64, detail: &'static str) -> Error {
    Error::malformed(ErrorCode::MalformedZip, structure, offset, detail)
}
