//! Signed and encrypted messages (CMS, RFC 5652; S/MIME, RFC 8551): `smime.p7m` and the like, in DER
//! and BER, in PEM (RFC 7468) and in base64.
//!
//! Signed content is stored as it is, and is looked into. Signatures without content (`.p7s`) and
//! bundles of certificates are ordinary files. What is encrypted or compressed is not opened: it may
//! contain a protected file.

use crate::bytes::{to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::name::Name;
use crate::container::sink::{Body, Member, Sink};
use crate::container::{mail, pdf, xrml_file, zip};
use crate::error::{Error, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::limits::Limit;
use crate::source::Encoding;
use crate::source::{EXTENT_MEMORY, Extent, Window, head_of};

const STRUCTURE: &str = "CMS";
/// Tags (X.690 8.1.2): INTEGER, OCTET STRING, OBJECT IDENTIFIER, IA5String, SEQUENCE, SET, `[0]`,
/// `[1]`; and an OCTET STRING that consists of others.
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const IA5_STRING: u8 = 0x16;
const OCTETS_IN_PIECES: u8 = 0x24;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const EXPLICIT_0: u8 = 0xA0;
const IMPLICIT_1: u8 = 0xA1;

/// What the content types of PKCS #7 begin with, and those of S/MIME; tag and length included.
const PKCS_7: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07";
const SMIME: &[u8] = b"\x06\x0B\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01";
/// Their last bytes: `id-data`, `id-signedData`, `id-digestedData` (RFC 5652 4, 5, 7),
/// `id-ct-timestampedData` (RFC 5544 2).
const DATA: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01";
const SIGNED: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02";
const DIGESTED: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x05";
const TIME_STAMPED: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x1F";
/// Content types that are not opened: RFC 5652 6, 8 and 9, RFC 2315 11, RFC 3274, RFC 5083.
const CLOSED: [(&[u8], &str); 6] = [
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03", "enveloped data: an encrypted message"),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x04", "signed and enveloped data"),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x06", "encrypted data"),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x02", "authenticated data"),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x09", "compressed data"),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17", "enveloped data: an encrypted message"),
];
/// Bytes of a tag and its length.
const TAG: usize = 10;
/// Bytes of a message that contain its content type and that of what is signed.
const TYPES: usize = 128;
/// Bytes of an OBJECT IDENTIFIER that are read.
const MAX_ID: u64 = 64;
/// Constructed values inside of each other.
const MAX_DEPTH: usize = 32;
/// Bytes of the content that tell what it is.
const HEAD: u64 = 4096;
/// What ends a value without a length.
const END_OF_CONTENTS: &[u8] = &[0, 0];
/// What begins PEM, and the line that ends it.
pub(super) const PEM: &[u8] = b"-----BEGIN ";
pub(super) const PEM_END: &[u8] = b"-----END ";
/// Labels of PEM that announce a message (RFC 7468, 7 and 9; OpenSSL).
pub(super) const LABELS: [&[u8]; 3] = [b"PKCS7", b"PKCS #7", b"CMS"];
/// What OpenSSL prints before PEM.
const PRINTED: [&[u8]; 5] =
    [b"Bag Attributes", b"subject=", b"issuer=", b"Certificate:\n", b"Certificate:\r"];
/// Bytes of a block that are searched for the base64 of a message.
const HEAD_OF_BLOCK: usize = 4096;
/// Letters of base64 of which one may be damaged.
const FIRST_LETTERS: usize = 16;
/// Bytes of a head that may not contain all of the PEM.
const LONG_HEAD: usize = 4000;
/// Bytes of PEM that are searched for its end at once.
const CHUNK: usize = 65_536;

/// The tag at the beginning of some bytes: its content's length, which may stay open (X.690 8.1.3.6),
/// and how many bytes say so.
fn tag(bytes: &[u8], expected: u8) -> Option<(Option<u64>, usize)> {
    let (found, rest) = bytes.split_first()?;
    if *found != expected {
        return None;
    }
    let (first, rest) = rest.split_first()?;
    match *first {
        0x80 => Some((None, 2)),
        short @ 0..0x80 => Some((Some(u64::from(short)), 2)),
        long => {
            let digits = rest.get(..usize::from(long & 0x7F)).filter(|digits| digits.len() <= 8)?;
            let len =
                digits.iter().fold(0, |len: u64, digit| len.wrapping_shl(8) | u64::from(*digit));
            Some((Some(len), digits.len().saturating_add(2)))
        }
    }
}

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
    let behind = to_usize(len).and_then(|len| rest.get(skip.checked_add(len)?..));
    let rest = behind.unwrap_or_default();
    let Some((_, skip)) = tag(rest, SEQUENCE) else { return false };
    is_content_type(rest.get(skip..).unwrap_or_default())
}

