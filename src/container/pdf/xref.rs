//! The cross-reference (ISO 32000-2 7.5.4 and 7.5.8): where an object lies, without reading the
//! table it is listed in.

use super::flate::{self, Decode, Predictor};
use super::layout::{COLUMNS, ENTRY, XREF_KEPT};
use super::lex::{Lexer, Token, Value};
use super::object::{Dict, Lead, Object, array, leads_with, load};
use super::read::{Plain, Trailer};
use crate::bytes::{narrow, wide};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::Window;

/// Where an object lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Offset(u64),
    /// In an object stream.
    Compressed {
        stream: u64,
    },
}

/// One section with its trailer.
pub(super) struct Section {
    kind: Kind,
    pub(super) trailer: Object,
    /// What that says, if it need not be read again for it.
    pub(super) plain: Option<Plain>,
    pub(super) older: Older,
}

/// Where a trailer says that older sections lie.
#[derive(Debug, Default)]
pub(super) struct Older {
    pub(super) places: [Option<u64>; 2],
    /// Why that could not be read, or not wholly.
    pub(super) fault: Option<Error>,
}

enum Kind {
    Table(Vec<Subsection>),
    Stream(Box<XrefStream>),
}

/// A run of entries of a table.
#[derive(Debug, Clone, Copy)]
struct Subsection {
    first: u64,
    count: u64,
    /// Where its first entry lies.
    at: u64,
}

struct XrefStream {
    form: StreamForm,
    widths: [usize; 3],
    /// First number and count of each run.
    index: Vec<(u64, u64)>,
    /// The first decoded bytes.
    kept: Vec<u8>,
}

/// How the data of a stream are stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamForm {
    at: u64,
    end: u64,
    is_flate: bool,
    predictor: Predictor,
}

fn malformed(at: u64, why: &'static str) -> Error {
    Error::malformed("malformed-pdf-xref", "cross-reference", at, why)
}

impl Section {
    /// Reads the section at `at`, a table or a stream.
    pub(super) fn read(window: &mut Window<'_>, at: u64) -> Result<Section> {
        if at >= window.len() {
            return Err(malformed(at, "lies behind the end of the file"));
        }
        if leads_with(window.up_to(at, 64)?, b"xref") {
            Section::table(window, at)
        } else {
            Section::stream(window, at)
        }
    }

    fn table(window: &mut Window<'_>, start: u64) -> Result<Section> {
        let meter = window.meter();
        let mut subsections = Vec::new();
        let mut at = start;
        let mut lexer = Lexer::part(window.up_to(at, 64)?);
        if lexer.token() != Ok(Token::Word(b"xref")) {
            return Err(malformed(at, "no table"));
        }
        at = at.saturating_add(wide(lexer.at()));
        loop {
            meter.charge(Limit::Steps, 64)?;
            let mut lexer = Lexer::part(window.up_to(at, 64)?);
            let (first, count) = match (lexer.token(), lexer.token()) {
                (Ok(Token::Word(b"trailer")), _) => break,
                (Ok(Token::Int(first)), Ok(Token::Int(count))) => (first, count),
                _ => return Err(malformed(at, "no subsection and no trailer")),
            };
            let (Ok(first), Ok(count)) = (u64::try_from(first), u64::try_from(count)) else {
                return Err(malformed(at, "a subsection with a negative number"));
            };
            lexer.space();
            let entries = at.saturating_add(wide(lexer.at()));
            let end = count.checked_mul(ENTRY).and_then(|len| entries.checked_add(len));
            let Some(end) = end.filter(|end| *end <= window.len()) else {
                return Err(malformed(at, "a subsection ends behind the file"));
            };
            meter.charge(Limit::Allocation, 24)?;
            subsections.push(Subsection { first, count, at: entries });
            at = end;
        }
        let trailer = load(window, at, Lead::Trailer, "trailer")?;
        let (plain, older) = match trailer.dict("trailer") {
            Ok(dict) => (Trailer::of(&trailer, &dict).plain(), Older::read(&dict, trailer.at())),
            Err(fault) => (None, Older { fault: Some(fault), ..Older::default() }),
        };
        Ok(Section { kind: Kind::Table(subsections), trailer, plain, older })
    }

