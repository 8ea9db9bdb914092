//! Opening on Unix.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

use super::mode::{Links, OpenMode};

/// Opens a file for reading. Does not block if the file was replaced by a FIFO. Keeps the access
/// time of the file if the system allows it.
pub(crate) fn open(path: &Path, mode: OpenMode) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    match open_with(path, flags, mode.links) {
        // Another process has a lease on the file (for example a file server, for a client).
        // Without NONBLOCK, the system recalls the lease and waits.
        Err(Errno::AGAIN) if path.symlink_metadata().is_ok_and(|found| found.is_file()) => {
            Ok(open_with(path, OFlags::NOCTTY, mode.links)?.into())
        }
        opened => Ok(opened?.into()),
    }
}

/// Opens a folder to list it.
pub(crate) fn open_dir(path: &Path, mode: OpenMode) -> io::Result<OwnedFd> {
    Ok(open_with(path, OFlags::DIRECTORY, mode.links)?)
}

/// Maximum length of a path in one system call, in bytes, with a margin.
const LONGEST: usize = if cfg!(target_os = "linux") { 4000 } else { 1000 };

fn open_with(path: &Path, flags: OFlags, links: Links) -> Result<OwnedFd, Errno> {
    let mut flags = flags | OFlags::RDONLY | OFlags::CLOEXEC;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    match stepwise(path, flags | without_trace()) {
        // Only the owner of a file may open it with NOATIME.
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

/// Opens a path that is longer than the system accepts, folder by folder.
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

/// Intermediate folders need not be readable.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn traversal() -> OFlags {
    OFlags::PATH
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn traversal() -> OFlags {
    OFlags::RDONLY
}

/// Returns whether an open failed because the path is a symbolic link.
pub(crate) fn is_link(error: &io::Error, path: &Path) -> bool {
    error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
        && path.symlink_metadata().is_ok_and(|found| found.is_symlink())
}

/// Returns whether a path could not be resolved because of a loop of links.
pub(crate) fn is_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}