/// Returns whether `content` begins with the identifier of a content type.
fn is_content_type(content: &[u8]) -> bool {
    let Some((_, skip)) = tag(content, OBJECT_ID) else { return false };
    let id = content.get(skip..).unwrap_or_default();
    [PKCS_7, SMIME].iter().any(|known| known.get(2..).is_some_and(|known| id.starts_with(known)))
}

/// Returns whether `content` begins with what damage leaves of a content type: its tag and length, and
/// the first byte of the identifier or, in the bytes that follow, the content type of what is signed.
/// The SEQUENCE that begins `head` is too short for a protected file if its length has one byte.
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

/// A tag with the place of its content.
#[derive(Debug, Clone, Copy)]
struct DerValue {
    tag: u8,
    /// Offset of the tag.
    at: u64,
    /// Offset of its content.
    begin: u64,
    /// Where the content ends; `None` if `END_OF_CONTENTS` ends it.
    end: Option<u64>,
}

/// Values one after the other.
struct DerReader<'r, 'w> {
    window: &'r mut Window<'w>,
    at: u64,
}

impl DerReader<'_, '_> {
    fn malformed(&self, detail: &'static str) -> Error {
        Error::malformed(ErrorCode::MalformedCms, STRUCTURE, self.at, detail)
    }

    /// Reads the tag at the position, and goes to its content.
    fn next(&mut self) -> Result<DerValue> {
        self.window.meter().charge(Limit::Steps, 1)?;
        let at = self.at;
        let bytes = self.window.up_to(at, TAG)?;
        let found = bytes.first().copied().unwrap_or_default();
        let Some((len, skip)) = tag(bytes, found) else {
            return Err(match bytes.len() < TAG {
                true => Error::truncated(STRUCTURE, at, "the file ends in a tag"),
                false => self.malformed("the length of a value has more than 8 bytes"),
            });
        };
        if found & 0x1F == 0x1F {
            return Err(self.malformed("a tag has more than one byte"));
        }
        let begin = at.saturating_add(to_u64(skip));
        let end = len.map(|len| begin.saturating_add(len));
        if let Some(end) = end
            && end > self.window.len()
        {
            return Err(Error::truncated(STRUCTURE, at, "the file ends before a value does"));
        }
        self.at = begin;
        Ok(DerValue { tag: found, at, begin, end })
    }

    /// Reads a value that has to be there.
    fn expect(&mut self, tag: u8, detail: &'static str) -> Result<DerValue> {
        let value = self.next()?;
        match value.tag == tag {
            true => Ok(value),
            false => Err(Error::malformed(ErrorCode::MalformedCms, STRUCTURE, value.at, detail)),
        }
    }

    /// Whether the content of `value` ends at the position.
    fn is_at_end(&mut self, value: DerValue) -> Result<bool> {
        match value.end {
            Some(end) => Ok(self.at >= end),
            None => Ok(self.window.up_to(self.at, 2)? == END_OF_CONTENTS),
        }
    }

    /// Goes behind `value`, whose content has been read.
    fn leave(&mut self, value: DerValue) -> Result<()> {
        if !self.is_at_end(value)? || value.end.is_some_and(|end| end != self.at) {
            let detail = "the lengths of a value and of its content differ";
            return Err(self.malformed(detail));
        }
        if value.end.is_none() {
            self.at = self.at.saturating_add(2);
        }
        Ok(())
    }

    /// Goes behind `value`, whose content has not been read.
    fn skip(&mut self, value: DerValue) -> Result<()> {
        let mut open = match value.end {
            Some(end) => {
                self.at = end;
                return Ok(());
            }
            None => 1_usize,
        };
        while open > 0 {
            if self.window.up_to(self.at, 2)? == END_OF_CONTENTS {
                self.at = self.at.saturating_add(2);
                open = open.saturating_sub(1);
                self.window.meter().charge(Limit::Steps, 1)?;
                continue;
            }
            match self.next()?.end {
                Some(end) => self.at = end,
                None => open = open.saturating_add(1),
            }
        }
        Ok(())
    }