    fn stream(window: &mut Window<'_>, at: u64) -> Result<Section> {
        let trailer = load(window, at, Lead::Indirect(None), "cross-reference stream")?;
        let dict = trailer.dict("cross-reference stream")?;
        let Some(data) = trailer.data.filter(|_| dict.name(b"Type") == Some(b"XRef")) else {
            return Err(malformed(at, "neither a table nor a stream"));
        };
        let form = StreamForm::of(&dict, data, window.len())?;
        let widths = widths(&dict).ok_or_else(|| malformed(at, "/W is not believable"))?;
        let index = index(&dict).ok_or_else(|| malformed(at, "/Index is not believable"))?;
        let kind = Kind::Stream(Box::new(XrefStream { form, widths, index, kept: Vec::new() }));
        let older = Older::read(&dict, trailer.at());
        let plain = Trailer::of(&trailer, &dict).plain();
        Ok(Section { kind, trailer, plain, older })
    }

    /// Where the object `number` lies by this section, if it says so.
    pub(super) fn lookup(&mut self, window: &mut Window<'_>, number: u64) -> Result<Option<Entry>> {
        match &mut self.kind {
            Kind::Table(subsections) => lookup_table(subsections, window, number),
            Kind::Stream(stream) => stream.lookup(window, number),
        }
    }
}

impl Older {
    /// Reads `/Prev` and `/XRefStm` up to the first that is no offset.
    fn read(trailer: &Dict<'_>, at: Option<u64>) -> Older {
        let mut older = Older::default();
        for (key, place) in [b"Prev".as_slice(), b"XRefStm"].iter().zip(&mut older.places) {
            match trailer.get(key) {
                // Zero is what some producers write for "none".
                None | Some(Value::Int(0) | Value::Null) => {}
                Some(Value::Int(offset)) if *offset > 0 => *place = Some(offset.unsigned_abs()),
                Some(_) => {
                    let why = "/Prev or /XRefStm is no offset";
                    let fault = Error::malformed("malformed-pdf-trailer", "trailer", at, why);
                    older.fault = Some(fault);
                    break;
                }
            }
        }
        older
    }
}

fn lookup_table(
    subsections: &[Subsection],
    window: &mut Window<'_>,
    number: u64,
) -> Result<Option<Entry>> {
    window.meter().charge(Limit::Steps, wide(subsections.len()))?;
    let place = subsections.iter().find_map(|run| {
        let inside = number.checked_sub(run.first).filter(|inside| *inside < run.count)?;
        inside.checked_mul(ENTRY)?.checked_add(run.at)
    });
    let Some(at) = place else { return Ok(None) };
    let bytes = window.block("cross-reference entry", at, narrow(ENTRY).unwrap_or_default())?;
    let mut lexer = Lexer::part(bytes);
    match (lexer.token(), lexer.token(), lexer.token()) {
        (Ok(Token::Int(offset)), Ok(Token::Int(_)), Ok(Token::Word(kind))) => match kind {
            b"n" => Ok(u64::try_from(offset).ok().map(Entry::Offset)),
            b"f" => Ok(None),
            _ => Err(malformed(at, "an entry that is neither in use nor free")),
        },
        _ => Err(malformed(at, "an entry has not its 20 bytes")),
    }
}

fn widths(dict: &Dict<'_>) -> Option<[usize; 3]> {
    let Some(Value::Array(raw)) = dict.get(b"W") else { return None };
    let widths: Vec<usize> = array(raw, 3)
        .iter()
        .filter_map(|width| match width {
            Value::Int(width) => usize::try_from(*width).ok().filter(|width| *width <= 8),
            _ => None,
        })
        .collect();
    let widths: [usize; 3] = widths.try_into().ok()?;
    (widths.iter().sum::<usize>() > 0).then_some(widths)
}

