//! Records as Arrow: the form that pyarrow, polars, DuckDB, pandas and Spark read without copies.

mod capsule;
mod ndjson;
mod read;
mod write;

pub(crate) use self::capsule::PyRecordBatch;
pub(crate) use self::ndjson::{from_ndjson, to_ndjson};
pub(crate) use self::read::{column_of, each_record, is_arrow};
pub(crate) use self::write::RecordBatchBuilder;
