//! Dictionaries, strings and objects in memory (ISO 32000-2 7.3).

use std::borrow::Cow;

use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::container::pdf::layout::{DICT_ENTRIES, SIGNS_BY_C};
use crate::container::pdf::syntax::lexer::{Fault, Lexer, hex_digit, is_space};
use crate::container::pdf::syntax::value::Value;
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};

/// The entries of a dictionary, in the order in which they stand.
#[derive(Debug, Clone)]
pub(crate) struct Dict<'a> {
    entries: Vec<(Cow<'a, [u8]>, Value<'a>)>,
    raw: &'a [u8],
    /// The tokens between the end of the dictionary and the end of its object.
    strays: &'a [u8],
    odd: bool,
}

/// Stray values that cannot be read before the rest of the strays is skipped. Each one may cost a
/// pass over all of them.
const UNREAD_STRAYS: usize = 16;

impl<'a> Dict<'a> {
    /// Reads what stands between the brackets.
    pub(crate) fn parse(raw: &'a [u8]) -> Result<Dict<'a>, Fault> {
        let mut lexer = Lexer::whole(raw);
        #[allow(clippy::disallowed_methods)] // what most dictionaries have, whatever they say
        let mut entries = Vec::with_capacity(12);
        while !lexer.is_done() {
            let Value::Name(key) = lexer.value()? else {
                return Err(Fault::Malformed(lexer.at(), "a key that is no name"));
            };
            if entries.len() >= DICT_ENTRIES {
                return Err(Fault::Malformed(lexer.at(), "too many entries"));
            }
            entries.push((key, lexer.value()?));
        }
        Ok(Dict { entries, raw, strays: &[], odd: lexer.is_odd() })
    }

    /// Adds the entries among `strays`: a dictionary that ends too early hides no entry.
    fn add_strays(&mut self, strays: &'a [u8]) {
        if strays.is_empty() {
            return;
        }
        self.odd = true;
        self.strays = strays;
        let mut lexer = Lexer::whole(strays);
        let mut unread: usize = 0;
        while !lexer.is_done() && self.entries.len() < DICT_ENTRIES && unread < UNREAD_STRAYS {
            let start = lexer.at();
            if lexer.peek() != Some(b'/') {
                if lexer.token().is_err() {
                    lexer.at = start;
                    lexer.step(1);
                    unread = unread.saturating_add(1);
                }
                continue;
            }
            let Ok(Value::Name(key)) = lexer.value() else { break };
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

    /// The first entry called `key`.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&Value<'a>> {
        self.all(key).next()
    }

    /// Every entry called `key`: a damaged or forged dictionary may have several.
    pub(crate) fn all(&self, key: &[u8]) -> impl Iterator<Item = &Value<'a>> {
        self.entries.iter().filter(move |(name, _)| name.as_ref() == key).map(|(_, value)| value)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&[u8], &Value<'a>)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// The whole number under `key`, if it is not negative.
    pub(crate) fn number(&self, key: &[u8]) -> Option<u64> {
        self.get(key)?.number()
    }

    pub(crate) fn name(&self, key: &[u8]) -> Option<&[u8]> {
        match self.get(key) {
            Some(Value::Name(name)) => Some(name),
            _ => None,
        }
    }

    /// The dictionary that stands under `key` itself.
    pub(crate) fn dict(&self, key: &[u8]) -> Option<Dict<'a>> {
        match self.get(key) {
            Some(Value::Dict(raw)) => Dict::parse(raw).ok(),
            _ => None,
        }
    }

    /// Returns whether it contains a comment or a NUL between its tokens, or strays follow it.
    pub(crate) fn is_odd(&self) -> bool {
        self.odd
    }

    /// Returns whether tokens follow the dictionary before its object ends.
    pub(crate) fn has_strays(&self) -> bool {
        !self.strays.is_empty()
    }

    /// Whether `words` stand anywhere in it, keys, strings and comments included.
    pub(crate) fn mentions(&self, words: &[u8]) -> bool {
        mentions(self.raw, words) || mentions(self.strays, words)
    }

    /// Returns whether it contains one of `SIGNS`.
    pub(crate) fn mentions_sign(&self) -> bool {
        mentions_sign(self.raw) || mentions_sign(self.strays)
    }
}

/// Whether `words` stand in `bytes`, in whatever case.
pub(crate) fn mentions(bytes: &[u8], words: &[u8]) -> bool {
    let Some(first) = words.first() else { return false };
    memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), bytes).any(|at| {
        let there = bytes.get(at..).and_then(|rest| rest.get(..words.len()));
        there.is_some_and(|there| there.eq_ignore_ascii_case(words))
    })
}

