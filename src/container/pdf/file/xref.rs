//! The cross-reference (ISO 32000-2 7.5.4 and 7.5.8): where an object lies, without reading the
//! table it is listed in.

use crate::bytes::{to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::pdf::file::load::{Fields, Lead, Seen, Spot, Text, look, once};
use crate::container::pdf::file::small_list::Few;
use crate::container::pdf::layout::{ENTRY, TRAILER_KEYS, TRAILER_SIGNS_BY_C, XREF_KEPT};
use crate::container::pdf::protection::read::{Plain, Trailer};
use crate::container::pdf::syntax::flate::Decode;
use crate::container::pdf::syntax::lexer::{Lexer, Token};
use crate::container::pdf::syntax::object::{Dict, Object, array, leads_with, mentions_one};
use crate::container::pdf::syntax::stream::{Coding, StreamForm};
use crate::container::pdf::syntax::value::Value;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limit;
use crate::source::{Ahead, Window};

/// Where an object lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Offset(u64),
    /// In an object stream.
    Compressed {
        stream: u64,
    },
}

/// One section with its trailer.
#[derive(Debug)]
pub(crate) struct Section {
    kind: Kind,
    pub(crate) trailer: Said,
    pub(crate) older: Older,
}

/// What a trailer says.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    /// Nothing odd, and nothing that protects the file.
    Plain(Plain),
    /// Something else.
    Whole(Object),
}

/// Where a trailer says that older sections lie.
#[derive(Debug, Default)]
pub(crate) struct Older {
    pub(crate) places: [Option<u64>; 2],
    /// Why that could not be read, or not wholly.
    pub(crate) fault: Option<Error>,
}

#[derive(Debug)]
enum Kind {
    Table(Few<Subsection>),
    Stream(XrefStream),
}

/// A run of entries of a table.
#[derive(Debug, Clone, Copy)]
struct Subsection {
    first: u64,
    count: u64,
    /// Where its first entry lies.
    at: u64,
}

#[derive(Debug)]
struct XrefStream {
    form: StreamForm,
    widths: [usize; 3],
    index: Index,
    /// The first decoded bytes.
    kept: Vec<u8>,
}

/// First number and count of each run of entries.
type Index = Few<(u64, u64)>;

fn malformed(at: u64, why: &'static str) -> Error {
    Error::malformed(ErrorCode::MalformedPdfXref, "cross-reference", at, why)
}

impl Section {
    /// Reads the section at `at`, a table or a stream.
    pub(crate) fn read(window: &mut Window<'_>, at: u64) -> Result<Section> {
        if at >= window.len() {
            return Err(malformed(at, "lies behind the end of the file"));
        }
        let bytes = window.up_to(at, 64)?;
        if !leads_with(bytes, b"xref") {
            return Section::stream(window, at);
        }
        let mut lexer = Lexer::part(bytes);
        if lexer.token() != Ok(Token::Word(b"xref")) {
            return Err(malformed(at, "no table"));
        }
        let behind = at.saturating_add(to_u64(lexer.at()));
        Section::table(window, behind)
    }

    /// Reads a table from its first subsection on.
    fn table(window: &mut Window<'_>, mut at: u64) -> Result<Section> {
        let meter = window.meter();
        let mut subsections = Few::default();
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
            let entries = at.saturating_add(to_u64(lexer.at()));
            let end = count.checked_mul(ENTRY).and_then(|len| entries.checked_add(len));
            let Some(end) = end.filter(|end| *end <= window.len()) else {
                return Err(malformed(at, "a subsection ends behind the file"));
            };
            meter.charge(Limit::Allocation, 24)?;
            subsections.push(Subsection { first, count, at: entries });
            at = end;
        }
        let kind = Kind::Table(subsections);
        let section = match look::<TrailerFields>(window, at, Lead::Trailer, "trailer")? {
            Seen::Fields(said, _) => said.section(kind),
            Seen::Object(trailer) => Section::of_table(kind, trailer),
        };
        Ok(section)
    }

    fn of_table(kind: Kind, trailer: Object) -> Section {
        let (plain, older) = match trailer.dict("trailer") {
            Ok(dict) => (Trailer::of(&trailer, &dict).plain(), Older::read(&dict, trailer.at())),
            Err(fault) => (None, Older { fault: Some(fault), ..Older::default() }),
        };
        Section { kind, trailer: Said::of(trailer, plain), older }
    }

    fn stream(window: &mut Window<'_>, at: u64) -> Result<Section> {
        let lead = Lead::Indirect(None);
        let section = match look::<StreamFields>(window, at, lead, "cross-reference stream")? {
            Seen::Fields(said, spot) => said.section(spot, window.len()),
            Seen::Object(trailer) => Section::of_stream(at, trailer, window.len())?,
        };
        if let Kind::Stream(stream) = &section.kind {
            let runs = to_u64(stream.index.len());
            window.meter().charge(Limit::Allocation, runs.saturating_mul(16))?;
        }
        Ok(section)
    }

    fn of_stream(at: u64, trailer: Object, file: u64) -> Result<Section> {
        let dict = trailer.dict("cross-reference stream")?;
        let Some(data) = trailer.data.filter(|_| dict.name(b"Type") == Some(b"XRef")) else {
            return Err(malformed(at, "neither a table nor a stream"));
        };
        let form = StreamForm::of(&dict, data, file)?;
        let widths = dict.get(b"W").and_then(widths);
        let widths = widths.ok_or_else(|| malformed(at, "/W is not believable"))?;
        let index = match dict.get(b"Index") {
            Some(value) => index(value),
            None => dict.number(b"Size").map(|size| Few::one((0, size))),
        };
        let index = index.ok_or_else(|| malformed(at, "/Index is not believable"))?;
        let kind = Kind::Stream(XrefStream { form, widths, index, kept: Vec::new() });
        let older = Older::read(&dict, trailer.at());
        let plain = Trailer::of(&trailer, &dict).plain();
        Ok(Section { kind, trailer: Said::of(trailer, plain), older })
    }

    /// Where the object `number` lies by this section, if it says so.
    pub(crate) fn lookup(&mut self, window: &mut Window<'_>, number: u64) -> Result<Option<Entry>> {
        match &mut self.kind {
            Kind::Table(subsections) => lookup_table(subsections, window, number),
            Kind::Stream(stream) => stream.lookup(window, number),
        }
    }
}

