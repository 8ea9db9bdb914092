//! Searches for words: all words by which a head is told from ordinary data in one pass, and words
//! with a rare byte.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::binary::is_binary;
use super::pdf;

/// A word that formats have somewhere in the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    PdfHeader,
    PdfObject,
    MailSeparator,
    Armor,
    LocalHeader,
}

/// Each word, the offset in it of a byte that is rare in text, and the bytes of a head in which formats
/// have it.
const WORDS: [(Word, &[u8], usize, usize); 5] = [
    (Word::PdfHeader, b"%PDF-", 0, usize::MAX),
    (Word::PdfObject, b" obj", 3, pdf::HEADER_WITHIN),
    (Word::MailSeparator, b"\nFrom ", 1, usize::MAX),
    (Word::Armor, b"-----BEGIN ", 7, usize::MAX),
    (Word::LocalHeader, b"PK\x03\x04", 2, usize::MAX),
];

/// Tells which words a head contains.
#[derive(Debug, Clone, Copy)]
pub(super) enum Words<'h> {
    /// In text few bytes are like the rare byte of a word: each word is searched for when it is asked for.
    Text(&'h [u8]),
    /// In other data no byte is rare. One pass for all words takes half the instructions of a search for
    /// each (`benches/instructions.rs`, `binary` and `archive`).
    Found([bool; WORDS.len()]),
}

impl<'h> Words<'h> {
    pub(super) fn of(head: &'h [u8]) -> Words<'h> {
        if is_binary(head) { Words::in_binary(head) } else { Words::Text(head) }
    }

    fn in_binary(head: &'h [u8]) -> Words<'h> {
        static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
            let words = WORDS.map(|(_, word, ..)| word);
            AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(words).ok()
        });
        // Constants of this size always build.
        let Some(finder) = &*FINDER else { return Words::Text(head) };
        let mut words = [false; WORDS.len()];
        let mut from: usize = 0;
        while let Some(found) = finder.find(Input::new(head).range(from..)) {
            if let Some(present) = words.get_mut(found.pattern().as_usize()) {
                *present = true;
            }
            if words.iter().all(|present| *present) {
                break;
            }
            // Words can overlap.
            from = found.start().saturating_add(1);
        }
        Words::Found(words)
    }

    pub(super) fn contain(self, word: Word) -> bool {
        let mut words = WORDS.iter().enumerate();
        let Some((index, (_, text, rare, within))) = words.find(|(_, (known, ..))| *known == word)
        else {
            return true;
        };
        match self {
            Words::Text(head) => {
                let head = head.get(..*within).unwrap_or(head);
                forwards(text, *rare, head).next().is_some()
            }
            Words::Found(found) => found.get(index).is_none_or(|found| *found),
        }
    }
}

/// Returns the offsets of `word` in `bytes`, the first one first. The byte at `inside` of the word is
/// rare. No finder is built, so this is for a word that is found soon.
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

/// Returns the offsets of `word` in `bytes`, the last one first. The byte at `inside` of the word is
/// rare.
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

    proptest! {
        #[test]
        fn words_and_places_are_those_of_a_plain_search(
            parts in prop::collection::vec(
                prop_oneof![
                    prop::sample::select(WORDS.map(|(_, word, ..)| word.to_vec()).to_vec()),
                    prop::sample::select(["%PDF", "-", "\n", "PK", " ob"].map(Vec::from).to_vec()),
                    prop::collection::vec(any::<u8>(), 0..200),
                ],
                0..12,
            ),
        ) {
            let bytes = parts.concat();
            for words in [Words::of(&bytes), Words::in_binary(&bytes)] {
                for (word, text, _, within) in WORDS {
                    let plain = |bytes| memchr::memmem::find(bytes, text).is_some();
                    let head = bytes.get(..within).unwrap_or(&bytes);
                    prop_assert!(words.contain(word) || !plain(head), "{:?}", word);
                    prop_assert!(!words.contain(word) || plain(&bytes), "{:?}", word);
                }
            }
            let expected: Vec<usize> = memchr::memmem::rfind_iter(&bytes, b"%PDF").collect();
            prop_assert_eq!(backwards(b"%PDF", 0, &bytes).collect::<Vec<_>>(), expected);
            let expected: Vec<usize> = memchr::memmem::find_iter(&bytes, b" obj").collect();
            prop_assert_eq!(forwards(b" obj", 3, &bytes).collect::<Vec<_>>(), expected);
        }
    }
}
