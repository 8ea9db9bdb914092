//! Files that are attached to a document (ISO 32000-2 7.11.4): by the name tree `/EmbeddedFiles`,
//! by the catalog, by pages and their annotations, and files related to these. They are read if the
//! caller wants all members.

use super::candidates::{CandidateKind, Candidates};
use super::catalog::embedded_files;
use super::payload::{declared, ends_at, is_clear};
use super::wrapper;
use super::wrapper::{FileKind, file_kind};
use crate::bytes::{to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::name::{Name, is_named_protected, not_as_named};
use crate::container::pdf::file::document::PdfDocument;
use crate::container::pdf::file::object_queue::{ObjectQueue, QueuedObject};
use crate::container::pdf::syntax::dict::Dict;
use crate::container::pdf::syntax::object::Object;
use crate::container::pdf::syntax::stream::StreamForm;
use crate::container::pdf::syntax::string::{string, text};
use crate::container::pdf::syntax::value::PdfValue;
use crate::container::pdf::types::{Nesting, is_about_one};
use crate::container::recognizer::Recognizer;
use crate::container::sink::{Body, Member, WAITING, report_damage};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limit;
use crate::source::{Encoding, Extent, HEAD, Window, head_of};

/// Reads the attachments of the document whose catalog is object `root`, if the caller wants them.
pub(crate) fn read(
    root: u64,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    if !are_read(document, out) {
        return Ok(());
    }
    let catalog = document.fetch(window, root);
    let is_encrypted = is_encrypted(document, out);
    match catalog {
        Err(error) if is_encrypted && is_about_one(&error) => Ok(()),
        catalog => match report_damage(&mut **out, catalog)?.flatten() {
            Some(catalog) => read_of(&catalog, document, window, out),
            None => Ok(()),
        },
    }
}

/// Returns whether attachments are read. Those of a wrapper always are: `/Collection /D` may name
/// any of them. Attachments of a compressed payload never are.
fn are_read(document: &PdfDocument, out: &Candidates<'_>) -> bool {
    (out.options().deep || out.is_wrapper) && document.nesting == Nesting::Outer
}

/// Returns whether embedded files are encrypted.
fn is_encrypted(document: &PdfDocument, out: &Candidates<'_>) -> bool {
    out.protection().is_some() && document.encrypts_files
}

/// Reads the attachments of `catalog`, if the caller wants them.
pub(crate) fn read_of(
    catalog: &Object,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    if !are_read(document, out) {
        return Ok(());
    }
    // Names in an encrypted file are unreadable, and damage hides no more than the encryption does.
    let is_encrypted = is_encrypted(document, out);
    let mut files = ObjectQueue::default();
    let mut nodes = ObjectQueue::default();
    let listed = roots(catalog, &mut files, &mut nodes, document, window);
    if is_encrypted && listed.as_ref().is_err_and(is_about_one) {
        return Ok(());
    }
    report_damage(&mut **out, listed)?;
    while let Some(node) = next(&mut nodes, document, window, out)? {
        let dict = node.dict("EmbeddedFiles");
        let Some(dict) = report_damage(&mut **out, dict)? else { continue };
        for (key, queue) in [(b"Names".as_slice(), &mut files), (b"Kids", &mut nodes)] {
            let read = queue.add(&dict, key, document, window);
            report_damage(&mut **out, read)?;
        }
    }
    let is_deep = out.options().deep;
    if is_deep && !is_encrypted {
        add_of_pages(catalog, &mut files, document, window, out)?;
    }
    while let Some(file) = next(&mut files, document, window, out)? {
        let read = match file_kind(&file) {
            // Payloads of the catalog were read with it. `Candidates` prevents a second read.
            FileKind::Payload if is_deep => wrapper::read(&file, document, window, out),
            FileKind::Payload => Ok(()),
            _ => emit_files(&file, document, window, out),
        };
        report_damage(&mut **out, read)?;
        if is_deep {
            let read = emit_related(&file, document, window, out);
            report_damage(&mut **out, read)?;
        }
    }
    Ok(())
}

/// Adds the files of each page and of its annotations (ISO 32000-2 14.13, 12.5.6.15), which no name
/// tree lists.
fn add_of_pages(
    catalog: &Object,
    files: &mut ObjectQueue,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    let mut pages = ObjectQueue::default();
    let mut annotations = ObjectQueue::default();
    let roots = catalog.dict("catalog");
    let roots = roots.and_then(|dict| pages.add(&dict, b"Pages", document, window));
    report_damage(&mut **out, roots)?;
    while let Some(page) = next(&mut pages, document, window, out)? {
        let Some(dict) = report_damage(&mut **out, dictionary(&page))?.flatten() else { continue };
        let lists =
            [(b"Kids".as_slice(), &mut pages), (b"AF", files), (b"Annots", &mut annotations)];
        for (key, queue) in lists {
            let read = queue.add(&dict, key, document, window);
            report_damage(&mut **out, read)?;
        }
    }
    while let Some(annotation) = next(&mut annotations, document, window, out)? {
        let Some(dict) = report_damage(&mut **out, dictionary(&annotation))?.flatten() else {
            continue;
        };
        for key in [b"FS", b"AF"] {
            let read = files.add(&dict, key, document, window);
            report_damage(&mut **out, read)?;
        }
    }
    Ok(())
}

/// Returns the dictionary of an object, or `None` for any other value.
fn dictionary(object: &Object) -> Result<Option<Dict<'_>>> {
    match object.value() {
        PdfValue::Dict(_) => object.dict("page").map(Some),
        _ => Ok(None),
    }
}

