//! [`TwoPassReader`]: random access to compressed bytes of any length in two forward passes.
//!
//! The first pass stores the start, the end, and the bytes around each marker. These serve nearly
//! all reads. Other reads are served by a second pass, which only moves forward. A read that would
//! need a third pass fails with `limit-spool`.

use std::cell::RefCell;
use std::fmt;
use std::io;

use crate::bytes::{to_u64, to_usize};
use crate::container::pdf::layout::{
    KEPT_BEFORE, KEPT_HEAD, KEPT_MARKED, KEPT_RECENT, KEPT_TAIL, MARKERS, PIECE,
};
use crate::container::pdf::syntax::flate::{CompressedSource, Inflate};
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};
use crate::source::{Extent, LookbehindBuffer, ReadAt};

/// The decoded bytes of a compressed stream.
pub(crate) struct TwoPassReader<'a> {
    source: &'a dyn ReadAt,
    meter: &'a Meter<'a>,
    /// The compressed bytes.
    extent: Extent,
    head: LookbehindBuffer,
    tail: LookbehindBuffer,
    /// The bytes around markers.
    marked: Vec<LookbehindBuffer>,
    /// The length of the decoded bytes.
    size: u64,
    /// The damage that ended the first pass.
    fault: Option<Error>,
    second: RefCell<Option<SecondPass<'a>>>,
}

/// The state of the second pass.
struct SecondPass<'a> {
    inflate: Inflate,
    input: CompressedInput<'a>,
    recent: LookbehindBuffer,
    piece: Vec<u8>,
}

impl fmt::Debug for TwoPassReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwoPassReader").field("size", &self.size).finish_non_exhaustive()
    }
}

/// The compressed bytes. Each read is charged.
struct CompressedInput<'a> {
    source: &'a dyn ReadAt,
    meter: &'a Meter<'a>,
    /// The bytes of the last read.
    run: LookbehindBuffer,
}

impl CompressedSource for CompressedInput<'_> {
    fn bytes(&mut self, at: u64, max: usize) -> Result<&[u8]> {
        if self.run.from(at).is_none() {
            self.meter.charge(Limit::BytesRead, to_u64(max))?;
            #[allow(clippy::disallowed_methods)] // at most PIECE
            self.run.bytes.resize(max, 0);
            let read = loop {
                match self.source.read_at(at, &mut self.run.bytes) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read.map_err(Error::io),
                }
            };
            self.run.bytes.truncate(*read.as_ref().unwrap_or(&0));
            self.run.offset = at;
            read?;
        }
        Ok(self.run.from(at).unwrap_or_default())
    }
}

impl<'a> TwoPassReader<'a> {
    /// Makes the first pass over the zlib stream in `extent`, which may end before `extent` does.
    /// Damage ends the stream, and the bytes before the damage can be read.
    pub(crate) fn new(
        source: &'a dyn ReadAt,
        meter: &'a Meter<'a>,
        extent: Extent,
    ) -> Result<TwoPassReader<'a>> {
        let mut reader = TwoPassReader {
            source,
            meter,
            extent,
            head: LookbehindBuffer::default(),
            tail: LookbehindBuffer::default(),
            marked: Vec::new(),
            size: 0,
            fault: None,
            second: RefCell::new(None),
        };
        // The buffers and decoders of both passes.
        meter.charge(Limit::Allocation, 2_097_152)?;
        let mut inflate = Inflate::new(extent.offset, extent.end());
        let mut input = CompressedInput { source, meter, run: LookbehindBuffer::default() };
        let mut piece = vec![0; PIECE];
        loop {
            match inflate.read(&mut piece, meter, &mut input) {
                Ok(0) => break,
                Ok(read) => reader.keep(piece.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == crate::error::ErrorKind::Malformed => {
                    // The bytes of the piece before the damage are valid.
                    let more = to_usize(inflate.given().saturating_sub(reader.size));
                    reader.keep(piece.get(..more.unwrap_or_default()).unwrap_or_default());
                    reader.fault = Some(error);
                    break;
                }
                Err(error) => return Err(error),
            }
            meter.charge(Limit::Steps, to_u64(PIECE))?;
        }
        reader.tail.keep_last(KEPT_TAIL);
        reader.tail.bytes.shrink_to_fit();
        Ok(reader)
    }

    /// Returns the damage that ended the first pass before the end of the stream.
    pub(crate) fn fault(&self) -> Option<Error> {
        self.fault.clone()
    }

