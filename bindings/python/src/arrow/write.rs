//! Builds a batch of records.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Int64Builder, ListBuilder, StringBuilder, TimestampSecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use pyo3::prelude::*;
use rmsight::{COLUMNS, Column, ColumnKind, ColumnValue, Record};

use super::capsule::{PyRecordBatch, failed};

/// Builder of one column. Integers are signed, because Spark has no others.
enum ColumnBuilder {
    Text(StringBuilder),
    Int(Int64Builder),
    Bool(BooleanBuilder),
    Time(TimestampSecondBuilder),
    List(ListBuilder<StringBuilder>),
}

impl ColumnBuilder {
    fn of(column: &Column) -> ColumnBuilder {
        match column.kind {
            ColumnKind::Int => ColumnBuilder::Int(Int64Builder::new()),
            ColumnKind::Bool => ColumnBuilder::Bool(BooleanBuilder::new()),
            ColumnKind::Time => {
                ColumnBuilder::Time(TimestampSecondBuilder::new().with_timezone("UTC"))
            }
            ColumnKind::List => ColumnBuilder::List(ListBuilder::new(StringBuilder::new())),
            _ => ColumnBuilder::Text(StringBuilder::new()),
        }
    }

    fn add(&mut self, value: ColumnValue<'_>) {
        match (self, value) {
            (ColumnBuilder::Text(column), ColumnValue::Text(text)) => column.append_value(text),
            (ColumnBuilder::Text(column), _) => column.append_null(),
            (ColumnBuilder::Int(column), ColumnValue::Int(number)) => {
                column.append_option(i64::try_from(number).ok());
            }
            (ColumnBuilder::Int(column), _) => column.append_null(),
            (ColumnBuilder::Bool(column), ColumnValue::Bool(truth)) => column.append_value(truth),
            (ColumnBuilder::Bool(column), _) => column.append_null(),
            (ColumnBuilder::Time(column), ColumnValue::Time(time)) => {
                column.append_value(time.unix());
            }
            (ColumnBuilder::Time(column), _) => column.append_null(),
            (ColumnBuilder::List(column), ColumnValue::List(names)) => {
                column.append_value(names.iter().map(Some));
            }
            (ColumnBuilder::List(column), _) => column.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            ColumnBuilder::Text(column) => Arc::new(column.finish()),
            ColumnBuilder::Int(column) => Arc::new(column.finish()),
            ColumnBuilder::Bool(column) => Arc::new(column.finish()),
            ColumnBuilder::Time(column) => Arc::new(column.finish()),
            ColumnBuilder::List(column) => Arc::new(column.finish()),
        }
    }
}

fn field(column: &Column) -> Field {
    let kind = match column.kind {
        ColumnKind::Int => DataType::Int64,
        ColumnKind::Bool => DataType::Boolean,
        ColumnKind::Time => DataType::Timestamp(TimeUnit::Second, Some("UTC".into())),
        ColumnKind::List => DataType::new_list(DataType::Utf8, true),
        _ => DataType::Utf8,
    };
    Field::new(column.name, kind, true)
}

/// Builds a batch row by row.
pub(crate) struct RecordBatchBuilder {
    columns: Vec<ColumnBuilder>,
    /// The column `input`, if the batch has it.
    input: Option<Int64Builder>,
}

impl RecordBatchBuilder {
    /// Returns an empty builder. `has_input` adds the column `input`, the number of the inspected value.
    pub(crate) fn new(has_input: bool) -> RecordBatchBuilder {
        let columns = COLUMNS.iter().map(ColumnBuilder::of).collect();
        RecordBatchBuilder { columns, input: has_input.then(Int64Builder::new) }
    }

    pub(crate) fn add(&mut self, record: &Record<'_>, input: Option<i64>) {
        for (builder, column) in self.columns.iter_mut().zip(COLUMNS) {
            builder.add(column.value(record));
        }
        if let Some(builder) = &mut self.input {
            builder.append_option(input);
        }
    }

    pub(crate) fn finish(mut self) -> PyResult<PyRecordBatch> {
        let mut fields: Vec<Field> = COLUMNS.iter().map(field).collect();
        let mut arrays: Vec<ArrayRef> =
            self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        if let Some(mut input) = self.input {
            fields.push(Field::new("input", DataType::Int64, false));
            arrays.push(Arc::new(input.finish()));
        }
        let batch = RecordBatch::try_new(Schema::new(fields).into(), arrays).map_err(failed)?;
        Ok(PyRecordBatch::new(batch))
    }
}