impl Said {
    fn of(trailer: Object, plain: Option<Plain>) -> Said {
        plain.map_or(Said::Whole(trailer), Said::Plain)
    }
}

/// What an ordinary trailer says (ISO 32000-2 tables 15 and 19).
#[derive(Clone, Default)]
struct TrailerFields {
    root: Option<u64>,
    info: Option<u64>,
    prev: Option<Option<u64>>,
    xref_stm: Option<Option<u64>>,
}

impl Fields for TrailerFields {
    fn take(&mut self, key: &[u8], value: &Value<'_>) -> Option<()> {
        match key {
            b"Root" => once(&mut self.root, value.reference()?),
            b"Info" => once(&mut self.info, value.reference()?),
            // Zero is what some producers write for "none".
            b"Prev" => once(&mut self.prev, Some(value.number()?).filter(|at| *at > 0)),
            b"XRefStm" => once(&mut self.xref_stm, Some(value.number()?).filter(|at| *at > 0)),
            b"Size" | b"ID" => Some(()),
            b"Encrypt" | b"Wrapper" | b"WrapperOffset" => None,
            _ => TRAILER_KEYS.contains(&key).then_some(()),
        }
    }

    fn end(&self, text: &Text<'_>) -> Option<()> {
        (!text.is_odd && !mentions_one(&TRAILER_SIGNS_BY_C, text.raw)).then_some(())
    }
}

impl TrailerFields {
    fn section(&self, kind: Kind) -> Section {
        let places = [self.prev.flatten(), self.xref_stm.flatten()];
        let plain = Plain { root: self.root, info: self.info };
        Section { kind, trailer: Said::Plain(plain), older: Older { places, fault: None } }
    }
}

/// What the dictionary of an ordinary cross-reference stream says (ISO 32000-2 table 17).
#[derive(Default)]
struct StreamFields {
    is_xref: Option<bool>,
    size: Option<u64>,
    index: Option<Index>,
    widths: Option<[usize; 3]>,
    coding: Coding,
    trailer: TrailerFields,
}

impl Fields for StreamFields {
    fn take(&mut self, key: &[u8], value: &Value<'_>) -> Option<()> {
        match key {
            b"Type" => once(&mut self.is_xref, value.is_name(b"XRef")),
            b"Size" => once(&mut self.size, value.number()?),
            b"Index" => once(&mut self.index, index(value)?),
            b"W" => once(&mut self.widths, widths(value)?),
            b"Length" | b"Filter" | b"DecodeParms" => self.coding.take(key, value),
            _ => self.trailer.take(key, value),
        }
    }

    fn end(&self, text: &Text<'_>) -> Option<()> {
        let is_stream = self.is_xref == Some(true) && text.has_data;
        let is_indexed = self.index.is_some() || self.size.is_some();
        (is_stream && is_indexed && self.widths.is_some()).then_some(())?;
        self.trailer.end(text)
    }
}

