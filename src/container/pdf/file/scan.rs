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

/// An object that a scan found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScannedObject {
    pub(crate) number: u64,
    /// The offset of its header.
    pub(crate) at: u64,
}

/// The result of a scan.
#[derive(Default)]
pub(crate) struct ScanResult {
    pub(crate) objects: Vec<ScannedObject>,
    /// Offsets of trailers and of cross-reference streams, in the order of the file.
    pub(crate) trailers: Vec<(u64, Prefix)>,
    /// Offsets of object streams.
    pub(crate) streams: Vec<u64>,
    /// The structure that contains each marker.
    pub(crate) markers: Vec<MarkerOwner>,
    /// Whether objects follow the last cross-reference, so that the end of the file is missing.
    pub(crate) is_cut: bool,
    /// Whether the file has more objects than are stored.
    pub(crate) has_more_objects: bool,
    /// Whether the file has more trailers, object streams or markers than are stored.
    pub(crate) has_more: bool,
}

/// The structure that contains a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkerOwner {
    /// The object whose header is at this offset.
    Object(u64),
    Trailer,
    /// No object or trailer. The header of an object is damaged.
    Outside,
}

/// Returns whether `text` contains a marker, also in a name with `#xx`.
pub(crate) fn has_marker(text: &[u8]) -> bool {
    SEARCH_MARKERS.iter().any(|marker| memchr::memmem::find(text, marker).is_some())
        || escaped_markers(text).next().is_some()
}

/// Returns the offsets of each `#xx` in a name that contains a marker after decoding (ISO 32000-2
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

/// A keyword that begins or ends a structure.
#[derive(Debug, Clone, Copy)]
enum Keyword {
    /// `obj`; the offset of the header.
    Object(u64),
    /// `endobj`.
    End,
    Trailer,
}

impl Keyword {
    /// Returns the structure after this keyword.
    fn owner(keyword: Option<Keyword>) -> MarkerOwner {
        match keyword {
            Some(Keyword::Object(at)) => MarkerOwner::Object(at),
            Some(Keyword::Trailer) => MarkerOwner::Trailer,
            Some(Keyword::End) | None => MarkerOwner::Outside,
        }
    }
}

/// Scans the file from its start to its end.
pub(crate) fn scan(window: &mut Window<'_>) -> Result<ScanResult> {
    /// The longest header before `obj`: two numbers and white space.
    const BEFORE: usize = 64;
    let meter = window.meter();
    let mut found = ScanResult::default();
    let (mut latest, mut latest_object) = (None, None);
    let mut at: u64 = 0;
    loop {
        let piece = window.up_to(at, SEARCH_PIECE)?;
        meter.charge(Limit::Steps, to_u64(piece.len()))?;
        let is_last = piece.len() < SEARCH_PIECE;
        // The overlap is read twice, but its matches are used once.
        let low = if at == 0 { 0 } else { BEFORE };
        let high = match is_last {
            true => piece.len(),
            false => piece.len().saturating_sub(SEARCH_OVERLAP).saturating_add(BEFORE),
        };
        let mut keywords = Vec::new();
        for obj in within(piece, b"obj", low, high) {
            let before = piece.get(..obj).unwrap_or_default();
            if let Some((start, number)) = header_before(before) {
                let offset = at.saturating_add(to_u64(start));
                keywords.push((obj, Keyword::Object(offset)));
                found.add_object(ScannedObject { number, at: offset });
            } else if before.ends_with(b"end") {
                keywords.push((obj, Keyword::End));
            }
        }
        for position in within(piece, b"trailer", low, high) {
            let offset = at.saturating_add(to_u64(position));
            keywords.push((position, Keyword::Trailer));
            keep(&mut found.trailers, (offset, Prefix::Trailer), &mut found.has_more);
        }
        keywords.sort_unstable_by_key(|(position, _)| *position);
        meter.charge(Limit::Allocation, to_u64(keywords.len()).saturating_mul(32))?;
        // The last keyword up to a position of this piece, or of an earlier piece.
        let keyword_at = |position: usize| {
            let before = keywords.partition_point(|(offset, _)| *offset <= position);
            let last = before.checked_sub(1).and_then(|last| keywords.get(last));
            last.map(|(_, keyword)| *keyword).or(latest)
        };
        // The object around a position, or the object before it if its own header is damaged.
        let around = |position: usize| match keyword_at(position) {
            Some(Keyword::Object(offset)) => Some(offset),
            _ => {
                let before = keywords.partition_point(|(offset, _)| *offset <= position);
                let earlier = keywords.get(..before).unwrap_or_default().iter().rev();
                object_of(earlier).or(latest_object)
            }
        };
        for offset in within(piece, b"/XRef", low, high).filter_map(around) {
            keep(&mut found.trailers, (offset, Prefix::Indirect(None)), &mut found.has_more);
        }
        for offset in within(piece, b"/ObjStm", low, high).filter_map(around) {
            keep(&mut found.streams, offset, &mut found.has_more);
        }
        let escaped = escaped_markers(piece).filter(|at| (low..high).contains(at));
        let markers = SEARCH_MARKERS.iter().flat_map(|marker| within(piece, marker, low, high));
        for position in markers.chain(escaped) {
            keep(&mut found.markers, Keyword::owner(keyword_at(position)), &mut found.has_more);
        }
        latest_object = object_of(keywords.iter().rev()).or(latest_object);
        for (_, keyword) in &keywords {
            match keyword {
                Keyword::Object(_) => found.is_cut = true,
                Keyword::Trailer => found.is_cut = false,
                Keyword::End => {}
            }
        }
        latest = keywords.last().map(|(_, keyword)| *keyword).or(latest);
        if is_last {
            found.trailers.sort_by_key(|(at, _)| *at);
            let last = found.trailers.last();
            found.is_cut &= last.is_none_or(|(at, _)| Some(*at) != latest_object);
            return Ok(found);
        }
        at = at.saturating_add(to_u64(SEARCH_PIECE.saturating_sub(SEARCH_OVERLAP)));
    }
}

/// Returns the offset of the first object among `keywords`.
fn object_of<'m>(mut keywords: impl Iterator<Item = &'m (usize, Keyword)>) -> Option<u64> {
    keywords.find_map(|(_, keyword)| match keyword {
        Keyword::Object(offset) => Some(*offset),
        _ => None,
    })
}

impl ScanResult {
    fn add_object(&mut self, object: ScannedObject) {
        if self.objects.len() < SEARCH_OBJECTS {
            self.objects.push(object);
        } else {
            self.has_more_objects = true;
        }
    }
}

/// Adds an item, unless it equals the last one. Sets `has_more` if the list is full.
fn keep<T: PartialEq>(items: &mut Vec<T>, item: T, has_more: &mut bool) {
    if items.last() == Some(&item) {
        return;
    }
    if items.len() < SEARCH_PLACES {
        items.push(item);
    } else {
        *has_more = true;
    }
}

/// Returns the offsets of `word` in `piece` from `low` up to `high`.
fn within<'p>(
    piece: &'p [u8],
    word: &'p [u8],
    low: usize,
    high: usize,
) -> impl Iterator<Item = usize> + 'p {
    memchr::memmem::find_iter(piece, word).filter(move |at| (low..high).contains(at))
}
