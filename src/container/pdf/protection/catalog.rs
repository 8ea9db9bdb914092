//! The catalog of a PDF without `/Encrypt`: whether it wraps a protected one (ISO 32000-2 7.6.7).

use super::candidates::Candidates;
use super::wrapper::{self, FileKind, file_kind};
use crate::code::ErrorCode;
use crate::container::pdf::file::document::PdfDocument;
use crate::container::pdf::file::load::Loaded;
use crate::container::pdf::file::object_queue::{ObjectQueue, QueuedObject};
use crate::container::pdf::layout::{CATALOG_KEYS, SUSPECTS};
use crate::container::pdf::syntax::dict::{Dict, refs};
use crate::container::pdf::syntax::fields::{DictFields, DictText, set_once};
use crate::container::pdf::syntax::markers::{contains_ignore_case, contains_marker};
use crate::container::pdf::syntax::object::Object;
use crate::container::pdf::syntax::value::PdfValue;
use crate::container::pdf::types::{StructureState, is_about_one};
use crate::error::{Error, ErrorKind, Result};
use crate::source::Window;

/// What the catalog of an ordinary document says that could lead to a protected one: nothing.
#[derive(Default)]
struct PlainCatalog {
    is_catalog: bool,
    kind: Option<()>,
    /// The object that holds the name trees.
    names: Option<u64>,
}

impl DictFields for PlainCatalog {
    fn take(&mut self, key: &[u8], value: &PdfValue<'_>) -> Option<()> {
        match key {
            b"Type" => {
                self.is_catalog |= value.is_name(b"Catalog");
                set_once(&mut self.kind, ())
            }
            // Some producers forget /Type, none forgets the pages.
            b"Pages" => {
                self.is_catalog = true;
                Some(())
            }
            b"AF" | b"Collection" => None,
            b"Names" => match value {
                PdfValue::Ref(number) => set_once(&mut self.names, *number),
                PdfValue::Dict(raw) => (!contains_ignore_case(raw, b"EmbeddedFiles")).then_some(()),
                _ => None,
            },
            _ => {
                let may_lead = matches!(value, PdfValue::Ref(_) | PdfValue::Array(_));
                (!may_lead || CATALOG_KEYS.contains(&key)).then_some(())
            }
        }
    }

    fn end(&self, text: &DictText<'_>) -> Option<()> {
        (self.is_catalog && !text.is_unusual && !contains_marker(text.raw)).then_some(())
    }
}

/// What the name trees of an ordinary document say: that no file is embedded.
#[derive(Default)]
struct NamesWithoutFiles;

impl DictFields for NamesWithoutFiles {
    fn take(&mut self, key: &[u8], _value: &PdfValue<'_>) -> Option<()> {
        (key != b"EmbeddedFiles").then_some(())
    }

    fn end(&self, text: &DictText<'_>) -> Option<()> {
        (!text.is_unusual).then_some(())
    }
}

