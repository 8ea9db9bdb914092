//! The paths alone, as the system knows them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmsight::Envelope;

use super::sink::{FindingWriter, OutputFile};
use crate::exit::Result;
use crate::inventory::query::Judged;

/// Each path once, with a NUL byte at its end.
pub(super) struct PathWriter {
    out: OutputFile,
    last: Vec<u8>,
}

impl PathWriter {
    pub(super) fn new(out: OutputFile) -> PathWriter {
        PathWriter { out, last: Vec::new() }
    }
}

impl FindingWriter for PathWriter {
    fn write(&mut self, judged: &Judged) -> Result<()> {
        let path = bytes(&judged.envelope);
        // The findings of one file follow each other.
        if path == self.last {
            return Ok(());
        }
        self.out.all(&path)?;
        self.out.all(b"\0")?;
        self.last = path;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.out.finish()
    }
}

/// The path's own bytes; on Windows UTF-8, with U+FFFD for what is no Unicode.
fn bytes(envelope: &Envelope<'_>) -> Vec<u8> {
    let raw = envelope.path_raw.as_deref().filter(|_| cfg!(not(windows)));
    raw.and_then(|raw| STANDARD.decode(raw).ok())
        .unwrap_or_else(|| envelope.path.as_bytes().to_vec())
}
