//! The inventory: an SQLite file that keeps what scans found, so that a scan can be stopped at any
//! time, goes on where it was, and reads only what changed.
//!
//! It holds facts, never verdicts: what is stored is judged again whenever it is looked at. The
//! tables are described in `schema.sql`, [`store`] writes them, [`load`] reads them.

mod forget;
mod load;
mod lock;
mod lookup;
mod maps;
mod past;
mod path;
mod rows;
mod schema;
mod store;
mod sweep;

use std::path::Path;

use crate::exit::Failure;

#[allow(unused_imports)] // for the commands that read inventories
pub(crate) use load::{Inventory, Link, RootRow, ScanRow, Stored, envelope, fact_values};
pub(crate) use lock::patient;
pub(crate) use lookup::{Lookup, Staleness};
pub(crate) use maps::Maps;
pub(crate) use past::real;
pub(crate) use path::{normal, with_separator};
pub(crate) use rows::{
    Begun, Dir, DirState, FileRow, FindingRow, Fitness, Plan, Reading, RootKind, Skipped, Stamp,
    Sums, Vanished, Visit,
};
pub(crate) use schema::FIRST_ID;
pub(crate) use store::Store;

#[cfg(test)]
mod tests;

/// The failure that the database reported for `file`.
fn failed(file: &Path, error: &rusqlite::Error) -> Failure {
    if lock::is_locked(error) {
        return lock::locked(file, lock::PATIENCE);
    }
    Failure::message(format_args!("{}: {error}", file.display()))
}
