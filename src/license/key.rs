//! RSA keys in XrML, and their fingerprints.

use std::sync::OnceLock;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
#[cfg(feature = "verify")]
use rsa::{BoxedUint, PublicKey};
use sha2::{Digest, Sha256};

/// Base64 as found in licenses: with or without padding, and with any low bits in the last letter.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The maximum length of the base64 of a key or signature; one of 16,384 bits has 2,732 letters.
pub(crate) const MAX_LETTERS: usize = 4_096;

/// The maximum length of the base64 of a certificate; those of use licenses have about 20,000
/// letters.
pub(crate) const MAX_CERTIFICATE_LETTERS: usize = 4_194_304;

/// Decodes the base64 of a key, a digest or a signature, and ignores white space. `None` if the
/// text is not base64, or is longer than [`MAX_LETTERS`].
pub(crate) fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    decode_base64_of(text, MAX_LETTERS)
}

/// Decodes base64 of at most `max` letters, as [`decode_base64`] does.
pub(crate) fn decode_base64_of(text: &[u8], max: usize) -> Option<Vec<u8>> {
    let text = text.trim_ascii();
    if text.len() > max {
        return None;
    }
    if let Ok(bytes) = BASE64.decode(text) {
        return Some(bytes);
    }
    let dense: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(dense).ok()
}

/// An RSA modulus as big-endian bytes without leading zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Modulus(Vec<u8>);

impl Modulus {
    /// Reads the base64 of `PARAMETER name="modulus"/VALUE`, whose bytes are little-endian. `None`
    /// for invalid base64 and for zero.
    pub(crate) fn from_xrml(text: &[u8]) -> Option<Modulus> {
        let mut bytes = decode_base64(text)?;
        bytes.reverse();
        Modulus::from_big_endian(&bytes)
    }

    /// Reads big-endian bytes, as in X.509; `None` for zero.
    pub(crate) fn from_big_endian(bytes: &[u8]) -> Option<Modulus> {
        let first = bytes.iter().position(|byte| *byte != 0)?;
        bytes.get(first..).map(|bytes| Modulus(bytes.to_vec()))
    }

    /// Returns the big-endian bytes without leading zeros.
    #[cfg(test)]
    pub(crate) fn as_big_endian(&self) -> &[u8] {
        &self.0
    }

    /// Returns the number of bits without leading zeros.
    pub(crate) fn bits(&self) -> u32 {
        let zeros = self.0.first().map_or(0, |first| first.leading_zeros());
        u32::try_from(self.0.len()).unwrap_or(u32::MAX).saturating_mul(8).saturating_sub(zeros)
    }

    /// Returns `sha256:` and 64 hex digits, as in the column `slc_key`.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.0)
    }
}

/// The public exponent, which MUST be 65537 (MS-RMPR 2.2.9.1.6). With another one, above all 1, a
/// signature can be forged for any modulus.
#[cfg(feature = "verify")]
pub(crate) const EXPONENT: u32 = 65_537;

/// The key of an issuer or of a principal.
#[derive(Debug)]
pub(crate) struct RsaKey {
    modulus: Modulus,
    /// Computed on the first request.
    fingerprint: OnceLock<String>,
    /// Computed on the first request, which takes a fifth of the time of a signature.
    #[cfg(feature = "verify")]
    public_key: OnceLock<Option<PublicKey>>,
}

impl RsaKey {
    pub(crate) fn new(modulus: Modulus) -> RsaKey {
        RsaKey {
            modulus,
            fingerprint: OnceLock::new(),
            #[cfg(feature = "verify")]
            public_key: OnceLock::new(),
        }
    }

    /// Returns the key for checking signatures; `None` if the modulus is unsupported.
    #[cfg(feature = "verify")]
    pub(crate) fn public_key(&self) -> Option<&PublicKey> {
        let new = || {
            let modulus = BoxedUint::from_be_slice_vartime(&self.modulus.0);
            PublicKey::new(modulus, BoxedUint::from(EXPONENT)).ok()
        };
        self.public_key.get_or_init(new).as_ref()
    }

    pub(crate) fn modulus(&self) -> &Modulus {
        &self.modulus
    }

    /// Returns [`Modulus::fingerprint`].
    pub(crate) fn fingerprint(&self) -> &str {
        self.fingerprint.get_or_init(|| self.modulus.fingerprint())
    }

