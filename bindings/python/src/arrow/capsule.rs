//! The Arrow PyCapsule interface: pointers to structs of the Arrow C data interface.
//!
//! This file contains all `unsafe` of the module. The producer of a capsule guarantees by its name that it
//! contains the struct of that name.
#![allow(unsafe_code)]

use std::ffi::CStr;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::ffi_stream::{ArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::{Array, ArrayRef, RecordBatch, StructArray, make_array};
use arrow_schema::Schema;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";
const STREAM: &CStr = c"arrow_array_stream";

/// One batch of records in the Arrow format. `pyarrow.record_batch(batch)` and `polars.DataFrame(batch)`
/// take it without a copy.
#[pyclass(frozen, name = "RecordBatch", module = "rmsight")]
pub(crate) struct PyRecordBatch {
    batch: RecordBatch,
}

impl PyRecordBatch {
    pub(crate) fn new(batch: RecordBatch) -> PyRecordBatch {
        PyRecordBatch { batch }
    }
}

pub(crate) fn failed(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(format!("Arrow: {error}"))
}

#[pymethods]
impl PyRecordBatch {
    /// The number of rows.
    #[getter]
    fn num_rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// The names of the columns.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.batch.schema().as_ref()).map_err(failed)?;
        PyCapsule::new_with_value(py, schema, SCHEMA)
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        // The interface allows to ignore the request.
        _ = requested_schema;
        let array = StructArray::from(self.batch.clone());
        let array = FFI_ArrowArray::new(&array.to_data());
        let capsule = PyCapsule::new_with_value(py, array, ARRAY)?;
        PyTuple::new(py, [self.__arrow_c_schema__(py)?, capsule])
    }

    fn __repr__(&self) -> String {
        format!("<RecordBatch of {} rows>", self.batch.num_rows())
    }
}

/// Returns the array of an object with the method `__arrow_c_array__`.
pub(super) fn array(object: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let pair = object.call_method0("__arrow_c_array__")?.cast_into::<PyTuple>()?;
    let schema = pair.get_item(0)?.cast_into::<PyCapsule>()?;
    let array = pair.get_item(1)?.cast_into::<PyCapsule>()?;
    let schema = schema.pointer_checked(Some(SCHEMA))?.cast::<FFI_ArrowSchema>();
    let array = array.pointer_checked(Some(ARRAY))?.cast::<FFI_ArrowArray>();
    // SAFETY: the name of the capsule says that it contains this struct. Taking it leaves a released struct
    // behind, as the C data interface requires of a move.
    let moved = unsafe { FFI_ArrowArray::from_raw(array.as_ptr()) };
    // SAFETY: the name of the capsule says that it contains this struct, which lives as long as the capsule.
    // The producer guarantees that schema and array agree.
    let data = unsafe { from_ffi(moved, schema.as_ref()) }.map_err(failed)?;
    Ok(make_array(data))
}

/// Returns the arrays of an object with the method `__arrow_c_stream__`.
pub(super) fn stream(object: &Bound<'_, PyAny>) -> PyResult<ArrayStreamReader> {
    let capsule = object.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?;
    let stream = capsule.pointer_checked(Some(STREAM))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: the name of the capsule says that it contains this struct. Taking it leaves a released struct
    // behind, as the C stream interface requires of a move.
    unsafe { ArrayStreamReader::from_raw(stream.as_ptr()) }.map_err(failed)
}

/// Returns an array of structs as a batch.
pub(super) fn batch(array: &ArrayRef) -> PyResult<RecordBatch> {
    let structs = array.as_any().downcast_ref::<StructArray>();
    let structs = structs.ok_or_else(|| failed("a batch of records is required"))?;
    let schema = Schema::new(structs.fields().clone());
    RecordBatch::try_new(schema.into(), structs.columns().to_vec()).map_err(failed)
}