/// Adds the files of `/AF` and the root of `/Names /EmbeddedFiles` of the catalog.
fn roots(
    catalog: &Object,
    files: &mut ObjectQueue,
    nodes: &mut ObjectQueue,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
) -> Result<()> {
    let dict = catalog.dict("catalog")?;
    if let Some(tree) = embedded_files(&dict, document, window)? {
        nodes.add_object(tree);
    }
    files.add(&dict, b"AF", document, window)
}

/// Takes the next object that can be read. Reports the errors of others.
fn next(
    queue: &mut ObjectQueue,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<Option<Object>> {
    while !queue.is_empty() {
        let next = queue.next(document, window);
        if let Some(Some(QueuedObject::Object(object))) = report_damage(&mut **out, next)? {
            return Ok(Some(object));
        }
    }
    Ok(None)
}

/// Emits the files of a file specification.
fn emit_files(
    file: &Object,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    let dict = file.dict("file specification")?;
    let name = file_name(&dict, window)?;
    // Without `/EF` the file is outside of the PDF.
    let Some(files) = document.fetch_dict(window, &dict, b"EF")? else { return Ok(()) };
    let files = files.dict("EF")?;
    let mut numbers: Vec<u64> =
        files.entries().filter_map(|(_, value)| value.reference()).collect();
    // Most file specifications reference one stream under two keys.
    numbers.sort_unstable();
    numbers.dedup();
    for number in numbers {
        let stream = document.fetch(window, number)?;
        let Some(stream) = stream.filter(|stream| stream.data.is_some()) else {
            let why = "/EF leads to no stream";
            return Err(Error::malformed(
                ErrorCode::MalformedPdfStream,
                "EmbeddedFile",
                file.at(),
                why,
            ));
        };
        emit(&stream, name.as_deref(), document, window, out)?;
    }
    Ok(())
}

/// Emits the files that are related to the file of a file specification (ISO 32000-2 7.11.4.3).
fn emit_related(
    file: &Object,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    let Some(dict) = dictionary(file)? else { return Ok(()) };
    let Some(lists) = document.fetch_dict(window, &dict, b"RF")? else { return Ok(()) };
    let lists = lists.dict("RF")?;
    let mut streams = ObjectQueue::default();
    for (key, _) in lists.entries() {
        streams.add(&lists, key, document, window)?;
    }
    while let Some(stream) = next(&mut streams, document, window, out)? {
        emit(&stream, None, document, window, out)?;
    }
    Ok(())
}

/// Emits an embedded file, if its format is known.
fn emit(
    stream: &Object,
    name: Option<&str>,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    let Some(data) = stream.data.filter(|data| !out.has_read(CandidateKind::Payload, Some(*data)))
    else {
        return Ok(());
    };
    window.meter().charge(Limit::Allocation, WAITING)?;
    match body(&stream.dict("EmbeddedFile")?, data, document, window, out.recognizer())? {
        Some(body) => {
            let name =
                name.map_or(Name::Unnamed("attachment"), |name| Name::Named(name.to_owned()));
            out.member(Member { name, body })
        }
        None if name.is_some_and(is_named_protected) => Err(not_as_named()),
        None => Ok(()),
    }
}

/// Returns the body of an attachment, if its format is known.
fn body(
    dict: &Dict<'_>,
    data: u64,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    recognizer: Recognizer,
) -> Result<Option<Body>> {
    let form = StreamForm::of(dict, data, window.len());
    if document.encrypts_files && !is_clear(dict, data, form.as_ref().ok(), window)? {
        return Ok(None);
    }
    let form = match form {
        Ok(form) if !form.has_predictor() => form,
        Err(error) if error.kind() != ErrorKind::Malformed => return Err(error),
        _ => {
            let why = "a compression that is not supported for attachments";
            let error = Error::unsupported(ErrorCode::ArchiveNotOpened, "EmbeddedFile", data, why);
            return Ok(Some(Body::Unopened { error, size: None }));
        }
    };
    // A compressed stream marks its own end. So do the protected formats if `/Length` is not
    // usable.
    let mut len = window.len().saturating_sub(data);
    if !form.is_flate()
        && let Some(declared) = declared(dict, document, window)?
        && ends_at(data, declared, window)?
    {
        len = declared;
    }
    let extents = vec![Extent { offset: data, len }];
    window.meter().charge(Limit::Steps, to_u64(HEAD))?;
    let head = window.up_to(data, to_usize(len).map_or(HEAD, |len| len.min(HEAD)))?;
    if !form.is_flate() {
        return Ok(recognizer.is_known(head).then_some(Body::Stored(extents)));
    }
    let encoding = Encoding::Zlib;
    let is_known = head_of(encoding, head).is_none_or(|head| recognizer.is_known(&head));
    Ok(is_known.then_some(Body::Encoded { extents, encoding, size: None }))
}

/// Returns the file name: `/UF`, or `/F` of older producers.
fn file_name(dict: &Dict<'_>, window: &Window<'_>) -> Result<Option<String>> {
    let value = dict.get(b"UF").or(dict.get(b"F")).unwrap_or(&PdfValue::Null);
    let name = string(value, window.meter())?.map(|bytes| text(&bytes));
    Ok(name.map(|name| name.trim_matches('\0').to_owned()).filter(|name| !name.is_empty()))
}
