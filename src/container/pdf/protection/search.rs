//! The search through a file whose cross-reference cannot be believed, or whose trailer or catalog
//! looks as if a byte of it had changed: one pass from the beginning.

use std::collections::BTreeSet;

use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::container::pdf::file::document::{Document, Sighting};
use crate::container::pdf::file::load::{Lead, load};
use crate::container::pdf::layout::{
    SEARCH_OBJECTS, SEARCH_OVERLAP, SEARCH_PIECE, SEARCH_PLACES, SEARCH_SIGNS, TRAILER_SIGNS_BY_C,
};
use crate::container::pdf::protection::attachment;
use crate::container::pdf::protection::candidates::{Candidates, is_about_one};
use crate::container::pdf::protection::catalog;
use crate::container::pdf::protection::handler;
use crate::container::pdf::protection::read::{Answer, Depth, Trailer};
use crate::container::pdf::syntax::lexer::is_space;
use crate::container::pdf::syntax::object::{Object, mentions, mentions_one};
use crate::container::pdf::syntax::value::decode_name;
use crate::error::{Error, Result};
use crate::kinds::{Anomaly, Protection};
use crate::limits::Limit;
use crate::source::Window;

/// What a pass over the file found.
#[derive(Default)]
struct Found {
    sightings: Vec<Sighting>,
    /// Places of trailers and of cross-reference streams, in the order of the file.
    trailers: Vec<(u64, Lead)>,
    /// Places of object streams.
    streams: Vec<u64>,
    /// Where the handler is mentioned.
    signs: Vec<Sign>,
    /// Whether objects follow the last cross-reference: the end of the file is missing.
    is_cut: bool,
    /// Whether there were more objects than are kept.
    has_more_objects: bool,
    /// Whether there was more of anything else than is kept.
    has_more: bool,
}

/// What a mention of the handler belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// The object whose header is at this offset.
    Object(u64),
    Trailer,
    /// No object: its header is damaged.
    Outside,
}

