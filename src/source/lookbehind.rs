//! [`LookbehindReader`]: a source that is read once, from the front, and its buffer.

use std::cell::RefCell;
use std::io;

use super::read_at::ReadAt;
use crate::bytes::{to_u64, to_usize};

/// Bytes of one read.
const READ: usize = 65_536;
/// Bytes that remain in the buffer. A reader that has found the beginning of a structure reads it
/// again, but never farther back than it has searched.
const LOOKBEHIND: usize = 131_072;
/// Bytes in the buffer at which the oldest ones are dropped.
const MOST: usize = 4 * LOOKBEHIND;

/// A source that several readers read in turn. Each begins where the previous one ended, or a little
/// before that. The most recent bytes stay in a buffer, so that no byte is read twice.
#[derive(Debug)]
pub(crate) struct LookbehindReader<S> {
    inner: S,
    recent: RefCell<LookbehindBuffer>,
}

/// Contiguous bytes of a source, and their offset there.
#[derive(Debug, Default)]
pub(crate) struct LookbehindBuffer {
    pub(crate) offset: u64,
    pub(crate) bytes: Vec<u8>,
}

impl LookbehindBuffer {
    /// Returns the offset that follows the last byte.
    pub(crate) fn end(&self) -> u64 {
        self.offset.saturating_add(to_u64(self.bytes.len()))
    }

    /// Returns the bytes from `offset` on. `None` if there are none.
    pub(crate) fn from(&self, offset: u64) -> Option<&[u8]> {
        let start = to_usize(offset.checked_sub(self.offset)?)?;
        self.bytes.get(start..).filter(|rest| !rest.is_empty())
    }

    /// Drops all but the last `len` bytes.
    pub(crate) fn keep_last(&mut self, len: usize) {
        let dropped = self.bytes.len().saturating_sub(len);
        self.bytes.drain(..dropped);
        self.offset = self.offset.saturating_add(to_u64(dropped));
    }

    /// Appends the bytes that follow, and drops all but the last `len` bytes before the buffer contains
    /// twice as many.
    pub(crate) fn append(&mut self, bytes: &[u8], len: usize) {
        if self.bytes.len().saturating_add(bytes.len()) > len.saturating_mul(2) {
            self.keep_last(len);
        }
        #[allow(clippy::disallowed_methods)] // at most twice `len`, a constant, and `bytes`
        self.bytes.extend_from_slice(bytes);
    }

    /// Reads the bytes that follow the buffer, and returns their number.
    fn read_more(&mut self, inner: &impl ReadAt) -> io::Result<usize> {
        if inner.is_sized() && self.end() >= inner.size()? {
            return Ok(0);
        }
        if self.bytes.len() > MOST {
            self.keep_last(LOOKBEHIND);
        }
        let (end, len) = (self.end(), self.bytes.len());
        #[allow(clippy::disallowed_methods)] // at most MOST and READ
        self.bytes.resize(len.saturating_add(READ), 0);
        let read = inner.read_at(end, self.bytes.get_mut(len..).unwrap_or_default());
        self.bytes.truncate(len.saturating_add(*read.as_ref().unwrap_or(&0)));
        read
    }
}

impl<S: ReadAt> LookbehindReader<S> {
    /// Creates a reader whose buffer contains `bytes`, which were read at `offset` of `inner`.
    pub(crate) fn new(inner: S, offset: u64, bytes: Vec<u8>) -> LookbehindReader<S> {
        LookbehindReader { inner, recent: RefCell::new(LookbehindBuffer { offset, bytes }) }
    }
}

impl<S: ReadAt> ReadAt for LookbehindReader<S> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut recent = self.recent.borrow_mut();
        if offset < recent.offset {
            // A format that reads its structures from the end does this.
            return self.inner.read_at(offset, buf);
        }
        if offset > recent.end() {
            *recent = LookbehindBuffer { offset, bytes: Vec::new() };
        }
        if offset == recent.end() && !buf.is_empty() && recent.read_more(&self.inner)? == 0 {
            return Ok(0);
        }
        let bytes = recent.from(offset).unwrap_or_default();
        let len = bytes.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..len), bytes.get(..len)) {
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
    fn recent_bytes_are_not_read_again() {
        let bytes: Vec<u8> = (0..2_000_000_u32).map(|n| (n % 251) as u8).collect();
        let inner = Counted::new(bytes.clone());
        let reader = LookbehindReader::new(&inner, 0, bytes[..5000].to_vec());
        let (mut position, mut next) = (0, 0);
        let mut buf = vec![0; 70_000];
        while position < bytes.len() {
            // A little back, as far as a reader may have searched ahead.
            let back = position.saturating_sub(60_000);
            for from in [back, position] {
                let read = reader.read_at(from as u64, &mut buf).unwrap();
                assert!(read > 0 && buf[..read] == bytes[from..from + read], "at {from}");
                next = from + read;
            }
            position = next;
        }
        assert_eq!(reader.read_at(bytes.len() as u64, &mut buf).unwrap(), 0);
        let reads = inner.reads.borrow().clone();
        let mut expected = 5000;
        for (offset, read) in reads {
            assert_eq!(offset, expected, "each byte once, in order");
            expected += read as u64;
        }
        assert_eq!(expected, bytes.len() as u64);
        assert_eq!(reader.read_at(10, &mut buf[..4]).unwrap(), 4);
        assert_eq!(buf[..4], bytes[10..14], "bytes before the buffer are read from the source");
    }
}
