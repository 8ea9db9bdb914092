//! Signatures of licenses and certificates, and whether they lead to the key that the license
//! names (MS-RMPR 2.2.9.1.12; how "surface coding" is meant was found on real files).
//!
//! What is signed is the literal text from `<BODY` to `</BODY>` as UTF-16LE without a byte order
//! mark, whatever encoding the container uses; nothing is parsed and written again. The hash is
//! SHA-1 or SHA-256, the signature RSASSA-PKCS1-v1_5, the modulus little-endian, the signature
//! big-endian. Wall-clock time plays no part: the chains of AD RMS have long expired by it.

use std::collections::HashMap;

use rsa::{BoxedUint, Pkcs1v15Sign, PublicKey};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::chain::{allows, fits, is_clc_of, parents};
use super::crypto_mode;
use super::document::{Document, Value};
use super::key::{MAX_LETTERS, Modulus, decode_base64};
use super::ring::Ring;
use crate::bytes::wide;
use crate::error::Result;
use crate::facts::{Link, Signature};
use crate::limits::{Limit, Meter};

/// MS-RMPR 2.2.9.1.6: the exponent MUST be 65537. Another one, above all 1, would let anybody sign
/// in the name of a modulus that is not his.
const EXPONENT: u32 = 65_537;

/// `SIGNATURE/ALGORITHM` (MS-RMPR 2.2.9.1.12); there is no other.
const SCHEME: &[u8] = b"RSA PKCS#1-V1.5";

/// Moduli of other sizes are met nowhere: modes 1 and 2 have 1,024 and 2,048 bits.
const KEY_BITS: std::ops::RangeInclusive<u32> = 1024..=4096;

/// Steps of one verification, cached or not, so that warm and cold agree: 400 µs, the time for a key
/// of 4,096 bits.
const STEPS: u64 = 20_000;

/// How many certificates are remembered. An estate has a handful of servers, each with some five
/// certificates, and one client certificate for each user and month.
const REMEMBERED: usize = 4_096;

/// How many of them are known by their text, which is faster than by its hash.
const RECENT: usize = 64;

/// Verifies signatures, and remembers those of certificates, which repeat from file to file.
#[derive(Debug, Default)]
pub(crate) struct Verifier {
    /// Those met last, by their text: most of the time it is one of them.
    recent: Ring<Signature, RECENT>,
    /// By the SHA-256 of the whole document, its issuer's key included.
    known: HashMap<[u8; 32], Signature>,
}

impl Verifier {
    /// The signature of the license, and where it leads.
    pub(crate) fn verify(
        &mut self,
        license: &Document<'_>,
        documents: &[Document<'_>],
        text: &[u8],
        meter: &Meter,
    ) -> Result<(Signature, Link)> {
        #[allow(clippy::disallowed_methods)] // documents that are there, held to the chain length
        let mut signatures = Vec::with_capacity(documents.len());
        for document in documents {
            signatures.push(self.certificate(document, text, meter)?);
        }
        let chain = Chain { documents, signatures: &signatures, meter };
        Ok((chain.signature(license), chain.link(license)?))
    }

    /// The signature of a document; that of a certificate from memory where it was met before.
    pub(crate) fn certificate(
        &mut self,
        document: &Document<'_>,
        text: &[u8],
        meter: &Meter,
    ) -> Result<Signature> {
        let whole = text.get(document.start..document.end).unwrap_or_default();
        meter.charge(Limit::Steps, STEPS.saturating_add(wide(whole.len())))?;
        // A license is met once; of a document that was cut, what follows it may decide.
        if document.is_publishing_license() || !document.closed {
            return Ok(check(document, text));
        }
        match self.recent.find(whole) {
            Some((known, found)) if known.len() == whole.len() => return Ok(*found),
            _ => {}
        }
        let found = self.by_hash(document, whole, text);
        self.recent.remember(whole, found);
        Ok(found)
    }

    fn by_hash(&mut self, document: &Document<'_>, whole: &[u8], text: &[u8]) -> Signature {
        let id: [u8; 32] = Sha256::digest(whole).into();
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        let found = check(document, text);
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(id, found);
        found
    }
}

/// The documents of a license, and what the signature of each says.
struct Chain<'d, 't> {
    documents: &'d [Document<'t>],
    signatures: &'d [Signature],
    meter: &'d Meter<'d>,
}

impl<'d, 't> Chain<'d, 't> {
    fn signature(&self, of: &Document<'_>) -> Signature {
        let mut all = self.documents.iter().zip(self.signatures);
        let found = all.find(|(document, _)| std::ptr::eq(*document, of));
        found.map_or(Signature::NotChecked, |(_, signature)| *signature)
    }

    fn is_good(&self, document: &Document<'_>) -> bool {
        matches!(self.signature(document), Signature::Valid | Signature::Reflowed)
    }

