//! Cross-reference streams (ISO 32000-2 7.5.8).

use super::load::ObjectOffsets;
use super::small_list::SmallList;
use super::trailer::TrailerFields;
use super::xref_entry::{XrefEntry, xref_error};
use crate::bytes::{to_u64, to_usize};
use crate::container::pdf::layout::XREF_KEPT;
use crate::container::pdf::syntax::dict::{Dict, array};
use crate::container::pdf::syntax::fields::{DictFields, DictText, set_once};
use crate::container::pdf::syntax::flate::Decode;
use crate::container::pdf::syntax::stream::{Coding, StreamForm};
use crate::container::pdf::syntax::value::PdfValue;
use crate::error::{ErrorKind, Result};
use crate::limits::Limit;
use crate::source::Window;

/// A cross-reference stream. Its entries are decoded when the first object is looked up.
#[derive(Debug)]
pub(crate) struct XrefStream {
    form: StreamForm,
    /// `/W`: the length of each of the three fields of an entry, in bytes.
    widths: [usize; 3],
    index: IndexRuns,
    /// The first decoded bytes, at most [`XREF_KEPT`].
    kept: Vec<u8>,
}

/// `/Index`: the first object number and the count of each run of entries.
type IndexRuns = SmallList<(u64, u64)>;

/// The fields of a plain cross-reference stream (ISO 32000-2 table 17).
#[derive(Default)]
pub(crate) struct XrefStreamFields {
    is_xref: Option<bool>,
    size: Option<u64>,
    index: Option<IndexRuns>,
    widths: Option<[usize; 3]>,
    coding: Coding,
    pub(crate) trailer: TrailerFields,
}

impl DictFields for XrefStreamFields {
    fn take(&mut self, key: &[u8], value: &PdfValue<'_>) -> Option<()> {
        match key {
            b"Type" => set_once(&mut self.is_xref, value.is_name(b"XRef")),
            b"Size" => set_once(&mut self.size, value.number()?),
            b"Index" => set_once(&mut self.index, index(value)?),
            b"W" => set_once(&mut self.widths, widths(value)?),
            b"Length" | b"Filter" | b"DecodeParms" => self.coding.take(key, value),
            _ => self.trailer.take(key, value),
        }
    }

    fn end(&self, text: &DictText<'_>) -> Option<()> {
        let is_stream = self.is_xref == Some(true) && text.has_data;
        let is_indexed = self.index.is_some() || self.size.is_some();
        (is_stream && is_indexed && self.widths.is_some()).then_some(())?;
        self.trailer.end(text)
    }
}

impl XrefStreamFields {
    /// Returns the stream. [`XrefStreamFields::end`] has checked that the required fields are
    /// present.
    pub(crate) fn stream(self, offsets: ObjectOffsets, file: u64) -> XrefStream {
        let index =
            self.index.unwrap_or_else(|| SmallList::one((0, self.size.unwrap_or_default())));
        let widths = self.widths.unwrap_or_default();
        let form = self.coding.form(offsets.data.unwrap_or_default(), file);
        XrefStream { form, widths, index, kept: Vec::new() }
    }
}

/// Reads `/W`: the length of each of the three fields of an entry.
fn widths(value: &PdfValue<'_>) -> Option<[usize; 3]> {
    let PdfValue::Array(raw) = value else { return None };
    let mut widths = [0; 3];
    let mut values = array(raw);
    for width in &mut widths {
        *width = to_usize(values.next()?.number()?).filter(|width| *width <= 8)?;
    }
    (widths != [0; 3]).then_some(widths)
}

/// Reads `/Index`: pairs of a first number and a count.
fn index(value: &PdfValue<'_>) -> Option<IndexRuns> {
    const RUNS: usize = 16_384;
    let PdfValue::Array(raw) = value else { return None };
    let mut index = SmallList::default();
    let mut numbers = array(raw).take(RUNS);
    while let Some(first) = numbers.next() {
        let first = first.number()?;
        let Some(count) = numbers.next() else { break };
        index.push((first, count.number()?));
    }
    Some(index)
}

impl XrefStream {
    /// Reads the dictionary of the stream at `at`, whose data begin at `data`. `file` is the length
    /// of the file.
    pub(crate) fn of(dict: &Dict<'_>, data: u64, at: u64, file: u64) -> Result<XrefStream> {
        let form = StreamForm::of(dict, data, file)?;
        let widths = dict.get(b"W").and_then(widths);
        let widths = widths.ok_or_else(|| xref_error(at, "/W is invalid"))?;
        let index = match dict.get(b"Index") {
            Some(value) => index(value),
            None => dict.number(b"Size").map(|size| SmallList::one((0, size))),
        };
        let index = index.ok_or_else(|| xref_error(at, "/Index is invalid"))?;
        Ok(XrefStream { form, widths, index, kept: Vec::new() })
    }

    /// Returns the number of runs of entries.
    pub(crate) fn runs(&self) -> u64 {
        to_u64(self.index.len())
    }