    /// Stores the parts of the next decoded piece that are kept.
    fn keep(&mut self, piece: &[u8]) {
        let room = KEPT_HEAD.saturating_sub(self.head.bytes.len()).min(piece.len());
        #[allow(clippy::disallowed_methods)] // at most KEPT_HEAD
        self.head.bytes.extend_from_slice(piece.get(..room).unwrap_or_default());
        let before = self.size;
        self.tail.append(piece, KEPT_TAIL);
        self.size = self.size.saturating_add(to_u64(piece.len()));
        self.keep_marked(piece, before);
    }

    /// Stores the bytes around a marker, up to the end of its object.
    fn keep_marked(&mut self, piece: &[u8], piece_at: u64) {
        let kept =
            self.marked.iter().fold(0, |sum: usize, run| sum.saturating_add(run.bytes.len()));
        let mut room = KEPT_MARKED.saturating_sub(kept);
        let is_open = |run: &&mut LookbehindBuffer| run.end() == piece_at && !has_ended(&run.bytes);
        if let Some(run) = self.marked.last_mut().filter(is_open) {
            let len = object_end(piece).min(room);
            #[allow(clippy::disallowed_methods)] // at most KEPT_MARKED in all
            run.bytes.extend_from_slice(piece.get(..len).unwrap_or_default());
            room = room.saturating_sub(len);
        }
        // A marker may begin in the previous piece.
        let longest = MARKERS.iter().map(|marker| marker.len()).max().unwrap_or_default();
        let from = piece_at.saturating_sub(to_u64(longest)).max(self.marked_end());
        let Some(recent) = self.tail.from(from) else { return };
        let found = MARKERS.iter().filter_map(|marker| memchr::memmem::find(recent, marker)).min();
        let Some(found) = found.map(|found| from.saturating_add(to_u64(found))) else { return };
        let start = found.saturating_sub(to_u64(KEPT_BEFORE)).max(self.tail.offset);
        let Some(bytes) = self.tail.from(start) else { return };
        let before = to_usize(found.saturating_sub(start)).unwrap_or_default();
        let after = bytes.get(before..).unwrap_or_default();
        let len = before.saturating_add(object_end(after)).min(room);
        if len > before {
            let bytes = bytes.get(..len).unwrap_or_default().to_vec();
            self.marked.push(LookbehindBuffer { offset: start, bytes });
        }
    }

    fn marked_end(&self) -> u64 {
        self.marked.last().map_or(0, LookbehindBuffer::end)
    }

    /// Reads from `offset` on by the second pass.
    fn read_second_pass(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let mut second = self.second.borrow_mut();
        let second = second.get_or_insert_with(|| SecondPass {
            inflate: Inflate::new(self.extent.offset, self.extent.end()),
            input: CompressedInput {
                source: self.source,
                meter: self.meter,
                run: LookbehindBuffer::default(),
            },
            recent: LookbehindBuffer::default(),
            piece: vec![0; PIECE],
        });
        if offset < second.recent.offset {
            return Err(Limit::Spool.error(to_u64(KEPT_RECENT)));
        }
        while second.recent.end() <= offset {
            let read = second.inflate.read(&mut second.piece, self.meter, &mut second.input)?;
            if read == 0 {
                return Err(Error::changed());
            }
            second.recent.append(second.piece.get(..read).unwrap_or_default(), KEPT_RECENT);
        }
        Ok(second.recent.from(offset).map_or(0, |bytes| copy(bytes, buf)))
    }
}

/// Returns the end of the object at the start of `bytes`, or the length of `bytes`.
fn object_end(bytes: &[u8]) -> usize {
    const END: &[u8] = b"endobj";
    memchr::memmem::find(bytes, END).map_or(bytes.len(), |at| at.saturating_add(END.len()))
}

/// Returns whether the object at the end of `bytes` is complete.
fn has_ended(bytes: &[u8]) -> bool {
    bytes.ends_with(b"endobj")
}

/// Copies the bytes that fit, and returns their number.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
        to.copy_from_slice(from);
    }
    len
}

impl ReadAt for TwoPassReader<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if offset >= self.size {
            return Ok(0);
        }
        let runs = [&self.tail, &self.head].into_iter().chain(&self.marked);
        let most = runs.filter_map(|run| run.from(offset)).max_by_key(|bytes| bytes.len());
        match most {
            Some(bytes) => Ok(copy(bytes, buf)),
            None => self.read_second_pass(offset, buf).map_err(io::Error::other),
        }
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}
