//! The columns of a record. The id of a column is its position, which never changes: new columns are added at
//! the end.

use rmsight::{COLUMNS, Column, ColumnKind};

use crate::status::{RmsightStatus, fail};
use crate::text::RmsightText;

/// Type of a column.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RmsightColumnKind {
    /// `rmsight_report_text`; every column can be read as text too.
    Text = 0,
    /// `rmsight_report_int`
    Int = 1,
    /// `rmsight_report_bool`
    Bool = 2,
    /// `rmsight_report_time`
    Time = 3,
    /// Names, read as text with spaces between them.
    List = 4,
}

pub(crate) fn column(id: u32) -> Result<&'static Column, RmsightStatus> {
    let found = usize::try_from(id).ok().and_then(|id| COLUMNS.get(id));
    found.ok_or_else(|| fail(RmsightStatus::NotFound, format!("there is no column {id}")))
}

/// Returns the number of columns. Ids begin at 0.
#[unsafe(no_mangle)]
pub extern "C" fn rmsight_column_count() -> u32 {
    u32::try_from(COLUMNS.len()).unwrap_or(0)
}

/// Returns the name of a column, such as `need`. The string is never freed.
///
/// # Safety
/// `name` is null or points to an `RmsightText` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_column_name(id: u32, name: *mut RmsightText) -> RmsightStatus {
    match column(id) {
        // SAFETY: the caller guarantees it.
        Ok(column) => unsafe { crate::input::write(name, RmsightText::of(column.name)) },
        Err(status) => status,
    }
}

/// Returns the type of a column, an `RmsightColumnKind`.
///
/// # Safety
/// `kind` is null or points to an `int32_t` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_column_kind(id: u32, kind: *mut i32) -> RmsightStatus {
    let column = match column(id) {
        Ok(column) => column,
        Err(status) => return status,
    };
    let found = match column.kind {
        ColumnKind::Text => 0,
        ColumnKind::Int => 1,
        ColumnKind::Bool => 2,
        ColumnKind::Time => 3,
        ColumnKind::List => 4,
        _ => 0,
    };
    // SAFETY: the caller guarantees it.
    unsafe { crate::input::write(kind, found) }
}
