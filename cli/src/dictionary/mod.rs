//! The data dictionary: the meaning of the columns of the record, of their values, and of words.
//!
//! It is the source of `rmsight columns`, `docs/RECORD.md`, the tables of `CODES.md` and the
//! tooltips of the HTML report.

mod column_entry;
mod columns;
pub(crate) mod error_codes;
pub(crate) mod glossary;
#[cfg(test)]
mod pages;

pub(crate) use column_entry::{ColumnEntry, ListedValue};
pub(crate) use columns::{ENTRIES, entry};
