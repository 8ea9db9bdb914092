//! Loads indirect objects (ISO 32000-2 7.3.10) and trailers from a window.

use crate::bytes::{Buffer, to_u64};
use crate::container::pdf::layout::{AFTER_TRAILER, OBJECT, OBJECT_STEP, STARTXREF};
use crate::container::pdf::syntax::fields::{DictFields, DictText, read_fields};
use crate::container::pdf::syntax::lexer::{Fault, Lexer, Token};
use crate::container::pdf::syntax::object::{Object, object_error};
use crate::error::Result;
use crate::limits::{Limit, Meter};
use crate::source::Window;

/// The prefix of a value in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefix {
    /// `number generation obj`, with the expected number if it is known.
    Indirect(Option<u64>),
    /// `trailer`.
    Trailer,
}

/// The ranges of an object, as offsets in the bytes that were read.
#[derive(Debug, PartialEq, Eq)]
struct ObjectRange {
    /// The start of the value.
    start: usize,
    /// The end of the value, where trailing tokens begin.
    end: usize,
    /// The end of the trailing tokens.
    trailing_end: usize,
    /// The start of the data of a stream.
    data: Option<usize>,
}

impl ObjectRange {
    /// Returns the offsets in the member. `offset` is the offset of the bytes that were read.
    fn offsets(&self, offset: u64) -> ObjectOffsets {
        let in_member = |inside: usize| offset.checked_add(to_u64(inside));
        ObjectOffsets { at: in_member(self.start), data: self.data.and_then(in_member) }
    }
}

/// The offsets in the member of a value and of the data of its stream. `None` for an object of an
/// object stream.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ObjectOffsets {
    pub(crate) at: Option<u64>,
    pub(crate) data: Option<u64>,
}

/// A loaded object.
pub(crate) enum Loaded<T> {
    /// The fields of a plain dictionary.
    Fields(T, ObjectOffsets),
    /// Any other object.
    Object(Object),
}

/// Loads the object at `offset`, whose prefix is `prefix`. An object may be as long as the longest
/// license. `structure` names the object in errors.
pub(crate) fn load(
    window: &mut Window<'_>,
    offset: u64,
    prefix: Prefix,
    structure: &'static str,
) -> Result<Object> {
    let meter = window.meter();
    read_growing(window, offset, structure, |bytes, is_whole| {
        find(bytes, prefix, is_whole).map(|found| keep(bytes, &found, offset, meter))
    })
}

/// Loads the object at `offset`: only the fields of a plain dictionary, or else the object.
pub(crate) fn load_fields<T: DictFields>(
    window: &mut Window<'_>,
    offset: u64,
    prefix: Prefix,
    structure: &'static str,
) -> Result<Loaded<T>> {
    let meter = window.meter();
    read_growing(window, offset, structure, |bytes, is_whole| {
        if let Some((fields, found)) = find_fields(bytes, prefix, is_whole)? {
            return Ok(Ok(Loaded::Fields(fields, found.offsets(offset))));
        }
        let found = find(bytes, prefix, is_whole)?;
        Ok(keep(bytes, &found, offset, meter).map(Loaded::Object))
    })
}

/// Reads an increasing number of bytes from `offset` on, until `read` succeeds. Its second argument
/// is whether the bytes reach the end of the file.
fn read_growing<T>(
    window: &mut Window<'_>,
    offset: u64,
    structure: &'static str,
    read: impl Fn(&[u8], bool) -> Result<Result<T>, Fault>,
) -> Result<T> {
    let meter = window.meter();
    meter.charge(Limit::PdfObjects, 1)?;
    for size in OBJECT {
        let bytes = window.up_to(offset, size)?;
        meter.charge(Limit::Steps, to_u64(bytes.len()))?;
        match read(bytes, bytes.len() < size) {
            Ok(outcome) => return outcome,
            Err(Fault::Incomplete) if bytes.len() == size => {}
            Err(fault) => return Err(object_error(fault, structure, Some(offset))),
        }
    }
    // A hexadecimal string takes two bytes for each byte of the license. No known producer writes
    // all bytes as `\ddd`, which takes four.
    let most =
        meter.allowed(Limit::LicenseBytes).saturating_mul(2).saturating_add(to_u64(OBJECT_STEP));
    let mut buffer = Buffer::default();
    loop {
        let at = offset.saturating_add(to_u64(buffer.len()));
        let left = window.len().saturating_sub(at);
        let step = OBJECT_STEP.max(buffer.len() / 4);
        let step = crate::bytes::to_usize(left).map_or(step, |left| step.min(left));
        window.append(structure, at, step, &mut buffer)?;
        let is_whole = to_u64(step) == left;
        meter.charge(Limit::Steps, to_u64(buffer.len()))?;
        match read(buffer.as_slice(), is_whole) {
            Ok(outcome) => return outcome,
            Err(Fault::Incomplete) if !is_whole && to_u64(buffer.len()) < most => {}
            Err(fault) => return Err(object_error(fault, structure, Some(offset))),
        }
    }
}

