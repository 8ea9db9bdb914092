//! What stands between two delimiters (RFC 2046 5.1.1), in blocks of bounded size.
//!
//! A mail may be larger than memory, and is read once: whoever reads a part moves the search for
//! its end on, and what then looks for the next part begins where that one stopped.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use super::header::name_of;
use crate::bytes::wide;
use crate::error::Result;
use crate::limits::{Limit, Meter};
use crate::source::{ReadAt, fill};

/// Bytes that are searched at once.
pub(super) const CHUNK: usize = 65_536;
/// Bytes of a line that can matter; RFC 2046 allows boundaries of 70 characters.
const LINE: usize = 1024;
/// Bytes that two chunks share, so that no line break is cut from the line behind it.
const OVERLAP: usize = 8;
/// Bytes of the longest line break: it belongs to the delimiter behind it.
const BREAK: u64 = 2;

/// Where a message ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// With the member that it is.
    End,
    /// Where the next message of a mailbox begins.
    NextMessage,
}

/// What ends a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A line that delimits the multipart at this depth.
    Delimiter { depth: usize, closes: bool },
    /// The separator line of the next message.
    Message,
    /// The end of everything, with multiparts still open or without.
    Nothing,
}

/// The end of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Where the content ends.
    pub(super) at: u64,
    pub(super) found: Found,
    /// Where the line that ends it begins.
    pub(super) line: u64,
    /// Where it ends.
    pub(super) behind: u64,
}

/// A content and the search for its end.
#[derive(Debug)]
pub(crate) struct Content {
    pub(super) until: Until,
    /// Of the multiparts that are open, the outermost first.
    pub(super) boundaries: Vec<Vec<u8>>,
    begin: u64,
    /// What is searched next; all before it is content, but for a line break.
    from: u64,
    /// Bytes of the line break before `from`, which belongs to what ends the content.
    break_len: u64,
    /// Whether a line begins at `from`.
    at_line: bool,
    end: Option<End>,
    /// Whether fields that head a part stand in it.
    pub(super) has_part_fields: bool,
    chunk: Vec<u8>,
}

impl Content {
    pub(super) fn new(until: Until) -> Content {
        Content {
            until,
            boundaries: Vec::new(),
            begin: 0,
            from: 0,
            break_len: 0,
            at_line: true,
            end: None,
            has_part_fields: false,
            chunk: Vec::new(),
        }
    }

    /// Begins anew at `begin`, where a line begins.
    pub(super) fn begin(&mut self, begin: u64) {
        self.begin = begin;
        self.from = begin;
        self.break_len = 0;
        self.at_line = true;
        self.end = None;
        self.has_part_fields = false;
    }

    /// Searches up to the end.
    pub(super) fn end(&mut self, source: &dyn ReadAt, meter: &Meter) -> Result<End> {
        loop {
            match self.end {
                Some(end) => return Ok(end),
                None => self.search(source, meter)?,
            }
        }
    }

    /// Searches until it is known what of the bytes before `to` belongs to the content; where that
    /// ends, or how far it is known when the search cannot go on.
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
        #[allow(clippy::disallowed_methods)] // a constant
        chunk.resize(CHUNK, 0);
        let (read, outcome) = fill(source, self.from, &mut chunk);
        let outcome = meter
            .charge(Limit::BytesRead, wide(read))
            .and(outcome)
            .and_then(|()| meter.charge(Limit::Steps, wide(read).wrapping_shr(4).max(1)));
        let is_last = read < CHUNK && outcome.is_ok();
        self.search_in(chunk.get(..read).unwrap_or_default(), is_last);
        self.chunk = chunk;
        // What ends the content before the damage ends it.
        if self.end.is_some() { Ok(()) } else { outcome }
    }

    fn search_in(&mut self, chunk: &[u8], is_last: bool) {
        let (from, until) = (self.from, self.until);
        for at in (Candidates { chunk, next: 0, at_line: self.at_line, until }) {
            let (passed, line) = chunk.split_at_checked(at).unwrap_or_default();
            let before = match line_break(passed) {
                0 => self.break_len,
                len => len,
            };
            let offset = from.saturating_add(wide(at));
            if !is_last && line.len() < LINE {
                self.has_part_fields |= has_part_fields(passed);
                (self.from, self.break_len, self.at_line) = (offset, before, true);
                return;
            }
            let found = match self.delimiter(line) {
                Some(found) => found,
                None if until == Until::NextMessage && is_from_line(line) => Found::Message,
                None => continue,
            };
            self.has_part_fields |= has_part_fields(passed);
            self.end = Some(End {
                at: offset.saturating_sub(before).max(self.begin),
                found,
                line: offset,
                behind: offset.saturating_add(wide(line_len(line))),
            });
            return;
        }
        self.has_part_fields |= has_part_fields(chunk);
        let end = from.saturating_add(wide(chunk.len()));
        if is_last {
            self.end = Some(End { at: end, found: Found::Nothing, line: end, behind: end });
        } else {
            self.from = end.saturating_sub(wide(OVERLAP)).max(from);
            (self.break_len, self.at_line) = (0, false);
        }
    }

    /// Which open multipart the line delimits. The innermost is asked first; one that was left
    /// open ends with the one around it.
    pub(super) fn delimiter(&self, line: &[u8]) -> Option<Found> {
        let rest = line.strip_prefix(b"--")?;
        self.boundaries.iter().enumerate().rev().find_map(|(depth, boundary)| {
            let rest = rest.strip_prefix(boundary.as_slice())?;
            let closes = rest.starts_with(b"--");
            let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n' | b' ' | b'\t');
            let ends = closes || rest.first().is_none_or(is_end);
            ends.then_some(Found::Delimiter { depth, closes })
        })
    }
}

