//! A member that lies in pieces of its container, read as one.

use std::io;

use super::ReadAt;
use crate::bytes::wide;

/// One contiguous piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Where it begins in the container.
    pub(crate) offset: u64,
    /// How many bytes it has.
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

/// The byte of the container at which byte `offset` of the member lies, and how many follow it
/// there without a break.
pub(crate) fn locate(extents: &[Extent], mut offset: u64) -> Option<Extent> {
    for extent in extents {
        match offset.checked_sub(extent.len) {
            Some(rest) => offset = rest,
            None => {
                return Some(Extent {
                    offset: extent.offset.checked_add(offset)?,
                    len: extent.len.saturating_sub(offset),
                });
            }
        }
    }
    None
}

/// The piece of a member that begins at `from` and has up to `len` bytes.
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

/// The pieces of a member, over the container that holds them.
#[derive(Debug)]
pub(crate) struct Section<S> {
    container: S,
    extents: Vec<Extent>,
    len: u64,
}

impl<S: ReadAt> Section<S> {
    pub(crate) fn new(container: S, extents: Vec<Extent>) -> Section<S> {
        let len = extents.iter().fold(0, |len: u64, extent| len.saturating_add(extent.len));
        Section { container, extents, len }
    }
}

impl<S: ReadAt> ReadAt for Section<S> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done: usize = 0;
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let Some(piece) = locate(&self.extents, offset.saturating_add(wide(done))) else {
                break;
            };
            let len = rest.len().min(crate::bytes::narrow(piece.len).unwrap_or(usize::MAX));
            let read = match rest.get_mut(..len) {
                Some(rest) => self.container.read_at(piece.offset, rest)?,
                None => 0,
            };
            if read == 0 {
                break;
            }
            done = done.saturating_add(read);
        }
        Ok(done)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn has_changed(&self) -> bool {
        self.container.has_changed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_read_as_one() {
        let mut extents = Vec::new();
        for (offset, len) in [(8, 2), (2, 3), (5, 1)] {
            join(&mut extents, Extent { offset, len });
        }
        assert_eq!(extents.len(), 2, "neighbours are joined");
        let section = Section::new(b"0123456789".as_slice(), extents);
        let mut buf = [0; 6];
        assert_eq!(section.read_at(0, &mut buf).unwrap(), 6);
        assert_eq!(&buf, b"892345");
        assert_eq!(section.read_at(4, &mut buf).unwrap(), 2);
        assert_eq!(&buf[..2], b"45");
        assert_eq!(section.read_at(6, &mut buf).unwrap(), 0);
    }

    #[test]
    fn a_part_of_pieces_is_pieces() {
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
