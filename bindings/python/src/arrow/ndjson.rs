//! Records as lines of JSON, from and to Arrow.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use rmsight::Record;

use super::{PyRecordBatch, RecordBatchBuilder, each_record};
use crate::error;

/// Read records from lines of JSON (bytes), as the program writes them, and return one record batch.
#[pyfunction]
pub(crate) fn from_ndjson(py: Python<'_>, lines: PyBackedBytes) -> PyResult<PyRecordBatch> {
    let batch = py.detach(|| -> Result<RecordBatchBuilder, rmsight::Error> {
        let mut builder = RecordBatchBuilder::new(false);
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            builder.add(&Record::from_ndjson(line)?, None);
        }
        Ok(builder)
    });
    batch.map_err(|error| error::of(py, &error))?.finish()
}

/// Write records as lines of JSON (bytes), as the program writes them.
///
/// `records` is anything with the Arrow PyCapsule interface.
#[pyfunction]
pub(crate) fn to_ndjson<'py>(
    py: Python<'py>,
    records: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut lines = Vec::new();
    // Writing into memory cannot fail.
    each_record(records, |record| _ = record.write_ndjson(&mut lines))?;
    Ok(PyBytes::new(py, &lines))
}
