//! The inventory: an SQLite file that stores findings. It makes scans resumable and incremental.
//!
//! It stores facts, never verdicts: commands judge stored facts again. The tables are described in
//! `schema.sql`. [`writer`] writes them, [`reader`] reads them.

mod connection;
mod coverage;
mod database_file;
mod digest;
mod failure;
mod finish;
mod folders;
mod forget;
mod gap_names;
pub(crate) mod gaps;
mod handle;
mod known_root;
mod lock;
mod lookup;
mod past;
mod path_mapping;
pub(crate) mod query;
mod read_rows;
mod reader;
mod rename;
mod rows;
mod schema;
pub(crate) mod scope;
mod snapshot;
mod writer;

pub(crate) use connection::configure;
pub(crate) use database_file::is_database;
pub(crate) use gap_names::gap_name;
pub(crate) use handle::{ScanHandle, WriteRequest};
pub(crate) use past::KnownPlace;
pub(crate) use path_mapping::PathMapping;
pub(crate) use read_rows::{RootRow, Stored, envelope, fact_values};
pub(crate) use reader::Inventory;
pub(crate) use rows::{
    FileRow, FindingRow, Fitness, Plan, ReadingRow, RootKind, ScanCounters, Vanished, Visit,
};
pub(crate) use schema::FIRST_ID;
pub(crate) use writer::Store;

#[cfg(test)]
mod tests;
