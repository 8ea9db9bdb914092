//! Records as text, NDJSON or CSV, collected in a buffer.

use rmsight::{COLUMNS, Record};

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

/// A buffer of formatted records.
#[derive(Debug)]
pub(crate) struct RecordBuffer {
    format: Format,
    bytes: Vec<u8>,
}

impl RecordBuffer {
    pub(crate) fn new(format: Format) -> RecordBuffer {
        RecordBuffer { format, bytes: Vec::new() }
    }

    /// Returns the bytes that precede all records.
    pub(crate) fn header(format: Format) -> Vec<u8> {
        match format {
            Format::Csv => csv_line(COLUMNS.iter().map(|column| column.name)),
            Format::Ndjson | Format::Text => Vec::new(),
        }
    }

    pub(crate) fn write(&mut self, record: &Record<'_>) {
        match self.format {
            // Writing into memory cannot fail.
            Format::Ndjson => _ = record.write_ndjson(&mut self.bytes),
            Format::Csv => {
                let values = COLUMNS.iter().map(|column| column.value(record).to_string());
                self.bytes.extend(csv_line(values));
            }
            Format::Text => line::write(record, &mut self.bytes),
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
