//! [`Needle`], a word that is searched for in the head of every file, and hardly ever stands there.

use memchr::memmem::Finder;

/// Places of the rare byte that are looked at one by one. Where there are more, the byte is not
/// rare, and a search for the word is faster.
const TRIES: usize = 24;

/// A word with a byte that few files have in their heads.
///
/// A search for one byte takes some four times as many of them at once as a search for a word.
/// Made once and kept, because that takes longer than a search does.
pub(crate) struct Needle {
    word: Finder<'static>,
    rare: u8,
    /// Where the rare byte stands in the word.
    inside: usize,
}

impl Needle {
    /// `word`, whose byte at `inside` is rare.
    pub(crate) fn new(word: &'static [u8], inside: usize) -> Needle {
        let rare = word.get(inside).copied().unwrap_or_default();
        Needle { word: Finder::new(word), rare, inside }
    }

    /// Where the word begins for the first time.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<usize> {
        let mut from: usize = 0;
        for _ in 0..TRIES {
            let hit = memchr::memchr(self.rare, bytes.get(from..)?)?.saturating_add(from);
            let start = hit.checked_sub(self.inside);
            let begins = |start: &usize| {
                bytes.get(*start..).is_some_and(|rest| rest.starts_with(self.word.needle()))
            };
            if let Some(start) = start.filter(begins) {
                return Some(start);
            }
            from = hit.saturating_add(1);
        }
        // One that begins earlier has its rare byte before `from`, and would have been met.
        let from = from.saturating_sub(self.inside);
        Some(self.word.find(bytes.get(from..)?)?.saturating_add(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WORDS: [&[u8]; 4] = [b"%PDF-", b" obj", b"PK\x03\x04", b"aab"];
    /// Parts of the words, so that the rare bytes stand everywhere.
    const PARTS: [&[u8]; 12] = [
        b"%",
        b"j",
        b"\x04",
        b"PK\x03",
        b" ob",
        b"a",
        b"aab",
        b" obj",
        b"%PDF-",
        b"%PDF",
        b"PK\x03\x04",
        b"prose of some length, of which nothing comes",
    ];

    proptest! {
        #[test]
        fn it_finds_what_a_plain_search_finds(
            repeated in 0..60_usize,
            parts in proptest::collection::vec(proptest::sample::select(&PARTS[..]), 0..80),
        ) {
            let mut bytes = b"%j\x04a".repeat(repeated);
            bytes.extend(parts.concat());
            for word in WORDS {
                let expected = memchr::memmem::find(&bytes, word);
                for inside in 0..word.len() {
                    prop_assert_eq!(Needle::new(word, inside).find(&bytes), expected);
                }
            }
        }
    }
}