    /// Reads an OBJECT IDENTIFIER.
    fn id(&mut self) -> Result<Vec<u8>> {
        let value = self.expect(OBJECT_ID, "a content type is missing")?;
        let len = value.end.map_or(0, |end| end.saturating_sub(value.begin)).min(MAX_ID);
        let id = self.window.up_to(value.begin, to_usize(len).unwrap_or_default())?.to_vec();
        self.skip(value)?;
        Ok(id)
    }

    /// Reads the extents of content: an OCTET STRING, in one piece or several, or another value,
    /// which PKCS #7 1.5 has there, with its tag.
    fn content(&mut self) -> Result<Vec<Extent>> {
        let value = self.next()?;
        let mut pieces = Vec::new();
        match (value.tag, value.end) {
            (OCTETS, Some(_)) => self.piece(value, &mut pieces)?,
            (OCTETS_IN_PIECES, _) => {
                let mut open = vec![value];
                while let Some(last) = open.last().copied() {
                    if self.is_at_end(last)? {
                        self.leave(last)?;
                        open.pop();
                        continue;
                    }
                    let next = self.next()?;
                    match (next.tag, next.end) {
                        (OCTETS, Some(_)) => self.piece(next, &mut pieces)?,
                        (OCTETS_IN_PIECES, _) if open.len() < MAX_DEPTH => open.push(next),
                        _ => return Err(self.malformed("a piece of the content is none")),
                    }
                }
            }
            (SEQUENCE, _) => {
                self.skip(value)?;
                let len = self.at.saturating_sub(value.at);
                pieces.push(Extent { offset: value.at, len });
            }
            _ => {
                let detail = "the content is no OCTET STRING";
                return Err(Error::malformed(ErrorCode::MalformedCms, STRUCTURE, value.at, detail));
            }
        }
        Ok(pieces)
    }

