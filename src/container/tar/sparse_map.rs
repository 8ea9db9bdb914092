//! The map of a sparse member as the archive states it: in a header and the blocks after it (old GNU
//! tar), or in records of an extended header (GNU tar, "Storing Sparse Files").

use super::layout::number;

/// Entries of the old format in the header, and in each block that follows it.
const ENTRIES: std::ops::Range<usize> = 386..482;
const ENTRIES_OF_BLOCK: std::ops::Range<usize> = 0..504;
/// Bytes of an entry: `offset` and `numbytes`.
const ENTRY: usize = 24;
const NUMBER: usize = 12;
/// Offset of the flag `isextended`, which says that a block of entries follows.
const MORE: usize = 482;
const MORE_IN_BLOCK: usize = 504;
/// `realsize`: bytes of the member with its holes.
const REAL_SIZE: std::ops::Range<usize> = 483..495;

/// Map of a sparse member, as its header or its extended header states it.
#[derive(Debug, Default)]
pub(super) struct SparseMap {
    /// Offset and length of each part, in turn.
    pub(super) numbers: Vec<u64>,
    /// Bytes of the member with its holes.
    pub(super) size: Option<u64>,
    /// A block of entries follows (old format).
    pub(super) has_more: bool,
    /// The map is stored before the data of the member (format 1.0).
    pub(super) is_in_data: bool,
    /// A value is not a number.
    pub(super) is_malformed: bool,
}

impl SparseMap {
    /// Returns the map in a header of the old format.
    pub(super) fn of_header(block: &[u8]) -> SparseMap {
        let mut map = SparseMap {
            size: block.get(REAL_SIZE).and_then(number),
            has_more: block.get(MORE).is_some_and(|flag| *flag != 0),
            ..SparseMap::default()
        };
        map.add_entries(block.get(ENTRIES).unwrap_or_default());
        map
    }

    /// Adds the entries of a block that follows a header of the old format.
    pub(super) fn add_block(&mut self, block: &[u8]) {
        self.has_more = block.get(MORE_IN_BLOCK).is_some_and(|flag| *flag != 0);
        self.add_entries(block.get(ENTRIES_OF_BLOCK).unwrap_or_default());
    }

    fn add_entries(&mut self, entries: &[u8]) {
        for entry in entries.chunks_exact(ENTRY) {
            let (offset, len) = entry.split_at_checked(NUMBER).unwrap_or_default();
            // An empty entry ends the list.
            if len.first().is_none_or(|first| *first == 0) {
                return;
            }
            let (offset, len) = (number(offset), number(len));
            self.is_malformed |= offset.is_none() || len.is_none();
            self.numbers.extend(offset);
            self.numbers.extend(len);
        }
    }

    /// Adds the value of a record `GNU.sparse.KEY`.
    pub(super) fn add_record(&mut self, key: &[u8], value: &str) {
        let mut numbers = value.split(',').map(|number| number.parse::<u64>().ok());
        match key {
            b"size" | b"realsize" => self.size = numbers.next().flatten(),
            b"major" => self.is_in_data = value != "0",
            // Format 0.0 has a record for each number, format 0.1 one record for all.
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
