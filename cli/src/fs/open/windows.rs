//! Opening on Windows: other programs are not blocked, links are not followed, and content that is
//! elsewhere is not fetched.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::mode::{Links, OpenMode, Refusal, refusal};
use crate::fs::path::{real, verbatim};
use crate::fs::reparse::{ReparseAction, action};

/// FILE_READ_DATA (of a folder: FILE_LIST_DIRECTORY), FILE_READ_ATTRIBUTES and SYNCHRONIZE. Not
/// GENERIC_READ, which some permissions for reading do not include as a whole.
const ACCESS: u32 = 0x1 | 0x80 | 0x10_0000;

/// FILE_SHARE_READ, _WRITE and _DELETE: other programs may read, write, rename and delete the file.
const SHARE: u32 = 0x1 | 0x2 | 0x4;

/// Opens folders too. With the privilege for backups it also overrides permissions.
const BACKUP_SEMANTICS: u32 = 0x0200_0000;

/// Opens a reparse point itself, so that the open fetches nothing and follows nothing.
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// Content on tape or on another store is not moved back.
const OPEN_NO_RECALL: u32 = 0x0010_0000;

/// FILE_ATTRIBUTE_REPARSE_POINT (MS-FSCC 2.6).
const IS_REPARSE_POINT: u32 = 0x400;

/// ERROR_CANT_RESOLVE_FILENAME.
const CANT_RESOLVE: i32 = 1921;

/// Opens a file for reading.
pub(crate) fn open(path: &Path, mode: OpenMode) -> io::Result<File> {
    open_any(path, mode)
}

/// An open folder.
#[derive(Debug)]
pub(crate) struct OpenFolder {
    /// Serial number of its volume.
    pub(crate) serial: u64,
    /// Number of the folder in its volume; `None` if the file system does not number folders.
    pub(crate) index: Option<u64>,
    _file: File,
}

/// Opens a folder to list it.
pub(crate) fn open_dir(path: &Path, mode: OpenMode) -> io::Result<OpenFolder> {
    let file = open_any(path, mode)?;
    if !file.metadata()?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let (serial, index) = identity(&file)?;
    Ok(OpenFolder { serial, index: Some(index).filter(|index| *index != 0), _file: file })
}

/// Opens a file or folder. A reparse point is opened first itself, then as the table of tags says.
fn open_any(path: &Path, mode: OpenMode) -> io::Result<File> {
    let path = verbatim(path)?;
    let flags = BACKUP_SEMANTICS | if mode.hydrate { 0 } else { OPEN_NO_RECALL };
    let file = open_with(&path, flags | OPEN_REPARSE_POINT)?;
    let attributes = file.metadata()?.file_attributes();
    let tag = match attributes & IS_REPARSE_POINT {
        0 => None,
        _ => Some(rmsight_win::reparse_tag(&file)?),
    };
    match action(attributes, tag, mode.hydrate) {
        ReparseAction::Read if tag.is_none() && !mode.hydrate => Ok(file),
        ReparseAction::Read => {
            let opened = open_with(&path, flags)?;
            let now = opened.metadata()?;
            // A folder of a namespace leads to another server.
            if !now.is_dir() && identity(&opened)? != identity(&file)? {
                return Err(io::Error::other(Refusal::Replaced));
            }
            Ok(opened)
        }
        ReparseAction::NotFollowed if mode.links == Links::Follow => {
            let target = real(&path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            open_any(&target, OpenMode { links: Links::Refuse, ..mode })
        }
        ReparseAction::NotFollowed => Err(io::Error::other(Refusal::Link)),
        ReparseAction::NotHydrated => Err(io::Error::other(Refusal::Elsewhere)),
        ReparseAction::Special => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
        }
        ReparseAction::Unknown => {
            Err(io::Error::other(Refusal::UnknownTag(tag.unwrap_or_default())))
        }
    }
}

fn open_with(path: &Path, flags: u32) -> io::Result<File> {
    OpenOptions::new().access_mode(ACCESS).share_mode(SHARE).custom_flags(flags).open(path)
}

/// Returns the serial number of the volume that contains a file, and its number there.
fn identity(file: &File) -> io::Result<(u64, u64)> {
    let found = winapi_util::file::information(file)?;
    Ok((found.volume_serial_number(), found.file_index()))
}

/// Returns whether two folders are on the same volume; `None` if one cannot be opened.
pub(crate) fn same_volume(one: &Path, other: &Path) -> Option<bool> {
    let mode = OpenMode { links: Links::Follow, hydrate: false };
    let serial = |path| open_any(path, mode).and_then(|file| identity(&file)).ok();
    Some(serial(one)?.0 == serial(other)?.0)
}

/// Returns whether an open failed because the path is a link, a junction or a mount point.
pub(crate) fn is_link(error: &io::Error, _: &Path) -> bool {
    refusal(error) == Some(Refusal::Link)
}

/// Returns whether a path could not be resolved because of a loop of links.
pub(crate) fn is_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(CANT_RESOLVE)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const MODE: OpenMode = OpenMode { links: Links::Refuse, hydrate: false };

    #[test]
    fn an_open_file_can_be_written_renamed_and_deleted_by_others() {
        let folder = tempfile::TempDir::new().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        fs::write(&one, b"x").unwrap();
        let file = open(&one, MODE).unwrap();
        fs::write(&one, b"longer").unwrap();
        fs::rename(&one, &other).unwrap();
        fs::remove_file(&other).unwrap();
        drop(file);
    }

    #[test]
    fn names_that_other_programs_cannot_open_and_long_paths_are_opened() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut long = folder.path().to_owned();
        for _ in 0..30 {
            long.push("a-folder-with-a-name");
        }
        let top = verbatim(folder.path()).unwrap();
        fs::create_dir_all(verbatim(&long).unwrap()).unwrap();
        for path in [top.join("ends in a dot."), top.join("con.docx"), long.join("b")] {
            fs::write(verbatim(&path).unwrap(), b"x").unwrap();
            assert_eq!(open(&path, MODE).unwrap().metadata().unwrap().len(), 1, "{path:?}");
        }
    }

    #[test]
    fn a_folder_has_an_identity() {
        let folder = tempfile::TempDir::new().unwrap();
        fs::write(folder.path().join("file"), b"x").unwrap();
        let one = open_dir(folder.path(), MODE).unwrap();
        let same = open_dir(&folder.path().join("."), MODE).unwrap();
        assert!(one.index.is_some());
        assert_eq!((one.serial, one.index), (same.serial, same.index));
        assert!(open_dir(&folder.path().join("file"), MODE).is_err());
        assert_eq!(same_volume(folder.path(), folder.path()), Some(true));
    }
}
