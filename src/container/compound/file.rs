//! The opened file: its directory entries, and the locations of its streams.

use super::entry::{DirectoryEntry, EntryKind};
use super::fat::{Fat, SectorChain};
use super::header::CompoundHeader;
use super::layout::{
    DIRECTORY_AHEAD, END_OF_CHAIN, ENTRY_LEN, HEADER_LEN, LARGE_DIRECTORY, MAX_REGULAR_SECTOR,
    MINI_SHIFT, MINI_STREAM_CUTOFF, MOST_KEPT, SMALL_DIRECTORY,
};
use crate::bytes::{Buffer, Cursor, to_u64, to_usize};
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Ahead, EXTENT_MEMORY, Extent, UNKNOWN_SIZE, Window, join};

/// Opened compound file. It stores offsets and no contents; each call takes the [`Window`] to read
/// from.
#[derive(Debug)]
pub(crate) struct CompoundFile {
    version: u16,
    fat: Fat,
    directory: SectorChain,
    mini_fat: SectorChain,
    mini_stream: SectorChain,
    root: DirectoryEntry,
    /// First bytes of the directory, if they are cached: see [`CompoundFile::keep`].
    kept: Buffer,
    /// For each entry id the link that points to it, once it was followed; 0 before.
    pub(super) links: Vec<u64>,
}

impl CompoundFile {
    /// Returns whether the file ends with a sector, or its length is unknown.
    pub(crate) fn is_whole_sectors(&self, window: &Window<'_>) -> bool {
        let sector = if self.version == 4 { 4096 } else { 512 };
        window.known_len().is_none_or(|len| len.checked_rem(sector) == Some(0))
    }

