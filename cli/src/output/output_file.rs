//! The destination of a command: a file, or standard output.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::atomic_file::AtomicFile;
use crate::exit::{Failure, Result};

/// A file, which has its name only after [`OutputFile::finish`], or standard output.
pub(crate) struct OutputFile {
    atomic: Option<AtomicFile>,
    out: BufWriter<Box<dyn Write>>,
}

/// Size of the buffer in bytes.
const BUFFER: usize = 1 << 16;

impl OutputFile {
    pub(crate) fn open(file: Option<&Path>) -> Result<OutputFile> {
        let (atomic, out): (_, Box<dyn Write>) = match file {
            Some(file) => {
                let (atomic, file) = AtomicFile::create(file)?;
                (Some(atomic), Box::new(file))
            }
            None => (None, Box::new(io::stdout().lock())),
        };
        Ok(OutputFile { atomic, out: BufWriter::with_capacity(BUFFER, out) })
    }

    pub(crate) fn all(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|error| Failure::writing(&error))
    }

    /// Writes what is buffered and closes the file. It gets its name by [`AtomicFile::keep`].
    pub(crate) fn close(mut self) -> Result<Option<AtomicFile>> {
        self.out.flush().map_err(|error| Failure::writing(&error))?;
        Ok(self.atomic)
    }

    pub(crate) fn finish(self) -> Result<()> {
        self.close()?.map_or(Ok(()), AtomicFile::keep)
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl fmt::Debug for OutputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputFile").field("atomic", &self.atomic).finish_non_exhaustive()
    }
}
