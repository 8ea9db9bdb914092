//! [`Lexer`]: tokens (ISO 32000-2 7.2), borrowed from the bytes that contain them.

/// The reason why no token or value could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The bytes end inside the token or value, and more bytes may follow.
    Incomplete,
    /// The bytes are not a token or value: the offset, and the reason.
    Malformed(usize, &'static str),
}

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    DictOpen,
    DictClose,
    ArrayOpen,
    ArrayClose,
    /// A name without its slash, `#xx` not decoded.
    Name(&'a [u8]),
    /// The bytes between the parentheses of a string.
    Literal(&'a [u8]),
    /// The bytes between the angle brackets of a hexadecimal string.
    Hex(&'a [u8]),
    Int(i64),
    /// A number with a point, or one that does not fit an `i64`.
    Real,
    /// Any other run of regular bytes: a keyword.
    Word(&'a [u8]),
}

/// Reads tokens and values from bytes.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    pub(crate) bytes: &'a [u8],
    /// The offset of the next byte.
    pub(crate) at: usize,
    /// Whether the file ends with `bytes`. If not, a token that reaches their end is incomplete.
    pub(crate) is_whole: bool,
    /// Whether a comment or a NUL was skipped. Both are valid, but no known producer writes them in
    /// the dictionaries that matter for protection.
    pub(crate) is_unusual: bool,
    /// The number of brackets that were entered and are still open.
    pub(crate) outer: usize,
}

/// Returns whether the byte is white space (ISO 32000-2 table 1).
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

/// Returns whether the byte is a delimiter (ISO 32000-2 table 2).
const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

/// The class of bytes that are neither white space nor delimiters.
pub(crate) const REGULAR: u8 = 1;
/// The class of regular bytes other than `#`, which is an escape in a name.
pub(crate) const PLAIN: u8 = 1 << 1;
/// The class of digits and the point.
pub(crate) const NUMERIC: u8 = 1 << 2;
/// The class of bytes that a hexadecimal string may contain.
const HEX: u8 = 1 << 3;

/// The classes of each byte, one bit for each. A table, because every byte is classified.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)]
// evaluated at compile time, for 0 to 255
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        let is_regular = !is_space(byte) && !is_delimiter(byte);
        classes[at] = if is_regular { REGULAR } else { 0 }
            | if is_regular && byte != b'#' { PLAIN } else { 0 }
            | if byte.is_ascii_digit() || byte == b'.' { NUMERIC } else { 0 }
            | if byte.is_ascii_hexdigit() || is_space(byte) { HEX } else { 0 };
        at += 1;
    }
    classes
};

/// Returns whether `byte` belongs to `class`.
pub(crate) fn is(class: u8, byte: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

/// A run of regular bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RegularRun<'a> {
    pub(crate) raw: &'a [u8],
    /// The classes that all bytes of the run have.
    classes: u8,
}

impl RegularRun<'_> {
    pub(crate) fn are_all(self, class: u8) -> bool {
        self.classes & class != 0
    }
}

