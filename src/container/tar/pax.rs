//! Extended headers of POSIX (POSIX.1-2017 `pax`, "pax Extended Header"), and the records of GNU
//! tar for sparse members ("Storing Sparse Files").

use super::sparse_map::SparseMap;
use crate::bytes::utf8_lossy;

/// Fields of extended headers, which apply to the next member.
#[derive(Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<String>,
    pub(super) size: Option<u64>,
    /// Present if the next member is sparse.
    pub(super) sparse: Option<SparseMap>,
    /// `GNU.sparse.name`: the name of a sparse member, instead of that in its header.
    pub(super) sparse_name: Option<String>,
}

impl Extended {
    /// Adds records of the form `length key=value`, one on each line.
    pub(super) fn add_records(&mut self, mut bytes: &[u8]) {
        while let Some(space) = memchr::memchr(b' ', bytes) {
            let digits = std::str::from_utf8(bytes.get(..space).unwrap_or_default());
            let Some(len) = digits.ok().and_then(|len| len.parse::<usize>().ok()) else { return };
            let Some((record, rest)) = bytes.split_at_checked(len).filter(|_| len > space) else {
                return;
            };
            bytes = rest;
            let record = record.get(space.saturating_add(1)..).unwrap_or_default();
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            let Some(equals) = memchr::memchr(b'=', record) else { continue };
            let (key, value) = record.split_at_checked(equals).unwrap_or_default();
            let value = utf8_lossy(value.get(1..).unwrap_or_default());
            match key {
                b"path" => self.path = Some(value.into_owned()),
                b"size" => self.size = value.parse().ok(),
                b"GNU.sparse.name" => {
                    self.sparse_name = Some(value.into_owned());
                    self.sparse.get_or_insert_default();
                }
                _ => {
                    if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                        self.sparse.get_or_insert_default().add_record(key, &value);
                    }
                }
            }
        }
    }
}
