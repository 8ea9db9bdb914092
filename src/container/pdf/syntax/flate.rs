//! FlateDecode with predictors (ISO 32000-2 7.4.4). Data are decoded in pieces, and each piece is
//! charged to the meter.

use flate2::Status;

use crate::bytes::{Buffer, to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::pdf::layout::{COLUMNS, PIECE};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{Limit, Meter};
use crate::source::{Inflated, Inflater, Window};

/// A source of compressed bytes.
pub(crate) trait CompressedSource {
    /// Returns at most `max` bytes from offset `at` on. Bytes that the last call returned and that
    /// were not used are not read again.
    fn bytes(&mut self, at: u64, max: usize) -> Result<&[u8]>;
}

impl CompressedSource for Window<'_> {
    fn bytes(&mut self, at: u64, max: usize) -> Result<&[u8]> {
        self.up_to(at, max)
    }
}

impl CompressedSource for &[u8] {
    fn bytes(&mut self, at: u64, max: usize) -> Result<&[u8]> {
        let rest = to_usize(at).and_then(|at| self.get(at..)).unwrap_or_default();
        Ok(rest.get(..max).unwrap_or(rest))
    }
}

/// A zlib stream that is read in pieces.
pub(crate) struct Inflate {
    state: Inflater,
    /// The length of the next read. It begins small, because most streams are small.
    ask: usize,
    /// The offset of the next compressed byte.
    at: u64,
    /// The number of compressed bytes that were read and not yet decoded.
    held: usize,
    /// The offset up to which compressed bytes are read.
    end: u64,
    /// Compressed bytes so far.
    taken: u64,
    /// Decompressed bytes so far.
    given: u64,
    is_done: bool,
}

impl Inflate {
    /// Creates a reader for the stream at `at`. The stream may end before `end`.
    pub(crate) fn new(at: u64, end: u64) -> Inflate {
        Inflate {
            state: Inflater::zlib(),
            ask: 2048,
            at,
            held: 0,
            end,
            taken: 0,
            given: 0,
            is_done: false,
        }
    }

    /// Returns the number of decompressed bytes so far.
    pub(crate) fn given(&self) -> u64 {
        self.given
    }

    /// Inflates into `out`, and returns the number of bytes. Fills `out` except at the end of the
    /// stream.
    pub(crate) fn read(
        &mut self,
        out: &mut [u8],
        meter: &Meter,
        source: &mut dyn CompressedSource,
    ) -> Result<usize> {
        let mut done: usize = 0;
        while !self.is_done {
            let Some(room) = out.get_mut(done..).filter(|room| !room.is_empty()) else { break };
            // Without input the decoder may still return bytes that did not fit `out` before.
            let input = self.input(source)?;
            let has_input = !input.is_empty();
            let Inflated { taken, given, status } = self.state.inflate(input, room);
            self.at = self.at.saturating_add(taken);
            self.held = self.held.saturating_sub(to_usize(taken).unwrap_or(usize::MAX));
            done = done.saturating_add(to_usize(given).unwrap_or(usize::MAX));
            self.taken = self.taken.saturating_add(taken);
            self.given = self.given.saturating_add(given);
            charge(meter, self.taken, self.given, given)?;
            match status {
                Ok(Status::StreamEnd) => self.is_done = true,
                Ok(_) if given == 0 && !has_input => {
                    return Err(self.fault(ErrorCode::Truncated, "the compressed data end early"));
                }
                Ok(_) if taken > 0 || given > 0 || self.held == 0 => {}
                _ => {
                    return Err(self
                        .fault(ErrorCode::MalformedPdfStream, "the compressed data are invalid"));
                }
            }
        }
        Ok(done)
    }

    /// Returns the compressed bytes that were not decoded yet, or reads more.
    fn input<'s>(&mut self, source: &'s mut dyn CompressedSource) -> Result<&'s [u8]> {
        if self.held == 0 {
            let left = self.end.saturating_sub(self.at);
            self.held = to_usize(left).map_or(self.ask, |left| left.min(self.ask));
            self.ask = self.ask.saturating_mul(2).min(PIECE);
        }
        if self.held == 0 {
            return Ok(&[]);
        }
        let bytes = source.bytes(self.at, self.held)?;
        self.held = bytes.len();
        Ok(bytes)
    }

    fn fault(&self, code: ErrorCode, why: &'static str) -> Error {
        Error::malformed(code, "FlateDecode", self.at, why)
    }
}

/// Charges `given` inflated bytes, and checks the ratio of all inflated bytes to the compressed
/// ones.
fn charge(meter: &Meter, taken: u64, given_all: u64, given: u64) -> Result<()> {
    /// The ratio of small data is not checked.
    const UNWATCHED: u64 = 1_048_576;
    meter.charge(Limit::Inflated, given)?;
    meter.charge(Limit::Steps, given.wrapping_shr(3).saturating_add(16))?;
    if given_all > UNWATCHED {
        let ratio = given_all.checked_div(taken.max(1)).unwrap_or_default();
        meter.check(Limit::Ratio, ratio)?;
    }
    Ok(())
}

