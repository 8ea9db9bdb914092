//! Sources of bytes from Python: paths, bytes, and file objects.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyByteArray, PyMemoryView, PyString};
use rmsight::ReadAt;

/// What to inspect.
pub(crate) enum Input<'py> {
    Path(PathBuf),
    Bytes(PyBackedBytes),
    File(Bound<'py, PyAny>),
}

impl<'py> Input<'py> {
    /// Returns the input of an argument: a path (`str`, `os.PathLike`), bytes, or a file object.
    pub(crate) fn of(argument: &Bound<'py, PyAny>) -> PyResult<Input<'py>> {
        if argument.is_instance_of::<PyString>() {
            return Ok(Input::Path(argument.extract()?));
        }
        if let Ok(bytes) = argument.extract::<PyBackedBytes>() {
            return Ok(Input::Bytes(bytes));
        }
        if argument.is_instance_of::<PyByteArray>() || argument.is_instance_of::<PyMemoryView>() {
            let bytes = argument.py().import("builtins")?.getattr("bytes")?.call1((argument,))?;
            return Ok(Input::Bytes(bytes.extract()?));
        }
        if argument.hasattr("read")? {
            return Ok(Input::File(argument.clone()));
        }
        if argument.hasattr("__fspath__")? {
            return Ok(Input::Path(argument.extract()?));
        }
        let kind = argument.get_type().name()?;
        Err(PyTypeError::new_err(format!(
            "a path, bytes or a file object opened in binary mode is required, not {kind}"
        )))
    }
}

/// A file object that can seek.
pub(crate) struct SeekableFile<'a, 'py> {
    file: &'a Bound<'py, PyAny>,
    size: u64,
    /// The first exception of a method of the object.
    raised: &'a RefCell<Option<PyErr>>,
}

impl<'a, 'py> SeekableFile<'a, 'py> {
    /// Returns the source, or `None` if the object cannot seek.
    pub(crate) fn new(
        file: &'a Bound<'py, PyAny>,
        raised: &'a RefCell<Option<PyErr>>,
    ) -> PyResult<Option<SeekableFile<'a, 'py>>> {
        let can_seek = file.hasattr("seekable")? && file.call_method0("seekable")?.is_truthy()?;
        if !can_seek {
            return Ok(None);
        }
        let size = file.call_method1("seek", (0, 2))?.extract()?;
        Ok(Some(SeekableFile { file, size, raised }))
    }
}

impl ReadAt for SeekableFile<'_, '_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut read = || -> PyResult<usize> {
            self.file.call_method1("seek", (offset,))?;
            let mut done = 0;
            while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
                let read = read_into(self.file, rest)?;
                if read == 0 {
                    break;
                }
                done += read;
            }
            Ok(done)
        };
        keep(self.raised, read())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}

/// A file object that is read from its position on.
pub(crate) struct ForwardFile<'a, 'py> {
    file: &'a Bound<'py, PyAny>,
    /// The first exception of a method of the object.
    raised: &'a RefCell<Option<PyErr>>,
}

impl<'a, 'py> ForwardFile<'a, 'py> {
    pub(crate) fn new(
        file: &'a Bound<'py, PyAny>,
        raised: &'a RefCell<Option<PyErr>>,
    ) -> ForwardFile<'a, 'py> {
        ForwardFile { file, raised }
    }
}

impl io::Read for ForwardFile<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        keep(self.raised, read_into(self.file, buf))
    }
}

/// Calls `read` of a file object.
fn read_into(file: &Bound<'_, PyAny>, buf: &mut [u8]) -> PyResult<usize> {
    let bytes = file.call_method1("read", (buf.len(),))?;
    let bytes: PyBackedBytes = bytes.extract().map_err(|_| {
        PyTypeError::new_err("read() has to return bytes: open the file in binary mode")
    })?;
    let len = bytes.len().min(buf.len());
    if let (Some(to), Some(from)) = (buf.get_mut(..len), bytes.get(..len)) {
        to.copy_from_slice(from);
    }
    Ok(len)
}

/// Keeps the exception of a callback, to raise it after the inspection.
fn keep(raised: &RefCell<Option<PyErr>>, result: PyResult<usize>) -> io::Result<usize> {
    result.map_err(|error| {
        raised.borrow_mut().get_or_insert(error);
        io::Error::other("the file object raised an exception")
    })
}
