//! [`SparseFile`]: a large file that consists mostly of zeros.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// A file held as pieces at offsets, with zeros between them. A file of 1 GiB needs little memory and,
/// on most file systems, little disk space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparseFile {
    /// Sorted by offset, without overlaps.
    pieces: Vec<(u64, Vec<u8>)>,
    len: u64,
}

impl SparseFile {
    /// Creates a file of `len` bytes from pieces, which must not overlap.
    pub fn new(len: u64, mut pieces: Vec<(u64, Vec<u8>)>) -> SparseFile {
        pieces.sort_by_key(|(offset, _)| *offset);
        SparseFile { pieces, len }
    }

    /// Returns the length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether the length is 0.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the offset and the bytes of each piece, in the order of the offsets.
    pub fn pieces(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.pieces.iter().map(|(offset, bytes)| (*offset, bytes.as_slice()))
    }

    /// Returns the whole file.
    ///
    /// # Panics
    /// If the length exceeds `usize` or the memory.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = vec![0; usize::try_from(self.len).expect("fits memory")];
        for (offset, bytes) in &self.pieces {
            let at = *offset as usize;
            all[at..at + bytes.len()].copy_from_slice(bytes);
        }
        all
    }

    /// Writes the pieces to an empty file. The zeros between them become holes where the file system
    /// supports holes.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn write_to(&self, file: &mut File) -> io::Result<()> {
        file.set_len(self.len)?;
        for (offset, bytes) in &self.pieces {
            file.seek(SeekFrom::Start(*offset))?;
            file.write_all(bytes)?;
        }
        file.flush()
    }

    /// Fills `buf` from `offset` and returns the number of bytes read, which is less than the length of
    /// `buf` only at the end of the file.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> usize {
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
        len as usize
    }

    /// Returns a reader that starts at offset 0.
    pub fn reader(&self) -> SparseReader<'_> {
        SparseReader { file: self, position: 0 }
    }
}

/// Reads and seeks in a [`SparseFile`].
#[derive(Debug, Clone)]
pub struct SparseReader<'a> {
    file: &'a SparseFile,
    position: u64,
}

impl Read for SparseReader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(self.position, buf);
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for SparseReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(by) => self.file.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_between_pieces_are_zero() {
        let file = SparseFile::new(30, vec![(20, vec![2; 5]), (3, vec![1; 4])]);
        let all = file.to_vec();
        for at in 0..31 {
            for len in [0, 1, 7, 40] {
                let mut buf = vec![9; len];
                let read = file.read_at(at, &mut buf);
                assert_eq!(buf[..read], all[at as usize..(at as usize + len).min(30)]);
            }
        }
    }

    #[test]
    fn reader_returns_the_bytes_from_its_position() {
        let file = SparseFile::new(30, vec![(20, vec![2; 5]), (3, vec![1; 4])]);
        let mut reader = file.reader();
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        assert_eq!(all, file.to_vec());
        assert_eq!(reader.seek(SeekFrom::End(-9)).unwrap(), 21);
        let mut buf = [0; 5];
        reader.read_exact(&mut buf).unwrap();
        assert_eq!(buf, [2, 2, 2, 2, 0]);
        assert!(reader.seek(SeekFrom::Current(-27)).is_err());
    }
}
