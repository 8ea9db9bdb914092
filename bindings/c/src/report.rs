//! Reports: one row for each finding, read column by column.

use std::sync::{Arc, OnceLock};

use rmsight::{
    COLUMNS, ColumnValue, Envelope, Estate, Facts, Record, Report, Verdict, judge_dated,
};

use crate::column::column;
use crate::guard::guarded;
use crate::handle::HandleTable;
use crate::input;
use crate::status::{RmsightStatus, fail};
use crate::text::RmsightText;

/// One finding with its verdict.
struct ReportRow {
    facts: Arc<Facts>,
    verdict: Verdict,
    /// The texts of all columns, rendered when the first of them is requested.
    texts: OnceLock<Vec<Option<Box<str>>>>,
}

/// The rows of one file.
pub(crate) struct ReportTable {
    envelope: Envelope<'static>,
    rows: Vec<ReportRow>,
}

static REPORTS: HandleTable<ReportTable> = HandleTable::new();

/// Opens the report of a file, judged without an estate.
pub(crate) fn open(envelope: Envelope<'static>, report: &Report) -> u64 {
    let estate = Estate::default();
    let facts = report.findings().map(|finding| Arc::new(finding.facts().clone()));
    let facts: Vec<Arc<Facts>> = facts.collect();
    REPORTS.insert(ReportTable::judged(envelope, facts, &estate))
}

/// Opens the same report, judged with an estate.
pub(crate) fn judge(report: u64, estate: &Estate) -> Result<u64, RmsightStatus> {
    let table = REPORTS.get(report)?;
    let facts = table.rows.iter().map(|row| Arc::clone(&row.facts)).collect();
    Ok(REPORTS.insert(ReportTable::judged(table.envelope.clone(), facts, estate)))
}

impl ReportTable {
    fn judged(envelope: Envelope<'static>, facts: Vec<Arc<Facts>>, estate: &Estate) -> ReportTable {
        let rows = facts.into_iter().map(|facts| ReportRow {
            verdict: judge_dated(&facts, envelope.modified, estate),
            facts,
            texts: OnceLock::new(),
        });
        let rows = rows.collect();
        ReportTable { envelope, rows }
    }

    fn row(&self, row: usize) -> Result<&ReportRow, RmsightStatus> {
        self.rows.get(row).ok_or_else(|| {
            fail(RmsightStatus::NotFound, format!("the report has {} rows", self.rows.len()))
        })
    }

    /// Returns the text of a column. It stays at its place until the report is closed.
    fn text(&self, row: usize, id: u32) -> Result<&str, RmsightStatus> {
        column(id)?;
        let row = self.row(row)?;
        let texts = row.texts.get_or_init(|| {
            let record = Record::new(&self.envelope, &row.facts, &row.verdict);
            let text = |value: ColumnValue<'_>| match value {
                ColumnValue::Null => None,
                value => Some(value.to_string().into_boxed_str()),
            };
            COLUMNS.iter().map(|column| text(column.value(&record))).collect()
        });
        let text = usize::try_from(id).ok().and_then(|id| texts.get(id)).and_then(Option::as_deref);
        text.ok_or(RmsightStatus::NoValue)
    }

    fn value<T>(
        &self,
        row: usize,
        id: u32,
        get: impl FnOnce(ColumnValue<'_>) -> Option<T>,
    ) -> Result<T, RmsightStatus> {
        let column = column(id)?;
        let row = self.row(row)?;
        let record = Record::new(&self.envelope, &row.facts, &row.verdict);
        match column.value(&record) {
            ColumnValue::Null => Err(RmsightStatus::NoValue),
            value => get(value).ok_or_else(|| {
                let (name, kind) = (column.name, column.kind);
                fail(RmsightStatus::WrongType, format!("{name} has the type {kind}"))
            }),
        }
    }
}

/// Returns the number of rows: at least one. The first rows belong to the file itself, the others to its members.
///
/// # Safety
/// `count` is null or points to a `size_t` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_report_count(report: u64, count: *mut usize) -> RmsightStatus {
    guarded(|| {
        let rows = REPORTS.get(report)?.rows.len();
        // SAFETY: the caller guarantees it.
        Ok(unsafe { input::write(count, rows) })
    })
}

/// Returns a value of any column as text. The text is valid until the report is closed.
///
/// # Safety
/// `text` is null or points to an `RmsightText` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_report_text(
    report: u64,
    row: usize,
    column: u32,
    text: *mut RmsightText,
) -> RmsightStatus {
    guarded(|| {
        let table = REPORTS.get(report)?;
        let found = RmsightText::of(table.text(row, column)?);
        // SAFETY: the caller guarantees it.
        Ok(unsafe { input::write(text, found) })
    })
}

/// Returns a value of a column of integers.
///
/// # Safety
/// `number` is null or points to a `uint64_t` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_report_int(
    report: u64,
    row: usize,
    column: u32,
    number: *mut u64,
) -> RmsightStatus {
    guarded(|| {
        let table = REPORTS.get(report)?;
        let found = table.value(row, column, |value| match value {
            ColumnValue::Int(found) => Some(found),
            _ => None,
        })?;
        // SAFETY: the caller guarantees it.
        Ok(unsafe { input::write(number, found) })
    })
}

/// Returns a value of a column of truth values: 0 or 1.
///
/// # Safety
/// `truth` is null or points to a `uint8_t` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_report_bool(
    report: u64,
    row: usize,
    column: u32,
    truth: *mut u8,
) -> RmsightStatus {
    guarded(|| {
        let table = REPORTS.get(report)?;
        let found = table.value(row, column, |value| match value {
            ColumnValue::Bool(found) => Some(u8::from(found)),
            _ => None,
        })?;
        // SAFETY: the caller guarantees it.
        Ok(unsafe { input::write(truth, found) })
    })
}

/// Returns a value of a column of times: seconds since 1970-01-01T00:00:00Z.
///
/// # Safety
/// `seconds` is null or points to an `int64_t` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_report_time(
    report: u64,
    row: usize,
    column: u32,
    seconds: *mut i64,
) -> RmsightStatus {
    guarded(|| {
        let table = REPORTS.get(report)?;
        let found = table.value(row, column, |value| match value {
            ColumnValue::Time(found) => Some(found.unix()),
            _ => None,
        })?;
        // SAFETY: the caller guarantees it.
        Ok(unsafe { input::write(seconds, found) })
    })
}

/// Closes a report. Its texts are not valid any more.
#[unsafe(no_mangle)]
pub extern "C" fn rmsight_report_close(report: u64) -> RmsightStatus {
    guarded(|| Ok(REPORTS.close(report)))
}
