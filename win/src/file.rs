//! Questions about an open file.

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::mem::size_of;
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_TAG_INFO, FileAttributeTagInfo, GetFileInformationByHandleEx,
};

/// Returns the tag of a reparse point that was opened with `FILE_FLAG_OPEN_REPARSE_POINT`; 0 for any
/// other file.
///
/// # Errors
/// The error of the system.
pub fn reparse_tag(file: &File) -> io::Result<u32> {
    let mut info = FILE_ATTRIBUTE_TAG_INFO { FileAttributes: 0, ReparseTag: 0 };
    let size = u32::try_from(size_of::<FILE_ATTRIBUTE_TAG_INFO>()).map_err(io::Error::other)?;
    let handle: HANDLE = file.as_raw_handle();
    let target: *mut c_void = (&raw mut info).cast();
    // SAFETY: `handle` is open as long as `file` is borrowed. `target` points to `size` writable bytes,
    // which outlive the call. The structure consists of integers, for which all bytes are valid.
    let done = unsafe { GetFileInformationByHandleEx(handle, FileAttributeTagInfo, target, size) };
    match done {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(info.ReparseTag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_file_has_no_tag() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(reparse_tag(&file).unwrap(), 0);
    }
}
