//! The exception of the module.

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(
    rmsight,
    RmsightError,
    PyException,
    "Something was not read or not decided.\n\n\
     `code` is an error code of the record, such as \"truncated\". `offset` is the offset in bytes, or None."
);

/// Returns an exception with a code and an offset.
pub(crate) fn exception(
    py: Python<'_>,
    code: &str,
    offset: Option<u64>,
    text: impl Into<String>,
) -> PyErr {
    let error = RmsightError::new_err(text.into());
    let value = error.value(py);
    let set = value.setattr("code", code).and_then(|()| value.setattr("offset", offset));
    set.err().unwrap_or(error)
}

/// Returns the exception of an error of the library.
pub(crate) fn of(py: Python<'_>, error: &rmsight::Error) -> PyErr {
    exception(py, error.code().as_str(), error.offset(), error.to_string())
}
