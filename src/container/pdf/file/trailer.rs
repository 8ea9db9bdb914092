//! Trailers of cross-reference sections (ISO 32000-2 7.5.5), and dictionaries of cross-reference
//! streams, which are trailers too (7.5.8).

use crate::code::ErrorCode;
use crate::container::pdf::layout::{SUSPECTS, TRAILER_KEYS, TRAILER_MARKERS_BY_C};
use crate::container::pdf::syntax::dict::{Dict, refs};
use crate::container::pdf::syntax::fields::{DictFields, DictText, set_once};
use crate::container::pdf::syntax::markers::contains_any;
use crate::container::pdf::syntax::object::Object;
use crate::container::pdf::syntax::value::PdfValue;
use crate::error::{Error, Result};

/// The trailer of a cross-reference section.
#[derive(Debug, Clone)]
pub(crate) enum TrailerInfo {
    /// A plain trailer: nothing in it is unusual or protects the file.
    Plain(PlainTrailer),
    /// Any other trailer.
    Whole(Object),
}

/// The references of a plain trailer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlainTrailer {
    pub(crate) root: Option<u64>,
    pub(crate) info: Option<u64>,
}

/// The entries of a trailer that matter for protection.
pub(crate) struct Trailer<'a> {
    pub(crate) object: &'a Object,
    /// Every value of `/Encrypt`.
    pub(crate) encrypt: Vec<PdfValue<'a>>,
    /// `/WrapperOffset`, if the trailer has `/Wrapper` or `/WrapperOffset`.
    pub(crate) wrapper: Option<Option<u64>>,
    /// `/Wrapper /Type`.
    pub(crate) wrapper_type: Option<Vec<u8>>,
    pub(crate) root: Option<u64>,
    info: Option<u64>,
    /// Whether `/Root` or `/Info` is a direct dictionary.
    has_direct: bool,
    /// Objects under unknown keys.
    pub(crate) suspects: Vec<u64>,
    /// Whether it is written in a way that no known producer uses.
    pub(crate) is_suspicious: bool,
    /// Whether tokens follow its dictionary.
    pub(crate) has_trailing_tokens: bool,
}

impl<'a> Trailer<'a> {
    pub(crate) fn read(object: &'a Object) -> Result<Trailer<'a>> {
        Ok(Trailer::of(object, &object.dict("trailer")?))
    }

    /// Returns the trailer `object`, whose dictionary is `dict`.
    pub(crate) fn of(object: &'a Object, dict: &Dict<'a>) -> Trailer<'a> {
        let encrypt: Vec<PdfValue<'a>> = dict.all(b"Encrypt").cloned().collect();
        let has_wrapper = dict.get(b"Wrapper").is_some() || dict.get(b"WrapperOffset").is_some();
        let mut trailer = Trailer {
            object,
            wrapper: has_wrapper.then(|| dict.number(b"WrapperOffset")),
            wrapper_type: wrapper_type(dict),
            root: dict.get(b"Root").and_then(PdfValue::reference),
            info: dict.get(b"Info").and_then(PdfValue::reference),
            has_direct: [&b"Root"[..], b"Info"]
                .iter()
                .any(|key| matches!(dict.get(key), Some(PdfValue::Dict(_)))),
            suspects: Vec::new(),
            has_trailing_tokens: dict.has_trailing_tokens(),
            is_suspicious: dict.is_unusual()
                || dict.contains_ignore_case(b"Encrypt") && encrypt.is_empty(),
            encrypt,
        };
        for (key, value) in dict.entries() {
            if !TRAILER_KEYS.contains(&key) {
                trailer.add_unknown(value);
            }
        }
        trailer.is_suspicious |= dict.contains_marker();
        trailer
    }

    /// Returns the references of the trailer, if it is plain.
    pub(crate) fn plain(&self) -> Option<PlainTrailer> {
        let is_plain = !self.is_protected() && self.suspects.is_empty() && !self.is_suspicious;
        let is_plain = is_plain && !self.has_direct;
        is_plain.then_some(PlainTrailer { root: self.root, info: self.info })
    }

