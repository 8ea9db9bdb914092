//! Search for a few bytes of which one is rare in the searched data. It builds no finder, and is
//! faster than one for bytes that are found soon.

/// Returns the offsets of `word` in `bytes`, the first one first. The byte at offset `inside` of
/// the word is the rare one.
pub(super) fn forwards<'b>(
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

/// Returns the offsets of `word` in `bytes`, the last one first. The byte at offset `inside` of the
/// word is the rare one.
pub(super) fn backwards<'b>(
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
        fn both_directions_equal_a_plain_search(
            parts in prop::collection::vec(
                prop_oneof![
                    prop::sample::select(["%PDF", "%PDF-", " obj", " ob", "-"].map(Vec::from).to_vec()),
                    prop::collection::vec(any::<u8>(), 0..200),
                ],
                0..12,
            ),
        ) {
            let bytes = parts.concat();
            let expected: Vec<usize> = memchr::memmem::rfind_iter(&bytes, b"%PDF").collect();
            prop_assert_eq!(backwards(b"%PDF", 0, &bytes).collect::<Vec<_>>(), expected);
            let expected: Vec<usize> = memchr::memmem::find_iter(&bytes, b" obj").collect();
            prop_assert_eq!(forwards(b" obj", 3, &bytes).collect::<Vec<_>>(), expected);
        }
    }
}
