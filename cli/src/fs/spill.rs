//! Where decoded bytes go that memory shall not hold: a temporary file without a name.

use std::fs::File;
use std::io::{self, Write as _};

use rmsight::{FileSource, ReadAt, Spill};

/// An unlinked file in the system's folder for such (`TMPDIR`). It is gone with this program,
/// however that ends.
#[derive(Debug)]
struct Spilled {
    file: File,
    /// The same file, for reading at any place.
    source: FileSource,
    len: u64,
}

/// Room for the decoded bytes of one member.
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
        // On Windows a read moves the place at which the next write would go.
        #[cfg(windows)]
        io::Seek::seek(&mut self.file, io::SeekFrom::Start(self.len))?;
        self.file.write_all(bytes)?;
        self.len = self.len.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }
}
