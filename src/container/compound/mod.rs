//! Compound files (MS-CFB), read lazily: the header, the directory, and of the FAT only what lies
//! on the way to a stream. How large the file is does not matter.
//!
//! A [`CompoundFile`] holds places, no bytes; each call is given the [`Window`] to read from.

#[cfg(test)]
pub(crate) mod counting;
mod entry;
mod layout;
mod read;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests;

pub(crate) use entry::{Census, Entry, EntryKind, is_ascii_text};

use crate::bytes::{Buffer, Cursor, to_u64, to_usize};
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Ahead, EXTENT_MEMORY, Extent, UNKNOWN_SIZE, Window, join};
use layout::{
    DIRECTORY_AHEAD, END_OF_CHAIN, ENTRY_LEN, HEADER_LEN, LARGE_DIRECTORY, MAX_REGULAR_SECTOR,
    MINI_SHIFT, MINI_STREAM_CUTOFF, MOST_KEPT, SHAPE_AT, SHAPES, SHIFT_AT, SIGNATURE,
    SMALL_DIRECTORY,
};
use read::{Chain, Fat, Header};

/// An opened compound file.
#[derive(Debug)]
pub(crate) struct CompoundFile {
    version: u16,
    fat: Fat,
    directory: Chain,
    mini_fat: Chain,
    mini_stream: Chain,
    root: Entry,
    /// The directory's beginning, once it was read from there: see [`CompoundFile::keep`].
    kept: Buffer,
    /// By the id of each entry the link that points to it, once a walk has followed that.
    links: Vec<u64>,
}

/// Whether a member that begins with `head` is a compound file, or was one before its signature
/// was damaged.
pub(crate) fn matches(head: &[u8]) -> bool {
    head.starts_with(&SIGNATURE)
        || (head.len() >= HEADER_LEN
            && head
                .get(SHAPE_AT..)
                .is_some_and(|rest| SHAPES.iter().any(|shape| rest.starts_with(shape))))
}

/// Whether `bytes` begin with the signature of a compound file.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

/// Whether a compound file of `len` bytes that begins with `head` is not whole sectors, or more of
/// them than its FAT has entries for: then something stands behind it.
pub(crate) fn has_more_behind(head: &[u8], len: u64) -> bool {
    let mut cursor = Cursor::new("compound file header", head, 0);
    let Ok(()) = cursor.skip(SHIFT_AT, "signature to byte order") else { return false };
    let Ok(shift @ (9 | 12)) = cursor.u16_le("sector shift") else { return true };
    let Ok(()) = cursor.skip(12, "mini sector shift to directory sectors") else { return false };
    let Ok(fat_sectors) = cursor.u32_le("number of FAT sectors") else { return false };
    let sector = 1_u64 << shift;
    let described = u64::from(fat_sectors).saturating_mul(sector >> 2).saturating_add(1);
    len.checked_rem(sector) != Some(0) || len >> shift > described
}

impl CompoundFile {
    /// Whether the file ends with a sector, as far as its length is known.
    pub(crate) fn is_whole_sectors(&self, window: &Window<'_>) -> bool {
        let sector = if self.version == 4 { 4096 } else { 512 };
        window.known_len().is_none_or(|len| len.checked_rem(sector) == Some(0))
    }

