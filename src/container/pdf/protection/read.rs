//! Reads a PDF from its newest trailer to the encryption dictionaries and payloads that protect it.

use super::candidates::Candidates;
use super::{attachment, catalog, handler, label, search, trailer};
use crate::code::ErrorCode;
use crate::container::pdf::file::document::PdfDocument;
use crate::container::pdf::file::small_list::SmallList;
use crate::container::pdf::file::trailer::{Trailer, TrailerInfo};
use crate::container::pdf::types::{Nesting, StructureState};
use crate::container::sink::Sink;
use crate::error::{Error, ErrorKind, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::source::Window;

/// Reads a PDF.
///
/// # Errors
/// The structure of the PDF is damaged, or a budget is spent.
pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    read_at(Nesting::Outer, window, sink)
}

/// Reads the PDF in the compressed payload of a wrapper.
fn read_payload(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    read_at(Nesting::Payload, window, sink)
}

fn read_at(nesting: Nesting, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Pdf);
    sink.protection(Protection::Unknown);
    let mut out = Candidates::new(sink, read_payload);
    read_candidates(nesting, window, &mut out)?;
    let protection = out.protection().unwrap_or(Protection::None);
    out.protection_of_file(protection);
    Ok(())
}

/// Reads the candidates by the cross-reference. Scans the whole file if the cross-reference is
/// damaged or the structure is suspicious.
fn read_candidates(
    nesting: Nesting,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<StructureState> {
    let followed = PdfDocument::open(window, nesting).and_then(|mut document| {
        let state = read_structure(&mut document, window, out)?;
        if state != StructureState::Protected && out.options().labels {
            label::read(&mut document, window, &mut **out);
        }
        Ok(state)
    });
    match followed {
        Ok(StructureState::Suspicious | StructureState::Damaged) => {
            search::confirm(window, out, nesting)
        }
        Err(error) if error.kind() == ErrorKind::Malformed => {
            out.anomaly(Anomaly::XrefRebuilt, error.offset());
            search::rebuild(window, out, nesting, error)
        }
        state => state,
    }
}

/// Reads the candidates of all trailers, newest first, and of the catalogs that they name.
fn read_structure(
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<StructureState> {
    let mut index: usize = 0;
    let mut roots = SmallList::default();
    let mut suspects = Vec::new();
    let (mut is_suspicious, mut is_damaged) = (false, !document.is_last);
    while let Some(section) = document.section(window, index)? {
        let (root, protected) = match &section.trailer {
            TrailerInfo::Plain(plain) => (plain.root, None),
            TrailerInfo::Whole(object) => {
                let trailer = Trailer::read(object)?;
                is_suspicious |= trailer.is_suspicious;
                is_damaged |= trailer.has_trailing_tokens;
                suspects.extend(&trailer.suspects);
                (trailer.root, trailer.is_protected().then(|| object.clone()))
            }
        };
        if let Some(root) = root
            && !roots.iter().any(|known| *known == root)
        {
            roots.push(root);
        }
        if let Some(object) = protected {
            trailer::read(&Trailer::read(&object)?, index, document, window, out)?;
        }
        index = index.saturating_add(1);
    }
    for suspect in suspects {
        match document.fetch(window, suspect)? {
            Some(object) if handler::resembles(&object) => {
                handler::read(&object, document, window, out)?;
            }
            Some(_) => {}
            // The object may be in the file although no section lists it.
            None => is_damaged = true,
        }
    }
    let is_encrypted = out.protection().is_some();
    if roots.len() == 0 && !is_encrypted {
        return Err(Error::malformed(
            ErrorCode::MalformedPdfTrailer,
            "trailer",
            None,
            "has no /Root",
        ));
    }
    for (older, root) in roots.iter().enumerate() {
        match catalog::read(*root, document, window, out) {
            Ok(state) => {
                is_suspicious |= state == StructureState::Suspicious;
                is_damaged |= state == StructureState::Damaged;
            }
            Err(error) if error.kind() != ErrorKind::Malformed => return Err(error),
            // Object streams are encrypted too, so that the catalog cannot be read.
            Err(_) if is_encrypted && is_hidden(*root, document, window, out)? => {}
            Err(_) if older > 0 => is_damaged = true,
            Err(error) => return Err(error),
        }
    }
    if !is_encrypted && !out.is_wrapper && !is_suspicious {
        is_suspicious = !lists_first_object(document, window)?;
    }
    let state = match out.protection() {
        _ if is_damaged => StructureState::Suspicious,
        Some(_) => StructureState::Protected,
        None if is_suspicious => StructureState::Suspicious,
        None => StructureState::Unprotected,
    };
    if let Some(root) = roots.iter().next() {
        attachment::read(*root, document, window, out)?;
    }
    Ok(state)
}

/// Returns whether an error about the catalog can be ignored: encryption covers the catalog, or the
/// file needs a rights management server whatever the catalog contains.
fn is_hidden(
    root: u64,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &Candidates<'_>,
) -> Result<bool> {
    if out.protection() == Some(Protection::Rms) {
        return Ok(true);
    }
    match document.is_compressed(window, root) {
        Err(error) if error.kind() == ErrorKind::Malformed => Ok(false),
        is_compressed => is_compressed,
    }
}

/// Returns whether a section lists the first object of the file. Returns false if an entry is
/// damaged.
fn lists_first_object(document: &mut PdfDocument, window: &mut Window<'_>) -> Result<bool> {
    match document.lists_first_object(window) {
        Err(error) if error.kind() == ErrorKind::Malformed => Ok(false),
        listed => listed,
    }
}
