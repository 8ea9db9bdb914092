//! A page: records in their written form, until somebody prints it.

use rmsight::{COLUMNS, Record};

use crate::args::Format;
use crate::exit::{Failure, Result};
use crate::text;

/// Bytes at which a page is worth printing.
const FULL: usize = 64 * 1024;

/// Records as text, NDJSON or CSV.
#[derive(Debug)]
pub(crate) struct Page {
    format: Format,
    bytes: Vec<u8>,
}

impl Page {
    pub(crate) fn new(format: Format) -> Page {
        Page { format, bytes: Vec::new() }
    }

    /// What stands before all pages.
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
            Format::Text => text::write(record, &mut self.bytes),
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What is written; the page is blank then.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Prints what is written; the page is blank then.
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
