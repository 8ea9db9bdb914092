//! A member that consists of extents of its container, read as one.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use super::read_at::ReadAt;
use crate::bytes::{to_u64, to_usize};
use crate::limits::{Limit, Meter};

/// Contiguous bytes of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Offset in the container.
    pub(crate) offset: u64,
    /// Number of bytes.
    pub(crate) len: u64,
}

impl Extent {
    pub(crate) fn end(&self) -> u64 {
        self.offset.saturating_add(self.len)
    }
}

/// Appends `next` to `extents`, as part of the last one where it follows that directly.
pub(crate) fn join(extents: &mut Vec<Extent>, next: Extent) {
    match extents.last_mut() {
        Some(last) if last.end() == next.offset => last.len = last.len.saturating_add(next.len),
        _ => extents.push(next),
    }
}

/// Returns the extents of up to `len` bytes of a member from byte `from` on.
pub(crate) fn part(extents: &[Extent], from: u64, len: u64) -> impl Iterator<Item = Extent> {
    let (mut skip, mut left) = (from, len);
    extents.iter().filter_map(move |extent| {
        let skipped = skip.min(extent.len);
        skip = skip.saturating_sub(skipped);
        let len = extent.len.saturating_sub(skipped).min(left);
        left = left.saturating_sub(len);
        let offset = extent.offset.saturating_add(skipped);
        (len > 0).then_some(Extent { offset, len })
    })
}

/// The extents of a member with the offset in the member at which each ends, so that a lookup is a
/// binary search. Clones share both lists.
#[derive(Debug, Clone)]
pub(crate) struct Pieces(Rc<Lists>);

#[derive(Debug)]
struct Lists {
    extents: Vec<Extent>,
    /// Of each extent the offset in the member that follows its last byte.
    ends: Vec<u64>,
}

/// Bytes of memory that one extent of a member takes: in [`Pieces`], and before that in a list.
pub(crate) const EXTENT_MEMORY: u64 = 32;

impl Pieces {
    /// Indexes `extents`. Extents that follow each other directly become one, empty ones are
    /// dropped.
    pub(crate) fn new(mut extents: Vec<Extent>) -> Pieces {
        extents.retain(|extent| extent.len > 0);
        extents.dedup_by(|next, last| {
            let follows = last.end() == next.offset;
            if follows {
                last.len = last.len.saturating_add(next.len);
            }
            follows
        });
        let ends = extents.iter().scan(0_u64, |end, extent| {
            *end = end.saturating_add(extent.len);
            Some(*end)
        });
        let ends = ends.collect();
        Pieces(Rc::new(Lists { extents, ends }))
    }

    /// Returns the number of bytes of the member.
    pub(crate) fn len(&self) -> u64 {
        self.0.ends.last().copied().unwrap_or(0)
    }

    /// Returns the index of the extent that contains byte `offset` of the member.
    fn index_of(&self, offset: u64) -> usize {
        self.0.ends.partition_point(|end| *end <= offset)
    }

    /// Returns the bytes of the container from byte `offset` of the member to the end of the extent
    /// with this index. `None` if the extent does not contain that byte.
    fn rest_of(&self, index: usize, offset: u64) -> Option<Extent> {
        let extent = self.0.extents.get(index)?;
        let left = self.0.ends.get(index)?.checked_sub(offset)?;
        let skipped = extent.len.checked_sub(left)?;
        (left > 0).then_some(Extent { offset: extent.offset.checked_add(skipped)?, len: left })
    }

    /// Returns the offset in the container of byte `offset` of the member, and the number of bytes
    /// that follow it there without a gap.
    pub(crate) fn locate(&self, offset: u64) -> Option<Extent> {
        self.rest_of(self.index_of(offset), offset)
    }
}

/// Steps of reading one extent of a member: a system call.
pub(super) const PIECE_STEPS: u64 = 24;

/// A member that consists of extents of its container, read as one.
#[derive(Debug)]
pub(crate) struct Section<'a, S> {
    container: S,
    pieces: Pieces,
    /// The extent that the last read ended in. Most reads continue there.
    recent: Cell<usize>,
    meter: &'a Meter<'a>,
}

impl<'a, S: ReadAt> Section<'a, S> {
    pub(crate) fn new(container: S, pieces: Pieces, meter: &'a Meter<'a>) -> Section<'a, S> {
        Section { container, pieces, recent: Cell::new(0), meter }
    }

    /// Returns the index of the extent that contains byte `offset`.
    fn index_of(&self, offset: u64) -> usize {
        let recent = self.recent.get();
        match self.pieces.rest_of(recent, offset) {
            Some(_) => recent,
            None => self.pieces.index_of(offset),
        }
    }
}

