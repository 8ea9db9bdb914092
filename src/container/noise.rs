//! Bytes that have every value everywhere, as what is compressed or encrypted has them.
//!
//! No byte is rare there, and whoever stops at each that could begin something guesses wrong each
//! time. So all of them are looked at, as many at once as the processor can, which [`dispatch!`]
//! asks it. `benches/instructions.rs` counts what that costs (`binary`, `archive`), and does not
//! count what wrong guesses would.

use fearless_simd::{Level, dispatch};

/// First bytes by which noise is told from text.
const SAMPLE: usize = 32;
/// Bytes that are looked at together.
pub(super) const CHUNK: usize = 128;

/// Whether a byte is there that text has not: 0 to 8, and 0xF8 to 0xFF.
pub(super) fn begins_here(sample: &[u8; SAMPLE]) -> bool {
    // All of them, because that is done for many at once. More are not worth a choice of how.
    sample.iter().fold(false, |is_noise, byte| is_noise | (byte.wrapping_add(8) < 17))
}

/// Two pairs of bytes of a word, of which the one begins at an even place of it and the other at an
/// odd place. So one of them is met by who looks at every second place only, wherever the word
/// stands; and in noise there is one of them in some thirty thousand places.
#[derive(Clone, Copy)]
pub(super) struct Pairs {
    even: u16,
    odd: u16,
}

impl Pairs {
    /// Of the word that begins with these.
    pub(super) const fn new([one, two, three]: [u8; 3]) -> Pairs {
        let (even, odd) = ([one, two], [two, three]);
        Pairs { even: u16::from_le_bytes(even), odd: u16::from_le_bytes(odd) }
    }

    /// The first chunk with one of them at an even place.
    pub(super) fn first_in(self, chunks: &[[u8; CHUNK]]) -> Option<usize> {
        dispatch!(Level::new(), _simd => self.position(chunks))
    }

    #[inline(always)] // or it is not made for what was chosen
    fn position(self, chunks: &[[u8; CHUNK]]) -> Option<usize> {
        chunks.iter().position(|chunk| {
            let (pairs, _) = chunk.as_chunks();
            pairs.iter().fold(false, |found, pair| {
                let pair = u16::from_le_bytes(*pair);
                found | (pair == self.even) | (pair == self.odd)
            })
        })
    }
}

/// Bytes from the end of a line to the third one of the next.
const BEGIN: usize = 4;

/// The lines behind the first one that begin like a field's name: with two letters, or a letter and
/// a hyphen, and nothing behind them that no text has. Others are among them; in noise, hardly any.
pub(super) fn lines_like_fields(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let chunk = dispatch!(Level::new(), _simd => chunk_with_line(rest));
        let end = memchr::memchr(b'\n', rest.get(chunk..)?)?;
        rest = rest.get(chunk.saturating_add(end)..)?.get(1..)?;
        Some(rest)
    })
}

/// Where the first chunk with such a line begins, or the rest that is no chunk.
#[inline(always)] // as above
fn chunk_with_line(bytes: &[u8]) -> usize {
    let mut at: usize = 0;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<{ CHUNK + BEGIN - 1 }>) {
        let begins_line = |found, bytes: &[u8]| {
            let &[end, first, second, third] = bytes else { return found };
            // Signed, what is not ASCII is below zero.
            let [first, second, third] = [first, second, third].map(u8::cast_signed);
            found | (end == b'\n') & (first >= LETTERS) & (second >= HYPHEN) & (third >= TAB)
        };
        if chunk.windows(BEGIN).fold(false, begins_line) {
            break;
        }
        at = at.saturating_add(CHUNK);
    }
    at
}

const LETTERS: i8 = b'A'.cast_signed();
const HYPHEN: i8 = b'-'.cast_signed();
const TAB: i8 = b'\t'.cast_signed();

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the processor has.
        #[test]
        fn many_at_once_are_seen_as_one_by_one(
            word in any::<[u8; 3]>(),
            bytes in proptest::collection::vec(any::<u8>(), 0..1000),
            at in 0_usize..1000,
        ) {
            let mut bytes = bytes;
            if let Some(there) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
                *there = word;
            }
            let pairs = Pairs::new(word);
            let (chunks, _) = bytes.as_chunks();
            prop_assert_eq!(pairs.first_in(chunks), pairs.position(chunks));
        }

        /// Whatever else is met.
        #[test]
        fn no_line_like_a_field_is_passed(
            parts in proptest::collection::vec(
                prop_oneof![
                    (0..200_usize).prop_map(|len| vec![0xFF; len]),
                    "\n[A-Za-z][A-Za-z-][A-Za-z: \t\r\x0C-]".prop_map(String::into_bytes),
                    "[\na \r]".prop_map(String::into_bytes),
                ],
                0..20,
            ),
        ) {
            let bytes = parts.concat();
            let lines: Vec<&[u8]> = lines_like_fields(&bytes).collect();
            for (at, begin) in bytes.windows(BEGIN).enumerate() {
                if let [b'\n', b'A'..=b'Z' | b'a'..=b'z', b'A'..=b'Z' | b'a'..=b'z' | b'-', third] = begin
                    && (*third < 0x80 && !third.is_ascii_control() || third.is_ascii_whitespace())
                {
                    let line = bytes.get(at + 1..).unwrap_or_default();
                    prop_assert!(lines.iter().any(|found| found.len() == line.len()), "at {}", at);
                }
            }
        }
    }
}
