//! Extended headers of POSIX (POSIX.1-2017 `pax`, "pax Extended Header"), and the records of GNU
//! tar for sparse members ("Storing Sparse Files").

use crate::bytes::utf8_lossy;

/// Fields of extended headers, which apply to the next member.
#[derive(Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<String>,
    pub(super) size: Option<u64>,
    /// Present if the next member is sparse.
    pub(super) sparse: Option<SparseRecords>,
}

/// Records `GNU.sparse.…`.
#[derive(Debug, Default)]
pub(super) struct SparseRecords {
    /// `name`: the name of the member, instead of that in its header.
    pub(super) name: Option<String>,
    /// `size` or `realsize`: bytes of the member with its holes.
    pub(super) size: Option<u64>,
    /// `offset` and `numbytes` (format 0.0), or `map` (0.1): offset and length of each part, in
    /// turn.
    pub(super) numbers: Vec<u64>,
    /// `major` is 1: the map is stored before the data of the member (format 1.0).
    pub(super) has_map_in_data: bool,
    /// A value is not a number.
    pub(super) is_malformed: bool,
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
                _ => {
                    if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                        self.sparse.get_or_insert_default().add(key, &value);
                    }
                }
            }
        }
    }
}

impl SparseRecords {
    fn add(&mut self, key: &[u8], value: &str) {
        let mut numbers = value.split(',').map(|number| number.parse::<u64>().ok());
        match key {
            b"name" => self.name = Some(value.to_owned()),
            b"size" | b"realsize" => self.size = numbers.next().flatten(),
            b"major" => self.has_map_in_data = value != "0",
            b"offset" | b"numbytes" | b"map" => {
                for number in numbers {
                    self.is_malformed |= number.is_none();
                    self.numbers.extend(number);
                }
            }
            _ => {}
        }
    }
}