/// Whether one of `SIGNS` stands in `bytes`, in whatever case.
pub(crate) fn mentions_sign(bytes: &[u8]) -> bool {
    mentions_one(&SIGNS_BY_C, bytes)
}

/// Whether one of `words`, whose `c` stands at a known place, stands in `bytes`, in whatever case.
pub(crate) fn mentions_one(words: &[(&[u8], usize)], bytes: &[u8]) -> bool {
    memchr::memchr2_iter(b'c', b'C', bytes).any(|at| {
        words.iter().any(|(word, inside)| {
            let begin = at.checked_sub(*inside).and_then(|start| bytes.get(start..));
            let there = begin.and_then(|begin| begin.get(..word.len()));
            there.is_some_and(|there| there.eq_ignore_ascii_case(word))
        })
    })
}

/// The values of an array, up to the first that is none.
pub(crate) fn array(raw: &[u8]) -> impl Iterator<Item = Value<'_>> {
    let mut lexer = Lexer::whole(raw);
    std::iter::from_fn(move || if lexer.is_done() { None } else { lexer.value().ok() }).fuse()
}

/// The objects that a value refers to: itself, or as an array.
pub(crate) fn refs<'v>(value: &Value<'v>) -> impl Iterator<Item = u64> + use<'v> {
    let (one, raw) = match value {
        Value::Ref(number) => (Some(*number), &[][..]),
        Value::Array(raw) => (None, *raw),
        _ => (None, &[][..]),
    };
    let listed = array(raw).filter_map(|value| value.reference());
    one.into_iter().chain(listed)
}

/// The bytes that a string stands for, or nothing for another value.
pub(crate) fn string(value: &Value<'_>, meter: &Meter) -> Result<Option<Vec<u8>>> {
    match value {
        Value::Literal(raw) => {
            meter.charge(Limit::Allocation, to_u64(raw.len()))?;
            Ok(Some(literal(raw)))
        }
        Value::Hex(raw) => {
            meter.charge(Limit::Allocation, to_u64(raw.len()))?;
            Ok(Some(hex(raw)))
        }
        _ => Ok(None),
    }
}

/// A literal string without its escapes (ISO 32000-2 7.3.4.2).
#[allow(clippy::disallowed_methods)] // no longer than the string that is there
fn literal(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr2(b'\\', b'\r', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        rest = match rest {
            // An end of line reads as one line feed, however it is written.
            [b'\r', b'\n', tail @ ..] | [b'\r', tail @ ..] => {
                out.push(b'\n');
                tail
            }
            [b'\\', b'\r', b'\n', tail @ ..] | [b'\\', b'\r' | b'\n', tail @ ..] => tail,
            [b'\\', b'0'..=b'7', ..] => octal(rest, &mut out),
            [b'\\', escaped, tail @ ..] => {
                out.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    other => *other,
                });
                tail
            }
            _ => &[],
        };
    }
    out.extend_from_slice(rest);
    out
}

/// One `\ddd`: one to three digits, what overflows a byte is dropped.
fn octal<'a>(escape: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let digits = escape.get(1..).unwrap_or_default();
    let len = digits.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
    let (octal, rest) = digits.split_at_checked(len).unwrap_or_default();
    let code = octal.iter().fold(0_u8, |code, digit| code.wrapping_shl(3) | (digit & 7));
    out.push(code);
    rest
}

/// A hexadecimal string; a last odd digit is followed by a zero (ISO 32000-2 7.3.4.3).
fn hex(raw: &[u8]) -> Vec<u8> {
    #[allow(clippy::disallowed_methods)] // no longer than the string that is there
    let mut out = Vec::with_capacity(raw.len().div_ceil(2));
    let mut high = None;
    for digit in raw.iter().filter_map(|byte| hex_digit(*byte)) {
        match high.take() {
            None => high = Some(digit),
            Some(high) => out.push(high << 4 | digit),
        }
    }
    if let Some(high) = high {
        out.push(high << 4);
    }
    out
}

/// Where a literal string's bytes lie as they are: nothing in it is escaped.
pub(crate) fn is_verbatim(value: &Value<'_>) -> bool {
    matches!(value, Value::Literal(raw) if memchr::memchr2(b'\\', b'\r', raw).is_none())
}

/// A text string (ISO 32000-2 7.9.2.2) as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    match bytes {
        [0xFE, 0xFF, units @ ..] => {
            let units = units.chunks_exact(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0,
            });
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        [0xEF, 0xBB, 0xBF, rest @ ..] => crate::bytes::utf8_lossy(rest).into_owned(),
        _ => crate::bytes::utf8_lossy(bytes).into_owned(),
    }
}