    /// Returns the location of the object `number`, or `None` if the stream does not list it in
    /// use.
    pub(crate) fn lookup(
        &mut self,
        window: &mut Window<'_>,
        number: u64,
    ) -> Result<Option<XrefEntry>> {
        window.meter().charge(Limit::Steps, to_u64(self.index.len()))?;
        let mut before: u64 = 0;
        let mut position = None;
        for (first, count) in self.index.iter() {
            match number.checked_sub(*first).filter(|inside| inside < count) {
                Some(inside) => {
                    position = before.checked_add(inside);
                    break;
                }
                None => before = before.saturating_add(*count),
            }
        }
        let Some(position) = position else { return Ok(None) };
        let width = self.widths.iter().fold(0, |sum: usize, width| sum.saturating_add(*width));
        let at = position.saturating_mul(to_u64(width));
        let Some(entry) = self.entry(window, at, width)? else { return Ok(None) };
        Ok(self.decode(entry.get(..width).unwrap_or_default()))
    }

    /// Decodes the fields of one entry.
    fn decode(&self, entry: &[u8]) -> Option<XrefEntry> {
        let [kind, second, _] = self.widths;
        let (kind, rest) = entry.split_at_checked(kind)?;
        let (second, _) = rest.split_at_checked(second)?;
        let number = |bytes: &[u8]| {
            bytes.iter().fold(0_u64, |sum, byte| sum.wrapping_shl(8) | u64::from(*byte))
        };
        // Without a first field every object is in use (ISO 32000-2 table 17).
        match if kind.is_empty() { 1 } else { number(kind) } {
            1 => Some(XrefEntry::Offset(number(second))),
            2 => Some(XrefEntry::Compressed { stream: number(second) }),
            _ => None,
        }
    }

    /// Returns the `width` bytes at offset `at` of the decoded data.
    fn entry(
        &mut self,
        window: &mut Window<'_>,
        at: u64,
        width: usize,
    ) -> Result<Option<[u8; 24]>> {
        if self.kept.is_empty() {
            self.keep(window)?;
        }
        let mut entry = [0; 24];
        let room = entry.get_mut(..width).unwrap_or_default();
        let end = at.saturating_add(to_u64(width));
        if end <= to_u64(self.kept.len()) {
            let start = to_usize(at).unwrap_or(usize::MAX);
            let end = to_usize(end).unwrap_or(usize::MAX);
            room.copy_from_slice(self.kept.get(start..end).unwrap_or_default());
            return Ok(Some(entry));
        }
        if self.kept.len() < XREF_KEPT {
            return Ok(None);
        }
        let mut decode = self.form.decode();
        skip(&mut decode, window, at)?;
        let read = read_full(&mut decode, window, room)?;
        Ok((read == width).then_some(entry))
    }

    /// Decodes the first entries.
    fn keep(&mut self, window: &mut Window<'_>) -> Result<()> {
        let meter = window.meter();
        let width = self.widths.iter().fold(0, |sum: usize, width| sum.saturating_add(*width));
        let entries = self.index.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
        let whole = entries.saturating_mul(to_u64(width));
        let most = to_usize(whole).map_or(XREF_KEPT, |whole| whole.min(XREF_KEPT));
        let mut decode = self.form.decode();
        let kept = &mut self.kept;
        window.with_scratch(|window, piece| {
            while kept.len() < most {
                let read = match decode.read(window, piece) {
                    Ok(read) => read,
                    Err(error) if kept.is_empty() => return Err(error),
                    // The entries before the damage are used. A wrong one is detected at its
                    // object.
                    Err(error) if error.kind() == ErrorKind::Malformed => break,
                    Err(error) => return Err(error),
                };
                if read == 0 {
                    break;
                }
                meter.charge(Limit::Allocation, to_u64(read))?;
                #[allow(clippy::disallowed_methods)] // charged in the line before
                kept.extend_from_slice(piece.get(..read).unwrap_or_default());
            }
            Ok(())
        })?;
        if self.kept.is_empty() {
            return Err(xref_error(self.form.at(), "the stream is empty"));
        }
        Ok(())
    }
}

/// Decodes and drops `len` bytes.
fn skip(decode: &mut Decode, window: &mut Window<'_>, mut len: u64) -> Result<()> {
    window.with_scratch(|window, piece| {
        while len > 0 {
            let room = to_usize(len).map_or(piece.len(), |len| len.min(piece.len()));
            let read = decode.read(window, piece.get_mut(..room).unwrap_or_default())?;
            if read == 0 {
                break;
            }
            len = len.saturating_sub(to_u64(read));
        }
        Ok(())
    })
}

/// Fills `room`, or reads up to the end of the data.
fn read_full(decode: &mut Decode, window: &mut Window<'_>, room: &mut [u8]) -> Result<usize> {
    let mut done: usize = 0;
    while let Some(rest) = room.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match decode.read(window, rest)? {
            0 => break,
            read => done = done.saturating_add(read),
        }
    }
    Ok(done)
}