/// The predictor of `/DecodeParms` (ISO 32000-2 table 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Predictor {
    None,
    /// The PNG predictors. A byte before each row selects the predictor of that row.
    Png {
        columns: usize,
    },
}

/// Decodes the data of a stream: stored or Flate, with or without a PNG predictor.
pub(crate) struct Decode {
    source: DecodeSource,
    predictor: Predictor,
    /// The last decoded row.
    above: [u8; COLUMNS],
    /// The range of `above` that was not returned yet.
    from: usize,
    len: usize,
}

enum DecodeSource {
    Stored { at: u64, end: u64 },
    Flate(Inflate),
}

impl Decode {
    pub(crate) fn stored(at: u64, end: u64, predictor: Predictor) -> Decode {
        Decode::new(DecodeSource::Stored { at, end }, predictor)
    }

    pub(crate) fn flate(at: u64, end: u64, predictor: Predictor) -> Decode {
        Decode::new(DecodeSource::Flate(Inflate::new(at, end)), predictor)
    }

    fn new(source: DecodeSource, predictor: Predictor) -> Decode {
        Decode { source, predictor, above: [0; COLUMNS], from: 0, len: 0 }
    }

    /// Decodes into `out`, and returns the number of bytes; 0 at the end of the data.
    pub(crate) fn read(&mut self, window: &mut Window<'_>, out: &mut [u8]) -> Result<usize> {
        match self.predictor {
            Predictor::None => self.plain(window, out),
            Predictor::Png { columns } => self.rows(window, out, columns),
        }
    }

    /// Reads data without undoing a predictor.
    fn plain(&mut self, window: &mut Window<'_>, out: &mut [u8]) -> Result<usize> {
        match &mut self.source {
            DecodeSource::Stored { at, end } => {
                let left = to_usize(end.saturating_sub(*at)).unwrap_or(usize::MAX);
                let len = out.len().min(left).min(PIECE);
                let bytes = window.up_to(*at, len)?;
                copy(bytes, out);
                *at = at.saturating_add(to_u64(bytes.len()));
                Ok(bytes.len())
            }
            DecodeSource::Flate(inflate) => {
                let meter = window.meter();
                inflate.read(out, meter, window)
            }
        }
    }

    /// Reads rows and undoes their predictors.
    fn rows(&mut self, window: &mut Window<'_>, out: &mut [u8], columns: usize) -> Result<usize> {
        let width = columns.saturating_add(1);
        let mut done: usize = 0;
        while let Some(room) = out.get_mut(done..).filter(|room| !room.is_empty()) {
            let ready = self.above.get(self.from..self.len).unwrap_or_default();
            if !ready.is_empty() {
                let len = copy(ready, room);
                self.from = self.from.saturating_add(len);
                done = done.saturating_add(len);
                continue;
            }
            // Decodes as many whole rows as fit, with their predictor bytes. A last row that does
            // not fit is buffered in `above`.
            let fits = room.len().saturating_sub(room.len().checked_rem(width).unwrap_or_default());
            if fits == 0 || matches!(self.source, DecodeSource::Stored { .. }) {
                if !self.next_row(window, columns)? {
                    break;
                }
                continue;
            }
            let rows = room.get_mut(..fits).unwrap_or_default();
            let read = self.plain(window, rows)?;
            let given = self.undo(rows.get_mut(..read).unwrap_or_default(), columns);
            done = done.saturating_add(given);
            if read < fits {
                break;
            }
        }
        Ok(done)
    }

    /// Reads one row into `above`.
    fn next_row(&mut self, window: &mut Window<'_>, columns: usize) -> Result<bool> {
        let mut raw = [0; COLUMNS + 1];
        let (kind, row) = raw.split_at_mut(1);
        if self.plain(window, kind)? == 0 {
            return Ok(false);
        }
        let read = self.plain(window, row.get_mut(..columns).unwrap_or_default())?;
        let read = read.saturating_add(1);
        (self.from, self.len) = (0, self.undo(raw.get_mut(..read).unwrap_or_default(), columns));
        Ok(self.len > 0)
    }

    /// Undoes the predictors of `rows` in place (PNG, ISO/IEC 15948 9.2; one byte per sample), and
    /// removes the predictor bytes. Returns the remaining length.
    fn undo(&mut self, rows: &mut [u8], columns: usize) -> usize {
        let mut done: usize = 0;
        let mut from: usize = 0;
        while let Some((kind, rest)) = rows.get(from..).and_then(<[u8]>::split_first) {
            let kind = *kind;
            let mut row = [0; COLUMNS];
            let len = copy(rest.get(..columns).unwrap_or(rest), &mut row);
            unpredict(kind, row.get_mut(..columns).unwrap_or_default(), &self.above);
            self.above = row;
            done = done.saturating_add(copy(
                row.get(..len).unwrap_or_default(),
                rows.get_mut(done..).unwrap_or_default(),
            ));
            from = from.saturating_add(len).saturating_add(1);
        }
        done
    }
}