/// An object in memory.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    /// Its value, and the strays between the value and the end of the object.
    bytes: Vec<u8>,
    /// The length of the value.
    len: usize,
    /// The offset of the value in the member; `None` for one of an object stream.
    at: Option<u64>,
    /// The offset of the data of a stream.
    pub(crate) data: Option<u64>,
}

impl Object {
    /// An object whose value is the first `len` bytes of `bytes`.
    pub(crate) fn new(bytes: Vec<u8>, len: usize, at: Option<u64>, data: Option<u64>) -> Object {
        Object { bytes, len, at, data }
    }

    /// A dictionary inside another object; `inside` is the text between its brackets.
    pub(crate) fn direct(inside: &[u8], at: Option<u64>) -> Object {
        let bytes = [b"<<", inside, b">>"].concat();
        let (len, at) = (bytes.len(), at.and_then(|at| at.checked_sub(2)));
        Object { bytes, len, at, data: None }
    }

    fn split(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at_checked(self.len).unwrap_or((&self.bytes, &[]))
    }

    /// The bytes of the value and of the strays.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn at(&self) -> Option<u64> {
        self.at
    }

    pub(crate) fn value(&self) -> Value<'_> {
        Lexer::whole(self.split().0).value().unwrap_or(Value::Null)
    }

    /// Its dictionary, or that of its stream.
    pub(crate) fn dict(&self, structure: &'static str) -> Result<Dict<'_>> {
        let (value, strays) = self.split();
        let value = match value.strip_prefix(b"<<").and_then(|rest| rest.strip_suffix(b">>")) {
            // It was read up to the bracket that closes it when it was found.
            Some(inside) => {
                debug_assert_eq!(self.value(), Value::Dict(inside));
                Value::Dict(inside)
            }
            None => self.value(),
        };
        match value {
            Value::Dict(raw) => {
                let mut dict =
                    Dict::parse(raw).map_err(|fault| object_error(fault, structure, self.at))?;
                dict.add_strays(strays);
                Ok(dict)
            }
            _ => Err(Error::malformed(
                ErrorCode::MalformedPdfObject,
                structure,
                self.at,
                "no dictionary",
            )),
        }
    }

    /// Where `part`, borrowed from this object, lies in the member.
    pub(crate) fn offset_of(&self, part: &[u8]) -> Option<u64> {
        let inside = part.as_ptr().addr().checked_sub(self.bytes.as_ptr().addr())?;
        self.at?.checked_add(to_u64(inside))
    }

    pub(crate) fn mentions(&self, words: &[u8]) -> bool {
        mentions(&self.bytes, words)
    }

    /// Whether one of `SIGNS` stands anywhere in it.
    pub(crate) fn mentions_sign(&self) -> bool {
        mentions_sign(&self.bytes)
    }
}

pub(crate) fn object_error(fault: Fault, structure: &'static str, at: Option<u64>) -> Error {
    match fault {
        Fault::Incomplete => {
            Error::truncated(structure, at.unwrap_or_default(), "the file ends inside of it")
        }
        Fault::Malformed(inside, why) => {
            let at = at.and_then(|at| at.checked_add(to_u64(inside)));
            Error::malformed(ErrorCode::MalformedPdfObject, structure, at, why)
        }
    }
}

/// Whether only white space and one of `words` follow in `bytes`.
pub(crate) fn leads_with(bytes: &[u8], word: &[u8]) -> bool {
    let space = bytes.iter().position(|byte| !is_space(*byte)).unwrap_or(bytes.len());
    bytes.get(space..).is_some_and(|rest| rest.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::pdf::layout::{SIGNS, TRAILER_SIGNS_BY_C};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn signs_are_found_as_words_are(
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
            let expected = SIGNS.iter().any(|sign| mentions(text.as_bytes(), sign));
            prop_assert_eq!(mentions_sign(text.as_bytes()), expected);
            let words = TRAILER_SIGNS_BY_C.iter();
            let expected = words.fold(false, |any, (sign, _)| any | mentions(text.as_bytes(), sign));
            prop_assert_eq!(mentions_one(&TRAILER_SIGNS_BY_C, text.as_bytes()), expected);
        }

        #[test]
        fn words_are_found_in_whatever_case(text in "[aAbB%ab]{0,12}", words in "[aAbB%]{0,3}") {
            let (text, words) = (text.as_bytes(), words.as_bytes());
            let expected =
                text.windows(words.len().max(1)).any(|there| there.eq_ignore_ascii_case(words));
            prop_assert_eq!(mentions(text, words), expected);
        }
    }
}
