//! Reading the entries of one folder.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::stamp::Stamp;
#[cfg(unix)]
use super::stamp::of_stat;
#[cfg(windows)]
use super::stamp::stamp_of;
use crate::fs::open::{self, OpenMode};
#[cfg(windows)]
use crate::fs::path::verbatim;

/// Type of a folder entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Dir,
    File,
    Link,
    Special,
}

/// An entry of a folder.
#[derive(Debug)]
pub(super) struct FolderEntry {
    pub(super) name: OsString,
    pub(super) kind: Kind,
    /// Set for a file, if stamps are wanted and available.
    pub(super) stamp: Option<Stamp>,
    /// DOS attributes, if the system provides them.
    pub(super) attributes: Option<u32>,
}

/// Identity of a folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct FolderId {
    /// Device number of its file system, or serial number of its volume.
    pub(super) system: u64,
    /// Inode number, or number in the volume.
    pub(super) folder: u64,
    /// Number of the mount through which it was opened; 0 if the system does not have such numbers.
    #[cfg(unix)]
    pub(super) mount: u64,
}

/// An open folder.
#[derive(Debug)]
pub(super) struct Listing {
    #[cfg(unix)]
    dir: rustix::fs::Dir,
    #[cfg(windows)]
    dir: std::fs::ReadDir,
    pub(super) id: Option<FolderId>,
    #[cfg(windows)]
    serial: u64,
    wants_stamps: bool,
    /// Set to the path of the folder if DOS attributes of files are read.
    #[cfg(unix)]
    share: Option<std::path::PathBuf>,
}

#[cfg(unix)]
impl Listing {
    pub(super) fn open(path: &Path, mode: OpenMode, wants_stamps: bool) -> io::Result<Listing> {
        let folder = open::open_dir(path, mode)?;
        let found = rustix::fs::fstat(&folder)?;
        let mount = mount(&folder, c"");
        let dir = rustix::fs::Dir::new(folder)?;
        let id = Some(FolderId { system: found.st_dev, folder: found.st_ino, mount });
        Ok(Listing { dir, id, wants_stamps, share: None })
    }

    /// Returns the identity of the file system that contains the folder; 0 if it does not have one.
    pub(super) fn file_system(&self) -> u64 {
        self.dir.fd().and_then(rustix::fs::fstatvfs).map_or(0, |found| found.f_fsid)
    }

    /// Reads the DOS attributes of each file. On a share, files may be placeholders.
    pub(super) fn ask_for_attributes(&mut self, folder: &Path) {
        self.share = Some(folder.to_owned());
    }

    /// Returns the next entry; `None` at the end.
    pub(super) fn next(&mut self) -> Option<io::Result<FolderEntry>> {
        use std::os::unix::ffi::OsStringExt;
        loop {
            let entry = match self.dir.read()? {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error.into())),
            };
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let name = OsString::from_vec(name.to_vec());
            let mut entry = self.entry(name, entry.file_type());
            if let Some(folder) = self.share.as_ref().filter(|_| entry.kind == Kind::File) {
                entry.attributes =
                    crate::fs::placeholders::dos_attributes(&folder.join(&entry.name));
            }
            return Some(Ok(entry));
        }
    }

    fn entry(&self, name: OsString, kind: rustix::fs::FileType) -> FolderEntry {
        use rustix::fs::{AtFlags, FileType, statat};
        let mut entry = FolderEntry { name, kind: self::kind(kind), stamp: None, attributes: None };
        let wants_stamp = self.wants_stamps && entry.kind == Kind::File;
        if kind != FileType::Unknown && !wants_stamp {
            return entry;
        }
        let found =
            self.dir.fd().and_then(|folder| statat(folder, &entry.name, AtFlags::SYMLINK_NOFOLLOW));
        match found {
            Ok(found) => {
                entry.kind = self::kind(FileType::from_raw_mode(found.st_mode));
                entry.stamp = Some(of_stat(&found));
            }
            // The open will report the reason.
            Err(_) if kind == FileType::Unknown => entry.kind = Kind::File,
            Err(_) => {}
        }
        entry
    }
}

