//! NDJSON.

use super::sink::{FindingWriter, OutputFile};
use crate::exit::{Failure, Result};
use crate::inventory::query::Judged;

/// Writes one JSON object per line.
pub(super) struct NdjsonWriter {
    pub(super) out: OutputFile,
}

impl FindingWriter for NdjsonWriter {
    fn write(&mut self, judged: &Judged) -> Result<()> {
        judged.record().write_ndjson(&mut self.out.out).map_err(|error| Failure::writing(&error))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.out.finish()
    }
}
