//! The catalog of a PDF, which references the payloads of a wrapper (ISO 32000-2 7.6.7).

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

/// The fields of a catalog that references no protected payload.
#[derive(Default)]
struct PlainCatalog {
    is_catalog: bool,
    /// Set if `/Type` was read.
    kind: Option<()>,
    /// The object that contains the name trees.
    names: Option<u64>,
}

impl DictFields for PlainCatalog {
    fn take(&mut self, key: &[u8], value: &PdfValue<'_>) -> Option<()> {
        match key {
            b"Type" => {
                self.is_catalog |= value.is_name(b"Catalog");
                set_once(&mut self.kind, ())
            }
            // Some producers omit /Type, but none omits /Pages.
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
                let has_refs = matches!(value, PdfValue::Ref(_) | PdfValue::Array(_));
                (!has_refs || CATALOG_KEYS.contains(&key)).then_some(())
            }
        }
    }

    fn end(&self, text: &DictText<'_>) -> Option<()> {
        (self.is_catalog && !text.is_unusual && !contains_marker(text.raw)).then_some(())
    }
}

/// The name trees of a document without embedded files.
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
            // The whole catalog is read next, and reports the damage.
            Err(error) if error.kind() == ErrorKind::Malformed => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Reads the catalog, which is object `root`, and each payload that it references.
pub(crate) fn read(
    root: u64,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<StructureState> {
    let no_catalog = || {
        Error::malformed(
            ErrorCode::MalformedPdfCatalog,
            "catalog",
            None,
            "/Root references no object",
        )
    };
    let catalog = match document.fetch_fields::<PlainCatalog>(window, root)? {
        None => return Err(no_catalog()),
        Some(Loaded::Fields(fields, _)) => match fields.has_no_files(document, window)? {
            true => return Ok(StructureState::Unprotected),
            false => document.fetch(window, root)?.ok_or_else(no_catalog)?,
        },
        Some(Loaded::Object(catalog)) => catalog,
    };
    read_object(&catalog, document, window, out)
}

/// Reads a catalog that may belong to a wrapper.
pub(crate) fn read_object(
    catalog: &Object,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<StructureState> {
    let malformed = |at, why| Error::malformed(ErrorCode::MalformedPdfCatalog, "catalog", at, why);
    let dict = catalog.dict("catalog")?;
    // Some producers omit /Type, but none omits /Pages.
    if dict.name(b"Type") != Some(b"Catalog") && dict.get(b"Pages").is_none() {
        return Err(malformed(catalog.at(), "/Root references another object"));
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
        // A scan of the file finds the objects at the end of a long list.
        is_suspicious |= refs.next().is_some() || key == b"AF";
    }
    match add_embedded(&dict, document, window, &mut others) {
        Err(error) if error.kind() == ErrorKind::Malformed => is_damaged = true,
        added => added?,
    }
    for (mut files, is_listed) in [(associated, has_files), (others, false)] {
        while !files.is_empty() {
            match files.next(document, window) {
                Ok(Some(QueuedObject::Object(file))) => match file_kind(&file) {
                    FileKind::Payload => wrapper::read(&file, document, window, out)?,
                    FileKind::Attachment => {}
                    // `/AF` must reference file specifications.
                    FileKind::None => is_suspicious |= is_listed,
                },
                Ok(_) => is_damaged = true,
                // A scan of the file finds the object if it contains a marker.
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
fn add_embedded(
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

/// Returns the root of the name tree `/Names /EmbeddedFiles`.
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
        fn plain_catalog_references_no_payload(
            entries in proptest::collection::vec(proptest::sample::select(&ENTRIES[..]), 0..7),
        ) {
            let text = format!("<<{}>>", entries.join(" "));
            if fields_of::<PlainCatalog>(text.as_bytes()).is_none() {
                return Ok(());
            }
            let bytes = format!("1 0 obj {text} endobj");
            with_window(bytes.as_bytes(), |window| {
                // The whole dictionary of a scanned object is parsed.
                let objects = vec![ScannedObject { number: 1, at: 0 }];
                let mut document = PdfDocument::from_scan(objects, Vec::new(), Nesting::Outer);
                let mut sink = PdfTestSink::default();
                let state = read(1, &mut document, window, &mut Candidates::new(&mut sink, |_, _| Ok(())));
                prop_assert_eq!(state.ok(), Some(StructureState::Unprotected));
                prop_assert!(sink.is_none());
                Ok(())
            })?;
        }
    }
}
