//! Directory entries (MS-CFB 2.6.1).

use super::layout::{ENTRY_LEN, MINI_STREAM_CUTOFF, NAME_LEN, NO_STREAM, VERSION_3};
use crate::bytes::{Cursor, utf16_lossy};
use crate::error::Result;

/// Type of an entry (MS-CFB 2.6.1, object type).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// Unused entry.
    Free,
    /// Entry with children.
    Storage,
    /// Entry with bytes.
    Stream,
    /// First entry, whose bytes are the mini stream.
    Root,
    /// Type that the specification does not define.
    Invalid(u8),
}

/// Copy of an entry of the directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DirectoryEntry {
    /// Index in the directory.
    pub(crate) id: u32,
    pub(crate) kind: EntryKind,
    /// Bytes of the stream.
    pub(crate) size: u64,
    /// Offset of the entry in the file.
    pub(crate) offset: u64,
    pub(super) left: u32,
    pub(super) right: u32,
    pub(super) child: u32,
    pub(super) start: u32,
    name: [u8; NAME_LEN],
    name_len: u16,
}

impl DirectoryEntry {
    /// Reads the fields of MS-CFB 2.6.1 in their order.
    pub(super) fn parse(
        id: u32,
        bytes: &[u8],
        offset: u64,
        version: u16,
    ) -> Result<DirectoryEntry> {
        // The array has all fields, so the compiler removes the checks.
        match bytes.first_chunk::<ENTRY_LEN>() {
            Some(whole) => DirectoryEntry::parse_fields(id, whole, offset, version),
            None => DirectoryEntry::parse_fields(id, bytes, offset, version),
        }
    }

    #[inline(always)]
    fn parse_fields(id: u32, bytes: &[u8], offset: u64, version: u16) -> Result<DirectoryEntry> {
        let mut cursor = Cursor::new("directory entry", bytes, offset);
        let name = cursor.array("name")?;
        let name_len = cursor.u16_le("name length")?;
        let kind = match cursor.u8("object type")? {
            0 => EntryKind::Free,
            1 => EntryKind::Storage,
            2 => EntryKind::Stream,
            5 => EntryKind::Root,
            other => EntryKind::Invalid(other),
        };
        cursor.skip(1, "color")?;
        let left = cursor.u32_le("left sibling")?;
        let right = cursor.u32_le("right sibling")?;
        let child = cursor.u32_le("child")?;
        cursor.skip(16, "CLSID")?;
        cursor.skip(20, "state bits and times")?;
        let start = cursor.u32_le("starting sector")?;
        let size = match cursor.u64_le("stream size")? {
            // Old writers left garbage in the high half.
            size if version == VERSION_3 => size & 0xFFFF_FFFF,
            size => size,
        };
        Ok(DirectoryEntry { id, kind, size, offset, left, right, child, start, name, name_len })
    }

    /// Returns the UTF-16LE bytes of the name, without the terminating zero.
    fn name_bytes(&self) -> &[u8] {
        let len = usize::from(self.name_len).min(NAME_LEN);
        let name = self.name.get(..len).unwrap_or_default();
        // The zero at the end is counted in, but not by every writer.
        name.strip_suffix(&[0, 0]).unwrap_or(name)
    }

