//! Checks the signature of a license or a certificate (MS-RMPR 2.2.9.1.12).
//!
//! A signature covers the literal text from `<BODY` to `</BODY>` as UTF-16LE without a byte order
//! mark, for any encoding of the container. The specification does not define "surface coding";
//! this rule was derived from real files. The hash is SHA-1 or SHA-256, the scheme
//! RSASSA-PKCS1-v1_5. The modulus is little-endian, the signature big-endian.

use std::sync::OnceLock;

use rsa::{Pkcs1v15Sign, PublicKey};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::document::{Field, Span, XrmlDocument};
use super::key::{EXPONENT, RsaKey, decode_base64};
use super::value::crypto_mode;
use crate::kinds::Signature;

/// The only `SIGNATURE/ALGORITHM` (MS-RMPR 2.2.9.1.12).
const SCHEME: &[u8] = b"RSA PKCS#1-V1.5";

/// The accepted sizes of keys. Modes 1 and 2 use 1,024 and 2,048 bits.
const KEY_BITS: std::ops::RangeInclusive<u32> = 1024..=4096;

/// The signature of a document, checked on the first request.
#[derive(Debug)]
pub(crate) struct Signed {
    claim: Result<Claim, Signature>,
    found: OnceLock<Signature>,
}

/// A signature with all of its parts, except the key of the issuer.
#[derive(Debug)]
struct Claim {
    /// `<BODY` to `</BODY>`, as offsets from the beginning of the document.
    body: Span,
    /// The cryptographic mode, 1 or 2.
    mode: u32,
    /// In base64, as is `value`, because signatures are checked on request only.
    digest: Vec<u8>,
    value: Vec<u8>,
}

impl Signed {
    /// Returns the signature of a document whose issuer has the key `key`.
    pub(crate) fn new(document: &XrmlDocument<'_>, key: Option<&RsaKey>) -> Signed {
        Signed { claim: Claim::new(document, key), found: OnceLock::new() }
    }

    /// Checks the signature. `document` is the text of the whole document, `key` the key of its
    /// issuer.
    pub(crate) fn check(&self, key: Option<&RsaKey>, document: &[u8]) -> Signature {
        *self.found.get_or_init(|| match (&self.claim, key) {
            (Ok(claim), Some(key)) => claim.check(key, document),
            (Ok(_), None) => Signature::Unsupported,
            (Err(signature), _) => *signature,
        })
    }

    /// Returns the result of [`Signed::check`]; `NotChecked` before it was called.
    pub(crate) fn found(&self) -> Signature {
        self.found.get().copied().unwrap_or(Signature::NotChecked)
    }
}

impl Claim {
    /// Reads the parts of a signature. Fails with the result for a missing or unsupported part.
    fn new(document: &XrmlDocument<'_>, key: Option<&RsaKey>) -> Result<Claim, Signature> {
        let signature = &document.signature;
        if !signature.present {
            return Err(Signature::Unsigned);
        }
        let (Some(body), Some(_), Some(value)) =
            (document.body, document.issuer.modulus, signature.value)
        else {
            return Err(Signature::Invalid);
        };
        if !document.body_closed {
            return Err(Signature::Invalid);
        }
        let is_scheme = |name: &[u8]| name.trim_ascii().eq_ignore_ascii_case(SCHEME);
        let is_known_scheme = signature.algorithm.is_none_or(|name| is_scheme(name.raw));
        let is_known_key = key.is_some_and(|key| KEY_BITS.contains(&key.bits()))
            && exponent(document.issuer.exponent) == Some(EXPONENT);
        let mode = signature.digest_algorithm.and_then(|name| crypto_mode(name.raw));
        let Some(mode) = mode.filter(|_| is_known_scheme && is_known_key) else {
            return Err(Signature::Unsupported);
        };
        let from_start = |at: usize| at.saturating_sub(document.start);
        Ok(Claim {
            body: Span { start: from_start(body.start), end: from_start(body.end) },
            mode,
            digest: signature.digest.map_or(Vec::new(), |digest| digest.raw.to_vec()),
            value: value.raw.to_vec(),
        })
    }

