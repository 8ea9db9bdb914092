//! Excel workbooks: typed cells, a frozen header, no formulas. What is longer than a sheet continues
//! in the next one.

use std::any::Any;
use std::borrow::Cow;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use rmsight::{Column, ColumnKind, ColumnValue, Timestamp};
use rust_xlsxwriter::{ColNum, ExcelDateTime, Format, RowNum, Workbook, Worksheet, XlsxError};

use super::sink::{ExportAccount, FindingWriter};
use crate::exit::{Failure, Result};
use crate::inventory::query::Judged;
use crate::output::atomic_file::AtomicFile;
use crate::output::format::counted;

/// Maximum number of rows of a sheet, with its header (Excel specifications and limits).
const SHEET: RowNum = 1_048_576;

/// Maximum length of the text in a cell, in UTF-16 units.
const CELL: usize = 32_767;

/// The largest integer that a cell keeps exactly, 2^53.
const EXACT: u64 = 1 << 53;

/// Writes a workbook. Rows go to a temporary file, so that memory does not grow with them.
pub(super) struct XlsxWriter {
    name: PathBuf,
    atomic: AtomicFile,
    file: File,
    workbook: Workbook,
    columns: Vec<&'static Column>,
    time: Format,
    /// Number of sheets before the current one.
    full: usize,
    /// Next row of the current sheet.
    row: RowNum,
    limit: RowNum,
    rows: u64,
    shortened: u64,
}

impl XlsxWriter {
    pub(super) fn open(file: &Path, columns: Vec<&'static Column>) -> Result<XlsxWriter> {
        XlsxWriter::with_limit(file, columns, SHEET)
    }

    fn with_limit(name: &Path, columns: Vec<&'static Column>, limit: RowNum) -> Result<XlsxWriter> {
        let (atomic, file) = AtomicFile::create(name)?;
        let mut writer = XlsxWriter {
            name: name.to_owned(),
            atomic,
            file,
            workbook: Workbook::new(),
            columns,
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            full: 0,
            row: 0,
            limit,
            rows: 0,
            shortened: 0,
        };
        guarded(|| writer.sheet())?;
        Ok(writer)
    }

    /// Starts a sheet with its header.
    fn sheet(&mut self) -> std::result::Result<(), XlsxError> {
        let bold = Format::new().set_bold();
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        if self.full > 0 {
            sheet.set_name(format!("findings {}", self.full.saturating_add(1)))?;
        } else {
            sheet.set_name("findings")?;
        }
        sheet.set_freeze_panes(1, 0)?;
        for (number, column) in numbers().zip(&self.columns) {
            sheet.set_column_width(number, width(column))?;
            sheet.write_string_with_format(0, number, column.name, &bold)?;
        }
        self.row = 1;
        Ok(())
    }

    fn record(&mut self, judged: &Judged) -> std::result::Result<(), XlsxError> {
        if self.row >= self.limit {
            self.full = self.full.saturating_add(1);
            self.sheet()?;
        }
        let record = judged.record();
        let row = self.row;
        let sheet = self.workbook.worksheet_from_index(self.full)?;
        for (number, column) in numbers().zip(&self.columns) {
            let is_whole = cell(sheet, row, number, column.value(&record), &self.time)?;
            self.shortened += u64::from(!is_whole);
        }
        self.row = row.saturating_add(1);
        self.rows += 1;
        Ok(())
    }
}

fn numbers() -> impl Iterator<Item = ColNum> {
    0..
}

/// Returns the width of a column, in characters.
fn width(column: &Column) -> f64 {
    match (column.name, column.kind) {
        ("path", _) => 70.0,
        (_, ColumnKind::Time) => 19.0,
        (_, ColumnKind::Bool | ColumnKind::Int) => 10.0,
        _ => 18.0,
    }
}

/// Writes a cell. Returns `false` if its text had to be shortened.
fn cell(
    sheet: &mut Worksheet,
    row: RowNum,
    column: ColNum,
    value: ColumnValue<'_>,
    time: &Format,
) -> std::result::Result<bool, XlsxError> {
    match value {
        ColumnValue::Null => {}
        ColumnValue::Bool(truth) => _ = sheet.write_boolean(row, column, truth)?,
        ColumnValue::Int(number) => match exact(number) {
            Some(number) => _ = sheet.write_number(row, column, number)?,
            None => _ = sheet.write_string(row, column, number.to_string())?,
        },
        ColumnValue::Time(moment) => match date(moment) {
            Some(date) => _ = sheet.write_datetime_with_format(row, column, &date, time)?,
            // Excel has no dates before 1900.
            None => _ = sheet.write_string(row, column, moment.to_string())?,
        },
        other => {
            let text = other.to_string();
            let short = shortened(&text);
            let is_whole = short.len() == text.len();
            if !text.is_empty() {
                sheet.write_string(row, column, short)?;
            }
            return Ok(is_whole);
        }
    }
    Ok(true)
}