/// Copies the object out of `bytes`.
fn keep(bytes: &[u8], found: &ObjectRange, offset: u64, meter: &Meter) -> Result<Object> {
    let kept = bytes.get(found.start..found.trailing_end).unwrap_or_default();
    meter.charge(Limit::Allocation, to_u64(kept.len()))?;
    let ObjectOffsets { at, data } = found.offsets(offset);
    Ok(Object::new(kept.to_vec(), found.end.saturating_sub(found.start), at, data))
}

/// Finds the value and the end of an object at the start of `bytes`.
fn find(bytes: &[u8], prefix: Prefix, is_whole: bool) -> Result<ObjectRange, Fault> {
    let mut lexer = if is_whole { Lexer::whole(bytes) } else { Lexer::part(bytes) };
    skip_prefix(&mut lexer, prefix)?;
    lexer.space();
    let start = lexer.at();
    lexer.value()?;
    let end = lexer.at();
    let (trailing_end, data) = match read_following(&mut lexer, prefix, is_whole)? {
        FollowingToken::End => (end, None),
        FollowingToken::Data(at) => (end, Some(at)),
        FollowingToken::Other => trailing_tokens(bytes, end, prefix, is_whole)?,
    };
    Ok(ObjectRange { start, end, trailing_end, data })
}

/// Does the same as [`find`] for a plain dictionary, and reads its fields. Returns `None` for any
/// other object. Both functions need the same number of bytes.
fn find_fields<T: DictFields>(
    bytes: &[u8],
    prefix: Prefix,
    is_whole: bool,
) -> Result<Option<(T, ObjectRange)>, Fault> {
    let mut lexer = if is_whole { Lexer::whole(bytes) } else { Lexer::part(bytes) };
    let read = |lexer: &mut Lexer<'_>| -> Result<Option<(T, ObjectRange)>, Fault> {
        skip_prefix(lexer, prefix)?;
        lexer.space();
        let start = lexer.at();
        let Some((fields, is_unusual)) = read_fields::<T>(lexer)? else { return Ok(None) };
        let end = lexer.at();
        let data = match read_following(lexer, prefix, is_whole)? {
            FollowingToken::End => None,
            FollowingToken::Data(at) => Some(at),
            FollowingToken::Other => return Ok(None),
        };
        let raw = bytes.get(start..end).unwrap_or_default();
        let text = DictText { raw, is_unusual, has_data: data.is_some() };
        Ok(fields
            .end(&text)
            .map(|()| (fields, ObjectRange { start, end, trailing_end: end, data })))
    };
    match read(&mut lexer) {
        // `find` reports the fault.
        Err(Fault::Malformed(..)) => Ok(None),
        read => read,
    }
}

/// Reads the prefix, and checks the object number.
fn skip_prefix(lexer: &mut Lexer<'_>, prefix: Prefix) -> Result<(), Fault> {
    match prefix {
        Prefix::Trailer => {
            if lexer.token()? != Token::Word(b"trailer") {
                return Err(Fault::Malformed(0, "no trailer"));
            }
        }
        Prefix::Indirect(number) => {
            let found = header(lexer)?;
            if number.is_some_and(|number| number != found) {
                return Err(Fault::Malformed(0, "another object is located there"));
            }
        }
    }
    Ok(())
}

/// The token that follows a value.
enum FollowingToken {
    /// The end of the object or of the trailer.
    End,
    /// The data of a stream, at this offset.
    Data(usize),
    /// Any other token: the end of the value or the object is damaged.
    Other,
}

