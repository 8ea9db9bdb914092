//! FAT and its chains, of which only the needed sectors are read.

use super::layout::{
    END_OF_CHAIN, FAT_AFTER, FAT_BEFORE, FAT_PAGE, HEADER_DIFAT, MAX_REGULAR_SECTOR, NO_STREAM,
};
use crate::bytes::{Cursor, to_u64, to_usize};
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Ahead, Extent, UNKNOWN_SIZE, Window};

/// File allocation table (MS-CFB 2.3). It stores no entries; the window caches them.
#[derive(Debug)]
pub(super) struct Fat {
    /// Sectors have `1 << shift` bytes.
    shift: u32,
    /// Number of sectors in the file. The last one may be incomplete.
    sectors: u64,
    /// FAT sectors that the header lists.
    header: [u32; HEADER_DIFAT],
    /// DIFAT sectors (2.5) that were read, and the next one.
    difat: Vec<u32>,
    next_difat: u32,
}

impl Fat {
    pub(super) fn new(
        shift: u32,
        file_len: u64,
        header: [u32; HEADER_DIFAT],
        first_difat: u32,
    ) -> Fat {
        let sector = 1_u64 << shift;
        let body = file_len.saturating_sub(sector);
        Fat {
            shift,
            sectors: body.div_ceil(sector),
            header,
            difat: Vec::new(),
            next_difat: first_difat,
        }
    }

    /// Returns the bytes of a sector.
    pub(super) fn sector_len(&self) -> u64 {
        1 << self.shift
    }

    /// Returns the number of sectors in the file, which bounds the length of every chain.
    pub(super) fn sectors(&self) -> u64 {
        self.sectors
    }

    /// Returns the offset of a sector. Fails if it is after the end of the file.
    fn offset(&self, structure: &'static str, sector: u32) -> Result<u64> {
        // The header precedes sector 0 and has the size of a sector.
        let offset = u64::from(sector).saturating_add(1) << self.shift;
        if u64::from(sector) < self.sectors {
            Ok(offset)
        } else {
            let detail = format!("sector {sector} lies behind the end of the file");
            Err(Error::truncated(structure, offset, detail))
        }
    }

    /// Returns the sector that contains the byte at `offset` of the file.
    pub(super) fn sector_at(&self, offset: u64) -> u32 {
        let sector = (offset >> self.shift).saturating_sub(1);
        u32::try_from(sector).unwrap_or(u32::MAX)
    }

    /// Returns the extent of a sector.
    pub(super) fn extent(&self, structure: &'static str, sector: u32) -> Result<Extent> {
        Ok(Extent { offset: self.offset(structure, sector)?, len: self.sector_len() })
    }

    /// Returns the sector after `sector` in its chain; `None` at the end of the chain. `run` is the
    /// expected number of further sectors, whose FAT entries are read ahead.
    pub(super) fn next(
        &mut self,
        window: &mut Window<'_>,
        sector: u32,
        run: u64,
    ) -> Result<Option<u32>> {
        window.meter().charge(Limit::ChainSectors, 1)?;
        let at = u64::from(sector) << 2;
        let within = at & self.sector_len().saturating_sub(1);
        let start = self.fat_sector(window, at >> self.shift)?;
        let page = within & !FAT_PAGE.saturating_sub(1);
        let end = within.saturating_add(run.saturating_mul(4)).min(self.sector_len());
        let mut ahead = end.next_multiple_of(FAT_PAGE).saturating_sub(page);
        if self.has_two_neighbors() {
            ahead = ahead.max(self.sector_len().saturating_mul(2));
        }
        let offset = start.saturating_add(within);
        let page_start = start.saturating_add(page);
        let next = read_u32(window, "FAT sector", offset, page_start, ahead)?;
        match next {
            END_OF_CHAIN => Ok(None),
            _ if next <= MAX_REGULAR_SECTOR => Ok(Some(next)),
            _ => Err(Error::malformed(
                ErrorCode::MalformedFat,
                "FAT",
                offset,
                format!("sector {sector} is in a chain, but is marked {next:08X}"),
            )),
        }
    }