    /// Returns a description of a value that no writer stores (MS-CFB 2.6.1): bytes inserted into a
    /// directory, or removed, move the fields of all later entries.
    pub(super) fn implausible(&self) -> Option<&'static str> {
        match self.kind {
            EntryKind::Free => {
                // Writers leave old names, or noise, but reset the links.
                let links = [self.left, self.right, self.child];
                let is_zero = links == [0; 3] && self.name == [0; NAME_LEN] && self.name_len == 0;
                let is_reset = links == [NO_STREAM; 3] || is_zero;
                (!is_reset).then_some("a free entry has links")
            }
            // A repeated sector of the directory moves the entries after it.
            EntryKind::Root if self.id > 0 => Some("a root that is not the first entry"),
            EntryKind::Storage | EntryKind::Stream => {
                let is_cut =
                    usize::from(self.name_len) == NAME_LEN && !self.name.ends_with(&[0, 0]);
                let is_odd = self.name_len == 0 || usize::from(self.name_len) > NAME_LEN;
                (is_cut || is_odd || !self.name_len.is_multiple_of(2))
                    .then_some("the length of a name")
            }
            _ => None,
        }
    }

    fn units(&self) -> impl ExactSizeIterator<Item = u16> {
        self.name_bytes().chunks_exact(2).map(|pair| match pair {
            [low, high] => u16::from_le_bytes([*low, *high]),
            _ => 0,
        })
    }

    /// Returns the name as text.
    pub(crate) fn name(&self) -> String {
        utf16_lossy(self.name_bytes())
    }

    /// Returns the first sector of the stream, and whether it is one of the mini stream.
    pub(crate) fn first_sector(&self) -> (u32, bool) {
        (self.start, self.size < MINI_STREAM_CUTOFF)
    }

    /// Returns whether the entry has this name, ignoring case.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        match name.is_ascii() {
            true => self.find_in(&[(name, ())]).is_some(),
            false => self.units().map(upper).eq(name.encode_utf16().map(upper)),
        }
    }

    /// Returns the value of the first row of `table` with the name of the entry, ignoring case. All names
    /// are ASCII.
    #[inline]
    pub(crate) fn find_in<'t, T>(&self, table: &'t [(&str, T)]) -> Option<&'t T> {
        debug_assert!(table.iter().all(|(name, _)| name.is_ascii()));
        let (units, odd) = self.name_bytes().as_chunks::<2>();
        // Most names differ in their length, which costs nothing to see.
        let is_same = |name: &str| name.len() == units.len() && is_ascii_text(units, name);
        let row = table.iter().find(|(name, _)| is_same(name)).filter(|_| odd.is_empty());
        row.map(|(_, value)| value)
    }

    /// Returns whether the name begins with `prefix`, ignoring case.
    pub(crate) fn name_starts_with(&self, prefix: &str) -> bool {
        let mut units = self.units().map(upper);
        prefix.encode_utf16().map(upper).all(|unit| units.next() == Some(unit))
    }

    /// Returns whether `name` sorts before the name of this entry (MS-CFB 2.6.4): the shorter name
    /// first, then by upper-case code units. Real files violate that order, so it is only a hint.
    pub(super) fn is_after(&self, name: &str) -> bool {
        let mine = self.units().len();
        let len = if name.is_ascii() { name.len() } else { name.encode_utf16().count() };
        if len == mine {
            name.encode_utf16().map(upper).lt(self.units().map(upper))
        } else {
            len < mine
        }
    }
}

/// Returns whether UTF-16LE units are those of an ASCII text of that length, ignoring case.
#[inline]
pub(crate) fn is_ascii_text(units: &[[u8; 2]], text: &str) -> bool {
    let both = || units.iter().map(|unit| u16::from_le_bytes(*unit)).zip(text.as_bytes());
    // Writers keep the case. Without a branch for each letter the loop is vectorized.
    let differ = both().fold(0, |differ, (unit, letter)| differ | (unit ^ u16::from(*letter)));
    differ == 0 || both().all(|(unit, letter)| upper(unit) == upper(u16::from(*letter)))
}

/// Returns the upper case of an ASCII letter. Searched names contain no others.
fn upper(unit: u16) -> u16 {
    match u8::try_from(unit) {
        Ok(byte) => u16::from(byte.to_ascii_uppercase()),
        Err(_) => unit,
    }
}

#[cfg(test)]
mod tests {
    use super::is_ascii_text;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn names_are_compared_without_case(text in "[ -~]{0,40}", at: prop::sample::Index, unit: u16) {
            let wide = |text: &str| -> Vec<[u8; 2]> {
                text.encode_utf16().map(u16::to_le_bytes).collect()
            };
            prop_assert!(is_ascii_text(&wide(&text), &text));
            prop_assert!(is_ascii_text(&wide(&text.to_ascii_uppercase()), &text));
            let mut units = wide(&text);
            if let Some(len) = Some(units.len()).filter(|len| *len > 0) {
                let place = at.index(len);
                let letter = u16::from(text.as_bytes()[place]);
                units[place] = unit.to_le_bytes();
                let folded = |unit: u16| u8::try_from(unit).map(|byte| byte.to_ascii_uppercase());
                prop_assert_eq!(is_ascii_text(&units, &text), folded(unit) == folded(letter));
            }
        }
    }
}
