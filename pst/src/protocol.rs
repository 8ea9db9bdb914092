//! The protocol between parent and child: frames of a tag, a length, and that many bytes.
//!
//! The parent requests the next attachment, or bytes of the current one. The child answers, and may
//! request bytes of the file any number of times before. One process always waits for the other, so
//! that a full pipe cannot block both. The parent does not trust the child: frames are short,
//! counts are bounded, and text is decoded leniently.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;

use rmsight::{PstAttachment, PstDamage};

/// Maximum number of bytes of a file or attachment in a frame.
pub(super) const PIECE: usize = 1 << 16;
/// Maximum length of a frame, in bytes.
const LONGEST: usize = PIECE + 64;
/// Maximum number of elements of a path: folders, and messages in messages.
pub(super) const STEPS: usize = 64;
/// Represents an unknown offset.
const NOWHERE: u64 = u64::MAX;
/// Maximum length of a name, in bytes.
const NAME: usize = 400;

/// A message to the child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    /// The size of the file; the first message.
    Size(u64),
    /// Requests the next attachment or use license.
    Next,
    /// Requests bytes of the current attachment.
    Attachment { offset: u64, len: u32 },
    /// The requested bytes of the file.
    File(Vec<u8>),
    /// The requested bytes could not be read.
    Unreadable,
}

/// A message from the child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Requests bytes of the file.
    Wants { offset: u64, len: u32 },
    /// The next attachment.
    Attachment(PstAttachment),
    /// The next use license.
    UseLicense(PstAttachment),
    /// Data that could not be read.
    Unread(PstDamage),
    /// There are no more items.
    End,
    /// Bytes of the attachment.
    Bytes(Vec<u8>),
    /// They could not be read, or the file could not be opened.
    Malformed(PstDamage),
}

fn write(to: &mut impl Write, tag: u8, parts: &[&[u8]]) -> io::Result<()> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let len = u32::try_from(len).map_err(io::Error::other)?;
    let mut frame = vec![tag];
    frame.extend_from_slice(&len.to_le_bytes());
    parts.iter().for_each(|part| frame.extend_from_slice(part));
    to.write_all(&frame)?;
    to.flush()
}

fn read(from: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let [mut tag, mut len] = [vec![0; 1], vec![0; 4]];
    from.read_exact(&mut tag)?;
    from.read_exact(&mut len)?;
    let len = Fields(&len).u32().and_then(|len| usize::try_from(len).ok());
    let len = len.filter(|len| *len <= LONGEST).ok_or_else(protocol_error)?;
    let mut bytes = vec![0; len];
    from.read_exact(&mut bytes)?;
    Ok((tag.first().copied().unwrap_or_default(), bytes))
}

/// Returns the error for an invalid frame.
fn protocol_error() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it does not keep to the protocol")
}

/// Reads the fields of a frame.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<String> {
        let len = usize::try_from(self.u32()?).ok().filter(|len| *len <= NAME)?;
        Some(String::from_utf8_lossy(self.take(len)?).into_owned())
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        let count = usize::try_from(self.u32()?).ok().filter(|count| *count <= STEPS)?;
        (0..count).map(|_| self.text()).collect()
    }

    fn attachment(&mut self) -> Option<PstAttachment> {
        let (size, message) = (self.u64()?, self.texts()?);
        let (embedded, name) = (self.texts()?, self.texts()?.pop());
        Some(PstAttachment { message, embedded, name, size })
    }

    fn damage(&mut self) -> Option<PstDamage> {
        let offset = Some(self.u64()?).filter(|offset| *offset != NOWHERE);
        Some(PstDamage { detail: self.text()?, offset })
    }

    /// Returns `value` if no bytes are left.
    fn end<T>(self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

fn put_text(text: &str, to: &mut Vec<u8>) {
    let mut end = text.len().min(NAME);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end).unwrap_or_default();
    to.extend_from_slice(&u32::try_from(text.len()).unwrap_or_default().to_le_bytes());
    to.extend_from_slice(text.as_bytes());
}

