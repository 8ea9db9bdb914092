//! The only caller of [`ReadAt`]: a few cached blocks for structures, and exact reads for bulk.

use std::cell::Cell;
use std::io;

use super::{ReadAt, UNKNOWN_SIZE};
use crate::bytes::{Buffer, from_offset, narrow, wide};
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};

/// Blocks that a cache holds. A compound file needs its header, directory and FAT at hand.
const SLOTS: usize = 4;
/// First bytes of a member by which it is known.
const HEAD: usize = 4096;
/// Decoded bytes at a time.
const PIECE: usize = 4096;
/// Steps of one read, whatever its length: a system call takes about a microsecond.
const READ_STEPS: u64 = 48;

/// The memory behind a [`Window`], kept by its worker from file to file.
#[derive(Debug)]
pub(crate) struct Cache {
    /// How many bytes the first read of a member takes.
    first_read: usize,
    /// How many bytes later reads of structures take at least.
    block: usize,
    slots: [Slot; SLOTS],
    /// Counts what was asked for, so that what nobody asked for longest is overwritten first.
    clock: u64,
    /// Whether the next window is over the same bytes.
    is_kept: bool,
    /// Room for decoded bytes, once it was asked for.
    piece: Vec<u8>,
}

#[derive(Debug, Default)]
struct Slot {
    offset: u64,
    used: usize,
    asked: u64,
    bytes: Vec<u8>,
}

impl Slot {
    /// Behind its last byte.
    fn end(&self) -> u64 {
        self.offset.saturating_add(wide(self.used))
    }

    /// What was read into it; of a source in memory, the place there that was to be read.
    fn bytes<'s>(&'s self, lent: Option<&'s [u8]>) -> &'s [u8] {
        let bytes = match lent {
            Some(lent) => from_offset(lent, self.offset),
            None => &self.bytes,
        };
        bytes.get(..self.used).unwrap_or_default()
    }

    /// The `len` bytes at `offset`, where this slot has them all.
    fn find<'s>(&'s self, lent: Option<&'s [u8]>, offset: u64, len: usize) -> Option<&'s [u8]> {
        self.rest_at(lent, offset)?.get(..len)
    }

    /// All that this slot has from `offset` on.
    fn rest_at<'s>(&'s self, lent: Option<&'s [u8]>, offset: u64) -> Option<&'s [u8]> {
        let start = narrow(offset.checked_sub(self.offset)?)?;
        self.bytes(lent).get(start..)
    }

    /// The first of the `len` bytes at `offset`, as many as this slot has.
    fn find_some<'s>(
        &'s self,
        lent: Option<&'s [u8]>,
        offset: u64,
        len: usize,
    ) -> Option<&'s [u8]> {
        let rest = self.rest_at(lent, offset)?;
        rest.get(..len.min(rest.len()))
    }
}

impl Cache {
    /// A cache whose reads have these sizes; both are at least 512 bytes.
    pub(crate) fn new(first_read: usize, block: usize) -> Cache {
        Cache {
            first_read: first_read.max(512),
            block: block.max(512),
            slots: Default::default(),
            clock: 0,
            is_kept: false,
            piece: Vec::new(),
        }
    }

    /// The next window is over the same bytes: what was read of them stays.
    pub(crate) fn keep(&mut self) {
        self.is_kept = true;
    }

    /// The next window is over other bytes.
    pub(crate) fn forget(&mut self) {
        self.is_kept = false;
        for slot in &mut self.slots {
            slot.used = 0;
            slot.asked = 0;
        }
        self.clock = 0;
    }

    /// How many bytes a read of structures at `offset` takes at least.
    fn ahead(&self, offset: u64) -> usize {
        if offset == 0 { self.first_read } else { self.block }
    }

    /// The slot that has these bytes.
    fn find(&mut self, offset: u64, len: usize) -> Option<usize> {
        let end = offset.checked_add(wide(len))?;
        let index =
            self.slots.iter().position(|slot| slot.offset <= offset && end <= slot.end())?;
        self.ask(index);
        Some(index)
    }

    /// The slot that has most of the first bytes, and how many: none has them that begins elsewhere.
    fn begin(&self) -> (usize, usize) {
        let mut longest = (0, 0);
        for (index, slot) in self.slots.iter().enumerate() {
            if slot.offset == 0 && slot.used > longest.1 {
                longest = (index, slot.used);
            }
        }
        longest
    }

    fn ask(&mut self, index: usize) {
        self.clock = self.clock.saturating_add(1);
        if let Some(slot) = self.slots.get_mut(index) {
            slot.asked = self.clock;
        }
    }

