//! Search for the delimiters of multiparts (RFC 2046 5.1.1), in blocks of bounded size.
//!
//! A mail may be larger than memory, and is read once: reading a part advances the search for its
//! end, and the search for the next part continues there.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use super::attachment_hints::AttachmentHints;
use super::header::{CHUNK, written_name};
use super::lines::{is_dated, is_known_field};
use crate::bytes::{to_u64, to_usize};
use crate::container::recognizer::Recognizer;
use crate::error::Result;
use crate::limits::{Limit, Meter};
use crate::source::{ReadAt, charge_read, fill};

/// Bytes that are searched in the time of comparing one line with all boundaries.
const LINE_COST: usize = 64;
/// Bytes of a line that can matter; RFC 2046 allows boundaries of 70 characters.
const LINE: usize = 1024;
/// Bytes that two chunks share, so that no line break is cut from the line after it, and few of
/// the [`AttachmentHints`] are cut.
const OVERLAP: usize = 256;
/// Bytes of the longest line break: it belongs to the delimiter after it.
const BREAK: u64 = 2;

/// End of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Ends with the member. Outside of multiparts, a dated separator line of a mailbox begins
    /// another message: the mailbox lacks its first separator line.
    End,
    /// Ends where the next message of a mailbox begins.
    NextMessage,
}

/// End of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Terminator {
    /// A line that delimits the multipart at this depth.
    Delimiter { depth: usize, closes: bool },
    /// The separator line of the next message.
    Message,
    /// The end of the bytes, with or without open multiparts.
    Nothing,
}

/// End of a content, with the line that ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ContentEnd {
    /// Offset of the end of the content.
    pub(super) at: u64,
    pub(super) found: Terminator,
    /// Offset of the line that ends the content.
    pub(super) line: u64,
    /// Offset after that line.
    pub(super) next: u64,
}

/// The boundary of a multipart (RFC 2046 5.1.1).
#[derive(Debug)]
pub(super) struct Boundary {
    text: Vec<u8>,
    /// Whether its last delimiter was read. Further parts may follow it all the same.
    pub(super) is_closed: bool,
    /// Delimiters read that begin a part.
    pub(super) parts: u32,
    /// Parts that the subtype of the multipart requires.
    pub(super) required: u32,
}

impl Boundary {
    pub(super) fn new(text: &str, required: u32) -> Boundary {
        Boundary { text: text.as_bytes().to_vec(), is_closed: false, parts: 0, required }
    }
}

/// Search for the end of a content.
#[derive(Debug)]
pub(crate) struct BoundaryScanner {
    pub(super) until: Until,
    /// The multiparts around the position, the outermost first; the closed ones among them
    /// included.
    pub(super) boundaries: Vec<Boundary>,
    begin: u64,
    /// Offset of the next search. All bytes before it are content, except for a line break.
    from: u64,
    /// Bytes of the line break before `from`, which is not content if a delimiter follows.
    break_len: u64,
    /// Whether a line begins at `from`.
    at_line: bool,
    end: Option<ContentEnd>,
    /// Hints in the bytes that were searched.
    pub(super) hints: AttachmentHints,
    recognizer: Recognizer,
    chunk: Chunk,
}

/// Bytes that were read last. The next content begins in them more often than not.
#[derive(Debug, Default)]
struct Chunk {
    at: u64,
    bytes: Vec<u8>,
    len: usize,
    /// Whether they end the source.
    is_last: bool,
    dashes: NextMatch,
    separator: NextMatch,
}

impl Chunk {
    /// Returns whether enough bytes follow `from` to be searched.
    fn has(&self, from: u64) -> bool {
        let rest =
            from.checked_sub(self.at).and_then(to_usize).and_then(|at| self.len.checked_sub(at));
        rest.is_some_and(|rest| self.is_last || rest > LINE.saturating_mul(2))
    }

