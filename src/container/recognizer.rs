//! Access of formats to the detection table: a container recognizes its members by it.

use super::name::is_named_like_archive;

/// Functions of the detection table (`format.rs`), which formats must not import.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recognizer {
    pub(super) is_known: fn(&[u8]) -> bool,
    pub(super) is_firmly_known: fn(&[u8]) -> bool,
    pub(super) begins_file: fn(&[u8]) -> bool,
}

impl Recognizer {
    /// Returns whether a member whose decoded bytes begin with `head` is of a known format.
    ///
    /// Containers of many members report only those for which this returns true, so that all others
    /// cost no more than this test.
    pub(super) fn is_known(self, head: &[u8]) -> bool {
        (self.is_known)(head)
    }

    /// Returns whether `head` is of a known format with which no text begins by chance.
    pub(super) fn is_firmly_known(self, head: &[u8]) -> bool {
        (self.is_firmly_known)(head)
    }

    /// Returns whether `head` begins with the magic of a format or is a license, so that a file can
    /// begin there after another one.
    pub(super) fn begins_file(self, head: &[u8]) -> bool {
        (self.begins_file)(head)
    }

    /// Returns whether a member is opened: its head is of a known format, or its name is that of a
    /// file that is recognized by its end.
    pub(super) fn is_worth_opening(self, name: &[u8], head: &[u8]) -> bool {
        self.is_known(head) || is_named_like_archive(name)
    }
}
