//! Files attached to a document that nothing protects (ISO 32000-2 7.11.4): those of the name tree
//! `/EmbeddedFiles`, which whoever asks for all members looks into.

use super::catalog::step;
use super::document::Document;
use super::object::{Dict, Object, string, text};
use super::payload::declared;
use super::stream::StreamForm;
use super::value::Value;
use crate::bytes::{narrow, wide};
use crate::container::{Body, Member, Name, Sink, is_known, is_named_protected, not_as_named};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limit;
use crate::source::{Encoding, Extent, Window, head_of};

/// Bytes of an attachment that are looked at to tell whether anything can come of it.
const HEAD: usize = 4096;
/// Bytes of memory that a member takes while it waits.
const WAITING: u64 = 512;

/// Hands on the file that a file specification attaches. Damage of one does not hide the others.
pub(super) fn read(
    file: &Object,
    document: &mut Document,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<()> {
    match attached(file, document, window, sink) {
        Err(error) if error.kind() == ErrorKind::Malformed => {
            sink.incomplete(error);
            Ok(())
        }
        read => read,
    }
}

fn attached(
    file: &Object,
    document: &mut Document,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<()> {
    let dict = file.dict("file specification")?;
    // Without it the file lies somewhere else.
    let Some(files) = step(&dict, b"EF", document, window)? else { return Ok(()) };
    let number = files.dict("EF")?.entries().find_map(|(_, value)| value.reference());
    let stream = match number {
        Some(number) => document.fetch(window, number)?,
        None => None,
    };
    let at = file.at();
    let stream = stream.and_then(|stream| stream.data.map(|data| (stream, data)));
    let Some((stream, data)) = stream else {
        let why = "/EF leads to no stream";
        return Err(Error::malformed("malformed-pdf-stream", "EmbeddedFile", at, why));
    };
    let name = file_name(&dict, window)?;
    window.meter().charge(Limit::Allocation, WAITING)?;
    match body(&stream.dict("EmbeddedFile")?, data, document, window)? {
        Some(body) => {
            let name = name.map_or(Name::Unnamed("attachment"), Name::Named);
            sink.member(Member { name, body })
        }
        None if name.is_some_and(|name| is_named_protected(&name)) => Err(not_as_named()),
        None => Ok(()),
    }
}

/// Where the bytes of an attachment are, if anything can come of them.
fn body(
    dict: &Dict<'_>,
    data: u64,
    document: &mut Document,
    window: &mut Window<'_>,
) -> Result<Option<Body>> {
    let form = match StreamForm::of(dict, data, window.len()) {
        Ok(form) if !form.has_predictor() => form,
        Err(error) if error.kind() != ErrorKind::Malformed => return Err(error),
        _ => {
            let why = "not compressed as attachments are";
            let error = Error::unsupported("archive-not-opened", "EmbeddedFile", data, why);
            return Ok(Some(Body::Unopened { error, size: None }));
        }
    };
    let left = window.len().saturating_sub(data);
    let len = declared(dict, document, window)?.map_or(left, |len| len.min(left));
    // A compressed stream knows its own end.
    let extents = vec![Extent { offset: data, len: if form.is_flate() { left } else { len } }];
    window.meter().charge(Limit::Steps, wide(HEAD))?;
    let head = window.up_to(data, narrow(len).map_or(HEAD, |len| len.min(HEAD)))?;
    Ok(match form.is_flate() {
        true => head_of(Encoding::Zlib, head)
            .is_none_or(|head| is_known(&head))
            .then_some(Body::Encoded { extents, encoding: Encoding::Zlib, size: None }),
        false => is_known(head).then_some(Body::Stored(extents)),
    })
}

/// `/UF`, or `/F` of older producers.
fn file_name(dict: &Dict<'_>, window: &Window<'_>) -> Result<Option<String>> {
    let value = dict.get(b"UF").or(dict.get(b"F")).unwrap_or(&Value::Null);
    let name = string(value, window.meter())?.map(|bytes| text(&bytes));
    Ok(name.map(|name| name.trim_matches('\0').to_owned()).filter(|name| !name.is_empty()))
}
