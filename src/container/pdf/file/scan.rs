//! The scan of a whole file for objects, trailers, and names that only protected PDFs contain: one
//! pass from the beginning.

use super::header::header_before;
use super::load::Prefix;
use crate::bytes::to_u64;
use crate::container::pdf::layout::{
    SEARCH_MARKERS, SEARCH_OBJECTS, SEARCH_OVERLAP, SEARCH_PIECE, SEARCH_PLACES,
};
use crate::container::pdf::syntax::lexer::is_space;
use crate::container::pdf::syntax::value::decode_name;
use crate::error::Result;
use crate::limits::Limit;
use crate::source::Window;

/// An object that a search has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScannedObject {
    pub(crate) number: u64,
    pub(crate) at: u64,
}

/// What a pass over the file found.
#[derive(Default)]
pub(crate) struct ScanResult {
    pub(crate) scanned: Vec<ScannedObject>,
    /// Places of trailers and of cross-reference streams, in the order of the file.
    pub(crate) trailers: Vec<(u64, Prefix)>,
    /// Places of object streams.
    pub(crate) streams: Vec<u64>,
    /// Where the handler is mentioned.
    pub(crate) markers: Vec<MarkerOwner>,
    /// Whether objects follow the last cross-reference: the end of the file is missing.
    pub(crate) is_cut: bool,
    /// Whether there were more objects than are kept.
    pub(crate) has_more_objects: bool,
    /// Whether there was more of anything else than is kept.
    pub(crate) has_more: bool,
}

/// What a mention of the handler belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkerOwner {
    /// The object whose header is at this offset.
    Object(u64),
    Trailer,
    /// No object: its header is damaged.
    Outside,
}

/// Returns whether `text` mentions the handler, as it is or in a name with `#xx`.
pub(crate) fn has_marker(text: &[u8]) -> bool {
    SEARCH_MARKERS.iter().any(|marker| memchr::memmem::find(text, marker).is_some())
        || escaped_markers(text).next().is_some()
}

/// Returns the offsets of names that mention the handler once their `#xx` are decoded (ISO 32000-2
/// 7.3.5).
fn escaped_markers(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
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
        SEARCH_MARKERS.iter().any(|marker| memchr::memmem::find(&name, marker).is_some())
    })
}

/// A keyword that tells what a place of the file belongs to.
#[derive(Debug, Clone, Copy)]
enum Keyword {
    Object(u64),
    End,
    Trailer,
}

impl Keyword {
    fn owner(mark: Option<Keyword>) -> MarkerOwner {
        match mark {
            Some(Keyword::Object(at)) => MarkerOwner::Object(at),
            Some(Keyword::Trailer) => MarkerOwner::Trailer,
            Some(Keyword::End) | None => MarkerOwner::Outside,
        }
    }
}

pub(crate) fn scan(window: &mut Window<'_>) -> Result<ScanResult> {
    /// What stands before `obj`: two numbers.
    const BEFORE: usize = 64;
    let meter = window.meter();
    let mut found = ScanResult::default();
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
                marks.push((obj, Keyword::Object(place)));
                found.add_object(ScannedObject { number, at: place });
            } else if before.ends_with(b"end") {
                marks.push((obj, Keyword::End));
            }
        }
        for position in within(piece, b"trailer", low, high) {
            let place = at.saturating_add(to_u64(position));
            marks.push((position, Keyword::Trailer));
            keep(&mut found.trailers, (place, Prefix::Trailer), &mut found.has_more);
        }
        marks.sort_unstable_by_key(|(position, _)| *position);
        meter.charge(Limit::Allocation, to_u64(marks.len()).saturating_mul(32))?;
        let mark_at = |position: usize| {
            let before = marks.partition_point(|(place, _)| *place <= position);
            let last = before.checked_sub(1).and_then(|last| marks.get(last));
            last.map(|(_, mark)| *mark).or(latest)
        };
        let around = |position: usize| match mark_at(position) {
            Some(Keyword::Object(place)) => Some(place),
            _ => {
                let before = marks.partition_point(|(place, _)| *place <= position);
                let earlier = marks.get(..before).unwrap_or_default().iter().rev();
                object_of(earlier).or(latest_object)
            }
        };
        for place in within(piece, b"/XRef", low, high).filter_map(around) {
            keep(&mut found.trailers, (place, Prefix::Indirect(None)), &mut found.has_more);
        }
        for place in within(piece, b"/ObjStm", low, high).filter_map(around) {
            keep(&mut found.streams, place, &mut found.has_more);
        }
        let escaped = escaped_markers(piece).filter(|at| (low..high).contains(at));
        let markers = SEARCH_MARKERS.iter().flat_map(|marker| within(piece, marker, low, high));
        for position in markers.chain(escaped) {
            keep(&mut found.markers, Keyword::owner(mark_at(position)), &mut found.has_more);
        }
        latest_object = object_of(marks.iter().rev()).or(latest_object);
        for (_, mark) in &marks {
            match mark {
                Keyword::Object(_) => found.is_cut = true,
                Keyword::Trailer => found.is_cut = false,
                Keyword::End => {}
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
fn object_of<'m>(mut marks: impl Iterator<Item = &'m (usize, Keyword)>) -> Option<u64> {
    marks.find_map(|(_, mark)| match mark {
        Keyword::Object(place) => Some(*place),
        _ => None,
    })
}

impl ScanResult {
    fn add_object(&mut self, scanned_object: ScannedObject) {
        if self.scanned.len() < SEARCH_OBJECTS {
            self.scanned.push(scanned_object);
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
