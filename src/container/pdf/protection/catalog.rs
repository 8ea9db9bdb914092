//! The catalog of a PDF without `/Encrypt`: whether it wraps a protected one (ISO 32000-2 7.6.7).

use crate::code::ErrorCode;
use crate::container::pdf::file::document::Document;
use crate::container::pdf::file::load::{Fields, Seen, Text, once};
use crate::container::pdf::file::object_queue::{Next, Waiting};
use crate::container::pdf::layout::{CATALOG_KEYS, ENCRYPTED_PAYLOAD, MICROSOFT_IRM, SUSPECTS};
use crate::container::pdf::protection::candidates::{Candidates, Kind, is_about_one};
use crate::container::pdf::protection::handler;
use crate::container::pdf::protection::label;
use crate::container::pdf::protection::payload;
use crate::container::pdf::protection::read::Answer;
use crate::container::pdf::syntax::object::{Dict, Object, mentions, mentions_sign, refs};
use crate::container::pdf::syntax::value::Value;
use crate::error::{Error, ErrorKind, Result};
use crate::kinds::{Container, Protection};
use crate::source::Window;

/// What the catalog of an ordinary document says that could lead to a protected one: nothing.
#[derive(Default)]
struct Ordinary {
    is_catalog: bool,
    kind: Option<()>,
    /// The object that holds the name trees.
    names: Option<u64>,
}

impl Fields for Ordinary {
    fn take(&mut self, key: &[u8], value: &Value<'_>) -> Option<()> {
        match key {
            b"Type" => {
                self.is_catalog |= value.is_name(b"Catalog");
                once(&mut self.kind, ())
            }
            // Some producers forget /Type, none forgets the pages.
            b"Pages" => {
                self.is_catalog = true;
                Some(())
            }
            b"AF" | b"Collection" => None,
            b"Names" => match value {
                Value::Ref(number) => once(&mut self.names, *number),
                Value::Dict(raw) => (!mentions(raw, b"EmbeddedFiles")).then_some(()),
                _ => None,
            },
            _ => {
                let may_lead = matches!(value, Value::Ref(_) | Value::Array(_));
                (!may_lead || CATALOG_KEYS.contains(&key)).then_some(())
            }
        }
    }

    fn end(&self, text: &Text<'_>) -> Option<()> {
        (self.is_catalog && !text.is_odd && !mentions_sign(text.raw)).then_some(())
    }
}

/// What the name trees of an ordinary document say: that no file is embedded.
#[derive(Default)]
struct NoFiles;

impl Fields for NoFiles {
    fn take(&mut self, key: &[u8], _value: &Value<'_>) -> Option<()> {
        (key != b"EmbeddedFiles").then_some(())
    }

    fn end(&self, text: &Text<'_>) -> Option<()> {
        (!text.is_odd).then_some(())
    }
}

