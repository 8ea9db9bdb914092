//! Where bytes are: anything that can be read at an offset, and the [`Window`] that reads it.

#[cfg(test)]
pub(crate) mod counted;
mod file;
mod forward;
mod inflater;
mod section;
mod stream;
mod unfold;
mod window;

use std::io;

pub use file::FileSource;
pub(crate) use forward::Forward;
pub(crate) use inflater::Inflater;
pub(crate) use section::{EXTENT_MEMORY, Extent, Pieces, Section, join, part};
pub use stream::{SeekSource, StreamSource};
pub use unfold::Spill;
#[cfg(test)]
pub(crate) use unfold::tests::blocks as tests_blocks;
pub(crate) use unfold::{Account, Encoding, Pool, Spiller, Stored, Unfolded, decode_all, head_of};
pub(crate) use window::{Cache, Window, charge_read, fill};

/// The size that bytes of unknown size have for their readers.
pub(crate) const UNKNOWN_SIZE: u64 = 1 << 62;

/// Bytes that can be read at any offset.
///
/// Implement it to inspect what is neither a file nor in memory: a range of an object store, a
/// stream of another container. [`Inspector`](crate::Inspector) reads little and mostly forward,
/// in pieces of a few kilobytes.
pub trait ReadAt {
    /// Reads at `offset` into `buf` and says how much it was; less than asked only at the end.
    ///
    /// # Errors
    /// What the system said. The inspection then ends with the code `io` and keeps what it found.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// How many bytes there are.
    ///
    /// # Errors
    /// What the system said.
    fn size(&self) -> io::Result<u64>;

    /// Whether [`size`](ReadAt::size) is known without reading to the end.
    ///
    /// Bytes of unknown size are read from the front as far as they matter; only a format whose
    /// structures stand at its end asks for the size.
    fn is_sized(&self) -> bool {
        true
    }

    /// Whether the bytes are no longer the ones that were opened, where the source can tell.
    ///
    /// It is asked only when the bytes read make no sense, to tell a damaged file from one that
    /// somebody wrote to meanwhile.
    fn has_changed(&self) -> bool {
        false
    }

    /// All the bytes, where they lie in memory as they are. They are looked at there then, and not
    /// copied; [`read_at`](ReadAt::read_at) gives the same ones.
    fn in_memory(&self) -> Option<&[u8]> {
        None
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buf)
    }

    fn size(&self) -> io::Result<u64> {
        (**self).size()
    }

    fn is_sized(&self) -> bool {
        (**self).is_sized()
    }

    fn has_changed(&self) -> bool {
        (**self).has_changed()
    }

    fn in_memory(&self) -> Option<&[u8]> {
        (**self).in_memory()
    }
}

impl<T: ReadAt + ?Sized> ReadAt for std::rc::Rc<T> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buf)
    }

    fn size(&self) -> io::Result<u64> {
        (**self).size()
    }

    fn is_sized(&self) -> bool {
        (**self).is_sized()
    }

    fn has_changed(&self) -> bool {
        (**self).has_changed()
    }

    fn in_memory(&self) -> Option<&[u8]> {
        (**self).in_memory()
    }
}

/// Bytes in memory.
impl ReadAt for [u8] {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = crate::bytes::from_offset(self, offset);
        let len = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..len), rest.get(..len)) {
            to.copy_from_slice(from);
        }
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(crate::bytes::wide(self.len()))
    }

    fn in_memory(&self) -> Option<&[u8]> {
        Some(self)
    }
}

/// Bytes in memory that are the caller's own.
impl ReadAt for Vec<u8> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buf)
    }

    fn size(&self) -> io::Result<u64> {
        self.as_slice().size()
    }

    fn in_memory(&self) -> Option<&[u8]> {
        Some(self)
    }
}
