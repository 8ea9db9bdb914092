//! The parts of a message (RFC 2046 5.1), in one forward pass.

use std::cell::RefCell;
use std::rc::Rc;

use super::attachment_hints::AttachmentHints;
use super::boundary_scanner::{Boundary, BoundaryScanner, ContentEnd, Terminator, Until};
use super::header::{CHUNK, MailHeader};
use super::transferred;
use crate::bytes::{to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::name::{Name, is_named_protected, not_as_named};
use crate::container::recognizer::Recognizer;
use crate::container::sink::{Body, Member};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Encoding, Window, head_of};

/// Encoded bytes of a part by which it is recognized.
const HEAD: usize = 5600;
/// Bytes of a line of base64 by which it is distinguished from a word.
const FIRST_LINE: usize = 40;
/// Bytes at the end of a part that contain its last line.
const LAST_LINE: u64 = 1024;

/// Content at the position of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Header,
    /// Before the first part of a multipart, or after its last one.
    Between,
    /// In a part that is inspected as a member.
    Part,
    End,
}

/// Criterion by which a part is complete without the delimiter that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaf {
    /// Text, in quoted-printable or as it is: complete anywhere.
    Text,
    /// Complete with its padding, or with a group of four letters.
    Base64,
    /// A multipart with its last delimiter.
    ClosedMultipart,
    /// No criterion.
    Other,
}

/// State of the reading of a message.
#[derive(Debug)]
pub(super) struct MimeMessage {
    at: At,
    /// The part before the position.
    leaf: Leaf,
    /// Whether the message is all of a member, whose end is known to be its own. The end of a file
    /// may be that of an incomplete transfer.
    pub(super) is_member: bool,
    /// Whether the last delimiter of a multipart is missing, and every part is complete.
    pub(super) is_unterminated: bool,
    /// Whether the message says that an attachment is rights-managed mail, and no attachment of a
    /// known format was read.
    lacks_attachment: bool,
    /// Whether another message of a mailbox follows at the position.
    pub(super) is_followed: bool,
    pub(super) position: u64,
    /// Content at the position, shared with the member that reads it.
    content: Rc<RefCell<BoundaryScanner>>,
    /// Parts until now, without multiparts.
    parts: u64,
    /// The value of `msip_labels` in the message's own header.
    pub(super) labels: Option<String>,
    /// First reason why parts may have been missed.
    pub(super) damage: Option<Error>,
    /// Hints in the content that was skipped last.
    hints: AttachmentHints,
    recognizer: Recognizer,
}

/// Part that is not a multipart.
pub(super) struct MimePart {
    pub(super) member: Member,
    /// Whether it is opened: its first bytes are those of a known format, or its name is that of a
    /// file whose end may name the format.
    pub(super) is_known: bool,
}

impl MimeMessage {
    pub(super) fn new(position: u64, until: Until, recognizer: Recognizer) -> MimeMessage {
        let content = BoundaryScanner::new(until, recognizer);
        MimeMessage::over(Rc::new(RefCell::new(content)), position, recognizer)
    }

    fn over(
        content: Rc<RefCell<BoundaryScanner>>,
        position: u64,
        recognizer: Recognizer,
    ) -> MimeMessage {
        MimeMessage {
            at: At::Header,
            leaf: Leaf::Other,
            is_member: false,
            is_unterminated: false,
            lacks_attachment: false,
            is_followed: false,
            position,
            content,
            parts: 0,
            labels: None,
            damage: None,
            hints: AttachmentHints::default(),
            recognizer,
        }
    }

    /// Resets the state, and begins with the message at `position`.
    pub(super) fn restart(&mut self, position: u64) {
        self.content.borrow_mut().boundaries.clear();
        *self = MimeMessage::over(Rc::clone(&self.content), position, self.recognizer);
    }

    /// Returns the next part. A part of a known format is inspected as a member, and the search for
    /// its end continues when the following part is requested. Other parts are skipped.
    pub(super) fn next_part(&mut self, window: &mut Window<'_>) -> Result<Option<MimePart>> {
        loop {
            match self.at {
                At::End => return Ok(None),
                At::Part => {
                    self.content_end(window)?;
                    // A message in the message has such fields by right.
                    self.hints = AttachmentHints::default();
                }
                At::Between => {
                    let from = self.position;
                    self.content.borrow_mut().begin(from);
                    self.content_end(window)?;
                    self.note_hints(from);
                }
                At::Header => {
                    let header = self.header(window)?;
                    if let Some(boundary) = header.boundary() {
                        self.open(Boundary::new(boundary, header.required_parts()), window)?;
                        continue;
                    }
                    self.parts = self.parts.saturating_add(1);
                    window.meter().check(Limit::MailParts, self.parts)?;
                    return self.part(window, &header).map(Some);
                }
            }
        }
    }

    /// Skips the rest of the message.
    pub(super) fn skip(&mut self, window: &mut Window<'_>) -> Result<()> {
        if self.at == At::Part {
            self.content_end(window)?;
        }
        self.content.borrow_mut().boundaries.clear();
        while self.at != At::End {
            self.content.borrow_mut().begin(self.position);
            self.content_end(window)?;
        }
        Ok(())
    }

