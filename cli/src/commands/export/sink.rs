//! The form of an export.

use std::path::PathBuf;

use crate::exit::Result;
use crate::inventory::query::Judged;

/// Writes findings.
pub(super) trait FindingWriter {
    fn write(&mut self, judged: &Judged) -> Result<()>;

    /// Completes the output. Returns what became of the findings.
    fn finish(self: Box<Self>) -> Result<ExportAccount>;
}

/// What became of the findings that were selected.
#[derive(Debug, Default)]
pub(super) struct ExportAccount {
    /// The files that were written, each with the number of its findings.
    pub(super) files: Vec<(PathBuf, u64)>,
    /// Reasons why findings are in no file, each with their number.
    pub(super) left_out: Vec<(String, u64)>,
    /// What the user should know besides.
    pub(super) notes: Vec<String>,
}

impl ExportAccount {
    /// Returns the account of a single output; `None` is standard output.
    pub(super) fn of(file: Option<PathBuf>, findings: u64) -> ExportAccount {
        ExportAccount {
            files: file.map(|file| (file, findings)).into_iter().collect(),
            ..ExportAccount::default()
        }
    }
}
