//! The record: facts, verdict and envelope of one finding as one flat row, and its written forms.

mod column;
mod columns;
mod envelope;
mod ndjson;
mod read_back;
mod redact;
mod row;
#[cfg(feature = "serde")]
mod serialize;
mod value;

pub use column::{Column, ColumnKind, ColumnPart};
pub use columns::COLUMNS;
pub use envelope::{Envelope, READER_VERSION, SCHEMA_VERSION};
pub use redact::Redactor;
pub use row::Record;
pub use value::{ColumnValue, NameList};
