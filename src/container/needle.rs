//! Searches for a word with a rare byte: [`Needle`] for words that the head of every file is searched
//! for and that few files contain, [`forwards`] and [`backwards`] for words that are found soon.

use memchr::memmem::Finder;

/// Hits of the rare byte that are compared one by one. Where there are more, a search for the whole word
/// is faster.
const TRIES: usize = 3;

/// A word with a byte that few files have in their heads.
///
/// `memchr` compares four times as many bytes with one instruction as `memmem` does. The finder is made
/// once, because that takes longer than a search.
pub(crate) struct Needle {
    word: &'static [u8],
    finder: Finder<'static>,
    rare: u8,
    /// The offset of the rare byte in the word.
    inside: usize,
}

impl Needle {
    /// `word`, whose byte at `inside` is rare.
    pub(crate) fn new(word: &'static [u8], inside: usize) -> Needle {
        let rare = word.get(inside).copied().unwrap_or_default();
        Needle { word, finder: Finder::new(word), rare, inside }
    }

    /// Returns the offset of the first occurrence of the word.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<usize> {
        let mut hits =
            memchr::memchr_iter(self.rare, bytes).map(|hit| hit.checked_sub(self.inside));
        for _ in 0..TRIES {
            if let Some(start) = hits.next()?
                && bytes.get(start..).is_some_and(|rest| rest.starts_with(self.word))
            {
                return Some(start);
            }
        }
        // An occurrence before the next hit would have been found.
        let from = hits.next()?.unwrap_or_default();
        Some(self.finder.find(bytes.get(from..)?)?.saturating_add(from))
    }
}

/// Where `word`, whose byte at `inside` is rare, begins in `bytes`: the first place first.
///
/// For a word that is met soon: nothing is made for the search.
pub(crate) fn forwards<'b>(
    word: &'b [u8],
    inside: usize,
    bytes: &'b [u8],
) -> impl Iterator<Item = usize> + 'b {
    let rare = word.get(inside).copied().unwrap_or_default();
    memchr::memchr_iter(rare, bytes).filter_map(move |hit| {
        let start = hit.checked_sub(inside)?;
        bytes.get(start..)?.starts_with(word).then_some(start)
    })
}

/// Where `word`, whose byte at `inside` is rare, begins in `bytes`: the last place first.
pub(crate) fn backwards<'b>(
    word: &'b [u8],
    inside: usize,
    bytes: &'b [u8],
) -> impl Iterator<Item = usize> + 'b {
    let rare = word.get(inside).copied().unwrap_or_default();
    memchr::memrchr_iter(rare, bytes).filter_map(move |hit| {
        let start = hit.checked_sub(inside)?;
        bytes.get(start..)?.starts_with(word).then_some(start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            begin in prop_oneof![
                Just(vec![]),
                Just(vec![b' '; 64]),
                (32..300_usize).prop_map(|len| vec![0xFF; len]),
            ],
            repeated in 0..60_usize,
            parts in proptest::collection::vec(proptest::sample::select(&PARTS[..]), 0..80),
        ) {
            let mut bytes = begin;
            bytes.extend(b"%j\x04a".repeat(repeated));
            bytes.extend(parts.concat());
            let expected = |word: &[u8]| memchr::memmem::find(&bytes, word);
            for inside in 0..3 {
                let found = |word: &'static [u8]| Needle::new(word, inside).find(&bytes);
                prop_assert_eq!(found(b" obj"), expected(b" obj"));
                prop_assert_eq!(found(b"PK\x03\x04"), expected(b"PK\x03\x04"));
                prop_assert_eq!(found(b"aaba"), expected(b"aaba"));
                prop_assert_eq!(Needle::new(b"%PDF-", inside).find(&bytes), expected(b"%PDF-"));
                let found: Vec<usize> = backwards(b"%PDF", inside, &bytes).collect();
                let expected: Vec<usize> = memchr::memmem::rfind_iter(&bytes, b"%PDF").collect();
                prop_assert_eq!(found, expected);
                let found: Vec<usize> = forwards(b"%PDF", inside, &bytes).collect();
                let expected: Vec<usize> = memchr::memmem::find_iter(&bytes, b"%PDF").collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
