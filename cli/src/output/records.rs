//! Records as text, NDJSON or CSV, collected in a buffer.

use clap::ColorChoice;
use rmsight::{COLUMNS, Column, Need, Record};

use super::color::is_colored;
use super::columns::ColumnList;
use super::line;
use crate::exit::{Failure, Result};

/// Bytes at which the buffer counts as full.
const FULL: usize = 64 * 1024;

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A line for each record that is protected or could not be read.
    Text,
    /// One JSON object in each line, with every column of the record.
    Ndjson,
    /// The same columns with a header line.
    Csv,
}

/// A format with its choices.
#[derive(Debug, Clone)]
pub(crate) struct RecordLayout {
    pub(crate) format: Format,
    /// The columns of NDJSON and CSV.
    columns: Vec<&'static Column>,
    /// Colors of text.
    is_colored: bool,
    /// Only records that are not `no`.
    is_needed_only: bool,
}

impl RecordLayout {
    /// Returns a layout with all columns, and without colors.
    pub(crate) fn new(format: Format) -> RecordLayout {
        RecordLayout {
            format,
            columns: COLUMNS.iter().collect(),
            is_colored: false,
            is_needed_only: false,
        }
    }

    /// Returns a layout with these columns.
    ///
    /// # Errors
    /// Fails for text, whose columns are fixed.
    pub(crate) fn with_columns(mut self, columns: Option<&ColumnList>) -> Result<RecordLayout> {
        if columns.is_some() && self.format == Format::Text {
            return Err(Failure::message("--columns needs --format ndjson or csv"));
        }
        self.columns = ColumnList::of(columns);
        Ok(self)
    }

    /// Returns a layout in which text has colors.
    pub(crate) fn colored(mut self, choice: ColorChoice) -> RecordLayout {
        self.is_colored = self.format == Format::Text && is_colored(choice);
        self
    }

    /// Returns a layout that leaves out records with the need `no`.
    pub(crate) fn needed_only(self) -> RecordLayout {
        RecordLayout { is_needed_only: true, ..self }
    }

    /// Returns the bytes that precede all records, even without a record.
    pub(crate) fn header(&self) -> Vec<u8> {
        match self.format {
            Format::Csv => csv_line(self.columns.iter().map(|column| column.name)),
            Format::Ndjson | Format::Text => Vec::new(),
        }
    }

    /// Returns the bytes that precede the first record.
    pub(crate) fn first_line(&self) -> Vec<u8> {
        match self.format {
            Format::Text => line::header(self.is_colored),
            Format::Ndjson | Format::Csv => Vec::new(),
        }
    }
}

/// A buffer of formatted records.
#[derive(Debug)]
pub(crate) struct RecordBuffer {
    layout: RecordLayout,
    bytes: Vec<u8>,
}

impl RecordBuffer {
    pub(crate) fn new(layout: RecordLayout) -> RecordBuffer {
        RecordBuffer { layout, bytes: Vec::new() }
    }

    pub(crate) fn write(&mut self, record: &Record<'_>) {
        if self.layout.is_needed_only && record.verdict.need() == Need::No {
            return;
        }
        let columns = &self.layout.columns;
        match self.layout.format {
            // Writing into memory cannot fail.
            Format::Ndjson => {
                _ = record.write_ndjson_of(columns.iter().copied(), &mut self.bytes);
            }
            Format::Csv => {
                let values = columns.iter().map(|column| column.value(record).to_string());
                self.bytes.extend(csv_line(values));
            }
            Format::Text => line::write(record, self.layout.is_colored, &mut self.bytes),
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the bytes and clears the buffer.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Writes the bytes to `out` and clears the buffer.
    pub(crate) fn print(&mut self, out: &mut impl std::io::Write) -> Result<()> {
        let printed = out.write_all(&self.bytes).map_err(|error| Failure::writing(&error));
        self.bytes.clear();
        printed
    }
}

fn csv_line(fields: impl Iterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing into memory cannot fail, and neither can its end.
    _ = writer.write_record(fields);
    writer.into_inner().unwrap_or_default()
}