    /// Returns the number of sectors after `sector`, up to `most`, that follow it both in its chain
    /// and in the file. Only cached FAT entries count. This replaces one call of `next` for each.
    pub(super) fn consecutive(
        &mut self,
        window: &mut Window<'_>,
        sector: u32,
        most: u64,
    ) -> Result<u64> {
        if most == 0 {
            return Ok(0);
        }
        let at = u64::from(sector) << 2;
        let within = at & self.sector_len().saturating_sub(1);
        let start = self.fat_sector(window, at >> self.shift)?;
        let left = self.sector_len().saturating_sub(within) >> 2;
        let following = self.sectors.saturating_sub(u64::from(sector)).saturating_sub(1);
        let most = to_usize(most.min(left).min(following)).unwrap_or(0);
        let entries = window.cached(start.saturating_add(within), most.saturating_mul(4));
        let count = to_u64(count_consecutive(sector, entries.as_chunks().0));
        window.meter().charge(Limit::ChainSectors, count)?;
        Ok(count)
    }

    /// Returns whether the FAT consists of two adjacent small sectors, which one read takes.
    fn has_two_neighbors(&self) -> bool {
        let [first, second, third, ..] = self.header;
        self.sector_len() == FAT_PAGE
            && third > MAX_REGULAR_SECTOR
            && second <= MAX_REGULAR_SECTOR
            && second.checked_sub(1) == Some(first)
    }

    /// Returns the extent of the small FAT sectors immediately before `sector`, which are needed
    /// next.
    pub(super) fn just_before(&self, sector: u32) -> Option<Extent> {
        // Without a branch for each entry the loop is vectorized. The distance of a sector after
        // `sector` wraps to a large number.
        let most = FAT_BEFORE.min(sector);
        let distances = self.header.iter().map(|fat| sector.wrapping_sub(*fat));
        let near = distances.map(|distance| if distance <= most { distance } else { 0 });
        let furthest = near.fold(0, u32::max);
        if furthest == 0 {
            return None;
        }
        let offset = self.offset("FAT sector", sector.checked_sub(furthest)?).ok()?;
        let len = u64::from(furthest) << self.shift;
        (self.sector_len() == FAT_PAGE).then_some(Extent { offset, len })
    }

    /// Returns the number of bytes from `sector` to the end of the FAT sector with its entry, if
    /// that sector follows within [`FAT_AFTER`] sectors.
    pub(super) fn just_after(&self, sector: u32) -> Option<u64> {
        let index = to_usize((u64::from(sector) << 2) >> self.shift)?;
        let distance = self.header.get(index)?.checked_sub(sector)?;
        let is_near = distance <= FAT_AFTER && self.sector_len() == FAT_PAGE;
        is_near.then(|| u64::from(distance).saturating_add(1) << self.shift)
    }

    /// Returns the offset of FAT sector `index`.
    fn fat_sector(&mut self, window: &mut Window<'_>, index: u64) -> Result<u64> {
        let in_header = to_usize(index).and_then(|index| self.header.get(index));
        let sector = match in_header {
            Some(sector) => *sector,
            None => {
                // The last number of a DIFAT sector is the next DIFAT sector.
                let each = (self.sector_len() >> 2).saturating_sub(1);
                let index_in_difat = index.saturating_sub(to_u64(HEADER_DIFAT));
                let which = index_in_difat.checked_div(each).unwrap_or(0);
                let within = index_in_difat.checked_rem(each).unwrap_or(0).saturating_mul(4);
                let start = self.difat_sector(window, which)?;
                let offset = start.saturating_add(within);
                read_u32(window, "DIFAT sector", offset, start, self.sector_len())?
            }
        };
        if sector > MAX_REGULAR_SECTOR {
            return Err(Error::malformed(
                ErrorCode::MalformedDifat,
                "DIFAT",
                None,
                format!("it names no FAT sector {index}, which a chain needs"),
            ));
        }
        self.offset("FAT sector", sector)
    }

    /// Returns the offset of DIFAT sector `which`. Reads the list of them up to that sector.
    fn difat_sector(&mut self, window: &mut Window<'_>, which: u64) -> Result<u64> {
        while to_u64(self.difat.len()) <= which {
            window.meter().charge(Limit::ChainSectors, 1)?;
            if self.next_difat > MAX_REGULAR_SECTOR {
                return Err(Error::malformed(
                    ErrorCode::MalformedDifat,
                    "DIFAT",
                    None,
                    format!("it ends with sector {}, a chain needs {which}", self.difat.len()),
                ));
            }
            let start = self.offset("DIFAT sector", self.next_difat)?;
            // A cycle ends too, because the size of the file bounds `which`.
            window.meter().charge(Limit::Allocation, 4)?;
            self.difat.push(self.next_difat);
            let offset = start.saturating_add(self.sector_len()).saturating_sub(4);
            self.next_difat = read_u32(window, "DIFAT sector", offset, start, self.sector_len())?;
        }
        let sector = to_usize(which).and_then(|which| self.difat.get(which));
        self.offset("DIFAT sector", sector.copied().unwrap_or(NO_STREAM))
    }
}