    /// Reads the header and the root of the directory.
    pub(crate) fn open(window: &mut Window<'_>) -> Result<CompoundFile> {
        // A file that is decoded during reading, in a protected mail, need not be decoded to its
        // end.
        let len = window.known_len().unwrap_or(UNKNOWN_SIZE);
        let header = CompoundHeader::parse(window.read(
            "compound file header",
            0,
            HEADER_LEN,
            Ahead::Block,
        )?)?;
        let mut fat = Fat::new(header.shift, len, header.difat, header.first_difat);
        let mut directory = SectorChain::new("directory", header.first_directory);
        if let Some(place) = fat.just_before(header.first_directory) {
            let ahead = to_usize(place.len).unwrap_or(0).saturating_add(DIRECTORY_AHEAD);
            window.read("FAT sector", place.offset, ENTRY_LEN, Ahead::Bytes(ahead))?;
        } else if let Some(len) = fat.just_after(header.first_directory) {
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
            mini_fat: SectorChain::new("mini FAT", header.first_mini_fat),
            mini_stream: SectorChain::new("mini stream", root.start),
            fat,
            directory,
            root,
            kept: Buffer::default(),
            links: Vec::new(),
        })
    }

    /// Returns the root, which is a storage too.
    pub(crate) fn root(&self) -> DirectoryEntry {
        self.root
    }

    /// Returns the entry `id` of the directory, in use or not; `None` after the end of the
    /// directory.
    pub(crate) fn entry(
        &mut self,
        window: &mut Window<'_>,
        id: u32,
    ) -> Result<Option<DirectoryEntry>> {
        if let Some((bytes, offset)) = self.at_hand(window, id)? {
            return DirectoryEntry::parse(id, bytes, offset, self.version).map(Some);
        }
        let at = to_usize(u64::from(id).saturating_mul(to_u64(ENTRY_LEN)));
        let kept = at.and_then(|at| self.kept.as_slice().get(at..at.checked_add(ENTRY_LEN)?));
        if let Some(bytes) = kept {
            // The location is known without a read.
            let at = u64::from(id).saturating_mul(to_u64(ENTRY_LEN));
            let place = self.directory.locate(&mut self.fat, window, at)?;
            let offset = place.map_or(0, |place| place.offset);
            return DirectoryEntry::parse(id, bytes, offset, self.version).map(Some);
        }
        read_entry(&mut self.directory, &mut self.fat, window, id, self.version)
    }

    /// Returns a cached entry of the first run of the directory, and its offset. Nearly all entries
    /// are in that run.
    fn at_hand<'w>(&self, window: &'w mut Window<'_>, id: u32) -> Result<Option<(&'w [u8], u64)>> {
        let nth = u64::from(id);
        window.meter().check(Limit::DirectoryEntries, nth.saturating_add(1))?;
        let at = nth.saturating_mul(to_u64(ENTRY_LEN));
        let Some(offset) = self.directory.offset_in_first(at) else { return Ok(None) };
        let bytes = window.cached(offset, ENTRY_LEN);
        Ok((bytes.len() == ENTRY_LEN).then_some((bytes, offset)))
    }

    /// Caches the next piece of the directory, so that a traversal of a fragmented directory does
    /// not read the pieces repeatedly.
    ///
    /// A caller that visits all entries calls this for each. The cache ends with the directory, or
    /// at
    /// [`MOST_KEPT`].
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

    /// Returns the extents of a stream in the file.
    pub(crate) fn extents(
        &mut self,
        window: &mut Window<'_>,
        entry: &DirectoryEntry,
    ) -> Result<Vec<Extent>> {
        let mut extents = Vec::new();
        self.follow(window, entry, entry.size, &mut extents).map(|()| extents)
    }

    /// Appends the extents of the first `len` bytes of a stream. After an error `extents` contains
    /// those before it.
    pub(crate) fn follow(
        &mut self,
        window: &mut Window<'_>,
        entry: &DirectoryEntry,
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
        entry: &DirectoryEntry,
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
            let following = left.div_ceil(sector_len).saturating_sub(1);
            // An error here occurs again below, which reports it.
            let run = self.fat.consecutive(window, sector, following).unwrap_or(0);
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

    /// Follows a chain of the mini FAT (MS-CFB 2.4), whose sectors are in the mini stream.
    fn follow_mini(
        &mut self,
        window: &mut Window<'_>,
        entry: &DirectoryEntry,
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
    pub(crate) fn check_chain(
        &mut self,
        window: &mut Window<'_>,
        entry: &DirectoryEntry,
    ) -> Result<()> {
        if entry.size == 0 {
            return Ok(());
        }
        let next = if entry.size < MINI_STREAM_CUTOFF {
            self.after_mini_chain(window, entry)?
        } else {
            let extents = self.extents(window, entry)?;
            let last = extents.last().map_or(0, |last| last.end().saturating_sub(1));
            self.fat.next(window, self.fat.sector_at(last), 1)?
        };
        match next {
            None => Ok(()),
            Some(_) => {
                let detail = "its chain of sectors continues after the end of the stream";
                Err(Error::malformed(ErrorCode::MalformedFat, "stream", entry.offset, detail))
            }
        }
    }

    /// Returns the mini sector that follows those of a stream; `None` if the chain ends there.
    fn after_mini_chain(
        &mut self,
        window: &mut Window<'_>,
        entry: &DirectoryEntry,
    ) -> Result<Option<u32>> {
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

    /// Returns the first `max` bytes of a stream, or all of it.
    pub(crate) fn read(
        &mut self,
        window: &mut Window<'_>,
        entry: &DirectoryEntry,
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

/// Appends a piece. Memory is charged unless it continues the last extent.
fn push(window: &Window<'_>, extents: &mut Vec<Extent>, extent: Extent) -> Result<()> {
    if extents.last().is_none_or(|last| last.end() != extent.offset) {
        window.meter().charge(Limit::Allocation, EXTENT_MEMORY)?;
    }
    join(extents, extent);
    Ok(())
}

fn ends_early(entry: &DirectoryEntry, left: u64) -> Error {
    let detail = format!("its chain of sectors ends {left} bytes before the stream does");
    Error::truncated("stream", entry.offset, detail)
}

fn read_entry(
    directory: &mut SectorChain,
    fat: &mut Fat,
    window: &mut Window<'_>,
    id: u32,
    version: u16,
) -> Result<Option<DirectoryEntry>> {
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
    DirectoryEntry::parse(id, bytes, place.offset, version).map(Some)
}
