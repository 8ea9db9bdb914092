//! Tells binary data from text by the first bytes.

/// Number of bytes that are examined.
const SAMPLE: usize = 32;

/// Returns whether the first 32 bytes contain one that text does not have: 0 to 8, or 0xF8 to 0xFF,
/// which neither ASCII nor UTF-8 uses. Shorter data counts as text.
pub(super) fn is_binary(head: &[u8]) -> bool {
    head.first_chunk::<SAMPLE>()
        .is_some_and(|sample| sample.iter().any(|byte| matches!(byte, 0..=8 | 0xF8..=0xFF)))
}
