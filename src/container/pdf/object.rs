//! Dictionaries, strings and indirect objects (ISO 32000-2 7.3).

use std::borrow::Cow;

use super::layout::{DICT_ENTRIES, OBJECT, OBJECT_STEP, SIGNS, SUSPECTS};
use super::lex::{Fault, Lexer, Token, Value, hex_digit, is_space};
use crate::bytes::{Buffer, wide};
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};
use crate::source::Window;

/// The entries of a dictionary, in the order in which they stand.
#[derive(Debug, Clone)]
pub(super) struct Dict<'a> {
    entries: Vec<(Cow<'a, [u8]>, Value<'a>)>,
    raw: &'a [u8],
    odd: bool,
}

impl<'a> Dict<'a> {
    /// Reads what stands between the brackets.
    pub(super) fn parse(raw: &'a [u8]) -> Result<Dict<'a>, Fault> {
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
        Ok(Dict { entries, raw, odd: lexer.is_odd() })
    }

    /// The first entry called `key`.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Value<'a>> {
        self.all(key).next()
    }

    /// Every entry called `key`: a damaged or forged dictionary may have several.
    pub(super) fn all(&self, key: &[u8]) -> impl Iterator<Item = &Value<'a>> {
        self.entries.iter().filter(move |(name, _)| name.as_ref() == key).map(|(_, value)| value)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&[u8], &Value<'a>)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// The whole number under `key`, if it is not negative.
    pub(super) fn number(&self, key: &[u8]) -> Option<u64> {
        self.get(key)?.number()
    }

    pub(super) fn name(&self, key: &[u8]) -> Option<&[u8]> {
        match self.get(key) {
            Some(Value::Name(name)) => Some(name),
            _ => None,
        }
    }

    /// The dictionary that stands under `key` itself.
    pub(super) fn dict(&self, key: &[u8]) -> Option<Dict<'a>> {
        match self.get(key) {
            Some(Value::Dict(raw)) => Dict::parse(raw).ok(),
            _ => None,
        }
    }

    /// Whether it holds a comment or a NUL between its tokens.
    pub(super) fn is_odd(&self) -> bool {
        self.odd
    }

    /// Whether `words` stand anywhere in it, keys, strings and comments included.
    pub(super) fn mentions(&self, words: &[u8]) -> bool {
        mentions(self.raw, words)
    }

    /// Whether one of [`SIGNS`] stands anywhere in it.
    pub(super) fn mentions_sign(&self) -> bool {
        mentions_sign(self.raw)
    }
}

/// Whether `words` stand in `bytes`, in whatever case.
pub(super) fn mentions(bytes: &[u8], words: &[u8]) -> bool {
    let Some(first) = words.first() else { return false };
    memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), bytes).any(|at| {
        let there = bytes.get(at..).and_then(|rest| rest.get(..words.len()));
        there.is_some_and(|there| there.eq_ignore_ascii_case(words))
    })
}

/// Whether one of [`SIGNS`] stands in `bytes`, in whatever case.
pub(super) fn mentions_sign(bytes: &[u8]) -> bool {
    mentions_one(&SIGNS, bytes)
}

/// Whether one of `words`, each of which has a `c`, stands in `bytes`, in whatever case.
pub(super) fn mentions_one(words: &[&[u8]], bytes: &[u8]) -> bool {
    // They are looked for by a letter that few trailers have.
    memchr::memchr2_iter(b'c', b'C', bytes).any(|at| {
        words.iter().any(|word| {
            let inside = word.iter().position(|byte| *byte == b'c').unwrap_or_default();
            let begin = at.checked_sub(inside).and_then(|start| bytes.get(start..));
            let there = begin.and_then(|begin| begin.get(..word.len()));
            there.is_some_and(|there| there.eq_ignore_ascii_case(word))
        })
    })
}

/// The values of an array, up to the first that is none.
pub(super) fn array(raw: &[u8]) -> impl Iterator<Item = Value<'_>> {
    let mut lexer = Lexer::whole(raw);
    std::iter::from_fn(move || if lexer.is_done() { None } else { lexer.value().ok() }).fuse()
}

/// The objects that an array lists, or that a value is.
pub(super) fn refs<'v>(value: &Value<'v>) -> impl Iterator<Item = u64> + use<'v> {
    let (one, raw) = match value {
        Value::Ref(number) => (Some(*number), &[][..]),
        Value::Array(raw) => (None, *raw),
        _ => (None, &[][..]),
    };
    let listed = array(raw).take(SUSPECTS).filter_map(|value| value.reference());
    one.into_iter().chain(listed)
}