    fn header(&mut self, window: &mut Window<'_>) -> Result<MailHeader> {
        let content = self.content.borrow();
        let header = MailHeader::read(window, self.position, |rest| content.ends_header(rest))?;
        let mut damage = |structure, detail| {
            self.damage.get_or_insert_with(|| {
                Error::malformed(ErrorCode::MalformedHeader, structure, self.position, detail)
            });
        };
        if header.lacks_boundary() {
            damage("Content-Type", "a multipart has no boundary");
        }
        if header.has_body {
            damage("header", "no empty line ends it");
        }
        if self.labels.is_none() && content.boundaries.is_empty() {
            self.labels.clone_from(&header.labels);
        }
        self.lacks_attachment |= header.is_protected;
        self.position = header.body;
        Ok(header)
    }

    /// Enters a multipart.
    fn open(&mut self, boundary: Boundary, window: &Window<'_>) -> Result<()> {
        let boundaries = &mut self.content.borrow_mut().boundaries;
        window.meter().check(Limit::Nesting, to_u64(boundaries.len()).saturating_add(1))?;
        boundaries.push(boundary);
        self.at = At::Between;
        Ok(())
    }

    fn part(&mut self, window: &mut Window<'_>, header: &MailHeader) -> Result<MimePart> {
        let start = self.position;
        let head = {
            let mut content = self.content.borrow_mut();
            content.begin(start);
            content.up_to(HEAD, window.source(), window.meter())?
        };
        let (encoding, is_known) = known(window, start, head, &header.encodings, self.recognizer)?;
        if !is_known && header.file_name().is_some_and(is_named_protected) {
            self.damage.get_or_insert_with(not_as_named);
        }
        self.leaf = match encoding {
            _ if !header.is_ended || head == 0 => Leaf::Other,
            Some(Encoding::Base64) => Leaf::Base64,
            _ if header.is_text() => Leaf::Text,
            _ => Leaf::Other,
        };
        let name = match header.file_name() {
            Some(name) => Name::Named(name.to_owned()),
            None => Name::Numbered("part", self.parts),
        };
        self.at = At::Part;
        self.lacks_attachment &= !is_known;
        let is_opened = is_known
            || header
                .file_name()
                .is_some_and(|name| self.recognizer.is_worth_opening(name.as_bytes(), b""));
        if !is_opened {
            let end = self.content_end(window)?;
            self.note_hints(start);
            if let Some(encoding) = encoding.filter(|_| header.is_text() && self.damage.is_none())
                && let Some(found) =
                    transferred::encoded_file(window, start, end, encoding, self.recognizer)?
            {
                self.damage = Some(not_decoded(found, start));
            }
        }
        if header.is_later_piece() {
            self.damage.get_or_insert_with(|| {
                let detail = "one of several pieces of a message";
                Error::unsupported(ErrorCode::ArchiveNotOpened, "message/partial", start, detail)
            });
        }
        let content = Rc::clone(&self.content);
        let body = Body::Delimited { content, begin: start, encoding };
        Ok(MimePart { member: Member { name, body }, is_known: is_opened })
    }

    /// Records hints of parts in the content skipped last: the delimiter before them was damaged,
    /// or the field that announces them, or no header announces them at all.
    fn note_hints(&mut self, from: u64) {
        let hints = std::mem::take(&mut self.hints);
        if let Some(encoding) = hints.encoded {
            self.damage.get_or_insert_with(|| not_decoded(encoding, from));
        }
        if hints.has_part_fields {
            self.damage.get_or_insert_with(|| {
                let detail = "its text has the fields of a part in it";
                Error::malformed(ErrorCode::MalformedMime, "multipart", from, detail)
            });
        }
    }

    /// Searches for what ends the content at the position, and continues after it. Returns where
    /// the content ends.
    fn content_end(&mut self, window: &mut Window<'_>) -> Result<u64> {
        let content = Rc::clone(&self.content);
        let mut content = content.borrow_mut();
        let end = content.end(window.source(), window.meter())?;
        self.hints = content.hints;
        match end.found {
            Terminator::Delimiter { depth, closes } => {
                content.boundaries.truncate(depth.saturating_add(1));
                if let Some(boundary) = content.boundaries.last_mut() {
                    boundary.is_closed = closes;
                    boundary.parts = boundary.parts.saturating_add(u32::from(!closes));
                }
                if closes {
                    self.leaf = Leaf::ClosedMultipart;
                }
                self.position = end.next;
                self.at = if closes { At::Between } else { At::Header };
            }
            Terminator::Message => {
                self.position = end.line;
                self.is_followed = true;
                self.at = At::End;
            }
            Terminator::Nothing => {
                self.judge_end(&content, end, window)?;
                self.position = end.at;
                self.at = At::End;
                // The member's size is known by that.
                window.up_to(end.at, 1)?;
            }
        }
        Ok(end.at)
    }

