//! Where findings are written to.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::exit::{Failure, Result};
use crate::inventory::query::Judged;
use crate::output::atomic_file::AtomicFile;

/// Writes findings one after the other.
pub(super) trait FindingWriter {
    fn write(&mut self, judged: &Judged) -> Result<()>;

    /// Writes what is left; more than one file where it had to be split.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// A file, or standard output.
pub(super) struct OutputFile {
    atomic: Option<AtomicFile>,
    pub(super) out: BufWriter<Box<dyn Write>>,
}

impl OutputFile {
    pub(super) fn open(file: Option<&Path>) -> Result<OutputFile> {
        let (atomic, out): (_, Box<dyn Write>) = match file {
            Some(file) => {
                let (atomic, file) = AtomicFile::create(file)?;
                (Some(atomic), Box::new(file))
            }
            None => (None, Box::new(io::stdout().lock())),
        };
        Ok(OutputFile { atomic, out: BufWriter::with_capacity(1 << 16, out) })
    }

    pub(super) fn all(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|error| Failure::writing(&error))
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.out.flush().map_err(|error| Failure::writing(&error))?;
        self.atomic.map_or(Ok(()), AtomicFile::keep)
    }
}