    /// Reads at `from`.
    fn read(&mut self, from: u64, source: &dyn ReadAt, meter: &Meter) -> Result<()> {
        #[allow(clippy::disallowed_methods)] // a constant
        self.bytes.resize(CHUNK, 0);
        let (read, outcome) = fill(source, from, &mut self.bytes);
        let outcome = charge_read(meter, read).and(outcome);
        (self.at, self.len) = (from, read);
        self.is_last = read < CHUNK && outcome.is_ok();
        (self.dashes, self.separator) = (NextMatch::default(), NextMatch::default());
        outcome
    }

    /// Returns the bytes from `start` to `at`, and those after.
    fn split(&self, start: usize, at: usize) -> (&[u8], &[u8]) {
        let bytes = self.bytes.get(start..self.len).unwrap_or_default();
        bytes.split_at_checked(at.saturating_sub(start)).unwrap_or_default()
    }

    /// Returns the offset of the next line that may end a content, from the line break at `from`
    /// on.
    fn next_line(&mut self, from: usize) -> Option<usize> {
        let bytes = self.bytes.get(..self.len)?;
        let dashes = self.dashes.find(b"\n--", bytes, from);
        let separator = self.separator.find(b"\nFrom ", bytes, from);
        let at = dashes.into_iter().chain(separator).min()?;
        Some(at.saturating_add(1))
    }
}

/// Next occurrence of a word in a chunk, which is searched for it once: a mailbox has many
/// messages in a chunk.
#[derive(Debug, Default)]
struct NextMatch {
    /// Offset from which the chunk was searched, and the result.
    last: Option<(usize, Option<usize>)>,
}

impl NextMatch {
    fn find(&mut self, word: &[u8], bytes: &[u8], from: usize) -> Option<usize> {
        match self.last {
            Some((begin, found)) if begin <= from && found.is_none_or(|at| at >= from) => found,
            _ => {
                let found = memchr::memmem::find(bytes.get(from..)?, word);
                let found = found.map(|at| at.saturating_add(from));
                self.last = Some((from, found));
                found
            }
        }
    }
}

impl BoundaryScanner {
    pub(super) fn new(until: Until, recognizer: Recognizer) -> BoundaryScanner {
        BoundaryScanner {
            until,
            boundaries: Vec::new(),
            begin: 0,
            from: 0,
            break_len: 0,
            at_line: true,
            end: None,
            hints: AttachmentHints::default(),
            recognizer,
            chunk: Chunk::default(),
        }
    }

    /// Begins anew at `begin`, where a line begins.
    pub(super) fn begin(&mut self, begin: u64) {
        self.begin = begin;
        self.from = begin;
        self.break_len = 0;
        self.at_line = true;
        self.end = None;
        self.hints = AttachmentHints::default();
    }

    /// Searches up to the end.
    pub(super) fn end(&mut self, source: &dyn ReadAt, meter: &Meter) -> Result<ContentEnd> {
        loop {
            match self.end {
                Some(end) => return Ok(end),
                None => self.search(source, meter)?,
            }
        }
    }

    /// Returns how many of the first `len` bytes exist.
    pub(super) fn up_to(
        &mut self,
        len: usize,
        source: &dyn ReadAt,
        meter: &Meter,
    ) -> Result<usize> {
        let (known, outcome) = self.known_to(self.begin.saturating_add(to_u64(len)), source, meter);
        match known.saturating_sub(self.begin) {
            0 => outcome.map(|()| 0),
            known => Ok(to_usize(known).unwrap_or(len)),
        }
    }

    /// Searches until it is known which bytes before `to` are content. Returns the end of those,
    /// and the error that ended the search.
    fn known_to(&mut self, to: u64, source: &dyn ReadAt, meter: &Meter) -> (u64, Result<()>) {
        let mut outcome = Ok(());
        let known = loop {
            let known = match self.end {
                Some(end) => break end.at,
                None => self.from.saturating_sub(BREAK).max(self.begin),
            };
            if known >= to || outcome.is_err() {
                break known;
            }
            outcome = self.search(source, meter);
        };
        (known.min(to), outcome)
    }