impl PlainCatalog {
    /// Returns whether the document has no embedded files.
    fn has_no_files(&self, document: &mut PdfDocument, window: &mut Window<'_>) -> Result<bool> {
        let Some(names) = self.names else { return Ok(true) };
        match document.fetch_fields::<NamesWithoutFiles>(window, names) {
            Ok(None | Some(Loaded::Fields(..))) => Ok(true),
            Ok(Some(Loaded::Object(_))) => Ok(false),
            // Damaged name trees are read again with the whole catalog.
            Err(error) if error.kind() == ErrorKind::Malformed => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Reads the catalog, object `root`, and each payload that it leads to.
pub(crate) fn read(
    root: u64,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<StructureState> {
    let leads_nowhere =
        || Error::malformed(ErrorCode::MalformedPdfCatalog, "catalog", None, "/Root leads nowhere");
    let catalog = match document.fetch_fields::<PlainCatalog>(window, root)? {
        None => return Err(leads_nowhere()),
        Some(Loaded::Fields(fields, _)) => match fields.has_no_files(document, window)? {
            true => return Ok(StructureState::Unprotected),
            false => document.fetch(window, root)?.ok_or_else(leads_nowhere)?,
        },
        Some(Loaded::Object(catalog)) => catalog,
    };
    read_object(&catalog, document, window, out)
}

/// Reads a catalog that may be a wrapper's.
pub(crate) fn read_object(
    catalog: &Object,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<StructureState> {
    let malformed = |at, why| Error::malformed(ErrorCode::MalformedPdfCatalog, "catalog", at, why);
    let dict = catalog.dict("catalog")?;
    // Some producers forget /Type, none forgets the pages.
    if dict.name(b"Type") != Some(b"Catalog") && dict.get(b"Pages").is_none() {
        return Err(malformed(catalog.at(), "/Root leads to something else"));
    }
    let mut is_suspicious = dict.is_unusual() || catalog.contains_marker();
    let mut is_damaged = dict.has_trailing_tokens();
    let mut associated = ObjectQueue::default();
    associated.add(&dict, b"AF", document, window)?;
    let has_files = !associated.is_empty();
    let mut others = ObjectQueue::default();
    for (key, value) in dict.entries().filter(|(key, _)| !CATALOG_KEYS.contains(key)) {
        let mut refs = refs(value);
        refs.by_ref().take(SUSPECTS).for_each(|number| others.add_number(number));
        // A search finds what the rest of a long list leads to.
        is_suspicious |= refs.next().is_some() || key == b"AF";
    }
    match embedded(&dict, document, window, &mut others) {
        Err(error) if error.kind() == ErrorKind::Malformed => is_damaged = true,
        embedded => embedded?,
    }
    for (mut files, is_listed) in [(associated, has_files), (others, false)] {
        while !files.is_empty() {
            match files.next(document, window) {
                Ok(Some(QueuedObject::Object(file))) => match file_kind(&file) {
                    FileKind::Payload => wrapper::read(&file, document, window, out)?,
                    FileKind::Attachment => {}
                    // What /AF leads to is a file specification.
                    FileKind::None => is_suspicious |= is_listed,
                },
                Ok(_) => is_damaged = true,
                // A search finds it if it names the handler.
                Err(error) if !is_listed && is_about_one(&error) => is_damaged = true,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(match (is_damaged, is_suspicious) {
        (true, _) => StructureState::Damaged,
        (false, true) => StructureState::Suspicious,
        (false, false) => StructureState::Unprotected,
    })
}

/// Adds the file specifications of `/Names /EmbeddedFiles`.
fn embedded(
    catalog: &Dict<'_>,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    files: &mut ObjectQueue,
) -> Result<()> {
    let mut nodes = ObjectQueue::default();
    if let Some(tree) = embedded_files(catalog, document, window)? {
        nodes.add_object(tree);
    }
    while let Some(node) = nodes.next(document, window)? {
        let QueuedObject::Object(node) = node else { continue };
        let dict = node.dict("EmbeddedFiles")?;
        files.add(&dict, b"Names", document, window)?;
        nodes.add(&dict, b"Kids", document, window)?;
    }
    Ok(())
}

/// The root of the name tree `/Names /EmbeddedFiles`.
pub(crate) fn embedded_files(
    catalog: &Dict<'_>,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
) -> Result<Option<Object>> {
    match document.fetch_dict(window, catalog, b"Names")? {
        Some(names) => document.fetch_dict(window, &names.dict("Names")?, b"EmbeddedFiles"),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::pdf::file::scan::ScannedObject;
    use crate::container::pdf::syntax::fields::fields_of;
    use crate::container::pdf::tests::{PdfTestSink, with_window};
    use crate::container::pdf::types::Nesting;
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
            if fields_of::<PlainCatalog>(text.as_bytes()).is_none() {
                return Ok(());
            }
            let bytes = format!("1 0 obj {text} endobj");
            with_window(bytes.as_bytes(), |window| {
                // Of an object that a search has found the whole dictionary is read.
                let scanned = vec![ScannedObject { number: 1, at: 0 }];
                let mut document = PdfDocument::from_search(scanned, Vec::new(), Nesting::Outer);
                let mut told = PdfTestSink::default();
                let answer = read(1, &mut document, window, &mut Candidates::new(&mut told, |_, _| Ok(())));
                prop_assert_eq!(answer.ok(), Some(StructureState::Unprotected));
                prop_assert!(told.is_none());
                Ok(())
            })?;
        }
    }
}
