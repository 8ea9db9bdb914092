//! [`Counted`]: a source for tests that records all reads.

use std::cell::RefCell;
use std::io;

use super::read_at::ReadAt;

pub(crate) struct Counted {
    pub(crate) bytes: Vec<u8>,
    /// Offset and length of each read.
    pub(crate) reads: RefCell<Vec<(u64, usize)>>,
}

impl Counted {
    pub(crate) fn new(bytes: Vec<u8>) -> Counted {
        Counted { bytes, reads: RefCell::default() }
    }
}

impl ReadAt for Counted {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read_at(offset, buf)?;
        self.reads.borrow_mut().push((offset, read));
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        self.bytes.size()
    }
}
