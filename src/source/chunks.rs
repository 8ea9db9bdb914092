//! [`Chunks`]: bytes in memory that only grow, without a copy when they do.

use crate::bytes::{to_u64, to_usize};

/// Size of one chunk.
const CHUNK: usize = 65_536;

/// Bytes in chunks. Unlike a `Vec`, it takes at most one chunk more memory than it has bytes, and no
/// byte moves when it grows.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    /// Each of [`CHUNK`] bytes, except the last one.
    chunks: Vec<Vec<u8>>,
    len: u64,
}

impl Chunks {
    /// Returns the number of bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Appends `bytes`. The caller charges them.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        self.len = self.len.saturating_add(to_u64(bytes.len()));
        while !bytes.is_empty() {
            let room = self.chunks.last().map_or(0, |chunk| CHUNK.saturating_sub(chunk.len()));
            if room == 0 {
                self.chunks.push(Vec::new());
                continue;
            }
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            if let Some(chunk) = self.chunks.last_mut() {
                #[allow(clippy::disallowed_methods)] // at most CHUNK, charged by the caller
                chunk.extend_from_slice(now);
            }
            bytes = later;
        }
    }

    /// Copies the bytes at `offset` into `buf`, and returns how many there are.
    pub(super) fn copy_to(&self, offset: u64, buf: &mut [u8]) -> usize {
        let mut done: usize = 0;
        while done < buf.len() {
            let at = offset.saturating_add(to_u64(done));
            let index = at.checked_div(to_u64(CHUNK)).and_then(to_usize);
            let within = at.checked_rem(to_u64(CHUNK)).and_then(to_usize);
            let from = index
                .and_then(|index| self.chunks.get(index))
                .and_then(|chunk| chunk.get(within?..))
                .unwrap_or_default();
            let to = buf.get_mut(done..).unwrap_or_default();
            let len = from.len().min(to.len());
            if len == 0 {
                break;
            }
            if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
                to.copy_from_slice(from);
            }
            done = done.saturating_add(len);
        }
        done
    }
}
