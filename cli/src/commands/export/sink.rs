//! Destinations of an export.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::exit::{Failure, Result};
use crate::inventory::query::Judged;
use crate::output::atomic_file::AtomicFile;

/// Writes findings.
pub(super) trait FindingWriter {
    fn write(&mut self, judged: &Judged) -> Result<()>;

    /// Completes the output, which may consist of several files.
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
