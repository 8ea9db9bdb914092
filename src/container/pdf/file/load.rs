//! Indirect objects and trailers: where they end, and what ordinary ones say (ISO 32000-2 7.3.10).

use crate::bytes::{Buffer, to_u64};
use crate::container::pdf::layout::{BEHIND_TRAILER, DICT_ENTRIES, OBJECT, OBJECT_STEP, STARTXREF};
use crate::container::pdf::syntax::lexer::{Fault, Lexer, Token};
use crate::container::pdf::syntax::object::{Object, object_error};
use crate::container::pdf::syntax::value::Value;
use crate::error::Result;
use crate::limits::{Limit, Meter};
use crate::source::Window;

/// What stands before an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lead {
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
    /// The end of the strays, which begin at `end`.
    strays: usize,
    data: Option<usize>,
}

impl Found {
    /// The same in the member, of bytes that lie at `offset`.
    fn spot(&self, offset: u64) -> Spot {
        let place = |inside: usize| offset.checked_add(to_u64(inside));
        Spot { at: place(self.start), data: self.data.and_then(place) }
    }
}

/// What an ordinary dictionary says, taken down while its end is looked for: nothing of it has to
/// be kept, or read twice.
pub(crate) trait Fields: Default {
    /// Takes an entry; nothing where it takes the whole dictionary to say what
    /// that means.
    fn take(&mut self, key: &[u8], value: &Value<'_>) -> Option<()>;

    /// Whether that was all there is to say of this text.
    fn end(&self, text: &Text<'_>) -> Option<()>;
}

/// An entry that nobody writes twice.
pub(crate) fn once<T>(field: &mut Option<T>, value: T) -> Option<()> {
    match field.replace(value) {
        Some(_) => None,
        None => Some(()),
    }
}

/// The text of a dictionary.
pub(crate) struct Text<'a> {
    pub(crate) raw: &'a [u8],
    /// Whether it holds a comment or a NUL between its tokens.
    pub(crate) is_odd: bool,
    /// Whether the data of a stream follow.
    pub(crate) has_data: bool,
}

/// Where the value of an object and the data of its stream begin in the member; nothing of one out
/// of an object stream.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spot {
    pub(crate) at: Option<u64>,
    pub(crate) data: Option<u64>,
}

/// An object that was looked at.
pub(crate) enum Seen<T> {
    /// An ordinary one.
    Fields(T, Spot),
    /// Any other.
    Object(Object),
}

