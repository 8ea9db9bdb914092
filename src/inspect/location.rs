//! Source of the bytes of a member, and their location in the file.

use std::io;
use std::rc::Rc;

use crate::source::{Extent, Pieces, ReadAt};

/// Bytes that members are read from: the file, or a member that contains others.
#[derive(Clone)]
pub(super) enum MemberSource<'a> {
    File(&'a dyn ReadAt),
    Member(Rc<dyn ReadAt + 'a>),
}

impl ReadAt for MemberSource<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            MemberSource::File(source) => source.read_at(offset, buf),
            MemberSource::Member(source) => source.read_at(offset, buf),
        }
    }

    fn size(&self) -> io::Result<u64> {
        match self {
            MemberSource::File(source) => source.size(),
            MemberSource::Member(source) => source.size(),
        }
    }

    fn is_sized(&self) -> bool {
        match self {
            MemberSource::File(source) => source.is_sized(),
            MemberSource::Member(source) => source.is_sized(),
        }
    }

    fn has_changed(&self) -> bool {
        match self {
            MemberSource::File(source) => source.has_changed(),
            MemberSource::Member(source) => source.has_changed(),
        }
    }

    fn in_memory(&self) -> Option<&[u8]> {
        match self {
            MemberSource::File(source) => source.in_memory(),
            MemberSource::Member(source) => source.in_memory(),
        }
    }
}

/// Location of a member in the file.
#[derive(Clone)]
pub(super) enum MemberLocation {
    /// The member is the file.
    Whole,
    /// Extents of its container.
    Within(Rc<MemberExtents>),
    /// The member is encoded.
    Nowhere,
}

/// Extents of a member in its container, and the location of the container.
pub(super) struct MemberExtents {
    container: MemberLocation,
    pieces: Pieces,
}

impl MemberLocation {
    /// Returns the location of a member with these extents in the member that is located here.
    ///
    /// Only requested offsets are resolved to offsets in the file: members of one container may share
    /// its extents, and resolving all extents for each member would cost their product.
    pub(super) fn inner(&self, pieces: &Pieces) -> MemberLocation {
        match self {
            MemberLocation::Nowhere => MemberLocation::Nowhere,
            container => {
                let (container, pieces) = (container.clone(), pieces.clone());
                MemberLocation::Within(Rc::new(MemberExtents { container, pieces }))
            }
        }
    }

    /// Returns the offset in the file of byte `offset` of the member, and the number of bytes that
    /// follow it there in the same extents.
    fn locate(&self, offset: u64) -> Option<Extent> {
        let (mut place, mut at, mut len) = (self, offset, u64::MAX);
        loop {
            match place {
                MemberLocation::Whole => {
                    let len = len.min(u64::MAX.saturating_sub(at));
                    return Some(Extent { offset: at, len });
                }
                MemberLocation::Within(within) => {
                    let found = within.pieces.locate(at)?;
                    (at, len) = (found.offset, len.min(found.len));
                    place = &within.container;
                }
                MemberLocation::Nowhere => return None,
            }
        }
    }

    /// Returns the offset in the file of byte `offset` of the member.
    pub(super) fn offset(&self, offset: u64) -> Option<u64> {
        self.locate(offset).map(|extent| extent.offset)
    }

    /// Returns the offset in the file of byte `offset` of the member, if `len` bytes from there on
    /// are contiguous in the file.
    pub(super) fn contiguous(&self, offset: u64, len: u64) -> Option<u64> {
        let first = self.locate(offset)?;
        let mut known = first.len;
        // Extents that are apart in the container may be adjacent in the file.
        while known < len {
            let next = self.locate(offset.checked_add(known)?)?;
            if first.offset.checked_add(known) != Some(next.offset) {
                return None;
            }
            known = known.checked_add(next.len)?;
        }
        Some(first.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(extents: &[(u64, u64)]) -> Pieces {
        Pieces::new(
            extents.iter().map(|(offset, len)| Extent { offset: *offset, len: *len }).collect(),
        )
    }

    #[test]
    fn offsets_in_nested_members_are_resolved_to_the_file() {
        let outer = MemberLocation::Whole.inner(&pieces(&[(100, 10), (90, 10), (300, 5)]));
        let inner = outer.inner(&pieces(&[(10, 10), (0, 10), (22, 3)]));
        let cases = [(0, Some(90)), (9, Some(99)), (10, Some(100)), (20, Some(302)), (23, None)];
        for (offset, expected) in cases {
            assert_eq!(inner.offset(offset), expected, "{offset}");
        }
        assert_eq!(
            inner.contiguous(0, 20),
            Some(90),
            "apart in the container, adjacent in the file"
        );
        assert_eq!(inner.contiguous(0, 21), None);
        assert_eq!(inner.contiguous(22, 1), Some(304));
        assert_eq!(inner.contiguous(22, 2), None);
        assert_eq!(MemberLocation::Nowhere.inner(&pieces(&[(0, 1)])).offset(0), None);
    }
}