impl<S: ReadAt> ReadAt for Section<'_, S> {
    /// Reads extent by extent. The caller charges one read; each extent after the first is one more,
    /// and may have a single byte.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done: usize = 0;
        let mut index = self.index_of(offset);
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let Some(piece) = self.pieces.rest_of(index, offset.saturating_add(to_u64(done)))
            else {
                break;
            };
            if done > 0 {
                self.meter.charge(Limit::Steps, PIECE_STEPS).map_err(io::Error::other)?;
            }
            self.recent.set(index);
            let len = rest.len().min(to_usize(piece.len).unwrap_or(usize::MAX));
            let read = match rest.get_mut(..len) {
                Some(rest) => self.container.read_at(piece.offset, rest)?,
                None => 0,
            };
            if read == 0 {
                break;
            }
            done = done.saturating_add(read);
            if to_u64(read) == piece.len {
                index = index.saturating_add(1);
            }
        }
        Ok(done)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.pieces.len())
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

    #[test]
    fn extents_are_read_as_one_member() {
        let mut extents = Vec::new();
        for (offset, len) in [(8, 2), (2, 3), (5, 1)] {
            join(&mut extents, Extent { offset, len });
        }
        assert_eq!(extents.len(), 2, "adjacent extents are joined");
        let meter = Meter::new(Limits::default(), Interrupt::default());
        let pieces = Pieces::new(extents);
        let section = Section::new(b"0123456789".as_slice(), pieces, &meter);
        let mut buf = [0; 6];
        assert_eq!(section.read_at(0, &mut buf).unwrap(), 6);
        assert_eq!(&buf, b"892345");
        assert_eq!(section.read_at(4, &mut buf).unwrap(), 2);
        assert_eq!(&buf[..2], b"45");
        assert_eq!(section.read_at(6, &mut buf).unwrap(), 0);
    }

    /// Counts the reads of a container of zeros.
    #[derive(Default)]
    struct Zeros(Cell<u64>);

    impl ReadAt for Zeros {
        fn read_at(&self, _: u64, buf: &mut [u8]) -> io::Result<usize> {
            self.0.set(self.0.get() + 1);
            buf.fill(0);
            Ok(buf.len())
        }

        fn size(&self) -> io::Result<u64> {
            Ok(u64::MAX)
        }
    }

    #[test]
    fn each_extent_of_a_read_is_charged() {
        let pieces = (0..300_000).map(|n| Extent { offset: 2 * n, len: 1 }).collect();
        let limits = Limits { steps: 100 * PIECE_STEPS, ..Limits::default() };
        let meter = Meter::new(limits, Interrupt::default());
        let section = Section::new(Zeros::default(), Pieces::new(pieces), &meter);
        assert_eq!(section.read_at(200_000, &mut [0; 51]).unwrap(), 51);
        assert_eq!(section.read_at(0, &mut [0; 51]).unwrap(), 51);
        let error = section.read_at(100_000, &mut [0; 51]).unwrap_err();
        assert_eq!(crate::Error::io(error).code(), "limit-steps");
        assert_eq!(section.container.0.get(), 103);
        // A linear search would visit each extent 300,000 times.
        let found =
            (0..300_000).rev().all(|at| section.pieces.locate(at).unwrap().offset == 2 * at);
        assert!(found);
    }

    proptest! {
        #[test]
        fn a_section_has_the_bytes_of_its_extents(
            extents in prop::collection::vec((0..90_u64, 0..10_u64), 0..8),
            reads in prop::collection::vec((0..80_u64, 0..40_usize), 1..6),
        ) {
            let container: Vec<u8> = (0..100).collect();
            let extents = extents.into_iter().map(|(offset, len)| Extent { offset, len });
            let extents: Vec<Extent> = extents.collect();
            let of = |extent: &Extent| (extent.offset..extent.end()).collect::<Vec<_>>();
            let offsets: Vec<u64> = extents.iter().flat_map(of).collect();
            let pieces = Pieces::new(extents);
            for (at, offset) in offsets.iter().enumerate() {
                prop_assert_eq!(pieces.locate(to_u64(at)).map(|found| found.offset), Some(*offset));
            }
            prop_assert_eq!(pieces.locate(to_u64(offsets.len())), None);
            let meter = Meter::new(Limits::default(), Interrupt::default());
            let section = Section::new(container, pieces, &meter);
            for (offset, len) in reads {
                let mut buf = vec![0; len];
                let read = section.read_at(offset, &mut buf).unwrap();
                let rest = offsets.get(to_usize(offset).unwrap()..).unwrap_or_default();
                let rest: Vec<u8> = rest.iter().take(len).map(|at| u8::try_from(*at).unwrap()).collect();
                prop_assert_eq!(&buf[..read], rest);
            }
        }
    }

    #[test]
    fn part_returns_extents() {
        let at = |offset, len| Extent { offset, len };
        let pieces = vec![at(10, 4), at(30, 4), at(50, 4)];
        let cases = [
            (0, 99, pieces.clone()),
            (4, 4, vec![at(30, 4)]),
            (6, 4, vec![at(32, 2), at(50, 2)]),
            (12, 4, vec![]),
            (1, 0, vec![]),
        ];
        for (skip, len, expected) in cases {
            let found: Vec<Extent> = part(&pieces, skip, len).collect();
            assert_eq!(found, expected, "{skip} {len}");
        }
    }
}