/// Reads the object that begins at `offset` with `lead`, however large it is.
pub(crate) fn load(
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
pub(crate) fn look<T: Fields>(
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

fn keep(bytes: &[u8], found: &Found, offset: u64, meter: &Meter) -> Result<Object> {
    let kept = bytes.get(found.start..found.strays).unwrap_or_default();
    meter.charge(Limit::Allocation, to_u64(kept.len()))?;
    let Spot { at, data } = found.spot(offset);
    Ok(Object::new(kept.to_vec(), found.end.saturating_sub(found.start), at, data))
}

fn find(bytes: &[u8], lead: Lead, is_whole: bool) -> Result<Found, Fault> {
    let mut lexer = if is_whole { Lexer::whole(bytes) } else { Lexer::part(bytes) };
    pass_lead(&mut lexer, lead)?;
    lexer.space();
    let start = lexer.at();
    lexer.value()?;
    let end = lexer.at();
    let (strays, data) = match following(&mut lexer, lead, is_whole)? {
        Following::End => (end, None),
        Following::Data(at) => (end, Some(at)),
        Following::Strays => strays(bytes, end, lead, is_whole)?,
    };
    Ok(Found { start, end, strays, data })
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
        let data = match following(lexer, lead, is_whole)? {
            Following::End => None,
            Following::Data(at) => Some(at),
            Following::Strays => return Ok(None),
        };
        let raw = bytes.get(start..end).unwrap_or_default();
        let text = Text { raw, is_odd, has_data: data.is_some() };
        Ok(fields.end(&text).map(|()| (fields, Found { start, end, strays: end, data })))
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

/// Returns the fields of the dictionary that `bytes` begin with and its length, if it is ordinary.
pub(crate) fn fields_of<T: Fields>(bytes: &[u8]) -> Option<(T, usize)> {
    let mut lexer = Lexer::whole(bytes);
    let (fields, is_odd) = fields::<T>(&mut lexer).ok()??;
    let raw = bytes.get(..lexer.at()).unwrap_or_default();
    fields.end(&Text { raw, is_odd, has_data: false })?;
    Some((fields, lexer.at()))
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

/// What follows a value.
enum Following {
    /// The end of the object or of the trailer.
    End,
    /// The data of a stream, from this offset on.
    Data(usize),
    /// Other tokens: the value ends too early, or the object is damaged.
    Strays,
}

/// Reads the token that follows a value. An object whose `endobj` is missing ends before the next
/// object; that hides nothing.
fn following(lexer: &mut Lexer<'_>, lead: Lead, is_whole: bool) -> Result<Following, Fault> {
    if lexer.is_done() {
        return if is_whole { Ok(Following::End) } else { Err(Fault::Incomplete) };
    }
    let token = match lexer.token() {
        Err(Fault::Incomplete) => return Err(Fault::Incomplete),
        Err(Fault::Malformed(..)) => return Ok(Following::Strays),
        Ok(token) => token,
    };
    match token {
        Token::Word(b"stream") if lead != Lead::Trailer => data(lexer, is_whole),
        Token::Word(b"endobj") if lead != Lead::Trailer => Ok(Following::End),
        Token::Word(b"startxref") if lead == Lead::Trailer => {
            Ok(if goes_on(lexer.rest(), is_whole)? { Following::Strays } else { Following::End })
        }
        Token::Word(b"startxref" | b"xref" | b"trailer") => Ok(Following::End),
        // `endobj` is not always followed by white space.
        Token::Word(word) if lead != Lead::Trailer && word.starts_with(b"endobj") => {
            Ok(Following::End)
        }
        Token::Int(_) => match (lexer.token(), lexer.token()) {
            (Ok(Token::Int(_)), Ok(Token::Word(b"obj"))) => Ok(Following::End),
            (Err(Fault::Incomplete), _) | (_, Err(Fault::Incomplete)) => Err(Fault::Incomplete),
            _ => Ok(Following::Strays),
        },
        _ => Ok(Following::Strays),
    }
}

/// Whether behind `startxref`, its number and the comment that ends a file, in `rest`, a dictionary
/// goes on: the trailer before it was closed too early.
fn goes_on(rest: &[u8], is_whole: bool) -> Result<bool, Fault> {
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
        if !goes_on(behind, is_whole)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Finds the data of a stream behind its keyword.
fn data(lexer: &Lexer<'_>, is_whole: bool) -> Result<Following, Fault> {
    let end_of_line = match lexer.rest() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', _, ..] => 1,
        [_, _, ..] => 0,
        _ if is_whole => 0,
        _ => return Err(Fault::Incomplete),
    };
    Ok(Following::Data(lexer.at().saturating_add(end_of_line)))
}

/// Finds the end of the strays that begin at `start`, and the data of the stream whose dictionary
/// they belong to.
fn strays(
    bytes: &[u8],
    start: usize,
    lead: Lead,
    is_whole: bool,
) -> Result<(usize, Option<usize>), Fault> {
    let rest = bytes.get(start..).unwrap_or_default();
    let find = |word: &[u8]| memchr::memmem::find(rest, word);
    let (end, stream) = match lead {
        Lead::Trailer => (end_of_trailer(rest, is_whole)?, None),
        Lead::Indirect(_) => (find(b"endobj"), find(b"stream")),
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
        Following::Data(at) => Ok((end, Some(at))),
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