    /// Where the license leads.
    ///
    /// A signature that does not hold breaks it wherever it stands, even beside the way to the key:
    /// somebody has changed the text. So does a certificate that has none, or no end: a single bit
    /// in a tag takes a signature out of sight, and no server issues such a thing. One that cannot
    /// be checked proves nothing, so nothing is said to lead anywhere.
    fn link(&self, license: &'d Document<'t>) -> Result<Link> {
        match self.signature(license) {
            Signature::Unsigned | Signature::Unsupported | Signature::NotChecked => {
                return Ok(Link::Unanchored);
            }
            Signature::Invalid => return Ok(Link::Broken),
            Signature::Valid | Signature::Reflowed => {}
        }
        if self.signatures.contains(&Signature::Invalid) {
            return Ok(Link::Broken);
        }
        let link = match license.issuer.is_server() {
            true => self.of_a_server(license)?,
            false => self.of_a_client(license)?,
        };
        Ok(match link {
            Link::Linked | Link::Own => self.beside(license).unwrap_or(link),
            other => other,
        })
    }

    /// What certificates that are not whole make of a way that leads to the key.
    fn beside(&self, license: &Document<'_>) -> Option<Link> {
        let all = self.documents.iter().zip(self.signatures);
        let others = all.filter(|(document, _)| !std::ptr::eq(*document, license));
        let broken = others.map(|(document, signature)| match signature {
            Signature::Unsigned => Some(Link::Broken),
            _ if !document.closed => Some(Link::Broken),
            Signature::Unsupported => Some(Link::Unanchored),
            _ => None,
        });
        // Broken says more.
        broken.flatten().max_by_key(|link| *link == Link::Broken)
    }

    /// A server signs with the key that it names. Documents beside that, which lead nowhere, change
    /// nothing.
    fn of_a_server(&self, license: &'d Document<'t>) -> Result<Link> {
        if !license.issuer.has_key_of(&license.principal) {
            return Ok(Link::Unanchored);
        }
        match parents(license, self.documents).next() {
            None => Ok(Link::Own),
            Some(_) => self.up(license),
        }
    }

    /// A client signs with the key of its certificate, and the server that the license names has
    /// signed that. Of several certificates of the same key one that leads there is enough.
    fn of_a_client(&self, license: &'d Document<'t>) -> Result<Link> {
        let mut found = Link::Unanchored;
        for clc in self.documents.iter().filter(|document| is_clc_of(document, license)) {
            let link = if fits(clc, license) { self.up(clc)? } else { Link::Broken };
            match link {
                Link::Linked => return Ok(link),
                Link::Broken => found = link,
                _ => {}
            }
        }
        Ok(found)
    }

    /// Follows a document to the last issuer in the file. That the last one is Microsoft's is not
    /// asked: it would prove nothing (`anchors`).
    fn up(&self, from: &'d Document<'t>) -> Result<Link> {
        let compared = wide(self.documents.len()).saturating_mul(wide(MAX_LETTERS));
        let mut document = from;
        for _ in self.documents {
            self.meter.charge(Limit::Steps, compared)?;
            if !self.is_good(document) {
                return Ok(Link::Unanchored);
            }
            let mut above = parents(document, self.documents).peekable();
            if above.peek().is_none() {
                break;
            }
            match above.find(|parent| allows(parent, document)) {
                Some(parent) => document = parent,
                None => return Ok(Link::Broken),
            }
        }
        Ok(Link::Linked)
    }
}

/// Checks the signature of one document.
pub(crate) fn check(document: &Document<'_>, text: &[u8]) -> Signature {
    let signature = &document.signature;
    if !signature.present {
        return Signature::Unsigned;
    }
    let (Some(body), Some(modulus), Some(value)) =
        (document.body, document.issuer.modulus, signature.value)
    else {
        return Signature::Invalid;
    };
    if !document.body_closed {
        return Signature::Invalid;
    }
    if signature.algorithm.is_some_and(|name| !name.raw.trim_ascii().eq_ignore_ascii_case(SCHEME)) {
        return Signature::Unsupported;
    }
    let mode = signature.digest_algorithm.and_then(|name| crypto_mode(name.raw));
    let key = public_key(modulus, document.issuer.exponent);
    let (Some(mode), Some(key)) = (mode, key) else { return Signature::Unsupported };
    let Some(value) = decode_base64(value.raw) else { return Signature::Invalid };
    let stated = signature.digest.and_then(|digest| decode_base64(digest.raw));
    let body = body.of(text);
    let literal = digest(mode, body);
    if stated.as_deref() == Some(&literal) {
        return if verifies(&key, mode, &literal, &value) {
            Signature::Valid
        } else {
            Signature::Invalid
        };
    }
    let reflowed = digest(mode, &without_white_space(body));
    if stated.as_deref() == Some(&reflowed) && verifies(&key, mode, &reflowed, &value) {
        return Signature::Reflowed;
    }
    Signature::Invalid
}

