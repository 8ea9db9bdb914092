//! Reads columns and records from Arrow data of other libraries.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use rmsight::{ColumnValue, NameList, Record, Timestamp};

use super::capsule::{array, batch, failed, stream};
use crate::error;

/// Returns whether an object has the Arrow PyCapsule interface.
pub(crate) fn is_arrow(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(object.hasattr("__arrow_c_array__")? || object.hasattr("__arrow_c_stream__")?)
}

/// Returns the values of an Arrow column of text or bytes, or of an iterable of paths.
pub(crate) fn column_of(values: &Bound<'_, PyAny>) -> PyResult<Vec<Option<Vec<u8>>>> {
    if values.hasattr("__arrow_c_array__")? {
        return bytes_of(&array(values)?);
    }
    if values.hasattr("__arrow_c_stream__")? {
        let mut all = Vec::new();
        for chunk in stream(values)? {
            all.extend(bytes_of(&chunk.map_err(failed)?)?);
        }
        return Ok(all);
    }
    let fsencode = values.py().import("os")?.getattr("fsencode")?;
    let mut all = Vec::new();
    for value in values.try_iter()? {
        let value = value?;
        let encoded = match value.is_instance_of::<PyBytes>() {
            true => value,
            false => fsencode.call1((value,))?,
        };
        all.push(Some(encoded.extract::<PyBackedBytes>()?.to_vec()));
    }
    Ok(all)
}

fn bytes_of(array: &ArrayRef) -> PyResult<Vec<Option<Vec<u8>>>> {
    fn owned<'a>(values: impl Iterator<Item = Option<&'a [u8]>>) -> Vec<Option<Vec<u8>>> {
        values.map(|value| value.map(<[u8]>::to_vec)).collect()
    }
    Ok(match array.data_type() {
        DataType::Utf8 => owned(array.as_string::<i32>().iter().map(|it| it.map(str::as_bytes))),
        DataType::LargeUtf8 => {
            owned(array.as_string::<i64>().iter().map(|it| it.map(str::as_bytes)))
        }
        DataType::Utf8View => owned(array.as_string_view().iter().map(|it| it.map(str::as_bytes))),
        DataType::Binary => owned(array.as_binary::<i32>().iter()),
        DataType::LargeBinary => owned(array.as_binary::<i64>().iter()),
        DataType::BinaryView => owned(array.as_binary_view().iter()),
        other => return Err(failed(format!("a column of text or bytes is required, not {other}"))),
    })
}

/// Passes each record of an Arrow object to `visit`.
pub(crate) fn each_record(
    object: &Bound<'_, PyAny>,
    mut visit: impl FnMut(&Record<'_>),
) -> PyResult<()> {
    if object.hasattr("__arrow_c_array__")? {
        return records(object.py(), &batch(&array(object)?)?, &mut visit);
    }
    for chunk in stream(object)? {
        records(object.py(), &batch(&chunk.map_err(failed)?)?, &mut visit)?;
        object.py().check_signals()?;
    }
    Ok(())
}

fn records(
    py: Python<'_>,
    batch: &RecordBatch,
    visit: &mut impl FnMut(&Record<'_>),
) -> PyResult<()> {
    let schema = batch.schema();
    let columns: HashMap<&str, &ArrayRef> =
        schema.fields().iter().map(|field| field.name().as_str()).zip(batch.columns()).collect();
    for row in 0..batch.num_rows() {
        // A list of names has to live as long as the record is read.
        let lists: HashMap<&str, Vec<String>> = columns
            .iter()
            .filter_map(|(name, column)| Some((*name, names_at(column, row)?)))
            .collect();
        let value = |name: &str| match lists.get(name) {
            Some(list) => Some(ColumnValue::List(NameList::new(list))),
            None => columns.get(name).map(|column| value_at(column, row)),
        };
        let record = Record::from_columns(value).map_err(|error| error::of(py, &error))?;
        visit(&record);
    }
    Ok(())
}

/// Returns the names of a list; `None` for a null and for other columns.
fn names_at(column: &ArrayRef, row: usize) -> Option<Vec<String>> {
    if column.is_null(row) {
        return None;
    }
    let values = match column.data_type() {
        DataType::List(_) => column.as_list::<i32>().value(row),
        DataType::LargeList(_) => column.as_list::<i64>().value(row),
        _ => return None,
    };
    let name_of = |at| match value_at(&values, at) {
        ColumnValue::Text(name) => Some(name.to_owned()),
        _ => None,
    };
    Some((0..values.len()).filter_map(name_of).collect())
}

fn value_at(column: &ArrayRef, row: usize) -> ColumnValue<'_> {
    if column.is_null(row) {
        return ColumnValue::Null;
    }
    let int = |number: i64| u64::try_from(number).map_or(ColumnValue::Null, ColumnValue::Int);
    let time = |seconds: i64| ColumnValue::Time(Timestamp::from_unix(seconds));
    match column.data_type() {
        DataType::Utf8 => ColumnValue::Text(column.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => ColumnValue::Text(column.as_string::<i64>().value(row)),
        DataType::Utf8View => ColumnValue::Text(column.as_string_view().value(row)),
        DataType::Boolean => ColumnValue::Bool(column.as_boolean().value(row)),
        DataType::Int64 => int(column.as_primitive::<Int64Type>().value(row)),
        DataType::Int32 => int(column.as_primitive::<Int32Type>().value(row).into()),
        DataType::UInt32 => ColumnValue::Int(column.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => ColumnValue::Int(column.as_primitive::<UInt64Type>().value(row)),
        DataType::Timestamp(unit, _) => time(match unit {
            TimeUnit::Second => column.as_primitive::<TimestampSecondType>().value(row),
            TimeUnit::Millisecond => {
                column.as_primitive::<TimestampMillisecondType>().value(row).div_euclid(1_000)
            }
            TimeUnit::Microsecond => {
                column.as_primitive::<TimestampMicrosecondType>().value(row).div_euclid(1_000_000)
            }
            TimeUnit::Nanosecond => column
                .as_primitive::<TimestampNanosecondType>()
                .value(row)
                .div_euclid(1_000_000_000),
        }),
        _ => ColumnValue::Null,
    }
}
