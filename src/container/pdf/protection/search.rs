//! The search through a file whose cross-reference cannot be believed, or whose trailer or catalog
//! looks as if a byte of it had changed: one pass from the beginning.

use std::collections::BTreeSet;

use super::candidates::Candidates;
use super::trailer;
use super::wrapper;
use super::{attachment, catalog, handler};
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::container::pdf::file::document::PdfDocument;
use crate::container::pdf::file::load::{Prefix, load};
use crate::container::pdf::file::scan::{MarkerOwner, ScanResult, has_marker, scan};
use crate::container::pdf::file::trailer::Trailer;
use crate::container::pdf::layout::{SEARCH_OBJECTS, TRAILER_MARKERS_BY_C};
use crate::container::pdf::syntax::markers::{contains_any, contains_ignore_case};
use crate::container::pdf::syntax::object::Object;
use crate::container::pdf::types::{Nesting, StructureState, is_about_one};
use crate::error::{Error, Result};
use crate::kinds::{Anomaly, Protection};
use crate::limits::Limit;
use crate::source::Window;

/// The structure was read, but something in it is odd: reads all candidates that a search finds.
pub(crate) fn confirm(
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
    nesting: Nesting,
) -> Result<StructureState> {
    let mut search = Search::new(window, nesting)?;
    let (refused, _) = search.trailers(false, window, out)?;
    search.read_orphans(window, out)?;
    if out.protection().is_some() {
        out.anomaly(Anomaly::NonSpecLayout, None);
        search.report_missing_end(out);
        for error in refused {
            out.unread(error)?;
        }
    }
    search.conclude(window, out)
}

/// The structure could not be read, for this reason: reads all candidates that a search finds.
pub(crate) fn rebuild(
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
    nesting: Nesting,
    reason: Error,
) -> Result<StructureState> {
    let mut search = Search::new(window, nesting)?;
    let (refused, is_readable) = search.trailers(true, window, out)?;
    search.read_orphans(window, out)?;
    if out.protection().is_none() {
        let reason = refused.into_iter().next().or((!is_readable).then_some(reason));
        if let Some(reason) = reason {
            return Err(reason);
        }
    } else {
        search.report_missing_end(out);
        for error in refused {
            out.unread(error)?;
        }
    }
    search.conclude(window, out)
}

struct Search {
    found: ScanResult,
    document: PdfDocument,
    /// The trailers that could be read, the last one of the file first.
    trailers: Vec<Object>,
    /// Errors about trailers that may name an encryption dictionary.
    refused: Vec<Error>,
}

impl Search {
    fn new(window: &mut Window<'_>, nesting: Nesting) -> Result<Search> {
        let mut found = scan(window)?;
        let scanned = std::mem::take(&mut found.scanned);
        let document = PdfDocument::from_search(scanned, found.streams.clone(), nesting);
        let (mut trailers, mut refused) = (Vec::new(), Vec::new());
        for (at, prefix) in found.trailers.iter().rev() {
            let error = match load(window, *at, *prefix, "trailer") {
                Ok(trailer) => match trailer.dict("trailer") {
                    Ok(_) => {
                        trailers.push(trailer);
                        continue;
                    }
                    Err(error) => error,
                },
                Err(error) if is_about_one(&error) => error,
                Err(error) => return Err(error),
            };
            if may_protect(window, *at)? {
                refused.push(error);
            }
        }
        Ok(Search { found, document, trailers, refused })
    }

    /// Reads each candidate that a trailer names, and that its catalog leads to if `catalogs` is
    /// set. Returns the errors about trailers, and whether a catalog could be read.
    fn trailers(
        &mut self,
        catalogs: bool,
        window: &mut Window<'_>,
        out: &mut Candidates<'_>,
    ) -> Result<(Vec<Error>, bool)> {
        let mut refused = std::mem::take(&mut self.refused);
        let (mut is_readable, mut read) = (false, BTreeSet::new());
        let document = &mut self.document;
        for object in &self.trailers {
            let trailer = Trailer::read(object)?;
            document.resolve_for(object.at());
            if trailer.is_protected() {
                match trailer::read(&trailer, 0, document, window, out) {
                    Err(error) if is_about_one(&error) => refused.push(error),
                    settled => settled?,
                }
            }
            let Some(root) = trailer.root.filter(|_| catalogs) else { continue };
            // The one that counts, and then every other object of that number.
            let counts = match document.fetch(window, root) {
                Err(error) if !is_about_one(&error) => return Err(error),
                catalog => catalog.ok().flatten(),
            };
            let at = counts.as_ref().and_then(Object::at);
            let others = document.fetch_all(window, root, 0)?.into_iter().flatten();
            let others = others.filter(|other| other.at() != at).map(|other| (other, false));
            for (catalog, counts) in counts.map(|it| (it, true)).into_iter().chain(others) {
                if catalog.at().is_some_and(|at| !read.insert(at)) {
                    continue;
                }
                match catalog::read_object(&catalog, document, window, out) {
                    Ok(answer) => {
                        attachment::read_of(&catalog, document, window, out)?;
                        is_readable |= counts && answer != StructureState::Damaged;
                    }
                    Err(error) if !is_about_one(&error) => return Err(error),
                    Err(_) => {}
                }
            }
        }
        // Revisions repeat a reference that leads nowhere.
        refused.dedup_by_key(|error| (error.code(), error.offset()));
        Ok((refused, is_readable))
    }

