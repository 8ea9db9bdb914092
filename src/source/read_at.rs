//! [`ReadAt`], the trait of all sources, and its implementations for bytes in memory.

use std::io;

use crate::bytes::{from_offset, to_u64};

/// Bytes of a file or member, decoded if it is encoded, by which its format is recognized.
pub(crate) const HEAD: usize = 4096;
/// The size that a source of unknown size reports.
pub(crate) const UNKNOWN_SIZE: u64 = 1 << 62;

/// A source of bytes that can be read at any offset.
///
/// Implement it to inspect bytes that are neither a file nor in memory: a range of an object store, a stream
/// of another container. [`Inspector`](crate::Inspector) reads little and mostly forward, a few kilobytes at
/// a time ([`first_read`](crate::InspectorBuilder::first_read), [`block`](crate::InspectorBuilder::block)).
/// Of a file of at most 65,536 bytes the rest is read at once after its format is known.
/// It calls a source from the thread of the call only, so a source need not be `Send` or `Sync`, and keeps no
/// reference to it. Slices, `Vec<u8>`, references and `Rc` of sources are sources too.
///
/// ```
/// use rmsight::{Inspector, Protection, ReadAt};
/// use std::io;
///
/// /// Pages that are loaded when they are needed.
/// struct Pages(Vec<[u8; 16]>);
///
/// impl ReadAt for Pages {
///     fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
///         let offset = usize::try_from(offset).map_err(io::Error::other)?;
///         let bytes = self.0.iter().flatten().skip(offset);
///         Ok(buf.iter_mut().zip(bytes).map(|(to, from)| *to = *from).count())
///     }
///
///     fn size(&self) -> io::Result<u64> {
///         Ok(self.0.len() as u64 * 16)
///     }
/// }
///
/// let pages = Pages(vec![*b"0123456789abcde\n"; 3]);
/// let report = Inspector::default().inspect(&pages)?;
/// assert_eq!(report.findings().count(), 1);
/// assert_eq!(report.worst(), Protection::None);
/// # Ok::<(), rmsight::Error>(())
/// ```
pub trait ReadAt {
    /// Reads at `offset` into `buf` and returns the number of bytes read. It is less than the length of
    /// `buf` only at the end, where it may be 0.
    ///
    /// # Errors
    /// The error of the system. The inspection then ends with the code `io` and keeps its findings. The
    /// code is `permission-denied` for the kind [`PermissionDenied`](io::ErrorKind::PermissionDenied), and
    /// `changed-while-reading` for [`StaleNetworkFileHandle`](io::ErrorKind::StaleNetworkFileHandle).
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// Returns the number of bytes. It must not change while the source is read: if fewer bytes can be read,
    /// the report can have the code `changed-while-reading`.
    ///
    /// # Errors
    /// The error of the system. The call of the inspector then fails, for a source that
    /// [`is_sized`](ReadAt::is_sized).
    fn size(&self) -> io::Result<u64>;

    /// Returns whether [`size`](ReadAt::size) is known without reading to the end. `true` by default.
    ///
    /// If it is not, [`size`](ReadAt::size) may have to read to the end, or fail.
    /// [`Inspector::inspect`](crate::Inspector::inspect) then requests the size of a file of a known
    /// format, and [`Inspector::detect`](crate::Inspector::detect) only if the license does not decide.
    fn is_sized(&self) -> bool {
        true
    }

    /// Returns whether the bytes changed after the source was opened, if the source can tell. `false` by
    /// default.
    ///
    /// It is called only if a structure is malformed, to distinguish a damaged file from one that
    /// another program wrote to during the inspection.
    fn has_changed(&self) -> bool {
        false
    }

    /// Returns all bytes if they are in memory; then they are not copied. `None` by default.
    /// [`read_at`](ReadAt::read_at) returns the same bytes.
    fn in_memory(&self) -> Option<&[u8]> {
        None
    }
}

/// Implements [`ReadAt`] for a pointer to a source by calling the source.
macro_rules! read_at_by_pointer {
    ($($pointer:ty),*) => {
        $(impl<T: ReadAt + ?Sized> ReadAt for $pointer {
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
        })*
    };
}

read_at_by_pointer!(&T, std::rc::Rc<T>);

/// A source whose size is known to the caller.
#[derive(Clone, Copy)]
pub(crate) struct SizedSource<'a> {
    pub(crate) source: &'a dyn ReadAt,
    pub(crate) size: u64,
}

impl ReadAt for SizedSource<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.source.read_at(offset, buf)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn has_changed(&self) -> bool {
        self.source.has_changed()
    }

    fn in_memory(&self) -> Option<&[u8]> {
        self.source.in_memory()
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = from_offset(self, offset);
        let len = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..len), rest.get(..len)) {
            to.copy_from_slice(from);
        }
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(to_u64(self.len()))
    }

    fn in_memory(&self) -> Option<&[u8]> {
        Some(self)
    }
}

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
