//! Raw paths.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmsight::Envelope;

use super::sink::{FindingWriter, OutputFile};
use crate::exit::Result;
use crate::inventory::query::Judged;

/// Writes each path once, followed by a NUL byte.
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
        // The findings of one file are consecutive.
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

/// Returns the bytes of the path. On Windows it is UTF-8, with U+FFFD for invalid characters.
fn bytes(envelope: &Envelope<'_>) -> Vec<u8> {
    let raw = envelope.path_raw.as_deref().filter(|_| cfg!(not(windows)));
    raw.and_then(|raw| STANDARD.decode(raw).ok())
        .unwrap_or_else(|| envelope.path.as_bytes().to_vec())
}
