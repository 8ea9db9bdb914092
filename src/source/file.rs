//! Files, read by position, so that no seek is needed and no cursor is shared.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::ReadAt;

/// An open file with the size and the time that it had when it was opened.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    size: u64,
    modified: Option<SystemTime>,
}

impl FileSource {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// What the system said; a directory is refused.
    pub fn open(path: impl AsRef<Path>) -> io::Result<FileSource> {
        FileSource::new(File::open(path)?)
    }

    /// Takes a file that the caller opened in its own manner.
    ///
    /// # Errors
    /// What the system said of the file's size; anything but a regular file is refused.
    pub fn new(file: File) -> io::Result<FileSource> {
        let metadata = file.metadata()?;
        FileSource::with_metadata(file, &metadata)
    }

    /// The same, where the caller has asked the system for the file's metadata already.
    ///
    /// # Errors
    /// Anything but a regular file is refused.
    pub fn with_metadata(file: File, metadata: &Metadata) -> io::Result<FileSource> {
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(FileSource { file, size: metadata.len(), modified: modified(metadata) })
    }

    /// The time of the last change of the file's content, where the system keeps it.
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }
}

fn modified(metadata: &Metadata) -> Option<SystemTime> {
    metadata.modified().ok()
}

impl ReadAt for FileSource {
    #[cfg(unix)]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buf, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.file, buf, offset)
    }

    #[cfg(not(any(unix, windows)))]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset))?;
        file.read(buf)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn has_changed(&self) -> bool {
        self.file
            .metadata()
            .is_ok_and(|now| now.len() != self.size || modified(&now) != self.modified)
    }
}
