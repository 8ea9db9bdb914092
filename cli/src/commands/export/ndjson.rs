//! NDJSON.

use std::path::{Path, PathBuf};

use rmsight::Column;

use super::sink::{ExportAccount, FindingWriter};
use crate::exit::{Failure, Result};
use crate::inventory::query::Judged;
use crate::output::output_file::OutputFile;

/// Writes one JSON object per line.
pub(super) struct NdjsonWriter {
    file: Option<PathBuf>,
    out: OutputFile,
    columns: Vec<&'static Column>,
    rows: u64,
}

impl NdjsonWriter {
    pub(super) fn open(file: Option<&Path>, columns: Vec<&'static Column>) -> Result<NdjsonWriter> {
        let out = OutputFile::open_until_closed(file)?;
        Ok(NdjsonWriter { file: file.map(Path::to_owned), out, columns, rows: 0 })
    }
}

impl FindingWriter for NdjsonWriter {
    fn write(&mut self, judged: &Judged) -> Result<()> {
        self.rows += 1;
        let columns = self.columns.iter().copied();
        judged
            .record()
            .write_ndjson_of(columns, &mut self.out)
            .map_err(|error| Failure::writing(&error))
    }

    fn finish(self: Box<Self>) -> Result<ExportAccount> {
        self.out.finish()?;
        Ok(ExportAccount::of(self.file, self.rows))
    }
}