impl Ordinary {
    /// Returns whether the document has no embedded files.
    fn has_no_files(&self, document: &mut Document, window: &mut Window<'_>) -> Result<bool> {
        let Some(names) = self.names else { return Ok(true) };
        match document.look::<NoFiles>(window, names) {
            Ok(None | Some(Seen::Fields(..))) => Ok(true),
            Ok(Some(Seen::Object(_))) => Ok(false),
            // Damaged name trees are read again with the whole catalog.
            Err(error) if error.kind() == ErrorKind::Malformed => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Reads the catalog, object `root`, and each payload that it leads to.
pub(crate) fn read(
    root: u64,
    document: &mut Document,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<Answer> {
    let leads_nowhere =
        || Error::malformed(ErrorCode::MalformedPdfCatalog, "catalog", None, "/Root leads nowhere");
    let catalog = match document.look::<Ordinary>(window, root)? {
        None => return Err(leads_nowhere()),
        Some(Seen::Fields(fields, _)) => match fields.has_no_files(document, window)? {
            true => return Ok(Answer::Plain),
            false => document.fetch(window, root)?.ok_or_else(leads_nowhere)?,
        },
        Some(Seen::Object(catalog)) => catalog,
    };
    read_object(&catalog, document, window, out)
}

/// Reads a catalog that may be a wrapper's.
pub(crate) fn read_object(
    catalog: &Object,
    document: &mut Document,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<Answer> {
    let malformed = |at, why| Error::malformed(ErrorCode::MalformedPdfCatalog, "catalog", at, why);
    let dict = catalog.dict("catalog")?;
    // Some producers forget /Type, none forgets the pages.
    if dict.name(b"Type") != Some(b"Catalog") && dict.get(b"Pages").is_none() {
        return Err(malformed(catalog.at(), "/Root leads to something else"));
    }
    let mut doubt = dict.is_odd() || catalog.mentions_sign();
    let mut is_damaged = dict.has_strays();
    let mut associated = Waiting::default();
    associated.add(&dict, b"AF", document, window)?;
    let has_files = !associated.is_empty();
    let mut others = Waiting::default();
    for (key, value) in dict.entries().filter(|(key, _)| !CATALOG_KEYS.contains(key)) {
        let mut refs = refs(value);
        refs.by_ref().take(SUSPECTS).for_each(|number| others.add_number(number));
        // A search finds what the rest of a long list leads to.
        doubt |= refs.next().is_some() || key == b"AF";
    }
    match embedded(&dict, document, window, &mut others) {
        Err(error) if error.kind() == ErrorKind::Malformed => is_damaged = true,
        embedded => embedded?,
    }
    for (mut files, is_listed) in [(associated, has_files), (others, false)] {
        while !files.is_empty() {
            match files.next(document, window) {
                Ok(Some(Next::Object(file))) => match file_kind(&file) {
                    FileKind::Payload => unwrap(&file, document, window, out)?,
                    FileKind::Ordinary => {}
                    // What /AF leads to is a file specification.
                    FileKind::None => doubt |= is_listed,
                },
                Ok(_) => is_damaged = true,
                // A search finds it if it names the handler.
                Err(error) if !is_listed && is_about_one(&error) => is_damaged = true,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(match (is_damaged, doubt) {
        (true, _) => Answer::Damaged,
        (false, true) => Answer::Doubtful,
        (false, false) => Answer::Plain,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Payload,
    Ordinary,
    None,
}

/// Returns what a file specification says of its file.
pub(crate) fn file_kind(file: &Object) -> FileKind {
    let Ok(dict) = file.dict("file specification") else { return FileKind::None };
    let mut relationships = dict.all(b"AFRelationship");
    let is_payload = relationships.any(|value| value.is_name(ENCRYPTED_PAYLOAD))
        || dict.get(b"EP").is_some()
        || file.mentions_sign() && !handler::is_orphan(file);
    if is_payload && file.data.is_none() {
        FileKind::Payload
    } else if dict.get(b"EF").is_some() || dict.get(b"F").is_some() || dict.get(b"UF").is_some() {
        FileKind::Ordinary
    } else {
        FileKind::None
    }
}

/// Adds the file specifications of `/Names /EmbeddedFiles`.
fn embedded(
    catalog: &Dict<'_>,
    document: &mut Document,
    window: &mut Window<'_>,
    files: &mut Waiting,
) -> Result<()> {
    let mut nodes = Waiting::default();
    if let Some(tree) = embedded_files(catalog, document, window)? {
        nodes.add_object(tree);
    }
    while let Some(node) = nodes.next(document, window)? {
        let Next::Object(node) = node else { continue };
        let dict = node.dict("EmbeddedFiles")?;
        files.add(&dict, b"Names", document, window)?;
        nodes.add(&dict, b"Kids", document, window)?;
    }
    Ok(())
}

/// The root of the name tree `/Names /EmbeddedFiles`.
pub(crate) fn embedded_files(
    catalog: &Dict<'_>,
    document: &mut Document,
    window: &mut Window<'_>,
) -> Result<Option<Object>> {
    match step(catalog, b"Names", document, window)? {
        Some(names) => step(&names.dict("Names")?, b"EmbeddedFiles", document, window),
        None => Ok(None),
    }
}

/// The dictionary under `key`, direct or not.
pub(crate) fn step(
    dict: &Dict<'_>,
    key: &[u8],
    document: &mut Document,
    window: &mut Window<'_>,
) -> Result<Option<Object>> {
    match dict.get(key) {
        Some(Value::Ref(number)) => document.fetch(window, *number),
        Some(Value::Dict(raw)) => Ok(Some(Object::direct(raw, None))),
        _ => Ok(None),
    }
}

/// Reads a wrapper's file specification: notes what it says of its payloads, and emits each one.
/// Several references are several payloads, and one that cannot be read is a candidate too.
pub(crate) fn unwrap(
    file: &Object,
    document: &mut Document,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    if !out.is_new(Kind::Wrapper, file.at()) {
        return Ok(());
    }
    let dict = file.dict("file specification")?;
    let entry = step(&dict, b"EP", document, window)?;
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
    let handler = if handler::is_microsoft_name(&subtype) || file.mentions(MICROSOFT_IRM) {
        out.container(Container::PdfIrmV2);
        out.protects(Protection::Rms);
        Handler::Microsoft
    } else if handler::is_other_name(&subtype) {
        out.protects(Protection::Other);
        Handler::Other
    } else {
        // The payload's own dictionary decides.
        Handler::Unknown
    };
    let missing = |why| Error::malformed(ErrorCode::LicenseMissing, "EmbeddedFile", file.at(), why);
    let mut numbers = Vec::new();
    let mut has_files = false;
    for value in dict.all(b"EF") {
        let files = match value {
            Value::Ref(number) => document.fetch(window, *number)?,
            Value::Dict(raw) => Some(Object::direct(raw, None)),
            _ => None,
        };
        let Some(files) = files else { continue };
        has_files = true;
        let files = files.dict("EF")?;
        numbers.extend(files.entries().filter_map(|(_, value)| value.reference()));
    }
    // Most files have two names and one stream.
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        let why = if has_files { "/EF leads to no stream" } else { "the wrapper holds no payload" };
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

/// Returns the embedded files that object `number` may be. A search may find several objects of
/// that number, some of them in an embedded file.
fn streams(
    number: u64,
    document: &mut Document,
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

/// Whose handler a wrapper names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handler {
    Microsoft,
    Other,
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::pdf::file::document::Sighting;
    use crate::container::pdf::file::load::fields_of;
    use crate::container::pdf::protection::read::Depth;
    use crate::container::pdf::tests::{Told, with_window};
    use proptest::prelude::*;

    const ENTRIES: [&str; 16] = [
        "/Type /Catalog",
        "/Type /Catalog",
        "/Type /Page",
        "/Pages 2 0 R",
        "/Pages 2 0 R",
        "/Names <</EmbeddedFiles 3 0 R>>",
        "/Lang (en)",
        "/AF 3 0 R",
        "/AF []",
        "/Collection <<>>",
        "/Unknown 3 0 R",
        "/Unknown [1 3 0 R]",
        "/Unknown <</A 1>>",
        "/Lang (microsoftirm)",
        "% a comment\n",
        "R",
    ];

    proptest! {
        #[test]
        fn an_ordinary_one_leads_nowhere(
            entries in proptest::collection::vec(proptest::sample::select(&ENTRIES[..]), 0..7),
        ) {
            let text = format!("<<{}>>", entries.join(" "));
            if fields_of::<Ordinary>(text.as_bytes()).is_none() {
                return Ok(());
            }
            let bytes = format!("1 0 obj {text} endobj");
            with_window(bytes.as_bytes(), |window| {
                // Of an object that a search has found the whole dictionary is read.
                let sightings = vec![Sighting { number: 1, at: 0 }];
                let mut document = Document::from_search(sightings, Vec::new(), Depth::Outer);
                let mut told = Told::default();
                let answer = read(1, &mut document, window, &mut Candidates::new(&mut told));
                prop_assert_eq!(answer.ok(), Some(Answer::Plain));
                prop_assert!(told.is_none());
                Ok(())
            })?;
        }
    }
}
