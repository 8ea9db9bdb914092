//! `Inspector`, `detect` and `inspect`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rmsight::{
    Depth, Envelope, Estate, Inspector, InspectorBuilder, Limits, Record, Report, judge_dated,
};

use crate::arrow::{PyRecordBatch, RecordBatchBuilder, column_of};
use crate::detection::PyDetection;
use crate::estate::{PyEstate, given};
use crate::finding::PyFinding;
use crate::interruptible;
use crate::question::{self, Question};
use crate::source::Input;

/// Limits of one file: a name of a set, or amounts by name.
#[derive(FromPyObject)]
enum LimitsArgument {
    Name(String),
    Amounts(HashMap<String, u64>),
}

/// Inspects files. Any number of threads may use one at the same time.
#[pyclass(frozen, name = "Inspector", module = "rmsight")]
pub(crate) struct PyInspector {
    builder: InspectorBuilder,
    deadline: Option<Duration>,
    /// Inspectors that no call uses now. Each has buffers that are worth keeping.
    idle: Mutex<Vec<Inspector>>,
}

impl PyInspector {
    fn with<T>(&self, work: impl FnOnce(&mut Inspector) -> T) -> T {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut inspector = idle().pop().unwrap_or_else(|| self.builder.clone().build());
        let result = work(&mut inspector);
        idle().push(inspector);
        result
    }

    fn end(&self) -> Option<Instant> {
        self.deadline.and_then(|deadline| Instant::now().checked_add(deadline))
    }

    fn ask<Q: Question>(&self, py: Python<'_>, input: &Input<'_>) -> PyResult<Q> {
        let deadline = self.end();
        self.with(|inspector| question::ask(py, inspector, input, deadline))
    }
}

#[pymethods]
impl PyInspector {
    /// Make an inspector.
    ///
    /// limits: "default", "strict" (small budgets, for a gateway), or a dict of amounts by name.
    /// verify: check signatures. labels: read sensitivity labels outside of licenses. deep: inspect files
    /// inside of documents too. quick: read only the head of each license. fingerprint: compute the SHA-256
    /// of each license. deadline: seconds after which a file ends with the error code "deadline".
    #[new]
    #[pyo3(signature = (*, limits = None, verify = true, labels = false, deep = false, quick = false,
        fingerprint = false, deadline = None))]
    #[allow(clippy::too_many_arguments, clippy::fn_params_excessive_bools)]
    fn new(
        limits: Option<LimitsArgument>,
        verify: bool,
        labels: bool,
        deep: bool,
        quick: bool,
        fingerprint: bool,
        deadline: Option<f64>,
    ) -> PyResult<PyInspector> {
        let limits = match limits {
            None => Limits::default(),
            Some(LimitsArgument::Name(name)) => match name.as_str() {
                "default" => Limits::default(),
                "strict" => Limits::strict(),
                _ => {
                    let text = format!("limits is \"default\", \"strict\" or a dict, not {name:?}");
                    return Err(PyValueError::new_err(text));
                }
            },
            Some(LimitsArgument::Amounts(amounts)) => {
                let mut limits = Limits::default();
                for (name, amount) in amounts {
                    if !limits.set(&name, amount) {
                        return Err(PyValueError::new_err(format!("there is no limit {name:?}")));
                    }
                }
                limits
            }
        };
        let deadline = deadline
            .map(Duration::try_from_secs_f64)
            .transpose()
            .map_err(|error| PyValueError::new_err(format!("deadline: {error}")))?;
        let builder = Inspector::builder()
            .limits(limits)
            .depth(if quick { Depth::Head } else { Depth::Full })
            .verify(verify && !quick)
            .labels(labels)
            .deep(deep)
            .fingerprint(fingerprint)
            .keep_licenses(false);
        Ok(PyInspector { builder, deadline, idle: Mutex::new(Vec::new()) })
    }

    /// Return whether a file is rights-protected: a path, bytes, or a file object in binary mode.
    fn detect(&self, py: Python<'_>, file: &Bound<'_, PyAny>) -> PyResult<PyDetection> {
        let input = Input::of(file)?;
        Ok(PyDetection::new(self.ask(py, &input)?))
    }

    /// Return the findings of a file: the first is that of the file itself.
    #[pyo3(signature = (file, *, estate = None, path = None))]
    fn inspect(
        &self,
        py: Python<'_>,
        file: &Bound<'_, PyAny>,
        estate: Option<&Bound<'_, PyEstate>>,
        path: Option<&str>,
    ) -> PyResult<Vec<PyFinding>> {
        let input = Input::of(file)?;
        let report: Report = self.ask(py, &input)?;
        let mut envelope = envelope(&input);
        if let Some(path) = path {
            envelope.path = path.to_owned().into();
        }
        let estate = given(estate);
        Ok(records(&envelope, &report, &estate).map(PyFinding::new).collect())
    }

    /// Inspect many files and return one Arrow record batch.
    ///
    /// Give `paths` (str, bytes or os.PathLike, or an Arrow column of text or bytes), or `content`, an Arrow
    /// column of bytes. The column `input` is the number of the path or value that a row belongs to. A file
    /// that cannot be opened is a row with an error code.
    #[pyo3(signature = (paths = None, *, content = None, estate = None))]
    fn inspect_batch(
        &self,
        py: Python<'_>,
        paths: Option<&Bound<'_, PyAny>>,
        content: Option<&Bound<'_, PyAny>>,
        estate: Option<&Bound<'_, PyEstate>>,
    ) -> PyResult<PyRecordBatch> {
        let estate = given(estate);
        let values = match (paths, content) {
            (Some(paths), None) => column_of(paths)?,
            (None, Some(content)) => column_of(content)?,
            _ => return Err(PyValueError::new_err("give either paths or content")),
        };
        let is_content = content.is_some();
        let mut builder = RecordBatchBuilder::new(true);
        for (number, value) in values.into_iter().enumerate() {
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            let end = self.end();
            let (envelope, report) = self.with(|inspector| -> PyResult<_> {
                if is_content {
                    let bytes = value.unwrap_or_default();
                    let report = interruptible::run(py, inspector, end, |inspector| {
                        inspector.inspect_bytes(&bytes)
                    })?;
                    let mut envelope = Envelope::new("");
                    envelope.size = u64::try_from(bytes.len()).ok();
                    return Ok((envelope, report));
                }
                let path = path_of(value.unwrap_or_default());
                let envelope = file_envelope(&path);
                let report = interruptible::run(py, inspector, end, |inspector| {
                    inspector.inspect_path(&path)
                })?;
                Ok((envelope, report.unwrap_or_else(|error| Report::unopened(&error))))
            })?;
            for record in records(&envelope, &report, &estate) {
                builder.add(&record, Some(number));
            }
            py.check_signals()?;
        }
        builder.finish()
    }
}