fn index(dict: &Dict<'_>) -> Option<Vec<(u64, u64)>> {
    const RUNS: usize = 16_384;
    let Some(value) = dict.get(b"Index") else {
        return Some(vec![(0, dict.number(b"Size")?)]);
    };
    let Value::Array(raw) = value else { return None };
    let numbers: Option<Vec<u64>> = array(raw, RUNS)
        .iter()
        .map(|value| match value {
            Value::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        })
        .collect();
    let numbers = numbers?;
    let runs = numbers.chunks_exact(2).filter_map(|pair| match pair {
        [first, count] => Some((*first, *count)),
        _ => None,
    });
    Some(runs.collect())
}

impl XrefStream {
    fn lookup(&mut self, window: &mut Window<'_>, number: u64) -> Result<Option<Entry>> {
        window.meter().charge(Limit::Steps, wide(self.index.len()))?;
        let mut before: u64 = 0;
        let mut place = None;
        for (first, count) in &self.index {
            match number.checked_sub(*first).filter(|inside| inside < count) {
                Some(inside) => {
                    place = before.checked_add(inside);
                    break;
                }
                None => before = before.saturating_add(*count),
            }
        }
        let Some(place) = place else { return Ok(None) };
        let width = self.widths.iter().fold(0, |sum: usize, width| sum.saturating_add(*width));
        let at = place.saturating_mul(wide(width));
        let Some(entry) = self.entry(window, at, width)? else { return Ok(None) };
        Ok(self.decode(entry.get(..width).unwrap_or_default()))
    }

    fn decode(&self, entry: &[u8]) -> Option<Entry> {
        let [kind, second, _] = self.widths;
        let (kind, rest) = entry.split_at_checked(kind)?;
        let (second, _) = rest.split_at_checked(second)?;
        let number = |bytes: &[u8]| {
            bytes.iter().fold(0_u64, |sum, byte| sum.wrapping_shl(8) | u64::from(*byte))
        };
        // Without a first field every object is in use (ISO 32000-2 table 17).
        match if kind.is_empty() { 1 } else { number(kind) } {
            1 => Some(Entry::Offset(number(second))),
            2 => Some(Entry::Compressed { stream: number(second) }),
            _ => None,
        }
    }

    /// The `width` bytes at `at` of the decoded data.
    fn entry(
        &mut self,
        window: &mut Window<'_>,
        at: u64,
        width: usize,
    ) -> Result<Option<[u8; 24]>> {
        if self.kept.is_empty() {
            self.keep(window)?;
        }
        let mut entry = [0; 24];
        let room = entry.get_mut(..width).unwrap_or_default();
        let end = at.saturating_add(wide(width));
        if end <= wide(self.kept.len()) {
            let start = narrow(at).unwrap_or(usize::MAX);
            let end = narrow(end).unwrap_or(usize::MAX);
            room.copy_from_slice(self.kept.get(start..end).unwrap_or_default());
            return Ok(Some(entry));
        }
        if self.kept.len() < XREF_KEPT {
            return Ok(None);
        }
        let mut decode = self.form.decode();
        skip(&mut decode, window, at)?;
        let read = read_full(&mut decode, window, room)?;
        Ok((read == width).then_some(entry))
    }

    fn keep(&mut self, window: &mut Window<'_>) -> Result<()> {
        let meter = window.meter();
        let width = self.widths.iter().fold(0, |sum: usize, width| sum.saturating_add(*width));
        let entries = self.index.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
        let whole = entries.saturating_mul(wide(width));
        let most = narrow(whole).map_or(XREF_KEPT, |whole| whole.min(XREF_KEPT));
        let mut decode = self.form.decode();
        let mut piece = [0; 4096];
        while self.kept.len() < most {
            let read = match decode.read(window, &mut piece) {
                Ok(read) => read,
                Err(error) if self.kept.is_empty() => return Err(error),
                // What stands before the damage can still be believed, or be found wrong.
                Err(error) if error.kind() == crate::error::ErrorKind::Malformed => break,
                Err(error) => return Err(error),
            };
            if read == 0 {
                break;
            }
            meter.charge(Limit::Allocation, wide(read))?;
            #[allow(clippy::disallowed_methods)] // charged in the line before
            self.kept.extend_from_slice(piece.get(..read).unwrap_or_default());
        }
        if self.kept.is_empty() {
            return Err(malformed(self.form.at, "the stream is empty"));
        }
        Ok(())
    }
}

