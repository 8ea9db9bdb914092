//! [`Window`], the only caller of [`ReadAt`]: cached blocks for structures, exact reads for bulk data.

use std::cell::Cell;

use super::cache::Cache;
use super::charged::{charge_read, fill, read_steps};
use super::read_at::{HEAD, ReadAt, UNKNOWN_SIZE};
use super::section::Extent;
use crate::bytes::{Buffer, from_offset, to_u64, to_usize};
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};

/// Size of the buffer for decoded bytes.
const SCRATCH: usize = 4096;

/// How many bytes a read covers if the requested bytes are not cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ahead {
    /// The requested bytes only: their neighbors are not needed.
    Nothing,
    /// A block of the cache.
    Block,
    /// This many bytes.
    Bytes(usize),
    /// This many bytes, or a block of the cache if that is larger.
    BlockOr(usize),
}

/// A bounded view of the bytes of one member. Each read is charged.
pub(crate) struct Window<'a> {
    source: &'a dyn ReadAt,
    /// The whole source if it is in memory.
    memory: Option<&'a [u8]>,
    /// Length of the member, once known.
    len: Cell<Option<u64>>,
    /// End of the farthest requested bytes. Bytes that were read ahead do not count.
    requested_end: Cell<u64>,
    cache: &'a mut Cache,
    meter: &'a Meter<'a>,
}

