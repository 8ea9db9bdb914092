//! Listings as Parquet.

use std::fs::File;
use std::path::Path;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field as Value;

use super::columns::{Columns, Field};
use super::row::{Cell, Row};
use super::{ListingRows, failed, in_row};
use crate::error::StoreError;
use crate::time::Time;

/// Reads the rows. `bucket` is that of an S3 Inventory.
pub(super) fn rows(
    file: &Path,
    account: Option<String>,
    bucket: Option<String>,
) -> Result<ListingRows, StoreError> {
    let opened = File::open(file).map_err(|error| failed(file, error))?;
    let reader = SerializedFileReader::new(opened).map_err(|error| failed(file, error))?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let names = schema.columns().iter().map(|column| column.name());
    Columns::new(names).check().map_err(|error| failed(file, error))?;
    let file = file.to_owned();
    Ok(Box::new(reader.into_iter().zip(1_u64..).map(move |(row, number)| {
        let row = row.map_err(|error| failed(&file, error))?;
        let cells = row.get_column_iter().filter_map(|(name, value)| {
            let field = Field::named(name)?;
            Some((field, cell(value)?))
        });
        let row = Row { cells: cells.collect(), is_encoded: false, bucket: bucket.clone() };
        row.object(account.as_deref()).map_err(|error| in_row(&file, number, &error))
    })))
}

/// Returns `None` for null, and for types that no column has.
fn cell(value: &Value) -> Option<Cell> {
    Some(match value {
        Value::Str(text) => Cell::Text(text.clone()).filled()?,
        Value::Bytes(bytes) => Cell::Text(bytes.as_utf8().ok()?.to_owned()).filled()?,
        Value::Bool(truth) => Cell::Bool(*truth),
        Value::Int(number) => Cell::Int(i64::from(*number)),
        Value::UInt(number) => Cell::Int(i64::from(*number)),
        Value::Long(number) => Cell::Int(*number),
        Value::ULong(number) => Cell::Int(i64::try_from(*number).ok()?),
        Value::TimestampMillis(time) => Cell::Time(Time::from_millis(*time)?),
        Value::TimestampMicros(time) => Cell::Time(Time::from_micros(*time)?),
        _ => return None,
    })
}

impl Cell {
    fn filled(self) -> Option<Cell> {
        match &self {
            Cell::Text(text) if text.is_empty() => None,
            _ => Some(self),
        }
    }
}
