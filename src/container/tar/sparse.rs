//! The stored parts of a sparse member (GNU tar, "Storing Sparse Files"). The old format has the map of
//! the parts in the header and in blocks after it, formats 0.0 and 0.1 in an extended header, and format
//! 1.0 before the data.

use super::layout::{BLOCK, STRUCTURE};
use super::sparse_map::SparseMap;
use crate::bytes::{to_u64, to_usize};
use crate::error::Result;
use crate::limits::Limit;
use crate::source::{Ahead, EXTENT_MEMORY, Extent, StoredPart, Window};

/// Digits of a number in the map of format 1.0.
const MOST_DIGITS: usize = 20;

/// The stored parts of a sparse member.
#[derive(Debug)]
pub(super) struct SparseParts {
    pub(super) parts: Vec<StoredPart>,
    /// Bytes of the member with its holes.
    pub(super) size: u64,
}

/// Adds the entries of the blocks that follow a header of the old format at `position`. Returns the
/// offset after them.
pub(super) fn after_extents(
    window: &mut Window<'_>,
    mut position: u64,
    map: &mut SparseMap,
) -> Result<u64> {
    while map.has_more {
        let meter = window.meter();
        meter.charge(Limit::Steps, 16)?;
        meter.charge(Limit::Allocation, BLOCK)?;
        let len = to_usize(BLOCK).unwrap_or_default();
        let block = window.read(STRUCTURE, position, len, Ahead::Block)?;
        map.add_block(block);
        position = position.saturating_add(BLOCK);
    }
    Ok(position)
}

/// Returns the parts of a member, whose stored bytes are at `extent`. `None` if the map does not
/// match them.
pub(super) fn parts(
    window: &mut Window<'_>,
    mut extent: Extent,
    mut map: SparseMap,
) -> Result<Option<SparseParts>> {
    if map.is_in_data {
        let Some(len) = read_map(window, extent, &mut map.numbers)? else { return Ok(None) };
        extent = Extent {
            offset: extent.offset.saturating_add(len),
            len: extent.len.saturating_sub(len),
        };
    }
    let Some(size) = map.size.filter(|_| !map.is_malformed) else { return Ok(None) };
    let count = map.numbers.len().div_ceil(2);
    window.meter().charge(Limit::Steps, to_u64(count))?;
    window.meter().charge(Limit::Allocation, to_u64(count).saturating_mul(EXTENT_MEMORY))?;
    let mut parts: Vec<StoredPart> = Vec::new();
    let mut stored: u64 = 0;
    for pair in map.numbers.chunks(2) {
        let &[at, len] = pair else { return Ok(None) };
        let part =
            StoredPart { at, extent: Extent { offset: extent.offset.saturating_add(stored), len } };
        let follows = parts.last().is_none_or(|last| last.end() <= at);
        stored = stored.saturating_add(len);
        if !follows || at.checked_add(len).is_none_or(|end| end > size) {
            return Ok(None);
        }
        if len > 0 {
            parts.push(part);
        }
    }
    Ok((stored == extent.len).then_some(SparseParts { parts, size }))
}

/// Reads the map of format 1.0 at the beginning of `extent` into `numbers`: decimal numbers, each on
/// a line. The first is the number of parts. Returns the bytes of its blocks; `None` if it is not
/// such a map.
fn read_map(
    window: &mut Window<'_>,
    extent: Extent,
    numbers: &mut Vec<u64>,
) -> Result<Option<u64>> {
    let mut wanted: Option<u64> = None;
    let mut position: u64 = 0;
    let mut digits: Vec<u8> = Vec::new();
    loop {
        window.meter().charge(Limit::Steps, 64)?;
        window.meter().charge(Limit::Allocation, BLOCK.saturating_mul(4))?;
        if extent.len.saturating_sub(position) < BLOCK {
            return Ok(None);
        }
        let at = extent.offset.saturating_add(position);
        let len = to_usize(BLOCK).unwrap_or_default();
        let block = window.read("tar sparse map", at, len, Ahead::Block)?;
        position = position.saturating_add(BLOCK);
        for byte in block {
            if *byte != b'\n' {
                digits.push(*byte);
                if digits.len() > MOST_DIGITS || !byte.is_ascii_digit() {
                    return Ok(None);
                }
                continue;
            }
            let parsed = std::str::from_utf8(&digits).ok().and_then(|text| text.parse().ok());
            let Some(number) = parsed else { return Ok(None) };
            digits.clear();
            match wanted {
                None => wanted = Some(number),
                Some(_) => numbers.push(number),
            }
            if wanted.is_some_and(|parts| to_u64(numbers.len()) >= parts.saturating_mul(2)) {
                return Ok(Some(position));
            }
        }
    }
}
