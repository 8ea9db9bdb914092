//! Signatures of licenses and certificates, and whether they lead to the key that the license
//! names (MS-RMPR 2.2.9.1.12; how "surface coding" is meant was found on real files).
//!
//! What is signed is the literal text from `<BODY` to `</BODY>` as UTF-16LE without a byte order
//! mark, whatever encoding the container uses; nothing is parsed and written again. The hash is
//! SHA-1 or SHA-256, the signature RSASSA-PKCS1-v1_5, the modulus little-endian, the signature
//! big-endian. Wall-clock time plays no part: the chains of AD RMS have long expired by it.

use std::collections::HashMap;

use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::document::{Document, Value};
use super::key::{Modulus, decode_base64};
use super::{crypto_mode, guid, is_clc_of, is_slc_of, time};
use crate::error::Result;
use crate::facts::{Link, Signature};
use crate::limits::{Limit, Meter};

/// MS-RMPR 2.2.9.1.6: the exponent MUST be 65537. Another one, above all 1, would let anybody sign
/// in the name of a modulus that is not his.
const EXPONENT: u32 = 65_537;

/// Moduli of other sizes are met nowhere: modes 1 and 2 have 1,024 and 2,048 bits.
const KEY_BITS: std::ops::RangeInclusive<u32> = 1024..=4096;

/// What a verification is charged as, cached or not, so that warm and cold agree: about its time
/// in steps of the scanner.
const STEPS: u64 = 100_000;

/// How many certificates are remembered. An estate has a handful of servers, each with some five
/// certificates, and one client certificate for each user and month.
const REMEMBERED: usize = 4_096;

/// Verifies signatures, and remembers those of certificates, which repeat from file to file.
#[derive(Debug, Default)]
pub(crate) struct Verifier {
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
        meter.charge(Limit::Steps, STEPS)?;
        let signature = check(license, text);
        let mut intact = true;
        for document in documents.iter().filter(|document| !std::ptr::eq(*document, license)) {
            let found = self.certificate(document, text, meter)?;
            intact &= found != Signature::Invalid;
        }
        let link = match signature {
            Signature::Unsigned | Signature::Unsupported | Signature::NotChecked => {
                Link::Unanchored
            }
            Signature::Invalid => Link::Broken,
            Signature::Valid | Signature::Reflowed if !intact => Link::Broken,
            Signature::Valid | Signature::Reflowed => self.link(license, documents, text, meter)?,
        };
        Ok((signature, link))
    }

    /// The signature of a certificate, from memory where it was met before.
    pub(crate) fn certificate(
        &mut self,
        document: &Document<'_>,
        text: &[u8],
        meter: &Meter,
    ) -> Result<Signature> {
        meter.charge(Limit::Steps, STEPS)?;
        let whole = text.get(document.start..document.end).unwrap_or_default();
        let id: [u8; 32] = Sha256::digest(whole).into();
        if let Some(known) = self.known.get(&id) {
            return Ok(*known);
        }
        let found = check(document, text);
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(id, found);
        Ok(found)
    }

    /// Where a license with a good signature leads.
    fn link(
        &mut self,
        license: &Document<'_>,
        documents: &[Document<'_>],
        text: &[u8],
        meter: &Meter,
    ) -> Result<Link> {
        if license.issuer.is_server() {
            if !license.issuer.has_key_of(&license.principal) {
                return Ok(Link::Unanchored);
            }
            let slc = documents.iter().find(|document| is_slc_of(document, license));
            return Ok(match slc {
                None => Link::Own,
                Some(slc) => self.up(slc, documents, text, meter)?,
            });
        }
        let Some(clc) = documents.iter().find(|document| is_clc_of(document, license)) else {
            return Ok(Link::Unanchored);
        };
        if self.certificate(clc, text, meter)? == Signature::Unsigned {
            return Ok(Link::Unanchored);
        }
        let same_id = guid(clc.issuer.id) == guid(license.principal.id);
        if !clc.issuer.has_key_of(&license.principal) || !same_id || !issued_within(license, clc) {
            return Ok(Link::Broken);
        }
        match documents.iter().find(|document| is_slc_of(document, license)) {
            None => Ok(Link::Linked),
            Some(slc) if !issued_within(clc, slc) => Ok(Link::Broken),
            Some(slc) => self.up(slc, documents, text, meter),
        }
    }

    /// Follows a server's certificate to the last issuer in the file. That the last one is
    /// Microsoft's is not asked: it would prove nothing (`anchors`).
    fn up(
        &mut self,
        slc: &Document<'_>,
        documents: &[Document<'_>],
        text: &[u8],
        meter: &Meter,
    ) -> Result<Link> {
        let mut certificate = slc;
        for _ in documents {
            if self.certificate(certificate, text, meter)? == Signature::Unsigned {
                return Ok(Link::Broken);
            }
            let parent = documents.iter().find(|parent| {
                !std::ptr::eq(*parent, certificate)
                    && parent.principal.has_key_of(&certificate.issuer)
            });
            match parent {
                Some(parent) if !issued_within(certificate, parent) => return Ok(Link::Broken),
                Some(parent) => certificate = parent,
                None => break,
            }
        }
        Ok(Link::Linked)
    }
}

/// Whether `child` was issued in the time in which `parent` might issue (MS-RMPR 2.2.9.3); a
/// parent without such a time always might.
fn issued_within(child: &Document<'_>, parent: &Document<'_>) -> bool {
    let Some(issued) = time(child.issued) else { return parent.issue_from.is_none() };
    let from = time(parent.issue_from).is_none_or(|from| from <= issued);
    let until = time(parent.issue_until).is_none_or(|until| issued <= until);
    from && until
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

fn public_key(modulus: Value<'_>, exponent: Option<Value<'_>>) -> Option<RsaPublicKey> {
    let modulus = Modulus::from_xrml(modulus.raw)?;
    let exponent: u32 = std::str::from_utf8(exponent?.raw).ok()?.trim().parse().ok()?;
    if exponent != EXPONENT || !KEY_BITS.contains(&modulus.bits()) {
        return None;
    }
    let modulus = BigUint::from_bytes_be(modulus.as_big_endian());
    RsaPublicKey::new(modulus, BigUint::from(exponent)).ok()
}

fn verifies(key: &RsaPublicKey, mode: u32, digest: &[u8], signature: &[u8]) -> bool {
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

fn digest_utf16<D: Digest>(text: &[u8]) -> Vec<u8> {
    let text = crate::bytes::utf8_lossy(text);
    let mut hasher = D::new();
    let mut block = [0; 512];
    let mut units = text.encode_utf16();
    loop {
        let mut used: usize = 0;
        for pair in block.chunks_exact_mut(2) {
            let Some(unit) = units.next() else { break };
            pair.copy_from_slice(&unit.to_le_bytes());
            used = used.saturating_add(2);
        }
        hasher.update(block.get(..used).unwrap_or_default());
        if used < block.len() {
            return hasher.finalize().to_vec();
        }
    }
}

/// The text without white space between a `>` and the next `<`; white space inside values stays.
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
