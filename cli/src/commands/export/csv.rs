//! CSV: plain, and for spreadsheets.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use rmsight::{Column, ColumnKind};

use super::sink::{ExportAccount, FindingWriter};
use crate::exit::{Failure, Result};
use crate::inventory::query::Judged;
use crate::output::output_file::OutputFile;

/// Maximum number of rows of an Excel sheet, with its header.
const SHEET: u64 = 1_048_576;

/// Returns one line of CSV (RFC 4180).
pub(super) fn line<T: AsRef<[u8]>>(
    fields: impl Iterator<Item = T>,
    terminator: csv::Terminator,
) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(terminator).from_writer(Vec::new());
    // Writing into memory cannot fail, and flushing cannot either.
    _ = writer.write_record(fields);
    writer.into_inner().unwrap_or_default()
}

/// Writes plain values.
pub(super) struct CsvWriter {
    file: Option<PathBuf>,
    out: OutputFile,
    columns: Vec<&'static Column>,
    rows: u64,
}

impl CsvWriter {
    pub(super) fn open(file: Option<&Path>, columns: Vec<&'static Column>) -> Result<CsvWriter> {
        let mut out = OutputFile::open_until_closed(file)?;
        let names = columns.iter().map(|column| column.name);
        out.all(&line(names, csv::Terminator::Any(b'\n')))?;
        Ok(CsvWriter { file: file.map(Path::to_owned), out, columns, rows: 0 })
    }
}

impl FindingWriter for CsvWriter {
    fn write(&mut self, judged: &Judged) -> Result<()> {
        self.rows += 1;
        let record = judged.record();
        let values = self.columns.iter().map(|column| column.value(&record).to_string());
        self.out.all(&line(values, csv::Terminator::Any(b'\n')))
    }

    fn finish(self: Box<Self>) -> Result<ExportAccount> {
        self.out.finish()?;
        Ok(ExportAccount::of(self.file, self.rows))
    }
}

/// Writes values for spreadsheets, in as many files as necessary.
pub(super) struct ExcelWriter {
    file: Option<PathBuf>,
    full: Vec<OutputFile>,
    out: OutputFile,
    columns: Vec<&'static Column>,
    rows: u64,
    limit: u64,
}

impl ExcelWriter {
    pub(super) fn open(file: Option<&Path>, columns: Vec<&'static Column>) -> Result<ExcelWriter> {
        ExcelWriter::with_limit(file, columns, SHEET)
    }

    fn with_limit(
        file: Option<&Path>,
        columns: Vec<&'static Column>,
        limit: u64,
    ) -> Result<ExcelWriter> {
        let out = sheet(file, &columns)?;
        let file = file.map(Path::to_owned);
        Ok(ExcelWriter { file, full: Vec::new(), out, columns, rows: 1, limit })
    }

    fn next(&mut self) -> Result<()> {
        let Some(first) = &self.file else {
            let text = "more rows than a sheet has: --output FILE writes several";
            return Err(Failure::message(text));
        };
        let number = self.full.len() + 2;
        let next = sheet(Some(&numbered(first, number)), &self.columns)?;
        self.full.push(std::mem::replace(&mut self.out, next));
        self.rows = 1;
        Ok(())
    }
}

/// `findings.csv`, then `findings-2.csv`.
pub(super) fn numbered(file: &Path, number: usize) -> PathBuf {
    renamed(file, &number.to_string())
}

/// `todo.csv` with `extract-first` is `todo-extract-first.csv`.
pub(super) fn renamed(file: &Path, more: &str) -> PathBuf {
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push("-");
    name.push(more);
    if let Some(ending) = file.extension() {
        name.push(".");
        name.push(ending);
    }
    file.with_file_name(name)
}

fn sheet(file: Option<&Path>, columns: &[&'static Column]) -> Result<OutputFile> {
    let mut out = OutputFile::open_until_closed(file)?;
    out.all("\u{feff}".as_bytes())?;
    out.all(&line(columns.iter().map(|column| column.name), csv::Terminator::CRLF))?;
    Ok(out)
}

impl FindingWriter for ExcelWriter {
    fn write(&mut self, judged: &Judged) -> Result<()> {
        if self.rows >= self.limit {
            self.next()?;
        }
        self.rows += 1;
        let record = judged.record();
        let values = self.columns.iter().map(|column| {
            let value = column.value(&record).to_string();
            match column.kind {
                ColumnKind::Text => harmless(&value).into_owned(),
                _ => value,
            }
        });
        self.out.all(&line(values, csv::Terminator::CRLF))
    }

    fn finish(self: Box<Self>) -> Result<ExportAccount> {
        let ExcelWriter { file, full, out, rows, limit, .. } = *self;
        let mut account = ExportAccount::default();
        for (number, (out, lines)) in
            (1..).zip(full.into_iter().map(|out| (out, limit)).chain([(out, rows)]))
        {
            out.finish()?;
            if let Some(file) = &file {
                let name = if number == 1 { file.clone() } else { numbered(file, number) };
                // The first line is the header.
                account.files.push((name, lines.saturating_sub(1)));
            }
        }
        Ok(account)
    }
}

/// Escapes text that a spreadsheet would interpret as a formula (OWASP, "CSV Injection").
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]) {
        return Cow::Owned(format!("'{text}"));
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::columns::ColumnList;

    #[test]
    fn formulas_become_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        for text in ["", "/mnt/=1", "a-b"] {
            assert_eq!(harmless(text), text);
        }
    }

    #[test]
    fn a_full_sheet_continues_in_another_file() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("out.csv");
        let mut excel =
            Box::new(ExcelWriter::with_limit(Some(&file), ColumnList::of(None), 3).unwrap());
        let facts = rmsight::Facts::not_opened("io", "gone");
        let verdict = rmsight::judge(&facts, &rmsight::Estate::default());
        let judged =
            Judged { envelope: rmsight::Envelope::new("=a"), facts, verdict, file_owner: None };
        for _ in 0..5 {
            excel.write(&judged).unwrap();
        }
        assert!(!file.exists(), "a file appears when it is whole");
        excel.finish().unwrap();
        for (name, lines) in [("out.csv", 3), ("out-2.csv", 3), ("out-3.csv", 2)] {
            let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
            assert!(text.starts_with('\u{feff}'), "{name}");
            assert_eq!(text.lines().count(), lines, "{name}");
            assert!(text.contains(",'=a,"), "{name}");
        }
    }

    #[test]
    fn further_files_have_numbers() {
        assert_eq!(numbered(Path::new("/a/b.c/out.csv"), 2), Path::new("/a/b.c/out-2.csv"));
        assert_eq!(numbered(Path::new("out"), 3), Path::new("out-3"));
    }
}
