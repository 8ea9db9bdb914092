//! How the data of a stream are stored (ISO 32000-2 7.3.8 and 7.4).

use super::dict::{Dict, array};
use super::fields::set_once;
use super::flate::{self, Decode, Predictor};
use super::lexer::Lexer;
use super::value::PdfValue;
use crate::bytes::to_usize;
use crate::code::ErrorCode;
use crate::container::pdf::layout::{COLUMNS, DICT_ENTRIES};
use crate::error::{Error, Result};
use crate::source::Window;

/// How the data of a stream are stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamForm {
    at: u64,
    end: u64,
    is_flate: bool,
    predictor: Predictor,
}

/// How an ordinary dictionary says that its stream is stored (ISO 32000-2 table 5).
#[derive(Default)]
pub(crate) struct Coding {
    length: Option<Option<u64>>,
    is_flate: Option<bool>,
    predictor: Option<Predictor>,
}

impl Coding {
    /// Takes one of these entries, or one that does not matter.
    pub(crate) fn take(&mut self, key: &[u8], value: &PdfValue<'_>) -> Option<()> {
        match key {
            b"Length" => set_once(&mut self.length, value.number()),
            b"Filter" => set_once(&mut self.is_flate, is_flate(value)?),
            b"DecodeParms" => set_once(&mut self.predictor, predictor(value)?),
            _ => Some(()),
        }
    }

    /// That of a stream whose data begin at `at`.
    pub(crate) fn form(&self, at: u64, file: u64) -> StreamForm {
        let is_flate = self.is_flate.unwrap_or_default();
        // A compressed stream knows its own end; the length is only needed for a stored one.
        let len = self.length.flatten().filter(|_| !is_flate);
        let end = len.and_then(|len| at.checked_add(len)).map_or(file, |end| end.min(file));
        StreamForm { at, end, is_flate, predictor: self.predictor.unwrap_or(Predictor::None) }
    }
}

impl StreamForm {
    /// How the stream with this dictionary and data from `at` on is stored.
    pub(crate) fn of(dict: &Dict<'_>, at: u64, file: u64) -> Result<StreamForm> {
        let unsupported =
            |why| Error::malformed(ErrorCode::MalformedPdfStream, "stream dictionary", at, why);
        let is_flate = is_flate(dict.get(b"Filter").unwrap_or(&PdfValue::Null))
            .ok_or_else(|| unsupported("a filter other than FlateDecode"))?;
        let predictor = predictor(dict.get(b"DecodeParms").unwrap_or(&PdfValue::Null))
            .ok_or_else(|| unsupported("a predictor that no such stream has"))?;
        let coding = Coding {
            length: Some(dict.number(b"Length")),
            is_flate: Some(is_flate),
            predictor: Some(predictor),
        };
        Ok(coding.form(at, file))
    }

    pub(crate) fn decode(&self) -> Decode {
        if self.is_flate {
            Decode::flate(self.at, self.end, self.predictor)
        } else {
            Decode::stored(self.at, self.end, self.predictor)
        }
    }

    /// Where the data begin.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    pub(crate) fn is_flate(&self) -> bool {
        self.is_flate
    }

    /// The same with its length known.
    pub(crate) fn with_len(self, len: u64) -> StreamForm {
        StreamForm { end: self.at.saturating_add(len).min(self.end), ..self }
    }

    pub(crate) fn has_predictor(&self) -> bool {
        self.predictor != Predictor::None
    }

    /// All of the data, which stay under `most` bytes.
    pub(crate) fn all(&self, window: &mut Window<'_>, most: usize) -> Result<Vec<u8>> {
        flate::all(&mut self.decode(), window, most)
    }
}

/// Returns whether `/Filter` is FlateDecode; `None` if it is anything else but no filter. `Crypt`
/// is left out: whether the data are encrypted is decided elsewhere.
fn is_flate(value: &PdfValue<'_>) -> Option<bool> {
    let is_flate = |value: &PdfValue<'_>| value.is_name(b"FlateDecode") || value.is_name(b"Fl");
    match value {
        PdfValue::Null => Some(false),
        PdfValue::Array(raw) => {
            let mut filters = array(raw).filter(|filter| !filter.is_name(b"Crypt"));
            match (filters.next(), filters.next()) {
                (None, _) => Some(false),
                (Some(filter), None) => is_flate(&filter).then_some(true),
                _ => None,
            }
        }
        value if value.is_name(b"Crypt") => Some(false),
        value => is_flate(value).then_some(true),
    }
}

/// Returns whether the stream has the crypt filter `Identity`, which is the default of `Crypt`
/// (ISO 32000-2 table 14).
pub(crate) fn has_identity(dict: &Dict<'_>) -> bool {
    let is_identity = |parms: Option<&PdfValue<'_>>| match parms {
        Some(PdfValue::Dict(raw)) => Dict::parse(raw)
            .is_ok_and(|parms| parms.name(b"Name").is_none_or(|it| it == b"Identity")),
        None | Some(PdfValue::Null) => true,
        _ => false,
    };
    let parms = dict.get(b"DecodeParms");
    match dict.get(b"Filter") {
        Some(PdfValue::Array(raw)) => {
            let place = array(raw).position(|filter| filter.is_name(b"Crypt"));
            place.is_some_and(|place| match parms {
                Some(PdfValue::Array(raw)) => is_identity(array(raw).nth(place).as_ref()),
                parms => is_identity(parms),
            })
        }
        Some(filter) => filter.is_name(b"Crypt") && is_identity(parms),
        None => false,
    }
}

/// Returns the predictor of `/DecodeParms`: the first that one of its dictionaries names.
fn predictor(value: &PdfValue<'_>) -> Option<Predictor> {
    let of_one = |value: &PdfValue<'_>| match value {
        PdfValue::Null => Some(Predictor::None),
        PdfValue::Dict(raw) => predictor_of(raw),
        _ => None,
    };
    match value {
        PdfValue::Array(raw) => {
            for value in array(raw).take(2) {
                match of_one(&value)? {
                    Predictor::None => {}
                    predictor => return Some(predictor),
                }
            }
            Some(Predictor::None)
        }
        value => of_one(value),
    }
}

/// What such a dictionary says of a predictor (ISO 32000-2 table 8).
fn predictor_of(raw: &[u8]) -> Option<Predictor> {
    let (mut predictor, mut columns, mut colors, mut bits) = (None, None, None, None);
    let mut lexer = Lexer::whole(raw);
    let mut room = DICT_ENTRIES;
    while let Some((key, value)) = lexer.entry().ok()? {
        room = room.checked_sub(1)?;
        let field = match key.as_ref() {
            b"Predictor" => &mut predictor,
            b"Columns" => &mut columns,
            b"Colors" => &mut colors,
            b"BitsPerComponent" => &mut bits,
            _ => continue,
        };
        field.get_or_insert_with(|| value.number());
    }
    match predictor {
        None | Some(Some(1)) => Some(Predictor::None),
        Some(Some(10..=15)) => {
            let columns = columns.map_or(Some(1), |columns| to_usize(columns?))?;
            let plain = |field: Option<Option<u64>>, value| {
                field.flatten().is_none_or(|found| found == value)
            };
            let fits = (1..=COLUMNS).contains(&columns);
            (fits && plain(colors, 1) && plain(bits, 8)).then_some(Predictor::Png { columns })
        }
        _ => None,
    }
}
