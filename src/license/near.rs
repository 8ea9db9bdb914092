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

/// Which byte the lowest set bit belongs to.
#[inline]
fn place(word: usize, bits: u64) -> Option<usize> {
    let byte = usize::try_from(bits.trailing_zeros() >> 3).ok()?;
    word.checked_mul(8)?.checked_add(byte)
}

/// Where `byte` first stands in `text`: what `memchr` says.
#[inline]
pub(super) fn near(byte: u8, text: &[u8]) -> Option<usize> {
    let (words, _) = text.as_chunks::<8>();
    for (at, word) in words.iter().take(WORDS).enumerate() {
        let found = zeros(u64::from_le_bytes(*word) ^ filled(byte));
        if found != 0 {
            return place(at, found);
        }
    }
    far(text, words.len(), |rest| memchr(byte, rest))
}

/// Where one of three bytes first stands in `text`: what `memchr3` says.
#[inline]
pub(super) fn near_any([one, two, three]: [u8; 3], text: &[u8]) -> Option<usize> {
    let (words, _) = text.as_chunks::<8>();
    for (at, word) in words.iter().take(WORDS).enumerate() {
        let word = u64::from_le_bytes(*word);
        let found =
            zeros(word ^ filled(one)) | zeros(word ^ filled(two)) | zeros(word ^ filled(three));
        if found != 0 {
            return place(at, found);
        }
    }
    far(text, words.len(), |rest| memchr3(one, two, three, rest))
}

/// Where the first byte stands that is no larger than a space: white space, or what belongs in no
/// text.
#[inline]
pub(super) fn near_space(text: &[u8]) -> Option<usize> {
    let is_low = |byte: &u8| *byte <= b' ';
    let (words, _) = text.as_chunks::<8>();
    for (at, word) in words.iter().take(WORDS).enumerate() {
        let word = u64::from_le_bytes(*word);
        // As in `zeros`, only the lowest set bit means something.
        let found = word.wrapping_sub(filled(b' '.wrapping_add(1))) & !word & filled(0x80);
        if found != 0 {
            return place(at, found);
        }
    }
    far(text, words.len(), |rest| rest.iter().position(is_low))
}

/// Searches behind the words that were looked at.
#[inline]
fn far(text: &[u8], words: usize, find: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
    let seen = words.min(WORDS).saturating_mul(8);
    find(text.get(seen..)?)?.checked_add(seen)
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
                prop_assert_eq!(near(byte, text), memchr(byte, text));
            }
            let low = text.iter().position(|byte| *byte <= b' ');
            prop_assert_eq!(near_space(text), low);
            let three = [b'>', b'"', 0x80];
            prop_assert_eq!(near_any(three, text), memchr3(b'>', b'"', 0x80, text));
        }
    }

    #[test]
    fn every_place_is_found() {
        for len in 0..70 {
            let mut text = vec![b'a'; len];
            assert_eq!(near(b'<', &text), None);
            for at in 0..len {
                if let Some(byte) = text.get_mut(at) {
                    *byte = b'<';
                }
                assert_eq!(near(b'<', &text), Some(at));
                assert_eq!(near_any([b'>', b'<', b'='], &text), Some(at));
                if let Some(byte) = text.get_mut(at) {
                    *byte = b'a';
                }
            }
        }
    }
}