/// The bytes of a content, to be read as those of a member. They have no size until somebody asks:
/// its end is searched for as far as they are read.
#[derive(Debug)]
pub(crate) struct Delimited<'a, S> {
    holder: S,
    content: Rc<RefCell<Content>>,
    begin: u64,
    meter: &'a Meter,
}

impl<'a, S: ReadAt> Delimited<'a, S> {
    /// The content that begins at `begin` of `holder`.
    pub(crate) fn new(
        holder: S,
        content: Rc<RefCell<Content>>,
        begin: u64,
        meter: &'a Meter,
    ) -> Delimited<'a, S> {
        Delimited { holder, content, begin, meter }
    }

    /// How many of its first `len` bytes there are.
    fn known(&self, len: u64) -> (u64, Result<()>) {
        let mut content = self.content.borrow_mut();
        if content.begin != self.begin {
            // Nobody reads a part any more when the next one has begun.
            return (0, Ok(()));
        }
        let to = self.begin.saturating_add(len);
        let (known, outcome) = content.known_to(to, &self.holder, self.meter);
        (known.saturating_sub(self.begin), outcome)
    }

    /// Whether it has so many bytes, as far as that can be told.
    pub(crate) fn reaches(&self, len: u64) -> bool {
        self.known(len).0 >= len
    }
}

impl<S: ReadAt> ReadAt for Delimited<'_, S> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let (known, outcome) = self.known(offset.saturating_add(wide(buf.len())));
        let len = crate::bytes::narrow(known.saturating_sub(offset)).unwrap_or(usize::MAX);
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

/// Whether a line of it begins with the field that every attachment has (RFC 2183).
pub(super) fn has_part_fields(content: &[u8]) -> bool {
    [&b"\nContent-Disposition: attachment"[..], b"\ncontent-disposition: attachment"]
        .iter()
        .any(|field| memchr::memmem::find(content, field).is_some())
}

/// Offsets in a chunk at which a line begins that may end the content.
struct Candidates<'c> {
    chunk: &'c [u8],
    next: usize,
    /// Whether the chunk begins with a line.
    at_line: bool,
    until: Until,
}

impl Iterator for Candidates<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if std::mem::take(&mut self.at_line) {
            return Some(0);
        }
        let rest = self.chunk.get(self.next..)?;
        let dashes = memchr::memmem::find(rest, b"\n--");
        let from = match self.until {
            Until::End => None,
            Until::NextMessage => {
                let before = rest.get(..dashes.unwrap_or(rest.len())).unwrap_or_default();
                memchr::memmem::find(before, b"\nFrom ")
            }
        };
        let line = self.next.saturating_add(from.or(dashes)?).saturating_add(1);
        self.next = line;
        Some(line)
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

/// A separator line of a mailbox (RFC 4155, appendix A): `From`, an address, a time; and behind it
/// a header, because the same words may stand in a text.
pub(super) fn is_from_line(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else {
        return false;
    };
    let (words, next) = rest.split_at_checked(line_len(rest)).unwrap_or((rest, &[]));
    let has_time = words.windows(5).any(|time| {
        matches!(time, [a, b, b':', c, d] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()))
    });
    let has_header = name_of(next.get(..line_len(next)).unwrap_or_default()).is_some();
    words.ends_with(b"\n") && has_time && (has_header || next.is_empty())
}
