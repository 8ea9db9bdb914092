//! The candidates that a trailer names: encryption dictionaries, and the protected part of a
//! wrapper of version 1.

use super::candidates::Candidates;
use super::handler;
use crate::code::ErrorCode;
use crate::container::pdf::file::document::PdfDocument;
use crate::container::pdf::file::trailer::Trailer;
use crate::container::pdf::syntax::object::Object;
use crate::container::pdf::syntax::value::PdfValue;
use crate::error::{Error, Result};
use crate::kinds::{Container, Protection};
use crate::source::{Extent, Window};

/// Reads every candidate that `trailer` names. References are resolved by the cross-reference from
/// section `since` on, counted from the newest.
pub(crate) fn read(
    trailer: &Trailer<'_>,
    since: usize,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    if trailer.wrapper.is_some() {
        read_wrapper(trailer, window, out)?;
    }
    for value in &trailer.encrypt {
        match value {
            PdfValue::Ref(number) => {
                read_dictionaries(trailer, *number, since, document, window, out)?;
            }
            PdfValue::Dict(raw) => {
                let dictionary = Object::direct(raw, trailer.object.offset_of(raw));
                handler::read(&dictionary, document, window, out)?;
            }
            // A key with the value null is absent (ISO 32000-2 7.3.7).
            PdfValue::Null => {}
            _ => return Err(no_dictionary(trailer)),
        }
    }
    Ok(())
}

fn no_dictionary(trailer: &Trailer<'_>) -> Error {
    let (at, why) = (trailer.object.at(), "/Encrypt leads to no dictionary");
    Error::malformed(ErrorCode::MalformedPdfEncrypt, "trailer", at, why)
}

/// Reads the encryption dictionary with object number `number`. A scan may have found several
/// objects of that number. Each one that resembles an encryption dictionary is a candidate.
fn read_dictionaries(
    trailer: &Trailer<'_>,
    number: u64,
    since: usize,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    let objects = document.fetch_all(window, number, since)?;
    if let [object] = objects.as_slice() {
        return handler::read(object.as_ref().map_err(Error::clone)?, document, window, out);
    }
    let mut is_found = false;
    let mut refused = None;
    for object in objects {
        match object {
            Ok(object) if handler::resembles(&object) => {
                is_found = true;
                let read = handler::read(&object, document, window, out);
                out.keep_error(read)?;
            }
            Ok(_) => {}
            Err(error) => refused = Some(error),
        }
    }
    match refused {
        Some(error) => Err(error),
        None if is_found => Ok(()),
        None => match document.fetch(window, number)? {
            Some(object) => handler::read(&object, document, window, out),
            None => Err(no_dictionary(trailer)),
        },
    }
}

/// Reads `/Wrapper` and `/WrapperOffset`: the bytes before the offset are the protected PDF.
fn read_wrapper(
    trailer: &Trailer<'_>,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    let at = trailer.object.at();
    let kind = trailer.wrapper_type.as_deref().unwrap_or_default();
    if handler::is_microsoft_name(kind) {
        out.container(Container::PdfIrmV1);
        out.protects(Protection::Rms);
    }
    out.evidence("Wrapper/Type", &String::from_utf8_lossy(kind), at);
    let len = trailer.wrapper.flatten().filter(|len| (1..window.len()).contains(len));
    let Some(len) = len else {
        let why = "/WrapperOffset leads to no PDF";
        return Err(Error::malformed(ErrorCode::MalformedPdfTrailer, "trailer", at, why));
    };
    out.is_wrapper = true;
    out.layer(Extent { offset: 0, len })
}