    /// Judges multiparts that are open where the bytes end.
    fn judge_end(
        &mut self,
        content: &BoundaryScanner,
        end: ContentEnd,
        window: &mut Window<'_>,
    ) -> Result<()> {
        let mut open = content.boundaries.iter().filter(|boundary| !boundary.is_closed);
        let Some(first) = open.next() else { return Ok(()) };
        // A header without a body, as a delivery notice returns it (RFC 6522 3), or a text that
        // begins like one.
        let is_alone = self.at == At::Between && first.parts == 0 && open.next().is_none();
        let mut has_body = || match self.is_member {
            true => Ok(self.hints.has_dashes),
            false => has_text(self.position, end.at, window),
        };
        if is_alone && !self.lacks_attachment && !has_body()? {
            return Ok(());
        }
        let mut open = content.boundaries.iter().filter(|boundary| !boundary.is_closed);
        let has_all_parts = open.all(|boundary| boundary.parts >= boundary.required);
        let is_whole = has_all_parts && !self.lacks_attachment;
        if is_whole && self.is_leaf_complete(end.at, window)? {
            self.is_unterminated = true;
            return Ok(());
        }
        self.damage.get_or_insert_with(|| {
            Error::truncated("multipart", end.at, "its last delimiter is missing")
        });
        Ok(())
    }

    /// Returns whether the part that ends at `end` is complete by its own encoding.
    fn is_leaf_complete(&self, end: u64, window: &mut Window<'_>) -> Result<bool> {
        Ok(match self.leaf {
            Leaf::Text => self.at == At::Part,
            Leaf::ClosedMultipart => self.at == At::Between,
            Leaf::Base64 if self.at == At::Part => {
                let len = end.min(LAST_LINE);
                let from = end.saturating_sub(len);
                let tail = window.up_to(from, to_usize(len).unwrap_or_default())?.trim_ascii_end();
                let line = tail.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                line.ends_with(b"=") || line.len().checked_rem(4) == Some(0)
            }
            Leaf::Base64 | Leaf::Other => false,
        })
    }
}

fn not_decoded(encoding: &'static str, offset: u64) -> Error {
    Error::unsupported(ErrorCode::ArchiveNotOpened, encoding, offset, "not decoded")
}

/// Returns whether there is more than a few blanks between two offsets.
fn has_text(from: u64, to: u64, window: &mut Window<'_>) -> Result<bool> {
    let len = to.saturating_sub(from);
    let text = window.up_to(from, to_usize(len.min(LAST_LINE)).unwrap_or_default())?;
    Ok(len > LAST_LINE || !text.trim_ascii().is_empty())
}

/// Returns the encoding of the `len` bytes at `start`, and whether they begin a known format in it:
/// one of the encodings that the header names, or another one if that field is damaged or wrong.
fn known(
    window: &mut Window<'_>,
    start: u64,
    len: usize,
    encodings: &[Option<Encoding>],
    recognizer: Recognizer,
) -> Result<(Option<Encoding>, bool)> {
    let raw = window.read_forward(start, len, CHUNK)?;
    let first = encodings.first().copied().flatten();
    let known = encodings.iter().chain([&None]).find(|encoding| match encoding {
        Some(encoding) => head_of(*encoding, raw).is_some_and(|head| recognizer.is_known(&head)),
        // A log of HTTP requests would nest as deep as it has requests.
        None => recognizer.is_known(raw) && (!is_http(raw) || recognizer.is_firmly_known(raw)),
    });
    if let Some(encoding) = known {
        return Ok((*encoding, true));
    }
    let is_tried = |encoding: &Encoding| match encoding {
        _ if encodings.is_empty() => true,
        Encoding::Base64 => begins_with_base64(raw),
        _ => {
            memchr::memchr(b'=', raw.get(..raw.len().min(FIRST_LINE)).unwrap_or_default()).is_some()
        }
    };
    let others = [Encoding::Base64, Encoding::QuotedPrintable];
    let others = others.into_iter().filter(is_tried);
    let mut firm = others.filter(|encoding| {
        head_of(*encoding, raw).is_some_and(|head| recognizer.is_firmly_known(&head))
    });
    let found = firm.next();
    // The attachment may be opened because of its name.
    let guess = || begins_with_base64(raw).then_some(Encoding::Base64);
    Ok((found.or(first).or_else(guess), found.is_some()))
}

/// Returns whether the first line consists of letters of base64.
fn begins_with_base64(raw: &[u8]) -> bool {
    let line = raw.trim_ascii_start().get(..FIRST_LINE).unwrap_or_default();
    !line.is_empty()
        && line.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// Returns whether a request or a response of HTTP/1 begins the bytes (RFC 9112, 3 and 4).
fn is_http(raw: &[u8]) -> bool {
    let raw = raw.trim_ascii_start();
    let line = raw.get(..memchr::memchr(b'\n', raw).unwrap_or(raw.len())).unwrap_or_default();
    let line = line.trim_ascii_end();
    let mut words = line.split(|byte| *byte == b' ');
    let method = words.next().unwrap_or_default();
    let is_version = |word: &[u8]| word.starts_with(b"HTTP/1.");
    let is_request = words.next_back().is_some_and(is_version);
    is_version(method)
        || is_request && !method.is_empty() && method.iter().all(u8::is_ascii_uppercase)
}
