//! The encryption dictionary (ISO 32000-2 7.6.2): the security handler, and the license of
//! Microsoft's handler.

use crate::container::pdf::syntax::markers::contains_ignore_case;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::candidates::{CandidateKind, Candidates};
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::container::pdf::file::document::PdfDocument;
use crate::container::pdf::layout::{
    FOXIT_RMS, MARKERS, MICROSOFT_IRM, OTHER_HANDLERS, PUBLISHING_LICENSE, STANDARD,
};
use crate::container::pdf::syntax::dict::Dict;
use crate::container::pdf::syntax::flate;
use crate::container::pdf::syntax::lexer::is_space;
use crate::container::pdf::syntax::object::Object;
use crate::container::pdf::syntax::string::{is_verbatim, string};
use crate::container::pdf::syntax::value::PdfValue;
use crate::container::pdf::types::is_about_one;
use crate::container::sink::{LicenseBytes, Sink};
use crate::error::{Error, ErrorKind, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::limits::{Limit, Meter};
use crate::source::Window;

/// Base64 with or without padding: producers write both.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The security handler that a wrapper names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PayloadHandler {
    Microsoft,
    Other,
    Unknown,
}

/// Returns whether `name` is a name of Microsoft's handler, with at most its end damaged.
pub(crate) fn is_microsoft_name(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(MICROSOFT_IRM)
        || FOXIT_RMS.iter().any(|foxit| name.eq_ignore_ascii_case(foxit))
        || MARKERS.iter().take(1).any(|marker| contains_ignore_case(name, marker))
}

/// Returns whether `name` is a known handler that needs no rights management server of Microsoft.
pub(crate) fn is_other_name(name: &[u8]) -> bool {
    name == STANDARD || OTHER_HANDLERS.contains(&name)
}

/// Returns whether the dictionary names Microsoft's handler, or contains a marker of it.
fn is_microsoft(dictionary: &Object) -> bool {
    MARKERS.iter().take(2).any(|marker| dictionary.contains_ignore_case(marker))
        || dictionary.dict("Encrypt").is_ok_and(|dict| names_microsoft(&dict))
}

/// Returns whether the dictionary or one of its crypt filters names Microsoft's handler.
fn names_microsoft(dict: &Dict<'_>) -> bool {
    let is_ours =
        |value: &PdfValue<'_>| matches!(value, PdfValue::Name(name) if is_microsoft_name(name));
    let names = [&b"Filter"[..], b"StmF", b"StrF", b"EFF"];
    names.iter().flat_map(|key| dict.all(key)).any(is_ours)
        || dict.get(PUBLISHING_LICENSE).is_some()
        || dict.dict(b"CF").is_some_and(|filters| {
            let mut keys = filters.entries().map(|(key, _)| key);
            keys.any(is_microsoft_name)
        })
}

/// Returns whether an object that no trailer references resembles an encryption dictionary.
pub(crate) fn resembles(object: &Object) -> bool {
    let Ok(dict) = object.dict("Encrypt") else { return is_microsoft(object) };
    let is_handler = dict.get(b"Filter").is_some() && dict.get(b"V").is_some();
    // The file specification of a wrapper names the handler as well.
    let is_file = dict.get(b"EF").is_some() || dict.get(b"AFRelationship").is_some();
    object.data.is_none() && (is_handler || is_microsoft(object) && !is_file)
}

/// Reads one encryption dictionary: reports the protection of its handler, and emits its licenses.
pub(crate) fn read(
    dictionary: &Object,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    let malformed =
        |why| Error::malformed(ErrorCode::MalformedPdfEncrypt, "Encrypt", dictionary.at(), why);
    if out.has_read(CandidateKind::Dictionary, dictionary.at()) {
        document.note_encryption(&dictionary.dict("Encrypt")?);
        return Ok(());
    }
    if dictionary.data.is_some() {
        return Err(malformed("is a stream"));
    }
    if is_microsoft(dictionary) {
        return read_microsoft(dictionary, document, window, out);
    }
    let dict = dictionary.dict("Encrypt")?;
    if !dict.get(b"Type").is_none_or(is_encrypt) {
        return Err(malformed("is another dictionary"));
    }
    let mut names = Vec::new();
    for value in dict.all(b"Filter") {
        names.push(name(value, document, window)?.ok_or_else(|| malformed("names no handler"))?);
    }
    if names.is_empty() {
        return Err(malformed("names no handler"));
    }
    document.note_encryption(&dict);
    let all = |known: &dyn Fn(&[u8]) -> bool| names.iter().all(|name| known(name));
    if names.iter().any(|name| is_microsoft_name(name)) {
        return read_microsoft(dictionary, document, window, out);
    }
    out.is_new(CandidateKind::Dictionary, dictionary.at());
    for name in &names {
        out.evidence("Encrypt/Filter", &String::from_utf8_lossy(name), dictionary.at());
    }
    if all(&|name| name == STANDARD) {
        out.protects(Protection::Password);
    } else if all(&is_other_name) {
        out.protects(Protection::Other);
    } else {
        let (code, at) = (ErrorCode::UnknownTransform, dictionary.at());
        let why = "a security handler that is not known";
        out.unread(Error::unsupported(code, "Encrypt", at, why))?;
    }
    Ok(())
}

fn is_encrypt(value: &PdfValue<'_>) -> bool {
    matches!(value, PdfValue::Name(name) if name.as_ref() == b"Encrypt")
}

/// Returns a name, direct or indirect.
fn name(
    value: &PdfValue<'_>,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
) -> Result<Option<Vec<u8>>> {
    Ok(match value {
        PdfValue::Name(name) => Some(name.to_vec()),
        PdfValue::Ref(number) => match document.fetch(window, *number)?.as_ref().map(Object::value)
        {
            Some(PdfValue::Name(name)) => Some(name.to_vec()),
            _ => None,
        },
        _ => None,
    })
}

