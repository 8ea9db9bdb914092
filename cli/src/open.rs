//! Opening a file that may have become something else since its name was read.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Whether a symbolic link is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// The user named it.
    Follow,
    /// It was met on the way.
    Refuse,
}

/// Opens for reading. A FIFO that took the file's place does not make it wait.
#[cfg(unix)]
pub(crate) fn open(path: &Path, links: Links) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    if links == Links::Refuse {
        flags |= libc::O_NOFOLLOW;
    }
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Opens for reading.
#[cfg(not(unix))]
pub(crate) fn open(path: &Path, _: Links) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// Whether an open failed because a symbolic link stands there.
#[cfg(unix)]
pub(crate) fn is_link(error: &io::Error, path: &Path) -> bool {
    error.raw_os_error() == Some(libc::ELOOP)
        && path.symlink_metadata().is_ok_and(|found| found.is_symlink())
}

/// Whether an open failed because a symbolic link stands there.
#[cfg(not(unix))]
pub(crate) fn is_link(_: &io::Error, _: &Path) -> bool {
    false
}

/// Whether an open failed because what stands there is no regular file: a socket, which cannot be
/// opened, or what [`rmsight::FileSource`] refused.
pub(crate) fn is_special(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::ENXIO) {
        return true;
    }
    error.raw_os_error().is_none() && error.kind() == io::ErrorKind::InvalidInput
}
