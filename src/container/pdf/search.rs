//! The search through a file whose cross-reference cannot be believed, or whose trailer or catalog
//! looks as if a byte of it had changed: one pass from the beginning.

use super::document::{Document, Sighting};
use super::layout::{SEARCH_OBJECTS, SEARCH_OVERLAP, SEARCH_PIECE, SEARCH_PLACES, SIGNS, SUSPECTS};
use super::lex::is_space;
use super::load::{Lead, load};
use super::object::Object;
use super::read::{Answer, Depth, Trailer, is_final};
use super::{attachment, catalog, handler};
use crate::bytes::wide;
use crate::container::{Anomaly, Sink};
use crate::error::{Error, ErrorKind, Result};
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
    /// The objects in which the handler is mentioned, or nothing where it is outside of any.
    signs: Vec<Option<u64>>,
    /// Whether there was more than is kept.
    has_more: bool,
}

/// The structure was read and says that nothing protects the file, but something in it is odd.
/// Plain if nothing in the file says otherwise.
pub(super) fn confirm(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    depth: Depth,
) -> Result<Answer> {
    let mut found = scan(window)?;
    let mut document = found.document(depth);
    let trailers = found.trailers(window)?;
    let settled = protected(&trailers, &mut document, window, sink)?;
    if settled.is_ok_and(|is_settled| is_settled) {
        sink.anomaly(Anomaly::NonSpecLayout, None);
        return Ok(Answer::Settled);
    }
    document.believe(None);
    if orphans(&found, &mut document, window, sink)? {
        sink.anomaly(Anomaly::NonSpecLayout, None);
        return Ok(Answer::Settled);
    }
    found.is_clean(&mut document, window)?;
    Ok(Answer::Plain)
}

/// The structure could not be read, for this reason.
pub(super) fn rebuild(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    depth: Depth,
    reason: Error,
) -> Result<Answer> {
    let mut found = scan(window)?;
    let mut document = found.document(depth);
    let trailers = found.trailers(window)?;
    let refused = match protected(&trailers, &mut document, window, sink)? {
        Ok(true) => return Ok(Answer::Settled),
        Ok(false) => None,
        Err(refused) => Some(refused),
    };
    let mut is_readable = false;
    for object in &trailers {
        let root = Trailer::read(object).ok().and_then(|trailer| trailer.root);
        let Some(root) = root else { continue };
        document.believe(object.at());
        match catalog::read(root, &mut document, window, sink) {
            Ok(Answer::Settled) => return Ok(Answer::Settled),
            Ok(_) => {
                attachment::read(root, &mut document, window, sink)?;
                is_readable = true;
                break;
            }
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => go_on(error)?,
        }
    }
    if orphans(&found, &mut document, window, sink)? {
        return Ok(Answer::Settled);
    }
    if let Some(refused) = refused {
        return Err(refused);
    }
    if !is_readable {
        return Err(reason);
    }
    found.is_clean(&mut document, window)?;
    Ok(Answer::Plain)
}

