//! Where a member's bytes come from, and where they lie in the file.

use std::io;
use std::rc::Rc;

use crate::source::{Extent, ReadAt, join, locate};

/// Bytes that members are read from: the file, or a member that holds others.
#[derive(Clone)]
pub(super) enum Holder<'a> {
    File(&'a dyn ReadAt),
    Member(Rc<dyn ReadAt + 'a>),
}

impl ReadAt for Holder<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Holder::File(source) => source.read_at(offset, buf),
            Holder::Member(source) => source.read_at(offset, buf),
        }
    }

    fn size(&self) -> io::Result<u64> {
        match self {
            Holder::File(source) => source.size(),
            Holder::Member(source) => source.size(),
        }
    }

    fn is_sized(&self) -> bool {
        match self {
            Holder::File(source) => source.is_sized(),
            Holder::Member(source) => source.is_sized(),
        }
    }

    fn has_changed(&self) -> bool {
        match self {
            Holder::File(source) => source.has_changed(),
            Holder::Member(source) => source.has_changed(),
        }
    }

    fn in_memory(&self) -> Option<&[u8]> {
        match self {
            Holder::File(source) => source.in_memory(),
            Holder::Member(source) => source.in_memory(),
        }
    }
}

/// Where a member lies in the file, as far as it does.
#[derive(Clone)]
pub(super) enum Place {
    /// It is the file.
    Whole,
    /// In these pieces.
    Pieces(Rc<[Extent]>),
    /// It is encoded.
    Nowhere,
}

impl Place {
    /// Where byte `offset` of the member lies in the file, and how many follow without a break.
    pub(super) fn locate(&self, offset: u64) -> Option<Extent> {
        match self {
            Place::Whole => Some(Extent { offset, len: u64::MAX.saturating_sub(offset) }),
            Place::Pieces(pieces) => locate(pieces, offset),
            Place::Nowhere => None,
        }
    }

    pub(super) fn offset(&self, offset: u64) -> Option<u64> {
        self.locate(offset).map(|extent| extent.offset)
    }

    /// The place of a member of the member that lies here.
    pub(super) fn inner(&self, extents: &[Extent]) -> Place {
        let mut pieces = Vec::new();
        for extent in extents {
            let mut rest = *extent;
            while rest.len > 0 {
                let Some(found) = self.locate(rest.offset).filter(|found| found.len > 0) else {
                    return Place::Nowhere;
                };
                let len = found.len.min(rest.len);
                join(&mut pieces, Extent { offset: found.offset, len });
                rest.offset = rest.offset.saturating_add(len);
                rest.len = rest.len.saturating_sub(len);
            }
        }
        Place::Pieces(pieces.into())
    }
}