/// Reads the token that follows a value. An object without `endobj` ends before the next object: no
/// entry is hidden by that.
fn read_following(
    lexer: &mut Lexer<'_>,
    prefix: Prefix,
    is_whole: bool,
) -> Result<FollowingToken, Fault> {
    if lexer.is_done() {
        return if is_whole { Ok(FollowingToken::End) } else { Err(Fault::Incomplete) };
    }
    let token = match lexer.token() {
        Err(Fault::Incomplete) => return Err(Fault::Incomplete),
        Err(Fault::Malformed(..)) => return Ok(FollowingToken::Other),
        Ok(token) => token,
    };
    match token {
        Token::Word(b"stream") if prefix != Prefix::Trailer => data(lexer, is_whole),
        Token::Word(b"endobj") if prefix != Prefix::Trailer => Ok(FollowingToken::End),
        Token::Word(b"startxref") if prefix == Prefix::Trailer => {
            Ok(if continues_dict(lexer.rest(), is_whole)? {
                FollowingToken::Other
            } else {
                FollowingToken::End
            })
        }
        Token::Word(b"startxref" | b"xref" | b"trailer") => Ok(FollowingToken::End),
        // `endobj` is not always followed by white space.
        Token::Word(word) if prefix != Prefix::Trailer && word.starts_with(b"endobj") => {
            Ok(FollowingToken::End)
        }
        Token::Int(_) => match (lexer.token(), lexer.token()) {
            (Ok(Token::Int(_)), Ok(Token::Word(b"obj"))) => Ok(FollowingToken::End),
            (Err(Fault::Incomplete), _) | (_, Err(Fault::Incomplete)) => Err(Fault::Incomplete),
            _ => Ok(FollowingToken::Other),
        },
        _ => Ok(FollowingToken::Other),
    }
}

/// Returns whether a dictionary continues in `rest`, the bytes after `startxref`, after a number
/// and `%%EOF`. If it does, the trailer was closed too early.
fn continues_dict(rest: &[u8], is_whole: bool) -> Result<bool, Fault> {
    // Longer white space is padding.
    let is_whole = is_whole || rest.len() > AFTER_TRAILER;
    let rest = rest.get(..AFTER_TRAILER).unwrap_or(rest);
    let number = rest.trim_ascii_start();
    let digits = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let end = number.get(digits..).unwrap_or_default().trim_ascii_start();
    let next = end.strip_prefix(b"%%EOF").unwrap_or(end).trim_ascii_start();
    match next.first() {
        Some(byte) => Ok(matches!(byte, b'/' | b'>')),
        None if is_whole => Ok(false),
        None => Err(Fault::Incomplete),
    }
}

/// Returns the offset in `rest` of the `startxref` that ends the trailer.
fn end_of_trailer(rest: &[u8], is_whole: bool) -> Result<Option<usize>, Fault> {
    for at in memchr::memmem::find_iter(rest, STARTXREF) {
        let after = rest.get(at.saturating_add(STARTXREF.len())..).unwrap_or_default();
        if !continues_dict(after, is_whole)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Finds the data of a stream. The lexer is after the keyword `stream`.
fn data(lexer: &Lexer<'_>, is_whole: bool) -> Result<FollowingToken, Fault> {
    let end_of_line = match lexer.rest() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', _, ..] => 1,
        [_, _, ..] => 0,
        _ if is_whole => 0,
        _ => return Err(Fault::Incomplete),
    };
    Ok(FollowingToken::Data(lexer.at().saturating_add(end_of_line)))
}

/// Finds the end of the trailing tokens that begin at `start`, and the data of the stream if there
/// are any.
fn trailing_tokens(
    bytes: &[u8],
    start: usize,
    prefix: Prefix,
    is_whole: bool,
) -> Result<(usize, Option<usize>), Fault> {
    let rest = bytes.get(start..).unwrap_or_default();
    let find = |word: &[u8]| memchr::memmem::find(rest, word);
    let (end, stream) = match prefix {
        Prefix::Trailer => (end_of_trailer(rest, is_whole)?, None),
        Prefix::Indirect(_) => (find(b"endobj"), find(b"stream")),
    };
    let stream = stream.filter(|at| end.is_none_or(|end| *at < end));
    let is_keyword = |at: &usize| !rest.get(..*at).unwrap_or_default().ends_with(b"end");
    let Some(len) = stream.or(end) else {
        return if is_whole { Ok((bytes.len(), None)) } else { Err(Fault::Incomplete) };
    };
    let end = start.saturating_add(len);
    if stream.filter(is_keyword).is_none() {
        return Ok((end, None));
    }
    let mut lexer = if is_whole { Lexer::whole(bytes) } else { Lexer::part(bytes) };
    lexer.step(end.saturating_add(b"stream".len()));
    match data(&lexer, is_whole)? {
        FollowingToken::Data(at) => Ok((end, Some(at))),
        _ => Ok((end, None)),
    }
}

/// Reads `number generation obj`, and returns the number.
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
