//! FAT and its chains, followed only as far as they are needed.

use super::layout::{
    END_OF_CHAIN, FAT_BEFORE, FAT_BEHIND, FAT_PAGE, HEADER_DIFAT, MAX_REGULAR_SECTOR, NO_STREAM,
};
use crate::bytes::{Cursor, to_u64, to_usize};
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Ahead, Extent, UNKNOWN_SIZE, Window};

/// The file allocation table (MS-CFB 2.3): which sector follows which. None of it is kept.
#[derive(Debug)]
pub(super) struct Fat {
    /// Sectors have `1 << shift` bytes.
    shift: u32,
    /// Sectors that the file has, the last one perhaps cut short.
    sectors: u64,
    /// The FAT sectors that the header names.
    header: [u32; HEADER_DIFAT],
    /// DIFAT sectors (2.5) that were followed, and the next one.
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

    /// Bytes of a sector.
    pub(super) fn sector_len(&self) -> u64 {
        1 << self.shift
    }

    /// Sectors that the file has: no chain can be longer.
    pub(super) fn sectors(&self) -> u64 {
        self.sectors
    }

    /// Where a sector begins, if the file reaches so far.
    fn offset(&self, structure: &'static str, sector: u32) -> Result<u64> {
        // The header takes the place of the sector before the first one.
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

    /// The sector's bytes as an extent.
    pub(super) fn extent(&self, structure: &'static str, sector: u32) -> Result<Extent> {
        Ok(Extent { offset: self.offset(structure, sector)?, len: self.sector_len() })
    }

    /// The sector behind `sector` in its chain; `None` where the chain ends. `run` sectors are
    /// expected to follow, so that as much of the FAT is read at once.
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

    /// How many sectors behind `sector`, up to `most`, follow it both in its chain and in the file,
    /// as far as the FAT is cached: a run of them is one glance, not a question for each.
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
        let behind = self.sectors.saturating_sub(u64::from(sector)).saturating_sub(1);
        let most = to_usize(most.min(left).min(behind)).unwrap_or(0);
        let entries = window.cached(start.saturating_add(within), most.saturating_mul(4));
        let count = to_u64(follow_in_a_row(sector, entries.as_chunks().0));
        window.meter().charge(Limit::ChainSectors, count)?;
        Ok(count)
    }

    /// Whether the FAT has but two small sectors, one behind the other: they are read as one.
    fn has_two_neighbors(&self) -> bool {
        let [first, second, third, ..] = self.header;
        self.sector_len() == FAT_PAGE
            && third > MAX_REGULAR_SECTOR
            && second <= MAX_REGULAR_SECTOR
            && second.checked_sub(1) == Some(first)
    }

    /// The end of the FAT, where it lies directly before `sector` and is small: it will be asked
    /// for next.
    pub(super) fn just_before(&self, sector: u32) -> Option<Extent> {
        // Without a branch for each of the many, so that they are looked at together. Of what lies
        // behind `sector` the distance wraps to more than that.
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

    /// How many bytes from `sector` on reach to the end of the FAT sector that has its entry, where
    /// that lies shortly behind.
    pub(super) fn just_behind(&self, sector: u32) -> Option<u64> {
        let index = to_usize((u64::from(sector) << 2) >> self.shift)?;
        let distance = self.header.get(index)?.checked_sub(sector)?;
        let is_near = distance <= FAT_BEHIND && self.sector_len() == FAT_PAGE;
        is_near.then(|| u64::from(distance).saturating_add(1) << self.shift)
    }

    /// Where the FAT sector `index` begins.
    fn fat_sector(&mut self, window: &mut Window<'_>, index: u64) -> Result<u64> {
        let in_header = to_usize(index).and_then(|index| self.header.get(index));
        let sector = match in_header {
            Some(sector) => *sector,
            None => {
                // The last number in a DIFAT sector is that of the next one.
                let each = (self.sector_len() >> 2).saturating_sub(1);
                let behind = index.saturating_sub(to_u64(HEADER_DIFAT));
                let which = behind.checked_div(each).unwrap_or(0);
                let within = behind.checked_rem(each).unwrap_or(0).saturating_mul(4);
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

    /// Where the DIFAT sector `which` begins. The list of them is walked only so far.
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
            // A list that turns back on itself ends here: `which` is bounded by the file's size.
            window.meter().charge(Limit::Allocation, 4)?;
            self.difat.push(self.next_difat);
            let offset = start.saturating_add(self.sector_len()).saturating_sub(4);
            self.next_difat = read_u32(window, "DIFAT sector", offset, start, self.sector_len())?;
        }
        let sector = to_usize(which).and_then(|which| self.difat.get(which));
        self.offset("DIFAT sector", sector.copied().unwrap_or(NO_STREAM))
    }
}

/// How many of the FAT's `entries` in a row, the first one that of `sector`, name the sector behind
/// their own.
fn follow_in_a_row(sector: u32, entries: &[[u8; 4]]) -> usize {
    let mut behind = sector.wrapping_add(1);
    let mut count: usize = 0;
    // Most runs are long. Without a branch for each entry many are looked at together.
    for block in entries.as_chunks::<16>().0 {
        let named = block.iter().map(|entry| u32::from_le_bytes(*entry)).zip(0..);
        let differ =
            named.fold(0, |differ, (named, at)| differ | (named ^ behind.wrapping_add(at)));
        if differ != 0 {
            break;
        }
        behind = behind.wrapping_add(16);
        count = count.saturating_add(16);
    }
    for entry in entries.iter().skip(count) {
        if u32::from_le_bytes(*entry) != behind {
            break;
        }
        behind = behind.wrapping_add(1);
        count = count.saturating_add(1);
    }
    count
}

/// The number at `offset`; where it is not cached, `ahead` bytes from `start` on are read.
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
    // From the start of the page on, so that earlier entries of it are at hand too.
    let ahead = to_usize(whole).unwrap_or(usize::MAX);
    let bytes = window.cached(offset, 4);
    if bytes.len() == 4 {
        return Cursor::new(structure, bytes, offset).u32_le("sector number");
    }
    let bytes = window.read(structure, start, len, Ahead::Bytes(ahead))?;
    let last = bytes.len().saturating_sub(4);
    Cursor::new(structure, bytes.get(last..).unwrap_or_default(), offset).u32_le("sector number")
}

/// A chain of sectors (MS-CFB 2.3), as far as it was followed.
#[derive(Debug)]
pub(super) struct SectorChain {
    structure: &'static str,
    /// Contiguous runs, each with where it begins in the chain.
    runs: Vec<(u64, Extent)>,
    /// Bytes in them.
    len: u64,
    /// The last sector followed; the next one to begin with.
    last: Option<u32>,
    next: Option<u32>,
}

impl SectorChain {
    pub(super) fn new(structure: &'static str, first: u32) -> SectorChain {
        let next = (first <= MAX_REGULAR_SECTOR).then_some(first);
        SectorChain { structure, runs: Vec::new(), len: 0, last: None, next }
    }