impl<'a> Window<'a> {
    /// Creates a view of all of `source`.
    pub(crate) fn new(
        source: &'a dyn ReadAt,
        cache: &'a mut Cache,
        meter: &'a Meter<'a>,
    ) -> Result<Window<'a>> {
        let len = match source.is_sized() {
            true => Some(source.size().map_err(Error::io)?),
            false => None,
        };
        cache.begin();
        // A size that the source declares is known without any request.
        let requested_end = Cell::new(if len.is_some() { u64::MAX } else { 0 });
        let memory = source.in_memory();
        Ok(Window { source, memory, len: Cell::new(len), requested_end, cache, meter })
    }

    /// Returns the length of the member. An encoded member of unknown length is decoded to its end.
    /// If decoding fails, the result is beyond any end, and a read at that end reports the error.
    pub(crate) fn len(&self) -> u64 {
        self.requested_end.set(u64::MAX);
        if let Some(len) = self.len.get() {
            return len;
        }
        let len = self.source.size().unwrap_or(UNKNOWN_SIZE);
        self.len.set(Some(len));
        len
    }

    /// Returns the length of the member if nothing has to be decoded for it: the source declares it,
    /// or bytes beyond the end were requested. An end that was only seen by reading ahead does not
    /// count, because the result would depend on the size of blocks.
    pub(crate) fn known_len(&self) -> Option<u64> {
        self.len.get().filter(|len| *len < UNKNOWN_SIZE && *len < self.requested_end.get())
    }

    fn note_request(&self, offset: u64, len: usize) {
        let end = offset.saturating_add(to_u64(len));
        self.requested_end.set(self.requested_end.get().max(end));
    }

    /// Returns an upper bound of the member's length.
    fn end(&self) -> u64 {
        self.len.get().unwrap_or(UNKNOWN_SIZE)
    }

    /// Calls `work` with a buffer of [`SCRATCH`] bytes, whose content is unspecified.
    pub(crate) fn with_scratch<T>(&mut self, work: impl FnOnce(&mut Self, &mut [u8]) -> T) -> T {
        let mut scratch = std::mem::take(&mut self.cache.scratch);
        #[allow(clippy::disallowed_methods)] // a constant
        scratch.resize(SCRATCH, 0);
        let done = work(self, &mut scratch);
        self.cache.scratch = scratch;
        done
    }

    /// Returns the meter that is charged for reads.
    pub(crate) fn meter(&self) -> &'a Meter<'a> {
        self.meter
    }

    /// Returns the source, for a decoder that charges its own reads.
    pub(crate) fn source(&self) -> &'a dyn ReadAt {
        self.source
    }

    /// Returns the first [`HEAD`] bytes of the member, independent of the sizes of reads. There are
    /// fewer if the member is shorter, or cannot be decoded that far.
    pub(crate) fn head(&mut self) -> Result<&[u8]> {
        self.note_request(0, HEAD);
        let needed = to_usize(self.end()).map_or(HEAD, |end| end.min(HEAD));
        let (mut index, mut cached) = self.cache.longest_head();
        if cached < needed {
            let known = self.len.get().is_some();
            self.load(0, 1, self.cache.read_size(0).max(HEAD))?;
            (_, cached) = self.cache.longest_head();
            // The source has fewer bytes than its size, and reading the next byte does not fail.
            if known && cached < needed && self.load(to_u64(cached), 1, 1).is_ok() {
                return Err(Error::changed());
            }
            (index, cached) = self.cache.longest_head();
        }
        let head = self.cache.slot(index).and_then(|slot| slot.from(self.memory, 0));
        Ok(head.and_then(|head| head.get(..cached.min(HEAD))).unwrap_or_default())
    }

    /// Returns the first [`HEAD`] bytes of `extent`. There are fewer if it is shorter, or if the member
    /// ends in it.
    pub(crate) fn head_of_extent(&mut self, extent: Extent) -> Result<&[u8]> {
        self.up_to(extent.offset, to_usize(extent.len).map_or(HEAD, |len| len.min(HEAD)))
    }

    /// Returns up to `max` bytes at `offset`: fewer only where the member ends.
    pub(crate) fn up_to(&mut self, offset: u64, max: usize) -> Result<&[u8]> {
        self.note_request(offset, max);
        if self.len.get().is_none() {
            self.probe(offset, max, 0)?;
        }
        let left = self.end().saturating_sub(offset);
        if left == 0 {
            return Ok(&[]);
        }
        let len = max.min(to_usize(left).unwrap_or(usize::MAX));
        if self.len.get().is_none() {
            return self.read("member", offset, len, Ahead::Block);
        }
        // The member has these bytes, and they are usually cached.
        let index = match self.cache.find(offset, len) {
            Some(index) => index,
            None => self.load(offset, len, len.max(self.cache.read_size(offset)))?,
        };
        let slot = self.cache.slot(index);
        let bytes = slot.and_then(|slot| slot.from(self.memory, offset)?.get(..len));
        bytes.ok_or_else(Error::changed)
    }

    /// Returns up to `max` bytes at `offset`, like [`up_to`](Window::up_to), for a caller that
    /// continues from there. If they are not cached, `ahead` bytes are read.
    pub(crate) fn read_forward(&mut self, offset: u64, max: usize, ahead: usize) -> Result<&[u8]> {
        let left = to_usize(self.end().saturating_sub(offset)).unwrap_or(usize::MAX);
        self.probe(offset, max.min(left), ahead)?;
        self.up_to(offset, max)
    }

    /// Reads `len` bytes at `offset` into the cache, or as many as are available. An error is
    /// reported by the read that needs the missing bytes.
    pub(crate) fn prefetch(&mut self, offset: u64, len: usize) -> Result<()> {
        match offset < self.end() {
            true => self.load(offset, 1, len).map(drop),
            false => Ok(()),
        }
    }

    /// Reads `len` bytes at `offset`, or as many as are available; then the length of the member
    /// becomes known. If they are not cached, `ahead` bytes are read.
    fn probe(&mut self, offset: u64, len: usize, ahead: usize) -> Result<()> {
        let prefix = self.cache.prefix(self.memory, offset, len);
        let is_cached = prefix.is_some_and(|(_, bytes)| bytes.len() == len);
        if len > 0 && !is_cached {
            self.load(offset, len, len.max(ahead))?;
        }
        Ok(())
    }

    /// Returns exactly `len` bytes of `structure` at `offset`.
    ///
    /// # Errors
    /// `truncated` if the member ends before them.
    pub(crate) fn read(
        &mut self,
        structure: &'static str,
        offset: u64,
        len: usize,
        ahead: Ahead,
    ) -> Result<&[u8]> {
        let bytes = self.read_at_least(structure, offset, len, ahead)?;
        Ok(bytes.get(..len).unwrap_or(bytes))
    }

    /// Returns at least `len` bytes of `structure` at `offset`, and all cached bytes that follow
    /// them: for a structure that contains its own length.
    ///
    /// # Errors
    /// `truncated` if the member ends before `len` bytes.
    pub(crate) fn read_at_least(
        &mut self,
        structure: &'static str,
        offset: u64,
        len: usize,
        ahead: Ahead,
    ) -> Result<&[u8]> {
        self.note_request(offset, len);
        self.check_end(structure, offset, len)?;
        let known = self.len.get().is_some();
        let index = match self.cache.find(offset, len) {
            Some(index) => index,
            None => {
                let ahead = match ahead {
                    Ahead::Nothing => 0,
                    Ahead::Block => self.cache.read_size(offset),
                    Ahead::Bytes(bytes) => bytes,
                    Ahead::BlockOr(bytes) => bytes.max(self.cache.read_size(offset)),
                };
                self.load(offset, len, len.max(ahead))?
            }
        };
        if !known {
            // The read may have reached the end.
            self.check_end(structure, offset, len)?;
        }
        let slot = self.cache.slot(index);
        let bytes =
            slot.and_then(|slot| slot.from(self.memory, offset)).filter(|bytes| bytes.len() >= len);
        bytes.ok_or_else(Error::changed)
    }

    /// Returns the longest prefix of the `max` bytes at `offset` that is cached in one block.
    pub(crate) fn cached(&mut self, offset: u64, max: usize) -> &[u8] {
        let index = match self.cache.find(offset, max) {
            Some(index) => index,
            None => {
                let prefix = self.cache.prefix(self.memory, offset, max);
                let Some((index, _)) = prefix else { return &[] };
                self.cache.touch(index);
                index
            }
        };
        let slot = self.cache.slot(index);
        let bytes = slot.and_then(|slot| slot.from(self.memory, offset)).unwrap_or_default();
        bytes.get(..max).unwrap_or(bytes)
    }

    /// Returns the cached bytes that end at the highest offset, and their offset.
    pub(crate) fn farthest(&self) -> (u64, &[u8]) {
        self.cache.farthest(self.memory)
    }

    /// Reads `len` bytes, or as many as the member has, into the least recently used block of the
    /// cache. An error after the first `needed` bytes is deferred to the read that needs the bytes
    /// that follow.
    fn load(&mut self, offset: u64, needed: usize, len: usize) -> Result<usize> {
        let left = self.end().saturating_sub(offset);
        let len = len.min(to_usize(left).unwrap_or(usize::MAX));
        charge_read(self.meter, len)?;
        let index = self.cache.evict();
        if let Some(slot) = self.cache.slot_mut(index) {
            let is_short = slot.bytes.len() < len;
            if is_short {
                self.meter.check(Limit::Allocation, to_u64(len))?;
            }
            slot.offset = offset;
            slot.used = 0;
            let (used, outcome) = match self.memory {
                Some(memory) => (from_offset(memory, offset).len().min(len), Ok(())),
                None => {
                    if is_short {
                        #[allow(clippy::disallowed_methods)]
                        // checked above, and the number of blocks is constant
                        slot.bytes.resize(len, 0);
                    }
                    fill(self.source, offset, slot.bytes.get_mut(..len).unwrap_or_default())
                }
            };
            slot.used = used;
            match outcome {
                Ok(()) => self.note_end(offset, used, len),
                Err(error) if used < needed.max(1) => return Err(error),
                Err(_) => {}
            }
        }
        Ok(index)
    }

    /// Sets the length of the member after a read that returned fewer bytes than it asked of the
    /// source.
    fn note_end(&self, offset: u64, read: usize, len: usize) {
        if self.len.get().is_none() && read < len {
            // A read beyond the end does not tell where the end is.
            let len = match read {
                0 => self.source.size().unwrap_or(UNKNOWN_SIZE),
                _ => offset.saturating_add(to_u64(read)),
            };
            self.len.set(Some(len));
        }
    }

    /// Appends `len` bytes at `offset` to `buffer`. The cached prefix is copied, the rest is read in
    /// one call. If that fails, `buffer` contains the bytes that precede the error.
    ///
    /// # Errors
    /// `truncated` if the member ends before `len` bytes.
    pub(crate) fn append(
        &mut self,
        structure: &'static str,
        offset: u64,
        len: usize,
        buffer: &mut Buffer,
    ) -> Result<()> {
        self.note_request(offset, len);
        let left = to_usize(self.end().saturating_sub(offset)).unwrap_or(usize::MAX);
        let available = len.min(left);
        let known = self.len.get().is_some();
        let meter = self.meter;
        let prefix = self.cache.prefix(self.memory, offset, available);
        let cached = prefix.map_or(&[][..], |(_, bytes)| bytes);
        let copied = cached.len();
        buffer.extend(meter, cached)?;
        let rest = available.saturating_sub(copied);
        if rest > 0 {
            let start = buffer.len();
            let room = buffer.grow(meter, rest)?;
            let offset = offset.saturating_add(to_u64(copied));
            let (read, outcome) = match charge_read(meter, rest) {
                Ok(()) => fill(self.source, offset, room),
                Err(error) => (0, Err(error)),
            };
            buffer.truncate(start.saturating_add(read));
            outcome?;
            self.note_end(offset, read, rest);
            if read < rest && known {
                return Err(Error::changed());
            }
        }
        self.check_end(structure, offset, len)
    }

    /// Returns `len` bytes at `offset` without a copy if the source is in memory. The bytes after the
    /// first `charged` are charged as [`append`](Window::append) charges them. Returns `None` and
    /// charges nothing if the bytes are not all available or the budget is too small; then `append`
    /// reports the reason.
    pub(crate) fn borrow(&self, offset: u64, len: usize, charged: usize) -> Option<&'a [u8]> {
        let bytes = from_offset(self.memory?, offset).get(..len)?;
        if offset.checked_add(to_u64(len))? > self.end() {
            return None;
        }
        let (from, new) = (offset.checked_add(to_u64(charged))?, len.checked_sub(charged)?);
        let cached = self.cache.prefix(self.memory, from, new).map_or(0, |(_, bytes)| bytes.len());
        let unread = new.saturating_sub(cached);
        let costs = [
            (Limit::Allocation, to_u64(new)),
            (Limit::BytesRead, to_u64(unread)),
            (Limit::Steps, if unread > 0 { read_steps(unread) } else { 0 }),
        ];
        if !costs.iter().all(|(limit, cost)| self.meter.has(*limit, *cost)) {
            return None;
        }
        self.note_request(from, new);
        costs.iter().try_for_each(|(limit, cost)| self.meter.charge(*limit, *cost)).ok()?;
        Some(bytes)
    }

    /// Returns whether the source changed after it was opened.
    pub(crate) fn has_changed(&self) -> bool {
        self.source.has_changed()
    }

    fn check_end(&self, structure: &'static str, offset: u64, len: usize) -> Result<()> {
        match offset.checked_add(to_u64(len)) {
            Some(end) if end <= self.end() => Ok(()),
            _ => Err(self.beyond_end(structure, offset, len)),
        }
    }

    #[cold]
    fn beyond_end(&self, structure: &'static str, offset: u64, len: usize) -> Error {
        let detail = format!("takes {len} bytes, the file has {}", self.end());
        Error::truncated(structure, offset, detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{Interrupt, Limits};
    use crate::source::counted::Counted;
    use std::cell::RefCell;
    use std::io;

    /// Returns one byte per read, and declares a larger size than it has.
    struct Dribble {
        bytes: Vec<u8>,
        declared: u64,
        reads: RefCell<Vec<(u64, usize)>>,
    }

    impl ReadAt for Dribble {
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            self.reads.borrow_mut().push((offset, buf.len()));
            let len = buf.len().min(1);
            self.bytes.read_at(offset, &mut buf[..len])
        }

        fn size(&self) -> io::Result<u64> {
            Ok(self.declared)
        }
    }

    #[test]
    fn short_reads_are_continued_and_a_short_file_has_changed() {
        let source =
            Dribble { bytes: (0..=255).collect(), declared: 300, reads: RefCell::default() };
        let meter = Meter::new(Limits::default(), Interrupt::default());
        let mut cache = Cache::new(512, 512);
        let mut window = Window::new(&source, &mut cache, &meter).unwrap();
        assert_eq!(window.read("head", 10, 4, Ahead::Block).unwrap(), [10, 11, 12, 13]);
        let error = window.read("tail", 250, 10, Ahead::Block).unwrap_err();
        assert_eq!(error.code().as_str(), "changed-while-reading");
        let error = window.read("tail", 295, 10, Ahead::Block).unwrap_err();
        assert_eq!(error.code().as_str(), "truncated");
    }

    #[test]
    fn cached_bytes_are_not_read_again() {
        let bytes: Vec<u8> = (0..4096u32).map(|n| n.to_le_bytes()[0]).collect();
        let source = Counted::new(bytes);
        let meter = Meter::new(Limits::default(), Interrupt::default());
        let mut cache = Cache::new(1024, 512);
        let mut window = Window::new(&source, &mut cache, &meter).unwrap();
        window.read("first", 0, 10, Ahead::Block).unwrap();
        window.read("inside", 100, 900, Ahead::Block).unwrap();
        window.read("ahead", 2000, 8, Ahead::Block).unwrap();
        window.read("ahead", 2400, 100, Ahead::Block).unwrap();
        window.read("alone", 3000, 16, Ahead::Nothing).unwrap();
        assert_eq!(*source.reads.borrow(), [(0, 1024), (2000, 512), (3000, 16)]);
    }
}
