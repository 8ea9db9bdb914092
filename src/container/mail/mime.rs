//! The parts of a message (RFC 2046 5.1), found in one forward pass over blocks of bounded size:
//! a mail may be larger than memory.

use super::header::{Header, name_of};
use crate::bytes::wide;
use crate::container::{
    Body, Member, Name, is_firmly_known, is_known, is_named_protected, not_as_named,
};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Encoding, Extent, UNKNOWN_SIZE, Window, head_of};

/// Bytes that are searched at once.
const CHUNK: usize = 65_536;
/// Bytes of a line that can matter; RFC 2046 allows boundaries of 70 characters.
const LINE: usize = 1024;
/// Encoded bytes of a part that are looked at to tell whether anything can come of it.
const HEAD: usize = 5600;

/// Where a message ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// With the member that it is.
    End,
    /// Where the next message of a mailbox begins.
    NextMessage,
}

/// What comes at a message's position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Header,
    /// Before the first part of a multipart, or behind its last one.
    Between,
    End,
}

/// A message, as far as it is read.
#[derive(Debug)]
pub(super) struct Message {
    until: Until,
    at: At,
    pub(super) position: u64,
    /// Of the multiparts that are open, the outermost first.
    boundaries: Vec<Vec<u8>>,
    /// Parts met until now that are no multiparts.
    parts: u64,
    /// The value of `msip_labels` in the message's own header.
    pub(super) labels: Option<String>,
    /// Why parts may have been missed, the first time that something said so.
    pub(super) damage: Option<Error>,
    /// Whether the content passed over last has fields in it that head a part.
    has_stray_fields: bool,
}

/// A part that is no multipart.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) member: Member,
    /// Whether its first bytes are those of a known format.
    pub(super) is_known: bool,
}

/// What ends the content before it.
enum Found {
    Delimiter { depth: usize, closes: bool },
    Message,
}

impl Message {
    pub(super) fn new(position: u64, until: Until) -> Message {
        Message {
            until,
            at: At::Header,
            position,
            boundaries: Vec::new(),
            parts: 0,
            labels: None,
            damage: None,
            has_stray_fields: false,
        }
    }

    /// The next part, up to its end.
    pub(super) fn next_part(&mut self, window: &mut Window<'_>) -> Result<Option<Part>> {
        loop {
            match self.at {
                At::End => return Ok(None),
                At::Between => {
                    let from = self.position;
                    self.content_end(window)?;
                    self.note_stray_fields(from);
                }
                At::Header => {
                    let header =
                        Header::read(window, self.position, |line| self.delimiter(line).is_some())?;
                    if header.lacks_boundary() {
                        let (at, detail) = (self.position, "a multipart has no boundary");
                        let error =
                            Error::malformed("malformed-header", "Content-Type", at, detail);
                        self.damage.get_or_insert(error);
                    }
                    if header.has_body {
                        let (at, detail) = (self.position, "no empty line ends it");
                        let error = Error::malformed("malformed-header", "header", at, detail);
                        self.damage.get_or_insert(error);
                    }
                    self.position = header.body;
                    if self.labels.is_none() && self.boundaries.is_empty() {
                        self.labels.clone_from(&header.labels);
                    }
                    if let Some(boundary) = header.boundary() {
                        let depth = wide(self.boundaries.len()).saturating_add(1);
                        window.meter().check(Limit::Nesting, depth)?;
                        self.boundaries.push(boundary.as_bytes().to_vec());
                        self.at = At::Between;
                        continue;
                    }
                    self.parts = self.parts.saturating_add(1);
                    window.meter().check(Limit::MailParts, self.parts)?;
                    return self.part(window, &header).map(Some);
                }
            }
        }
    }

    /// Passes over all that is left of the message.
    pub(super) fn skip(&mut self, window: &mut Window<'_>) -> Result<()> {
        self.boundaries.clear();
        while self.at != At::End {
            self.at = At::Between;
            self.content_end(window)?;
        }
        Ok(())
    }