    /// Reads the header and the root of the directory.
    pub(crate) fn open(window: &mut Window<'_>) -> Result<CompoundFile> {
        // One that is decoded as it is read, in a protected mail, need not be decoded to its end.
        let len = window.known_len().unwrap_or(UNKNOWN_SIZE);
        let header =
            Header::parse(window.read("compound file header", 0, HEADER_LEN, Ahead::Block)?)?;
        let mut fat = Fat::new(header.shift, len, header.difat, header.first_difat);
        let mut directory = Chain::new("directory", header.first_directory);
        if let Some(place) = fat.just_before(header.first_directory) {
            let ahead = to_usize(place.len).unwrap_or(0).saturating_add(DIRECTORY_AHEAD);
            window.read("FAT sector", place.offset, ENTRY_LEN, Ahead::Bytes(ahead))?;
        } else if let Some(len) = fat.just_behind(header.first_directory) {
            let place = fat.extent("directory", header.first_directory)?;
            let ahead = to_usize(len).unwrap_or(0).max(DIRECTORY_AHEAD);
            window.read("directory", place.offset, ENTRY_LEN, Ahead::Bytes(ahead))?;
        }
        let root = read_entry(&mut directory, &mut fat, window, 0, header.version)?;
        let Some(root) = root.filter(|root| root.kind == EntryKind::Root) else {
            return Err(Error::malformed(
                ErrorCode::MalformedDirectory,
                "directory",
                root.map(|root| root.offset),
                "its first entry is not the root",
            ));
        };
        Ok(CompoundFile {
            version: header.version,
            mini_fat: Chain::new("mini FAT", header.first_mini_fat),
            mini_stream: Chain::new("mini stream", root.start),
            fat,
            directory,
            root,
            kept: Buffer::default(),
            links: Vec::new(),
        })
    }

    /// The root, which is a storage too.
    pub(crate) fn root(&self) -> Entry {
        self.root
    }

    /// The entry at `id` of the directory, in use or not; `None` behind the directory's end.
    pub(crate) fn entry(&mut self, window: &mut Window<'_>, id: u32) -> Result<Option<Entry>> {
        if let Some((bytes, offset)) = self.at_hand(window, id)? {
            return Entry::parse(id, bytes, offset, self.version).map(Some);
        }
        let at = to_usize(u64::from(id).saturating_mul(to_u64(ENTRY_LEN)));
        let kept = at.and_then(|at| self.kept.as_slice().get(at..at.checked_add(ENTRY_LEN)?));
        if let Some(bytes) = kept {
            // Where it lies is known without a read.
            let at = u64::from(id).saturating_mul(to_u64(ENTRY_LEN));
            let place = self.directory.locate(&mut self.fat, window, at)?;
            let offset = place.map_or(0, |place| place.offset);
            return Entry::parse(id, bytes, offset, self.version).map(Some);
        }
        read_entry(&mut self.directory, &mut self.fat, window, id, self.version)
    }

