//! Tokens (ISO 32000-2 7.2), borrowed from the bytes they stand in.

/// Why there is no token or value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The bytes end before it does.
    Incomplete,
    /// It cannot be one; at this byte, for this reason.
    Malformed(usize, &'static str),
}

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    DictOpen,
    DictClose,
    ArrayOpen,
    ArrayClose,
    /// Without the slash, `#xx` not decoded.
    Name(&'a [u8]),
    /// What stands between the parentheses.
    Literal(&'a [u8]),
    /// What stands between the angle brackets.
    Hex(&'a [u8]),
    Int(i64),
    Real,
    Word(&'a [u8]),
}

#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
    /// Whether nothing follows the bytes: what ends with them is ended.
    pub(crate) is_whole: bool,
    /// Whether a comment or a NUL was passed over: legal, but nobody writes it where it matters.
    pub(crate) is_unusual: bool,
    /// Brackets that are open around what is read.
    pub(crate) outer: usize,
}

pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

/// Neither white space nor a delimiter.
pub(crate) const REGULAR: u8 = 1;
/// Regular, and stands for itself in a name.
pub(crate) const PLAIN: u8 = 1 << 1;
/// A digit or a point.
pub(crate) const NUMERIC: u8 = 1 << 2;
/// What may stand in a hexadecimal string.
const HEX: u8 = 1 << 3;

/// What each byte is, one bit for each answer. Asked of every byte.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)]
// made when this is compiled, from 0 to 255
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

pub(crate) fn is(class: u8, byte: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

/// Regular bytes, up to the first that is not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RegularRun<'a> {
    pub(crate) raw: &'a [u8],
    /// What all of them are.
    classes: u8,
}

impl RegularRun<'_> {
    pub(crate) fn are_all(self, class: u8) -> bool {
        self.classes & class != 0
    }
}

impl<'a> Lexer<'a> {
    /// Reads `bytes`; more may follow them.
    pub(crate) fn part(bytes: &'a [u8]) -> Lexer<'a> {
        Lexer { bytes, at: 0, is_whole: false, is_unusual: false, outer: 0 }
    }

    /// Reads `bytes`, and there are no more.
    pub(crate) fn whole(bytes: &'a [u8]) -> Lexer<'a> {
        Lexer { bytes, at: 0, is_whole: true, is_unusual: false, outer: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn is_unusual(&self) -> bool {
        self.is_unusual
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn step(&mut self, by: usize) {
        self.at = self.at.saturating_add(by).min(self.bytes.len());
    }

    pub(crate) fn malformed<T>(&self, why: &'static str) -> Result<T, Fault> {
        Err(Fault::Malformed(self.at, why))
    }

    /// The bytes ended inside of something.
    pub(crate) fn ended<T>(&self, why: &'static str) -> Result<T, Fault> {
        if self.is_whole { self.malformed(why) } else { Err(Fault::Incomplete) }
    }

    /// Passes over white space and comments.
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

    /// Whether nothing but white space is left.
    pub(crate) fn is_done(&mut self) -> bool {
        self.space();
        self.peek().is_none()
    }

    pub(crate) fn token(&mut self) -> Result<Token<'a>, Fault> {
        self.space();
        let rest = self.rest();
        let second = rest.get(1).copied();
        match rest.first() {
            None => self.ended("something is missing"),
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
            Some(b')' | b'{' | b'}') => self.malformed("a delimiter stands alone"),
            Some(b'0'..=b'9') => self.number(),
            Some(b'A'..=b'Z' | b'a'..=b'z') => self.regular().map(|run| Token::Word(run.raw)),
            Some(_) => self.regular().map(|run| word(run.raw)),
        }
    }

    fn mark(&mut self, len: usize, token: Token<'a>) -> Result<Token<'a>, Fault> {
        self.step(len);
        Ok(token)
    }

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

    /// What begins with a digit, and is a whole number mostly.
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
        let is_ended = rest.get(len).map_or(self.is_whole, |behind| !is(REGULAR, *behind));
        // So many digits fit, whatever they are.
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

/// The sign of a number, and what stands behind it.
fn sign(raw: &[u8]) -> (i64, &[u8]) {
    match raw {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, raw),
    }
}

pub(crate) fn is_number(raw: &[u8]) -> bool {
    let (_, digits) = sign(raw);
    !digits.is_empty() && digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

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

pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Whether only white space and one of `words` follow in `bytes`.
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
        fn numbers_are_read_as_any_word_is(raw in "[0-9]{1,20}[.a]?|[-+.0-9a]{1,4}") {
            prop_assert_eq!(Lexer::whole(raw.as_bytes()).token(), Ok(word(raw.as_bytes())));
        }
    }
}
