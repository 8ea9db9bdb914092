//! The destination of a command: a file, or standard output.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::atomic_file::AtomicFile;
use super::stdout::{Destination, Stdout, is_closed};
use crate::exit::{Failure, Result};

/// A file, which has its name only after [`OutputFile::finish`], or standard output.
///
/// A file is written as UTF-8 on all systems, while `>` of Windows PowerShell 5.1 writes UTF-16.
pub(crate) struct OutputFile {
    atomic: Option<AtomicFile>,
    out: BufWriter<Box<dyn Destination>>,
}

/// Size of the buffer in bytes.
const BUFFER: usize = 1 << 16;

impl OutputFile {
    /// Opens `file`; without one, standard output. After the reader of standard output has closed it,
    /// writes succeed without effect.
    pub(crate) fn open(file: Option<&Path>) -> Result<OutputFile> {
        match file {
            Some(file) => OutputFile::create(file),
            None => Ok(OutputFile::new(None, Box::new(Stdout::lock()))),
        }
    }

    /// Like [`OutputFile::open`], but writes fail after the reader of standard output has closed it.
    /// For commands whose only result is the output.
    pub(crate) fn open_until_closed(file: Option<&Path>) -> Result<OutputFile> {
        match file {
            Some(file) => OutputFile::create(file),
            None => Ok(OutputFile::new(None, Box::new(io::stdout().lock()))),
        }
    }

    fn create(file: &Path) -> Result<OutputFile> {
        let (atomic, file) = AtomicFile::create(file)?;
        Ok(OutputFile::new(Some(atomic), Box::new(NamedFile(file))))
    }

    fn new(atomic: Option<AtomicFile>, out: Box<dyn Destination>) -> OutputFile {
        OutputFile { atomic, out: BufWriter::with_capacity(BUFFER, out) }
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

impl Destination for OutputFile {
    fn is_closed(&self) -> bool {
        self.out.get_ref().is_closed()
    }
}

/// The file of `--output`, which may be a pipe. If its reader closes it, the command fails: unlike
/// standard output, the file was named as the place of the result.
struct NamedFile(File);

impl Write for NamedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(|error| match is_closed(&error) {
            true => io::Error::other(error),
            false => error,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Destination for NamedFile {}

impl fmt::Debug for OutputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputFile").field("atomic", &self.atomic).finish_non_exhaustive()
    }
}
