//! The two questions about a file, `detect` and `inspect`, asked in the same way of every input.

use std::cell::RefCell;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use pyo3::prelude::*;
use rmsight::{Detection, Error, FileSource, Inspector, ReadAt, Report};

use crate::error;
use crate::interruptible::{self, Ended};
use crate::source::{ForwardFile, Input, SeekableFile};

type Result<T> = std::result::Result<T, Error>;

/// A question about a file.
pub(crate) trait Question: Ended + Send + Sized {
    /// Answers for a source with a file name.
    fn of_named(inspector: &mut Inspector, source: &FileSource, name: &Path) -> Result<Self>;

    /// Answers for bytes in memory.
    fn of_bytes(inspector: &mut Inspector, bytes: &[u8]) -> Self;

    /// Answers for a source without a name.
    fn of_source(inspector: &mut Inspector, source: &dyn ReadAt) -> Result<Self>;

    /// Answers for a reader, from its position on.
    fn of_reader(inspector: &mut Inspector, reader: impl Read) -> Result<Self>;
}

impl Question for Detection {
    fn of_named(inspector: &mut Inspector, source: &FileSource, name: &Path) -> Result<Detection> {
        inspector.detect_named(source, name)
    }

    fn of_bytes(inspector: &mut Inspector, bytes: &[u8]) -> Detection {
        inspector.detect_bytes(bytes)
    }

    fn of_source(inspector: &mut Inspector, source: &dyn ReadAt) -> Result<Detection> {
        inspector.detect(source)
    }

    fn of_reader(inspector: &mut Inspector, reader: impl Read) -> Result<Detection> {
        inspector.detect_reader(reader)
    }
}

impl Question for Report {
    fn of_named(inspector: &mut Inspector, source: &FileSource, name: &Path) -> Result<Report> {
        inspector.inspect_named(source, name)
    }

    fn of_bytes(inspector: &mut Inspector, bytes: &[u8]) -> Report {
        inspector.inspect_bytes(bytes)
    }

    fn of_source(inspector: &mut Inspector, source: &dyn ReadAt) -> Result<Report> {
        inspector.inspect(source)
    }

    fn of_reader(inspector: &mut Inspector, reader: impl Read) -> Result<Report> {
        inspector.inspect_reader(reader)
    }
}

/// Asks about an input. The interpreter lock is released unless the input is a file object, and a signal ends
/// the call.
pub(crate) fn ask<Q: Question>(
    py: Python<'_>,
    inspector: &mut Inspector,
    input: &Input<'_>,
    deadline: Option<Instant>,
) -> PyResult<Q> {
    match input {
        Input::Path(path) => {
            let source = FileSource::open(path)?;
            let work = |inspector: &mut Inspector| Q::of_named(inspector, &source, path);
            interruptible::run(py, inspector, deadline, work)?
                .map_err(|error| error::of(py, &error))
        }
        Input::Bytes(bytes) => {
            interruptible::run(py, inspector, deadline, |inspector| Q::of_bytes(inspector, bytes))
        }
        Input::File(file) => {
            if let Some(deadline) = deadline {
                inspector.deadline(deadline);
            }
            // The exception of the file object explains more than the error of the library.
            let raised = RefCell::new(None);
            let found = match SeekableFile::new(file, &raised)? {
                Some(source) => Q::of_source(inspector, &source),
                None => Q::of_reader(inspector, ForwardFile::new(file, &raised)),
            };
            match raised.into_inner() {
                Some(raised) => Err(raised),
                None => found.map_err(|error| error::of(py, &error)),
            }
        }
    }
}