    /// The slot to be overwritten next.
    fn oldest(&self) -> usize {
        let slots = self.slots.iter().enumerate();
        slots.min_by_key(|(_, slot)| slot.asked).map_or(0, |(index, _)| index)
    }
}

/// A bounded view of one member's bytes, charged for what it reads.
pub(crate) struct Window<'a> {
    source: &'a dyn ReadAt,
    /// Its bytes, if they are in memory.
    lent: Option<&'a [u8]>,
    /// How many bytes the member has, once somebody knows.
    len: Cell<Option<u64>>,
    /// The end of the farthest bytes that were asked for, whatever was read ahead of them.
    asked: Cell<u64>,
    cache: &'a mut Cache,
    meter: &'a Meter<'a>,
}

impl<'a> Window<'a> {
    /// A view of all of `source`.
    pub(crate) fn new(
        source: &'a dyn ReadAt,
        cache: &'a mut Cache,
        meter: &'a Meter<'a>,
    ) -> Result<Window<'a>> {
        let len = match source.is_sized() {
            true => Some(source.size().map_err(Error::io)?),
            false => None,
        };
        if !std::mem::take(&mut cache.is_kept) {
            cache.forget();
        }
        // Of a size that the source gives everybody knows.
        let asked = Cell::new(if len.is_some() { u64::MAX } else { 0 });
        let lent = source.in_memory();
        Ok(Window { source, lent, len: Cell::new(len), asked, cache, meter })
    }

    /// How many bytes the member has. An encoded member of unknown length is decoded to its end
    /// for that; where it cannot be, the answer is beyond any end, and reading there says why.
    pub(crate) fn len(&self) -> u64 {
        self.asked.set(u64::MAX);
        if let Some(len) = self.len.get() {
            return len;
        }
        let len = self.source.size().unwrap_or(UNKNOWN_SIZE);
        self.len.set(Some(len));
        len
    }

    /// How many bytes the member has, if nothing has to be decoded to tell: the source says so, or
    /// somebody has asked for bytes behind its end. That the end came into sight because more was
    /// read than asked for does not count, or the answer would depend on the size of blocks.
    pub(crate) fn known_len(&self) -> Option<u64> {
        self.len.get().filter(|len| *len < UNKNOWN_SIZE && *len < self.asked.get())
    }

    fn ask(&self, offset: u64, len: usize) {
        self.asked.set(self.asked.get().max(offset.saturating_add(wide(len))));
    }

    /// No byte of the member lies behind this.
    fn end(&self) -> u64 {
        self.len.get().unwrap_or(UNKNOWN_SIZE)
    }

    /// Lends room for [`PIECE`] decoded bytes; what is in it has no meaning.
    pub(crate) fn with_piece<T>(&mut self, work: impl FnOnce(&mut Self, &mut [u8]) -> T) -> T {
        let mut piece = std::mem::take(&mut self.cache.piece);
        #[allow(clippy::disallowed_methods)] // a constant
        piece.resize(PIECE, 0);
        let done = work(self, &mut piece);
        self.cache.piece = piece;
        done
    }

    /// What the reading is charged to.
    pub(crate) fn meter(&self) -> &'a Meter<'a> {
        self.meter
    }

    /// The source itself, for a decoder that is charged in its own way.
    pub(crate) fn source(&self) -> &'a dyn ReadAt {
        self.source
    }

    /// The member's first bytes: [`HEAD`] of them, or those that it has, whatever a first read
    /// takes. Of one that cannot be decoded that far there are fewer.
    pub(crate) fn head(&mut self) -> Result<&[u8]> {
        self.ask(0, HEAD);
        let needed = narrow(self.end()).map_or(HEAD, |end| end.min(HEAD));
        let (mut index, mut there) = self.cache.begin();
        if there < needed {
            let known = self.len.get().is_some();
            self.load(0, 1, self.cache.first_read.max(HEAD))?;
            (_, there) = self.cache.begin();
            // Less than its size had promised, and nothing is wrong with the next byte.
            if known && there < needed && self.load(wide(there), 1, 1).is_ok() {
                return Err(Error::changed());
            }
            (index, there) = self.cache.begin();
        }
        let slot = self.cache.slots.get(index);
        let begin = slot.and_then(|slot| slot.bytes(self.lent).get(..there.min(HEAD)));
        Ok(begin.unwrap_or_default())
    }

    /// Up to `max` bytes at `offset`: fewer only where the member ends.
    pub(crate) fn up_to(&mut self, offset: u64, max: usize) -> Result<&[u8]> {
        self.ask(offset, max);
        if self.len.get().is_none() {
            self.probe(offset, max, 0)?;
        }
        let left = self.end().saturating_sub(offset);
        if left == 0 {
            return Ok(&[]);
        }
        let len = max.min(narrow(left).unwrap_or(usize::MAX));
        if self.len.get().is_none() {
            return self.block("member", offset, len);
        }
        // They are there, and mostly at hand.
        let index = match self.cache.find(offset, len) {
            Some(index) => index,
            None => self.load(offset, len, len.max(self.cache.ahead(offset)))?,
        };
        let slot = self.cache.slots.get(index);
        slot.and_then(|slot| slot.find(self.lent, offset, len)).ok_or_else(Error::changed)
    }

    /// The same for a format that goes on from there: where they are not cached, `ahead` bytes are
    /// read, if there are so many.
    pub(crate) fn on_the_way(&mut self, offset: u64, max: usize, ahead: usize) -> Result<&[u8]> {
        let left = narrow(self.end().saturating_sub(offset)).unwrap_or(usize::MAX);
        self.probe(offset, max.min(left), ahead)?;
        self.up_to(offset, max)
    }

    /// Reads `len` bytes that are not cached, or what is to be had of them, for who asks for parts of
    /// them then and hears there what is wrong.
    pub(crate) fn bring(&mut self, offset: u64, len: usize) -> Result<()> {
        match offset < self.end() {
            true => self.load(offset, 1, len).map(drop),
            false => Ok(()),
        }
    }

    /// Reads what is to be had of `len` bytes at `offset`; where that is less, the member's length
    /// is known from then on. Where they are not cached, `ahead` bytes are read.
    fn probe(&mut self, offset: u64, len: usize, ahead: usize) -> Result<()> {
        let is_cached =
            self.cache.slots.iter().any(|slot| slot.find(self.lent, offset, len).is_some());
        if len > 0 && !is_cached {
            self.load(offset, len, len.max(ahead))?;
        }
        Ok(())
    }

    /// Exactly `len` bytes of `structure` at `offset`, with a block read ahead where they are not
    /// cached.
    pub(crate) fn block(
        &mut self,
        structure: &'static str,
        offset: u64,
        len: usize,
    ) -> Result<&[u8]> {
        self.ahead(structure, offset, len, self.cache.ahead(offset))
    }

    /// The same, and what is cached behind them in one piece: for a structure that says itself how
    /// long it is. `ahead` bytes are read if that is more than a block, for one of many.
    pub(crate) fn block_or_more(
        &mut self,
        structure: &'static str,
        offset: u64,
        len: usize,
        ahead: usize,
    ) -> Result<&[u8]> {
        self.ahead_or_more(structure, offset, len, ahead.max(self.cache.ahead(offset)))
    }

    /// Exactly `len` bytes of `structure` at `offset`, and not one more where they are not cached:
    /// for a structure whose neighbours nobody will ask for.
    pub(crate) fn exact(
        &mut self,
        structure: &'static str,
        offset: u64,
        len: usize,
    ) -> Result<&[u8]> {
        self.ahead(structure, offset, len, 0)
    }

    /// The bytes, if they are cached.
    pub(crate) fn cached(&mut self, offset: u64, len: usize) -> Option<&[u8]> {
        let index = self.cache.find(offset, len)?;
        self.cache.slots.get(index)?.find(self.lent, offset, len)
    }

    /// The first of the `len` bytes, as many as are cached in one piece.
    pub(crate) fn cached_some(&self, offset: u64, len: usize) -> &[u8] {
        let found =
            self.cache.slots.iter().filter_map(|slot| slot.find_some(self.lent, offset, len));
        found.max_by_key(|bytes| bytes.len()).unwrap_or_default()
    }

    /// The farthest of what is cached, and where it begins.
    pub(crate) fn farthest(&self) -> (u64, &[u8]) {
        let slots = self.cache.slots.iter().map(|slot| (slot.offset, slot.bytes(self.lent)));
        let slots = slots.filter(|(_, used)| !used.is_empty());
        slots.max_by_key(|(at, used)| at.saturating_add(wide(used.len()))).unwrap_or_default()
    }

    /// Exactly `len` bytes of `structure` at `offset`, with up to `ahead` bytes read from there
    /// where they are not cached.
    pub(crate) fn ahead(
        &mut self,
        structure: &'static str,
        offset: u64,
        len: usize,
        ahead: usize,
    ) -> Result<&[u8]> {
        let bytes = self.ahead_or_more(structure, offset, len, ahead)?;
        Ok(bytes.get(..len).unwrap_or(bytes))
    }

    /// The same, and what is cached behind them in one piece.
    pub(crate) fn ahead_or_more(
        &mut self,
        structure: &'static str,
        offset: u64,
        len: usize,
        ahead: usize,
    ) -> Result<&[u8]> {
        self.ask(offset, len);
        self.bound(structure, offset, len)?;
        let known = self.len.get().is_some();
        let index = match self.cache.find(offset, len) {
            Some(index) => index,
            None => self.load(offset, len, len.max(ahead))?,
        };
        if !known {
            // The end may have come into sight.
            self.bound(structure, offset, len)?;
        }
        let slot = self.cache.slots.get(index);
        let bytes = slot
            .and_then(|slot| slot.rest_at(self.lent, offset))
            .filter(|bytes| bytes.len() >= len);
        bytes.ok_or_else(Error::changed)
    }

    /// Reads `len` bytes, or what the member has of them, into the slot that nobody asked for
    /// longest. What goes wrong behind the first `needed` goes wrong again for who needs that.
    fn load(&mut self, offset: u64, needed: usize, len: usize) -> Result<usize> {
        let left = self.end().saturating_sub(offset);
        let len = len.min(narrow(left).unwrap_or(usize::MAX));
        charge_read(self.meter, len)?;
        let index = self.cache.oldest();
        self.cache.ask(index);
        if let Some(slot) = self.cache.slots.get_mut(index) {
            let is_short = slot.bytes.len() < len;
            if is_short {
                self.meter.check(Limit::Allocation, wide(len))?;
            }
            slot.offset = offset;
            slot.used = 0;
            let (used, outcome) = match self.lent {
                Some(lent) => (from_offset(lent, offset).len().min(len), Ok(())),
                None => {
                    if is_short {
                        #[allow(clippy::disallowed_methods)]
                        // checked above, and there are as many slots as `Cache::new` made
                        slot.bytes.resize(len, 0);
                    }
                    fill(self.source, offset, slot.bytes.get_mut(..len).unwrap_or_default())
                }
            };
            slot.used = used;
            match outcome {
                Ok(()) => self.sight(offset, used, len),
                Err(error) if used < needed.max(1) => return Err(error),
                Err(_) => {}
            }
        }
        Ok(index)
    }

    /// A read that came short shows the end of a member whose length was not known.
    fn sight(&self, offset: u64, read: usize, asked: usize) {
        if self.len.get().is_none() && read < asked {
            // Behind the end nothing shows how far back it lies.
            let len = match read {
                0 => self.source.size().unwrap_or(UNKNOWN_SIZE),
                _ => offset.saturating_add(wide(read)),
            };
            self.len.set(Some(len));
        }
    }

    /// Appends `len` bytes from `offset` to `buffer`: what is cached of their beginning is copied,
    /// the rest read in one call. What was read stays in `buffer` when the rest cannot be.
    pub(crate) fn append(
        &mut self,
        structure: &'static str,
        offset: u64,
        len: usize,
        buffer: &mut Buffer,
    ) -> Result<()> {
        self.ask(offset, len);
        let left = narrow(self.end().saturating_sub(offset)).unwrap_or(usize::MAX);
        let there = len.min(left);
        let known = self.len.get().is_some();
        let meter = self.meter;
        let cached = self.cached_some(offset, there);
        let copied = cached.len();
        buffer.extend(meter, cached)?;
        let rest = there.saturating_sub(copied);
        if rest > 0 {
            let start = buffer.len();
            let room = buffer.grow(meter, rest)?;
            let offset = offset.saturating_add(wide(copied));
            let (read, outcome) = match charge_read(meter, rest) {
                Ok(()) => fill(self.source, offset, room),
                Err(error) => (0, Err(error)),
            };
            buffer.truncate(start.saturating_add(read));
            outcome?;
            self.sight(offset, read, rest);
            if read < rest && known {
                return Err(Error::changed());
            }
        }
        self.bound(structure, offset, len)
    }

    /// The `len` bytes at `offset` where they lie, of a source in memory. Those behind the first
    /// `had` are charged as [`append`](Window::append) charges them. `None`, and nothing charged,
    /// where they are not all to be had; that one says why.
    pub(crate) fn lend(&self, offset: u64, len: usize, had: usize) -> Option<&'a [u8]> {
        let bytes = from_offset(self.lent?, offset).get(..len)?;
        if offset.checked_add(wide(len))? > self.end() {
            return None;
        }
        let (from, new) = (offset.checked_add(wide(had))?, len.checked_sub(had)?);
        let unread = new.saturating_sub(self.cached_some(from, new).len());
        let costs = [
            (Limit::Allocation, wide(new)),
            (Limit::BytesRead, wide(unread)),
            (Limit::Steps, if unread > 0 { read_steps(unread) } else { 0 }),
        ];
        if !costs.iter().all(|(limit, cost)| self.meter.has(*limit, *cost)) {
            return None;
        }
        self.ask(from, new);
        costs.iter().try_for_each(|(limit, cost)| self.meter.charge(*limit, *cost)).ok()?;
        Some(bytes)
    }

    /// Whether the bytes are no longer the ones that were opened.
    pub(crate) fn has_changed(&self) -> bool {
        self.source.has_changed()
    }

    fn bound(&self, structure: &'static str, offset: u64, len: usize) -> Result<()> {
        match offset.checked_add(wide(len)) {
            Some(end) if end <= self.end() => Ok(()),
            _ => Err(self.beyond(structure, offset, len)),
        }
    }

    #[cold]
    fn beyond(&self, structure: &'static str, offset: u64, len: usize) -> Error {
        let detail = format!("takes {len} bytes, the file has {}", self.end());
        Error::truncated(structure, offset, detail)
    }
}