/// Counts the `entries` at the beginning that name the sector after their own. The first entry is
/// that of `sector`.
fn count_consecutive(sector: u32, entries: &[[u8; 4]]) -> usize {
    let mut expected = sector.wrapping_add(1);
    let mut count: usize = 0;
    // Most runs are long. Without a branch for each entry the loop is vectorized.
    for block in entries.as_chunks::<16>().0 {
        let named = block.iter().map(|entry| u32::from_le_bytes(*entry)).zip(0..);
        let differ =
            named.fold(0, |differ, (named, at)| differ | (named ^ expected.wrapping_add(at)));
        if differ != 0 {
            break;
        }
        expected = expected.wrapping_add(16);
        count = count.saturating_add(16);
    }
    for entry in entries.iter().skip(count) {
        if u32::from_le_bytes(*entry) != expected {
            break;
        }
        expected = expected.wrapping_add(1);
        count = count.saturating_add(1);
    }
    count
}

/// Returns the number at `offset`. If it is not cached, reads `ahead` bytes from `start` on.
fn read_u32(
    window: &mut Window<'_>,
    structure: &'static str,
    offset: u64,
    start: u64,
    ahead: u64,
) -> Result<u32> {
    let len = offset.saturating_sub(start).saturating_add(4);
    let end = window.known_len().unwrap_or(UNKNOWN_SIZE);
    let whole = ahead.max(len).min(end.saturating_sub(start));
    let len = to_usize(len).unwrap_or(usize::MAX);
    // The read begins at the start of the page, so that its earlier entries are cached too.
    let ahead = to_usize(whole).unwrap_or(usize::MAX);
    let bytes = window.cached(offset, 4);
    if bytes.len() == 4 {
        return Cursor::new(structure, bytes, offset).u32_le("sector number");
    }
    let bytes = window.read(structure, start, len, Ahead::Bytes(ahead))?;
    let last = bytes.len().saturating_sub(4);
    Cursor::new(structure, bytes.get(last..).unwrap_or_default(), offset).u32_le("sector number")
}

/// The part of a chain of sectors (MS-CFB 2.3) that was read.
#[derive(Debug)]
pub(super) struct SectorChain {
    structure: &'static str,
    /// Contiguous runs, each with its offset in the chain.
    runs: Vec<(u64, Extent)>,
    /// Total bytes of the runs.
    len: u64,
    /// The last sector that was read, and the first sector if none was read.
    last: Option<u32>,
    next: Option<u32>,
}

impl SectorChain {
    pub(super) fn new(structure: &'static str, first: u32) -> SectorChain {
        let next = (first <= MAX_REGULAR_SECTOR).then_some(first);
        SectorChain { structure, runs: Vec::new(), len: 0, last: None, next }
    }

    /// Returns the extent in the file from byte `at` of the chain to the end of its run; `None`
    /// after the end of the chain.
    pub(super) fn locate(
        &mut self,
        fat: &mut Fat,
        window: &mut Window<'_>,
        at: u64,
    ) -> Result<Option<Extent>> {
        if self.reach(fat, window, at.saturating_add(1))? <= at {
            return Ok(None);
        }
        let next = self.runs.partition_point(|(start, _)| *start <= at);
        let run = next.checked_sub(1).and_then(|index| self.runs.get(index));
        Ok(run.map(|(start, extent)| {
            let skip = at.saturating_sub(*start);
            Extent {
                offset: extent.offset.saturating_add(skip),
                len: extent.len.saturating_sub(skip),
            }
        }))
    }

    /// Returns the offset in the file of byte `at`, if the first run contains it.
    pub(super) fn offset_in_first(&self, at: u64) -> Option<u64> {
        let (_, first) = self.runs.first()?;
        (at < first.len).then(|| first.offset.saturating_add(at))
    }

