//! Files attached to a document that nothing protects (ISO 32000-2 7.11.4): those of the name tree
//! `/EmbeddedFiles`, which are looked into where all members are wanted.

use std::collections::HashSet;

use super::catalog::{embedded_files, step};
use super::document::Document;
use super::lex::Lexer;
use super::object::{Dict, Object, object_error, string, text};
use super::payload::{declared, ends_at};
use super::read::Depth;
use super::stream::StreamForm;
use super::value::Value;
use crate::bytes::{narrow, wide};
use crate::container::{
    Body, Member, Name, Sink, WAITING, go_on, is_known, is_named_protected, not_as_named,
};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{Limit, Meter};
use crate::source::{Encoding, Extent, Window, head_of};

/// Bytes of an attachment that are looked at to tell whether anything can come of it.
const HEAD: usize = 4096;
/// Bytes of memory that an object takes while it waits.
const OBJECT: u64 = 64;

/// Looks at the attachments of the document whose catalog is object `root`, if they are wanted.
pub(super) fn read(
    root: u64,
    document: &mut Document,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<()> {
    // A payload is one file, whatever is attached to it.
    if !sink.wanted().deep || document.depth != Depth::Outer {
        return Ok(());
    }
    let mut nodes = Waiting::default();
    let tree = tree(root, document, window);
    nodes.objects.extend(go_on(sink, tree)?.flatten());
    let mut files = Waiting::default();
    while let Some(node) = nodes.next(document, window, sink)? {
        for (key, waiting) in [(b"Names".as_slice(), &mut files), (b"Kids", &mut nodes)] {
            let read = waiting.add(&node, key, document, window);
            go_on(sink, read)?;
        }
    }
    while let Some(file) = files.next(document, window, sink)? {
        let read = attached(&file, document, window, sink);
        go_on(sink, read)?;
    }
    Ok(())
}

/// `/Names /EmbeddedFiles` of the catalog.
fn tree(root: u64, document: &mut Document, window: &mut Window<'_>) -> Result<Option<Object>> {
    match document.fetch(window, root)? {
        Some(catalog) => embedded_files(&catalog.dict("catalog")?, document, window),
        None => Ok(None),
    }
}

/// Objects that wait to be looked at, each once.
#[derive(Default)]
struct Waiting {
    objects: Vec<Object>,
    numbers: Vec<u64>,
    seen: HashSet<u64>,
}

impl Waiting {
    /// Adds what the array under `key` of a node of the tree lists, but for names.
    fn add(
        &mut self,
        node: &Object,
        key: &[u8],
        document: &mut Document,
        window: &mut Window<'_>,
    ) -> Result<()> {
        let dict = node.dict("EmbeddedFiles")?;
        let list = match dict.get(key) {
            Some(Value::Ref(number)) => document.fetch(window, *number)?,
            Some(Value::Array(raw)) => return self.add_all(raw, window.meter()),
            _ => None,
        };
        match list.as_ref().map(Object::value) {
            Some(Value::Array(raw)) => self.add_all(raw, window.meter()),
            _ => Ok(()),
        }
    }

    fn add_all(&mut self, raw: &[u8], meter: &Meter) -> Result<()> {
        let mut lexer = Lexer::whole(raw);
        while !lexer.is_done() {
            meter.charge(Limit::Steps, 1)?;
            match lexer.value().map_err(|fault| object_error(fault, "EmbeddedFiles", None))? {
                Value::Ref(number) => {
                    meter.charge(Limit::Allocation, OBJECT)?;
                    if self.seen.insert(number) {
                        self.numbers.push(number);
                    }
                }
                Value::Dict(raw) => {
                    meter.charge(Limit::Allocation, wide(raw.len()).saturating_add(OBJECT))?;
                    self.objects.push(Object::direct(raw, None));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn next(
        &mut self,
        document: &mut Document,
        window: &mut Window<'_>,
        sink: &mut dyn Sink,
    ) -> Result<Option<Object>> {
        if let Some(object) = self.objects.pop() {
            return Ok(Some(object));
        }
        while let Some(number) = self.numbers.pop() {
            let object = document.fetch(window, number);
            // What is not there is null (7.3.10).
            if let Some(object) = go_on(sink, object)?.flatten() {
                return Ok(Some(object));
            }
        }
        Ok(None)
    }
}

/// Hands on what a file specification attaches.
fn attached(
    file: &Object,
    document: &mut Document,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<()> {
    let dict = file.dict("file specification")?;
    let name = file_name(&dict, window)?;
    // Without it the file lies somewhere else.
    let Some(files) = step(&dict, b"EF", document, window)? else { return Ok(()) };
    let files = files.dict("EF")?;
    let mut numbers: Vec<u64> =
        files.entries().filter_map(|(_, value)| value.reference()).collect();
    // One file has more than one name, mostly.
    numbers.sort_unstable();
    numbers.dedup();
    for number in numbers {
        let stream = document.fetch(window, number)?;
        let stream = stream.and_then(|stream| Some((stream.data?, stream)));
        let Some((data, stream)) = stream else {
            let why = "/EF leads to no stream";
            return Err(Error::malformed("malformed-pdf-stream", "EmbeddedFile", file.at(), why));
        };
        window.meter().charge(Limit::Allocation, WAITING)?;
        match body(&stream.dict("EmbeddedFile")?, data, document, window)? {
            Some(body) => {
                let name = name.clone().map_or(Name::Unnamed("attachment"), Name::Named);
                sink.member(Member { name, body })?;
            }
            None if name.as_deref().is_some_and(is_named_protected) => return Err(not_as_named()),
            None => {}
        }
    }
    Ok(())
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
    // A compressed stream knows its own end, and so does what is protected, if nothing else does.
    let mut len = window.len().saturating_sub(data);
    if !form.is_flate()
        && let Some(declared) = declared(dict, document, window)?
        && ends_at(data, declared, window)?
    {
        len = declared;
    }
    let extents = vec![Extent { offset: data, len }];
    window.meter().charge(Limit::Steps, wide(HEAD))?;
    let head = window.up_to(data, narrow(len).map_or(HEAD, |len| len.min(HEAD)))?;
    if !form.is_flate() {
        return Ok(is_known(head).then_some(Body::Stored(extents)));
    }
    let encoding = Encoding::Zlib;
    let is_known = head_of(encoding, head).is_none_or(|head| is_known(&head));
    Ok(is_known.then_some(Body::Encoded { extents, encoding, size: None }))
}

/// `/UF`, or `/F` of older producers.
fn file_name(dict: &Dict<'_>, window: &Window<'_>) -> Result<Option<String>> {
    let value = dict.get(b"UF").or(dict.get(b"F")).unwrap_or(&Value::Null);
    let name = string(value, window.meter())?.map(|bytes| text(&bytes));
    Ok(name.map(|name| name.trim_matches('\0').to_owned()).filter(|name| !name.is_empty()))
}
