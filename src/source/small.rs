//! [`SmallSource`]: a small source, which is read to its end at once.

use std::io;

use super::read_at::ReadAt;
use crate::bytes::{to_u64, to_usize};
use crate::limits::{Limit, Meter};

/// Maximum size of a small source. On a file server the time of a request does not depend on such a size.
const SMALL: u64 = 65_536;

/// A source of at most [`SMALL`] bytes. After [`SmallSource::load`] its bytes are in memory.
pub(crate) struct SmallSource<'s> {
    source: &'s dyn ReadAt,
    size: u64,
    /// The bytes of the source, if `is_loaded`, and unspecified bytes after them.
    buffer: &'s mut Vec<u8>,
    is_loaded: bool,
}

impl<'s> SmallSource<'s> {
    /// Returns a source that is read into `buffer`, or `None` if `source` is larger, or already in memory.
    pub(crate) fn new(
        source: &'s dyn ReadAt,
        size: u64,
        buffer: &'s mut Vec<u8>,
    ) -> Option<SmallSource<'s>> {
        let is_small = size <= SMALL && source.in_memory().is_none();
        is_small.then_some(SmallSource { source, size, buffer, is_loaded: false })
    }

    /// Reads all bytes that follow `first`, the first bytes of the source, by one request. They are charged
    /// when a structure needs them, as if they were read then.
    ///
    /// If the request fails or returns less, or the budgets or the caller do not allow it, each later request
    /// reads its own bytes: a part that cannot be read matters only to the structures in it.
    pub(crate) fn load(&mut self, first: &[u8], meter: &Meter) {
        let len = to_usize(self.size).unwrap_or_default();
        let left = self.size.saturating_sub(to_u64(first.len()));
        let is_allowed = meter.interrupt().check(true).is_ok()
            && meter.has(Limit::BytesRead, left)
            && meter.has(Limit::Allocation, self.size);
        if !is_allowed {
            return;
        }
        if self.buffer.len() < len {
            #[allow(clippy::disallowed_methods)] // at most `SMALL` bytes
            self.buffer.resize(len, 0);
        }
        let bytes = self.buffer.get_mut(..len).unwrap_or_default();
        let Some((head, rest)) = bytes.split_at_mut_checked(first.len()) else { return };
        head.copy_from_slice(first);
        let at = to_u64(first.len());
        self.is_loaded =
            rest.is_empty() || self.source.read_at(at, rest).is_ok_and(|read| read == rest.len());
    }
}

impl ReadAt for SmallSource<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        match self.in_memory() {
            Some(bytes) => bytes.read_at(offset, buf),
            None => self.source.read_at(offset, buf),
        }
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn has_changed(&self) -> bool {
        self.source.has_changed()
    }

    fn in_memory(&self) -> Option<&[u8]> {
        self.buffer.get(..to_usize(self.size)?).filter(|_| self.is_loaded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{Cancel, Interrupt, Limits};
    use crate::source::counted::Counted;
    use crate::source::fill;
    use std::io::ErrorKind;

    fn small<'s>(source: &'s dyn ReadAt, buffer: &'s mut Vec<u8>) -> Option<SmallSource<'s>> {
        SmallSource::new(source, source.size().unwrap(), buffer)
    }

    fn meter(limits: Limits) -> Meter<'static> {
        Meter::new(limits, Interrupt::default())
    }

    fn read(source: &dyn ReadAt, offset: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let (read, outcome) = fill(source, offset, &mut bytes);
        outcome.unwrap();
        bytes.truncate(read);
        bytes
    }

    #[test]
    fn loaded_source_is_not_read_again() {
        let mut buffer = Vec::new();
        for (size, known) in [(65_536, 4096), (0, 0), (100, 100), (9000, 0), (65_535, 65_534)] {
            let bytes: Vec<u8> = (0..size).map(|n: u32| n.to_le_bytes()[0]).collect();
            let source = Counted::new(bytes.clone());
            let mut small = small(&source, &mut buffer).unwrap();
            assert_eq!(read(&small, 5, 10), bytes.get(5..15).unwrap_or_default());
            assert_eq!(small.in_memory(), None);
            source.reads.borrow_mut().clear();
            small.load(&bytes[..known], &meter(Limits::default()));
            assert_eq!(small.in_memory(), Some(bytes.as_slice()));
            assert_eq!(read(&small, 3, 70_000), bytes.get(3..).unwrap_or_default());
            let expected = (known < bytes.len()).then(|| (to_u64(known), bytes.len() - known));
            assert_eq!(*source.reads.borrow(), Vec::from_iter(expected));
        }
    }

    #[test]
    fn other_sources_are_not_loaded() {
        let mut buffer = vec![1];
        assert!(small(&Counted::new(vec![0; 65_537]), &mut buffer).is_none());
        assert!(small(&vec![0_u8; 100], &mut buffer).is_none(), "it is in memory");
        assert_eq!(buffer, [1]);
    }

    /// Fails beyond a part, or ends there.
    struct Broken {
        bytes: Vec<u8>,
        readable: usize,
        fails: bool,
    }

    impl ReadAt for Broken {
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            match self.bytes[..self.readable].read_at(offset, buf)? {
                0 if self.fails => Err(ErrorKind::Other.into()),
                read => Ok(read),
            }
        }

        fn size(&self) -> io::Result<u64> {
            self.bytes.size()
        }
    }

    #[test]
    fn readable_part_of_a_broken_source_is_read() {
        for fails in [false, true] {
            let source = Broken { bytes: vec![7; 50_000], readable: 30_000, fails };
            let mut buffer = Vec::new();
            let mut small = small(&source, &mut buffer).unwrap();
            small.load(&[], &meter(Limits::default()));
            assert_eq!(small.in_memory(), None);
            assert_eq!(read(&small, 20_000, 10_000), [7; 10_000]);
            assert_eq!(small.read_at(40_000, &mut [0]).is_err(), fails);
        }
    }

    #[test]
    fn spent_budgets_and_a_raised_flag_prevent_the_request() {
        let cancel = Cancel::default();
        cancel.raise();
        let stopped = Interrupt { cancel: Some(cancel), ..Interrupt::default() };
        let meters = [
            meter(Limits { bytes_read: 49_999, ..Limits::default() }),
            meter(Limits { allocation: 49_999, ..Limits::default() }),
            Meter::new(Limits::default(), stopped),
        ];
        for meter in meters {
            let source = Counted::new(vec![7; 50_000]);
            let mut buffer = Vec::new();
            let mut small = small(&source, &mut buffer).unwrap();
            small.load(&[], &meter);
            assert_eq!((small.in_memory(), source.reads.borrow().len()), (None, 0));
        }
    }
}