fn public_key(modulus: Value<'_>, exponent: Option<Value<'_>>) -> Option<PublicKey> {
    let modulus = Modulus::from_xrml(modulus.raw)?;
    let exponent: u32 = std::str::from_utf8(exponent?.raw).ok()?.trim().parse().ok()?;
    if exponent != EXPONENT || !KEY_BITS.contains(&modulus.bits()) {
        return None;
    }
    let modulus = BoxedUint::from_be_slice_vartime(modulus.as_big_endian());
    PublicKey::new(modulus, BoxedUint::from(exponent)).ok()
}

fn verifies(key: &PublicKey, mode: u32, digest: &[u8], signature: &[u8]) -> bool {
    let scheme = match mode {
        1 => Pkcs1v15Sign::new::<Sha1>(),
        _ => Pkcs1v15Sign::new::<Sha256>(),
    };
    key.verify(scheme, digest, signature).is_ok()
}

/// The hash of text as UTF-16LE.
fn digest(mode: u32, text: &[u8]) -> Vec<u8> {
    match mode {
        1 => digest_utf16::<Sha1>(text),
        _ => digest_utf16::<Sha256>(text),
    }
}

/// Nearly all of a license is ASCII, of which UTF-16 is each byte and a zero; only what is not goes
/// through the decoder.
fn digest_utf16<D: Digest>(text: &[u8]) -> Vec<u8> {
    let mut hasher = D::new();
    let mut block = [0; 512];
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        let (plain, behind) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        for piece in plain.chunks(256) {
            for (pair, byte) in block.chunks_exact_mut(2).zip(piece) {
                pair.copy_from_slice(&[*byte, 0]);
            }
            let len = piece.len().saturating_mul(2);
            hasher.update(block.get(..len).unwrap_or_default());
        }
        let other = behind.iter().position(u8::is_ascii).unwrap_or(behind.len());
        let (other, behind) = behind.split_at_checked(other).unwrap_or((behind, &[]));
        for unit in crate::bytes::utf8_lossy(other).encode_utf16() {
            hasher.update(unit.to_le_bytes());
        }
        rest = behind;
    }
    hasher.finalize().to_vec()
}

/// The text without white space between a `>` and the next `<`; white space inside values stays.
#[allow(clippy::disallowed_methods)] // no longer than the license, which is charged for
fn without_white_space(text: &[u8]) -> Vec<u8> {
    let mut dense: Vec<u8> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'>', rest) {
        let (tag, behind) = rest.split_at_checked(at.saturating_add(1)).unwrap_or((rest, &[]));
        dense.extend_from_slice(tag);
        let trimmed = behind.trim_ascii_start();
        rest = if trimmed.first() == Some(&b'<') { trimmed } else { behind };
    }
    dense.extend_from_slice(rest);
    dense
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Depth;
    use crate::license::reader;
    use crate::limits::{Cancel, Limits};
    use proptest::prelude::*;

    #[test]
    fn what_is_remembered_has_an_end() {
        let meter = Meter::new(Limits::default(), Cancel::default());
        let mut verifier = Verifier::default();
        for number in 0..=REMEMBERED {
            let text = format!("<XrML><BODY>{number}</BODY></XrML>");
            let documents = reader::documents(text.as_bytes(), Depth::Full, &meter);
            for document in &documents.list {
                let found = verifier.certificate(document, text.as_bytes(), &meter);
                assert_eq!(found.unwrap(), Signature::Unsigned);
            }
            meter.begin_member();
        }
        assert!((1..=REMEMBERED).contains(&verifier.known.len()));
    }

    #[test]
    fn a_certificate_costs_the_same_whenever_it_is_met() {
        let text = "<XrML><BODY></BODY><SIGNATURE></SIGNATURE></XrML>";
        let meter = Meter::new(Limits::default(), Cancel::default());
        let documents = reader::documents(text.as_bytes(), Depth::Full, &meter);
        let mut verifier = Verifier::default();
        let cost = STEPS.saturating_add(wide(text.len()));
        for _ in 0..3 {
            for (steps, is_enough) in [(cost.saturating_sub(1), false), (cost, true)] {
                let limits = Limits { steps, ..Limits::default() };
                let meter = Meter::new(limits, Cancel::default());
                let found = verifier.certificate(&documents.list[0], text.as_bytes(), &meter);
                assert_eq!(found.is_ok(), is_enough);
            }
        }
    }

    /// What is hashed, one code unit after the other.
    fn digest_by_units(text: &[u8]) -> Vec<u8> {
        let units = String::from_utf8_lossy(text).encode_utf16().collect::<Vec<_>>();
        let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
        Sha256::digest(bytes).to_vec()
    }

    proptest! {
        #[test]
        fn plain_text_and_all_other_are_hashed_as_utf16(
            pieces in prop::collection::vec(
                prop_oneof!["[ -~]{0,600}", "[äé𝄞語]{0,3}"].prop_map(String::into_bytes)
                    .boxed().prop_union(prop::collection::vec(any::<u8>(), 0..6).boxed()),
                0..6,
            ),
        ) {
            let text = pieces.concat();
            prop_assert_eq!(digest_utf16::<Sha256>(&text), digest_by_units(&text));
        }
    }
}