impl StreamFields {
    /// The section of what [`StreamFields::end`] has found to be there.
    fn section(self, spot: Spot, file: u64) -> Section {
        let index = self.index.unwrap_or_else(|| Few::one((0, self.size.unwrap_or_default())));
        let widths = self.widths.unwrap_or_default();
        let form = self.coding.form(spot.data.unwrap_or_default(), file);
        self.trailer.section(Kind::Stream(XrefStream { form, widths, index, kept: Vec::new() }))
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
                    let fault =
                        Error::malformed(ErrorCode::MalformedPdfTrailer, "trailer", at, why);
                    older.fault = Some(fault);
                    break;
                }
            }
        }
        older
    }
}

fn lookup_table(
    subsections: &Few<Subsection>,
    window: &mut Window<'_>,
    number: u64,
) -> Result<Option<Entry>> {
    window.meter().charge(Limit::Steps, to_u64(subsections.len()))?;
    let place = subsections.iter().find_map(|run| {
        let inside = number.checked_sub(run.first).filter(|inside| *inside < run.count)?;
        inside.checked_mul(ENTRY)?.checked_add(run.at)
    });
    let Some(at) = place else { return Ok(None) };
    let bytes = window.read(
        "cross-reference entry",
        at,
        to_usize(ENTRY).unwrap_or_default(),
        Ahead::Block,
    )?;
    match plain_entry(bytes) {
        Some(entry) => Ok(entry),
        None => any_entry(bytes, at),
    }
}

/// An entry as it has to be written: ten digits, five, and `n` or `f`.
fn plain_entry(bytes: &[u8]) -> Option<Option<Entry>> {
    let (offset, rest) = bytes.split_first_chunk::<10>()?;
    let [b' ', generation @ .., b' ', kind, b' ' | b'\r', _] = rest else { return None };
    if generation.len() != 5 || !generation.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let offset = offset.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| sum.wrapping_mul(10).wrapping_add(u64::from(digit)))
    })?;
    match kind {
        b'n' => Some(Some(Entry::Offset(offset))),
        b'f' => Some(None),
        _ => None,
    }
}

