//! Indirect objects and trailers: where they end, and what ordinary ones say (ISO 32000-2 7.3.10).

use crate::bytes::{Buffer, to_u64};
use crate::container::pdf::layout::{BEHIND_TRAILER, OBJECT, OBJECT_STEP, STARTXREF};
use crate::container::pdf::syntax::fields::{DictFields, DictText, read_fields};
use crate::container::pdf::syntax::lexer::{Fault, Lexer, Token};
use crate::container::pdf::syntax::object::{Object, object_error};
use crate::error::Result;
use crate::limits::{Limit, Meter};
use crate::source::Window;

/// What stands before an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefix {
    /// `number generation obj`, of that number where it is known.
    Indirect(Option<u64>),
    /// `trailer`.
    Trailer,
}

/// What was found of an object in a run of bytes.
#[derive(Debug, PartialEq, Eq)]
struct ObjectRange {
    start: usize,
    end: usize,
    /// The end of the strays, which begin at `end`.
    trailing: usize,
    data: Option<usize>,
}

impl ObjectRange {
    /// The same in the member, of bytes that lie at `offset`.
    fn spot(&self, offset: u64) -> ObjectOffsets {
        let place = |inside: usize| offset.checked_add(to_u64(inside));
        ObjectOffsets { at: place(self.start), data: self.data.and_then(place) }
    }
}

/// Where the value of an object and the data of its stream begin in the member; nothing of one out
/// of an object stream.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ObjectOffsets {
    pub(crate) at: Option<u64>,
    pub(crate) data: Option<u64>,
}

/// An object that was looked at.
pub(crate) enum Loaded<T> {
    /// An ordinary one.
    Fields(T, ObjectOffsets),
    /// Any other.
    Object(Object),
}

/// Reads the object that begins at `offset` with `lead`, however large it is.
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

/// The same of an object that is ordinary mostly.
pub(crate) fn load_fields<T: DictFields>(
    window: &mut Window<'_>,
    offset: u64,
    prefix: Prefix,
    structure: &'static str,
) -> Result<Loaded<T>> {
    let meter = window.meter();
    read_growing(window, offset, structure, |bytes, is_whole| {
        if let Some((fields, found)) = find_fields(bytes, prefix, is_whole)? {
            return Ok(Ok(Loaded::Fields(fields, found.spot(offset))));
        }
        let found = find(bytes, prefix, is_whole)?;
        Ok(keep(bytes, &found, offset, meter).map(Loaded::Object))
    })
}

/// Reads more and more from `offset` on, until `read` finds what it needs there. It is told
/// whether nothing follows.
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
    // A license may be escaped wholly (`\ddd` four times), which nobody does; twice is hexadecimal.
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

fn keep(bytes: &[u8], found: &ObjectRange, offset: u64, meter: &Meter) -> Result<Object> {
    let kept = bytes.get(found.start..found.trailing).unwrap_or_default();
    meter.charge(Limit::Allocation, to_u64(kept.len()))?;
    let ObjectOffsets { at, data } = found.spot(offset);
    Ok(Object::new(kept.to_vec(), found.end.saturating_sub(found.start), at, data))
}

fn find(bytes: &[u8], prefix: Prefix, is_whole: bool) -> Result<ObjectRange, Fault> {
    let mut lexer = if is_whole { Lexer::whole(bytes) } else { Lexer::part(bytes) };
    skip_prefix(&mut lexer, prefix)?;
    lexer.space();
    let start = lexer.at();
    lexer.value()?;
    let end = lexer.at();
    let (trailing, data) = match read_following(&mut lexer, prefix, is_whole)? {
        FollowingToken::End => (end, None),
        FollowingToken::Data(at) => (end, Some(at)),
        FollowingToken::Other => trailing(bytes, end, prefix, is_whole)?,
    };
    Ok(ObjectRange { start, end, trailing, data })
}

/// What [`find`] finds, with the fields of an ordinary dictionary; nothing of anything else. The
/// bytes have to be as many for the one as for the other.
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
        Ok(fields.end(&text).map(|()| (fields, ObjectRange { start, end, trailing: end, data })))
    };
    match read(&mut lexer) {
        // What is wrong with it, the other one says.
        Err(Fault::Malformed(..)) => Ok(None),
        read => read,
    }
}

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
                return Err(Fault::Malformed(0, "another object stands there"));
            }
        }
    }
    Ok(())
}

/// What follows a value.
enum FollowingToken {
    /// The end of the object or of the trailer.
    End,
    /// The data of a stream, from this offset on.
    Data(usize),
    /// Other tokens: the value ends too early, or the object is damaged.
    Other,
}

/// Reads the token that follows a value. An object whose `endobj` is missing ends before the next
/// object; that hides nothing.
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

/// Whether behind `startxref`, its number and the comment that ends a file, in `rest`, a dictionary
/// goes on: the trailer before it was closed too early.
fn continues_dict(rest: &[u8], is_whole: bool) -> Result<bool, Fault> {
    // More blanks than that are padding.
    let is_whole = is_whole || rest.len() > BEHIND_TRAILER;
    let rest = rest.get(..BEHIND_TRAILER).unwrap_or(rest);
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

/// Returns where `startxref` ends the trailer in `rest`.
fn end_of_trailer(rest: &[u8], is_whole: bool) -> Result<Option<usize>, Fault> {
    for at in memchr::memmem::find_iter(rest, STARTXREF) {
        let behind = rest.get(at.saturating_add(STARTXREF.len())..).unwrap_or_default();
        if !continues_dict(behind, is_whole)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Finds the data of a stream behind its keyword.
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

/// Finds the end of the strays that begin at `start`, and the data of the stream whose dictionary
/// they belong to.
fn trailing(
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
    let is_own = |at: &usize| !rest.get(..*at).unwrap_or_default().ends_with(b"end");
    let Some(len) = stream.or(end) else {
        return if is_whole { Ok((bytes.len(), None)) } else { Err(Fault::Incomplete) };
    };
    let end = start.saturating_add(len);
    if stream.filter(is_own).is_none() {
        return Ok((end, None));
    }
    let mut lexer = if is_whole { Lexer::whole(bytes) } else { Lexer::part(bytes) };
    lexer.step(end.saturating_add(b"stream".len()));
    match data(&lexer, is_whole)? {
        FollowingToken::Data(at) => Ok((end, Some(at))),
        _ => Ok((end, None)),
    }
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
