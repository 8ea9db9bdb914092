//! File specifications of wrappers (ISO 32000-2 7.6.7), and the payloads that they reference.

use super::candidates::{CandidateKind, Candidates};
use super::handler::PayloadHandler;
use super::{handler, label, payload};
use crate::code::ErrorCode;
use crate::container::pdf::file::document::PdfDocument;
use crate::container::pdf::layout::{ENCRYPTED_PAYLOAD, MICROSOFT_IRM};
use crate::container::pdf::syntax::object::Object;
use crate::container::pdf::syntax::value::PdfValue;
use crate::container::pdf::types::is_about_one;
use crate::error::{Error, Result};
use crate::kinds::{Container, Protection};
use crate::source::Window;

/// The kind of file that an object describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// The payload of a wrapper.
    Payload,
    /// Any other file.
    Attachment,
    /// The object is not a file specification.
    None,
}

/// Returns the kind of file that an object describes.
pub(crate) fn file_kind(file: &Object) -> FileKind {
    let Ok(dict) = file.dict("file specification") else { return FileKind::None };
    let mut relationships = dict.all(b"AFRelationship");
    let is_payload = relationships.any(|value| value.is_name(ENCRYPTED_PAYLOAD))
        || dict.get(b"EP").is_some()
        || file.contains_marker() && !handler::is_orphan(file);
    if is_payload && file.data.is_none() {
        FileKind::Payload
    } else if dict.get(b"EF").is_some() || dict.get(b"F").is_some() || dict.get(b"UF").is_some() {
        FileKind::Attachment
    } else {
        FileKind::None
    }
}

/// Reads the file specification of a wrapper: reports its protection, and emits each payload. Each
/// referenced stream is a payload, and a payload that cannot be read is a candidate too.
pub(crate) fn read(
    file: &Object,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    if !out.is_new(CandidateKind::Wrapper, file.at()) {
        return Ok(());
    }
    let dict = file.dict("file specification")?;
    let entry = document.fetch_dict(window, &dict, b"EP")?;
    let subtype = match entry.as_ref().map(|entry| entry.dict("EP")).transpose()? {
        Some(entry) => entry.name(b"Subtype").map(<[u8]>::to_vec),
        None => None,
    };
    let subtype = subtype.unwrap_or_default();
    out.evidence("EP/Subtype", &String::from_utf8_lossy(&subtype), file.at());
    out.is_wrapper = true;
    if out.options().labels {
        label::read(document, window, &mut **out);
    }
    let handler =
        if handler::is_microsoft_name(&subtype) || file.contains_ignore_case(MICROSOFT_IRM) {
            out.container(Container::PdfIrmV2);
            out.protects(Protection::Rms);
            PayloadHandler::Microsoft
        } else if handler::is_other_name(&subtype) {
            out.protects(Protection::Other);
            PayloadHandler::Other
        } else {
            // The encryption dictionary of the payload decides.
            PayloadHandler::Unknown
        };
    let missing = |why| Error::malformed(ErrorCode::LicenseMissing, "EmbeddedFile", file.at(), why);
    let mut numbers = Vec::new();
    let mut has_files = false;
    for value in dict.all(b"EF") {
        let files = match value {
            PdfValue::Ref(number) => document.fetch(window, *number)?,
            PdfValue::Dict(raw) => Some(Object::direct(raw, None)),
            _ => None,
        };
        let Some(files) = files else { continue };
        has_files = true;
        let files = files.dict("EF")?;
        numbers.extend(files.entries().filter_map(|(_, value)| value.reference()));
    }
    // Most file specifications reference one stream under two keys.
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        let why =
            if has_files { "/EF leads to no stream" } else { "the wrapper contains no payload" };
        return out.unread(missing(why));
    }
    for number in numbers {
        let mut is_found = false;
        for stream in streams(number, document, window)? {
            let read = match stream {
                Ok(stream) if stream.data.is_some() => {
                    is_found = true;
                    payload::read(&stream, handler, document, window, out)
                }
                Ok(_) => continue,
                Err(error) => Err(error),
            };
            is_found |= read.is_err();
            out.keep_error(read)?;
        }
        if !is_found {
            out.unread(missing("/EF leads to no stream"))?;
        }
    }
    Ok(())
}

/// Returns the embedded files with object number `number`. A scan may find several objects of that
/// number, some of them inside an embedded file.
fn streams(
    number: u64,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
) -> Result<Vec<Result<Object>>> {
    let mut objects = match document.fetch_all(window, number, 0) {
        Err(error) if is_about_one(&error) => return Ok(vec![Err(error)]),
        objects => objects?,
    };
    let is_file = |object: &Result<Object>| {
        let dict = object.as_ref().ok().filter(|object| object.data.is_some());
        let dict = dict.and_then(|object| object.dict("EmbeddedFile").ok());
        dict.is_some_and(|dict| dict.name(b"Type") == Some(b"EmbeddedFile"))
    };
    if objects.len() > 1 && objects.iter().any(is_file) {
        objects.retain(is_file);
    }
    Ok(objects)
}
