//! A member of which its container stores only some parts. All other bytes are zero.

use std::io;

use super::read_at::ReadAt;
use super::section::{Extent, PIECE_STEPS};
use crate::bytes::{to_u64, to_usize};
use crate::limits::{Limit, Meter};

/// A part of a sparse member that the container stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredPart {
    /// Offset of the part in the member.
    pub(crate) at: u64,
    /// Location of its bytes in the container.
    pub(crate) extent: Extent,
}

impl StoredPart {
    /// Returns the offset in the member that follows the part.
    pub(crate) fn end(&self) -> u64 {
        self.at.saturating_add(self.extent.len)
    }
}

/// A sparse member, read as one.
#[derive(Debug)]
pub(crate) struct SparseSection<'a, S> {
    container: S,
    /// In the order of the member, without overlap.
    parts: Vec<StoredPart>,
    size: u64,
    meter: &'a Meter<'a>,
}

impl<'a, S: ReadAt> SparseSection<'a, S> {
    /// Makes a member of `size` bytes. `parts` are in the order of the member and do not overlap.
    pub(crate) fn new(
        container: S,
        parts: Vec<StoredPart>,
        size: u64,
        meter: &'a Meter<'a>,
    ) -> SparseSection<'a, S> {
        SparseSection { container, parts, size, meter }
    }
}

impl<S: ReadAt> ReadAt for SparseSection<'_, S> {
    /// Reads part by part. The caller charges one read; each part after the first is one more.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let left = to_usize(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = buf.len().min(left);
        let buf = buf.get_mut(..len).unwrap_or_default();
        buf.fill(0);
        let end = offset.saturating_add(to_u64(len));
        let first = self.parts.partition_point(|part| part.end() <= offset);
        let parts = self.parts.get(first..).unwrap_or_default();
        for (number, part) in parts.iter().take_while(|part| part.at < end).enumerate() {
            if number > 0 {
                self.meter.charge(Limit::Steps, PIECE_STEPS).map_err(io::Error::other)?;
            }
            let begin = part.at.max(offset);
            let skipped = begin.saturating_sub(part.at);
            let stop = part.end().min(end);
            let range = to_usize(begin.saturating_sub(offset)).unwrap_or(len)
                ..to_usize(stop.saturating_sub(offset)).unwrap_or(len);
            let mut rest = buf.get_mut(range).unwrap_or_default();
            let mut from = part.extent.offset.saturating_add(skipped);
            while !rest.is_empty() {
                let read = self.container.read_at(from, rest)?;
                if read == 0 {
                    // The container ends within the part.
                    return Ok(to_usize(stop.saturating_sub(offset))
                        .unwrap_or(len)
                        .saturating_sub(rest.len()));
                }
                from = from.saturating_add(to_u64(read));
                rest = rest.get_mut(read..).unwrap_or_default();
            }
        }
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn has_changed(&self) -> bool {
        self.container.has_changed()
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use crate::limits::{Interrupt, Limits};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_sparse_member_has_its_parts_and_zeros(
            gaps in prop::collection::vec((0..20_u64, 0..10_u64, 1..50_u64), 0..6),
            tail in 0..20_u64,
            reads in prop::collection::vec((0..200_u64, 0..60_usize), 1..6),
        ) {
            let container: Vec<u8> = (1..=100).collect();
            let mut whole = Vec::new();
            let mut parts = Vec::new();
            for (gap, len, offset) in gaps {
                whole.resize(whole.len() + to_usize(gap).unwrap(), 0);
                parts.push(StoredPart { at: to_u64(whole.len()), extent: Extent { offset, len } });
                let range = to_usize(offset).unwrap()..to_usize(offset + len).unwrap();
                whole.extend(&container[range]);
            }
            whole.resize(whole.len() + to_usize(tail).unwrap(), 0);
            let meter = Meter::new(Limits::default(), Interrupt::default());
            let sparse = SparseSection::new(container, parts, to_u64(whole.len()), &meter);
            for (offset, len) in reads {
                let mut buf = vec![7; len];
                let read = sparse.read_at(offset, &mut buf).unwrap();
                let rest = whole.get(to_usize(offset).unwrap()..).unwrap_or_default();
                prop_assert_eq!(&buf[..read], &rest[..len.min(rest.len())]);
            }
        }
    }

    #[test]
    fn each_part_of_a_read_is_charged() {
        let part = |at| StoredPart { at: 2 * at, extent: Extent { offset: at, len: 1 } };
        let limits = Limits { steps: 10 * PIECE_STEPS, ..Limits::default() };
        let meter = Meter::new(limits, Interrupt::default());
        let parts = (0..100).map(part).collect();
        let sparse = SparseSection::new(vec![1; 100], parts, 1 << 40, &meter);
        assert_eq!(sparse.read_at(0, &mut [0; 16]).unwrap(), 16);
        let error = sparse.read_at(100, &mut [0; 16]).unwrap_err();
        assert_eq!(crate::Error::io(error).code(), "limit-steps");
        assert_eq!(sparse.read_at(1 << 39, &mut [0; 16]).unwrap(), 16, "a hole costs no step");
    }

    #[test]
    fn a_container_that_ends_within_a_part_ends_the_member() {
        let part = StoredPart { at: 4, extent: Extent { offset: 0, len: 8 } };
        let meter = Meter::new(Limits::default(), Interrupt::default());
        let sparse = SparseSection::new(vec![1; 3], vec![part], 20, &meter);
        assert_eq!(sparse.read_at(0, &mut [0; 16]).unwrap(), 7);
    }
}
