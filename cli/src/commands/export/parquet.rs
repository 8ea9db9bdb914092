//! Parquet: typed columns, compressed with Snappy. Times are timestamps in UTC, anomalies a list.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use parquet::basic::{
    Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical,
};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};
use rmsight::{Column, ColumnKind, ColumnValue};

use super::sink::{ExportAccount, FindingWriter};
use crate::exit::{Failure, Result};
use crate::inventory::query::Judged;
use crate::output::atomic_file::AtomicFile;

/// Number of rows in a row group.
const GROUP: usize = 50_000;

/// Writes a Parquet file. A second thread encodes and compresses rows while further ones are read,
/// which takes about as long.
pub(super) struct ParquetWriter {
    name: PathBuf,
    file: AtomicFile,
    columns: Vec<&'static Column>,
    /// The rows of the next group, one for each column.
    cells: Vec<Cells>,
    /// Number of rows in `cells`, and of all.
    rows: usize,
    all: u64,
    groups: SyncSender<Vec<Cells>>,
    encoder: Option<JoinHandle<std::result::Result<(), ParquetError>>>,
}

/// Values of one column, and for each row whether it has a value.
enum Cells {
    Bool(Vec<bool>, Vec<i16>),
    Number(Vec<i64>, Vec<i16>),
    /// The concatenated texts, and the end of each. A single allocation is faster than 100,000
    /// small ones.
    Text(Vec<u8>, Vec<usize>, Vec<i16>),
    /// With the repetition levels.
    List(Vec<ByteArray>, Vec<i16>, Vec<i16>),
}

impl Cells {
    fn of(column: &Column) -> Cells {
        match column.kind {
            ColumnKind::Bool => Cells::Bool(Vec::new(), Vec::new()),
            ColumnKind::Int | ColumnKind::Time => Cells::Number(Vec::new(), Vec::new()),
            ColumnKind::List => Cells::List(Vec::new(), Vec::new(), Vec::new()),
            _ => Cells::Text(Vec::new(), Vec::new(), Vec::new()),
        }
    }

    fn push(&mut self, value: ColumnValue<'_>) {
        match (self, value) {
            (Cells::Bool(values, there), ColumnValue::Bool(truth)) => {
                values.push(truth);
                there.push(1);
            }
            (Cells::Number(values, there), ColumnValue::Int(number)) => {
                values.push(i64::try_from(number).unwrap_or(i64::MAX));
                there.push(1);
            }
            (Cells::Number(values, there), ColumnValue::Time(time)) => {
                values.push(time.unix().saturating_mul(1_000_000));
                there.push(1);
            }
            (Cells::Text(texts, ends, there), ColumnValue::Text(text)) => {
                texts.extend_from_slice(text.as_bytes());
                ends.push(texts.len());
                there.push(1);
            }
            (Cells::List(values, there, again), ColumnValue::List(names)) => {
                let before = values.len();
                for name in names.iter() {
                    again.push(i16::from(values.len() > before));
                    there.push(1);
                    values.push(ByteArray::from(name));
                }
                if values.len() == before {
                    again.push(0);
                    there.push(0);
                }
            }
            (Cells::List(_, there, again), _) => {
                there.push(0);
                again.push(0);
            }
            (Cells::Bool(_, there) | Cells::Number(_, there) | Cells::Text(_, _, there), _) => {
                there.push(0);
            }
        }
    }

    fn write(
        self,
        group: &mut SerializedRowGroupWriter<'_, File>,
    ) -> std::result::Result<(), ParquetError> {
        let Some(mut column) = group.next_column()? else { return Ok(()) };
        match self {
            Cells::Bool(values, there) => {
                column.typed::<BoolType>().write_batch(&values, Some(&there), None)?;
            }
            Cells::Number(values, there) => {
                column.typed::<Int64Type>().write_batch(&values, Some(&there), None)?;
            }
            Cells::Text(texts, ends, there) => {
                let all = ByteArray::from(texts);
                let starts = std::iter::once(0).chain(ends.iter().copied());
                let values: Vec<ByteArray> =
                    starts.zip(&ends).map(|(start, end)| all.slice(start, end - start)).collect();
                column.typed::<ByteArrayType>().write_batch(&values, Some(&there), None)?;
            }
            Cells::List(values, there, again) => {
                column.typed::<ByteArrayType>().write_batch(&values, Some(&there), Some(&again))?;
            }
        }
        column.close()
    }
}

