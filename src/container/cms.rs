//! Signed and encrypted messages (CMS, RFC 5652; S/MIME, RFC 8551): `smime.p7m` and the like.
//!
//! What is signed stands in the clear inside, and is looked into. Signatures by themselves (`.p7s`)
//! and bundles of certificates hold nothing, and are no format of their own here. What is encrypted
//! or compressed is not opened: a protected mail may be in it.

use crate::bytes::{narrow, wide};
use crate::container::{Body, Container, Member, Name, Protection, Sink, is_known};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Extent, Window};

const STRUCTURE: &str = "CMS";
/// Tags (X.690 8.1.2): INTEGER, OCTET STRING, OBJECT IDENTIFIER, SEQUENCE, SET, `[0]`; and an OCTET
/// STRING that is put together from others.
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const OCTETS_IN_PIECES: u8 = 0x24;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const EXPLICIT_0: u8 = 0xA0;

/// `id-data`, `id-signedData`, `id-envelopedData`, `id-ct-compressedData`, `id-ct-authEnvelopedData`;
/// RFC 5652 4 to 6, RFC 3274, RFC 5083.
const DATA: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01";
const SIGNED: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02";
const CLOSED: [(&[u8], &str); 3] = [
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03", "enveloped data: an encrypted message"),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x09", "compressed data"),
    (b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17", "enveloped data: an encrypted message"),
];
/// Bytes of a tag and its length.
const TAG: usize = 10;
/// Bytes of the content that tell what it is.
const HEAD: u64 = 4096;
/// What stands behind the last part of something without a length.
const END_OF_CONTENTS: &[u8] = &[0, 0];

/// What begins a message.
enum Kind {
    /// Signed data with its content, which begins in the member at this byte, and ends where this
    /// says, if anything does.
    Signed(u64, Option<u64>),
    Closed(&'static str),
}

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

/// The bytes at the beginning of a message, one field after the other.
struct Fields<'a> {
    head: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    fn rest(&self) -> &'a [u8] {
        self.head.get(self.at..).unwrap_or_default()
    }

    /// Goes into something that others are in; where it ends, if it says so.
    fn enter(&mut self, expected: u8) -> Option<Option<u64>> {
        let (len, skip) = tag(self.rest(), expected)?;
        self.at = self.at.saturating_add(skip);
        Some(len.map(|len| wide(self.at).saturating_add(len)))
    }

    /// Goes behind something of a known length; what it is.
    fn take(&mut self, expected: u8) -> Option<&'a [u8]> {
        let (len, skip) = tag(self.rest(), expected)?;
        let end = narrow(len?)?.checked_add(skip)?;
        let bytes = self.rest().get(skip..end)?;
        self.at = self.at.saturating_add(end);
        Some(bytes)
    }
}

fn kind(head: &[u8]) -> Option<Kind> {
    let mut fields = Fields { head, at: 0 };
    // ContentInfo, RFC 5652 3.
    fields.enter(SEQUENCE)?;
    let content_type = fields.take(OBJECT_ID)?;
    if let Some((_, name)) = CLOSED.iter().find(|(id, _)| *id == content_type) {
        return Some(Kind::Closed(name));
    }
    if content_type != SIGNED {
        return None;
    }
    // SignedData and its EncapsulatedContentInfo, 5.1 and 5.2: without content it is a signature, or
    // a bundle of certificates; with content of another type a catalog, or a time stamp.
    fields.enter(EXPLICIT_0)?;
    fields.enter(SEQUENCE)?;
    fields.take(INTEGER)?;
    fields.take(SET)?;
    let end = fields.enter(SEQUENCE)?;
    if fields.take(OBJECT_ID)? != DATA || end.is_some_and(|end| end <= wide(fields.at)) {
        return None;
    }
    let end = fields.enter(EXPLICIT_0)?;
    Some(Kind::Signed(wide(fields.at), end))
}

pub(crate) fn matches(head: &[u8]) -> bool {
    head.first() == Some(&SEQUENCE) && kind(head).is_some()
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    sink.protection(Protection::Unknown);
    let content = match kind(window.head()?) {
        Some(Kind::Signed(at, end)) => content(window, at, end)?,
        Some(Kind::Closed(name)) => {
            return Err(Error::unsupported("archive-not-opened", STRUCTURE, 0, name));
        }
        None => return Ok(()),
    };
    sink.protection(Protection::None);
    let mut head = Vec::new();
    for extent in &content {
        let left = HEAD.saturating_sub(wide(head.len())).min(extent.len);
        let bytes = window.up_to(extent.offset, narrow(left).unwrap_or_default())?;
        #[allow(clippy::disallowed_methods)] // at most HEAD bytes
        head.extend_from_slice(bytes);
    }
    if is_known(&head) {
        let body = Body::Stored(content);
        sink.member(Member { name: Name::Unnamed("content"), body })?;
    }
    Ok(())
}

/// Where the content lies: in one piece, or in many with a tag before each.
fn content(window: &mut Window<'_>, at: u64, bound: Option<u64>) -> Result<Vec<Extent>> {
    let mut pieces = Vec::new();
    let bytes = window.up_to(at, TAG)?;
    let (mut position, end) = match tag(bytes, OCTETS_IN_PIECES) {
        Some((len, skip)) => {
            let begin = at.saturating_add(wide(skip));
            (begin, len.map(|len| begin.saturating_add(len)))
        }
        None => {
            let (extent, next) = piece(window, at)?;
            ends_with(bound, next)?;
            return Ok(vec![extent]);
        }
    };
    while end.is_none_or(|end| position < end) {
        if end.is_none() && window.up_to(position, 2)? == END_OF_CONTENTS {
            position = position.saturating_add(2);
            break;
        }
        let (extent, next) = piece(window, position)?;
        window.meter().charge(Limit::Steps, 1)?;
        window.meter().charge(Limit::Allocation, 16)?;
        pieces.push(extent);
        position = next;
    }
    ends_with(end, position)?;
    ends_with(bound, position)?;
    Ok(pieces)
}

/// What ends at `end` fills what it is in. Where it does not, a length is damaged, and what was taken
/// for content is none.
fn ends_with(bound: Option<u64>, end: u64) -> Result<()> {
    match bound {
        Some(bound) if bound != end => {
            let detail = format!("its content ends at {end}, and itself at {bound}");
            Err(Error::malformed("malformed-cms", "OCTET STRING", end, detail))
        }
        _ => Ok(()),
    }
}

/// One piece, and where the next one begins.
fn piece(window: &mut Window<'_>, at: u64) -> Result<(Extent, u64)> {
    let bytes = window.up_to(at, TAG)?;
    let is_cut = bytes.len() < TAG;
    let Some((Some(len), skip)) = tag(bytes, OCTETS) else {
        if is_cut {
            return Err(Error::truncated("OCTET STRING", at, "the file ends in its content"));
        }
        return Err(Error::malformed("malformed-cms", "OCTET STRING", at, "no content is here"));
    };
    let extent = Extent { offset: at.saturating_add(wide(skip)), len };
    if extent.end() > window.len() {
        let detail = "the file ends before the content does";
        return Err(Error::truncated("OCTET STRING", at, detail));
    }
    Ok((extent, extent.end()))
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
