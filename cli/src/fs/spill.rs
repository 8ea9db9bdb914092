//! Temporary files for decoded bytes that exceed the memory budget.

use std::fs::File;
use std::io::{self, Write as _};

use rmsight::{FileSource, ReadAt, Spill};

/// An unlinked file in the system's temporary folder (`TMPDIR`). The system deletes it when the
/// program ends.
#[derive(Debug)]
struct Spilled {
    file: File,
    /// The same file, for reads at any offset.
    source: FileSource,
    len: u64,
}

/// Creates a temporary file for the decoded bytes of one member.
pub(crate) fn open() -> io::Result<Box<dyn Spill>> {
    let file = tempfile::tempfile()?;
    let source = FileSource::new(file.try_clone()?)?;
    Ok(Box::new(Spilled { file, source, len: 0 }))
}

impl ReadAt for Spilled {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.source.read_at(offset, buf)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len)
    }
}

impl Spill for Spilled {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        // On Windows a read changes the offset of the next write.
        #[cfg(windows)]
        io::Seek::seek(&mut self.file, io::SeekFrom::Start(self.len))?;
        self.file.write_all(bytes)?;
        self.len = self.len.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }
}
