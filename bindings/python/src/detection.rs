//! `Detection`: the answer of `detect`.

use pyo3::prelude::*;
use rmsight::{Detection, Protection};

use crate::error;

/// Whether a file is rights-protected, and by whose key.
#[pyclass(frozen, name = "Detection", module = "rmsight")]
pub(crate) struct PyDetection {
    found: Detection,
}

impl PyDetection {
    pub(crate) fn new(found: Detection) -> PyDetection {
        PyDetection { found }
    }
}

#[pymethods]
impl PyDetection {
    /// True, False, or None if the file was not read far enough to tell. None is not False.
    #[getter]
    fn protected(&self) -> Option<bool> {
        match self.found.protection() {
            Protection::Unknown => None,
            protection => Some(protection == Protection::Rms),
        }
    }

    /// "rms", "password", "other", "none" or "unknown".
    #[getter]
    fn protection(&self) -> &'static str {
        self.found.protection().as_str()
    }

    /// Whether the question is answered: the protection is not "unknown".
    #[getter]
    fn decided(&self) -> bool {
        self.found.is_decided()
    }

    /// Whether the whole file was searched. A license ends the search early.
    #[getter]
    fn searched(&self) -> bool {
        self.found.is_searched()
    }

    /// The format of the file or member that decided, such as "ooxml-irm".
    #[getter]
    fn container(&self) -> &'static str {
        self.found.container().as_str()
    }

    /// The member that decided, or None for the file itself.
    #[getter]
    fn member(&self) -> Option<&str> {
        self.found.member()
    }

    /// Why something was not read, such as "truncated", or None.
    #[getter]
    fn error_code(&self) -> Option<&'static str> {
        self.found.error_code().map(|code| code.as_str())
    }

    /// The key of the server that opens the file, "sha256:…", or None.
    #[getter]
    fn slc_key(&self) -> Option<&str> {
        self.found.slc_key()
    }

    /// Raise RmsightError if the file is undecided.
    fn raise_for_error(&self, py: Python<'_>) -> PyResult<()> {
        if self.found.is_decided() {
            return Ok(());
        }
        let facts = self.found.facts();
        let code =
            facts.error_code.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        let text = facts.error.as_ref().map_or_else(|| code.clone(), ToString::to_string);
        Err(error::exception(py, &code, facts.error_offset, text))
    }

    fn __repr__(&self) -> String {
        let found = &self.found;
        let (protection, container) = (found.protection(), found.container());
        let code = found.error_code().map_or(String::new(), |code| format!(" error_code={code}"));
        format!("<Detection protection={protection} container={container}{code}>")
    }
}