fn put_texts(texts: &[String], to: &mut Vec<u8>) {
    // The end of a long path is more informative than its start.
    let texts = texts.get(texts.len().saturating_sub(STEPS)..).unwrap_or_default();
    to.extend_from_slice(&u32::try_from(texts.len()).unwrap_or_default().to_le_bytes());
    texts.iter().for_each(|text| put_text(text, to));
}

fn attachment(attachment: &PstAttachment) -> Vec<u8> {
    let mut bytes = attachment.size.to_le_bytes().to_vec();
    put_texts(&attachment.message, &mut bytes);
    put_texts(&attachment.embedded, &mut bytes);
    put_texts(attachment.name.as_slice(), &mut bytes);
    bytes
}

fn damage(damage: &PstDamage) -> Vec<u8> {
    let mut bytes = damage.offset.unwrap_or(NOWHERE).to_le_bytes().to_vec();
    put_text(&damage.detail, &mut bytes);
    bytes
}

impl Ask {
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Ask::Size(size) => write(to, b'S', &[&size.to_le_bytes()]),
            Ask::Next => write(to, b'N', &[]),
            Ask::Attachment { offset, len } => {
                write(to, b'A', &[&offset.to_le_bytes(), &len.to_le_bytes()])
            }
            Ask::File(bytes) => write(to, b'F', &[bytes]),
            Ask::Unreadable => write(to, b'U', &[]),
        }
    }

    pub(super) fn read(from: &mut impl Read) -> io::Result<Ask> {
        let (tag, bytes) = read(from)?;
        let mut fields = Fields(&bytes);
        let ask = match tag {
            b'S' => fields.u64().map(Ask::Size),
            b'N' => Some(Ask::Next),
            b'A' => {
                fields.u64().zip(fields.u32()).map(|(offset, len)| Ask::Attachment { offset, len })
            }
            b'F' => return Ok(Ask::File(bytes)),
            b'U' => Some(Ask::Unreadable),
            _ => None,
        };
        ask.ok_or_else(protocol_error)
    }
}

impl Answer {
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Answer::Wants { offset, len } => {
                write(to, b'w', &[&offset.to_le_bytes(), &len.to_le_bytes()])
            }
            Answer::Attachment(found) => write(to, b'a', &[&attachment(found)]),
            Answer::UseLicense(found) => write(to, b'l', &[&attachment(found)]),
            Answer::Unread(why) => write(to, b'u', &[&damage(why)]),
            Answer::End => write(to, b'e', &[]),
            Answer::Bytes(bytes) => write(to, b'b', &[bytes]),
            Answer::Malformed(why) => write(to, b'm', &[&damage(why)]),
        }
    }

    pub(super) fn read(from: &mut impl Read) -> io::Result<Answer> {
        let (tag, bytes) = read(from)?;
        let mut fields = Fields(&bytes);
        let answer = (|| match tag {
            b'w' => {
                let (offset, len) = (fields.u64()?, fields.u32()?);
                fields.end(Answer::Wants { offset, len })
            }
            b'a' => {
                let attachment = fields.attachment()?;
                fields.end(Answer::Attachment(attachment))
            }
            b'l' => {
                let license = fields.attachment()?;
                fields.end(Answer::UseLicense(license))
            }
            b'u' => {
                let why = fields.damage()?;
                fields.end(Answer::Unread(why))
            }
            b'e' => fields.end(Answer::End),
            b'b' => Some(Answer::Bytes(bytes.clone())),
            b'm' => {
                let why = fields.damage()?;
                fields.end(Answer::Malformed(why))
            }
            _ => None,
        })();
        answer.ok_or_else(protocol_error)
    }
}

/// Offset of the last page or block that was read. `outlook-pst` seeks to its start before each
/// read, and its errors do not contain it.
#[derive(Debug, Clone, Default)]
pub(super) struct LastSeek(Rc<Cell<Option<u64>>>);

impl LastSeek {
    /// Clears the offset, so that later errors do not refer to it.
    pub(super) fn forget(&self) {
        self.0.set(None);
    }

    pub(super) fn get(&self) -> Option<u64> {
        self.0.get()
    }

    pub(super) fn set(&self, at: Option<u64>) {
        self.0.set(at);
    }

    pub(super) fn damage(&self, detail: String) -> PstDamage {
        PstDamage { detail, offset: self.get() }
    }
}
