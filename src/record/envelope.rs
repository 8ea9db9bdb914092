//! [`Envelope`]: the part of the record that the caller provides.

use std::borrow::Cow;
use std::fs::Metadata;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::timestamp::Timestamp;

/// The version of the record, in the column `schema`. A column changes its meaning only with a new version. A
/// new column does not raise it. Records of another version are not read.
pub const SCHEMA_VERSION: u32 = 1;

/// The version of the fact extraction, in the column `reader`. Readers of one version give the same facts for
/// the same bytes and options. Inspect files of records with a lower number again.
pub const READER_VERSION: u32 = 2;

/// Path, size and time of the file that a finding belongs to, from the caller. All findings of a file have
/// the same envelope. Fields are columns of the record with the same names; only `reader` and `path` are
/// required.
///
/// ```
/// use rmsight::{Envelope, READER_VERSION};
///
/// let mut envelope = Envelope::of_path("share/a.docx".as_ref());
/// envelope.size = Some(20_000);
/// assert_eq!((envelope.path.as_ref(), envelope.reader), ("share/a.docx", READER_VERSION));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Envelope<'a> {
    /// The [`READER_VERSION`] that extracted the facts.
    pub reader: u32,
    /// The caller's name for the scanned system, such as a host name. It distinguishes equal paths of several
    /// systems.
    pub source: Option<Cow<'a, str>>,
    /// The path as the caller found it, of any form; U+FFFD replaces parts that are not Unicode.
    pub path: Cow<'a, str>,
    /// Base64 of the path's bytes (on Windows UTF-16LE), only if `path` is lossy.
    pub path_raw: Option<Cow<'a, str>>,
    /// The size of the file in bytes; `None` if it is unknown.
    pub size: Option<u64>,
    /// The time of the last change to the file, in UTC, to the second. [`judge_dated`](crate::judge_dated)
    /// takes it.
    pub modified: Option<Timestamp>,
    /// The entity tag of an object in a store, without quotes: it differs after each change of the bytes.
    /// `None` for files.
    pub etag: Option<Cow<'a, str>>,
    /// The version of an object, if the store keeps versions. `None` for files.
    pub version_id: Option<Cow<'a, str>>,
    /// The storage class of an object as the store names it, such as `Hot` or `GLACIER`. `None` for files.
    pub tier: Option<Cow<'a, str>>,
}

impl<'a> Envelope<'a> {
    /// Returns the envelope of a file of which only the path is known, read by this version.
    pub fn new(path: impl Into<Cow<'a, str>>) -> Envelope<'a> {
        Envelope {
            reader: READER_VERSION,
            source: None,
            path: path.into(),
            path_raw: None,
            size: None,
            modified: None,
            etag: None,
            version_id: None,
            tier: None,
        }
    }

    /// Returns the same envelope, with references to the text of this one.
    pub(super) fn borrowed(&self) -> Envelope<'_> {
        Envelope {
            reader: self.reader,
            source: self.source.as_deref().map(Cow::Borrowed),
            path: Cow::Borrowed(&self.path),
            path_raw: self.path_raw.as_deref().map(Cow::Borrowed),
            size: self.size,
            modified: self.modified,
            etag: self.etag.as_deref().map(Cow::Borrowed),
            version_id: self.version_id.as_deref().map(Cow::Borrowed),
            tier: self.tier.as_deref().map(Cow::Borrowed),
        }
    }

    /// Returns the same envelope, which owns its text.
    pub fn into_owned(self) -> Envelope<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Envelope {
            reader: self.reader,
            source: self.source.map(owned),
            path: owned(self.path),
            path_raw: self.path_raw.map(owned),
            size: self.size,
            modified: self.modified,
            etag: self.etag.map(owned),
            version_id: self.version_id.map(owned),
            tier: self.tier.map(owned),
        }
    }

    /// Returns the envelope of the file at `path`, and sets `path_raw` if the path is not Unicode.
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

    /// Returns the same envelope, with the size of a file and the time of its last change. The time is absent
    /// if the system does not state it.
    ///
    /// ```no_run
    /// use rmsight::Envelope;
    ///
    /// let path = "share/a.docx".as_ref();
    /// let envelope = Envelope::of_path(path).with_metadata(&std::fs::metadata(path)?);
    /// assert!(envelope.size.is_some());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn with_metadata(mut self, metadata: &Metadata) -> Envelope<'a> {
        self.size = Some(metadata.len());
        self.modified = metadata.modified().ok().map(Timestamp::from);
        self
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn path_that_is_not_unicode_keeps_its_bytes() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(OsStr::from_bytes(b"a/caf\xe9.doc"));
        let envelope = Envelope::of_path(path);
        assert_eq!(envelope.path, "a/caf\u{fffd}.doc");
        assert_eq!(envelope.path_raw.as_deref(), Some("YS9jYWbpLmRvYw=="));
        assert_eq!(Envelope::of_path(Path::new("a/café.doc")).path_raw, None);
    }
}
