//! Raw paths.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmsight::Envelope;

use super::sink::{ExportAccount, FindingWriter};
use crate::exit::Result;
use crate::inventory::query::Judged;
use crate::output::output_file::OutputFile;

/// Writes each path once, followed by a NUL byte.
pub(super) struct PathWriter {
    file: Option<PathBuf>,
    out: OutputFile,
    last: Vec<u8>,
    written: u64,
    repeated: u64,
}

impl PathWriter {
    pub(super) fn open(file: Option<&Path>) -> Result<PathWriter> {
        Ok(PathWriter {
            file: file.map(Path::to_owned),
            out: OutputFile::open_until_closed(file)?,
            last: Vec::new(),
            written: 0,
            repeated: 0,
        })
    }
}

impl FindingWriter for PathWriter {
    fn write(&mut self, judged: &Judged) -> Result<()> {
        let path = bytes(&judged.envelope);
        // The findings of one file are consecutive.
        if path == self.last {
            self.repeated += 1;
            return Ok(());
        }
        self.written += 1;
        self.out.all(&path)?;
        self.out.all(b"\0")?;
        self.last = path;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<ExportAccount> {
        self.out.finish()?;
        let mut account = ExportAccount::of(self.file, self.written);
        if self.repeated > 0 {
            account
                .left_out
                .push(("in a file whose path is in the list".to_owned(), self.repeated));
        }
        Ok(account)
    }
}

/// Returns the bytes of the path. On Windows it is UTF-8, with U+FFFD for invalid characters.
fn bytes(envelope: &Envelope<'_>) -> Vec<u8> {
    let raw = envelope.path_raw.as_deref().filter(|_| cfg!(not(windows)));
    raw.and_then(|raw| STANDARD.decode(raw).ok())
        .unwrap_or_else(|| envelope.path.as_bytes().to_vec())
}