/// The structure was read, but something in it is odd: reads all candidates that a search finds.
pub(crate) fn confirm(
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
    depth: Depth,
) -> Result<Answer> {
    let mut search = Search::new(window, depth)?;
    let (refused, _) = search.trailers(false, window, out)?;
    search.orphans(window, out)?;
    if out.protection().is_some() {
        out.anomaly(Anomaly::NonSpecLayout, None);
        search.doubt_end(out);
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
    depth: Depth,
    reason: Error,
) -> Result<Answer> {
    let mut search = Search::new(window, depth)?;
    let (refused, is_readable) = search.trailers(true, window, out)?;
    search.orphans(window, out)?;
    if out.protection().is_none() {
        let reason = refused.into_iter().next().or((!is_readable).then_some(reason));
        if let Some(reason) = reason {
            return Err(reason);
        }
    } else {
        search.doubt_end(out);
        for error in refused {
            out.unread(error)?;
        }
    }
    search.conclude(window, out)
}

struct Search {
    found: Found,
    document: Document,
    /// The trailers that could be read, the last one of the file first.
    trailers: Vec<Object>,
    /// Errors about trailers that may name an encryption dictionary.
    refused: Vec<Error>,
}

impl Search {
    fn new(window: &mut Window<'_>, depth: Depth) -> Result<Search> {
        let mut found = scan(window)?;
        let sightings = std::mem::take(&mut found.sightings);
        let document = Document::from_search(sightings, found.streams.clone(), depth);
        let (mut trailers, mut refused) = (Vec::new(), Vec::new());
        for (at, lead) in found.trailers.iter().rev() {
            let error = match load(window, *at, *lead, "trailer") {
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
            document.believe(object.at());
            if trailer.is_protected() {
                match trailer.settle(0, document, window, out) {
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
                        is_readable |= counts && answer != Answer::Damaged;
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
    fn orphans(&mut self, window: &mut Window<'_>, out: &mut Candidates<'_>) -> Result<()> {
        self.document.believe(None);
        let (mut objects, mut unread) = (Vec::new(), Vec::new());
        if self.found.signs.contains(&Sign::Outside) {
            unread.push(doubt("the handler is named outside of all objects"));
        }
        let places = self.found.signs.iter().filter_map(|sign| match sign {
            Sign::Object(at) => Some(*at),
            Sign::Trailer | Sign::Outside => None,
        });
        for at in places.collect::<BTreeSet<u64>>() {
            match load(window, at, Lead::Indirect(None), "object") {
                Ok(object) => objects.push(object),
                Err(error) if is_about_one(&error) => unread.push(error),
                Err(error) => return Err(error),
            }
        }
        for at in self.found.streams.clone() {
            match self.document.matching_in(window, at, has_sign) {
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
                let read = catalog::unwrap(object, &mut self.document, window, out);
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
    fn doubt_end(&self, out: &mut Candidates<'_>) {
        if self.found.is_cut {
            out.doubt(doubt("objects follow the last cross-reference"));
        }
    }

    /// Decides what the search says: it is plain only if all was seen and nothing in the file and
    /// in its object streams mentions the handler.
    fn conclude(mut self, window: &mut Window<'_>, out: &Candidates<'_>) -> Result<Answer> {
        let protection = out.protection();
        let is_rms = protection == Some(Protection::Rms);
        if self.found.has_more || self.found.has_more_objects && !is_rms {
            return Err(Limit::PdfObjects.error(to_u64(SEARCH_OBJECTS)));
        }
        if protection.is_some() {
            return Ok(Answer::Settled);
        }
        if !self.found.signs.is_empty() {
            return Err(doubt("the file mentions Microsoft's handler, and nothing leads there"));
        }
        for at in &self.found.streams {
            if has_sign(self.document.stream_text(window, *at)?) {
                return Err(doubt(
                    "an object mentions Microsoft's handler, and nothing leads there",
                ));
            }
        }
        Ok(Answer::Plain)
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
    Ok(is_one && (mentions_one(&TRAILER_SIGNS_BY_C, text) || mentions(text, b"Wrapper")))
}

/// Returns whether `text` mentions the handler, as it is or in a name with `#xx`.
fn has_sign(text: &[u8]) -> bool {
    SEARCH_SIGNS.iter().any(|sign| memchr::memmem::find(text, sign).is_some())
        || escaped_signs(text).next().is_some()
}

/// Returns the offsets of names that mention the handler once their `#xx` are decoded (ISO 32000-2
/// 7.3.5).
fn escaped_signs(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    /// The longest name that is decoded.
    const NAME: usize = 127;
    memchr::memchr_iter(b'#', text).filter(move |at| {
        let digits = text.get(at.saturating_add(1)..at.saturating_add(3));
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return false;
        }
        let before = text.get(at.saturating_sub(NAME)..*at).unwrap_or_default();
        let Some(slash) = before.iter().rposition(|byte| *byte == b'/') else { return false };
        let start = at.saturating_sub(before.len()).saturating_add(slash).saturating_add(1);
        let name = text.get(start..start.saturating_add(NAME).min(text.len())).unwrap_or_default();
        let ends = |byte: &u8| is_space(*byte) || matches!(byte, b'/' | b'<' | b'>' | b'[' | b'(');
        let end = name.iter().position(ends).unwrap_or(name.len());
        let name = decode_name(name.get(..end).unwrap_or_default());
        SEARCH_SIGNS.iter().any(|sign| memchr::memmem::find(&name, sign).is_some())
    })
}

/// A keyword that tells what a place of the file belongs to.
#[derive(Debug, Clone, Copy)]
enum Mark {
    Object(u64),
    End,
    Trailer,
}

impl Mark {
    fn sign(mark: Option<Mark>) -> Sign {
        match mark {
            Some(Mark::Object(at)) => Sign::Object(at),
            Some(Mark::Trailer) => Sign::Trailer,
            Some(Mark::End) | None => Sign::Outside,
        }
    }
}

fn scan(window: &mut Window<'_>) -> Result<Found> {
    /// What stands before `obj`: two numbers.
    const BEFORE: usize = 64;
    let meter = window.meter();
    let mut found = Found::default();
    let (mut latest, mut latest_object) = (None, None);
    let mut at: u64 = 0;
    loop {
        let piece = window.up_to(at, SEARCH_PIECE)?;
        meter.charge(Limit::Steps, to_u64(piece.len()))?;
        let is_last = piece.len() < SEARCH_PIECE;
        // The overlap is read twice, and its matches are taken once.
        let low = if at == 0 { 0 } else { BEFORE };
        let high = match is_last {
            true => piece.len(),
            false => piece.len().saturating_sub(SEARCH_OVERLAP).saturating_add(BEFORE),
        };
        let mut marks = Vec::new();
        for obj in within(piece, b"obj", low, high) {
            let before = piece.get(..obj).unwrap_or_default();
            if let Some((start, number)) = header_before(before) {
                let place = at.saturating_add(to_u64(start));
                marks.push((obj, Mark::Object(place)));
                found.sight(Sighting { number, at: place });
            } else if before.ends_with(b"end") {
                marks.push((obj, Mark::End));
            }
        }
        for position in within(piece, b"trailer", low, high) {
            let place = at.saturating_add(to_u64(position));
            marks.push((position, Mark::Trailer));
            keep(&mut found.trailers, (place, Lead::Trailer), &mut found.has_more);
        }
        marks.sort_unstable_by_key(|(position, _)| *position);
        meter.charge(Limit::Allocation, to_u64(marks.len()).saturating_mul(32))?;
        let mark_at = |position: usize| {
            let before = marks.partition_point(|(place, _)| *place <= position);
            let last = before.checked_sub(1).and_then(|last| marks.get(last));
            last.map(|(_, mark)| *mark).or(latest)
        };
        let around = |position: usize| match mark_at(position) {
            Some(Mark::Object(place)) => Some(place),
            _ => {
                let before = marks.partition_point(|(place, _)| *place <= position);
                let earlier = marks.get(..before).unwrap_or_default().iter().rev();
                object_of(earlier).or(latest_object)
            }
        };
        for place in within(piece, b"/XRef", low, high).filter_map(around) {
            keep(&mut found.trailers, (place, Lead::Indirect(None)), &mut found.has_more);
        }
        for place in within(piece, b"/ObjStm", low, high).filter_map(around) {
            keep(&mut found.streams, place, &mut found.has_more);
        }
        let escaped = escaped_signs(piece).filter(|at| (low..high).contains(at));
        let signs = SEARCH_SIGNS.iter().flat_map(|sign| within(piece, sign, low, high));
        for position in signs.chain(escaped) {
            keep(&mut found.signs, Mark::sign(mark_at(position)), &mut found.has_more);
        }
        latest_object = object_of(marks.iter().rev()).or(latest_object);
        for (_, mark) in &marks {
            match mark {
                Mark::Object(_) => found.is_cut = true,
                Mark::Trailer => found.is_cut = false,
                Mark::End => {}
            }
        }
        latest = marks.last().map(|(_, mark)| *mark).or(latest);
        if is_last {
            found.trailers.sort_by_key(|(at, _)| *at);
            let last = found.trailers.last();
            found.is_cut &= last.is_none_or(|(at, _)| Some(*at) != latest_object);
            return Ok(found);
        }
        at = at.saturating_add(to_u64(SEARCH_PIECE.saturating_sub(SEARCH_OVERLAP)));
    }
}

/// Returns the first object of `marks`.
fn object_of<'m>(mut marks: impl Iterator<Item = &'m (usize, Mark)>) -> Option<u64> {
    marks.find_map(|(_, mark)| match mark {
        Mark::Object(place) => Some(*place),
        _ => None,
    })
}

impl Found {
    fn sight(&mut self, sighting: Sighting) {
        if self.sightings.len() < SEARCH_OBJECTS {
            self.sightings.push(sighting);
        } else {
            self.has_more_objects = true;
        }
    }
}

fn keep<T: PartialEq>(places: &mut Vec<T>, place: T, has_more: &mut bool) {
    if places.last() == Some(&place) {
        return;
    }
    if places.len() < SEARCH_PLACES {
        places.push(place);
    } else {
        *has_more = true;
    }
}

fn within<'p>(
    piece: &'p [u8],
    word: &'p [u8],
    low: usize,
    high: usize,
) -> impl Iterator<Item = usize> + 'p {
    memchr::memmem::find_iter(piece, word).filter(move |at| (low..high).contains(at))
}

/// The `number generation ` that ends with `bytes`: where it begins, and the number.
pub(crate) fn header_before(bytes: &[u8]) -> Option<(usize, u64)> {
    let (rest, _) = number_before(trim(bytes))?;
    let spaced = trim(rest);
    if spaced.len() == rest.len() {
        return None;
    }
    let (rest, number) = number_before(spaced)?;
    Some((rest.len(), number))
}

fn trim(bytes: &[u8]) -> &[u8] {
    let len =
        bytes.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last.saturating_add(1));
    bytes.get(..len).unwrap_or_default()
}

fn number_before(bytes: &[u8]) -> Option<(&[u8], u64)> {
    let start = bytes.iter().rposition(|byte| !byte.is_ascii_digit());
    let start = start.map_or(0, |last| last.saturating_add(1));
    let (rest, digits) = bytes.split_at_checked(start)?;
    let value = |number: u64, digit: &u8| {
        number.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0')))
    };
    let number = digits.iter().try_fold(0, value).filter(|_| !digits.is_empty())?;
    Some((rest, number))
}
