//! The catalog of a PDF without `/Encrypt`: whether it wraps a protected one (ISO 32000-2 7.6.7).

use super::document::Document;
use super::layout::{CATALOG_KEYS, ENCRYPTED_PAYLOAD, SUSPECTS};
use super::load::{Fields, Seen, Text, once};
use super::object::{Dict, Object, mentions_sign, refs};
use super::read::Answer;
use super::value::Value;
use super::{handler, label, payload};
use crate::container::{Container, Protection, Sink};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::Window;

/// What the catalog of an ordinary document says that could lead to a protected one: nothing.
#[derive(Default)]
struct Ordinary {
    is_catalog: bool,
    kind: Option<()>,
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

/// Reads the catalog, object `root`.
pub(super) fn read(
    root: u64,
    document: &mut Document,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<Answer> {
    let malformed = |at, why| Error::malformed("malformed-pdf-catalog", "catalog", at, why);
    let catalog = match document.look::<Ordinary>(window, root)? {
        None => return Err(malformed(None, "/Root leads nowhere")),
        Some(Seen::Fields(..)) => return Ok(Answer::Plain),
        Some(Seen::Object(catalog)) => catalog,
    };
    let dict = catalog.dict("catalog")?;
    // Some producers forget /Type, none forgets the pages.
    if dict.name(b"Type") != Some(b"Catalog") && dict.get(b"Pages").is_none() {
        return Err(malformed(catalog.at(), "/Root leads to something else"));
    }
    let mut doubt = dict.is_odd() || catalog.mentions_sign();
    let mut files = Vec::new();
    for value in dict.all(b"AF") {
        associated(value, document, window, &mut files)?;
    }
    let has_files = !files.is_empty();
    for (key, value) in dict.entries() {
        if !CATALOG_KEYS.contains(&key) {
            files.extend(refs(value));
        }
    }
    if has_files || doubt || dict.get(b"Collection").is_some() {
        embedded(&dict, document, window, &mut files)?;
    }
    files.truncate(SUSPECTS.saturating_mul(4));
    let mut seen = Vec::new();
    for number in files {
        if seen.contains(&number) {
            continue;
        }
        seen.push(number);
        let Some(file) = document.fetch(window, number)? else {
            doubt = true;
            continue;
        };
        match file_kind(&file) {
            FileKind::Payload => {
                if sink.wanted().labels {
                    label::read(document, window, sink);
                }
                return unwrap(&file, document, window, sink).map(|()| Answer::Settled);
            }
            FileKind::Ordinary => {}
            // What /AF or the name tree leads to is a file specification.
            FileKind::None => doubt |= has_files,
        }
    }
    Ok(if doubt { Answer::Doubtful } else { Answer::Plain })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Payload,
    Ordinary,
    None,
}

fn file_kind(file: &Object) -> FileKind {
    let Ok(dict) = file.dict("file specification") else { return FileKind::None };
    let is_payload = dict.name(b"AFRelationship") == Some(ENCRYPTED_PAYLOAD)
        || dict.get(b"EP").is_some()
        || file.mentions_sign();
    if is_payload && file.data.is_none() {
        FileKind::Payload
    } else if dict.get(b"EF").is_some() || dict.get(b"F").is_some() || dict.get(b"UF").is_some() {
        FileKind::Ordinary
    } else {
        FileKind::None
    }
}

/// `/AF`: one file specification, an array of them, or a reference to that array.
fn associated(
    value: &Value<'_>,
    document: &mut Document,
    window: &mut Window<'_>,
    files: &mut Vec<u64>,
) -> Result<()> {
    if let Value::Ref(number) = value
        && let Some(object) = document.fetch(window, *number)?
        && let Value::Array(raw) = object.value()
    {
        files.extend(refs(&Value::Array(raw)));
        return Ok(());
    }
    files.extend(refs(value));
    Ok(())
}

/// `/Names /EmbeddedFiles`: the file specifications of the name tree's first nodes.
fn embedded(
    catalog: &Dict<'_>,
    document: &mut Document,
    window: &mut Window<'_>,
    files: &mut Vec<u64>,
) -> Result<()> {
    let Some(tree) = embedded_files(catalog, document, window)? else { return Ok(()) };
    let mut nodes = vec![tree];
    let mut visited: usize = 0;
    while let Some(node) = nodes.pop() {
        window.meter().charge(Limit::Steps, 1)?;
        visited = visited.saturating_add(1);
        if visited > SUSPECTS {
            break;
        }
        let dict = node.dict("EmbeddedFiles")?;
        if let Some(value) = dict.get(b"Names") {
            associated(value, document, window, files)?;
        }
        if let Some(Value::Array(raw)) = dict.get(b"Kids") {
            for kid in refs(&Value::Array(raw)) {
                if nodes.len() < SUSPECTS {
                    nodes.extend(document.fetch(window, kid)?);
                }
            }
        }
    }
    Ok(())
}

/// The root of the name tree `/Names /EmbeddedFiles`.
pub(super) fn embedded_files(
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
pub(super) fn step(
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

/// Says what the wrapper holds, and hands the payload on.
pub(super) fn unwrap(
    file: &Object,
    document: &mut Document,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<()> {
    let dict = file.dict("file specification")?;
    let entry = step(&dict, b"EP", document, window)?;
    let subtype = match entry.as_ref().map(|entry| entry.dict("EP")).transpose()? {
        Some(entry) => entry.name(b"Subtype").map(<[u8]>::to_vec),
        None => None,
    };
    let subtype = subtype.unwrap_or_default();
    sink.evidence("EP/Subtype", &String::from_utf8_lossy(&subtype), file.at());
    if handler::is_microsoft_name(&subtype) || file.mentions(super::layout::MICROSOFT_IRM) {
        sink.container(Container::PdfIrmV2);
        sink.protection(Protection::Rms);
    } else {
        // Somebody else's wrapper; the payload's own dictionary has the last word.
        sink.protection(Protection::Other);
    }
    let missing = |why| Error::malformed("license-missing", "EmbeddedFile", file.at(), why);
    let Some(files) = step(&dict, b"EF", document, window)? else {
        return Err(missing("the wrapper holds no payload"));
    };
    let files = files.dict("EF")?;
    let number = files.entries().find_map(|(_, value)| match value {
        Value::Ref(number) => Some(*number),
        _ => None,
    });
    let stream = match number {
        Some(number) => document.fetch(window, number)?,
        None => None,
    };
    match stream {
        Some(stream) if stream.data.is_some() => payload::read(&stream, document, window, sink),
        _ => Err(missing("/EF leads to no stream")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::Sighting;
    use super::super::load::fields_of;
    use super::super::read::Depth;
    use super::super::tests::{Told, with_window};
    use super::*;
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
                let answer = read(1, &mut document, window, &mut told);
                prop_assert_eq!(answer.ok(), Some(Answer::Plain));
                prop_assert!(told.is_none());
                Ok(())
            })?;
        }
    }
}
