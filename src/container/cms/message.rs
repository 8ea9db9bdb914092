//! Messages: recognition, and the content that they sign.

use super::der::{
    DerReader, DerValue, EXPLICIT_0, IA5_STRING, IMPLICIT_1, INTEGER, OBJECT_ID, OCTETS,
    OCTETS_IN_PIECES, SEQUENCE, SET, STRUCTURE, tag,
};
use crate::bytes::{to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::name::Name;
use crate::container::sink::{Body, Member, Sink};
use crate::error::{Error, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::source::{Extent, HEAD, Window};

/// Prefixes of the content types of PKCS #7 and of S/MIME, including tag and length.
pub(super) const PKCS_7: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07";
pub(super) const SMIME: &[u8] = b"\x06\x0B\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01";
/// Their last bytes: `id-data`, `id-signedData`, `id-digestedData` (RFC 5652 4, 5, 7),
/// `id-ct-timestampedData` (RFC 5544 2).
pub(super) const DATA: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01";
pub(super) const SIGNED: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02";
const DIGESTED: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x05";
const TIME_STAMPED: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x1F";
/// Content types that are not opened: RFC 5652 6, 8 and 9, RFC 2315 11, RFC 3274, RFC 5083.
pub(super) const CLOSED: [(&[u8], &str); 6] = [
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03", "enveloped data: an encrypted message"),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x04", "signed and enveloped data"),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x06", "encrypted data"),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x02", "authenticated data"),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x09", "compressed data"),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17", "enveloped data: an encrypted message"),
];
/// Bytes of a message that contain its content type and that of what is signed.
const TYPES: usize = 128;

/// Returns whether `head` begins a message: a SEQUENCE with one of the content types. One byte of
/// that may be damaged.
pub(crate) fn matches(head: &[u8]) -> bool {
    let Some(first) = head.first() else { return false };
    let is_sequence = *first == SEQUENCE;
    if is_sequence && let Some((_, skip)) = tag(head, SEQUENCE) {
        let content = head.get(skip..).unwrap_or_default();
        if is_content_type(content) || is_bare_signed(content) || is_damaged_type(head, content) {
            return true;
        }
    }
    if !is_sequence && !head.get(2..7).is_some_and(|ids| ids.contains(&OBJECT_ID)) {
        return false;
    }
    // The length may be damaged, or one byte of the rest.
    (2..=6).any(|at| {
        let content = head.get(at..).unwrap_or_default();
        [PKCS_7, SMIME].iter().any(|id| {
            let found = content.get(..id.len()).unwrap_or_default();
            let equal = found.iter().zip(*id).filter(|(found, byte)| found == byte).count();
            let is_followed = content.get(id.len().saturating_add(1)) == Some(&EXPLICIT_0);
            equal == id.len() || is_sequence && is_followed && equal.saturating_add(1) == id.len()
        })
    })
}

/// Returns whether `content` is that of SignedData without the content type before it, as other
/// signed data encapsulates it (RFC 5652 5.1 and 5.2).
fn is_bare_signed(content: &[u8]) -> bool {
    if !matches!(content, [INTEGER, 1, ..=5, ..]) {
        return false;
    }
    let rest = content.get(3..).unwrap_or_default();
    let Some((Some(len), skip)) = tag(rest, SET) else { return false };
    let after = to_usize(len).and_then(|len| rest.get(skip.checked_add(len)?..));
    let rest = after.unwrap_or_default();
    let Some((_, skip)) = tag(rest, SEQUENCE) else { return false };
    is_content_type(rest.get(skip..).unwrap_or_default())
}

/// Returns whether `content` begins with the identifier of a content type.
fn is_content_type(content: &[u8]) -> bool {
    let Some((_, skip)) = tag(content, OBJECT_ID) else { return false };
    let id = content.get(skip..).unwrap_or_default();
    [PKCS_7, SMIME].iter().any(|known| known.get(2..).is_some_and(|known| id.starts_with(known)))
}

/// Returns whether `content` begins with what damage leaves of a content type: its tag and length,
/// and the first byte of the identifier or, in the bytes that follow, the content type of what is
/// signed. The SEQUENCE that begins `head` is too short for a protected file if its length has one
/// byte.
fn is_damaged_type(head: &[u8], content: &[u8]) -> bool {
    let is_long = head.get(1).is_some_and(|len| *len >= 0x80);
    let has_tag = [PKCS_7, SMIME].iter().any(|id| content.get(..2) == id.get(..2));
    if !is_long || !has_tag {
        return false;
    }
    let id = content.get(2..).unwrap_or_default();
    let types = id.get(..TYPES).unwrap_or(id);
    // 0x2A is ISO, member bodies; the file may end before it.
    matches!(id, [] | [0x2A, ..])
        || [PKCS_7, SMIME].iter().any(|id| memchr::memmem::find(types, id).is_some())
}

impl DerReader<'_, '_> {
    /// Reads EncapsulatedContentInfo (RFC 5652 5.2): content is missing in a signature, and in a
    /// bundle of certificates.
    fn encapsulated(&mut self) -> Result<MessageContent> {
        let outer = self.expect(SEQUENCE, "the encapsulated content is missing")?;
        let id = self.id()?;
        let mut content = MessageContent::Stored(Vec::new());
        if !self.is_at_end(outer)? {
            let inner = self.expect(EXPLICIT_0, "the encapsulated content is damaged")?;
            content = MessageContent::Stored(self.content()?);
            self.leave(inner)?;
        }
        self.leave(outer)?;
        Ok(match CLOSED.iter().find(|(closed, _)| *closed == id) {
            Some((_, name)) => MessageContent::Closed(name),
            None => content,
        })
    }