/// Reads an encryption dictionary of Microsoft's handler.
fn read_microsoft(
    dictionary: &Object,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    out.protects(Protection::Rms);
    let dict = dictionary.dict("Encrypt")?;
    document.note_encryption(&dict);
    // A missing version is zero, which means version 1 (`GetInteger` of the SDK).
    let is_v2 = dict.number(b"MicrosoftIRMVersion").is_some_and(|version| version >= 2);
    out.container(if is_v2 { Container::PdfIrmV2 } else { Container::PdfIrmV1 });
    let filter = dict.name(b"Filter").unwrap_or_default();
    out.evidence("Encrypt/Filter", &String::from_utf8_lossy(filter), dictionary.at());
    let is_named = filter.eq_ignore_ascii_case(MICROSOFT_IRM)
        || FOXIT_RMS.iter().any(|foxit| filter.eq_ignore_ascii_case(foxit))
        || matches!(dict.get(b"Filter"), Some(PdfValue::Ref(_)));
    if !is_named || dict.has_trailing_tokens() {
        out.anomaly(Anomaly::NonSpecLayout, dictionary.at());
        let why = "the name of its handler is damaged, or it ends too early";
        out.report_incomplete(Error::malformed(
            ErrorCode::MalformedPdfEncrypt,
            "Encrypt",
            dictionary.at(),
            why,
        ));
    }
    let found = emit_all(dictionary, &dict, is_v2, document, window, out)?;
    out.is_new(CandidateKind::Dictionary, dictionary.at());
    if found {
        return Ok(());
    }
    let (code, at) = (ErrorCode::LicenseMissing, dictionary.at());
    out.unread(Error::malformed(code, "Encrypt", at, "has no /PublishingLicense string"))
}

/// Emits each license of an encryption dictionary and of its crypt filters. Returns whether there
/// is at least one, readable or not.
fn emit_all(
    dictionary: &Object,
    dict: &Dict<'_>,
    is_v2: bool,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<bool> {
    let filters = dict.dict(b"CF");
    let inner: Vec<Dict<'_>> = filters
        .iter()
        .flat_map(Dict::entries)
        .filter_map(|(_, value)| match value {
            PdfValue::Dict(raw) => Dict::parse(raw).ok(),
            _ => None,
        })
        .collect();
    let mut found = false;
    for value in std::iter::once(dict).chain(&inner).flat_map(|dict| dict.all(PUBLISHING_LICENSE)) {
        let indirect = match value {
            PdfValue::Ref(number) => document.fetch(window, *number)?,
            _ => None,
        };
        let (object, value) = match &indirect {
            Some(indirect) => (indirect, indirect.value()),
            None => (dictionary, value.clone()),
        };
        let emitted = emit(object, &value, is_v2, window.meter(), &mut **out);
        found |= match emitted {
            Ok(emitted) => emitted,
            Err(error) if is_about_one(&error) => out.unread(error).map(|()| true)?,
            Err(error) => return Err(error),
        };
    }
    Ok(found)
}

/// Emits one license. Returns false if `value` is not a string.
fn emit(
    object: &Object,
    value: &PdfValue<'_>,
    is_v2: bool,
    meter: &Meter<'_>,
    sink: &mut dyn Sink,
) -> Result<bool> {
    let Some(bytes) = string(value, meter)? else { return Ok(false) };
    // The version defines the encoding. If the bytes contradict it, the bytes are used.
    let is_plain = is_xrml(&bytes);
    if is_plain != is_v2 {
        sink.anomaly(Anomaly::NonSpecLayout, object.at());
    }
    if is_plain {
        let offset = match value {
            PdfValue::Literal(raw) if is_verbatim(value) => object.offset_of(raw),
            _ => None,
        };
        sink.license(LicenseBytes { bytes: &bytes, offset })?;
        return Ok(true);
    }
    match unpack(&bytes, meter) {
        Ok(license) => sink.license(LicenseBytes { bytes: &license, offset: None })?,
        // The license stage reports the damage.
        Err(error) if is_v2 && error.kind() == ErrorKind::Malformed => {
            sink.license(LicenseBytes { bytes: &bytes, offset: None })?;
        }
        Err(error) => return Err(error.with_offset(object.at())),
    }
    Ok(true)
}

/// Returns whether the bytes begin like XrML in any of its encodings.
fn is_xrml(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0xEF, 0xBB, 0xBF, ..] | [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'<', ..] | [0, b'<', ..]
    )
}

/// Decodes the license of version 1: base64 of a zlib stream.
fn unpack(bytes: &[u8], meter: &Meter) -> Result<Vec<u8>> {
    meter.charge(Limit::Allocation, to_u64(bytes.len()).saturating_mul(2))?;
    let letters: Vec<u8> = bytes.iter().copied().filter(|byte| !is_space(*byte)).collect();
    let unreadable =
        |why| Error::malformed(ErrorCode::LicenseUnreadable, "PublishingLicense", None, why);
    let packed = BASE64.decode(&letters).map_err(|_| unreadable("is no base64"))?;
    let most = meter.allowed(Limit::LicenseBytes);
    flate::in_memory(&packed, most, meter).map_err(|error| match error.kind() {
        ErrorKind::Malformed => unreadable("is no zlib stream"),
        _ => error,
    })
}

/// Returns whether an object that no trailer references is an encryption dictionary of Microsoft's
/// handler.
pub(crate) fn is_orphan(object: &Object) -> bool {
    object.data.is_none() && object.dict("Encrypt").is_ok_and(|dict| names_microsoft(&dict))
}