    fn part(&mut self, window: &mut Window<'_>, header: &Header) -> Result<Part> {
        let start = self.position;
        let (encoding, is_known) = known(window, start, &header.encodings)?;
        // It is the piece that is searched for the end next, so that nothing is read twice.
        if !is_known && has_uuencoded(window.up_to(start, CHUNK)?) {
            self.damage.get_or_insert_with(|| {
                Error::unsupported("archive-not-opened", "uuencoded part", start, "not decoded")
            });
        }
        let mut end = self.content_end(window)?;
        if is_known {
            // A message in the message has such fields by right.
            self.has_stray_fields = false;
        } else {
            if self.at == At::End && self.until == Until::End && self.boundaries.is_empty() {
                self.look_for_fields(window, start)?;
            }
            self.note_stray_fields(start);
            if header.file_name().is_some_and(is_named_protected) {
                self.damage.get_or_insert_with(not_as_named);
            }
        }
        if end == UNKNOWN_SIZE && encoding.is_none() {
            // What stands as it is may have to be read from its end.
            end = window.len();
        }
        let extents = vec![Extent { offset: start, len: end.saturating_sub(start) }];
        let body = match encoding {
            None => Body::Stored(extents),
            Some(encoding) => Body::Encoded { extents, encoding, size: None },
        };
        let name = match header.file_name() {
            Some(name) => Name::Named(name.to_owned()),
            None => Name::Numbered("part", self.parts),
        };
        Ok(Part { member: Member { name, body }, is_known })
    }

    /// Fields that head a part, in what is none: the delimiter before them was damaged, or what said
    /// that there are parts.
    fn note_stray_fields(&mut self, from: u64) {
        if std::mem::take(&mut self.has_stray_fields) {
            self.damage.get_or_insert_with(|| {
                let detail = "its text has the fields of a part in it";
                Error::malformed("malformed-mime", "multipart", from, detail)
            });
        }
    }

    /// Looks for such fields in the text of a message that has but one part.
    fn look_for_fields(&mut self, window: &mut Window<'_>, start: u64) -> Result<()> {
        let mut from = start;
        for _ in 0..SINGLE_CHUNKS {
            let chunk = window.up_to(from, CHUNK)?;
            self.has_stray_fields |= has_part_fields(chunk);
            let len = wide(chunk.len());
            if chunk.len() < CHUNK {
                break;
            }
            window.meter().charge(Limit::Steps, len.wrapping_shr(4))?;
            from = from.saturating_add(len);
        }
        Ok(())
    }

    /// Searches for what ends the content at the position, and goes behind it; where the content
    /// ends.
    fn content_end(&mut self, window: &mut Window<'_>) -> Result<u64> {
        if self.until == Until::End && self.boundaries.is_empty() {
            self.at = At::End;
            // Nobody has to read to the end to know that there it ends.
            return Ok(window.known_len().unwrap_or(UNKNOWN_SIZE));
        }
        let meter = window.meter();
        let mut from = self.position;
        // The line break before `from`, which belongs to what ends the content.
        let mut break_len = 0;
        let mut at_line = true;
        loop {
            let chunk = window.up_to(from, CHUNK)?;
            let is_last = chunk.len() < CHUNK;
            let mut candidates = Candidates { chunk, next: 0, at_line, until: self.until };
            let mut later = None;
            for at in &mut candidates {
                let line = chunk.get(at..).unwrap_or_default();
                let before = match line_break(chunk.get(..at).unwrap_or_default()) {
                    0 => break_len,
                    len => len,
                };
                if !is_last && line.len() < LINE {
                    later = Some((at, before));
                    break;
                }
                let offset = from.saturating_add(wide(at));
                let passed = chunk.get(..at).unwrap_or_default();
                let found = match self.delimiter(line) {
                    Some(found) => found,
                    None if self.is_message(line) => Found::Message,
                    None => continue,
                };
                meter.charge(Limit::Steps, wide(at).wrapping_shr(4))?;
                self.has_stray_fields |= has_part_fields(passed);
                let end = offset.saturating_sub(before).max(self.position);
                self.go_behind(found, offset, line_len(line));
                return Ok(end);
            }
            meter.charge(Limit::Steps, wide(chunk.len()).wrapping_shr(4).max(1))?;
            self.has_stray_fields |= has_part_fields(chunk);
            if is_last && later.is_none() {
                let end = from.saturating_add(wide(chunk.len()));
                if !self.boundaries.is_empty() {
                    self.damage.get_or_insert_with(|| {
                        Error::truncated("multipart", end, "its last delimiter is not there")
                    });
                }
                self.position = end;
                self.at = At::End;
                return Ok(end);
            }
            match later {
                Some((at, before)) => {
                    from = from.saturating_add(wide(at));
                    break_len = before;
                    at_line = true;
                }
                None => {
                    from = from.saturating_add(wide(chunk.len())).saturating_sub(wide(OVERLAP));
                    break_len = 0;
                    at_line = false;
                }
            }
        }
    }