    pub(crate) fn bits(&self) -> u32 {
        self.modulus.bits()
    }
}

/// Fingerprint and size of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyName {
    /// `sha256:` and 64 hex digits, as in the column `slc_key`.
    pub(crate) fingerprint: String,
    pub(crate) bits: u32,
}

/// The number of cached keys. An estate has a few servers, and each has the same few issuers.
const CACHED_KEYS: usize = 16;

/// A cache of keys by their base64 text. All files of an estate name the same few servers, and
/// comparing a text is cheaper than decoding and hashing it.
#[derive(Debug, Default)]
pub(crate) struct KnownKeys {
    known: Vec<(Vec<u8>, Option<KeyName>)>,
    /// The index of the entry that is replaced next.
    next: usize,
}

impl KnownKeys {
    /// Returns fingerprint and size of the key that [`Modulus::from_xrml`] reads.
    pub(crate) fn name(&mut self, text: &[u8]) -> Option<KeyName> {
        if let Some((_, name)) = self.known.iter().find(|(known, _)| known == text) {
            return name.clone();
        }
        let modulus = Modulus::from_xrml(text);
        let name = modulus
            .map(|modulus| KeyName { fingerprint: modulus.fingerprint(), bits: modulus.bits() });
        if text.len() <= MAX_LETTERS {
            let entry = (text.to_vec(), name.clone());
            match self.known.get_mut(self.next) {
                Some(oldest) => *oldest = entry,
                None => self.known.push(entry),
            }
            self.next = self.next.saturating_add(1).checked_rem(CACHED_KEYS).unwrap_or(0);
        }
        name
    }
}

/// Returns `sha256:` and the SHA-256 of `bytes` in hex.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    #[allow(clippy::disallowed_methods)] // the capacity is a constant
    let mut text = String::with_capacity(71);
    text.push_str("sha256:");
    for byte in Sha256::digest(bytes) {
        for digit in [byte >> 4, byte & 15] {
            text.push(DIGITS.get(usize::from(digit)).map_or('0', |digit| char::from(*digit)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modulus_is_little_endian_and_leading_zeros_do_not_count() {
        let text = |bytes: &[u8]| BASE64.encode(bytes);
        let modulus = Modulus::from_xrml(text(&[3, 2, 1]).as_bytes()).unwrap();
        assert_eq!(modulus.as_big_endian(), [1, 2, 3]);
        assert_eq!(modulus.bits(), 17);
        let padded = Modulus::from_xrml(text(&[3, 2, 1, 0, 0]).as_bytes()).unwrap();
        assert_eq!(padded.fingerprint(), modulus.fingerprint());
        assert_eq!(
            Modulus::from_big_endian(&[0, 0xFF]).unwrap().fingerprint(),
            "sha256:a8100ae6aa1940d0b663bb31cd466142ebbdbd5187131b92d93818987832eb89"
        );
    }

    #[test]
    fn cached_key_equals_decoded_key() {
        let mut keys = KnownKeys::default();
        for round in 0..3 {
            for key in 0..=u8::try_from(CACHED_KEYS).unwrap() {
                let text = BASE64.encode([key, 2, 1]);
                let modulus = Modulus::from_xrml(text.as_bytes()).unwrap();
                let name = keys.name(text.as_bytes()).unwrap();
                assert_eq!(name.fingerprint, modulus.fingerprint(), "{round} {key}");
                assert_eq!(name.bits, modulus.bits());
            }
            assert_eq!(keys.name(b"no key"), None);
        }
        assert_eq!(keys.known.len(), CACHED_KEYS);
    }

    #[test]
    fn text_that_is_no_number_is_no_key() {
        let long = vec![b'A'; MAX_LETTERS + 1];
        for text in [&b""[..], b"====", b"AAAA", b"not base64!", &long] {
            assert_eq!(Modulus::from_xrml(text), None);
        }
    }

    #[test]
    fn base64_with_white_space_or_without_padding_is_decoded() {
        assert_eq!(decode_base64(b" AQ\r\n ID").unwrap(), [1, 2, 3]);
        assert_eq!(decode_base64(b"AQI").unwrap(), [1, 2]);
        assert_eq!(decode_base64(b"AQI=").unwrap(), [1, 2]);
    }
}
