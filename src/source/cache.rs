//! [`Cache`]: a few blocks of a source that were read most recently.

use crate::bytes::{from_offset, to_u64, to_usize};

/// Number of blocks in a cache. A compound file needs its header, its directory and its FAT at once.
const SLOTS: usize = 4;

/// The buffers of a [`Window`](super::Window). A worker reuses them for each file.
#[derive(Debug)]
pub(crate) struct Cache {
    /// Bytes of a read at offset 0.
    first_read: usize,
    /// Minimum number of bytes of a read at any other offset.
    block: usize,
    slots: [Slot; SLOTS],
    /// Use counter for least-recently-used eviction.
    clock: u64,
    /// Whether the next window reads the same source.
    is_kept: bool,
    /// Buffer for decoded bytes; empty until first used.
    pub(super) scratch: Vec<u8>,
}

/// One cached block.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) offset: u64,
    /// Number of valid bytes.
    pub(super) used: usize,
    last_use: u64,
    /// Unused if the source is in memory.
    pub(super) bytes: Vec<u8>,
}

impl Slot {
    /// Returns the offset that follows the last byte.
    fn end(&self) -> u64 {
        self.offset.saturating_add(to_u64(self.used))
    }

    /// Returns the bytes of this block. `memory` is the whole source if it is in memory.
    fn bytes<'s>(&'s self, memory: Option<&'s [u8]>) -> &'s [u8] {
        let bytes = match memory {
            Some(memory) => from_offset(memory, self.offset),
            None => &self.bytes,
        };
        bytes.get(..self.used).unwrap_or_default()
    }

    /// Returns all bytes of this block from `offset` on.
    pub(super) fn from<'s>(&'s self, memory: Option<&'s [u8]>, offset: u64) -> Option<&'s [u8]> {
        let start = to_usize(offset.checked_sub(self.offset)?)?;
        self.bytes(memory).get(start..)
    }
}

impl Cache {
    /// Creates a cache whose reads have these sizes, but at least 512 bytes.
    pub(crate) fn new(first_read: usize, block: usize) -> Cache {
        Cache {
            first_read: first_read.max(512),
            block: block.max(512),
            slots: Default::default(),
            clock: 0,
            is_kept: false,
            scratch: Vec::new(),
        }
    }

    /// Keeps the cached blocks for the next window, which reads the same source.
    pub(crate) fn keep(&mut self) {
        self.is_kept = true;
    }

    /// Drops the cached blocks: the next window reads another source.
    pub(crate) fn forget(&mut self) {
        self.is_kept = false;
        for slot in &mut self.slots {
            slot.used = 0;
            slot.last_use = 0;
        }
        self.clock = 0;
    }

    /// Drops the cached blocks unless [`Cache::keep`] was called.
    pub(super) fn begin(&mut self) {
        if !std::mem::take(&mut self.is_kept) {
            self.forget();
        }
    }

    /// Returns the minimum number of bytes of a read at `offset`.
    pub(super) fn read_size(&self, offset: u64) -> usize {
        if offset == 0 { self.first_read } else { self.block }
    }

    /// Returns the index of a block that contains these bytes, and counts a use of it.
    pub(super) fn find(&mut self, offset: u64, len: usize) -> Option<usize> {
        let end = offset.checked_add(to_u64(len))?;
        let index =
            self.slots.iter().position(|slot| slot.offset <= offset && end <= slot.end())?;
        self.touch(index);
        Some(index)
    }

    /// Returns the index of the longest block at offset 0, and its length.
    pub(super) fn longest_head(&self) -> (usize, usize) {
        let mut longest = (0, 0);
        for (index, slot) in self.slots.iter().enumerate() {
            if slot.offset == 0 && slot.used > longest.1 {
                longest = (index, slot.used);
            }
        }
        longest
    }

    /// Returns the cached first bytes of a source that is not in memory.
    pub(crate) fn first_bytes(&self) -> &[u8] {
        let (index, _) = self.longest_head();
        self.slot(index).and_then(|slot| slot.from(None, 0)).unwrap_or_default()
    }

    /// Returns the longest cached prefix of the `max` bytes at `offset`, and the index of its block.
    pub(super) fn prefix<'s>(
        &'s self,
        memory: Option<&'s [u8]>,
        offset: u64,
        max: usize,
    ) -> Option<(usize, &'s [u8])> {
        let found = self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let bytes = slot.from(memory, offset)?;
            Some((index, bytes.get(..max).unwrap_or(bytes)))
        });
        found.max_by_key(|(_, bytes)| bytes.len())
    }

    /// Returns the block that ends at the highest offset, and its offset.
    pub(super) fn farthest<'s>(&'s self, memory: Option<&'s [u8]>) -> (u64, &'s [u8]) {
        let slots = self.slots.iter().map(|slot| (slot.offset, slot.bytes(memory)));
        let slots = slots.filter(|(_, bytes)| !bytes.is_empty());
        slots.max_by_key(|(at, bytes)| at.saturating_add(to_u64(bytes.len()))).unwrap_or_default()
    }

    pub(super) fn slot(&self, index: usize) -> Option<&Slot> {
        self.slots.get(index)
    }

    /// Returns the index of the least recently used block, which the caller overwrites.
    pub(super) fn evict(&mut self) -> usize {
        let slots = self.slots.iter().enumerate();
        let index = slots.min_by_key(|(_, slot)| slot.last_use).map_or(0, |(index, _)| index);
        self.touch(index);
        index
    }

    pub(super) fn slot_mut(&mut self, index: usize) -> Option<&mut Slot> {
        self.slots.get_mut(index)
    }

    pub(super) fn touch(&mut self, index: usize) {
        self.clock = self.clock.saturating_add(1);
        if let Some(slot) = self.slots.get_mut(index) {
            slot.last_use = self.clock;
        }
    }
}
