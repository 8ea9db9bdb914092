//! Byte searches for short distances, eight bytes at a time in one word (SWAR).
//!
//! `memchr` is fast over long distances, but each call has a fixed cost. Tags, names and attributes
//! of XrML have about ten bytes, and a license has thousands of them. Searching a few words first
//! doubles the speed of reading a license (`benches/license.rs`).

use memchr::{memchr, memchr3};

/// The number of words that are searched before `memchr` is called.
const WORDS: usize = 4;

/// Returns a word of eight times `byte`.
const fn filled(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Sets a bit in the lowest byte of `word` that is zero. Bits above it have no meaning.
#[inline]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(filled(0x01)) & !word & filled(0x80)
}

/// Sets a bit in the lowest byte of `word` that is less than `bound`, which is at most 128. Bits
/// above it have no meaning.
#[inline(always)]
const fn below(word: u64, bound: u8) -> u64 {
    word.wrapping_sub(filled(bound)) & !word & filled(0x80)
}

/// Returns the index of the first matching byte. `bits` sets a bit in the lowest matching byte of a
/// word; `far` searches the text after the first words.
#[inline(always)]
fn first(
    text: &[u8],
    bits: impl Fn(u64) -> u64,
    far: impl Fn(&[u8]) -> Option<usize>,
) -> Option<usize> {
    let mut rest = text;
    for at in 0..WORDS {
        let Some((word, behind)) = rest.split_first_chunk::<8>() else { break };
        let found = bits(u64::from_le_bytes(*word));
        if found != 0 {
            let byte = usize::try_from(found.trailing_zeros() >> 3).ok()?;
            // Both are small: this does not wrap.
            return Some(at.wrapping_mul(8).wrapping_add(byte));
        }
        rest = behind;
    }
    let seen = text.len().saturating_sub(rest.len());
    far(rest)?.checked_add(seen)
}

/// Returns the index of the first `byte` in `text`, as `memchr` does.
#[inline(always)]
pub(super) fn find_byte(byte: u8, text: &[u8]) -> Option<usize> {
    first(text, |word| zeros(word ^ filled(byte)), |rest| memchr(byte, rest))
}

/// Returns the index of the first of three bytes in `text`, as `memchr3` does.
#[inline(always)]
pub(super) fn find_any([one, two, three]: [u8; 3], text: &[u8]) -> Option<usize> {
    let bits =
        |word| zeros(word ^ filled(one)) | zeros(word ^ filled(two)) | zeros(word ^ filled(three));
    first(text, bits, |rest| memchr3(one, two, three, rest))
}

/// Returns the index of the first byte up to a space: white space or a control character.
#[inline(always)]
pub(super) fn find_space(text: &[u8]) -> Option<usize> {
    const BOUND: u8 = b' '.wrapping_add(1);
    first(text, |word| below(word, BOUND), |rest| rest.iter().position(|byte| *byte < BOUND))
}

/// Returns the length of the name at the beginning of `text`: the index of the first byte up to
/// `>`, as all bytes after a name are. `None` if there is no such byte within the first words.
#[inline(always)]
pub(super) fn find_name_end(text: &[u8]) -> Option<usize> {
    const BOUND: u8 = b'>'.wrapping_add(1);
    first(text, |word| below(word, BOUND), |_| None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn results_equal_those_of_memchr(
            text in prop::collection::vec(prop_oneof![Just(b'<'), Just(b'>'), any::<u8>()], 0..80),
            skip in 0_usize..40,
        ) {
            let text = text.get(skip..).unwrap_or_default();
            for byte in [0, b'<', b'>', 0x7F, 0x80, 0xFF] {
                prop_assert_eq!(find_byte(byte, text), memchr(byte, text));
            }
            let low = text.iter().position(|byte| *byte <= b' ');
            prop_assert_eq!(find_space(text), low);
            let letters = text.iter().position(|byte| *byte <= b'>');
            prop_assert!(find_name_end(text).is_none_or(|end| Some(end) == letters));
            let three = [b'>', b'"', 0x80];
            prop_assert_eq!(find_any(three, text), memchr3(b'>', b'"', 0x80, text));
        }
    }

    #[test]
    fn byte_is_found_at_every_index() {
        for len in 0..70 {
            let mut text = vec![b'a'; len];
            assert_eq!(find_byte(b'<', &text), None);
            for at in 0..len {
                if let Some(byte) = text.get_mut(at) {
                    *byte = b'<';
                }
                assert_eq!(find_byte(b'<', &text), Some(at));
                assert_eq!(find_any([b'>', b'<', b'='], &text), Some(at));
                if let Some(byte) = text.get_mut(at) {
                    *byte = b'a';
                }
            }
        }
    }
}
