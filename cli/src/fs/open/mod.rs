//! Opening files and folders that may have been replaced since their name was read.

mod mode;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;

use rmsight::ErrorCode;

pub(crate) use mode::{Links, OpenMode};
use mode::{Refusal, refusal};
#[cfg(unix)]
pub(crate) use unix::{is_link, is_loop, open, open_dir};
#[cfg(windows)]
pub(crate) use windows::{is_link, is_loop, open, open_dir, same_volume};

/// Returns whether an open failed because the path is not a regular file: a socket, which cannot be
/// opened, or a type that [`rmsight::FileSource`] refuses.
pub(crate) fn is_special(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) {
        return true;
    }
    error.raw_os_error().is_none() && error.kind() == io::ErrorKind::InvalidInput
}

/// Returns the error code of the record for a system error.
pub(crate) fn code(error: &io::Error) -> ErrorCode {
    match refusal(error) {
        Some(Refusal::Elsewhere) => return ErrorCode::NotHydrated,
        Some(Refusal::Replaced) => return ErrorCode::ChangedWhileReading,
        Some(Refusal::Link | Refusal::UnknownTag(_)) | None => {}
    }
    match error.kind() {
        io::ErrorKind::PermissionDenied => ErrorCode::PermissionDenied,
        _ => ErrorCode::Io,
    }
}
