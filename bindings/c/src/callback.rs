//! A source whose bytes the caller reads.

use std::ffi::c_void;
use std::io;

use rmsight::ReadAt;

use crate::status::{RmsightStatus, fail};

/// Reads up to `len` bytes at `offset` into `buffer`. Returns the number of bytes, which is less than `len`
/// only at the end, or a negative number for an error. It must not unwind.
pub type RmsightReadAt = Option<
    unsafe extern "C" fn(user: *mut c_void, offset: u64, buffer: *mut u8, len: usize) -> i64,
>;

/// A source of bytes that the caller reads.
pub(crate) struct CallbackSource {
    read: unsafe extern "C" fn(*mut c_void, u64, *mut u8, usize) -> i64,
    user: *mut c_void,
    size: u64,
}

impl CallbackSource {
    pub(crate) fn new(
        read: RmsightReadAt,
        user: *mut c_void,
        size: u64,
    ) -> Result<CallbackSource, RmsightStatus> {
        let read = read.ok_or_else(|| fail(RmsightStatus::NullArgument, "the callback is null"))?;
        Ok(CallbackSource { read, user, size })
    }
}

impl ReadAt for CallbackSource {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        // SAFETY: the caller guarantees that the callback may be called. The buffer has the stated length.
        let read = unsafe { (self.read)(self.user, offset, buf.as_mut_ptr(), buf.len()) };
        let read = usize::try_from(read)
            .map_err(|_| io::Error::other(format!("the callback returned {read}")))?;
        if read > buf.len() {
            return Err(io::Error::other("the callback returned more bytes than were requested"));
        }
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}
