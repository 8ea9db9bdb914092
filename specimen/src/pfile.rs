//! [`Pfile`]: generic protected files (`.pfile`, `.ptxt` and the like).

use crate::bytes::{noise, put32, set32};

/// The versions in which generic protected files are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PfileVersion {
    /// 2.0, of mobile clients: a header of 24 bytes.
    V2_0,
    /// 2.1, of the RMS sharing application: a header of 40 bytes and 1,024 zeros of metadata.
    V2_1,
    /// 2.1, of the Azure Information Protection client: a header of 48 bytes.
    V2_1Long,
    /// 3.0: a header of 40 bytes, no metadata.
    V3_0,
}

impl PfileVersion {
    /// All of them.
    pub const ALL: [PfileVersion; 4] =
        [PfileVersion::V2_0, PfileVersion::V2_1, PfileVersion::V2_1Long, PfileVersion::V3_0];

    /// Major, minor, header length.
    fn numbers(self) -> (usize, usize, usize) {
        match self {
            PfileVersion::V2_0 => (2, 0, 24),
            PfileVersion::V2_1 => (2, 1, 40),
            PfileVersion::V2_1Long => (2, 1, 48),
            PfileVersion::V3_0 => (3, 0, 40),
        }
    }
}

/// What people see who open it in an editor.
const CLEAR_TEXT: &str = "This file is a specimen. It looks as if it were protected by Rights \
    Management, but nobody protected it: its license is signed with a key that everybody can read, \
    and its content is noise.\r\n\r\nDo not change this file: readers are tested with it.\r\n";

/// Builds a generic protected file.
#[derive(Debug, Clone)]
#[must_use]
pub struct Pfile {
    version: PfileVersion,
    license: Vec<u8>,
    extension: String,
    clear_text: String,
    metadata: Vec<u8>,
    content: usize,
    original_size: u64,
}

impl Pfile {
    /// A file with this license; writers put a byte-order mark in front of it.
    pub fn new(version: PfileVersion, license: Vec<u8>) -> Pfile {
        let metadata = match version {
            PfileVersion::V2_1 => vec![0; 1024],
            PfileVersion::V2_1Long | PfileVersion::V2_0 | PfileVersion::V3_0 => Vec::new(),
        };
        Pfile {
            version,
            license,
            extension: ".txt".into(),
            clear_text: CLEAR_TEXT.into(),
            metadata,
            content: 512,
            original_size: if version == PfileVersion::V3_0 { u64::MAX } else { 500 },
        }
    }

    /// The extension that the file had, with its dot.
    pub fn extension(mut self, extension: &str) -> Self {
        self.extension = extension.into();
        self
    }

    /// The notice in front.
    pub fn clear_text(mut self, text: &str) -> Self {
        self.clear_text = text.into();
        self
    }

    /// Metadata, as [`pfile_xmp`](crate::pfile_xmp) makes it; 1,024 zeros follow it.
    pub fn metadata(mut self, xmp: &[u8]) -> Self {
        self.metadata = xmp.to_vec();
        self.metadata.resize(xmp.len() + 1024, 0);
        self
    }

    /// The size of the protected content.
    pub fn content(mut self, len: usize) -> Self {
        self.content = len;
        self
    }

    /// The file.
    pub fn build(&self) -> Vec<u8> {
        let (major, minor, header) = self.version.numbers();
        let mut out = b".pfile".to_vec();
        put32(&mut out, major);
        put32(&mut out, minor);
        put32(&mut out, self.clear_text.len());
        out.extend_from_slice(self.clear_text.as_bytes());
        let base = out.len();
        out.resize(base + header, 0);
        let mut at = base + header;
        let mut place = |len: usize| {
            let start = at;
            at += len;
            start
        };
        let extension = place(self.extension.len());
        let license = place(self.license.len());
        let metadata = place(self.metadata.len());
        let content = place(0);
        let fields =
            [header, extension, self.extension.len(), license, self.license.len(), content];
        for (place, field) in fields.into_iter().enumerate() {
            set32(&mut out, base + place * 4, field);
        }
        if header > 24 {
            out[base + 24..base + 32].copy_from_slice(&self.original_size.to_le_bytes());
            set32(&mut out, base + 32, if self.metadata.is_empty() { 0 } else { metadata });
            set32(&mut out, base + 36, self.metadata.len());
        }
        out.extend_from_slice(self.extension.as_bytes());
        out.extend_from_slice(&self.license);
        out.extend_from_slice(&self.metadata);
        out.extend_from_slice(&noise(0x9F, self.content));
        out
    }

    /// Where the fields behind the clear text start, for tests that damage one.
    pub fn header_offset(&self) -> usize {
        18 + self.clear_text.len()
    }
}
