//! Messages in PEM (RFC 7468) and in base64.

use super::der::{EXPLICIT_0, STRUCTURE};
use super::message::{PKCS_7, SMIME, matches};
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::container::name::Name;
use crate::container::sink::{Body, Member, Sink};
use crate::container::{mail, pdf, xrml_file, zip};
use crate::error::{Error, Result};
use crate::kinds::Container;
use crate::limits::Limit;
use crate::source::{Encoding, Extent, Window, head_of};

/// First bytes of PEM, and of the line that ends it.
pub(in crate::container) const PEM: &[u8] = b"-----BEGIN ";
pub(in crate::container) const PEM_END: &[u8] = b"-----END ";
/// Labels of PEM that announce a message (RFC 7468, 7 and 9; OpenSSL).
pub(in crate::container) const LABELS: [&[u8]; 3] = [b"PKCS7", b"PKCS #7", b"CMS"];
/// Text that OpenSSL prints before PEM.
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

/// Returns whether the base64 at the beginning of `encoded` is that of a message, intact or with
/// one damaged letter.
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

/// Returns whether the identifier of a message follows a damaged beginning, or is damaged itself:
/// one letter of base64 belongs to two bytes.
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
    /// Finds the base64 of a message in the PEM block at the beginning of `block`. Fields may
    /// precede it (RFC 1421 4.6). A label that announces a message counts too: the base64 may be
    /// damaged.
    fn of(block: &[u8]) -> Option<Block> {
        let line = memchr::memchr2(b'\r', b'\n', block)?.checked_add(1)?;
        let label = block.get(..line)?;
        let body = block.get(line..)?;
        let end = memchr::memmem::find(body, PEM_END).unwrap_or(body.len());
        let fields = body.get(..end.min(1024)).unwrap_or_default();
        let after_fields = [&b"\n\n"[..], b"\n\r\n", b"\r\r"].iter().find_map(|empty| {
            memchr::memmem::find(fields, empty).map(|at| at.saturating_add(empty.len()))
        });
        let mut begins = [Some(0), after_fields].into_iter().flatten();
        let found = begins.find(|at| body.get(*at..).is_some_and(is_message));
        let is_named = || LABELS.iter().any(|it| memchr::memmem::find(label, it).is_some());
        let begin = found.or_else(|| is_named().then_some(0))?;
        let encoded = body.get(begin..).unwrap_or_default();
        let is_intact = is_intact_message(encoded);
        Some(Block { body: line.checked_add(begin)?, is_intact })
    }
}

/// Returns whether PEM begins the text, in any case of letters. One byte of that may be damaged,
/// and the number of dashes may differ.
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

/// Returns whether `head` begins a message in PEM or in base64, or PEM that does not end in the
/// head: a message may follow certificates.
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
pub(in crate::container) fn find(window: &mut Window<'_>, from: u64, word: &[u8]) -> Result<u64> {
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