/// Charges one read of `len` bytes: the bytes, and as steps the time of the call and of copying.
/// Without the steps, a chain that jumps between the sectors of a large table costs a read for each
/// charged sector.
#[inline]
pub(crate) fn charge_read(meter: &Meter, len: usize) -> Result<()> {
    meter.charge(Limit::BytesRead, wide(len))?;
    meter.charge(Limit::Steps, read_steps(len))
}

fn read_steps(len: usize) -> u64 {
    READ_STEPS.saturating_add(wide(len).wrapping_shr(6))
}

/// Reads until `buf` is full or the source ends; how much was read before that, or before an error.
pub(crate) fn fill(source: &dyn ReadAt, offset: u64, buf: &mut [u8]) -> (usize, Result<()>) {
    let mut done: usize = 0;
    while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match source.read_at(offset.saturating_add(wide(done)), rest) {
            Ok(0) => break,
            Ok(read) => done = done.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (done, Err(Error::io(error))),
        }
    }
    (done, Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{Cancel, Limits};
    use crate::source::counted::Counted;
    use std::cell::RefCell;
    use std::io;

    /// Gives one byte a read, and promises more than it has.
    struct Dribble {
        bytes: Vec<u8>,
        promised: u64,
        reads: RefCell<Vec<(u64, usize)>>,
    }

    impl ReadAt for Dribble {
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            self.reads.borrow_mut().push((offset, buf.len()));
            let len = buf.len().min(1);
            self.bytes.read_at(offset, &mut buf[..len])
        }

        fn size(&self) -> io::Result<u64> {
            Ok(self.promised)
        }
    }

    #[test]
    fn short_reads_are_continued_and_a_short_file_has_changed() {
        let source =
            Dribble { bytes: (0..=255).collect(), promised: 300, reads: RefCell::default() };
        let meter = Meter::new(Limits::default(), Cancel::default());
        let mut cache = Cache::new(512, 512);
        let mut window = Window::new(&source, &mut cache, &meter).unwrap();
        assert_eq!(window.block("head", 10, 4).unwrap(), [10, 11, 12, 13]);
        let error = window.block("tail", 250, 10).unwrap_err();
        assert_eq!(error.code().as_str(), "changed-while-reading");
        let error = window.block("tail", 295, 10).unwrap_err();
        assert_eq!(error.code().as_str(), "truncated");
    }

    #[test]
    fn what_is_cached_is_not_read_again() {
        let bytes: Vec<u8> = (0..4096u32).map(|n| n.to_le_bytes()[0]).collect();
        let source = Counted::new(bytes);
        let meter = Meter::new(Limits::default(), Cancel::default());
        let mut cache = Cache::new(1024, 512);
        let mut window = Window::new(&source, &mut cache, &meter).unwrap();
        window.block("first", 0, 10).unwrap();
        window.block("inside", 100, 900).unwrap();
        window.block("ahead", 2000, 8).unwrap();
        window.block("ahead", 2400, 100).unwrap();
        window.exact("alone", 3000, 16).unwrap();
        assert_eq!(*source.reads.borrow(), [(0, 1024), (2000, 512), (3000, 16)]);
    }
}