/// The bytes that a string stands for, or nothing for another value.
pub(super) fn string(value: &Value<'_>, meter: &Meter) -> Result<Option<Vec<u8>>> {
    match value {
        Value::Literal(raw) => {
            meter.charge(Limit::Allocation, wide(raw.len()))?;
            Ok(Some(literal(raw)))
        }
        Value::Hex(raw) => {
            meter.charge(Limit::Allocation, wide(raw.len()))?;
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
pub(super) fn is_verbatim(value: &Value<'_>) -> bool {
    matches!(value, Value::Literal(raw) if memchr::memchr2(b'\\', b'\r', raw).is_none())
}

/// A text string (ISO 32000-2 7.9.2.2) as text.
pub(super) fn text(bytes: &[u8]) -> String {
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
pub(super) struct Object {
    /// Its value, from the first byte to the last.
    bytes: Vec<u8>,
    /// Where that begins in the member; nothing for one out of an object stream.
    at: Option<u64>,
    /// Where the data of a stream begin.
    pub(super) data: Option<u64>,
}

impl Object {
    pub(super) fn new(bytes: Vec<u8>, at: Option<u64>) -> Object {
        Object { bytes, at, data: None }
    }

    /// A dictionary that stands in another object; `inside` is what stands between its brackets.
    pub(super) fn direct(inside: &[u8], at: Option<u64>) -> Object {
        let bytes = [b"<<", inside, b">>"].concat();
        Object { bytes, at: at.and_then(|at| at.checked_sub(2)), data: None }
    }

    pub(super) fn at(&self) -> Option<u64> {
        self.at
    }

    pub(super) fn value(&self) -> Value<'_> {
        Lexer::whole(&self.bytes).value().unwrap_or(Value::Null)
    }

    /// Its dictionary, or that of its stream.
    pub(super) fn dict(&self, structure: &'static str) -> Result<Dict<'_>> {
        let value = match self.bytes.strip_prefix(b"<<").and_then(|rest| rest.strip_suffix(b">>")) {
            // It was read up to the bracket that closes it when it was found.
            Some(inside) => {
                debug_assert_eq!(self.value(), Value::Dict(inside));
                Value::Dict(inside)
            }
            None => self.value(),
        };
        match value {
            Value::Dict(raw) => {
                Dict::parse(raw).map_err(|fault| object_error(fault, structure, self.at))
            }
            _ => Err(Error::malformed("malformed-pdf-object", structure, self.at, "no dictionary")),
        }
    }

    /// Where `part`, borrowed from this object, lies in the member.
    pub(super) fn offset_of(&self, part: &[u8]) -> Option<u64> {
        let inside = part.as_ptr().addr().checked_sub(self.bytes.as_ptr().addr())?;
        self.at?.checked_add(wide(inside))
    }

    pub(super) fn mentions(&self, words: &[u8]) -> bool {
        mentions(&self.bytes, words)
    }

    /// Whether one of [`SIGNS`] stands anywhere in it.
    pub(super) fn mentions_sign(&self) -> bool {
        mentions_sign(&self.bytes)
    }
}

pub(super) fn object_error(fault: Fault, structure: &'static str, at: Option<u64>) -> Error {
    match fault {
        Fault::Incomplete => {
            Error::truncated(structure, at.unwrap_or_default(), "the file ends inside of it")
        }
        Fault::Malformed(inside, why) => {
            let at = at.and_then(|at| at.checked_add(wide(inside)));
            Error::malformed("malformed-pdf-object", structure, at, why)
        }
    }
}

/// What stands before an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lead {
    /// `number generation obj`, of that number where it is known.
    Indirect(Option<u64>),
    /// `trailer`.
    Trailer,
}

/// What was found of an object in a run of bytes.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    start: usize,
    end: usize,
    data: Option<usize>,
}

impl Found {
    /// The same in the member, of bytes that lie at `offset`.
    fn spot(&self, offset: u64) -> Spot {
        let place = |inside: usize| offset.checked_add(wide(inside));
        Spot { at: place(self.start), data: self.data.and_then(place) }
    }
}

/// What an ordinary dictionary says, taken down while its end is looked for: nothing of it has to
/// be kept, or read twice.
pub(super) trait Fields: Default {
    /// Takes an entry; nothing where it takes the whole [`Dict`] to say what that means.
    fn take(&mut self, key: &[u8], value: &Value<'_>) -> Option<()>;

    /// Whether that was all there is to say of this text.
    fn end(&self, text: &Text<'_>) -> Option<()>;
}

/// An entry that nobody writes twice.
pub(super) fn once<T>(field: &mut Option<T>, value: T) -> Option<()> {
    match field.replace(value) {
        Some(_) => None,
        None => Some(()),
    }
}

/// The text of a dictionary.
pub(super) struct Text<'a> {
    pub(super) raw: &'a [u8],
    /// Whether it holds a comment or a NUL between its tokens.
    pub(super) is_odd: bool,
    /// Whether the data of a stream follow.
    pub(super) has_data: bool,
}

/// Where the value of an object and the data of its stream begin in the member; nothing of one out
/// of an object stream.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spot {
    pub(super) at: Option<u64>,
    pub(super) data: Option<u64>,
}

/// An object that was looked at.
pub(super) enum Seen<T> {
    /// An ordinary one.
    Fields(T, Spot),
    /// Any other.
    Object(Object),
}

/// Reads the object that begins at `offset` with `lead`, however large it is.
pub(super) fn load(
    window: &mut Window<'_>,
    offset: u64,
    lead: Lead,
    structure: &'static str,
) -> Result<Object> {
    let meter = window.meter();
    reach(window, offset, structure, |bytes, is_whole| {
        find(bytes, lead, is_whole).map(|found| keep(bytes, &found, offset, meter))
    })
}

/// The same of an object that is ordinary mostly.
pub(super) fn look<T: Fields>(
    window: &mut Window<'_>,
    offset: u64,
    lead: Lead,
    structure: &'static str,
) -> Result<Seen<T>> {
    let meter = window.meter();
    reach(window, offset, structure, |bytes, is_whole| {
        if let Some((fields, found)) = find_fields(bytes, lead, is_whole)? {
            return Ok(Ok(Seen::Fields(fields, found.spot(offset))));
        }
        let found = find(bytes, lead, is_whole)?;
        Ok(keep(bytes, &found, offset, meter).map(Seen::Object))
    })
}

/// Reads more and more from `offset` on, until `read` finds what it needs there. It is told
/// whether nothing follows.
fn reach<T>(
    window: &mut Window<'_>,
    offset: u64,
    structure: &'static str,
    read: impl Fn(&[u8], bool) -> Result<Result<T>, Fault>,
) -> Result<T> {
    let meter = window.meter();
    meter.charge(Limit::PdfObjects, 1)?;
    for size in OBJECT {
        let bytes = window.up_to(offset, size)?;
        meter.charge(Limit::Steps, wide(bytes.len()))?;
        match read(bytes, bytes.len() < size) {
            Ok(outcome) => return outcome,
            Err(Fault::Incomplete) if bytes.len() == size => {}
            Err(fault) => return Err(object_error(fault, structure, Some(offset))),
        }
    }
    // A license may be escaped wholly (`\ddd` four times), which nobody does; twice is hexadecimal.
    let most =
        meter.allowed(Limit::LicenseBytes).saturating_mul(2).saturating_add(wide(OBJECT_STEP));
    let mut buffer = Buffer::default();
    loop {
        let at = offset.saturating_add(wide(buffer.len()));
        let left = window.len().saturating_sub(at);
        let step = OBJECT_STEP.max(buffer.len() / 4);
        let step = crate::bytes::narrow(left).map_or(step, |left| step.min(left));
        window.append(structure, at, step, &mut buffer)?;
        let is_whole = wide(step) == left;
        meter.charge(Limit::Steps, wide(buffer.len()))?;
        match read(buffer.as_slice(), is_whole) {
            Ok(outcome) => return outcome,
            Err(Fault::Incomplete) if !is_whole && wide(buffer.len()) < most => {}
            Err(fault) => return Err(object_error(fault, structure, Some(offset))),
        }
    }
}

fn keep(bytes: &[u8], found: &Found, offset: u64, meter: &Meter) -> Result<Object> {
    let value = bytes.get(found.start..found.end).unwrap_or_default();
    meter.charge(Limit::Allocation, wide(value.len()))?;
    let Spot { at, data } = found.spot(offset);
    Ok(Object { bytes: value.to_vec(), at, data })
}

fn find(bytes: &[u8], lead: Lead, is_whole: bool) -> Result<Found, Fault> {
    let mut lexer = if is_whole { Lexer::whole(bytes) } else { Lexer::part(bytes) };
    pass_lead(&mut lexer, lead)?;
    lexer.space();
    let start = lexer.at();
    lexer.value()?;
    let end = lexer.at();
    Ok(Found { start, end, data: data(&mut lexer, lead, is_whole)? })
}

/// What [`find`] finds, with the fields of an ordinary dictionary; nothing of anything else. The
/// bytes have to be as many for the one as for the other.
fn find_fields<T: Fields>(
    bytes: &[u8],
    lead: Lead,
    is_whole: bool,
) -> Result<Option<(T, Found)>, Fault> {
    let mut lexer = if is_whole { Lexer::whole(bytes) } else { Lexer::part(bytes) };
    let read = |lexer: &mut Lexer<'_>| -> Result<Option<(T, Found)>, Fault> {
        pass_lead(lexer, lead)?;
        lexer.space();
        let start = lexer.at();
        let Some((fields, is_odd)) = fields::<T>(lexer)? else { return Ok(None) };
        let end = lexer.at();
        let data = data(lexer, lead, is_whole)?;
        let raw = bytes.get(start..end).unwrap_or_default();
        let text = Text { raw, is_odd, has_data: data.is_some() };
        Ok(fields.end(&text).map(|()| (fields, Found { start, end, data })))
    };
    match read(&mut lexer) {
        // What is wrong with it, the other one says.
        Err(Fault::Malformed(..)) => Ok(None),
        read => read,
    }
}

/// The fields of the dictionary that stands here, and whether something between them is odd.
fn fields<T: Fields>(lexer: &mut Lexer<'_>) -> Result<Option<(T, bool)>, Fault> {
    let mut fields = T::default();
    if !lexer.enter() {
        return Ok(None);
    }
    for _ in 0..=DICT_ENTRIES {
        let Some((key, value)) = lexer.entry()? else {
            return Ok(Some((fields, lexer.is_odd())));
        };
        if fields.take(&key, &value).is_none() {
            return Ok(None);
        }
    }
    Ok(None)
}

/// The fields of the dictionary that `bytes` begin with, and where it ends, if it is ordinary.
pub(super) fn fields_of<T: Fields>(bytes: &[u8]) -> Option<T> {
    let mut lexer = Lexer::whole(bytes);
    let (fields, is_odd) = fields::<T>(&mut lexer).ok()??;
    let raw = bytes.get(..lexer.at()).unwrap_or_default();
    fields.end(&Text { raw, is_odd, has_data: false })?;
    Some(fields)
}

fn pass_lead(lexer: &mut Lexer<'_>, lead: Lead) -> Result<(), Fault> {
    match lead {
        Lead::Trailer => {
            if lexer.token()? != Token::Word(b"trailer") {
                return Err(Fault::Malformed(0, "no trailer"));
            }
        }
        Lead::Indirect(number) => {
            let found = header(lexer)?;
            if number.is_some_and(|number| number != found) {
                return Err(Fault::Malformed(0, "another object stands there"));
            }
        }
    }
    Ok(())
}

/// Where the data of a stream begin behind its dictionary, if that is one's.
fn data(lexer: &mut Lexer<'_>, lead: Lead, is_whole: bool) -> Result<Option<usize>, Fault> {
    if lead == Lead::Trailer {
        return Ok(None);
    }
    match lexer.token() {
        Ok(Token::Word(b"stream")) => {}
        Err(Fault::Incomplete) => return Err(Fault::Incomplete),
        _ => return Ok(None),
    }
    let end_of_line = match lexer.rest() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', _, ..] => 1,
        [_, _, ..] => 0,
        _ if is_whole => 0,
        _ => return Err(Fault::Incomplete),
    };
    Ok(Some(lexer.at().saturating_add(end_of_line)))
}

/// `number generation obj`: the number.
fn header(lexer: &mut Lexer<'_>) -> Result<u64, Fault> {
    let number = lexer.token()?;
    let (Token::Int(number), Token::Int(_)) = (number, lexer.token()?) else {
        return Err(Fault::Malformed(0, "no object header"));
    };
    match lexer.token()? {
        Token::Word(b"obj") => {
            u64::try_from(number).map_err(|_| Fault::Malformed(0, "a negative object number"))
        }
        _ => Err(Fault::Malformed(0, "no object header")),
    }
}

/// Whether only white space and one of `words` follow in `bytes`.
pub(super) fn leads_with(bytes: &[u8], word: &[u8]) -> bool {
    let space = bytes.iter().position(|byte| !is_space(*byte)).unwrap_or(bytes.len());
    bytes.get(space..).is_some_and(|rest| rest.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;
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
