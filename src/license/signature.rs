//! The signature of a license or a certificate (MS-RMPR 2.2.9.1.12; how "surface coding" is meant
//! was found on real files).
//!
//! What is signed is the literal text from `<BODY` to `</BODY>` as UTF-16LE without a byte order
//! mark, whatever encoding the container uses; nothing is parsed and written again. The hash is
//! SHA-1 or SHA-256, the signature RSASSA-PKCS1-v1_5, the modulus little-endian, the signature
//! big-endian.

use std::sync::OnceLock;

use rsa::{BoxedUint, Pkcs1v15Sign, PublicKey};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::document::{Field, Span, XrmlDocument};
use super::key::{Modulus, RsaKey, decode_base64};
use super::value::crypto_mode;
use crate::kinds::Signature;

/// MS-RMPR 2.2.9.1.6: the exponent MUST be 65537. Another one, above all 1, would let anybody sign
/// in the name of a modulus that is not his.
const EXPONENT: u32 = 65_537;

/// `SIGNATURE/ALGORITHM` (MS-RMPR 2.2.9.1.12); there is no other.
const SCHEME: &[u8] = b"RSA PKCS#1-V1.5";

/// Moduli of other sizes are met nowhere: modes 1 and 2 have 1,024 and 2,048 bits.
const KEY_BITS: std::ops::RangeInclusive<u32> = 1024..=4096;

/// The signature of a document, checked on the first request.
#[derive(Debug)]
pub(crate) struct Signed {
    claim: Result<Claim, Signature>,
    found: OnceLock<Signature>,
}

/// A signature that has all of its parts. The issuer's key is not among them.
#[derive(Debug)]
struct Claim {
    /// `<BODY` to `</BODY>`; offsets from the beginning of the document.
    body: Span,
    mode: u32,
    /// In base64, as is the value: not every signature is checked.
    digest: Vec<u8>,
    value: Vec<u8>,
}

impl Signed {
    /// The signature of a document whose issuer has the key `key`.
    pub(crate) fn new(document: &XrmlDocument<'_>, key: Option<&RsaKey>) -> Signed {
        Signed { claim: Claim::new(document, key), found: OnceLock::new() }
    }

    /// Checks it. `document` is the text of the whole document, `key` that of its issuer.
    pub(crate) fn check(&self, key: Option<&RsaKey>, document: &[u8]) -> Signature {
        *self.found.get_or_init(|| match (&self.claim, key) {
            (Ok(claim), Some(key)) => claim.check(key, document),
            (Ok(_), None) => Signature::Unsupported,
            (Err(signature), _) => *signature,
        })
    }

    /// What [`Signed::check`] has found.
    pub(crate) fn found(&self) -> Signature {
        self.found.get().copied().unwrap_or(Signature::NotChecked)
    }
}

impl Claim {
    /// Reads the parts of a signature. Fails with what the missing or wrong part makes of it.
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
        let Some(key) = public_key(key.modulus()) else { return Signature::Unsupported };
        let (Some(value), Some(stated)) = (decode_base64(&self.value), decode_base64(&self.digest))
        else {
            return Signature::Invalid;
        };
        let body = self.body.of(document);
        let literal = digest(self.mode, body);
        if stated == literal {
            return if verifies(&key, self.mode, &literal, &value) {
                Signature::Valid
            } else {
                Signature::Invalid
            };
        }
        let reflowed = digest(self.mode, &without_white_space(body));
        if stated == reflowed && verifies(&key, self.mode, &reflowed, &value) {
            return Signature::Reflowed;
        }
        Signature::Invalid
    }
}

fn exponent(field: Field<'_>) -> Option<u32> {
    std::str::from_utf8(field?.raw).ok()?.trim().parse().ok()
}

fn public_key(modulus: &Modulus) -> Option<PublicKey> {
    let modulus = BoxedUint::from_be_slice_vartime(modulus.as_big_endian());
    PublicKey::new(modulus, BoxedUint::from(EXPONENT)).ok()
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

/// Hashes text as UTF-16LE, piece by piece, so that it is read once. Nearly all of a license is
/// ASCII, of which UTF-16 is each byte and a zero; the decoder reads only what is not.
fn digest_utf16<D: Digest>(text: &[u8]) -> Vec<u8> {
    let mut hasher = D::new();
    let mut block = [0; 512];
    let mut rest = text;
    while !rest.is_empty() {
        // At most as many bytes as the block has room for.
        let mut len: usize = 0;
        for (pair, byte) in block.chunks_exact_mut(2).zip(rest) {
            if !byte.is_ascii() {
                break;
            }
            pair.copy_from_slice(&[*byte, 0]);
            len = len.saturating_add(1);
        }
        hasher.update(block.get(..len.saturating_mul(2)).unwrap_or_default());
        rest = rest.get(len..).unwrap_or_default();
        let other = rest.iter().position(u8::is_ascii).unwrap_or(rest.len());
        let (other, behind) = rest.split_at_checked(other).unwrap_or((rest, &[]));
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
    use proptest::prelude::*;

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
