//! [`PdfValue`]: values (ISO 32000-2 7.3), borrowed from the bytes that contain them.
//!
//! The parser does not recurse. The value of a dictionary or an array is the text between its
//! brackets, and callers parse that text if they need its entries.

use std::borrow::Cow;

use super::lexer::{Fault, Lexer, NUMERIC, PLAIN, REGULAR, Token, hex_digit, is, is_number};
use crate::container::pdf::layout::DEPTH;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PdfValue<'a> {
    Null,
    Bool,
    Int(i64),
    Real,
    Name(Cow<'a, [u8]>),
    /// The bytes between the parentheses of a literal string, escapes not decoded.
    Literal(&'a [u8]),
    /// The digits between the brackets of a hexadecimal string.
    Hex(&'a [u8]),
    /// The text between the brackets of an array.
    Array(&'a [u8]),
    /// The text between the brackets of a dictionary.
    Dict(&'a [u8]),
    /// The number of an indirect object. Generation numbers are ignored.
    Ref(u64),
}

/// An entry of a dictionary: its key and its value.
pub(crate) type DictEntry<'a> = (Cow<'a, [u8]>, PdfValue<'a>);

impl PdfValue<'_> {
    /// Returns the value of an integer that is not negative.
    pub(crate) fn number(&self) -> Option<u64> {
        match self {
            PdfValue::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// Returns the object number of a reference.
    pub(crate) fn reference(&self) -> Option<u64> {
        match self {
            PdfValue::Ref(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn is_name(&self, name: &[u8]) -> bool {
        matches!(self, PdfValue::Name(own) if own.as_ref() == name)
    }
}

impl<'a> Lexer<'a> {
    /// Reads the next value.
    pub(crate) fn value(&mut self) -> Result<PdfValue<'a>, Fault> {
        self.space();
        match self.peek() {
            // Most values are names and numbers.
            Some(b'/') => self.name().map(PdfValue::Name),
            Some(b'0'..=b'9') => match self.number()? {
                Token::Int(number) => self.int_or_ref(number),
                Token::Real => Ok(PdfValue::Real),
                _ => self.malformed("a word that is no value"),
            },
            _ => self.any_value(),
        }
    }

    /// Reads a name. The lexer is at its slash.
    fn name(&mut self) -> Result<Cow<'a, [u8]>, Fault> {
        self.step(1);
        let name = self.regular()?;
        Ok(if name.are_all(PLAIN) { Cow::Borrowed(name.raw) } else { decode_name(name.raw) })
    }

    /// Enters the next value if it is a dictionary, so that [`Lexer::entry`] reads its entries.
    /// Clears [`Lexer::is_unusual`], which then describes the dictionary only.
    pub(crate) fn enter(&mut self) -> bool {
        self.space();
        let is_dict = self.rest().starts_with(b"<<");
        if is_dict {
            self.step(2);
            self.outer = self.outer.saturating_add(1);
            self.is_unusual = false;
        }
        is_dict
    }

    /// Reads the next entry of the dictionary that was entered, or whose text the lexer reads.
    /// Returns `None` after the last entry, and then skips the closing bracket.
    pub(crate) fn entry(&mut self) -> Result<Option<DictEntry<'a>>, Fault> {
        self.space();
        match self.rest() {
            [b'/', ..] => {
                let key = self.name()?;
                Ok(Some((key, self.value()?)))
            }
            [b'>', b'>', ..] if self.outer > 0 => {
                self.step(2);
                self.outer = self.outer.saturating_sub(1);
                Ok(None)
            }
            [] if self.outer == 0 && self.is_whole => Ok(None),
            [] | [b'>'] => self.ended("the bracket is not closed"),
            _ => self.malformed("a key that is no name"),
        }
    }

    /// Reads a value of any type.
    fn any_value(&mut self) -> Result<PdfValue<'a>, Fault> {
        let value = match self.token()? {
            Token::DictOpen => PdfValue::Dict(self.inside(true)?),
            Token::ArrayOpen => PdfValue::Array(self.inside(false)?),
            Token::DictClose | Token::ArrayClose => {
                return self.malformed("a bracket closes nothing");
            }
            Token::Name(raw) => PdfValue::Name(decode_name(raw)),
            Token::Literal(raw) => PdfValue::Literal(raw),
            Token::Hex(raw) => PdfValue::Hex(raw),
            Token::Real => PdfValue::Real,
            Token::Int(number) => self.int_or_ref(number)?,
            Token::Word(b"null") => PdfValue::Null,
            Token::Word(b"true" | b"false") => PdfValue::Bool,
            Token::Word(_) => return self.malformed("a word that is no value"),
        };
        Ok(value)
    }

    /// Returns the value that begins with the integer `number`: the integer itself, or a reference
    /// `number generation R`.
    fn int_or_ref(&mut self, number: i64) -> Result<PdfValue<'a>, Fault> {
        match (self.rest_of_ref(), u64::try_from(number)) {
            (Some(0), _) => Ok(PdfValue::Int(number)),
            (Some(len), Ok(number)) => {
                self.step(len);
                Ok(PdfValue::Ref(number))
            }
            _ => self.int_or_any_ref(number),
        }
    }

    /// Returns the length of ` generation R` after an object number, and 0 if the number is an
    /// integer. Returns `None` for text in an uncommon form, which [`Lexer::int_or_any_ref`] reads.
    fn rest_of_ref(&self) -> Option<usize> {
        let rest = match self.rest() {
            [b'/' | b'>' | b']', ..] => return Some(0),
            [b' ', rest @ ..] => rest,
            _ => return None,
        };
        let digits = rest.iter().take(6).position(|byte| !byte.is_ascii_digit())?;
        match (digits, rest.get(digits..)?) {
            (0, [b'/' | b'>' | b']', ..]) => Some(0),
            (0, _) => None,
            (_, [b' ', b'R']) if self.is_whole => digits.checked_add(3),
            (_, [b' ', b'R', end, ..]) if !is(REGULAR, *end) => digits.checked_add(3),
            (_, [b' ', b'0'..=b'9', ..]) if self.is_whole => Some(0),
            _ => None,
        }
    }

    /// Does the same as [`Lexer::int_or_ref`] for every valid form.
    fn int_or_any_ref(&mut self, number: i64) -> Result<PdfValue<'a>, Fault> {
        let mut ahead = self.clone();
        ahead.space();
        match ahead.peek() {
            Some(b'0'..=b'9' | b'+' | b'-') => {}
            None if !self.is_whole => return Err(Fault::Incomplete),
            _ => return Ok(PdfValue::Int(number)),
        }
        let mut is_ref = || -> Result<bool, Fault> {
            Ok(matches!(ahead.token()?, Token::Int(_)) && ahead.token()? == Token::Word(b"R"))
        };
        match is_ref() {
            Ok(true) => {}
            Err(Fault::Incomplete) => return Err(Fault::Incomplete),
            Ok(false) | Err(Fault::Malformed(..)) => return Ok(PdfValue::Int(number)),
        }
        *self = ahead;
        match u64::try_from(number) {
            Ok(number) => Ok(PdfValue::Ref(number)),
            Err(_) => self.malformed("a reference to a negative number"),
        }
    }

    /// Returns the text up to the bracket that closes the dictionary or array. The lexer is after
    /// the opening bracket.
    fn inside(&mut self, is_dict: bool) -> Result<&'a [u8], Fault> {
        let start = self.at;
        let mut open = Brackets::new(is_dict, DEPTH.saturating_sub(self.outer));
        loop {
            self.space();
            let end = self.at;
            // Most tokens of a dictionary are names and numbers.
            match self.peek() {
                Some(b'/') => {
                    self.step(1);
                    self.regular()?;
                    continue;
                }
                Some(byte) if is(REGULAR, byte) => {
                    let run = self.regular()?;
                    let is_value = run.are_all(NUMERIC)
                        || matches!(run.raw, b"R" | b"null" | b"true" | b"false")
                        || is_number(run.raw);
                    if !is_value {
                        return self.malformed("a word that is no value");
                    }
                    continue;
                }
                _ => {}
            }
            let closed = match self.token()? {
                Token::DictOpen => {
                    if !open.push(true) {
                        return self.malformed("nested too deep");
                    }
                    continue;
                }
                Token::ArrayOpen => {
                    if !open.push(false) {
                        return self.malformed("nested too deep");
                    }
                    continue;
                }
                Token::DictClose => true,
                Token::ArrayClose => false,
                _ => continue,
            };
            if open.pop() != Some(closed) {
                return self.malformed("brackets do not pair");
            }
            if open.len == 0 {
                return Ok(self.bytes.get(start..end).unwrap_or_default());
            }
        }
    }
}

/// The open brackets, at most [`DEPTH`]. Each has one bit, which is set for a dictionary.
struct Brackets {
    kinds: u64,
    len: usize,
    most: usize,
}

const _: () = assert!(DEPTH <= 64, "each open bracket has one bit");

impl Brackets {
    fn new(is_dict: bool, most: usize) -> Brackets {
        Brackets { kinds: u64::from(is_dict), len: 1, most }
    }

    /// Adds a bracket, and returns whether the depth is allowed.
    fn push(&mut self, is_dict: bool) -> bool {
        self.kinds = self.kinds.wrapping_shl(1) | u64::from(is_dict);
        self.len = self.len.saturating_add(1);
        self.len <= self.most
    }

    /// Removes the innermost bracket, and returns whether it belongs to a dictionary.
    fn pop(&mut self) -> Option<bool> {
        self.len = self.len.checked_sub(1)?;
        let is_dict = self.kinds & 1 == 1;
        self.kinds = self.kinds.wrapping_shr(1);
        Some(is_dict)
    }
}

/// Decodes the `#xx` of a name (ISO 32000-2 7.3.5).
pub(crate) fn decode_name(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.contains(&b'#') {
        return Cow::Borrowed(raw);
    }
    #[allow(clippy::disallowed_methods)] // at most the length of the name
    let mut name = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, tail @ ..] = rest {
        let code = match (first, tail) {
            (b'#', [high, low, ..]) => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        match code {
            Some((high, low)) => {
                name.push(high.wrapping_shl(4) | low);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                name.push(*first);
                rest = tail;
            }
        }
    }
    Cow::Owned(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn names_with_and_without_escapes_are_decoded(raw in "[A#4/]{0,5}") {
            let text = format!("/{raw}");
            let name = Lexer::whole(text.as_bytes()).name().unwrap();
            prop_assert_eq!(name, decode_name(raw.split('/').next().unwrap().as_bytes()));
        }

        #[test]
        fn names_and_numbers_are_read_like_other_values(
            text in "[ %\\x00\r]{0,2}/?[A#4/. ]{0,5}",
            is_whole in any::<bool>(),
        ) {
            let bytes = text.as_bytes();
            let mut lexer = if is_whole { Lexer::whole(bytes) } else { Lexer::part(bytes) };
            let mut plain = lexer.clone();
            prop_assert_eq!(lexer.value(), plain.any_value());
            prop_assert_eq!((lexer.at, lexer.is_unusual), (plain.at, plain.is_unusual));
        }

        #[test]
        fn common_and_uncommon_forms_of_references_have_the_same_value(
            number in prop_oneof![Just(-1_i64), Just(0), Just(12)],
            text in "[ 0]{0,2}( ?[0-9]{1,7} [R0-9])?[ 0R/x\\]>]{0,2}",
            is_whole in any::<bool>(),
        ) {
            let bytes = text.as_bytes();
            let mut lexer = if is_whole { Lexer::whole(bytes) } else { Lexer::part(bytes) };
            let mut plain = lexer.clone();
            prop_assert_eq!(lexer.int_or_ref(number), plain.int_or_any_ref(number));
            prop_assert_eq!((lexer.at, lexer.is_unusual), (plain.at, plain.is_unusual));
        }
    }

    fn value(text: &[u8]) -> Result<PdfValue<'_>, Fault> {
        Lexer::whole(text).value()
    }

    #[test]
    fn each_type_of_value_is_read() {
        let cases: &[(&[u8], PdfValue<'_>)] = &[
            (b" 12 ", PdfValue::Int(12)),
            (b"12 0", PdfValue::Int(12)),
            (b"12 0 R", PdfValue::Ref(12)),
            (b"-3", PdfValue::Int(-3)),
            (b"1.5", PdfValue::Real),
            (b"99999999999999999999", PdfValue::Real),
            (b"/A#42c", PdfValue::Name(Cow::Borrowed(b"ABc"))),
            (b"/A#4", PdfValue::Name(Cow::Borrowed(b"A#4"))),
            (b"(a(b)\\)c)", PdfValue::Literal(b"a(b)\\)c")),
            (b"<0 1>", PdfValue::Hex(b"0 1")),
            (b"[1 [2] << /A [] >>]", PdfValue::Array(b"1 [2] << /A [] >>")),
            (b"<</A(>>)/B<< >> >>", PdfValue::Dict(b"/A(>>)/B<< >> ")),
            (b"null", PdfValue::Null),
            (b"%x\ntrue", PdfValue::Bool),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text).as_ref(), Ok(expected), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn nesting_is_limited_and_brackets_pair() {
        for (text, expected) in [
            ("<".repeat(2) + "/A" + &"[".repeat(63) + &"]".repeat(63) + ">>", None),
            ("[".repeat(64) + &"]".repeat(64), None),
            ("[".repeat(65) + &"]".repeat(65), Some("nested too deep")),
            ("[<<]>>".to_owned(), Some("brackets do not pair")),
            ("[<<>>[<<[]>>]] ]".to_owned(), None),
            ("[/A 1 +2 -.5 (x) <AB> R null true false]".to_owned(), None),
            ("[+]".to_owned(), Some("a word that is no value")),
            ("[nul]".to_owned(), Some("a word that is no value")),
        ] {
            let read = value(text.as_bytes());
            match expected {
                None => assert!(read.is_ok(), "{text}"),
                Some(why) => {
                    assert!(
                        matches!(read, Err(Fault::Malformed(_, reason)) if reason == why),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn truncated_value_is_incomplete_and_invalid_value_is_malformed() {
        for text in ["<</A 1", "(a(b)", "<0", "[1 2", "12 0", "/Nam", "<"] {
            assert_eq!(Lexer::part(text.as_bytes()).value(), Err(Fault::Incomplete), "{text}");
        }
        for text in ["<</A 1]", "(a", "<0x>", "[1 2", ")", "<</A x>>", "word", ">> "] {
            assert!(matches!(value(text.as_bytes()), Err(Fault::Malformed(..))), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(matches!(value(deep.as_bytes()), Err(Fault::Malformed(_, "nested too deep"))));
    }
}
