//! Read-ahead over the records and the small members of an archive.

use crate::bytes::{to_u64, to_usize};
use crate::error::Result;
use crate::source::Window;

/// Maximum number of bytes that are read ahead.
const AHEAD: u64 = 65_536;
/// Packed bytes of a member that counts as small.
const SMALL: u64 = 8192;
/// Bytes between two members that continue a sequence.
const GAP: u64 = 4096;

/// Read-ahead over adjacent items of which most are needed: records, or small members.
///
/// A read goes ahead as far again as the items before it reach. So many items take few reads, and
/// few items read few unused bytes.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    start: u64,
    /// Least offset of the next item that continues the sequence.
    pub(super) end: u64,
    /// End of the bytes that were read ahead.
    read: u64,
}

impl ReadAhead {
    pub(super) fn new(start: u64) -> ReadAhead {
        ReadAhead { start, ..ReadAhead::default() }
    }

    /// Returns the bytes to read ahead for the `len` bytes at `at`; `None` if those are cached.
    pub(super) fn ahead(&mut self, window: &mut Window<'_>, at: u64, len: usize) -> Option<usize> {
        if window.cached(at, len).len() == len {
            return None;
        }
        if at < self.start || at.saturating_add(to_u64(len)) <= self.read {
            // The cache dropped them: the bytes that were read ahead were not used.
            self.start = at;
        }
        let ahead = at.saturating_sub(self.start).min(AHEAD);
        self.read = at.saturating_add(ahead);
        to_usize(ahead)
    }

    /// Reads the first `len` bytes of a member of `packed` bytes, and those ahead of them.
    pub(super) fn prefetch(
        &mut self,
        window: &mut Window<'_>,
        at: u64,
        len: usize,
        packed: u64,
    ) -> Result<()> {
        let is_small = packed <= SMALL;
        let follows = (self.end..=self.end.saturating_add(GAP)).contains(&at);
        if !is_small || !follows {
            self.start = at;
        }
        if let Some(ahead) = self.ahead(window, at, len) {
            window.prefetch(at, len.max(ahead))?;
        }
        if !is_small {
            // Members after it begin a new sequence.
            self.start = at.saturating_add(packed);
        }
        Ok(())
    }
}