    /// Searches one chunk.
    fn search(&mut self, source: &dyn ReadAt, meter: &Meter) -> Result<()> {
        let mut chunk = std::mem::take(&mut self.chunk);
        let mut outcome = Ok(());
        if !chunk.has(self.from) {
            outcome = chunk.read(self.from, source, meter);
        }
        let searched = self.search_in(&mut chunk);
        self.chunk = chunk;
        let charged = meter.charge(Limit::Steps, to_u64(searched).wrapping_shr(4).max(1));
        // A delimiter before the damage ends the content.
        if self.end.is_some() { charged } else { charged.and(outcome) }
    }

    /// Returns the cost of the search in bytes: those that were searched, and [`LINE_COST`] for
    /// each line that may be a delimiter.
    fn search_in(&mut self, chunk: &mut Chunk) -> usize {
        let start = self.from.checked_sub(chunk.at).and_then(to_usize).unwrap_or_default();
        let is_begin = self.from == self.begin;
        let mut line = self.at_line.then_some(start);
        let mut next = start;
        // Each line that may be a delimiter is compared with all boundaries.
        let mut compared: usize = 0;
        while let Some(at) = line.or_else(|| chunk.next_line(next)) {
            (line, next) = (None, at);
            compared = compared.saturating_add(LINE_COST);
            let (passed, rest) = chunk.split(start, at);
            let before = match line_break(passed) {
                0 => self.break_len,
                len => len,
            };
            let offset = chunk.at.saturating_add(to_u64(at));
            if !chunk.is_last && rest.len() < LINE {
                self.hints.look(passed, is_begin, self.recognizer);
                (self.from, self.break_len, self.at_line) = (offset, before, true);
                return passed.len().saturating_add(compared);
            }
            let found = match self.delimiter(rest) {
                Some(found) => found,
                None if self.begins_message(rest) => Terminator::Message,
                None => {
                    self.hints.has_dashes |=
                        matches!(rest, [b'-', b'-', byte, ..] if byte.is_ascii_alphanumeric());
                    continue;
                }
            };
            self.hints.look(passed, is_begin, self.recognizer);
            self.end = Some(ContentEnd {
                at: offset.saturating_sub(before).max(self.begin),
                found,
                line: offset,
                next: offset.saturating_add(to_u64(line_len(rest))),
            });
            return passed.len().saturating_add(compared);
        }
        let (passed, _) = chunk.split(start, chunk.len);
        self.hints.look(passed, is_begin, self.recognizer);
        let end = chunk.at.saturating_add(to_u64(chunk.len));
        if chunk.is_last {
            self.end =
                Some(ContentEnd { at: end, found: Terminator::Nothing, line: end, next: end });
        } else {
            self.from = end.saturating_sub(to_u64(OVERLAP)).max(self.from);
            (self.break_len, self.at_line) = (0, false);
        }
        passed.len().saturating_add(compared)
    }

    /// Returns which multipart the line delimits. Open multiparts precede closed ones, and inner
    /// ones precede outer ones; an inner one that was left open ends with the outer one.
    pub(super) fn delimiter(&self, line: &[u8]) -> Option<Terminator> {
        let rest = line.strip_prefix(b"--")?;
        let delimits = |is_closed: bool| {
            self.boundaries.iter().enumerate().rev().find_map(|(depth, boundary)| {
                if boundary.is_closed != is_closed {
                    return None;
                }
                let rest = rest.strip_prefix(boundary.text.as_slice())?;
                let closes = rest.starts_with(b"--");
                let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n' | b' ' | b'\t');
                let ends = closes || rest.first().is_none_or(is_end);
                ends.then_some(Terminator::Delimiter { depth, closes })
            })
        };
        delimits(false).or_else(|| delimits(true))
    }

    /// Returns whether a header ends before the line with which `rest` begins.
    pub(super) fn ends_header(&self, rest: &[u8]) -> bool {
        self.delimiter(rest).is_some() || self.until == Until::NextMessage && is_from_line(rest)
    }

    /// Returns whether the line with which `rest` begins separates two messages.
    fn begins_message(&self, rest: &[u8]) -> bool {
        match self.until {
            Until::NextMessage => is_from_line(rest),
            Until::End => {
                self.boundaries.iter().all(|boundary| boundary.is_closed)
                    && is_stray_from_line(rest)
            }
        }
    }
}