    fn check(&self, key: &RsaKey, document: &[u8]) -> Signature {
        let Some(key) = key.public_key() else { return Signature::Unsupported };
        let (Some(value), Some(stated)) = (decode_base64(&self.value), decode_base64(&self.digest))
        else {
            return Signature::Invalid;
        };
        let body = self.body.of(document);
        let literal = digest(self.mode, body);
        if stated == literal {
            return if verifies(key, self.mode, &literal, &value) {
                Signature::Valid
            } else {
                Signature::Invalid
            };
        }
        let reflowed = digest(self.mode, &without_white_space(body));
        if stated == reflowed && verifies(key, self.mode, &reflowed, &value) {
            return Signature::Reflowed;
        }
        Signature::Invalid
    }
}

fn exponent(field: Field<'_>) -> Option<u32> {
    std::str::from_utf8(field?.raw).ok()?.trim().parse().ok()
}

fn verifies(key: &PublicKey, mode: u32, digest: &[u8], signature: &[u8]) -> bool {
    let scheme = match mode {
        1 => Pkcs1v15Sign::new::<Sha1>(),
        _ => Pkcs1v15Sign::new::<Sha256>(),
    };
    key.verify(scheme, digest, signature).is_ok()
}

/// Hashes text as UTF-16LE.
fn digest(mode: u32, text: &[u8]) -> Vec<u8> {
    match mode {
        1 => digest_utf16::<Sha1>(text),
        _ => digest_utf16::<Sha256>(text),
    }
}

/// Hashes text as UTF-16LE, block by block, so that it is read once. Nearly all of a license is
/// ASCII, whose UTF-16 is each byte and a zero. Only other text is decoded.
fn digest_utf16<D: Digest>(text: &[u8]) -> Vec<u8> {
    let mut hasher = D::new();
    let mut block = [0; 512];
    let mut rest = text;
    while !rest.is_empty() {
        let part = rest.get(..block.len() / 2).unwrap_or(rest);
        // `is_ascii` compares many bytes at a time, the search for the first other byte does not.
        let len = match part.is_ascii() {
            true => part.len(),
            false => part.iter().position(|byte| !byte.is_ascii()).unwrap_or(part.len()),
        };
        for (pair, byte) in block.chunks_exact_mut(2).zip(part.get(..len).unwrap_or_default()) {
            pair.copy_from_slice(&[*byte, 0]);
        }
        hasher.update(block.get(..len.saturating_mul(2)).unwrap_or_default());
        rest = rest.get(len..).unwrap_or_default();
        let other = rest.iter().position(u8::is_ascii).unwrap_or(rest.len());
        let (other, after) = rest.split_at_checked(other).unwrap_or((rest, &[]));
        for unit in crate::bytes::utf8_lossy(other).encode_utf16() {
            hasher.update(unit.to_le_bytes());
        }
        rest = after;
    }
    hasher.finalize().to_vec()
}

/// Removes white space between a `>` and the next `<`. White space inside values stays.
#[allow(clippy::disallowed_methods)] // at most the length of the license, which is charged
fn without_white_space(text: &[u8]) -> Vec<u8> {
    let mut dense: Vec<u8> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'>', rest) {
        let (tag, after) = rest.split_at_checked(at.saturating_add(1)).unwrap_or((rest, &[]));
        dense.extend_from_slice(tag);
        let trimmed = after.trim_ascii_start();
        rest = if trimmed.first() == Some(&b'<') { trimmed } else { after };
    }
    dense.extend_from_slice(rest);
    dense
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hashes one code unit after the other.
    fn digest_by_units(text: &[u8]) -> Vec<u8> {
        let units = String::from_utf8_lossy(text).encode_utf16().collect::<Vec<_>>();
        let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
        Sha256::digest(bytes).to_vec()
    }

    proptest! {
        #[test]
        fn fast_path_for_ascii_equals_plain_hash(
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