    /// Reads SignedData (RFC 5652 5.1).
    fn signed(&mut self, outer: DerValue) -> Result<MessageContent> {
        let version = self.expect(INTEGER, "the version of signed data is missing")?;
        self.skip(version)?;
        let algorithms = self.expect(SET, "the digest algorithms are missing")?;
        self.skip(algorithms)?;
        let content = self.encapsulated()?;
        // Certificates, revocation lists, signers. The set of signers is mandatory, and may be
        // empty.
        let mut has_signers = false;
        while !self.is_at_end(outer)? {
            let value = self.next()?;
            if !matches!(value.tag, EXPLICIT_0 | IMPLICIT_1 | SET) {
                let detail = "neither certificates nor signers follow the content";
                return Err(Error::malformed(ErrorCode::MalformedCms, STRUCTURE, value.at, detail));
            }
            has_signers |= value.tag == SET;
            self.skip(value)?;
        }
        if !has_signers {
            return Err(self.malformed("the set of signers is missing"));
        }
        self.leave(outer)?;
        Ok(content)
    }

    /// Reads DigestedData (RFC 5652 7).
    fn digested(&mut self, outer: DerValue) -> Result<MessageContent> {
        for (tag, detail) in [
            (INTEGER, "the version of digested data is missing"),
            (SEQUENCE, "the digest algorithm is missing"),
        ] {
            let value = self.expect(tag, detail)?;
            self.skip(value)?;
        }
        let content = self.encapsulated()?;
        let digest = self.expect(OCTETS, "the digest is missing")?;
        self.skip(digest)?;
        self.leave(outer)?;
        Ok(content)
    }

    /// Reads TimeStampedData (RFC 5544 2): the content is missing if an address says where it is.
    fn time_stamped(&mut self, outer: DerValue) -> Result<MessageContent> {
        let version = self.expect(INTEGER, "the version of time-stamped data is missing")?;
        self.skip(version)?;
        let mut content = Vec::new();
        let mut has_evidence = false;
        while !self.is_at_end(outer)? {
            let at = self.at;
            let value = self.next()?;
            match value.tag {
                OCTETS | OCTETS_IN_PIECES if content.is_empty() => {
                    self.at = at;
                    content = self.content()?;
                }
                IA5_STRING | SEQUENCE => self.skip(value)?,
                EXPLICIT_0 | IMPLICIT_1 => {
                    has_evidence = true;
                    self.skip(value)?;
                }
                _ => {
                    let detail = "a value of time-stamped data has an unknown tag";
                    return Err(Error::malformed(
                        ErrorCode::MalformedCms,
                        STRUCTURE,
                        value.at,
                        detail,
                    ));
                }
            }
        }
        if !has_evidence {
            return Err(self.malformed("the time-stamp is missing"));
        }
        self.leave(outer)?;
        Ok(MessageContent::Stored(content))
    }

    /// Reads ContentInfo (RFC 5652 3), or SignedData without it.
    fn message(&mut self) -> Result<MessageContent> {
        let outer = self.expect(SEQUENCE, "a message begins with a SEQUENCE")?;
        if self.window.up_to(self.at, 1)? == [INTEGER] {
            return self.signed(outer);
        }
        let id = self.id()?;
        let explicit = self.expect(EXPLICIT_0, "the content of a message is missing")?;
        let content = match id.as_slice() {
            DATA => MessageContent::Stored(self.content()?),
            SIGNED | DIGESTED | TIME_STAMPED => {
                let inner = self.expect(SEQUENCE, "the content of a message is damaged")?;
                match id.as_slice() {
                    SIGNED => self.signed(inner)?,
                    DIGESTED => self.digested(inner)?,
                    _ => self.time_stamped(inner)?,
                }
            }
            _ => {
                let closed = CLOSED.iter().find(|(closed, _)| *closed == id);
                return Ok(MessageContent::Closed(
                    closed.map_or("content of an unknown type", |it| it.1),
                ));
            }
        };
        self.leave(explicit)?;
        self.leave(outer)?;
        Ok(content)
    }
}

/// Content of a message.
enum MessageContent {
    /// Extents of the content; empty if it is missing.
    Stored(Vec<Extent>),
    /// Content that is not opened, with the name of the structure.
    Closed(&'static str),
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    sink.protection(Protection::Unknown);
    let mut reader = DerReader { window, at: 0 };
    let content = reader.message()?;
    let end = reader.at;
    let content = match content {
        MessageContent::Stored(content) => content,
        MessageContent::Closed(name) => {
            return Err(Error::unsupported(ErrorCode::ArchiveNotOpened, STRUCTURE, 0, name));
        }
    };
    sink.protection(Protection::None);
    if end < window.len() {
        sink.anomaly(Anomaly::TrailingData, Some(end));
    }
    let mut head = Vec::new();
    for extent in &content {
        let left = to_u64(HEAD.saturating_sub(head.len())).min(extent.len);
        if left == 0 && extent.len > 0 {
            break;
        }
        let bytes = window.up_to(extent.offset, to_usize(left).unwrap_or_default())?;
        #[allow(clippy::disallowed_methods)] // at most HEAD bytes
        head.extend_from_slice(bytes);
    }
    if sink.recognizer().is_known(&head) {
        let body = Body::Stored(content);
        sink.member(Member { name: Name::Unnamed("content"), body })?;
    }
    Ok(())
}
