//! Words in the head of a file by which the detection table rules out most formats.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::binary::is_binary;
use super::byte_search::forwards;
use super::pdf;

/// Word that the head of a format contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    PdfHeader,
    PdfObject,
    MailSeparator,
    Armor,
    LocalHeader,
}

impl Word {
    /// Returns the index in [`WORDS`].
    fn index(self) -> usize {
        match self {
            Word::PdfHeader => 0,
            Word::PdfObject => 1,
            Word::MailSeparator => 2,
            Word::Armor => 3,
            Word::LocalHeader => 4,
        }
    }
}

/// Each word, the offset in it of a byte that is rare in text, and the bytes of a head that are
/// searched for it.
const WORDS: [(Word, &[u8], usize, usize); 5] = [
    (Word::PdfHeader, b"%PDF-", 0, usize::MAX),
    (Word::PdfObject, b" obj", 3, pdf::HEADER_WITHIN),
    (Word::MailSeparator, b"\nFrom ", 1, usize::MAX),
    (Word::Armor, b"-----BEGIN ", 7, usize::MAX),
    (Word::LocalHeader, b"PK\x03\x04", 2, usize::MAX),
];

/// Words that a head contains.
#[derive(Debug, Clone, Copy)]
pub(super) enum Words<'h> {
    /// Text, in which few bytes equal the rare byte of a word: a word is searched for on demand.
    Text(&'h [u8]),
    /// Other data, in which no byte is rare. One pass for all words takes half the instructions of
    /// a search for each (`benches/instructions.rs`, `binary` and `archive`).
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
        match self {
            Words::Text(head) => {
                let Some((_, text, rare, within)) = WORDS.get(word.index()) else { return true };
                let head = head.get(..*within).unwrap_or(head);
                forwards(text, *rare, head).next().is_some()
            }
            Words::Found(found) => found.get(word.index()).is_none_or(|found| *found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn words_equal_those_of_a_plain_search(
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
                for (index, (word, text, _, within)) in WORDS.into_iter().enumerate() {
                    prop_assert_eq!(word.index(), index);
                    let plain = |bytes| memchr::memmem::find(bytes, text).is_some();
                    let head = bytes.get(..within).unwrap_or(&bytes);
                    prop_assert!(words.contain(word) || !plain(head), "{:?}", word);
                    prop_assert!(!words.contain(word) || plain(&bytes), "{:?}", word);
                }
            }
        }
    }
}
