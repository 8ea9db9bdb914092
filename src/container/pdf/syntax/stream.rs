//! [`StreamForm`]: location and filters of the data of a stream (ISO 32000-2 7.3.8 and 7.4).

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

/// The location of the data of a stream, and the filters that encode them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamForm {
    at: u64,
    end: u64,
    is_flate: bool,
    predictor: Predictor,
}

/// The entries of a stream dictionary that describe its data (ISO 32000-2 table 5).
#[derive(Default)]
pub(crate) struct Coding {
    length: Option<Option<u64>>,
    is_flate: Option<bool>,
    predictor: Option<Predictor>,
}

impl Coding {
    /// Adds an entry. Ignores every key but `/Length`, `/Filter` and `/DecodeParms`. Returns `None`
    /// if the value is not supported or the key is repeated.
    pub(crate) fn take(&mut self, key: &[u8], value: &PdfValue<'_>) -> Option<()> {
        match key {
            b"Length" => set_once(&mut self.length, value.number()),
            b"Filter" => set_once(&mut self.is_flate, is_flate(value)?),
            b"DecodeParms" => set_once(&mut self.predictor, predictor(value)?),
            _ => Some(()),
        }
    }

    /// Returns the form of a stream whose data begin at `at`. `file` is the length of the file.
    pub(crate) fn form(&self, at: u64, file: u64) -> StreamForm {
        let is_flate = self.is_flate.unwrap_or_default();
        // A compressed stream marks its own end. Only a stored one needs the length.
        let len = self.length.flatten().filter(|_| !is_flate);
        let end = len.and_then(|len| at.checked_add(len)).map_or(file, |end| end.min(file));
        StreamForm { at, end, is_flate, predictor: self.predictor.unwrap_or(Predictor::None) }
    }
}

impl StreamForm {
    /// Returns the form of the stream with this dictionary, whose data begin at `at`. `file` is the
    /// length of the file.
    pub(crate) fn of(dict: &Dict<'_>, at: u64, file: u64) -> Result<StreamForm> {
        let unsupported =
            |why| Error::malformed(ErrorCode::MalformedPdfStream, "stream dictionary", at, why);
        let is_flate = is_flate(dict.get(b"Filter").unwrap_or(&PdfValue::Null))
            .ok_or_else(|| unsupported("a filter other than FlateDecode"))?;
        let predictor = predictor(dict.get(b"DecodeParms").unwrap_or(&PdfValue::Null))
            .ok_or_else(|| unsupported("a predictor that is not supported"))?;
        let coding = Coding {
            length: Some(dict.number(b"Length")),
            is_flate: Some(is_flate),
            predictor: Some(predictor),
        };
        Ok(coding.form(at, file))
    }

    /// Returns a decoder at the start of the data.
    pub(crate) fn decode(&self) -> Decode {
        if self.is_flate {
            Decode::flate(self.at, self.end, self.predictor)
        } else {
            Decode::stored(self.at, self.end, self.predictor)
        }
    }

    /// Returns the offset of the data.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    pub(crate) fn is_flate(&self) -> bool {
        self.is_flate
    }

    /// Returns the same form with a length for the stored data.
    pub(crate) fn with_len(self, len: u64) -> StreamForm {
        StreamForm { end: self.at.saturating_add(len).min(self.end), ..self }
    }

    pub(crate) fn has_predictor(&self) -> bool {
        self.predictor != Predictor::None
    }

    /// Decodes all data. Fails if they are longer than `most` bytes.
    pub(crate) fn all(&self, window: &mut Window<'_>, most: usize) -> Result<Vec<u8>> {
        flate::all(&mut self.decode(), window, most)
    }
}

/// Returns whether `/Filter` is FlateDecode, false without a filter, and `None` for any other
/// filter. Ignores `Crypt`: other code decides whether the data are encrypted.
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

/// Returns whether the stream has the crypt filter `Identity`, the default of `Crypt`
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
            let index = array(raw).position(|filter| filter.is_name(b"Crypt"));
            index.is_some_and(|index| match parms {
                Some(PdfValue::Array(raw)) => is_identity(array(raw).nth(index).as_ref()),
                parms => is_identity(parms),
            })
        }
        Some(filter) => filter.is_name(b"Crypt") && is_identity(parms),
        None => false,
    }
}

/// Returns the first predictor in `/DecodeParms`, or `None` if it is not supported.
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

/// Returns the predictor in one dictionary of `/DecodeParms` (ISO 32000-2 table 8).
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
