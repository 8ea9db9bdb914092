//! Counts the reads of a built file, for tests.

use std::cell::RefCell;
use std::io;

use rmsight_specimen::SparseFile;

use crate::source::ReadAt;

/// A file that records the offset and the length of each read.
#[derive(Debug)]
pub(crate) struct CountingSource {
    pub(crate) file: SparseFile,
    pub(crate) reads: RefCell<Vec<(u64, usize)>>,
}

impl CountingSource {
    pub(crate) fn new(file: SparseFile) -> CountingSource {
        CountingSource { file, reads: RefCell::default() }
    }

    /// Returns the number of reads and the sum of their lengths in bytes.
    pub(crate) fn cost(&self) -> (usize, usize) {
        let reads = self.reads.borrow();
        (reads.len(), reads.iter().map(|(_, len)| len).sum())
    }
}

impl ReadAt for CountingSource {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.file.read_at(offset, buf);
        self.reads.borrow_mut().push((offset, len));
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.len())
    }
}
