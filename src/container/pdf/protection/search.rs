//! Reads the candidates that a scan of the whole file finds. It is used if the cross-reference is
//! damaged, or if a trailer or catalog is suspicious.

use std::collections::BTreeSet;

use super::candidates::Candidates;
use super::{attachment, catalog, handler, trailer, wrapper};
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

/// Reads all candidates that a scan finds, after the structure was read and is suspicious.
pub(crate) fn confirm(
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
    nesting: Nesting,
) -> Result<StructureState> {
    let mut search = Search::new(window, nesting)?;
    let (refused, _) = search.read_trailers(false, window, out)?;
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

/// Reads all candidates that a scan finds, after the structure could not be read. `reason` is the
/// error.
pub(crate) fn rebuild(
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
    nesting: Nesting,
    reason: Error,
) -> Result<StructureState> {
    let mut search = Search::new(window, nesting)?;
    let (refused, is_readable) = search.read_trailers(true, window, out)?;
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

/// The objects and trailers that a scan found.
struct Search {
    found: ScanResult,
    document: PdfDocument,
    /// The trailers that could be read, last of the file first.
    trailers: Vec<Object>,
    /// Errors about trailers that may name an encryption dictionary.
    refused: Vec<Error>,
}

impl Search {
    /// Scans the file, and loads the trailers.
    fn new(window: &mut Window<'_>, nesting: Nesting) -> Result<Search> {
        let mut found = scan(window)?;
        let objects = std::mem::take(&mut found.objects);
        let document = PdfDocument::from_scan(objects, found.streams.clone(), nesting);
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

    /// Reads each candidate that a trailer names and, if `catalogs` is set, each candidate of its
    /// catalog. Returns the errors about trailers, and whether a catalog could be read.
    fn read_trailers(
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
                    read => read?,
                }
            }
            let Some(root) = trailer.root.filter(|_| catalogs) else { continue };
            // The catalog of this trailer first, then every other object of its number.
            let own = match document.fetch(window, root) {
                Err(error) if !is_about_one(&error) => return Err(error),
                catalog => catalog.ok().flatten(),
            };
            let at = own.as_ref().and_then(Object::at);
            let others = document.fetch_all(window, root, 0)?.into_iter().flatten();
            let others = others.filter(|other| other.at() != at).map(|other| (other, false));
            for (catalog, is_own) in own.map(|it| (it, true)).into_iter().chain(others) {
                if catalog.at().is_some_and(|at| !read.insert(at)) {
                    continue;
                }
                match catalog::read_object(&catalog, document, window, out) {
                    Ok(state) => {
                        attachment::read_of(&catalog, document, window, out)?;
                        is_readable |= is_own && state != StructureState::Damaged;
                    }
                    Err(error) if !is_about_one(&error) => return Err(error),
                    Err(_) => {}
                }
            }
        }
        // Revisions repeat the same invalid reference.
        refused.dedup_by_key(|error| (error.code(), error.offset()));
        Ok((refused, is_readable))
    }

    /// Reads the objects that contain a marker, whether or not a trailer references them.
    fn read_orphans(&mut self, window: &mut Window<'_>, out: &mut Candidates<'_>) -> Result<()> {
        self.document.resolve_for(None);
        let (mut objects, mut unread) = (Vec::new(), Vec::new());
        if self.found.markers.contains(&MarkerOwner::Outside) {
            unread.push(structure_error("the handler is named outside of all objects"));
        }
        let offsets = self.found.markers.iter().filter_map(|marker| match marker {
            MarkerOwner::Object(at) => Some(*at),
            MarkerOwner::Trailer | MarkerOwner::Outside => None,
        });
        for at in offsets.collect::<BTreeSet<u64>>() {
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
                        unread.push(structure_error(
                            "an object that names the handler cannot be read",
                        ));
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
        // Without a candidate `conclude` reports the marker.
        if out.protection().is_some()
            && let Some(error) = unread.into_iter().next()
        {
            out.report_incomplete(error);
        }
        Ok(())
    }

    /// Reports that the end of the file is missing. It may name further candidates.
    fn report_missing_end(&self, out: &mut Candidates<'_>) {
        if self.found.is_cut {
            out.report_incomplete(structure_error("objects follow the last cross-reference"));
        }
    }

    /// Returns the conclusion of the search. A file is unprotected only if everything was scanned,
    /// and neither the file nor its object streams contain a marker.
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
            return Err(structure_error(
                "the file names Microsoft's handler, but no structure references it",
            ));
        }
        for at in &self.found.streams {
            if has_marker(self.document.stream_text(window, *at)?) {
                return Err(structure_error(
                    "an object names Microsoft's handler, but no structure references it",
                ));
            }
        }
        Ok(StructureState::Unprotected)
    }
}

/// Returns an error about the structure of the file.
fn structure_error(why: &'static str) -> Error {
    Error::malformed(ErrorCode::MalformedPdfXref, "cross-reference", None, why)
}

/// Returns whether the object is a file specification.
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
    let has_dict = memchr::memmem::find(text, b"<<").is_some();
    Ok(has_dict
        && (contains_any(&TRAILER_MARKERS_BY_C, text) || contains_ignore_case(text, b"Wrapper")))
}
