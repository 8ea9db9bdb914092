//! The parts of a message (RFC 2046 5.1), in one forward pass.

use std::cell::RefCell;
use std::rc::Rc;

use super::content::{CHUNK, Content, Found, Signs, Until};
use super::header::Header;
use crate::bytes::wide;
use crate::container::{
    Body, Member, Name, is_firmly_known, is_known, is_named_protected, not_as_named,
};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Encoding, Extent, UNKNOWN_SIZE, Window, head_of};

/// Encoded bytes of a part that are looked at to tell whether anything can come of it.
const HEAD: usize = 5600;
/// Chunks of a message's only part that are searched for signs of others.
const SINGLE_CHUNKS: usize = 4;

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

/// A message, as far as it is read.
#[derive(Debug)]
pub(super) struct Message {
    at: At,
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
        let (at, parts, signs) = (At::Header, 0, Signs::default());
        let (labels, damage) = (None, None);
        Message { at, position, content, parts, labels, damage, signs }
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
                    self.note_stray_fields(from);
                }
                At::Header => {
                    let header = self.header(window)?;
                    if let Some(boundary) = header.boundary() {
                        self.open(boundary, window)?;
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
        let header = Header::read(window, self.position, |line| content.delimiter(line).is_some())?;
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
        self.position = header.body;
        Ok(header)
    }

    /// Goes into a multipart.
    fn open(&mut self, boundary: &str, window: &Window<'_>) -> Result<()> {
        let boundaries = &mut self.content.borrow_mut().boundaries;
        window.meter().check(Limit::Nesting, wide(boundaries.len()).saturating_add(1))?;
        boundaries.push(boundary.as_bytes().to_vec());
        self.at = At::Between;
        Ok(())
    }

    fn part(&mut self, window: &mut Window<'_>, header: &Header) -> Result<Part> {
        let start = self.position;
        let is_single = self.is_single();
        let mut head = HEAD;
        if !is_single {
            let mut content = self.content.borrow_mut();
            content.begin(start);
            head = content.up_to(HEAD, window.source(), window.meter())?;
        }
        let (encoding, is_known) = known(window, start, head, &header.encodings)?;
        if !is_known && header.file_name().is_some_and(is_named_protected) {
            self.damage.get_or_insert_with(not_as_named);
        }
        let name = match header.file_name() {
            Some(name) => Name::Named(name.to_owned()),
            None => Name::Numbered("part", self.parts),
        };
        let body = if is_single {
            self.at = At::End;
            if !is_known {
                self.look_for_signs(window, start)?;
            }
            single(window, start, encoding)
        } else {
            self.at = At::Part;
            if !is_known {
                self.content_end(window)?;
            }
            Body::Delimited { content: Rc::clone(&self.content), begin: start, encoding }
        };
        if !is_known {
            if std::mem::take(&mut self.signs.has_uuencoded) {
                self.damage.get_or_insert_with(|| {
                    Error::unsupported("archive-not-opened", "uuencoded part", start, "not decoded")
                });
            }
            self.note_stray_fields(start);
        }
        Ok(Part { member: Member { name, body }, is_known })
    }

    /// Whether the content at the position ends with the member. Nobody has to read to the end to
    /// know that there it ends.
    fn is_single(&self) -> bool {
        let content = self.content.borrow();
        content.until == Until::End && content.boundaries.is_empty()
    }

    /// Fields that head a part, in what is none: the delimiter before them was damaged, or what said
    /// that there are parts.
    fn note_stray_fields(&mut self, from: u64) {
        if std::mem::take(&mut self.signs.has_part_fields) {
            self.damage.get_or_insert_with(|| {
                let detail = "its text has the fields of a part in it";
                Error::malformed("malformed-mime", "multipart", from, detail)
            });
        }
    }

    /// Looks for them in the text of a message that has but one part.
    fn look_for_signs(&mut self, window: &mut Window<'_>, start: u64) -> Result<()> {
        let mut from = start;
        for _ in 0..SINGLE_CHUNKS {
            let chunk = window.up_to(from, CHUNK)?;
            self.signs.look(chunk);
            let len = wide(chunk.len());
            if chunk.len() < CHUNK {
                break;
            }
            window.meter().charge(Limit::Steps, len.wrapping_shr(4))?;
            from = from.saturating_add(len);
        }
        Ok(())
    }

    /// Searches for what ends the content at the position, and goes behind it.
    fn content_end(&mut self, window: &mut Window<'_>) -> Result<()> {
        if self.at != At::Part && self.is_single() {
            self.at = At::End;
            return Ok(());
        }
        let mut content = self.content.borrow_mut();
        let end = content.end(window.source(), window.meter())?;
        self.signs = content.signs;
        match end.found {
            Found::Delimiter { depth, closes } => {
                let open = if closes { depth } else { depth.saturating_add(1) };
                content.boundaries.truncate(open);
                self.position = end.behind;
                self.at = if closes { At::Between } else { At::Header };
            }
            Found::Message => {
                self.position = end.line;
                self.at = At::End;
            }
            Found::Nothing => {
                if !content.boundaries.is_empty() {
                    self.damage.get_or_insert_with(|| {
                        Error::truncated("multipart", end.at, "its last delimiter is not there")
                    });
                }
                self.position = end.at;
                self.at = At::End;
                // The member's size is known by that.
                window.up_to(end.at, 1)?;
            }
        }
        Ok(())
    }
}

/// The only part of a message, which ends with it.
fn single(window: &Window<'_>, begin: u64, encoding: Option<Encoding>) -> Body {
    let end = match encoding {
        // What stands as it is may have to be read from its end.
        None => window.len(),
        Some(_) => window.known_len().unwrap_or(UNKNOWN_SIZE),
    };
    let extents = vec![Extent { offset: begin, len: end.saturating_sub(begin) }];
    match encoding {
        None => Body::Stored(extents),
        Some(encoding) => Body::Encoded { extents, encoding, size: None },
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