    /// An entry that is cached and lies in the directory's first run, as nearly all do, and where.
    fn at_hand<'w>(&self, window: &'w mut Window<'_>, id: u32) -> Result<Option<(&'w [u8], u64)>> {
        let nth = u64::from(id);
        window.meter().check(Limit::DirectoryEntries, nth.saturating_add(1))?;
        let at = nth.saturating_mul(to_u64(ENTRY_LEN));
        let Some(offset) = self.directory.offset_in_first(at) else { return Ok(None) };
        let bytes = window.cached(offset, ENTRY_LEN);
        Ok((bytes.len() == ENTRY_LEN).then_some((bytes, offset)))
    }

    /// Keeps the next piece of the directory in memory, so that trees through one that lies in
    /// many pieces are walked without reading these again and again.
    ///
    /// A caller that goes through all entries calls it for each; the beginning that is kept ends
    /// where the directory does or is too large.
    pub(crate) fn keep(&mut self, window: &mut Window<'_>, id: u32) -> Result<()> {
        let at = u64::from(id).saturating_mul(to_u64(ENTRY_LEN));
        while at >= SMALL_DIRECTORY && at >= to_u64(self.kept.len()) {
            let start = to_u64(self.kept.len());
            self.directory.reach(&mut self.fat, window, start.saturating_add(LARGE_DIRECTORY))?;
            let place = self.directory.locate(&mut self.fat, window, start)?;
            let Some(place) = place.filter(|_| start < MOST_KEPT) else { break };
            let len = place.len.min(LARGE_DIRECTORY);
            let end = window.known_len().unwrap_or(UNKNOWN_SIZE);
            let len = to_usize(len.min(end.saturating_sub(place.offset))).unwrap_or(0);
            if len < ENTRY_LEN {
                break;
            }
            // In a directory of many pieces the next one is seldom far.
            let ahead = to_usize(LARGE_DIRECTORY).unwrap_or(len);
            window.read("directory", place.offset, len, Ahead::Bytes(ahead))?;
            window.append("directory", place.offset, len, &mut self.kept)?;
        }
        Ok(())
    }

    /// Where the bytes of a stream lie in the file.
    pub(crate) fn extents(
        &mut self,
        window: &mut Window<'_>,
        entry: &Entry,
    ) -> Result<Vec<Extent>> {
        let mut extents = Vec::new();
        self.follow(window, entry, entry.size, &mut extents).map(|()| extents)
    }

    /// Appends where the first `len` bytes of a stream lie. On an error `extents` has what was
    /// found before it.
    pub(crate) fn follow(
        &mut self,
        window: &mut Window<'_>,
        entry: &Entry,
        len: u64,
        extents: &mut Vec<Extent>,
    ) -> Result<()> {
        let len = len.min(entry.size);
        if entry.size < MINI_STREAM_CUTOFF {
            self.follow_mini(window, entry, len, extents)
        } else {
            self.follow_sectors(window, entry, len, extents)
        }
    }

    fn follow_sectors(
        &mut self,
        window: &mut Window<'_>,
        entry: &Entry,
        len: u64,
        extents: &mut Vec<Extent>,
    ) -> Result<()> {
        let sector_len = self.fat.sector_len();
        let mut left = len;
        let mut steps: u64 = 0;
        let mut sector = entry.start;
        while left > 0 {
            if sector > MAX_REGULAR_SECTOR || steps >= self.fat.sectors() {
                return Err(ends_early(entry, left));
            }
            let mut extent = self.fat.extent("stream", sector)?;
            let behind = left.div_ceil(sector_len).saturating_sub(1);
            // What goes wrong here goes wrong again below, where it is told.
            let run = self.fat.consecutive(window, sector, behind).unwrap_or(0);
            steps = steps.saturating_add(run).saturating_add(1);
            extent.len = extent.len.saturating_add(run.saturating_mul(sector_len)).min(left);
            left = left.saturating_sub(extent.len);
            sector = u32::try_from(run).map_or(sector, |run| sector.saturating_add(run));
            push(window, extents, extent)?;
            if left == 0 {
                break;
            }
            let run = left.div_ceil(sector_len);
            match self.fat.next(window, sector, run)? {
                Some(next) => sector = next,
                None => return Err(ends_early(entry, left)),
            }
        }
        Ok(())
    }

    /// Follows a chain of the mini FAT (MS-CFB 2.4), whose sectors lie in the mini stream.
    fn follow_mini(
        &mut self,
        window: &mut Window<'_>,
        entry: &Entry,
        len: u64,
        extents: &mut Vec<Extent>,
    ) -> Result<()> {
        let mut left = len;
        let mut sector = entry.start;
        // A stream below the cutoff has at most 64 mini sectors, so that no cycle matters.
        while left > 0 {
            window.meter().charge(Limit::ChainSectors, 1)?;
            if sector > MAX_REGULAR_SECTOR {
                return Err(ends_early(entry, left));
            }
            let at = u64::from(sector) << MINI_SHIFT;
            let Some(place) = self.mini_stream.locate(&mut self.fat, window, at)? else {
                return Err(ends_early(entry, left));
            };
            let extent = Extent { offset: place.offset, len: left.min(1 << MINI_SHIFT) };
            left = left.saturating_sub(extent.len);
            push(window, extents, extent)?;
            if left == 0 {
                break;
            }
            let at = u64::from(sector) << 2;
            let Some(place) = self.mini_fat.locate(&mut self.fat, window, at)? else {
                return Err(ends_early(entry, left));
            };
            let bytes = window.read("mini FAT", place.offset, 4, Ahead::Block)?;
            sector = Cursor::new("mini FAT", bytes, place.offset).u32_le("sector")?;
        }
        Ok(())
    }

    /// Checks that the chain of a stream has as many sectors as its size needs, and no more.
    pub(crate) fn check_chain(&mut self, window: &mut Window<'_>, entry: &Entry) -> Result<()> {
        if entry.size == 0 {
            return Ok(());
        }
        let next = if entry.size < MINI_STREAM_CUTOFF {
            self.behind_mini_chain(window, entry)?
        } else {
            let extents = self.extents(window, entry)?;
            let last = extents.last().map_or(0, |last| last.end().saturating_sub(1));
            self.fat.next(window, self.fat.sector_at(last), 1)?
        };
        match next {
            None => Ok(()),
            Some(_) => {
                let detail = "its chain of sectors goes on behind the end of the stream";
                Err(Error::malformed(ErrorCode::MalformedFat, "stream", entry.offset, detail))
            }
        }
    }

    /// Returns the mini sector that follows those of a stream; `None` if the chain ends there.
    fn behind_mini_chain(&mut self, window: &mut Window<'_>, entry: &Entry) -> Result<Option<u32>> {
        let mut sector = entry.start;
        for nth in 0..entry.size.div_ceil(1 << MINI_SHIFT) {
            window.meter().charge(Limit::ChainSectors, 1)?;
            let left = entry.size.saturating_sub(nth << MINI_SHIFT);
            if sector > MAX_REGULAR_SECTOR {
                return Err(ends_early(entry, left));
            }
            let at = u64::from(sector) << 2;
            let Some(place) = self.mini_fat.locate(&mut self.fat, window, at)? else {
                return Err(ends_early(entry, left));
            };
            let bytes = window.read("mini FAT", place.offset, 4, Ahead::Block)?;
            sector = Cursor::new("mini FAT", bytes, place.offset).u32_le("sector")?;
        }
        Ok((sector != END_OF_CHAIN).then_some(sector))
    }

    /// The first `max` bytes of a stream, or all of it.
    pub(crate) fn read(
        &mut self,
        window: &mut Window<'_>,
        entry: &Entry,
        max: u64,
    ) -> Result<Vec<u8>> {
        let mut extents = Vec::new();
        self.follow(window, entry, max, &mut extents)?;
        let mut buffer = Buffer::default();
        for extent in extents {
            let len = to_usize(extent.len).unwrap_or(usize::MAX);
            window.append("stream", extent.offset, len, &mut buffer)?;
        }
        Ok(buffer.into_vec())
    }
}

