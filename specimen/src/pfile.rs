//! [`Pfile`]: generic protected files (`.pfile`, `.ptxt` and the like).

use crate::bytes::{noise, put32, set32};

/// The known versions of generic protected files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PfileVersion {
    /// Version 2.0 of mobile clients: header of 24 bytes.
    V2_0,
    /// Version 2.1 of the RMS sharing application: header of 40 bytes, metadata of 1,024 zeros.
    V2_1,
    /// Version 2.1 of the Azure Information Protection client: header of 48 bytes.
    V2_1Long,
    /// Version 3.0: header of 40 bytes, no metadata.
    V3_0,
}

impl PfileVersion {
    /// All versions.
    pub const ALL: [PfileVersion; 4] =
        [PfileVersion::V2_0, PfileVersion::V2_1, PfileVersion::V2_1Long, PfileVersion::V3_0];

    /// Returns the major version, the minor version and the header length.
    fn numbers(self) -> (usize, usize, usize) {
        match self {
            PfileVersion::V2_0 => (2, 0, 24),
            PfileVersion::V2_1 => (2, 1, 40),
            PfileVersion::V2_1Long => (2, 1, 48),
            PfileVersion::V3_0 => (3, 0, 40),
        }
    }
}

/// The notice at the beginning of the file, which a text editor displays. The committed corpus contains
/// this text.
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
    /// Creates a file with this license. Writers start the license with a byte-order mark.
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

    /// Sets the original file extension, including the dot.
    pub fn extension(mut self, extension: &str) -> Self {
        self.extension = extension.into();
        self
    }

    /// Sets the notice at the beginning of the file.
    pub fn clear_text(mut self, text: &str) -> Self {
        self.clear_text = text.into();
        self
    }

    /// Sets the metadata, followed by 1,024 zeros; see [`pfile_xmp`](crate::pfile_xmp).
    pub fn metadata(mut self, xmp: &[u8]) -> Self {
        self.metadata = xmp.to_vec();
        self.metadata.resize(xmp.len() + 1024, 0);
        self
    }

    /// Sets the length of the protected content, which is pseudo-random.
    pub fn content(mut self, len: usize) -> Self {
        self.content = len;
        self
    }

    /// Builds the file.
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
        let mut allocate = |len: usize| {
            let start = at;
            at += len;
            start
        };
        let extension = allocate(self.extension.len());
        let license = allocate(self.license.len());
        let metadata = allocate(self.metadata.len());
        let content = allocate(0);
        let fields =
            [header, extension, self.extension.len(), license, self.license.len(), content];
        for (index, field) in fields.into_iter().enumerate() {
            set32(&mut out, base + index * 4, field);
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

    /// Returns the offset of the fields that follow the notice, for tests that damage a field.
    pub fn header_offset(&self) -> usize {
        18 + self.clear_text.len()
    }
}
