//! [`Needle`], a word that is searched for in the head of every file, and hardly ever stands there.

use memchr::memmem::Finder;

use super::noise::{self, CHUNK, Pairs};

/// Places of the rare byte, or chunks with a pair of the word, that are looked at one by one. Where
/// there are more, a search for the word is faster: it does not stop at places that nobody can predict.
const TRIES: usize = 3;

/// A word with a byte that few files have in their heads.
///
/// A search for one byte takes some four times as many of them at once as a search for a word. In
/// noise, where no byte is rare, [`Pairs`] of the word are. Made once and kept, because that takes
/// longer than a search does.
pub(crate) struct Needle<const N: usize> {
    word: &'static [u8; N],
    finder: Finder<'static>,
    rare: u8,
    /// Where the rare byte stands in the word.
    inside: usize,
    pairs: Pairs,
}

impl<const N: usize> Needle<N> {
    /// `word`, whose byte at `inside` is rare.
    pub(crate) fn new(word: &'static [u8; N], inside: usize) -> Needle<N> {
        let rare = word.get(inside).copied().unwrap_or_default();
        const { assert!(N >= 3, "a word of less has no pair at an odd place") };
        let pairs = Pairs::new(word.first_chunk().copied().unwrap_or_default());
        Needle { word, finder: Finder::new(word), rare, inside, pairs }
    }

    /// Where the word begins for the first time.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<usize> {
        if bytes.first_chunk().is_some_and(noise::begins_here) {
            return self.find_in_noise(bytes);
        }
        let mut hits =
            memchr::memchr_iter(self.rare, bytes).map(|hit| hit.checked_sub(self.inside));
        for _ in 0..TRIES {
            if let Some(start) = hits.next()?
                && bytes.get(start..).and_then(<[u8]>::first_chunk) == Some(self.word)
            {
                return Some(start);
            }
        }
        // One that begins earlier than the next hit allows would have been met.
        let from = hits.next()?.unwrap_or_default();
        self.find_from(from, bytes)
    }

    /// The same where each byte stands everywhere, and nothing is rare.
    fn find_in_noise(&self, bytes: &[u8]) -> Option<usize> {
        let mut from: usize = 0;
        for _ in 0..TRIES {
            let (chunks, rest) = bytes.get(from..)?.as_chunks();
            let Some(hit) = self.pairs.first_in(chunks) else {
                let behind = bytes.len().saturating_sub(rest.len());
                return self.find_behind(behind, bytes);
            };
            let hit = from.saturating_add(hit.saturating_mul(CHUNK));
            from = hit.saturating_add(CHUNK);
            // The word may reach into the chunks around this one.
            let around = bytes.get(..from.saturating_add(N)).unwrap_or(bytes);
            let found = self.find_from(hit.saturating_sub(N), around);
            if found.is_some() {
                return found;
            }
        }
        self.find_from(from.saturating_sub(N), bytes)
    }

    /// The same where nothing was met in the chunks before `behind`, and less than one is left.
    fn find_behind(&self, behind: usize, bytes: &[u8]) -> Option<usize> {
        if behind == bytes.len() {
            return None;
        }
        // The last chunk has most of such rests in it, and what reaches into them.
        let from = behind.saturating_sub(N);
        let last = bytes.last_chunk().filter(|_| bytes.len().saturating_sub(CHUNK) <= from);
        if last.is_some_and(|last| self.pairs.first_in(std::slice::from_ref(last)).is_none()) {
            return None;
        }
        self.find_from(from, bytes)
    }

    fn find_from(&self, from: usize, bytes: &[u8]) -> Option<usize> {
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
                let found = |word| Needle::<4>::new(word, inside).find(&bytes);
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
