//! `Finding`: one record, with a Python value for each column.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyAttributeError, PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyDict, PyList, PyTzInfo};
use rmsight::{
    COLUMNS, Column, ColumnValue, Envelope, ErrorCode, Estate, Facts, Record, Timestamp,
    judge_dated,
};

use crate::error;

/// One finding: a file, or a member of it, with its facts and its verdict.
///
/// Each column of the record is an attribute (`finding.need`) and an item (`finding["need"]`). Unknown
/// values are None, times are `datetime` in UTC, and `anomalies` is a list of names.
#[pyclass(frozen, name = "Finding", module = "rmsight", mapping)]
pub(crate) struct PyFinding {
    pub(crate) record: Arc<Record<'static>>,
}

impl PyFinding {
    pub(crate) fn new(record: Record<'static>) -> PyFinding {
        PyFinding { record: Arc::new(record) }
    }

    fn value<'py>(&self, py: Python<'py>, column: &Column) -> PyResult<Bound<'py, PyAny>> {
        match column.value(&self.record) {
            ColumnValue::Bool(truth) => truth.into_bound_py_any(py),
            ColumnValue::Int(number) => number.into_bound_py_any(py),
            ColumnValue::Text(text) => text.into_bound_py_any(py),
            ColumnValue::List(names) => {
                Ok(PyList::new(py, names.iter().collect::<Vec<_>>())?.into_any())
            }
            ColumnValue::Time(time) => {
                let utc = PyTzInfo::utc(py)?;
                // Exact: the seconds of these years are far below 2^53.
                #[allow(clippy::cast_precision_loss)]
                let seconds = time.unix() as f64;
                Ok(PyDateTime::from_timestamp(py, seconds, Some(&utc))?.into_any())
            }
            _ => Ok(py.None().into_bound(py)),
        }
    }
}

#[pymethods]
impl PyFinding {
    fn __getattr__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        match Column::named(name) {
            Some(column) => self.value(py, column),
            None => Err(PyAttributeError::new_err(format!("a record has no column {name:?}"))),
        }
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        match Column::named(name) {
            Some(column) => self.value(py, column),
            None => Err(PyKeyError::new_err(name.to_owned())),
        }
    }

    fn __len__(&self) -> usize {
        COLUMNS.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyList::new(py, columns())?.try_iter()?.into_any())
    }

    fn __contains__(&self, name: &str) -> bool {
        Column::named(name).is_some()
    }

    /// Return the names of the columns.
    fn keys(&self) -> Vec<&'static str> {
        columns()
    }

    /// Return all columns as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for column in COLUMNS {
            dict.set_item(column.name, self.value(py, column)?)?;
        }
        Ok(dict)
    }

    /// Return the record as one line of JSON, as the program writes it.
    fn to_json(&self) -> PyResult<String> {
        let mut line = Vec::new();
        self.record.write_ndjson(&mut line)?;
        let text = String::from_utf8_lossy(&line);
        Ok(text.trim_end().to_owned())
    }

    /// Read a record from a line of JSON.
    #[staticmethod]
    fn from_json(py: Python<'_>, line: &str) -> PyResult<PyFinding> {
        let record = Record::from_ndjson(line).map_err(|error| error::of(py, &error))?;
        Ok(PyFinding::new(record))
    }

    /// Raise RmsightError if something was not read.
    fn raise_for_error(&self, py: Python<'_>) -> PyResult<()> {
        let facts = &self.record.facts;
        let Some(code) = &facts.error_code else { return Ok(()) };
        let code = code.to_string();
        let text = facts.error.as_ref().map_or_else(|| code.clone(), ToString::to_string);
        Err(error::exception(py, &code, facts.error_offset, text))
    }

    fn __eq__(&self, other: &PyFinding) -> bool {
        self.record == other.record
    }

    fn __repr__(&self) -> String {
        let facts = &self.record.facts;
        let path = &self.record.envelope.path;
        let member = facts.member.as_deref().map_or(String::new(), |member| format!("!/{member}"));
        let (protection, need) = (facts.protection, self.record.verdict.need());
        format!("<Finding {path:?}{member} protection={protection} need={need}>")
    }
}

/// Return the finding of a file that was not read, with an error code of the record. `path` is str, bytes or
/// os.PathLike, `modified` is in seconds since 1970.
#[pyfunction]
#[pyo3(signature = (path, code, text, *, size = None, modified = None, source = None))]
pub(crate) fn not_read(
    path: &Bound<'_, PyAny>,
    code: &str,
    text: String,
    size: Option<u64>,
    modified: Option<i64>,
    source: Option<String>,
) -> PyResult<PyFinding> {
    let code: ErrorCode =
        code.parse().map_err(|error| PyValueError::new_err(format!("{error}")))?;
    let path: PathBuf = path.py().import("os")?.getattr("fsdecode")?.call1((path,))?.extract()?;
    let mut envelope = Envelope::of_path(&path).into_owned();
    envelope.source = source.map(Into::into);
    envelope.size = size;
    envelope.modified = modified.map(Timestamp::from_unix);
    let facts = Facts::not_opened(code, text);
    let verdict = judge_dated(&facts, envelope.modified, &Estate::default());
    Ok(PyFinding::new(Record::new(&envelope, &facts, &verdict).into_owned()))
}

/// Return the names of the columns of a record, in their order.
#[pyfunction]
pub(crate) fn columns() -> Vec<&'static str> {
    COLUMNS.iter().map(|column| column.name).collect()
}