    /// Follows the chain until it has `enough` bytes or ends. Returns the number of bytes.
    #[inline(always)]
    pub(super) fn reach(
        &mut self,
        fat: &mut Fat,
        window: &mut Window<'_>,
        enough: u64,
    ) -> Result<u64> {
        // In most calls the bytes are known already.
        if self.len >= enough { Ok(self.len) } else { self.follow(fat, window, enough) }
    }

    fn follow(&mut self, fat: &mut Fat, window: &mut Window<'_>, enough: u64) -> Result<u64> {
        while self.len < enough {
            let next = match (self.next.take(), self.last) {
                (Some(first), _) => Some(first),
                (None, Some(last)) => fat.next(window, last, 1)?,
                (None, None) => None,
            };
            let Some(sector) = next else {
                self.last = None;
                break;
            };
            if self.len >> fat.shift >= fat.sectors() {
                return Err(Error::malformed(
                    ErrorCode::MalformedFat,
                    self.structure,
                    None,
                    "its chain of sectors has a cycle",
                ));
            }
            let extent = fat.extent(self.structure, sector)?;
            match self.runs.last_mut() {
                Some((_, last)) if last.end() == extent.offset => {
                    last.len = last.len.saturating_add(extent.len);
                }
                _ => {
                    window.meter().charge(Limit::Allocation, 24)?;
                    self.runs.push((self.len, extent));
                }
            }
            self.len = self.len.saturating_add(extent.len);
            self.last = Some(sector);
        }
        Ok(self.len)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fat_sector_shortly_before_a_sector_is_found() {
        let just_before = |fats: &[u32], sector: u32| {
            let mut header = [NO_STREAM; HEADER_DIFAT];
            header[..fats.len()].copy_from_slice(fats);
            let fat = Fat::new(9, 1 << 20, header, NO_STREAM);
            fat.just_before(sector).map(|extent| (extent.offset / 512 - 1, extent.len / 512))
        };
        for sector in 0..4 {
            assert_eq!(just_before(&[], sector), None, "{sector}");
        }
        assert_eq!(just_before(&[0], 0), None);
        assert_eq!(just_before(&[0], 1), Some((0, 1)));
        assert_eq!(just_before(&[5, 6], 7), Some((5, 2)));
        assert_eq!(just_before(&[6], 7), Some((6, 1)));
        assert_eq!(just_before(&[4], 7), None);
        assert_eq!(just_before(&[8, 0xFFFF_FFFE], 7), None);
    }

    #[test]
    fn fat_sector_shortly_after_a_sector_is_found() {
        let bytes_to_its_end = |fats: &[u32], sector: u32| {
            let mut header = [NO_STREAM; HEADER_DIFAT];
            header[..fats.len()].copy_from_slice(fats);
            Fat::new(9, 1 << 20, header, NO_STREAM).just_after(sector)
        };
        assert_eq!(bytes_to_its_end(&[], 3), None);
        assert_eq!(bytes_to_its_end(&[9, 4], 3), Some(7 * 512));
        assert_eq!(bytes_to_its_end(&[10], 3), Some(8 * 512));
        assert_eq!(bytes_to_its_end(&[11, 4], 3), None);
        assert_eq!(bytes_to_its_end(&[2], 3), None);
        // The second FAT sector contains the entry of sector 130.
        assert_eq!(bytes_to_its_end(&[131, 133], 130), Some(4 * 512));
    }

    proptest! {
        #[test]
        fn run_ends_at_the_first_other_entry(
            sector in prop_oneof![0..1000_u32, u32::MAX - 100..=u32::MAX],
            len in 0..90_usize,
            odd in proptest::option::of((0..90_usize, any::<u32>())),
        ) {
            let expected = |at: usize| sector.wrapping_add(1 + u32::try_from(at).unwrap());
            let mut entries: Vec<[u8; 4]> =
                (0..len).map(|at| expected(at).to_le_bytes()).collect();
            if let Some((at, entry)) = odd
                && let Some(there) = entries.get_mut(at)
            {
                *there = entry.to_le_bytes();
            }
            let mut numbered = entries.iter().enumerate();
            let one_by_one = numbered.position(|(at, entry)| *entry != expected(at).to_le_bytes());
            let one_by_one = one_by_one.unwrap_or(len);
            prop_assert_eq!(count_consecutive(sector, &entries), one_by_one);
        }
    }
}
