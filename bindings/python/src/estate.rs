//! `Estate`: the keys that an operator declares.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use rmsight::Estate;

use crate::error;

/// The keys of an organization: an estate file. Share one among threads.
#[pyclass(frozen, name = "Estate", module = "rmsight")]
pub(crate) struct PyEstate {
    pub(crate) estate: Arc<Estate>,
}

#[pymethods]
impl PyEstate {
    /// Parse an estate file (TOML). Without a text, no key is known.
    ///
    /// Raises RmsightError with all mistakes of the file.
    #[new]
    #[pyo3(signature = (toml = None))]
    fn new(py: Python<'_>, toml: Option<&str>) -> PyResult<PyEstate> {
        match toml {
            Some(toml) => PyEstate::parse(py, toml.as_bytes()),
            None => Ok(PyEstate { estate: Arc::default() }),
        }
    }

    /// Read an estate file.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<PyEstate> {
        PyEstate::parse(py, &std::fs::read(path)?)
    }

    /// The names of the authorities, in the order of the file.
    #[getter]
    fn authorities(&self) -> Vec<String> {
        self.estate.authorities().iter().map(|authority| authority.name.clone()).collect()
    }

    /// The SHA-256 of the estate file, or None.
    #[getter]
    fn digest(&self) -> Option<&str> {
        self.estate.digest()
    }
}

impl PyEstate {
    fn parse(py: Python<'_>, bytes: &[u8]) -> PyResult<PyEstate> {
        let estate = Estate::from_toml(bytes)
            .map_err(|mistakes| error::exception(py, "config", None, mistakes.to_string()))?;
        Ok(PyEstate { estate: Arc::new(estate) })
    }
}

/// Returns the estate of an argument, or an estate that knows no key.
pub(crate) fn given(estate: Option<&Bound<'_, PyEstate>>) -> Arc<Estate> {
    estate.map_or_else(Arc::default, |estate| Arc::clone(&estate.get().estate))
}
