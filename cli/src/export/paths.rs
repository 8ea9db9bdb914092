//! The paths alone, as the system knows them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmsight::Envelope;

use super::{Output, Writer};
use crate::exit::Result;
use crate::stored::Judged;

/// Each path once, with a NUL byte at its end.
pub(super) struct Paths0 {
    out: Output,
    last: Vec<u8>,
}

impl Paths0 {
    pub(super) fn new(out: Output) -> Paths0 {
        Paths0 { out, last: Vec::new() }
    }
}

impl Writer for Paths0 {
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
