//! Opening files and folders that may have become something else since their name was read.

use std::fs::File;
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

/// Opens a file for reading. A FIFO that took the file's place does not make it wait, and where
/// the system allows it, the reading leaves no trace in the file's access time.
#[cfg(unix)]
pub(crate) fn open(path: &Path, links: Links) -> io::Result<File> {
    use rustix::fs::OFlags;
    use rustix::io::Errno;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    match unix::open(path, flags, links) {
        // Somebody has a lease on it (a file server, for a client that holds it). Without the
        // flag, the system asks for it back and waits.
        Err(Errno::AGAIN) if path.symlink_metadata().is_ok_and(|found| found.is_file()) => {
            Ok(unix::open(path, OFlags::NOCTTY, links)?.into())
        }
        opened => Ok(opened?.into()),
    }
}

/// Opens a folder, to list it.
#[cfg(unix)]
pub(crate) fn open_dir(path: &Path, links: Links) -> io::Result<std::os::fd::OwnedFd> {
    Ok(unix::open(path, rustix::fs::OFlags::DIRECTORY, links)?)
}

#[cfg(unix)]
mod unix {
    use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use rustix::fs::{CWD, Mode, OFlags, openat};
    use rustix::io::Errno;

    use super::Links;

    /// Bytes that a path may have for the system, and some to spare.
    const LONGEST: usize = if cfg!(target_os = "linux") { 4000 } else { 1000 };

    pub(super) fn open(path: &Path, flags: OFlags, links: Links) -> Result<OwnedFd, Errno> {
        let mut flags = flags | OFlags::RDONLY | OFlags::CLOEXEC;
        if links == Links::Refuse {
            flags |= OFlags::NOFOLLOW;
        }
        match stepwise(path, flags | without_trace()) {
            // Only the owner of a file may read it without a trace.
            Err(Errno::PERM) => stepwise(path, flags),
            opened => opened,
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn without_trace() -> OFlags {
        OFlags::NOATIME
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn without_trace() -> OFlags {
        OFlags::empty()
    }

    /// Goes along a path that is longer than the system takes at once.
    fn stepwise(path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let mut rest = path.as_os_str().as_bytes();
        let mut folder: Option<OwnedFd> = None;
        while rest.len() > LONGEST {
            let fits = rest.get(..LONGEST).unwrap_or(rest);
            let cut = fits.iter().rposition(|byte| *byte == b'/').ok_or(Errno::NAMETOOLONG)?;
            let (step, after) = rest.split_at(cut + 1);
            let way = OFlags::DIRECTORY | OFlags::CLOEXEC | traversal();
            folder = Some(openat(at(&folder), step, way, Mode::empty())?);
            rest = after;
        }
        openat(at(&folder), rest, flags, Mode::empty())
    }

    fn at(folder: &Option<OwnedFd>) -> BorrowedFd<'_> {
        folder.as_ref().map_or(CWD, OwnedFd::as_fd)
    }

    /// A folder on the way need not be readable.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn traversal() -> OFlags {
        OFlags::PATH
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn traversal() -> OFlags {
        OFlags::RDONLY
    }
}

/// Opens a file for reading.
#[cfg(not(unix))]
pub(crate) fn open(path: &Path, _: Links) -> io::Result<File> {
    File::open(path)
}

/// Whether an open failed because a symbolic link stands there.
#[cfg(unix)]
pub(crate) fn is_link(error: &io::Error, path: &Path) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
        && path.symlink_metadata().is_ok_and(|found| found.is_symlink())
}

/// Whether an open failed because a symbolic link stands there.
#[cfg(not(unix))]
pub(crate) fn is_link(_: &io::Error, _: &Path) -> bool {
    false
}

/// Whether a path could not be resolved because its links lead back to themselves.
#[cfg(unix)]
pub(crate) fn is_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

/// Whether a path could not be resolved because its links lead back to themselves.
#[cfg(not(unix))]
pub(crate) fn is_loop(_: &io::Error) -> bool {
    false
}

/// Whether an open failed because what stands there is no regular file: a socket, which cannot be
/// opened, or what [`rmsight::FileSource`] refused.
pub(crate) fn is_special(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) {
        return true;
    }
    error.raw_os_error().is_none() && error.kind() == io::ErrorKind::InvalidInput
}

/// The record's code for what the system said.
pub(crate) fn code(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission-denied",
        _ => "io",
    }
}