fn records<'a>(
    envelope: &'a Envelope<'static>,
    report: &'a Report,
    estate: &'a Estate,
) -> impl Iterator<Item = Record<'static>> + 'a {
    report.findings().map(move |finding| {
        let verdict = judge_dated(finding.facts(), envelope.modified, estate);
        Record::new(envelope, finding.facts(), &verdict).into_owned()
    })
}

fn envelope(input: &Input<'_>) -> Envelope<'static> {
    match input {
        Input::Path(path) => file_envelope(path),
        Input::Bytes(bytes) => {
            let mut envelope = Envelope::new("");
            envelope.size = u64::try_from(bytes.len()).ok();
            envelope
        }
        Input::File(_) => Envelope::new(""),
    }
}

/// Returns the envelope of a file: its path, size and time of change.
fn file_envelope(path: &Path) -> Envelope<'static> {
    let envelope = Envelope::of_path(path).into_owned();
    match std::fs::metadata(path) {
        Ok(metadata) => envelope.with_metadata(&metadata),
        Err(_) => envelope,
    }
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> std::path::PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> std::path::PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// Return whether a file is rights-protected, with the default options.
///
/// >>> import rmsight
/// >>> rmsight.detect(b"Nothing in this text is protected.").protected
/// False
#[pyfunction]
pub(crate) fn detect(py: Python<'_>, file: &Bound<'_, PyAny>) -> PyResult<PyDetection> {
    default(py)?.get().detect(py, file)
}

/// Return the findings of a file, with the default options.
///
/// >>> import rmsight
/// >>> [finding.protection for finding in rmsight.inspect(b"text")]
/// ['none']
#[pyfunction]
#[pyo3(signature = (file, *, estate = None, path = None))]
pub(crate) fn inspect(
    py: Python<'_>,
    file: &Bound<'_, PyAny>,
    estate: Option<&Bound<'_, PyEstate>>,
    path: Option<&str>,
) -> PyResult<Vec<PyFinding>> {
    default(py)?.get().inspect(py, file, estate, path)
}

/// Returns the inspector of `detect` and `inspect`.
fn default(py: Python<'_>) -> PyResult<&Py<PyInspector>> {
    static DEFAULT: pyo3::sync::PyOnceLock<Py<PyInspector>> = pyo3::sync::PyOnceLock::new();
    DEFAULT.get_or_try_init(py, || {
        Py::new(py, PyInspector::new(None, true, false, false, false, false, None)?)
    })
}
