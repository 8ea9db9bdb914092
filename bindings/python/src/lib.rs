//! `_rmsight`: the compiled part of the Python package `rmsight`.

mod arrow;
mod detection;
mod error;
mod estate;
mod finding;
mod inspector;
mod interruptible;
mod judging;
mod program;
mod question;
mod source;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// The compiled part of `rmsight`.
#[pymodule]
fn _rmsight(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("READER_VERSION", rmsight::READER_VERSION)?;
    module.add("RULES_VERSION", rmsight::RULES_VERSION)?;
    module.add("RmsightError", module.py().get_type::<error::RmsightError>())?;
    module.add_class::<detection::PyDetection>()?;
    module.add_class::<estate::PyEstate>()?;
    module.add_class::<finding::PyFinding>()?;
    module.add_class::<inspector::PyInspector>()?;
    module.add_class::<arrow::PyRecordBatch>()?;
    let retried: Vec<&str> = rmsight_cli::retried_codes().collect();
    module.add("RETRIED_CODES", PyTuple::new(module.py(), retried)?)?;
    module.add_function(wrap_pyfunction!(arrow::from_ndjson, module)?)?;
    module.add_function(wrap_pyfunction!(arrow::to_ndjson, module)?)?;
    module.add_function(wrap_pyfunction!(finding::columns, module)?)?;
    module.add_function(wrap_pyfunction!(finding::not_read, module)?)?;
    module.add_function(wrap_pyfunction!(inspector::detect, module)?)?;
    module.add_function(wrap_pyfunction!(inspector::inspect, module)?)?;
    module.add_function(wrap_pyfunction!(judging::judge, module)?)?;
    module.add_function(wrap_pyfunction!(program::run, module)?)?;
    Ok(())
}
