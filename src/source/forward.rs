//! Bytes that are read once, from the front.

use std::cell::RefCell;
use std::io;

use super::ReadAt;
use crate::bytes::{narrow, wide};

/// Bytes that are read at once.
const AHEAD: usize = 65_536;
/// Bytes that stay at hand behind those: who finds the begin of something goes back to it, but no
/// farther than what it looked at.
const BEHIND: usize = 131_072;
/// Bytes that are held before the oldest of them are dropped.
const MOST: usize = 4 * BEHIND;

/// A source that several readers take turns at, each of whom begins where the one before it was
/// or a little before that. What was read last stays at hand, so that no byte is asked for twice.
#[derive(Debug)]
pub(crate) struct Forward<S> {
    inner: S,
    recent: RefCell<Recent>,
}

#[derive(Debug)]
struct Recent {
    offset: u64,
    bytes: Vec<u8>,
}

impl Recent {
    fn end(&self) -> u64 {
        self.offset.saturating_add(wide(self.bytes.len()))
    }

    /// Reads on behind what is here; how much it was.
    fn read_on(&mut self, inner: &impl ReadAt) -> io::Result<usize> {
        if inner.is_sized() && self.end() >= inner.size()? {
            return Ok(0);
        }
        if self.bytes.len() > MOST {
            let dropped = self.bytes.len().saturating_sub(BEHIND);
            self.bytes.drain(..dropped);
            self.offset = self.offset.saturating_add(wide(dropped));
        }
        let (end, len) = (self.end(), self.bytes.len());
        #[allow(clippy::disallowed_methods)] // at most MOST and AHEAD
        self.bytes.resize(len.saturating_add(AHEAD), 0);
        let read = inner.read_at(end, self.bytes.get_mut(len..).unwrap_or_default());
        self.bytes.truncate(len.saturating_add(*read.as_ref().unwrap_or(&0)));
        read
    }
}

impl<S: ReadAt> Forward<S> {
    /// Goes on behind `bytes`, which were read at `offset` of `inner` already.
    pub(crate) fn new(inner: S, offset: u64, bytes: Vec<u8>) -> Forward<S> {
        Forward { inner, recent: RefCell::new(Recent { offset, bytes }) }
    }
}

impl<S: ReadAt> ReadAt for Forward<S> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut recent = self.recent.borrow_mut();
        if offset < recent.offset {
            // For a format that has to be read from its end.
            return self.inner.read_at(offset, buf);
        }
        if offset > recent.end() {
            *recent = Recent { offset, bytes: Vec::new() };
        }
        if offset == recent.end() && !buf.is_empty() && recent.read_on(&self.inner)? == 0 {
            return Ok(0);
        }
        let at = offset.checked_sub(recent.offset).and_then(narrow);
        let here = at.and_then(|at| recent.bytes.get(at..)).unwrap_or_default();
        let len = here.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..len), here.get(..len)) {
            to.copy_from_slice(from);
        }
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        self.inner.size()
    }

    fn is_sized(&self) -> bool {
        self.inner.is_sized()
    }

    fn has_changed(&self) -> bool {
        self.inner.has_changed()
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests {
    use super::*;
    use crate::source::counted::Counted;

    #[test]
    fn what_was_read_last_is_not_read_again() {
        let bytes: Vec<u8> = (0..2_000_000_u32).map(|n| (n % 251) as u8).collect();
        let inner = Counted::new(bytes.clone());
        let forward = Forward::new(&inner, 0, bytes[..5000].to_vec());
        let (mut position, mut next) = (0, 0);
        let mut buf = vec![0; 70_000];
        while position < bytes.len() {
            // A little back, as far as somebody may have looked ahead.
            let back = position.saturating_sub(60_000);
            for from in [back, position] {
                let read = forward.read_at(from as u64, &mut buf).unwrap();
                assert!(read > 0 && buf[..read] == bytes[from..from + read], "at {from}");
                next = from + read;
            }
            position = next;
        }
        assert_eq!(forward.read_at(bytes.len() as u64, &mut buf).unwrap(), 0);
        let reads = inner.reads.borrow().clone();
        let mut expected = 5000;
        for (offset, read) in reads {
            assert_eq!(offset, expected, "each byte once, in order");
            expected += read as u64;
        }
        assert_eq!(expected, bytes.len() as u64);
        assert_eq!(forward.read_at(10, &mut buf[..4]).unwrap(), 4);
        assert_eq!(buf[..4], bytes[10..14], "far back it is still there");
    }
}