/// Bytes of a part, as a source. The end of the part is searched for as far as the bytes are read,
/// and their size is unknown before.
#[derive(Debug)]
pub(crate) struct DelimitedBytes<'a, S> {
    holder: S,
    content: Rc<RefCell<BoundaryScanner>>,
    begin: u64,
    meter: &'a Meter<'a>,
}

impl<'a, S: ReadAt> DelimitedBytes<'a, S> {
    /// Returns the content that begins at `begin` of `holder`.
    pub(crate) fn new(
        holder: S,
        content: Rc<RefCell<BoundaryScanner>>,
        begin: u64,
        meter: &'a Meter<'a>,
    ) -> DelimitedBytes<'a, S> {
        DelimitedBytes { holder, content, begin, meter }
    }

    /// Returns how many of its first `len` bytes exist.
    fn known(&self, len: u64) -> (u64, Result<()>) {
        let mut content = self.content.borrow_mut();
        if content.begin != self.begin {
            // A part is not read any more when the next one has begun.
            return (0, Ok(()));
        }
        let to = self.begin.saturating_add(len);
        let (known, outcome) = content.known_to(to, &self.holder, self.meter);
        (known.saturating_sub(self.begin), outcome)
    }

    /// Returns whether the content is known to have `len` bytes.
    pub(crate) fn reaches(&self, len: u64) -> bool {
        self.known(len).0 >= len
    }
}

impl<S: ReadAt> ReadAt for DelimitedBytes<'_, S> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let (known, outcome) = self.known(offset.saturating_add(to_u64(buf.len())));
        let len = to_usize(known.saturating_sub(offset)).unwrap_or(usize::MAX);
        if len == 0 {
            return outcome.map(|()| 0).map_err(io::Error::other);
        }
        let len = len.min(buf.len());
        let offset = self.begin.saturating_add(offset);
        self.holder.read_at(offset, buf.get_mut(..len).unwrap_or_default())
    }

    fn size(&self) -> io::Result<u64> {
        let (known, outcome) = self.known(u64::MAX);
        outcome.map(|()| known).map_err(io::Error::other)
    }

    fn is_sized(&self) -> bool {
        false
    }

    fn has_changed(&self) -> bool {
        self.holder.has_changed()
    }
}

/// The length of the line break at the end of `before`.
fn line_break(before: &[u8]) -> u64 {
    match before {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    }
}

fn line_len(line: &[u8]) -> usize {
    memchr::memchr(b'\n', line).map_or(line.len(), |at| at.saturating_add(1))
}

/// Returns whether `text` begins with a separator line of a mailbox (RFC 4155, appendix A): `From`,
/// an address and a time. A header has to follow, because a text may contain the same words.
/// Without a time, a field has to follow that only messages have.
pub(super) fn is_from_line(text: &[u8]) -> bool {
    let Some((words, next)) = from_line(text) else { return false };
    let has_time = words.windows(5).any(|time| {
        matches!(time, [a, b, b':', c, d] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()))
    });
    let is_quoted = next.starts_with(b">From ");
    let has_header = written_name(first_line(next)).is_some() || is_quoted || next.is_empty();
    has_time && has_header || written_name(first_line(next)).is_some_and(is_known_field)
}

/// Returns whether a separator line begins where no mailbox is expected: it has a complete date,
/// and a field that only messages have follows.
fn is_stray_from_line(text: &[u8]) -> bool {
    from_line(text).is_some_and(|(words, next)| {
        is_dated(words) && written_name(first_line(next)).is_some_and(is_known_field)
    })
}

/// Splits a complete line that begins with `From ` from the text that follows it.
pub(super) fn from_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = text.strip_prefix(b"From ")?;
    let (words, next) = rest.split_at_checked(line_len(rest))?;
    words.ends_with(b"\n").then_some((words, next))
}

fn first_line(text: &[u8]) -> &[u8] {
    text.get(..line_len(text)).unwrap_or_default()
}