fn blank(columns: &[&'static Column]) -> Vec<Cells> {
    columns.iter().map(|column| Cells::of(column)).collect()
}

/// Writes row groups until the channel is closed.
fn encode(
    mut writer: SerializedFileWriter<File>,
    groups: &Receiver<Vec<Cells>>,
) -> std::result::Result<(), ParquetError> {
    for columns in groups {
        let mut group = writer.next_row_group()?;
        for column in columns {
            column.write(&mut group)?;
        }
        group.close()?;
    }
    writer.close().map(|_| ())
}

impl ParquetWriter {
    pub(super) fn open(file: &Path, columns: Vec<&'static Column>) -> Result<ParquetWriter> {
        let name = file.to_owned();
        let (file, out) = AtomicFile::create(file)?;
        let about =
            KeyValue::new("rmsight.record_schema".to_owned(), rmsight::SCHEMA_VERSION.to_string());
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(format!("rmsight {}", env!("CARGO_PKG_VERSION")))
            .set_key_value_metadata(Some(vec![about]))
            .build();
        let schema = schema(&columns).map_err(|error| failed(&error))?;
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties))
            .map_err(|error| failed(&error))?;
        let (groups, waiting) = sync_channel(0);
        let encoder = Some(thread::spawn(move || encode(writer, &waiting)));
        let cells = blank(&columns);
        Ok(ParquetWriter { name, file, columns, cells, rows: 0, all: 0, groups, encoder })
    }

    /// Sends the rows to the encoder. Returns `false` if the encoder has failed.
    fn group(&mut self) -> bool {
        self.rows = 0;
        let cells = std::mem::replace(&mut self.cells, blank(&self.columns));
        self.groups.send(cells).is_ok()
    }

    /// Returns the failure of the encoder.
    fn failure(&mut self) -> Failure {
        match self.encoder.take().map(JoinHandle::join) {
            Some(Ok(Err(error))) => failed(&error),
            _ => Failure::message("cannot write: the encoder stopped"),
        }
    }
}

impl FindingWriter for ParquetWriter {
    fn write(&mut self, judged: &Judged) -> Result<()> {
        let record = judged.record();
        for (cells, column) in self.cells.iter_mut().zip(&self.columns) {
            cells.push(column.value(&record));
        }
        self.rows += 1;
        self.all += 1;
        if self.rows < GROUP || self.group() {
            return Ok(());
        }
        Err(self.failure())
    }

    fn finish(mut self: Box<Self>) -> Result<ExportAccount> {
        if self.rows > 0 && !self.group() {
            return Err(self.failure());
        }
        let ParquetWriter { name, file, all, groups, encoder, .. } = *self;
        drop(groups);
        match encoder.map(JoinHandle::join) {
            Some(Ok(written)) => written.map_err(|error| failed(&error))?,
            _ => return Err(Failure::message("cannot write: the encoder stopped")),
        }
        file.keep()?;
        Ok(ExportAccount::of(Some(name), all))
    }
}

fn failed(error: &ParquetError) -> Failure {
    Failure::message(format_args!("cannot write: {error}"))
}

fn schema(columns: &[&'static Column]) -> std::result::Result<TypePtr, ParquetError> {
    let fields =
        columns.iter().map(|column| field(column)).collect::<std::result::Result<_, _>>()?;
    Ok(Arc::new(Type::group_type_builder("record").with_fields(fields).build()?))
}

fn field(column: &Column) -> std::result::Result<TypePtr, ParquetError> {
    let one = |name, physical| Type::primitive_type_builder(name, physical);
    let optional = Repetition::OPTIONAL;
    let made = match column.kind {
        ColumnKind::Bool => {
            one(column.name, Physical::BOOLEAN).with_repetition(optional).build()?
        }
        ColumnKind::Int => one(column.name, Physical::INT64).with_repetition(optional).build()?,
        ColumnKind::Time => one(column.name, Physical::INT64)
            .with_repetition(optional)
            .with_logical_type(Some(LogicalType::timestamp(true, TimeUnit::MICROS)))
            .build()?,
        ColumnKind::List => list(column.name)?,
        _ => one(column.name, Physical::BYTE_ARRAY)
            .with_repetition(optional)
            .with_logical_type(Some(LogicalType::String))
            .build()?,
    };
    Ok(Arc::new(made))
}

/// Returns the type of a required list of required names (Parquet, "LogicalTypes", "Lists").
fn list(name: &str) -> std::result::Result<Type, ParquetError> {
    let element = Type::primitive_type_builder("element", Physical::BYTE_ARRAY)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::String))
        .build()?;
    let repeated = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element)])
        .build()?;
    Type::group_type_builder(name)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::List))
        .with_converted_type(ConvertedType::LIST)
        .with_fields(vec![Arc::new(repeated)])
        .build()
}
