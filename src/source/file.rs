//! [`FileSource`]: files, read at offsets without a seek, so that no cursor is shared.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::read_at::ReadAt;

/// An open file, with its size and modification time when it was opened. It is `Send + Sync`.
///
/// [`Inspector::inspect_path`](crate::Inspector::inspect_path) makes one. Make it yourself if the file is
/// open already, or to inspect it twice.
///
/// ```
/// use rmsight::{FileSource, Inspector, Protection};
///
/// let source = FileSource::open("corpus/containers/ooxml-chain8.docx")?;
/// let report = Inspector::default().inspect(&source)?;
/// assert_eq!(report.worst(), Protection::Rms);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// The error of the system. A directory or a device is an error too. The system can block while it opens
    /// a named pipe: examine its type first where pipes are possible.
    pub fn open(path: impl AsRef<Path>) -> io::Result<FileSource> {
        FileSource::new(File::open(path)?)
    }

    /// Creates a source from an open file.
    ///
    /// # Errors
    /// The error of the system if it cannot return the file's size. Anything but a regular file is an error
    /// of the kind [`InvalidInput`](io::ErrorKind::InvalidInput).
    pub fn new(file: File) -> io::Result<FileSource> {
        let metadata = file.metadata()?;
        FileSource::with_metadata(file, &metadata)
    }

    /// Creates a source from an open file and its metadata, so that they are not requested again.
    ///
    /// # Errors
    /// Anything but a regular file is an error of the kind [`InvalidInput`](io::ErrorKind::InvalidInput).
    pub fn with_metadata(file: File, metadata: &Metadata) -> io::Result<FileSource> {
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(FileSource { file, size: metadata.len(), modified: modified(metadata) })
    }

    /// Returns the time of the last change to the file when it was opened, if the file system stores it.
    /// `Timestamp` converts it for [`judge_dated`](crate::judge_dated): `Timestamp::from(time)`.
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