/// Copies the bytes that fit, and returns their number.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
        to.copy_from_slice(from);
    }
    len
}

/// Undoes the predictor `kind` of one row.
fn unpredict(kind: u8, row: &mut [u8], above: &[u8; COLUMNS]) {
    match kind {
        // Nearly all cross-reference streams use this predictor.
        2 => row.iter_mut().zip(above).for_each(|(byte, above)| *byte = byte.wrapping_add(*above)),
        1 | 3 | 4 => {
            let (mut left, mut corner) = (0_u8, 0_u8);
            for (byte, above) in row.iter_mut().zip(*above) {
                let predicted = match kind {
                    1 => left,
                    3 => average(left, above),
                    _ => paeth(left, above, corner),
                };
                *byte = byte.wrapping_add(predicted);
                (left, corner) = (*byte, above);
            }
        }
        _ => {}
    }
}

fn average(left: u8, above: u8) -> u8 {
    let sum = u16::from(left).saturating_add(u16::from(above));
    u8::try_from(sum.wrapping_shr(1)).unwrap_or_default()
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(above), i16::from(corner));
    let p = a.saturating_add(b).saturating_sub(c);
    let (pa, pb, pc) = (p.abs_diff(a), p.abs_diff(b), p.abs_diff(c));
    if pa <= pb && pa <= pc {
        left
    } else if pb <= pc {
        above
    } else {
        corner
    }
}

/// Decodes all data. Fails if they are longer than `most` bytes.
pub(crate) fn all(decode: &mut Decode, window: &mut Window<'_>, most: usize) -> Result<Vec<u8>> {
    let meter = window.meter();
    window.with_scratch(|window, piece| {
        let mut bytes = Vec::new();
        loop {
            let read = decode.read(window, piece)?;
            if read == 0 {
                return Ok(bytes);
            }
            meter.charge(Limit::Allocation, to_u64(read))?;
            #[allow(clippy::disallowed_methods)] // charged in the line before
            bytes.extend_from_slice(piece.get(..read).unwrap_or_default());
            if bytes.len() > most {
                return Err(Limit::Allocation.error(to_u64(most)));
            }
        }
    })
}

/// Inflates a zlib stream in memory. Fails if the data are longer than `most` bytes.
pub(crate) fn in_memory(bytes: &[u8], most: u64, meter: &Meter) -> Result<Vec<u8>> {
    let mut inflate = Inflate::new(0, to_u64(bytes.len()));
    let mut buffer = Buffer::default();
    let mut piece = [0; 4096];
    loop {
        let read = inflate.read(&mut piece, meter, &mut { bytes });
        let read = match read {
            Ok(0) => return Ok(buffer.into_vec()),
            Ok(read) => read,
            // The data before the damage may still name the key.
            Err(error) if error.kind() == ErrorKind::Malformed && buffer.len() > 0 => {
                return Ok(buffer.into_vec());
            }
            Err(error) => return Err(error),
        };
        buffer.extend(meter, piece.get(..read).unwrap_or_default())?;
        if to_u64(buffer.len()) > most {
            return Err(Limit::LicenseBytes.error(most));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::pdf::tests::with_window;
    use proptest::prelude::*;
    use std::io::Write;

    /// Rows in which small numbers are frequent, as tags of filters are. One strategy makes each byte,
    /// because a choice of strategies for each is slow.
    fn rows() -> impl Strategy<Value = Vec<u8>> {
        let byte = |[choice, byte]: [u8; 2]| if choice % 2 == 0 { byte % 6 } else { byte };
        let numbers = proptest::collection::vec(any::<u16>(), 0..9000);
        numbers.prop_map(move |all| all.into_iter().map(|n| byte(n.to_le_bytes())).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn rows_in_one_read_and_row_by_row_are_equal(
            rows in rows(),
            columns in 1..=COLUMNS,
            asked in proptest::collection::vec(1..4097_usize, 1..20),
            cut in prop_oneof![Just(0), 0..9000_usize],
        ) {
            let mut encoder =
                flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(&rows).unwrap();
            let packed = encoder.finish().unwrap();
            let packed = &packed[..packed.len().saturating_sub(cut)];
            let bytes = [&rows, packed].concat();
            let (at, end) = (to_u64(rows.len()), to_u64(bytes.len()));
            with_window(&bytes, |window| {
                let predictor = Predictor::Png { columns };
                // Stored rows are decoded one by one.
                let mut single = Decode::stored(0, at, predictor);
                let mut together = Decode::flate(at, end, predictor);
                let mut pieces = (vec![0; 4096], vec![0; 4096]);
                for len in asked {
                    let expected = single.read(window, &mut pieces.0[..len]).unwrap();
                    match together.read(window, &mut pieces.1[..len]) {
                        Ok(read) => prop_assert_eq!(&pieces.1[..read], &pieces.0[..expected]),
                        Err(error) => {
                            prop_assert!(cut > 0 && error.kind() == ErrorKind::Malformed);
                            break;
                        }
                    }
                }
                Ok(())
            })?;
        }
    }
}