    /// Reads the objects that mention the handler, whether or not a trailer leads to them.
    fn read_orphans(&mut self, window: &mut Window<'_>, out: &mut Candidates<'_>) -> Result<()> {
        self.document.resolve_for(None);
        let (mut objects, mut unread) = (Vec::new(), Vec::new());
        if self.found.markers.contains(&MarkerOwner::Outside) {
            unread.push(doubt("the handler is named outside of all objects"));
        }
        let places = self.found.markers.iter().filter_map(|marker| match marker {
            MarkerOwner::Object(at) => Some(*at),
            MarkerOwner::Trailer | MarkerOwner::Outside => None,
        });
        for at in places.collect::<BTreeSet<u64>>() {
            match load(window, at, Prefix::Indirect(None), "object") {
                Ok(object) => objects.push(object),
                Err(error) if is_about_one(&error) => unread.push(error),
                Err(error) => return Err(error),
            }
        }
        for at in self.found.streams.clone() {
            match self.document.matching_in(window, at, has_marker) {
                Ok((matching, damaged)) => {
                    objects.extend(matching);
                    if damaged > 0 {
                        unread.push(doubt("an object that names the handler cannot be read"));
                    }
                }
                Err(error) if is_about_one(&error) => {}
                Err(error) => return Err(error),
            }
        }
        for object in &objects {
            if handler::is_orphan(object) {
                let read = handler::read(object, &mut self.document, window, out);
                out.keep_error(read)?;
            } else if is_file(object) {
                let read = wrapper::read(object, &mut self.document, window, out);
                out.keep_error(read)?;
            }
        }
        // Without a candidate `conclude` says that the handler is mentioned.
        if out.protection().is_some()
            && let Some(error) = unread.into_iter().next()
        {
            out.doubt(error);
        }
        Ok(())
    }

    /// Notes that the end of the file is missing: it may name other candidates.
    fn report_missing_end(&self, out: &mut Candidates<'_>) {
        if self.found.is_cut {
            out.doubt(doubt("objects follow the last cross-reference"));
        }
    }

    /// Decides what the search says: it is plain only if all was seen and nothing in the file and
    /// in its object streams mentions the handler.
    fn conclude(mut self, window: &mut Window<'_>, out: &Candidates<'_>) -> Result<StructureState> {
        let protection = out.protection();
        let is_rms = protection == Some(Protection::Rms);
        if self.found.has_more || self.found.has_more_objects && !is_rms {
            return Err(Limit::PdfObjects.error(to_u64(SEARCH_OBJECTS)));
        }
        if protection.is_some() {
            return Ok(StructureState::Protected);
        }
        if !self.found.markers.is_empty() {
            return Err(doubt("the file mentions Microsoft's handler, and nothing leads there"));
        }
        for at in &self.found.streams {
            if has_marker(self.document.stream_text(window, *at)?) {
                return Err(doubt(
                    "an object mentions Microsoft's handler, and nothing leads there",
                ));
            }
        }
        Ok(StructureState::Unprotected)
    }
}

fn doubt(why: &'static str) -> Error {
    Error::malformed(ErrorCode::MalformedPdfXref, "cross-reference", None, why)
}

fn is_file(object: &Object) -> bool {
    object.data.is_none()
        && object.dict("file specification").is_ok_and(|dict| dict.get(b"EF").is_some())
}

/// Returns whether the damaged trailer at `at` has a key that protects a file.
fn may_protect(window: &mut Window<'_>, at: u64) -> Result<bool> {
    const TRAILER: usize = 4096;
    window.meter().charge(Limit::Steps, to_u64(TRAILER))?;
    let text = window.up_to(at, TRAILER)?;
    let ends = [&b"startxref"[..], b"stream", b"endobj"];
    let end = ends.iter().filter_map(|end| memchr::memmem::find(text, end)).min();
    let text = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    let is_one = memchr::memmem::find(text, b"<<").is_some();
    Ok(is_one
        && (contains_any(&TRAILER_MARKERS_BY_C, text) || contains_ignore_case(text, b"Wrapper")))
}