    /// Where byte `at` of the chain lies in the file, and how many follow it there without a
    /// break; `None` behind the chain's end.
    pub(super) fn locate(
        &mut self,
        fat: &mut Fat,
        window: &mut Window<'_>,
        at: u64,
    ) -> Result<Option<Extent>> {
        if self.reach(fat, window, at.saturating_add(1))? <= at {
            return Ok(None);
        }
        let behind = self.runs.partition_point(|(start, _)| *start <= at);
        let run = behind.checked_sub(1).and_then(|index| self.runs.get(index));
        Ok(run.map(|(start, extent)| {
            let skip = at.saturating_sub(*start);
            Extent {
                offset: extent.offset.saturating_add(skip),
                len: extent.len.saturating_sub(skip),
            }
        }))
    }

    /// Where byte `at` lies, if that is in the first run that was followed.
    pub(super) fn offset_in_first(&self, at: u64) -> Option<u64> {
        let (_, first) = self.runs.first()?;
        (at < first.len).then(|| first.offset.saturating_add(at))
    }

    /// Follows the chain until it has `enough` bytes or ends, and says how many it has.
    #[inline(always)]
    pub(super) fn reach(
        &mut self,
        fat: &mut Fat,
        window: &mut Window<'_>,
        enough: u64,
    ) -> Result<u64> {
        // It mostly was followed so far before.
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
    fn the_fat_before_a_sector_is_found_wherever_the_header_names_it() {
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
    fn the_fat_behind_a_sector_is_reached_if_it_is_near() {
        let bytes_to_its_end = |fats: &[u32], sector: u32| {
            let mut header = [NO_STREAM; HEADER_DIFAT];
            header[..fats.len()].copy_from_slice(fats);
            Fat::new(9, 1 << 20, header, NO_STREAM).just_behind(sector)
        };
        assert_eq!(bytes_to_its_end(&[], 3), None);
        assert_eq!(bytes_to_its_end(&[9, 4], 3), Some(7 * 512));
        assert_eq!(bytes_to_its_end(&[10], 3), Some(8 * 512));
        assert_eq!(bytes_to_its_end(&[11, 4], 3), None);
        assert_eq!(bytes_to_its_end(&[2], 3), None);
        // The entry of sector 130 stands in the second one.
        assert_eq!(bytes_to_its_end(&[131, 133], 130), Some(4 * 512));
    }

    proptest! {
        #[test]
        fn a_run_ends_where_an_entry_names_another_sector(
            sector in prop_oneof![0..1000_u32, u32::MAX - 100..=u32::MAX],
            len in 0..90_usize,
            odd in proptest::option::of((0..90_usize, any::<u32>())),
        ) {
            let behind = |at: usize| sector.wrapping_add(1 + u32::try_from(at).unwrap());
            let mut entries: Vec<[u8; 4]> =
                (0..len).map(|at| behind(at).to_le_bytes()).collect();
            if let Some((at, entry)) = odd
                && let Some(there) = entries.get_mut(at)
            {
                *there = entry.to_le_bytes();
            }
            let mut numbered = entries.iter().enumerate();
            let one_by_one = numbered.position(|(at, entry)| *entry != behind(at).to_le_bytes());
            let one_by_one = one_by_one.unwrap_or(len);
            prop_assert_eq!(follow_in_a_row(sector, &entries), one_by_one);
        }
    }
}
