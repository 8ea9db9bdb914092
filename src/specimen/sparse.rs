//! A large file of which only some pieces are anything but zeros.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use crate::source::ReadAt;

/// A file as pieces of bytes at offsets, with zeros between them: a gigabyte needs no memory and,
/// on most file systems, no disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparseFile {
    /// By offset, without overlaps.
    pieces: Vec<(u64, Vec<u8>)>,
    len: u64,
}

impl SparseFile {
    /// A file of `len` bytes with these pieces in it, which do not overlap.
    pub fn new(len: u64, mut pieces: Vec<(u64, Vec<u8>)>) -> SparseFile {
        pieces.sort_by_key(|(offset, _)| *offset);
        SparseFile { pieces, len }
    }

    /// How many bytes the file has.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What is not zeros: offset and bytes.
    pub fn pieces(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.pieces.iter().map(|(offset, bytes)| (*offset, bytes.as_slice()))
    }

    /// All of it in memory.
    ///
    /// # Panics
    /// When it does not fit there.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = vec![0; usize::try_from(self.len).expect("fits memory")];
        for (offset, bytes) in &self.pieces {
            let at = *offset as usize;
            all[at..at + bytes.len()].copy_from_slice(bytes);
        }
        all
    }

    /// Writes it to an empty file, with holes where the file system has them.
    ///
    /// # Errors
    /// What the file said.
    pub fn write_to(&self, file: &mut File) -> io::Result<()> {
        file.set_len(self.len)?;
        for (offset, bytes) in &self.pieces {
            file.seek(SeekFrom::Start(*offset))?;
            file.write_all(bytes)?;
        }
        file.flush()
    }
}

impl ReadAt for SparseFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.len.saturating_sub(offset).min(buf.len() as u64);
        let buf = &mut buf[..len as usize];
        buf.fill(0);
        let first = self.pieces.partition_point(|(at, bytes)| at + bytes.len() as u64 <= offset);
        for (at, bytes) in &self.pieces[first..] {
            if *at >= offset + len {
                break;
            }
            let start = offset.max(*at);
            let end = (offset + len).min(at + bytes.len() as u64);
            let from = &bytes[(start - at) as usize..(end - at) as usize];
            buf[(start - offset) as usize..(end - offset) as usize].copy_from_slice(from);
        }
        Ok(len as usize)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len)
    }
}
