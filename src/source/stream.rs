//! [`SeekSource`] and [`StreamSource`]: readers of the standard library, with and without `Seek`.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use super::read_at::{ReadAt, UNKNOWN_SIZE};
use crate::bytes::to_u64;
use crate::limits::Limit;

/// A reader that can seek.
pub struct SeekSource<R> {
    reader: RefCell<R>,
    size: u64,
}

impl<R: Read + Seek> SeekSource<R> {
    /// Creates a source, and seeks to the end of `reader` to learn its size.
    ///
    /// # Errors
    /// The error of the reader.
    pub fn new(mut reader: R) -> io::Result<SeekSource<R>> {
        let size = reader.seek(SeekFrom::End(0))?;
        Ok(SeekSource { reader: RefCell::new(reader), size })
    }
}

impl<R> fmt::Debug for SeekSource<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeekSource").field("size", &self.size).finish_non_exhaustive()
    }
}

impl<R: Read + Seek> ReadAt for SeekSource<R> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut reader = self.reader.borrow_mut();
        reader.seek(SeekFrom::Start(offset))?;
        reader.read(buf)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}

/// The bytes of a reader without `Seek`, in memory up to a maximum.
///
/// Many containers have their structures at the end, so a stream has to be stored. Reading beyond the
/// maximum fails (`limit-spool`); the bytes that precede it are readable.
#[derive(Debug)]
pub struct StreamSource {
    bytes: Vec<u8>,
    cut_at: Option<u64>,
}

impl StreamSource {
    /// Reads `reader` to its end, or up to `max` bytes.
    ///
    /// # Errors
    /// The error of the reader.
    pub fn new(reader: impl Read, max: u64) -> io::Result<StreamSource> {
        let mut bytes = Vec::new();
        let mut limited = reader.take(max.saturating_add(1));
        #[allow(clippy::disallowed_methods)] // limited by `max`
        limited.read_to_end(&mut bytes)?;
        let cut_at = (to_u64(bytes.len()) > max).then_some(max);
        if cut_at.is_some() {
            bytes.pop();
        }
        Ok(StreamSource { bytes, cut_at })
    }
}

impl ReadAt for StreamSource {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        match self.bytes.read_at(offset, buf)? {
            0 => match self.cut_at {
                Some(max) if !buf.is_empty() => Err(io::Error::other(Limit::Spool.error(max))),
                _ => Ok(0),
            },
            len => Ok(len),
        }
    }

    fn size(&self) -> io::Result<u64> {
        match self.cut_at {
            Some(_) => Ok(UNKNOWN_SIZE),
            None => Ok(to_u64(self.bytes.len())),
        }
    }
}
