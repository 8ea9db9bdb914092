//! The record's envelope: where and when, said by the caller.

use std::borrow::Cow;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::facts::Facts;
use crate::timestamp::Timestamp;
use crate::verdict::Verdict;

/// Version of the record. A column does not change its meaning without a new one.
pub const SCHEMA_VERSION: u32 = 1;

/// Version of the extraction of facts: the same bytes and options give the same facts as long as
/// it stays the same.
pub const READER_VERSION: u32 = 2;

/// Where a finding was met, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope<'a> {
    /// The version of the fact extraction that the facts come from.
    pub reader: u32,
    /// The caller's name for what is scanned, for joining inventories.
    pub source: Option<Cow<'a, str>>,
    /// The path as walked; what is not Unicode is replaced by U+FFFD.
    pub path: Cow<'a, str>,
    /// Base64 of the path's bytes (Windows: UTF-16LE), only where `path` is lossy.
    pub path_raw: Option<Cow<'a, str>>,
    /// Bytes of the file.
    pub size: Option<u64>,
    /// When the file was last changed.
    pub modified: Option<Timestamp>,
}

impl<'a> Envelope<'a> {
    /// The envelope of a file about which only its path is known.
    pub fn new(path: impl Into<Cow<'a, str>>) -> Envelope<'a> {
        Envelope {
            reader: READER_VERSION,
            source: None,
            path: path.into(),
            path_raw: None,
            size: None,
            modified: None,
        }
    }

    /// The envelope of the file at `path`, whatever its name is made of.
    pub fn of_path(path: &'a Path) -> Envelope<'a> {
        match path.to_str() {
            Some(text) => Envelope::new(text),
            None => {
                let mut envelope = Envelope::new(path.to_string_lossy());
                envelope.path_raw = Some(Cow::Owned(STANDARD.encode(path_bytes(path))));
                envelope
            }
        }
    }
}

#[cfg(windows)]
fn path_bytes(path: &Path) -> Vec<u8> {
    use std::os::windows::ffi::OsStrExt;
    path.as_os_str().encode_wide().flat_map(u16::to_le_bytes).collect()
}

#[cfg(not(windows))]
fn path_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_encoded_bytes().to_vec()
}

/// One row: what the caller says, what the bytes say, and what follows.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Where and when.
    pub envelope: &'a Envelope<'a>,
    /// What the bytes say.
    pub facts: &'a Facts,
    /// What follows from them.
    pub verdict: &'a Verdict,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_name_that_is_not_unicode_keeps_its_bytes() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(OsStr::from_bytes(b"a/caf\xe9.doc"));
        let envelope = Envelope::of_path(path);
        assert_eq!(envelope.path, "a/caf\u{fffd}.doc");
        assert_eq!(envelope.path_raw.as_deref(), Some("YS9jYWbpLmRvYw=="));
        assert_eq!(Envelope::of_path(Path::new("a/café.doc")).path_raw, None);
    }
}