/// Returns the number as a cell keeps it; `None` if it would lose digits.
fn exact(number: u64) -> Option<f64> {
    if number > EXACT {
        return None;
    }
    let (high, low) =
        (u32::try_from(number >> 32).ok()?, u32::try_from(number & 0xffff_ffff).ok()?);
    Some(f64::from(high) * 4_294_967_296.0 + f64::from(low))
}

fn date(time: Timestamp) -> Option<ExcelDateTime> {
    ExcelDateTime::from_timestamp(time.unix()).ok()
}

/// Returns the part of the text that fits in a cell.
fn shortened(text: &str) -> Cow<'_, str> {
    // A character has at most as many UTF-16 units as bytes.
    if text.len() <= CELL {
        return Cow::Borrowed(text);
    }
    let mut units = 0;
    Cow::Owned(
        text.chars()
            .take_while(|char| {
                units += char.len_utf16();
                units <= CELL
            })
            .collect(),
    )
}

/// Calls the workbook, which panics if the disk of its temporary file is full.
fn guarded<T>(call: impl FnOnce() -> std::result::Result<T, XlsxError>) -> Result<T> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::message(format_args!("cannot write the workbook: {why}"))
    };
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(done) => done.map_err(|error| failed(&error)),
        Err(panic) => Err(failed(&said(&*panic))),
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

impl FindingWriter for XlsxWriter {
    fn write(&mut self, judged: &Judged) -> Result<()> {
        guarded(|| self.record(judged))
    }

    fn finish(self: Box<Self>) -> Result<ExportAccount> {
        let XlsxWriter { name, atomic, file, mut workbook, shortened, rows, full, .. } = *self;
        guarded(|| workbook.save_to_writer(file))?;
        atomic.keep()?;
        let mut account = ExportAccount::of(Some(name), rows);
        if full > 0 {
            let sheets = u64::try_from(full).unwrap_or(u64::MAX).saturating_add(1);
            account.notes.push(format!("The workbook has {}.", counted(sheets, "sheet")));
        }
        if shortened > 0 {
            let texts = counted(shortened, "text");
            account.notes.push(format!(
                "{texts} of more than {CELL} characters had to be shortened: CSV and Parquet have \
                 them whole."
            ));
        }
        Ok(account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::columns::ColumnList;

    #[test]
    fn a_full_sheet_continues_in_the_next_one() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("out.xlsx");
        let columns = ColumnList::of(Some(&ColumnList::parse("path,size,modified").unwrap()));
        let mut writer = Box::new(XlsxWriter::with_limit(&file, columns, 3).unwrap());
        let facts = rmsight::Facts::not_opened("io", "gone");
        let verdict = rmsight::judge(&facts, &rmsight::Estate::default());
        let mut envelope = rmsight::Envelope::new("=a");
        envelope.size = Some(1 << 40);
        envelope.modified = Some(Timestamp::from_unix(1_464_505_920));
        let judged = Judged { envelope, facts, verdict, file_owner: None };
        for _ in 0..5 {
            writer.write(&judged).unwrap();
        }
        assert!(!file.exists(), "a file appears when it is whole");
        let account = writer.finish().unwrap();
        assert_eq!(account.files, [(file.clone(), 5)]);
        assert_eq!(account.notes, ["The workbook has 3 sheets."]);
        assert!(std::fs::read(&file).unwrap().starts_with(b"PK\x03\x04"));
    }

    #[test]
    fn values_stay_exact_or_become_text() {
        assert_eq!(exact(0), Some(0.0));
        assert_eq!(exact(1 << 40), Some(1_099_511_627_776.0));
        assert_eq!(exact(EXACT), Some(9_007_199_254_740_992.0));
        assert_eq!(exact(EXACT + 1), None);
        assert_eq!(shortened("a"), "a");
        let long = "\u{1f600}".repeat(CELL);
        assert_eq!(shortened(&long).encode_utf16().count(), CELL - 1);
        assert!(date(Timestamp::from_unix(-10_000_000_000)).is_none());
    }
}