impl<'a> Lexer<'a> {
    /// Creates a lexer for the first part of longer bytes.
    pub(crate) fn part(bytes: &'a [u8]) -> Lexer<'a> {
        Lexer { bytes, at: 0, is_whole: false, is_unusual: false, outer: 0 }
    }

    /// Creates a lexer for all bytes of a text.
    pub(crate) fn whole(bytes: &'a [u8]) -> Lexer<'a> {
        Lexer { bytes, at: 0, is_whole: true, is_unusual: false, outer: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Returns whether a comment or a NUL was skipped.
    pub(crate) fn is_unusual(&self) -> bool {
        self.is_unusual
    }

    /// Returns the bytes that were not read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Skips `by` bytes, at most up to the end.
    pub(crate) fn step(&mut self, by: usize) {
        self.at = self.at.saturating_add(by).min(self.bytes.len());
    }

    pub(crate) fn malformed<T>(&self, why: &'static str) -> Result<T, Fault> {
        Err(Fault::Malformed(self.at, why))
    }

    /// Returns the error for bytes that end inside a token or value.
    pub(crate) fn ended<T>(&self, why: &'static str) -> Result<T, Fault> {
        if self.is_whole { self.malformed(why) } else { Err(Fault::Incomplete) }
    }

    /// Skips white space and comments.
    pub(crate) fn space(&mut self) {
        while let Some(byte) = self.peek().filter(|byte| !is(REGULAR, *byte)) {
            match byte {
                b'%' => {
                    self.is_unusual = true;
                    let rest = self.rest();
                    let end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                    self.step(end);
                }
                _ if is_space(byte) => {
                    self.is_unusual |= byte == 0;
                    self.at = self.at.saturating_add(1);
                }
                _ => break,
            }
        }
    }

    /// Skips white space and comments, and returns whether all bytes were read.
    pub(crate) fn is_done(&mut self) -> bool {
        self.space();
        self.peek().is_none()
    }

    /// Reads the next token.
    pub(crate) fn token(&mut self) -> Result<Token<'a>, Fault> {
        self.space();
        let rest = self.rest();
        let second = rest.get(1).copied();
        match rest.first() {
            None => self.ended("a token is missing"),
            Some(b'<') => match second {
                None => self.ended("the bracket is not closed"),
                Some(b'<') => self.mark(2, Token::DictOpen),
                Some(_) => self.hex(),
            },
            Some(b'>') => match second {
                None => self.ended("the bracket is not closed"),
                Some(b'>') => self.mark(2, Token::DictClose),
                Some(_) => self.malformed("a bracket closes nothing"),
            },
            Some(b'[') => self.mark(1, Token::ArrayOpen),
            Some(b']') => self.mark(1, Token::ArrayClose),
            Some(b'(') => self.literal(),
            Some(b'/') => {
                self.step(1);
                self.regular().map(|run| Token::Name(run.raw))
            }
            Some(b')' | b'{' | b'}') => self.malformed("a delimiter without its counterpart"),
            Some(b'0'..=b'9') => self.number(),
            Some(b'A'..=b'Z' | b'a'..=b'z') => self.regular().map(|run| Token::Word(run.raw)),
            Some(_) => self.regular().map(|run| word(run.raw)),
        }
    }

    /// Skips a delimiter of `len` bytes and returns its token.
    fn mark(&mut self, len: usize, token: Token<'a>) -> Result<Token<'a>, Fault> {
        self.step(len);
        Ok(token)
    }

    /// Reads a run of regular bytes, which may be empty.
    pub(crate) fn regular(&mut self) -> Result<RegularRun<'a>, Fault> {
        let rest = self.rest();
        let mut classes = u8::MAX;
        let mut is_regular = |byte: &u8| {
            let class = CLASSES.get(usize::from(*byte)).copied().unwrap_or_default();
            if class & REGULAR != 0 {
                classes &= class;
            }
            class & REGULAR != 0
        };
        let len = match rest.iter().position(|byte| !is_regular(byte)) {
            Some(len) => len,
            None if self.is_whole => rest.len(),
            None => return Err(Fault::Incomplete),
        };
        self.step(len);
        Ok(RegularRun { raw: rest.get(..len).unwrap_or_default(), classes })
    }

    /// Reads a token that begins with a digit. Nearly all are integers.
    pub(crate) fn number(&mut self) -> Result<Token<'a>, Fault> {
        let rest = self.rest();
        let mut sum: i64 = 0;
        let mut is_digit = |byte: &u8| {
            let digit = byte.wrapping_sub(b'0');
            if digit < 10 {
                sum = sum.wrapping_mul(10).wrapping_add(i64::from(digit));
            }
            digit < 10
        };
        let len = rest.iter().position(|byte| !is_digit(byte)).unwrap_or(rest.len());
        let is_ended = rest.get(len).map_or(self.is_whole, |next| !is(REGULAR, *next));
        // Every number of 18 digits fits an `i64`.
        if is_ended && len <= 18 {
            self.step(len);
            return Ok(Token::Int(sum));
        }
        self.regular().map(|run| word(run.raw))
    }

    fn hex(&mut self) -> Result<Token<'a>, Fault> {
        let rest = self.rest().get(1..).unwrap_or_default();
        match rest.iter().position(|byte| !is(HEX, *byte)) {
            None => self.ended("the hexadecimal string is not closed"),
            Some(len) if rest.get(len) == Some(&b'>') => {
                self.step(len.saturating_add(2));
                Ok(Token::Hex(rest.get(..len).unwrap_or_default()))
            }
            Some(_) => self.malformed("no hexadecimal digit"),
        }
    }

    fn literal(&mut self) -> Result<Token<'a>, Fault> {
        let rest = self.rest().get(1..).unwrap_or_default();
        let mut depth: usize = 0;
        let mut at: usize = 0;
        loop {
            let left = rest.get(at..).unwrap_or_default();
            let Some(next) = memchr::memchr3(b'(', b')', b'\\', left) else {
                return self.ended("the string is not closed");
            };
            let here = at.saturating_add(next);
            at = here.saturating_add(1);
            match rest.get(here) {
                Some(b'\\') => at = at.saturating_add(1),
                Some(b'(') => depth = depth.saturating_add(1),
                _ => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => {
                        self.step(here.saturating_add(2));
                        return Ok(Token::Literal(rest.get(..here).unwrap_or_default()));
                    }
                },
            }
        }
    }
}

/// Splits a number into its sign and its digits.
fn sign(raw: &[u8]) -> (i64, &[u8]) {
    match raw {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, raw),
    }
}

/// Returns whether `raw` consists of a sign, digits and points, with at least one digit or point.
pub(crate) fn is_number(raw: &[u8]) -> bool {
    let (_, digits) = sign(raw);
    !digits.is_empty() && digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// Returns the token of a run of regular bytes.
fn word(raw: &[u8]) -> Token<'_> {
    if !is_number(raw) {
        return Token::Word(raw);
    }
    let (sign, digits) = sign(raw);
    if digits.contains(&b'.') {
        return Token::Real;
    }
    let number = digits.iter().try_fold(0_i64, |sum, digit| {
        sum.checked_mul(10)?.checked_add(i64::from(digit.saturating_sub(b'0')))
    });
    match number.and_then(|number| number.checked_mul(sign)) {
        Some(number) => Token::Int(number),
        None => Token::Real,
    }
}

/// Returns the value of a hexadecimal digit.
pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Returns whether `bytes` begin with `word` after white space.
pub(crate) fn begins_with_word(bytes: &[u8], word: &[u8]) -> bool {
    let space = bytes.iter().position(|byte| !is_space(*byte)).unwrap_or(bytes.len());
    bytes.get(space..).is_some_and(|rest| rest.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_read_like_other_words(raw in "[0-9]{1,20}[.a]?|[-+.0-9a]{1,4}") {
            prop_assert_eq!(Lexer::whole(raw.as_bytes()).token(), Ok(word(raw.as_bytes())));
        }
    }
}
