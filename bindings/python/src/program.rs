//! The command line program.

use std::ffi::OsString;
use std::path::PathBuf;

use pyo3::prelude::*;

/// Run the program with these arguments, without its name. Return the exit code.
#[pyfunction]
pub(crate) fn run(py: Python<'_>, arguments: Vec<OsString>) -> PyResult<u8> {
    let interpreter: PathBuf = py.import("sys")?.getattr("executable")?.extract()?;
    let module = vec!["-m".into(), "rmsight".into()];
    let name = std::iter::once(OsString::from("rmsight"));
    Ok(py.detach(|| rmsight_cli::run_in(interpreter, module, name.chain(arguments))))
}
