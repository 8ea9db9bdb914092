//! Base64, pseudo-random bytes, padding and little-endian fields.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Encodes as base64 with padding, without line breaks.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Returns `len` pseudo-random bytes of SplitMix64, which replace ciphertext. Equal seeds give equal bytes.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed ^ 0x9E37_79B9_7F4A_7C15;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Encodes as UTF-16LE without a byte-order mark.
pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Appends zeros up to a multiple of `unit`.
pub(crate) fn pad(bytes: &mut Vec<u8>, unit: usize) {
    bytes.resize(bytes.len().next_multiple_of(unit), 0);
}

/// Appends a little-endian u32.
///
/// # Panics
/// If the value does not fit.
pub(crate) fn put32(bytes: &mut Vec<u8>, value: usize) {
    bytes.extend_from_slice(&u32::try_from(value).expect("fits a u32").to_le_bytes());
}

/// Overwrites the little-endian u32 at `at`.
pub(crate) fn set32(bytes: &mut [u8], at: usize, value: usize) {
    bytes[at..at + 4].copy_from_slice(&u32::try_from(value).expect("fits a u32").to_le_bytes());
}

/// Appends UNICODE-LP-P4 (MS-OFFCRYPTO 2.1.2): length in bytes, UTF-16LE, padding to 4 bytes.
pub(crate) fn unicode_lp_p4(bytes: &mut Vec<u8>, text: &str) {
    let text = utf16(text);
    put32(bytes, text.len());
    bytes.extend_from_slice(&text);
    pad(bytes, 4);
}

/// Appends UTF-8-LP-P4 (MS-OFFCRYPTO 2.1.3): length in bytes, bytes, padding to 4 bytes.
pub(crate) fn utf8_lp_p4(bytes: &mut Vec<u8>, text: &[u8]) {
    put32(bytes, text.len());
    bytes.extend_from_slice(text);
    pad(bytes, 4);
}