/// Tries the trailers that say that the file is protected, the last one of the file first: whether
/// one of them leads to what protects it, or why the first of them does not.
fn protected(
    trailers: &[Object],
    document: &mut Document,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<Result<bool>> {
    let mut refused = None;
    for object in trailers {
        let Ok(trailer) = Trailer::read(object) else { continue };
        if !trailer.is_protected() {
            continue;
        }
        document.believe(object.at());
        match trailer.settle(document, window, sink) {
            Ok(()) => return Ok(Ok(true)),
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => {
                refused.get_or_insert(error.clone());
                go_on(error)?;
            }
        }
    }
    Ok(refused.map_or(Ok(false), Err))
}

/// Damage in one object is a reason to look at the next; anything else ends the search.
fn go_on(error: Error) -> Result<()> {
    match error.kind() {
        ErrorKind::Malformed | ErrorKind::Unsupported => Ok(()),
        _ => Err(error),
    }
}

impl Found {
    /// Its trailers, the last one of the file first.
    fn trailers(&self, window: &mut Window<'_>) -> Result<Vec<Object>> {
        let mut trailers = Vec::new();
        for (at, lead) in self.trailers.iter().rev() {
            match load(window, *at, *lead, "trailer") {
                Ok(trailer) => trailers.push(trailer),
                Err(error) => go_on(error)?,
            }
        }
        Ok(trailers)
    }

    /// The document of what was found; the objects are its own from then on.
    fn document(&mut self, depth: Depth) -> Document {
        Document::from_search(std::mem::take(&mut self.sightings), self.streams.clone(), depth)
    }

    /// Whether neither the file nor an object stream in it mentions the handler.
    fn is_clean(&self, document: &mut Document, window: &mut Window<'_>) -> Result<()> {
        let doubt = |why| Error::malformed("malformed-pdf-xref", "cross-reference", None, why);
        if !self.signs.is_empty() {
            return Err(doubt("the file mentions Microsoft's handler, and nothing leads there"));
        }
        if self.has_more {
            return Err(Error::limit(Limit::PdfObjects, wide(SEARCH_OBJECTS)));
        }
        for at in &self.streams {
            match document.stream_text(window, *at) {
                Ok(text) if SIGNS.iter().any(|sign| memchr::memmem::find(text, sign).is_some()) => {
                    return Err(doubt(
                        "an object mentions Microsoft's handler, and nothing leads there",
                    ));
                }
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Tries the objects that mention the handler although nothing leads to them.
fn orphans(
    found: &Found,
    document: &mut Document,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<bool> {
    let mut tried = Vec::new();
    let mut objects = Vec::new();
    for at in found.signs.iter().rev().flatten() {
        if tried.len() < SUSPECTS && !tried.contains(at) {
            tried.push(*at);
            match load(window, *at, Lead::Indirect(None), "object") {
                Ok(object) => objects.push(object),
                Err(error) => go_on(error)?,
            }
        }
    }
    for at in &found.streams {
        match document.mentioned_in(window, *at, &SIGNS) {
            Ok(mentioned) => objects.extend(mentioned),
            Err(error) => go_on(error)?,
        }
    }
    // An encryption dictionary first: what mentions it may be a wrapper's other parts.
    for object in &objects {
        if handler::read_orphan(object, document, window, sink)? {
            return Ok(true);
        }
    }
    for object in &objects {
        let is_file = |object: &Object| {
            object.data.is_none()
                && object.dict("file specification").is_ok_and(|dict| dict.get(b"EF").is_some())
        };
        if is_file(object) {
            document.believe(object.at());
            catalog::unwrap(object, document, window, sink)?;
            return Ok(true);
        }
    }
    Ok(false)
}

fn scan(window: &mut Window<'_>) -> Result<Found> {
    /// What stands before `obj`: two numbers.
    const BEFORE: usize = 64;
    let meter = window.meter();
    let mut found = Found::default();
    let mut latest = None;
    let mut at: u64 = 0;
    loop {
        let piece = window.up_to(at, SEARCH_PIECE)?;
        meter.charge(Limit::Steps, wide(piece.len()))?;
        let is_last = piece.len() < SEARCH_PIECE;
        // The overlap is read twice, and its matches are taken once.
        let low = if at == 0 { 0 } else { BEFORE };
        let high = match is_last {
            true => piece.len(),
            false => piece.len().saturating_sub(SEARCH_OVERLAP).saturating_add(BEFORE),
        };
        let mut headers = Vec::new();
        for obj in within(piece, b"obj", low, high) {
            if let Some((start, number)) = header_before(piece.get(..obj).unwrap_or_default()) {
                let place = at.saturating_add(wide(start));
                headers.push((obj, place));
                found.sight(Sighting { number, at: place });
            }
        }
        meter.charge(Limit::Allocation, wide(headers.len()).saturating_mul(16))?;
        let around = |position: usize| {
            let before = headers.partition_point(|(obj, _)| *obj <= position);
            before
                .checked_sub(1)
                .and_then(|last| headers.get(last))
                .map(|(_, place)| *place)
                .or(latest)
        };
        for position in within(piece, b"trailer", low, high) {
            let place = at.saturating_add(wide(position));
            keep(&mut found.trailers, (place, Lead::Trailer), &mut found.has_more);
        }
        for place in within(piece, b"/XRef", low, high).filter_map(around) {
            keep(&mut found.trailers, (place, Lead::Indirect(None)), &mut found.has_more);
        }
        for place in within(piece, b"/ObjStm", low, high).filter_map(around) {
            keep(&mut found.streams, place, &mut found.has_more);
        }
        for sign in SIGNS {
            for place in within(piece, sign, low, high).map(around) {
                keep(&mut found.signs, place, &mut found.has_more);
            }
        }
        latest = headers.last().map(|(_, place)| *place).or(latest);
        if is_last {
            found.trailers.sort_by_key(|(at, _)| *at);
            return Ok(found);
        }
        at = at.saturating_add(wide(SEARCH_PIECE.saturating_sub(SEARCH_OVERLAP)));
    }
}

impl Found {
    fn sight(&mut self, sighting: Sighting) {
        if self.sightings.len() < SEARCH_OBJECTS {
            self.sightings.push(sighting);
        } else {
            self.has_more = true;
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
pub(super) fn header_before(bytes: &[u8]) -> Option<(usize, u64)> {
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
