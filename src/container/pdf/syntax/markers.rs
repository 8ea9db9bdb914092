//! Case-insensitive searches for markers: names that only protected PDFs contain.

use crate::container::pdf::layout::MARKERS_BY_C;

/// Returns whether `bytes` contain `words` in any case.
pub(crate) fn contains_ignore_case(bytes: &[u8], words: &[u8]) -> bool {
    let Some(first) = words.first() else { return false };
    memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), bytes).any(|at| {
        let there = bytes.get(at..).and_then(|rest| rest.get(..words.len()));
        there.is_some_and(|there| there.eq_ignore_ascii_case(words))
    })
}

/// Returns whether `bytes` contain one of [`MARKERS`](crate::container::pdf::layout::MARKERS) in
/// any case.
pub(crate) fn contains_marker(bytes: &[u8]) -> bool {
    contains_any(&MARKERS_BY_C, bytes)
}

/// Returns whether `bytes` contain one of `words` in any case. Each word comes with the offset of
/// its letter `c`, so that one search for `c` finds all of them.
pub(crate) fn contains_any(words: &[(&[u8], usize)], bytes: &[u8]) -> bool {
    memchr::memchr2_iter(b'c', b'C', bytes).any(|at| {
        words.iter().any(|(word, inside)| {
            let begin = at.checked_sub(*inside).and_then(|start| bytes.get(start..));
            let there = begin.and_then(|begin| begin.get(..word.len()));
            there.is_some_and(|there| there.eq_ignore_ascii_case(word))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::pdf::layout::{MARKERS, TRAILER_MARKERS_BY_C};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn search_by_letter_equals_search_by_word(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("MicrosoftIRM"), Just("microsoftirmS"), Just("PublishingLicense"),
                    Just("PublishingLicens"), Just("ENCRYPTEDPAYLOAD"), Just("Enc"), Just("c"),
                    Just("Micro"), Just("softIRM"), Just(" "), Just("se"),
                ],
                0..6,
            ),
        ) {
            let text = parts.concat();
            let expected = MARKERS.iter().any(|marker| contains_ignore_case(text.as_bytes(), marker));
            prop_assert_eq!(contains_marker(text.as_bytes()), expected);
            let words = TRAILER_MARKERS_BY_C.iter();
            let expected = words.fold(false, |any, (marker, _)| {
                any | contains_ignore_case(text.as_bytes(), marker)
            });
            prop_assert_eq!(contains_any(&TRAILER_MARKERS_BY_C, text.as_bytes()), expected);
        }

        #[test]
        fn words_are_found_in_any_case(text in "[aAbB%ab]{0,12}", words in "[aAbB%]{0,3}") {
            let (text, words) = (text.as_bytes(), words.as_bytes());
            let expected =
                text.windows(words.len().max(1)).any(|there| there.eq_ignore_ascii_case(words));
            prop_assert_eq!(contains_ignore_case(text, words), expected);
        }
    }
}
