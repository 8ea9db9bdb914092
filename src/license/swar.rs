//! The next byte of some value, where it is expected within a few.
//!
//! `memchr` is as fast as memory over long runs, and costs a call and a choice of instruction set
//! over short ones. The tags, names and attributes of XrML have some ten bytes, and a license has
//! thousands of them: looking at eight bytes as one word first makes reading a license twice as
//! fast (`benches/license.rs`).

use memchr::{memchr, memchr3};

/// Words that are looked at before `memchr` is asked.
const WORDS: usize = 4;

/// A word with `byte` in every place.
const fn filled(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// A bit set in the lowest byte of `word` that is zero; what is set above it means nothing.
#[inline]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(filled(0x01)) & !word & filled(0x80)
}

/// A bit set in the lowest byte of `word` that is below `bound`, which is at most 128; what is set
/// above it means nothing.
#[inline(always)]
const fn below(word: u64, bound: u8) -> u64 {
    word.wrapping_sub(filled(bound)) & !word & filled(0x80)
}

/// Where the first byte stands for which `bits`, given a word, sets a bit in the lowest such byte,
/// and `far` says the same for what lies behind the words that are looked at.
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
            // Neither is more than a few words.
            return Some(at.wrapping_mul(8).wrapping_add(byte));
        }
        rest = behind;
    }
    let seen = text.len().saturating_sub(rest.len());
    far(rest)?.checked_add(seen)
}

/// Where `byte` first stands in `text`: what `memchr` says.
#[inline(always)]
pub(super) fn find_byte(byte: u8, text: &[u8]) -> Option<usize> {
    first(text, |word| zeros(word ^ filled(byte)), |rest| memchr(byte, rest))
}

/// Where one of three bytes first stands in `text`: what `memchr3` says.
#[inline(always)]
pub(super) fn find_any([one, two, three]: [u8; 3], text: &[u8]) -> Option<usize> {
    let bits =
        |word| zeros(word ^ filled(one)) | zeros(word ^ filled(two)) | zeros(word ^ filled(three));
    first(text, bits, |rest| memchr3(one, two, three, rest))
}

/// Where the first byte stands that is no larger than a space: white space, or what belongs in no
/// text.
#[inline(always)]
pub(super) fn find_space(text: &[u8]) -> Option<usize> {
    const BOUND: u8 = b' '.wrapping_add(1);
    first(text, |word| below(word, BOUND), |rest| rest.iter().position(|byte| *byte < BOUND))
}

/// Where the letters end with which `text` begins: at the first byte up to `>`, which all bytes
/// are that end a name. `None` where the text ends before it does, or the name is a long one.
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
        fn says_what_memchr_says(
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
    fn every_place_is_found() {
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
