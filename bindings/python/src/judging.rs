//! `judge`: verdicts about stored records. No file is opened.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use rmsight::{Record, judge_dated};

use crate::arrow::{self, RecordBatchBuilder};
use crate::estate::PyEstate;
use crate::finding::PyFinding;

/// Judge stored records with an estate, and return them with new verdicts.
///
/// `records` is an iterable of Finding, or anything with the Arrow PyCapsule interface (a pyarrow Table, a
/// polars DataFrame): the result is then a record batch.
#[pyfunction]
pub(crate) fn judge<'py>(
    py: Python<'py>,
    records: &Bound<'py, PyAny>,
    estate: &Bound<'py, PyEstate>,
) -> PyResult<Bound<'py, PyAny>> {
    let estate = &estate.get().estate;
    if arrow::is_arrow(records)? {
        let mut builder = RecordBatchBuilder::new(false);
        arrow::each_record(records, |record| {
            let verdict = judge_dated(&record.facts, record.envelope.modified, estate);
            builder.add(&Record::new(&record.envelope, &record.facts, &verdict), None);
        })?;
        return builder.finish()?.into_bound_py_any(py);
    }
    let mut judged = Vec::new();
    for found in records.try_iter()? {
        let found = found?.cast_into::<PyFinding>().map_err(PyErr::from)?;
        let record = &found.get().record;
        let verdict = judge_dated(&record.facts, record.envelope.modified, estate);
        judged.push(PyFinding::new(
            Record::new(&record.envelope, &record.facts, &verdict).into_owned(),
        ));
    }
    judged.into_bound_py_any(py)
}
