//! [`documents`]: reads all `<XrML>` documents of a text, one after the other (MS-RMPR 2.2.9).

use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;

use super::cache::CertificateCache;
use super::document::XrmlDocument;
use super::owned::{DocumentContent, DocumentEntry};
use super::reader::DocumentReader;
use super::top_level::{TopLevelItem, item_at, next_xrml_tag};
use crate::bytes::to_u64;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::kinds::Depth;
use crate::license_text::has_license_text;
use crate::limits::{Limit, Meter};

static BODY_END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"</BODY>"));

/// The documents of one license.
#[derive(Debug, Default)]
pub(crate) struct Documents<'t> {
    pub(crate) list: Vec<DocumentEntry<'t>>,
    /// Text other than white space follows a document.
    pub(crate) trailing: bool,
    /// Text outside of the documents contains the end of a `BODY`, or ends within an `<XrML` tag: a
    /// document with a damaged tag.
    pub(crate) has_stray_body: bool,
    /// License text is present where an XML parser skips it, or in a foreign element.
    pub(crate) has_stray_text: bool,
    /// The error that ended the reading before the end of the text; its offset is one in the text.
    pub(crate) error: Option<Error>,
}

impl Documents<'_> {
    /// Records text between documents. `last_is_closed`: the document before it has its end tag.
    fn pass(&mut self, text: &[u8], last_is_closed: bool) {
        if text.is_empty() {
            return;
        }
        let rest = text.trim_ascii();
        self.trailing |= last_is_closed && !rest.is_empty();
        let is_cut = !rest.is_empty() && b"<XrML".starts_with(rest);
        self.has_stray_body |= is_cut || BODY_END.find(text).is_some();
    }
}

/// Reads all documents of `text`; with `Depth::Head` up to the `WORK` of the publishing license. A
/// cache changes neither the result nor the charged cost.
pub(crate) fn documents<'t>(
    text: &'t [u8],
    depth: Depth,
    cache: Option<&mut CertificateCache>,
    meter: &Meter,
) -> Documents<'t> {
    read_documents(text, depth, cache, meter, next_document)
}

/// Reads all documents of `text` at any depth: the response of a server has its certificates in a
/// SOAP envelope.
#[cfg(feature = "estate")]
pub(crate) fn documents_in_wrapper<'t>(text: &'t [u8], meter: &Meter) -> Documents<'t> {
    let next =
        |text: &[u8], at, _: &mut Documents<'_>, _: &mut Option<Error>| next_xrml_tag(text, at);
    read_documents(text, Depth::Full, None, meter, next)
}

fn read_documents<'t>(
    text: &'t [u8],
    depth: Depth,
    cache: Option<&mut CertificateCache>,
    meter: &Meter,
    next: impl Fn(&[u8], usize, &mut Documents<'_>, &mut Option<Error>) -> Option<usize>,
) -> Documents<'t> {
    let mut documents = Documents::default();
    if let Err(error) = read_each(text, depth, cache, meter, &mut documents, next) {
        documents.error = Some(error.at_stage(Stage::License));
    }
    documents
}

fn read_each<'t>(
    text: &'t [u8],
    depth: Depth,
    mut cache: Option<&mut CertificateCache>,
    meter: &Meter,
    documents: &mut Documents<'t>,
    next: impl Fn(&[u8], usize, &mut Documents<'_>, &mut Option<Error>) -> Option<usize>,
) -> Result<()> {
    meter.charge(Limit::Steps, to_u64(text.len()))?;
    let mut at = 0;
    let mut damage = None;
    while let Some(start) = next(text, at, documents, &mut damage) {
        let count = to_u64(documents.list.len()).saturating_add(1);
        meter.check(Limit::ChainLength, count)?;
        let rest = text.get(start..).unwrap_or_default();
        if let Some((len, document)) = cache.as_ref().and_then(|cache| cache.find(rest)) {
            at = start.saturating_add(len);
            let content = DocumentContent::Certificate(Arc::clone(document));
            let bytes = rest.get(..len).unwrap_or_default();
            documents.list.push(DocumentEntry { start, bytes, content });
            continue;
        }
        let mut document = Box::new(XrmlDocument { start, ..XrmlDocument::default() });
        let mut reader = DocumentReader::new(text, &mut document, meter);
        let read = reader.run(depth);
        let has_stray_text = reader.has_stray_text();
        documents.has_stray_text |= has_stray_text;
        at = if document.closed { document.end } else { start.saturating_add(1) };
        // The end of a document without end tags depends on the text that follows it.
        let has_ends = document.closed && (document.body_closed || document.body.is_none());
        let entry = DocumentEntry::new(document, text);
        let is_license = entry.license().is_some();
        if let (Some(cache), Some(certificate)) = (&mut cache, entry.certificate())
            && read.is_ok()
            && has_ends
            && !has_stray_text
        {
            cache.insert(entry.bytes, certificate);
        }
        documents.list.push(entry);
        match read {
            Err(error) if error.kind() == ErrorKind::Limit => return Err(error),
            // A truncated document does not hide the next one.
            Err(error) => _ = damage.get_or_insert(error),
            Ok(()) if is_license && depth == Depth::Head => break,
            Ok(()) => {}
        }
    }
    damage.map_or(Ok(()), Err)
}

/// Returns the offset of the next document, and records the text before it.
///
/// After damage it is unknown which text is markup. From the first damage on, each `<XrML` tag
/// counts: because of the error, no record of the license says `no`.
fn next_document(
    text: &[u8],
    mut at: usize,
    documents: &mut Documents<'_>,
    damage: &mut Option<Error>,
) -> Option<usize> {
    let last_is_closed = documents.list.last().is_some_and(DocumentEntry::closed);
    while damage.is_none() {
        match item_at(text, at) {
            TopLevelItem::Document(start) => return Some(start),
            TopLevelItem::Skipped(end) => {
                let skipped = text.get(at..end).unwrap_or_default();
                // Each document of a chain can have an XML declaration.
                let is_instruction = skipped.starts_with(b"<?");
                documents.pass(skipped, last_is_closed && !is_instruction);
                documents.has_stray_text |= has_license_text(skipped);
                at = end;
            }
            // Without a document after it, it hides nothing.
            TopLevelItem::Unfinished(_) if next_xrml_tag(text, at).is_none() => break,
            TopLevelItem::Unfinished(error) => *damage = Some(error),
            TopLevelItem::End => return None,
        }
    }
    let start = next_xrml_tag(text, at);
    let skipped = text.get(at..start.unwrap_or(text.len())).unwrap_or_default();
    documents.pass(skipped, last_is_closed);
    start
}
