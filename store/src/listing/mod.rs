//! Listings in files: NDJSON, CSV, Azure Blob Inventory and S3 Inventory.

mod columns;
mod manifest;
#[cfg(feature = "parquet")]
mod parquet;
mod row;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::error::StoreError;
use crate::object::ListedObject;
use columns::{Columns, Field};
use manifest::Manifest;
use row::{Cell, Row};

/// How the rows of a listing are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListingFormat {
    /// One JSON object a line, with `path`, `url`, `size`, `etag`, `modified`, `tier`.
    Ndjson,
    /// A header with these names, or with those of Azure Blob Inventory.
    Csv,
    /// The same columns as Parquet.
    Parquet,
    /// `manifest.json` of S3 Inventory, beside its files.
    Manifest,
}

/// A listing in a file.
#[derive(Debug, Clone)]
pub struct Listing {
    file: PathBuf,
    format: ListingFormat,
    /// What the names of Azure Blob Inventory are relative to: an account.
    account: Option<String>,
}

/// An iterator over the rows of a listing. A row that is not an object, such as an earlier version or
/// a deleted object, is `None`.
pub type ListingRows = Box<dyn Iterator<Item = Result<Option<ListedObject>, StoreError>>>;

/// First bytes of a file by which its format is guessed.
const SAMPLE: u64 = 64 << 10;

impl Listing {
    /// Opens a listing. Without a `format` it is guessed from the content. `account` is the storage
    /// account of an Azure Blob Inventory, whose rows do not name it.
    ///
    /// # Errors
    /// Fails if the file cannot be read.
    pub fn open(
        file: &Path,
        format: Option<ListingFormat>,
        account: Option<String>,
    ) -> Result<Listing, StoreError> {
        let format = match format {
            Some(format) => format,
            None => guess(file).map_err(|error| StoreError::config(error.to_string()))?,
        };
        Ok(Listing { file: file.to_owned(), format, account })
    }

    /// Reads the rows from the first one.
    ///
    /// # Errors
    /// Fails if the file cannot be read, or lacks columns.
    pub fn rows(&self) -> Result<ListingRows, StoreError> {
        let account = self.account.clone();
        match self.format {
            ListingFormat::Ndjson => ndjson(&self.file, account),
            ListingFormat::Csv => csv(&self.file, account, None),
            #[cfg(feature = "parquet")]
            ListingFormat::Parquet => parquet::rows(&self.file, account, None),
            #[cfg(not(feature = "parquet"))]
            ListingFormat::Parquet => {
                Err(StoreError::config("this build does not read Parquet (feature `parquet`)"))
            }
            ListingFormat::Manifest => self.inventory(),
        }
    }

    /// Reads the files of an S3 Inventory, one after the other.
    fn inventory(&self) -> Result<ListingRows, StoreError> {
        let manifest = Manifest::read(&self.file)?;
        let bucket = manifest.bucket.clone();
        let columns = manifest.columns.clone();
        let files = manifest.files.into_iter();
        let rows = files.map(move |file| match columns.clone() {
            Some(columns) => csv(&file, None, Some((columns, bucket.clone()))),
            #[cfg(feature = "parquet")]
            None => parquet::rows(&file, None, Some(bucket.clone())),
            #[cfg(not(feature = "parquet"))]
            None => Err(StoreError::config("this build does not read Parquet")),
        });
        Ok(Box::new(rows.flat_map(|rows| -> ListingRows {
            match rows {
                Ok(rows) => rows,
                Err(error) => Box::new(std::iter::once(Err(error))),
            }
        })))
    }
}

/// Opens a file, decompressed if it is gzip.
fn open(file: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut file = File::open(file)?;
    let mut magic = [0; 2];
    let is_gzip = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
    file.seek(SeekFrom::Start(0))?;
    Ok(match is_gzip {
        true => Box::new(BufReader::new(MultiGzDecoder::new(file))),
        false => Box::new(BufReader::new(file)),
    })
}

fn guess(file: &Path) -> io::Result<ListingFormat> {
    let mut sample = Vec::new();
    open(file)?.take(SAMPLE).read_to_end(&mut sample)?;
    if sample.starts_with(b"PAR1") {
        return Ok(ListingFormat::Parquet);
    }
    let text = String::from_utf8_lossy(&sample);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with('{') {
        return Ok(ListingFormat::Csv);
    }
    let line = text.lines().next().unwrap_or_default();
    let is_row = serde_json::from_str(line)
        .is_ok_and(|row: serde_json::Value| row.get("path").is_some() || row.get("url").is_some());
    Ok(if is_row { ListingFormat::Ndjson } else { ListingFormat::Manifest })
}

fn failed(file: &Path, error: impl std::fmt::Display) -> StoreError {
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    StoreError::config(format!("{name}: {error}"))
}

/// Names the row in an error. Rows can contain signatures, so their text is never shown.
fn in_row(file: &Path, number: u64, error: &StoreError) -> StoreError {
    failed(file, format_args!("row {number}: {error}"))
}

fn ndjson(file: &Path, account: Option<String>) -> Result<ListingRows, StoreError> {
    let lines = open(file).map_err(|error| failed(file, error))?.lines();
    let file = file.to_owned();
    Ok(Box::new(lines.zip(1_u64..).filter_map(move |(line, number)| {
        let line = match line {
            Ok(line) => line,
            Err(error) => return Some(Err(failed(&file, error))),
        };
        let text = line.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return None;
        }
        let parsed: Result<serde_json::Map<String, serde_json::Value>, _> =
            serde_json::from_str(text);
        let Ok(parsed) = parsed else {
            return Some(Err(in_row(
                &file,
                number,
                &StoreError::config("it is not a JSON object"),
            )));
        };
        let cells = parsed.iter().filter_map(|(name, value)| {
            let field = Field::named(name)?;
            Some((field, Cell::of_json(value)?))
        });
        let row = Row { cells: cells.collect(), is_encoded: false, bucket: None };
        Some(row.object(account.as_deref()).map_err(|error| in_row(&file, number, &error)))
    })))
}

/// Reads CSV. `known` contains the columns and the bucket of an S3 Inventory, whose files have no
/// header.
fn csv(
    file: &Path,
    account: Option<String>,
    known: Option<(Columns, String)>,
) -> Result<ListingRows, StoreError> {
    let source = open(file).map_err(|error| failed(file, error))?;
    let has_headers = known.is_none();
    let mut reader =
        csv::ReaderBuilder::new().has_headers(has_headers).flexible(true).from_reader(source);
    let (columns, bucket) = match known {
        Some((columns, bucket)) => (columns, Some(bucket)),
        None => {
            let header = reader.headers().map_err(|_| failed(file, "it is not CSV in UTF-8"))?;
            let columns = Columns::new(header.iter());
            columns.check().map_err(|error| failed(file, error))?;
            (columns, None)
        }
    };
    let file = file.to_owned();
    Ok(Box::new(reader.into_records().zip(1_u64..).map(move |(row, number)| {
        let row = row.map_err(|_| failed(&file, format_args!("row {number}: it is not CSV")))?;
        let cells = columns.fields().filter_map(|(at, field)| {
            let text = row.get(at).filter(|text| !text.is_empty())?;
            Some((field, Cell::Text(text.to_owned())))
        });
        let row =
            Row { cells: cells.collect(), is_encoded: bucket.is_some(), bucket: bucket.clone() };
        row.object(account.as_deref()).map_err(|error| in_row(&file, number, &error))
    })))
}

#[cfg(test)]
mod tests;