    /// Adds the value of an unknown key.
    fn add_unknown(&mut self, value: &PdfValue<'_>) {
        match value {
            PdfValue::Ref(_) | PdfValue::Array(_) => {
                self.suspects.extend(refs(value).take(SUSPECTS));
                // A scan of the file finds the objects at the end of a long list.
                self.is_suspicious |= refs(value).nth(SUSPECTS).is_some();
            }
            // `/Encrypt` may be direct, and `/Wrapper` is.
            PdfValue::Dict(raw) => {
                let has = |key: &[u8]| Dict::parse(raw).is_ok_and(|dict| dict.get(key).is_some());
                self.is_suspicious |= has(b"Filter") || (has(b"Type") && has(b"Version"));
            }
            _ => {}
        }
    }

    /// Returns whether the trailer has `/Encrypt` or `/Wrapper`.
    pub(crate) fn is_protected(&self) -> bool {
        !self.encrypt.is_empty() || self.wrapper.is_some()
    }
}

fn wrapper_type(trailer: &Dict<'_>) -> Option<Vec<u8>> {
    trailer.dict(b"Wrapper")?.name(b"Type").map(<[u8]>::to_vec)
}

impl TrailerInfo {
    pub(crate) fn of(trailer: Object, plain: Option<PlainTrailer>) -> TrailerInfo {
        plain.map_or(TrailerInfo::Whole(trailer), TrailerInfo::Plain)
    }
}

/// The offsets of the older sections that a trailer names.
#[derive(Debug, Default)]
pub(crate) struct OlderSections {
    /// `/Prev` and `/XRefStm`.
    pub(crate) offsets: [Option<u64>; 2],
    /// The error that ended the reading of these entries.
    pub(crate) fault: Option<Error>,
}

impl OlderSections {
    /// Reads `/Prev` and `/XRefStm` up to the first value that is not an offset.
    pub(crate) fn read(trailer: &Dict<'_>, at: Option<u64>) -> OlderSections {
        let mut older = OlderSections::default();
        for (key, place) in [b"Prev".as_slice(), b"XRefStm"].iter().zip(&mut older.offsets) {
            match trailer.get(key) {
                // Some producers write zero if there is no older section.
                None | Some(PdfValue::Int(0) | PdfValue::Null) => {}
                Some(PdfValue::Int(offset)) if *offset > 0 => *place = Some(offset.unsigned_abs()),
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

/// The fields of a plain trailer (ISO 32000-2 tables 15 and 19).
#[derive(Clone, Default)]
pub(crate) struct TrailerFields {
    root: Option<u64>,
    info: Option<u64>,
    prev: Option<Option<u64>>,
    xref_stm: Option<Option<u64>>,
}

impl DictFields for TrailerFields {
    fn take(&mut self, key: &[u8], value: &PdfValue<'_>) -> Option<()> {
        match key {
            b"Root" => set_once(&mut self.root, value.reference()?),
            b"Info" => set_once(&mut self.info, value.reference()?),
            // Some producers write zero if there is no older section.
            b"Prev" => set_once(&mut self.prev, Some(value.number()?).filter(|at| *at > 0)),
            b"XRefStm" => set_once(&mut self.xref_stm, Some(value.number()?).filter(|at| *at > 0)),
            b"Size" | b"ID" => Some(()),
            b"Encrypt" | b"Wrapper" | b"WrapperOffset" => None,
            _ => TRAILER_KEYS.contains(&key).then_some(()),
        }
    }

    fn end(&self, text: &DictText<'_>) -> Option<()> {
        (!text.is_unusual && !contains_any(&TRAILER_MARKERS_BY_C, text.raw)).then_some(())
    }
}

impl TrailerFields {
    pub(crate) fn info(&self) -> TrailerInfo {
        TrailerInfo::Plain(PlainTrailer { root: self.root, info: self.info })
    }

    pub(crate) fn older(&self) -> OlderSections {
        OlderSections { offsets: [self.prev.flatten(), self.xref_stm.flatten()], fault: None }
    }
}