/// Appends a piece; it is memory if it is not the last one's continuation.
fn push(window: &Window<'_>, extents: &mut Vec<Extent>, extent: Extent) -> Result<()> {
    if extents.last().is_none_or(|last| last.end() != extent.offset) {
        window.meter().charge(Limit::Allocation, EXTENT_MEMORY)?;
    }
    join(extents, extent);
    Ok(())
}

fn ends_early(entry: &Entry, left: u64) -> Error {
    let detail = format!("its chain of sectors ends {left} bytes before the stream does");
    Error::truncated("stream", entry.offset, detail)
}

fn read_entry(
    directory: &mut Chain,
    fat: &mut Fat,
    window: &mut Window<'_>,
    id: u32,
    version: u16,
) -> Result<Option<Entry>> {
    let at = u64::from(id).saturating_mul(to_u64(ENTRY_LEN));
    let meter = window.meter();
    meter.check(Limit::DirectoryEntries, u64::from(id).saturating_add(1))?;
    let mut ahead = to_u64(DIRECTORY_AHEAD);
    if at >= LARGE_DIRECTORY {
        directory.reach(fat, window, at.saturating_add(LARGE_DIRECTORY))?;
    }
    let Some(place) = directory.locate(fat, window, at)? else { return Ok(None) };
    if at >= LARGE_DIRECTORY {
        ahead = place.len.clamp(ahead, LARGE_DIRECTORY);
    }
    let ahead = to_usize(ahead).unwrap_or(DIRECTORY_AHEAD);
    let bytes = window.read("directory", place.offset, ENTRY_LEN, Ahead::Bytes(ahead))?;
    Entry::parse(id, bytes, place.offset, version).map(Some)
}