/// An entry that is written in another way.
fn any_entry(bytes: &[u8], at: u64) -> Result<Option<Entry>> {
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

/// `/W`: the bytes of each of the three fields.
fn widths(value: &Value<'_>) -> Option<[usize; 3]> {
    let Value::Array(raw) = value else { return None };
    let mut widths = [0; 3];
    let mut values = array(raw);
    for width in &mut widths {
        *width = to_usize(values.next()?.number()?).filter(|width| *width <= 8)?;
    }
    (widths != [0; 3]).then_some(widths)
}

/// `/Index`: pairs of a first number and a count.
fn index(value: &Value<'_>) -> Option<Index> {
    const RUNS: usize = 16_384;
    let Value::Array(raw) = value else { return None };
    let mut index = Few::default();
    let mut numbers = array(raw).take(RUNS);
    while let Some(first) = numbers.next() {
        let first = first.number()?;
        let Some(count) = numbers.next() else { break };
        index.push((first, count.number()?));
    }
    Some(index)
}

impl XrefStream {
    fn lookup(&mut self, window: &mut Window<'_>, number: u64) -> Result<Option<Entry>> {
        window.meter().charge(Limit::Steps, to_u64(self.index.len()))?;
        let mut before: u64 = 0;
        let mut place = None;
        for (first, count) in self.index.iter() {
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
        let at = place.saturating_mul(to_u64(width));
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
        let end = at.saturating_add(to_u64(width));
        if end <= to_u64(self.kept.len()) {
            let start = to_usize(at).unwrap_or(usize::MAX);
            let end = to_usize(end).unwrap_or(usize::MAX);
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
        let whole = entries.saturating_mul(to_u64(width));
        let most = to_usize(whole).map_or(XREF_KEPT, |whole| whole.min(XREF_KEPT));
        let mut decode = self.form.decode();
        let kept = &mut self.kept;
        window.with_scratch(|window, piece| {
            while kept.len() < most {
                let read = match decode.read(window, piece) {
                    Ok(read) => read,
                    Err(error) if kept.is_empty() => return Err(error),
                    // What stands before the damage can still be believed, or be found wrong.
                    Err(error) if error.kind() == ErrorKind::Malformed => break,
                    Err(error) => return Err(error),
                };
                if read == 0 {
                    break;
                }
                meter.charge(Limit::Allocation, to_u64(read))?;
                #[allow(clippy::disallowed_methods)] // charged in the line before
                kept.extend_from_slice(piece.get(..read).unwrap_or_default());
            }
            Ok(())
        })?;
        if self.kept.is_empty() {
            return Err(malformed(self.form.at(), "the stream is empty"));
        }
        Ok(())
    }
}

fn skip(decode: &mut Decode, window: &mut Window<'_>, mut len: u64) -> Result<()> {
    window.with_scratch(|window, piece| {
        while len > 0 {
            let room = to_usize(len).map_or(piece.len(), |len| len.min(piece.len()));
            let read = decode.read(window, piece.get_mut(..room).unwrap_or_default())?;
            if read == 0 {
                break;
            }
            len = len.saturating_sub(to_u64(read));
        }
        Ok(())
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::pdf::file::load::load;
    use crate::container::pdf::tests::with_window;
    use proptest::prelude::*;

    /// What trailers and cross-reference streams have, and what they should not have.
    const ENTRIES: [&str; 48] = [
        "/Size 5",
        "/Root 1 0 R",
        "/Root 1 0 R",
        "/Root 1 0 R",
        "/Root <<>>",
        "/Info 3 0 R",
        "/Info 3 0 R",
        "/Info <</A 1>>",
        "/Prev 0",
        "/Prev 12",
        "/Prev -1",
        "/Prev null",
        "/XRefStm 7",
        "/ID [<00> (a)]",
        "/ID [<00> (\\))]",
        "/Type /XRef",
        "/Type /XRef",
        "/Type /XRef",
        "/W [1 2 1]",
        "/W [1 2 1]",
        "/W [1 2 1]",
        "/W [0 0 0]",
        "/W [1 2 9]",
        "/W [1 2 R]",
        "/Index [0 5]",
        "/Index [0 2 5 3 7]",
        "/Index [0 /A]",
        "/Filter /FlateDecode",
        "/Filter [/Fl]",
        "/Filter [/Fl /Fl]",
        "/Filter null",
        "/DecodeParms <</Predictor 12 /Columns 4>>",
        "/DecodeParms [<</Predictor 12 /Columns 400>>]",
        "/DecodeParms [null]",
        "/Length 5",
        "/Length 6 0 R",
        "/#50rev 5",
        "/Encrypt 5 0 R",
        "/Enc#72ypt 5 0 R",
        "/DL (encrypt)",
        "/DL /MicrosoftIRM",
        "/Unknown 1",
        "/Unknown 9 0 R",
        "% a comment\n",
        "]",
        "R",
        "/DL [[<<]]",
        "/F (",
    ];

    /// Text of a dictionary: its end may be missing, and it may be a long one.
    fn text(begin: &'static str) -> impl Strategy<Value = String> {
        let begin = proptest::sample::select(vec!["", begin]);
        let entries = proptest::collection::vec(proptest::sample::select(&ENTRIES[..]), 0..7);
        let end = proptest::sample::select(&[">>", ">>", ">>", ">", "", ">> >>", "%>>\n>>"][..]);
        let filler = prop_oneof![Just(0), Just(0), 900..1100_usize, 4000..4200_usize];
        (begin, entries, end, filler).prop_map(|(begin, entries, end, filler)| {
            let filler = match filler {
                0 => String::new(),
                _ => format!("/DL ({})", "x".repeat(filler)),
            };
            format!("<<{begin}{filler}{} {end}", entries.join(" "))
        })
    }

    proptest! {
        #[test]
        fn ordinary_trailers_say_what_any_other_does(text in text("/Size 5 /Root 1 0 R")) {
            let bytes = format!("trailer {text}");
            with_window(bytes.as_bytes(), |window| {
                let lead = Lead::Trailer;
                let seen = look::<TrailerFields>(window, 0, lead, "trailer").map(|seen| match seen {
                    Seen::Fields(said, _) => said.section(Kind::Table(Few::default())),
                    Seen::Object(trailer) => Section::of_table(Kind::Table(Few::default()), trailer),
                });
                let plainly = load(window, 0, lead, "trailer")
                    .map(|trailer| Section::of_table(Kind::Table(Few::default()), trailer));
                prop_assert_eq!(format!("{seen:?}"), format!("{plainly:?}"));
                Ok(())
            })?;
        }

        #[test]
        fn ordinary_streams_say_what_any_other_does(
            text in text("/Type /XRef /W [1 2 1] /Size 5"),
            behind in proptest::sample::select(&["stream\n.....", " stream\r\n.", "endobj", "", "str"][..]),
        ) {
            let bytes = format!("1 0 obj {text}{behind}");
            with_window(bytes.as_bytes(), |window| {
                let seen = Section::stream(window, 0);
                let plainly = load(window, 0, Lead::Indirect(None), "cross-reference stream");
                let plainly =
                    plainly.and_then(|trailer| Section::of_stream(0, trailer, window.len()));
                prop_assert_eq!(format!("{seen:?}"), format!("{plainly:?}"));
                Ok(())
            })?;
        }

        #[test]
        fn plain_entries_are_read_as_any_other(
            entry in "0{0,2}[0-9]{8,10}[ +][0-9]{4,6}[ /]?[nfx][ \r\n][\r\n]",
        ) {
            let bytes = entry.as_bytes().get(..20).unwrap_or_default();
            if let Some(entry) = plain_entry(bytes) {
                prop_assert_eq!(Some(entry), any_entry(bytes, 0).ok());
            }
        }
    }
}