/// Returns the identity of a folder, even if it cannot be opened.
#[cfg(unix)]
pub(super) fn id(folder: &Path) -> Option<FolderId> {
    let found = rustix::fs::lstat(folder).ok()?;
    let mount = mount(rustix::fs::CWD, folder);
    Some(FolderId { system: found.st_dev, folder: found.st_ino, mount })
}

/// Returns the number of the mount that contains `path` in `folder`, or `folder` itself if `path` is
/// empty; 0 if the system does not have one (before Linux 5.8).
#[cfg(target_os = "linux")]
fn mount(folder: impl std::os::fd::AsFd, path: impl rustix::path::Arg) -> u64 {
    use rustix::fs::{AtFlags, StatxFlags, statx};
    let flags = AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW;
    let found = statx(folder, path, flags, StatxFlags::MNT_ID).ok();
    let has_number = |mask: u32| StatxFlags::from_bits_retain(mask).contains(StatxFlags::MNT_ID);
    found.filter(|found| has_number(found.stx_mask)).map_or(0, |found| found.stx_mnt_id)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn mount(_: impl std::os::fd::AsFd, _: impl rustix::path::Arg) -> u64 {
    0
}

/// Returns the identity of the file system that contains a folder; 0 if it does not have one.
#[cfg(unix)]
pub(super) fn file_system(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(0, |found| found.f_fsid)
}

#[cfg(unix)]
fn kind(kind: rustix::fs::FileType) -> Kind {
    use rustix::fs::FileType;
    match kind {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Dir,
        FileType::Symlink => Kind::Link,
        _ => Kind::Special,
    }
}

#[cfg(windows)]
impl Listing {
    pub(super) fn open(path: &Path, mode: OpenMode, wants_stamps: bool) -> io::Result<Listing> {
        let folder = open::open_dir(path, mode)?;
        let dir = std::fs::read_dir(verbatim(path)?)?;
        let id = folder.index.map(|index| FolderId { system: folder.serial, folder: index });
        Ok(Listing { dir, id, serial: folder.serial, wants_stamps })
    }

    /// Returns the serial number of the volume that contains the folder.
    pub(super) fn volume(&self) -> u64 {
        self.serial
    }

    /// Returns the next entry; `None` at the end.
    pub(super) fn next(&mut self) -> Option<io::Result<FolderEntry>> {
        use std::os::windows::fs::MetadataExt;
        let entry = match self.dir.next()? {
            Ok(entry) => entry,
            Err(error) => return Some(Err(error)),
        };
        let kind = match entry.file_type() {
            Ok(kind) if kind.is_file() => Kind::File,
            Ok(kind) if kind.is_dir() => Kind::Dir,
            Ok(kind) if kind.is_symlink() => Kind::Link,
            Ok(_) => Kind::Special,
            Err(_) => Kind::File,
        };
        let found = entry.metadata().ok();
        let stamp = found.as_ref().filter(|_| self.wants_stamps).map(stamp_of);
        let attributes = found.as_ref().map(MetadataExt::file_attributes);
        Some(Ok(FolderEntry { name: entry.file_name(), kind, stamp, attributes }))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn files_on_a_share_have_dos_attributes() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, b"x").unwrap();
        let value = 0x1020_u32.to_le_bytes();
        let flags = rustix::fs::XattrFlags::empty();
        if rustix::fs::setxattr(&file, "user.cifs.dosattrib", &value, flags).is_err() {
            eprintln!("skipped: no extended attributes on this file system");
            return;
        }
        for (is_share, expected) in [(false, None), (true, Some(0x1020))] {
            let mut listing = Listing::open(folder.path(), OpenMode::NAMED, true).unwrap();
            if is_share {
                listing.ask_for_attributes(folder.path());
            }
            let entry = listing.next().unwrap().unwrap();
            assert_eq!((entry.attributes, entry.stamp.unwrap().size), (expected, 1));
            assert!(listing.next().is_none());
        }
    }
}
