//! Dictionaries (ISO 32000-2 7.3.7) and the values of arrays (7.3.6).

use std::borrow::Cow;

use super::lexer::{Fault, Lexer};
use super::markers::{contains_ignore_case, contains_marker};
use super::value::PdfValue;
use crate::container::pdf::layout::DICT_ENTRIES;

/// The entries of a dictionary, in the order of the file.
#[derive(Debug, Clone)]
pub(crate) struct Dict<'a> {
    entries: Vec<(Cow<'a, [u8]>, PdfValue<'a>)>,
    /// The text between the brackets.
    raw: &'a [u8],
    /// The tokens between the end of the dictionary and the end of its object.
    trailing: &'a [u8],
    is_unusual: bool,
}

/// The number of trailing tokens that may fail to parse before the rest is skipped. Each failure
/// can cost a pass over all of them.
const UNREAD_TOKENS: usize = 16;

impl<'a> Dict<'a> {
    /// Parses the text between the brackets of a dictionary.
    pub(crate) fn parse(raw: &'a [u8]) -> Result<Dict<'a>, Fault> {
        let mut lexer = Lexer::whole(raw);
        #[allow(clippy::disallowed_methods)] // a constant that covers most dictionaries
        let mut entries = Vec::with_capacity(12);
        while !lexer.is_done() {
            let PdfValue::Name(key) = lexer.value()? else {
                return Err(Fault::Malformed(lexer.at(), "a key that is no name"));
            };
            if entries.len() >= DICT_ENTRIES {
                return Err(Fault::Malformed(lexer.at(), "too many entries"));
            }
            entries.push((key, lexer.value()?));
        }
        Ok(Dict { entries, raw, trailing: &[], is_unusual: lexer.is_unusual() })
    }

    /// Adds the entries among `trailing`, the tokens after the dictionary. A dictionary whose end
    /// was damaged must not hide entries.
    pub(crate) fn add_trailing_entries(&mut self, trailing: &'a [u8]) {
        if trailing.is_empty() {
            return;
        }
        self.is_unusual = true;
        self.trailing = trailing;
        let mut lexer = Lexer::whole(trailing);
        let mut unread: usize = 0;
        while !lexer.is_done() && self.entries.len() < DICT_ENTRIES && unread < UNREAD_TOKENS {
            let start = lexer.at();
            if lexer.peek() != Some(b'/') {
                if lexer.token().is_err() {
                    lexer.at = start;
                    lexer.step(1);
                    unread = unread.saturating_add(1);
                }
                continue;
            }
            let Ok(PdfValue::Name(key)) = lexer.value() else { break };
            let at = lexer.at();
            match lexer.value() {
                Ok(value) => self.entries.push((key, value)),
                Err(_) => {
                    lexer.at = at;
                    unread = unread.saturating_add(1);
                }
            }
        }
    }

    /// Returns the first value of `key`.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&PdfValue<'a>> {
        self.all(key).next()
    }

    /// Returns every value of `key`: a damaged or forged dictionary may repeat a key.
    pub(crate) fn all(&self, key: &[u8]) -> impl Iterator<Item = &PdfValue<'a>> {
        self.entries.iter().filter(move |(name, _)| name.as_ref() == key).map(|(_, value)| value)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&[u8], &PdfValue<'a>)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// Returns the integer under `key`, if it is not negative.
    pub(crate) fn number(&self, key: &[u8]) -> Option<u64> {
        self.get(key)?.number()
    }

    /// Returns the name under `key`.
    pub(crate) fn name(&self, key: &[u8]) -> Option<&[u8]> {
        match self.get(key) {
            Some(PdfValue::Name(name)) => Some(name),
            _ => None,
        }
    }

    /// Returns the direct dictionary under `key`.
    pub(crate) fn dict(&self, key: &[u8]) -> Option<Dict<'a>> {
        match self.get(key) {
            Some(PdfValue::Dict(raw)) => Dict::parse(raw).ok(),
            _ => None,
        }
    }

    /// Returns whether it contains a comment or a NUL between its tokens, or tokens follow it.
    pub(crate) fn is_unusual(&self) -> bool {
        self.is_unusual
    }

    /// Returns whether tokens follow the dictionary before its object ends.
    pub(crate) fn has_trailing_tokens(&self) -> bool {
        !self.trailing.is_empty()
    }

    /// Returns whether it contains `words` in any case: in keys, values, strings or comments.
    pub(crate) fn contains_ignore_case(&self, words: &[u8]) -> bool {
        contains_ignore_case(self.raw, words) || contains_ignore_case(self.trailing, words)
    }

    /// Returns whether it contains one of [`MARKERS`](crate::container::pdf::layout::MARKERS).
    pub(crate) fn contains_marker(&self) -> bool {
        contains_marker(self.raw) || contains_marker(self.trailing)
    }
}

/// Returns the values of an array, up to the first that cannot be read.
pub(crate) fn array(raw: &[u8]) -> impl Iterator<Item = PdfValue<'_>> {
    let mut lexer = Lexer::whole(raw);
    std::iter::from_fn(move || if lexer.is_done() { None } else { lexer.value().ok() }).fuse()
}

/// Returns the object numbers that a value references: a reference, or an array of them.
pub(crate) fn refs<'v>(value: &PdfValue<'v>) -> impl Iterator<Item = u64> + use<'v> {
    let (one, raw) = match value {
        PdfValue::Ref(number) => (Some(*number), &[][..]),
        PdfValue::Array(raw) => (None, *raw),
        _ => (None, &[][..]),
    };
    let listed = array(raw).filter_map(|value| value.reference());
    one.into_iter().chain(listed)
}