fn skip(decode: &mut Decode, window: &mut Window<'_>, mut len: u64) -> Result<()> {
    let mut piece = [0; 4096];
    while len > 0 {
        let room = narrow(len).map_or(piece.len(), |len| len.min(piece.len()));
        let read = decode.read(window, piece.get_mut(..room).unwrap_or_default())?;
        if read == 0 {
            break;
        }
        len = len.saturating_sub(wide(read));
    }
    Ok(())
}

fn read_full(decode: &mut Decode, window: &mut Window<'_>, room: &mut [u8]) -> Result<usize> {
    let mut done: usize = 0;
    while let Some(rest) = room.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match decode.read(window, rest)? {
            0 => break,
            read => done = done.saturating_add(read),
        }
    }
    Ok(done)
}

impl StreamForm {
    /// How the stream with this dictionary and data from `at` on is stored.
    pub(super) fn of(dict: &Dict<'_>, at: u64, file: u64) -> Result<StreamForm> {
        let unsupported =
            |why| Err(Error::malformed("malformed-pdf-stream", "stream dictionary", at, why));
        let filters = match dict.get(b"Filter") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(raw)) => array(raw, 4),
            Some(value) => vec![value.clone()],
        };
        let is_flate = match filters.as_slice() {
            [] => false,
            [Value::Name(name)] if matches!(name.as_ref(), b"FlateDecode" | b"Fl") => true,
            _ => return unsupported("a filter other than FlateDecode"),
        };
        // A compressed stream knows its own end; the length is only needed for a stored one.
        let len = dict.number(b"Length").filter(|_| !is_flate);
        let end = len.and_then(|len| at.checked_add(len)).map_or(file, |end| end.min(file));
        let Some(predictor) = predictor(dict) else {
            return unsupported("a predictor that no such stream has");
        };
        Ok(StreamForm { at, end, is_flate, predictor })
    }

    pub(super) fn decode(&self) -> Decode {
        if self.is_flate {
            Decode::flate(self.at, self.end, self.predictor)
        } else {
            Decode::stored(self.at, self.end, self.predictor)
        }
    }

    pub(super) fn is_flate(&self) -> bool {
        self.is_flate
    }

    /// The same with its length known.
    pub(super) fn with_len(self, len: u64) -> StreamForm {
        StreamForm { end: self.at.saturating_add(len).min(self.end), ..self }
    }

    pub(super) fn has_predictor(&self) -> bool {
        self.predictor != Predictor::None
    }

    /// All of the data, which stay under `most` bytes.
    pub(super) fn all(&self, window: &mut Window<'_>, most: usize) -> Result<Vec<u8>> {
        flate::all(&mut self.decode(), window, most)
    }
}

fn predictor(dict: &Dict<'_>) -> Option<Predictor> {
    let parms = match dict.get(b"DecodeParms") {
        None | Some(Value::Null) => return Some(Predictor::None),
        Some(Value::Dict(raw)) => Dict::parse(raw).ok()?,
        Some(Value::Array(raw)) => match array(raw, 1).as_slice() {
            [] | [Value::Null] => return Some(Predictor::None),
            [Value::Dict(raw)] => Dict::parse(raw).ok()?,
            _ => return None,
        },
        Some(_) => return None,
    };
    match parms.number(b"Predictor") {
        None if parms.get(b"Predictor").is_none() => Some(Predictor::None),
        Some(1) => Some(Predictor::None),
        Some(10..=15) => {
            let columns = match parms.get(b"Columns") {
                None => 1,
                Some(_) => narrow(parms.number(b"Columns")?)?,
            };
            let plain = |key: &[u8], value| parms.number(key).is_none_or(|found| found == value);
            let fits = (1..=COLUMNS).contains(&columns);
            (fits && plain(b"Colors", 1) && plain(b"BitsPerComponent", 8))
                .then_some(Predictor::Png { columns })
        }
        _ => None,
    }
}
