//! [`Replay`]: random access to compressed bytes of any length in two forward passes.
//!
//! The first pass keeps the beginning, the end, and what stands around a mention of the handler,
//! which is nearly always all that is asked for. For the rest there is one more pass, which only
//! goes forward. What would need a third one cannot be read (`limit-spool`).

use std::cell::RefCell;
use std::fmt;
use std::io;

use crate::bytes::{to_u64, to_usize};
use crate::container::pdf::layout::{
    KEPT_BEFORE, KEPT_BEHIND, KEPT_HEAD, KEPT_MENTIONED, KEPT_TAIL, MARKERS, PIECE,
};
use crate::container::pdf::syntax::flate::{CompressedSource, Inflate};
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};
use crate::source::{Extent, LookbehindBuffer, ReadAt};

/// The decoded bytes of a compressed stream.
pub(crate) struct TwoPassReader<'a> {
    source: &'a dyn ReadAt,
    meter: &'a Meter<'a>,
    extent: Extent,
    head: LookbehindBuffer,
    tail: LookbehindBuffer,
    mentioned: Vec<LookbehindBuffer>,
    size: u64,
    fault: Option<Error>,
    second: RefCell<Option<SecondPass<'a>>>,
}

struct SecondPass<'a> {
    inflate: Inflate,
    input: CompressedInput<'a>,
    behind: LookbehindBuffer,
    piece: Vec<u8>,
}

impl fmt::Debug for TwoPassReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("size", &self.size).finish_non_exhaustive()
    }
}

/// The compressed bytes, charged for when they are read.
struct CompressedInput<'a> {
    source: &'a dyn ReadAt,
    meter: &'a Meter<'a>,
    /// What was read last.
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
    /// Makes the first pass over the zlib stream in `extent`; its end may lie before that of
    /// `extent`. Damage inside ends it, and what came before can be read.
    pub(crate) fn new(
        source: &'a dyn ReadAt,
        meter: &'a Meter<'a>,
        extent: Extent,
    ) -> Result<TwoPassReader<'a>> {
        let mut replay = TwoPassReader {
            source,
            meter,
            extent,
            head: LookbehindBuffer::default(),
            tail: LookbehindBuffer::default(),
            mentioned: Vec::new(),
            size: 0,
            fault: None,
            second: RefCell::new(None),
        };
        // Both passes, their pieces and both states of the decoder.
        meter.charge(Limit::Allocation, 2_097_152)?;
        let mut inflate = Inflate::new(extent.offset, extent.end());
        let mut input = CompressedInput { source, meter, run: LookbehindBuffer::default() };
        let mut piece = vec![0; PIECE];
        loop {
            match inflate.read(&mut piece, meter, &mut input) {
                Ok(0) => break,
                Ok(read) => replay.keep(piece.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == crate::error::ErrorKind::Malformed => {
                    // What the piece holds up to the damage counts too.
                    let more = to_usize(inflate.given().saturating_sub(replay.size));
                    replay.keep(piece.get(..more.unwrap_or_default()).unwrap_or_default());
                    replay.fault = Some(error);
                    break;
                }
                Err(error) => return Err(error),
            }
            meter.charge(Limit::Steps, to_u64(PIECE))?;
        }
        replay.tail.keep_last(KEPT_TAIL);
        replay.tail.bytes.shrink_to_fit();
        Ok(replay)
    }

    /// What ended the first pass before the end of the stream.
    pub(crate) fn fault(&self) -> Option<Error> {
        self.fault.clone()
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = KEPT_HEAD.saturating_sub(self.head.bytes.len()).min(piece.len());
        #[allow(clippy::disallowed_methods)] // at most KEPT_HEAD
        self.head.bytes.extend_from_slice(piece.get(..room).unwrap_or_default());
        let before = self.size;
        self.tail.append(piece, KEPT_TAIL);
        self.size = self.size.saturating_add(to_u64(piece.len()));
        self.keep_mentioned(piece, before);
    }

    /// Keeps what follows a mention of the handler, up to the end of its object.
    fn keep_mentioned(&mut self, piece: &[u8], piece_at: u64) {
        let kept =
            self.mentioned.iter().fold(0, |sum: usize, run| sum.saturating_add(run.bytes.len()));
        let mut room = KEPT_MENTIONED.saturating_sub(kept);
        let is_open = |run: &&mut LookbehindBuffer| run.end() == piece_at && !has_ended(&run.bytes);
        if let Some(run) = self.mentioned.last_mut().filter(is_open) {
            let len = object_end(piece).min(room);
            #[allow(clippy::disallowed_methods)] // at most KEPT_MENTIONED in all
            run.bytes.extend_from_slice(piece.get(..len).unwrap_or_default());
            room = room.saturating_sub(len);
        }
        // A mention may begin in the piece before.
        let longest = MARKERS.iter().map(|marker| marker.len()).max().unwrap_or_default();
        let from = piece_at.saturating_sub(to_u64(longest)).max(self.mentioned_end());
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
            self.mentioned.push(LookbehindBuffer { offset: start, bytes });
        }
    }

    fn mentioned_end(&self) -> u64 {
        self.mentioned.last().map_or(0, LookbehindBuffer::end)
    }

    /// The bytes from `offset` on that the second pass has or comes to.
    fn again(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let mut second = self.second.borrow_mut();
        let second = second.get_or_insert_with(|| SecondPass {
            inflate: Inflate::new(self.extent.offset, self.extent.end()),
            input: CompressedInput {
                source: self.source,
                meter: self.meter,
                run: LookbehindBuffer::default(),
            },
            behind: LookbehindBuffer::default(),
            piece: vec![0; PIECE],
        });
        if offset < second.behind.offset {
            return Err(Limit::Spool.error(to_u64(KEPT_BEHIND)));
        }
        while second.behind.end() <= offset {
            let read = second.inflate.read(&mut second.piece, self.meter, &mut second.input)?;
            if read == 0 {
                return Err(Error::changed());
            }
            second.behind.append(second.piece.get(..read).unwrap_or_default(), KEPT_BEHIND);
        }
        Ok(second.behind.from(offset).map_or(0, |bytes| copy(bytes, buf)))
    }
}

/// Where the object ends that `bytes` are the inside of, or their own end.
fn object_end(bytes: &[u8]) -> usize {
    const END: &[u8] = b"endobj";
    memchr::memmem::find(bytes, END).map_or(bytes.len(), |at| at.saturating_add(END.len()))
}

fn has_ended(bytes: &[u8]) -> bool {
    bytes.ends_with(b"endobj")
}

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
        let runs = [&self.tail, &self.head].into_iter().chain(&self.mentioned);
        let most = runs.filter_map(|run| run.from(offset)).max_by_key(|bytes| bytes.len());
        match most {
            Some(bytes) => Ok(copy(bytes, buf)),
            None => self.again(offset, buf).map_err(io::Error::other),
        }
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}