    /// Which open multipart the line delimits. The innermost is asked first; one that was left
    /// open ends with the one around it.
    fn delimiter(&self, line: &[u8]) -> Option<Found> {
        let rest = line.strip_prefix(b"--")?;
        self.boundaries.iter().enumerate().rev().find_map(|(depth, boundary)| {
            let rest = rest.strip_prefix(boundary.as_slice())?;
            let closes = rest.starts_with(b"--");
            let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n' | b' ' | b'\t');
            let ends = closes || rest.first().is_none_or(is_end);
            ends.then_some(Found::Delimiter { depth, closes })
        })
    }

    fn is_message(&self, line: &[u8]) -> bool {
        self.until == Until::NextMessage && is_from_line(line)
    }

    fn go_behind(&mut self, found: Found, offset: u64, line_len: usize) {
        let behind = offset.saturating_add(wide(line_len));
        match found {
            Found::Message => {
                self.position = offset;
                self.at = At::End;
            }
            Found::Delimiter { depth, closes } => {
                let open = if closes { depth } else { depth.saturating_add(1) };
                self.boundaries.truncate(open);
                self.position = behind;
                self.at = if closes { At::Between } else { At::Header };
            }
        }
    }
}

/// Chunks of a message's only part that are searched for fields which head a part.
const SINGLE_CHUNKS: usize = 4;

/// Whether a line of it begins with the field that every attachment has (RFC 2183).
fn has_part_fields(content: &[u8]) -> bool {
    [&b"\nContent-Disposition: attachment"[..], b"\ncontent-disposition: attachment"]
        .iter()
        .any(|field| memchr::memmem::find(content, field).is_some())
}

/// Bytes that two chunks share, so that no line break is cut from the line behind it.
const OVERLAP: usize = 8;

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

/// Whether what begins at `start` is of a known format in one of the encodings that its header
/// names, and in which.
fn known(
    window: &mut Window<'_>,
    start: u64,
    encodings: &[Option<Encoding>],
) -> Result<(Option<Encoding>, bool)> {
    let raw = window.up_to(start, HEAD)?;
    let first = encodings.first().copied().flatten();
    let known = encodings.iter().chain([&None]).find(|encoding| match encoding {
        Some(encoding) => head_of(*encoding, raw).is_some_and(|head| is_known(&head)),
        None => is_known(raw),
    });
    if let Some(encoding) = known {
        return Ok((*encoding, true));
    }
    // The field that names one may be damaged.
    let others = [Encoding::Base64, Encoding::QuotedPrintable];
    let others = others.into_iter().filter(|_| encodings.is_empty());
    let mut firm = others
        .filter(|encoding| head_of(*encoding, raw).is_some_and(|head| is_firmly_known(&head)));
    let found = firm.next();
    Ok((found.or(first), found.is_some()))
}

/// Whether an attachment of a known format stands in the text as `uuencode` writes it (POSIX.1),
/// which Outlook does in plain text if told to. Nobody decodes that here.
fn has_uuencoded(content: &[u8]) -> bool {
    memchr::memmem::find_iter(content, b"begin ").any(|at| {
        let before = content.get(..at).unwrap_or_default();
        let (_, lines) = content.split_at_checked(at).unwrap_or_default();
        let mut lines = lines.splitn(3, |byte| *byte == b'\n');
        let is_mode = lines
            .next()
            .and_then(|line| line.get(6..10))
            .is_some_and(|mode| mode.iter().all(|byte| byte.is_ascii_digit() || *byte == b' '));
        let line = lines.next().unwrap_or_default();
        (before.is_empty() || before.ends_with(b"\n"))
            && is_mode
            && is_firmly_known(&uudecoded(line))
    })
}

/// The bytes of one line: its length, and four characters for three bytes.
fn uudecoded(line: &[u8]) -> Vec<u8> {
    let six = |byte: &u8| u32::from(byte.wrapping_sub(b' ') & 0x3F);
    let Some((len, characters)) = line.split_first() else { return Vec::new() };
    let groups = characters.chunks_exact(4).take(15);
    let bytes = groups.flat_map(|group| {
        let bits = group.iter().fold(0, |bits, byte| bits << 6 | six(byte));
        let [_, bytes @ ..] = bits.to_be_bytes();
        bytes
    });
    bytes.take(usize::try_from(six(len)).unwrap_or_default()).collect()
}
