//! The parts of a message (RFC 2046 5.1), in one forward pass.

use std::cell::RefCell;
use std::rc::Rc;

use super::content::{Boundary, CHUNK, Content, End, Found, Until};
use super::header::Header;
use super::signs::Signs;
use crate::bytes::{narrow, wide};
use crate::container::{
    Body, Member, Name, is_firmly_known, is_known, is_named_protected, not_as_named,
};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Encoding, Window, head_of};

/// Encoded bytes of a part that are looked at to tell whether anything can come of it.
const HEAD: usize = 5600;
/// Bytes at the end of a part that contain its last line.
const LAST_LINE: u64 = 1024;

/// What comes at a message's position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Header,
    /// Before the first part of a multipart, or behind its last one.
    Between,
    /// In a part that is read by somebody else.
    Part,
    End,
}

/// What tells whether a part is complete without the delimiter that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaf {
    /// Text, in quoted-printable or as it is: complete anywhere.
    Text,
    /// Complete with its padding, or with a group of four letters.
    Base64,
    /// A multipart with its last delimiter.
    ClosedMultipart,
    /// Nothing tells.
    Other,
}

/// A message, as far as it is read.
#[derive(Debug)]
pub(super) struct Message {
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
    /// What stands at the position, shared with who reads it.
    content: Rc<RefCell<Content>>,
    /// Parts met until now that are no multiparts.
    parts: u64,
    /// The value of `msip_labels` in the message's own header.
    pub(super) labels: Option<String>,
    /// Why parts may have been missed, the first time that something said so.
    pub(super) damage: Option<Error>,
    /// What was seen in the content passed over last.
    signs: Signs,
}

/// A part that is no multipart.
pub(super) struct Part {
    pub(super) member: Member,
    /// Whether its first bytes are those of a known format.
    pub(super) is_known: bool,
}

impl Message {
    pub(super) fn new(position: u64, until: Until) -> Message {
        Message::over(Rc::new(RefCell::new(Content::new(until))), position)
    }

    fn over(content: Rc<RefCell<Content>>, position: u64) -> Message {
        Message {
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
            signs: Signs::default(),
        }
    }

    /// Leaves all that was read, and begins with the message at `position`.
    pub(super) fn restart(&mut self, position: u64) {
        self.content.borrow_mut().boundaries.clear();
        *self = Message::over(Rc::clone(&self.content), position);
    }

    /// The next part. One of a known format is for somebody else to read, and what follows it is
    /// found when it is asked for; the others are passed over.
    pub(super) fn next_part(&mut self, window: &mut Window<'_>) -> Result<Option<Part>> {
        loop {
            match self.at {
                At::End => return Ok(None),
                At::Part => {
                    self.content_end(window)?;
                    // A message in the message has such fields by right.
                    self.signs = Signs::default();
                }
                At::Between => {
                    let from = self.position;
                    self.content.borrow_mut().begin(from);
                    self.content_end(window)?;
                    self.note_signs(from);
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

    /// Passes over all that is left of the message.
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

    fn header(&mut self, window: &mut Window<'_>) -> Result<Header> {
        let content = self.content.borrow();
        let header = Header::read(window, self.position, |rest| content.ends_header(rest))?;
        let mut damage = |structure, detail| {
            self.damage.get_or_insert_with(|| {
                Error::malformed("malformed-header", structure, self.position, detail)
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

    /// Goes into a multipart.
    fn open(&mut self, boundary: Boundary, window: &Window<'_>) -> Result<()> {
        let boundaries = &mut self.content.borrow_mut().boundaries;
        window.meter().check(Limit::Nesting, wide(boundaries.len()).saturating_add(1))?;
        boundaries.push(boundary);
        self.at = At::Between;
        Ok(())
    }

    fn part(&mut self, window: &mut Window<'_>, header: &Header) -> Result<Part> {
        let start = self.position;
        let head = {
            let mut content = self.content.borrow_mut();
            content.begin(start);
            content.up_to(HEAD, window.source(), window.meter())?
        };
        let (encoding, is_known) = known(window, start, head, &header.encodings)?;
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
        if !is_known {
            self.content_end(window)?;
            self.note_signs(start);
        }
        let content = Rc::clone(&self.content);
        let body = Body::Delimited { content, begin: start, encoding };
        Ok(Part { member: Member { name, body }, is_known })
    }

    /// Notes signs of parts in the content passed over last: the delimiter before them was damaged,
    /// or the field that announces them, or no header announces them at all.
    fn note_signs(&mut self, from: u64) {
        let signs = std::mem::take(&mut self.signs);
        if let Some(encoding) = signs.encoded {
            self.damage.get_or_insert_with(|| {
                Error::unsupported("archive-not-opened", encoding, from, "not decoded")
            });
        }
        if signs.has_part_fields {
            self.damage.get_or_insert_with(|| {
                let detail = "its text has the fields of a part in it";
                Error::malformed("malformed-mime", "multipart", from, detail)
            });
        }
    }

    /// Searches for what ends the content at the position, and goes behind it.
    fn content_end(&mut self, window: &mut Window<'_>) -> Result<()> {
        let content = Rc::clone(&self.content);
        let mut content = content.borrow_mut();
        let end = content.end(window.source(), window.meter())?;
        self.signs = content.signs;
        match end.found {
            Found::Delimiter { depth, closes } => {
                content.boundaries.truncate(depth.saturating_add(1));
                if let Some(boundary) = content.boundaries.last_mut() {
                    boundary.is_closed = closes;
                    boundary.parts = boundary.parts.saturating_add(u32::from(!closes));
                }
                if closes {
                    self.leaf = Leaf::ClosedMultipart;
                }
                self.position = end.behind;
                self.at = if closes { At::Between } else { At::Header };
            }
            Found::Message => {
                self.position = end.line;
                self.is_followed = true;
                self.at = At::End;
            }
            Found::Nothing => {
                self.judge_end(&content, end, window)?;
                self.position = end.at;
                self.at = At::End;
                // The member's size is known by that.
                window.up_to(end.at, 1)?;
            }
        }
        Ok(())
    }

    /// Judges multiparts that are open where the bytes end.
    fn judge_end(&mut self, content: &Content, end: End, window: &mut Window<'_>) -> Result<()> {
        let mut open = content.boundaries.iter().filter(|boundary| !boundary.is_closed);
        let Some(first) = open.next() else { return Ok(()) };
        // A header without a body, as a delivery notice returns it (RFC 6522 3), or a text that
        // begins like one.
        let has_body = if self.is_member { self.signs.has_dashes } else { true };
        if self.at == At::Between && first.parts == 0 && open.next().is_none() && !has_body {
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
                let tail = window.up_to(from, narrow(len).unwrap_or_default())?.trim_ascii_end();
                let line = tail.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                line.ends_with(b"=") || line.len().checked_rem(4) == Some(0)
            }
            Leaf::Base64 | Leaf::Other => false,
        })
    }
}

/// Whether the `len` bytes at `start` begin something of a known format in one of the encodings that
/// its header names, and in which.
fn known(
    window: &mut Window<'_>,
    start: u64,
    len: usize,
    encodings: &[Option<Encoding>],
) -> Result<(Option<Encoding>, bool)> {
    let raw = window.on_the_way(start, len, CHUNK)?;
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