    fn piece(&mut self, value: DerValue, pieces: &mut Vec<Extent>) -> Result<()> {
        self.window.meter().charge(Limit::Allocation, EXTENT_MEMORY)?;
        let end = value.end.unwrap_or(value.begin);
        pieces.push(Extent { offset: value.begin, len: end.saturating_sub(value.begin) });
        self.at = end;
        Ok(())
    }

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
        // Certificates, revocation lists, signers. The set of signers is mandatory, and may be empty.
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

/// The content of a message.
enum MessageContent {
    /// Where it is stored; empty if there is none.
    Stored(Vec<Extent>),
    /// It is not opened; the name of the structure.
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
        let left = HEAD.saturating_sub(to_u64(head.len())).min(extent.len);
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

/// Returns whether the base64 at the beginning of `encoded` is that of a message, intact or with one
/// damaged letter.
fn is_message(encoded: &[u8]) -> bool {
    is_intact_message(encoded) || {
        let is_letter =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let mut letters = base64_of(encoded).to_vec();
        let first = letters.iter_mut().skip_while(|byte| byte.is_ascii_whitespace());
        // A letter outside of the alphabet would shift the following ones.
        let damaged = first.take(FIRST_LETTERS).filter(|byte| !is_letter(**byte));
        damaged.for_each(|byte| *byte = b'A');
        let decoded = head_of(Encoding::Base64, &letters);
        decoded.is_some_and(|decoded| matches(&decoded) || is_damaged(&decoded))
    }
}

fn is_intact_message(encoded: &[u8]) -> bool {
    head_of(Encoding::Base64, base64_of(encoded)).is_some_and(|decoded| matches(&decoded))
}

/// Returns the base64 at the beginning of `encoded`, as far as it is searched.
fn base64_of(encoded: &[u8]) -> &[u8] {
    // The last line of PEM begins with dashes.
    let end = memchr::memmem::find(encoded, b"--").unwrap_or(encoded.len()).min(HEAD_OF_BLOCK);
    encoded.get(..end).unwrap_or_default()
}

/// Returns whether the identifier of a message follows a damaged beginning, or is damaged itself: one
/// letter of base64 belongs to two bytes.
fn is_damaged(decoded: &[u8]) -> bool {
    (2..=6).any(|at| {
        let content = decoded.get(at..).unwrap_or_default();
        [PKCS_7, SMIME].iter().any(|id| {
            let equal = content.iter().zip(*id).filter(|(found, byte)| found == byte).count();
            let is_followed = content.get(id.len().saturating_add(1)) == Some(&EXPLICIT_0);
            is_followed && equal.saturating_add(2) >= id.len()
        })
    })
}

/// The PEM block at the beginning of some bytes.
struct Block {
    /// Offset of the base64.
    body: usize,
    /// Whether the base64 is that of an intact message.
    is_intact: bool,
}

impl Block {
    /// Finds the base64 of a message in the PEM block at the beginning of `block`. Fields may precede
    /// it (RFC 1421 4.6). A label that announces a message counts too: the base64 may be damaged.
    fn of(block: &[u8]) -> Option<Block> {
        let line = memchr::memchr2(b'\r', b'\n', block)?.checked_add(1)?;
        let label = block.get(..line)?;
        let body = block.get(line..)?;
        let end = memchr::memmem::find(body, PEM_END).unwrap_or(body.len());
        let fields = body.get(..end.min(1024)).unwrap_or_default();
        let behind = [&b"\n\n"[..], b"\n\r\n", b"\r\r"].iter().find_map(|empty| {
            memchr::memmem::find(fields, empty).map(|at| at.saturating_add(empty.len()))
        });
        let mut begins = [Some(0), behind].into_iter().flatten();
        let found = begins.find(|at| body.get(*at..).is_some_and(is_message));
        let is_named = || LABELS.iter().any(|it| memchr::memmem::find(label, it).is_some());
        let begin = found.or_else(|| is_named().then_some(0))?;
        let encoded = body.get(begin..).unwrap_or_default();
        let is_intact = is_intact_message(encoded);
        Some(Block { body: line.checked_add(begin)?, is_intact })
    }
}

/// Returns whether PEM begins the text, in any case of letters. One byte of that may be damaged, and
/// the number of dashes may differ.
fn begins_with_pem(text: &[u8]) -> bool {
    let pairs = text.iter().zip(PEM);
    let equal = pairs.filter(|(found, byte)| found.eq_ignore_ascii_case(byte)).count();
    let begin = text.get(..PEM.len().saturating_add(4)).unwrap_or_default();
    equal.saturating_add(1) >= PEM.len()
        || begin.starts_with(b"-") && memchr::memmem::find(begin, b"-BEGIN ").is_some()
}

/// Returns the text in the head, and its offset.
fn text_of(head: &[u8]) -> (&[u8], usize) {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    (text, head.len().saturating_sub(text.len()))
}

/// Finds a message in PEM (RFC 7468), or in base64 alone. Other PEM, such as certificates, and what
/// programs print before PEM, may precede it.
fn base64_at(head: &[u8]) -> Option<Block> {
    let (text, start) = text_of(head);
    let at = |at: usize, block: Block| Some(Block { body: block.body.checked_add(at)?, ..block });
    if begins_with_pem(text)
        && let Some(block) = Block::of(text)
    {
        return at(start, block);
    }
    if is_before_pem(text) && (text.starts_with(PEM) || !is_other_format(head)) {
        let mut blocks = memchr::memmem::find_iter(head, PEM);
        return blocks.find_map(|begin| at(begin, Block::of(head.get(begin..)?)?));
    }
    // A SEQUENCE whose length has two or more bytes, or is not given.
    let first = text.get(..FIRST_LETTERS).unwrap_or_default();
    let is_letter = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let letters = first.iter().filter(is_letter).count();
    let is_base64 = text.starts_with(b"M") && letters.saturating_add(1) >= FIRST_LETTERS;
    if !is_base64 || !is_message(text) {
        return None;
    }
    Some(Block { body: start, is_intact: is_intact_message(text) })
}

/// Returns whether the text is PEM, or what programs print before it: OpenSSL the attributes of a
/// PKCS #12 bag, the names of a certificate, or all of the certificate.
fn is_before_pem(text: &[u8]) -> bool {
    begins_with_pem(text) || PRINTED.iter().any(|word| text.starts_with(word))
}

/// Returns whether `head` begins a message in PEM or in base64, or PEM that does not end in the head:
/// a message may follow certificates.
pub(crate) fn matches_base64(head: &[u8]) -> bool {
    let (text, _) = text_of(head);
    if base64_at(head).is_some() {
        return true;
    }
    head.len() >= LONG_HEAD && is_before_pem(text) && !is_other_format(head)
}

/// Returns whether text that begins like PEM is of a format that is tried later.
fn is_other_format(head: &[u8]) -> bool {
    mail::mbox::matches(head)
        || mail::eml::matches(head)
        || mail::unsupported_mail::matches(head)
        || xrml_file::matches(head)
        || xrml_file::matches_prolog(head)
        || zip::matches_prefixed(head)
        || zip::matches_damaged(head)
        || pdf::header_at(head).is_some()
}

/// Reads messages in PEM or in base64 as members.
pub(crate) fn read_base64(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    let first = base64_at(window.head()?).map(|block| (to_u64(block.body), block.is_intact));
    let mut next = match first {
        Some(first) => Some(first),
        None => next_block(window, 0)?,
    };
    while let Some((begin, is_intact)) = next {
        let end = find(window, begin, PEM_END)?;
        if is_intact {
            let extents = vec![Extent { offset: begin, len: end.saturating_sub(begin) }];
            let body = Body::Encoded { extents, encoding: Encoding::Base64, size: None };
            sink.member(Member { name: Name::Unnamed("content"), body })?;
        } else {
            let detail = "the beginning of its base64 is damaged";
            sink.incomplete(Error::malformed(ErrorCode::MalformedCms, STRUCTURE, begin, detail));
        }
        next = next_block(window, end)?;
    }
    Ok(())
}

/// Returns the offset of the base64 of the next message in PEM, and whether it is intact.
fn next_block(window: &mut Window<'_>, mut from: u64) -> Result<Option<(u64, bool)>> {
    loop {
        let at = find(window, from, PEM)?;
        let bytes = window.up_to(at, HEAD_OF_BLOCK)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let block =
            Block::of(bytes).map(|block| (at.saturating_add(to_u64(block.body)), block.is_intact));
        window.meter().charge(Limit::Steps, to_u64(HEAD_OF_BLOCK).wrapping_shr(4))?;
        if block.is_some() {
            return Ok(block);
        }
        from = at.saturating_add(1);
    }
}

/// Returns the offset of `word`, or the end of the member.
pub(super) fn find(window: &mut Window<'_>, from: u64, word: &[u8]) -> Result<u64> {
    let mut position = from;
    loop {
        let chunk = window.up_to(position, CHUNK)?;
        if let Some(at) = memchr::memmem::find(chunk, word) {
            return Ok(position.saturating_add(to_u64(at)));
        }
        let len = chunk.len();
        if len < CHUNK {
            return Ok(position.saturating_add(to_u64(len)));
        }
        // The word may be cut.
        position = position.saturating_add(to_u64(len.saturating_sub(word.len())));
        window.meter().charge(Limit::Steps, to_u64(CHUNK).wrapping_shr(4))?;
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests {
    use super::*;
    use crate::container::zip::tests::protected;
    use crate::{Inspector, Report};

    fn put(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let len = (content.len() as u32).to_be_bytes();
        [&[tag, 0x84][..], &len, &content].concat()
    }

    fn open(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        [&[tag, 0x80][..], &parts.concat(), END_OF_CONTENTS].concat()
    }

    /// A message with what is encapsulated: an OBJECT IDENTIFIER, and content if there is some.
    fn signed(encapsulated: &[&[u8]]) -> Vec<u8> {
        let algorithm = put(SEQUENCE, &[b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"]);
        let data = [
            &b"\x02\x01\x01"[..],
            &put(SET, &[&algorithm]),
            &put(SEQUENCE, encapsulated),
            // Certificates, with the tag that content has too.
            &put(EXPLICIT_0, &[&put(SEQUENCE, &[b"certificate"])]),
            &put(SET, &[]),
        ];
        let id = [&[OBJECT_ID, 9][..], SIGNED].concat();
        put(SEQUENCE, &[&id, &put(EXPLICIT_0, &[&put(SEQUENCE, &data)])])
    }

    fn id(id: &[u8]) -> Vec<u8> {
        put(OBJECT_ID, &[id])
    }

    fn inspect(bytes: &[u8]) -> Report {
        Inspector::default().inspect_bytes(bytes)
    }

    /// Protection of the whole, code, and the protected member.
    fn said(bytes: &[u8]) -> (Protection, String, Option<String>) {
        let report = inspect(bytes);
        let rms = report.findings().find(|one| one.facts().member.is_some());
        let member = rms.and_then(|one| one.facts().member.clone());
        let own = report.findings().next().unwrap().facts();
        let code = own.error_code.as_deref().unwrap_or_default().to_owned();
        (own.protection, code, member)
    }

    #[test]
    fn what_is_signed_is_looked_into() {
        let mail = protected();
        let pieces: Vec<Vec<u8>> = mail.chunks(9).map(|part| put(OCTETS, &[part])).collect();
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let contents = [
            put(EXPLICIT_0, &[&put(OCTETS, &[&mail])]),
            put(EXPLICIT_0, &[&put(OCTETS_IN_PIECES, &pieces)]),
            open(EXPLICIT_0, &[&open(OCTETS_IN_PIECES, &pieces)]),
            put(EXPLICIT_0, &[&open(OCTETS_IN_PIECES, &pieces)]),
            open(EXPLICIT_0, &[&put(OCTETS, &[&mail])]),
        ];
        for content in contents {
            let file = signed(&[&id(DATA), &content]);
            let (_, _, member) = said(&file);
            assert_eq!(member.as_deref(), Some("content#1"));
            let cut = said(&file[..file.len() - 60]);
            assert_eq!((cut.0, cut.1.as_str()), (Protection::Unknown, "truncated"));
            let at = file.windows(8).position(|at| at == &mail[..8]).unwrap();
            for place in at - 6..at {
                let mut damaged = file.clone();
                damaged[place] ^= 0xFF;
                assert_ne!(inspect(&damaged).worst(), Protection::None, "{place}");
            }
        }
        let letter = b"Content-Type: text/plain\r\n\r\nNothing is protected here.\r\n";
        let file = signed(&[&id(DATA), &put(EXPLICIT_0, &[&put(OCTETS, &[letter])])]);
        assert_eq!(said(&file), (Protection::None, String::new(), None));
    }

    #[test]
    fn a_signature_by_itself_and_other_content_are_ordinary_files() {
        let catalog = b"\x2B\x06\x01\x04\x01\x82\x37\x0A\x01";
        let content = put(EXPLICIT_0, &[&put(SEQUENCE, &[b"list"])]);
        let files = [
            signed(&[&id(DATA)]),
            signed(&[&id(catalog), &content]),
            put(SEQUENCE, &[&id(b"\x2A\x03"), &content]),
            // PKCS #12, an encrypted key (PKCS #8), the answer of a time-stamp server, a certificate.
            put(SEQUENCE, &[b"\x02\x01\x03", &put(SEQUENCE, &[PKCS_7, b"\x01", &content])]),
            put(SEQUENCE, &[&put(SEQUENCE, &[b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0D"])]),
            put(SEQUENCE, &[b"\x30\x03\x02\x01\x00", &signed(&[&id(DATA)])]),
            put(SEQUENCE, &[&put(SEQUENCE, &[b"\xA0\x03\x02\x01\x02\x02\x01\x07", &content])]),
            b"0123456789 is text".to_vec(),
            vec![SEQUENCE],
            vec![SEQUENCE, 0xFF, 6],
        ];
        for file in files {
            assert_eq!(said(&file), (Protection::None, String::new(), None), "{file:02X?}");
        }
    }

    #[test]
    fn what_is_encrypted_is_not_opened() {
        for (content_type, _) in CLOSED {
            let file = put(SEQUENCE, &[&id(content_type), &put(EXPLICIT_0, &[&[7; 40]])]);
            let expected = (Protection::Unknown, "archive-not-opened".to_owned(), None);
            assert_eq!(said(&file), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
            inspect(&bytes);
            inspect(&signed(&[&id(DATA), &bytes]));
            inspect(&signed(&[&id(DATA), &[&[EXPLICIT_0, 0x80, OCTETS_IN_PIECES, 0x80][..], &bytes].concat()]));
        }
    }
}
