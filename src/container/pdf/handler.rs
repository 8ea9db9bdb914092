//! The encryption dictionary (ISO 32000-2 7.6.2): whose handler it is, and Microsoft's license.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::document::Document;
use super::flate;
use super::layout::{MICROSOFT_IRM, PUBLISHING_LICENSE, SIGNS, STANDARD};
use super::lex::is_space;
use super::object::{Dict, Object, is_verbatim, string};
use super::value::Value;
use crate::bytes::wide;
use crate::container::{Anomaly, Container, LicenseBytes, Protection, Sink};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{Limit, Meter};
use crate::source::Window;

/// Base64 as tolerant as it is met: padded or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Whether `name` is Microsoft's handler, or was before a byte of it changed.
pub(super) fn is_microsoft_name(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(MICROSOFT_IRM)
        || SIGNS.iter().take(1).any(|sign| super::object::mentions(name, sign))
}

/// Whether the dictionary is Microsoft's: by its handler's name, or by what only that one writes.
pub(super) fn is_microsoft(dictionary: &Object) -> bool {
    SIGNS.iter().take(2).any(|sign| dictionary.mentions(sign))
}

/// Whether an object that should not be one looks like an encryption dictionary.
pub(super) fn resembles(object: &Object) -> bool {
    let Ok(dict) = object.dict("Encrypt") else { return is_microsoft(object) };
    let is_handler = dict.get(b"Filter").is_some() && dict.get(b"V").is_some();
    object.data.is_none() && (is_handler || is_microsoft(object))
}

/// Tells the sink whose handler it is, and hands the license over.
pub(super) fn read(
    dictionary: &Object,
    document: &mut Document,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<()> {
    let malformed =
        |why| Error::malformed("malformed-pdf-encrypt", "Encrypt", dictionary.at(), why);
    if dictionary.data.is_some() {
        return Err(malformed("is a stream"));
    }
    if is_microsoft(dictionary) {
        return read_microsoft(dictionary, document, window, sink);
    }
    let dict = dictionary.dict("Encrypt")?;
    let filter = match dict.get(b"Filter") {
        Some(value) => name(value, document, window)?,
        None => None,
    };
    let Some(filter) = filter.filter(|_| dict.get(b"Type").is_none_or(is_encrypt)) else {
        return Err(malformed("names no handler"));
    };
    sink.evidence("Encrypt/Filter", &String::from_utf8_lossy(&filter), dictionary.at());
    if filter == STANDARD {
        sink.protection(Protection::Password);
    } else if is_microsoft_name(&filter) {
        return read_microsoft(dictionary, document, window, sink);
    } else {
        sink.protection(Protection::Other);
    }
    Ok(())
}

fn is_encrypt(value: &Value<'_>) -> bool {
    matches!(value, Value::Name(name) if name.as_ref() == b"Encrypt")
}

fn name(
    value: &Value<'_>,
    document: &mut Document,
    window: &mut Window<'_>,
) -> Result<Option<Vec<u8>>> {
    Ok(match value {
        Value::Name(name) => Some(name.to_vec()),
        Value::Ref(number) => match document.fetch(window, *number)?.as_ref().map(Object::value) {
            Some(Value::Name(name)) => Some(name.to_vec()),
            _ => None,
        },
        _ => None,
    })
}

fn read_microsoft(
    dictionary: &Object,
    document: &mut Document,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<()> {
    let meter = window.meter();
    sink.protection(Protection::Rms);
    let dict = dictionary.dict("Encrypt")?;
    // Absent reads as zero, which is version 1 (the SDK's `GetInteger`).
    let is_v2 = dict.number(b"MicrosoftIRMVersion").is_some_and(|version| version >= 2);
    sink.container(if is_v2 { Container::PdfIrmV2 } else { Container::PdfIrmV1 });
    let filter = dict.name(b"Filter").unwrap_or_default();
    sink.evidence("Encrypt/Filter", &String::from_utf8_lossy(filter), dictionary.at());
    if !filter.eq_ignore_ascii_case(MICROSOFT_IRM) {
        sink.anomaly(Anomaly::NonSpecLayout, dictionary.at());
    }
    let mut found = false;
    for value in dict.all(PUBLISHING_LICENSE) {
        let indirect = match value {
            Value::Ref(number) => document.fetch(window, *number)?,
            _ => None,
        };
        let (holder, value) = match &indirect {
            Some(object) => (object, object.value()),
            None => (dictionary, value.clone()),
        };
        found |= emit(holder, &value, is_v2, meter, sink)?;
    }
    if found {
        return Ok(());
    }
    let (code, at) = ("license-missing", dictionary.at());
    Err(Error::malformed(code, "Encrypt", at, "has no /PublishingLicense string"))
}

/// Hands one license over; false where `value` is no string.
fn emit(
    holder: &Object,
    value: &Value<'_>,
    is_v2: bool,
    meter: &Meter,
    sink: &mut dyn Sink,
) -> Result<bool> {
    let Some(bytes) = string(value, meter)? else { return Ok(false) };
    // The version says how it is coded; where the bytes say something else they are right.
    let is_plain = is_xrml(&bytes);
    if is_plain != is_v2 {
        sink.anomaly(Anomaly::NonSpecLayout, holder.at());
    }
    if is_plain {
        let offset = match value {
            Value::Literal(raw) if is_verbatim(value) => holder.offset_of(raw),
            _ => None,
        };
        sink.license(LicenseBytes { bytes: &bytes, offset })?;
        return Ok(true);
    }
    match unpack(&bytes, meter) {
        Ok(license) => sink.license(LicenseBytes { bytes: &license, offset: None })?,
        // What it is, the license stage can say better.
        Err(error) if is_v2 && error.kind() == ErrorKind::Malformed => {
            sink.license(LicenseBytes { bytes: &bytes, offset: None })?;
        }
        Err(error) => return Err(error.with_offset(holder.at())),
    }
    Ok(true)
}

/// Whether the bytes begin as XrML does in any of its encodings.
fn is_xrml(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0xEF, 0xBB, 0xBF, ..] | [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'<', ..] | [0, b'<', ..]
    )
}

/// Version 1: base64 around zlib.
fn unpack(bytes: &[u8], meter: &Meter) -> Result<Vec<u8>> {
    meter.charge(Limit::Allocation, wide(bytes.len()).saturating_mul(2))?;
    let letters: Vec<u8> = bytes.iter().copied().filter(|byte| !is_space(*byte)).collect();
    let unreadable = |why| Error::malformed("license-unreadable", "PublishingLicense", None, why);
    let packed = BASE64.decode(&letters).map_err(|_| unreadable("is no base64"))?;
    let most = meter.allowed(Limit::LicenseBytes);
    flate::in_memory(&packed, most, meter).map_err(|error| match error.kind() {
        ErrorKind::Malformed => unreadable("is no zlib stream"),
        _ => error,
    })
}

/// Tries an object that mentions the handler but that no trailer leads to.
pub(super) fn read_orphan(
    object: &Object,
    document: &mut Document,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<bool> {
    let has_license = |dict: &Dict<'_>| dict.get(PUBLISHING_LICENSE).is_some();
    let is_ours = object.dict("Encrypt").is_ok_and(|dict| {
        has_license(&dict) || dict.name(b"Filter").is_some_and(is_microsoft_name)
    });
    if is_ours && object.data.is_none() {
        read_microsoft(object, document, window, sink)?;
    }
    Ok(is_ours)
}
