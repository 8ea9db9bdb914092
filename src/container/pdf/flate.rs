//! FlateDecode (ISO 32000-2 7.4.4), pulled piece by piece and charged for.

use flate2::Status;

use super::layout::{COLUMNS, PIECE};
use crate::bytes::{Buffer, narrow, wide};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{Limit, Meter};
use crate::source::{Inflater, Window};

/// Where compressed bytes come from: as many as there are at an offset, up to the buffer's length.
pub(super) type Fill<'f> = &'f mut dyn FnMut(u64, &mut [u8]) -> Result<usize>;

/// One zlib stream, in the state that it was read to.
pub(super) struct Inflate {
    state: Inflater,
    input: Vec<u8>,
    used: usize,
    filled: usize,
    /// How much the next read asks for: little at first, most streams are small.
    ask: usize,
    at: u64,
    end: u64,
    taken: u64,
    given: u64,
    is_done: bool,
}

impl Inflate {
    /// The stream at `at`; it lies before `end`, and need not reach it.
    pub(super) fn new(at: u64, end: u64) -> Inflate {
        Inflate {
            state: Inflater::zlib(),
            input: Vec::new(),
            used: 0,
            filled: 0,
            ask: 2048,
            at,
            end,
            taken: 0,
            given: 0,
            is_done: false,
        }
    }

    /// How many bytes came out so far.
    pub(super) fn given(&self) -> u64 {
        self.given
    }

    /// Inflates into `out`; less than fits only at the end of the stream.
    pub(super) fn read(&mut self, out: &mut [u8], meter: &Meter, fill: Fill<'_>) -> Result<usize> {
        let mut done: usize = 0;
        while !self.is_done {
            let Some(room) = out.get_mut(done..).filter(|room| !room.is_empty()) else { break };
            // With all input taken the decoder may still hold what did not fit `out` before.
            let has_input = self.used < self.filled || self.refill(fill)?;
            let input = self.input.get(self.used..self.filled).unwrap_or_default();
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let status = self.state.read(input, room);
            let taken = self.state.total_in().saturating_sub(before_in);
            let given = self.state.total_out().saturating_sub(before_out);
            self.used = self.used.saturating_add(narrow(taken).unwrap_or(usize::MAX));
            done = done.saturating_add(narrow(given).unwrap_or(usize::MAX));
            self.taken = self.taken.saturating_add(taken);
            self.given = self.given.saturating_add(given);
            charge(meter, self.taken, self.given, given)?;
            match status {
                Ok(Status::StreamEnd) => self.is_done = true,
                Ok(_) if given == 0 && !has_input => {
                    return Err(self.fault("truncated", "the compressed data end early"));
                }
                Ok(_) if taken == 0 && given == 0 && self.used < self.filled => {
                    return Err(
                        self.fault("malformed-pdf-stream", "the compressed data make no sense")
                    );
                }
                Ok(_) => {}
                Err(_) => {
                    return Err(
                        self.fault("malformed-pdf-stream", "the compressed data make no sense")
                    );
                }
            }
        }
        Ok(done)
    }

    fn refill(&mut self, fill: Fill<'_>) -> Result<bool> {
        let left = self.end.saturating_sub(self.at);
        let len = narrow(left).map_or(self.ask, |left| left.min(self.ask));
        self.ask = self.ask.saturating_mul(2).min(PIECE);
        if len == 0 {
            return Ok(false);
        }
        if self.input.len() < len {
            #[allow(clippy::disallowed_methods)] // at most PIECE
            self.input.resize(len, 0);
        }
        let room = self.input.get_mut(..len).unwrap_or_default();
        self.filled = fill(self.at, room)?;
        self.used = 0;
        self.at = self.at.saturating_add(wide(self.filled));
        Ok(self.filled > 0)
    }

    fn fault(&self, code: &'static str, why: &'static str) -> Error {
        let at = self.at.saturating_sub(wide(self.filled.saturating_sub(self.used)));
        Error::malformed(code, "FlateDecode", at, why)
    }
}

/// Charges `given` more bytes to what may be inflated, and holds all of them against the ratio.
fn charge(meter: &Meter, taken: u64, given_all: u64, given: u64) -> Result<()> {
    const UNWATCHED: u64 = 1_048_576;
    meter.charge(Limit::Inflated, given)?;
    if given_all > UNWATCHED {
        let ratio = given_all.checked_div(taken.max(1)).unwrap_or_default();
        meter.check(Limit::Ratio, ratio)?;
    }
    Ok(())
}

/// Fills from a window; small pieces come out of its cache.
pub(super) fn from_window<'w>(
    window: &'w mut Window<'_>,
) -> impl FnMut(u64, &mut [u8]) -> Result<usize> + 'w {
    |at, room| {
        let bytes = window.up_to(at, room.len())?;
        let len = bytes.len().min(room.len());
        if let (Some(to), Some(from)) = (room.get_mut(..len), bytes.get(..len)) {
            to.copy_from_slice(from);
        }
        Ok(len)
    }
}

/// What `/DecodeParms` says of a predictor (ISO 32000-2 table 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    /// The PNG predictors: each row is preceded by the one that it uses.
    Png {
        columns: usize,
    },
}

/// A stream's data, decoded: stored or Flate, with a PNG predictor.
pub(super) struct Decode {
    source: DecodeSource,
    predictor: Predictor,
    /// The last row and the one being read.
    above: [u8; COLUMNS],
    row: [u8; COLUMNS],
    /// What of `row` is not given yet.
    from: usize,
    len: usize,
}

enum DecodeSource {
    Stored { at: u64, end: u64 },
    Flate(Box<Inflate>),
}

impl Decode {
    pub(super) fn stored(at: u64, end: u64, predictor: Predictor) -> Decode {
        Decode::new(DecodeSource::Stored { at, end }, predictor)
    }

    pub(super) fn flate(at: u64, end: u64, predictor: Predictor) -> Decode {
        Decode::new(DecodeSource::Flate(Box::new(Inflate::new(at, end))), predictor)
    }

    fn new(source: DecodeSource, predictor: Predictor) -> Decode {
        Decode { source, predictor, above: [0; COLUMNS], row: [0; COLUMNS], from: 0, len: 0 }
    }

    /// Decodes into `out`; less than fits only at the end of the data.
    pub(super) fn read(&mut self, window: &mut Window<'_>, out: &mut [u8]) -> Result<usize> {
        match self.predictor {
            Predictor::None => self.plain(window, out),
            Predictor::Png { columns } => self.rows(window, out, columns),
        }
    }

    fn plain(&mut self, window: &mut Window<'_>, out: &mut [u8]) -> Result<usize> {
        match &mut self.source {
            DecodeSource::Stored { at, end } => {
                let left = narrow(end.saturating_sub(*at)).unwrap_or(usize::MAX);
                let len = out.len().min(left).min(PIECE);
                let read = from_window(window)(*at, out.get_mut(..len).unwrap_or_default())?;
                *at = at.saturating_add(wide(read));
                Ok(read)
            }
            DecodeSource::Flate(inflate) => {
                let meter = window.meter();
                inflate.read(out, meter, &mut from_window(window))
            }
        }
    }

    fn rows(&mut self, window: &mut Window<'_>, out: &mut [u8], columns: usize) -> Result<usize> {
        let mut done: usize = 0;
        while let Some(room) = out.get_mut(done..).filter(|room| !room.is_empty()) {
            if self.from >= self.len && !self.next_row(window, columns)? {
                break;
            }
            let ready = self.row.get(self.from..self.len).unwrap_or_default();
            let len = ready.len().min(room.len());
            if let (Some(to), Some(from)) = (room.get_mut(..len), ready.get(..len)) {
                to.copy_from_slice(from);
            }
            self.from = self.from.saturating_add(len);
            done = done.saturating_add(len);
        }
        Ok(done)
    }

    /// Undoes the prediction of one row (PNG, ISO/IEC 15948 9.2; one byte a sample).
    fn next_row(&mut self, window: &mut Window<'_>, columns: usize) -> Result<bool> {
        let mut kind = [0];
        if self.plain(window, &mut kind)? == 0 {
            return Ok(false);
        }
        let mut row = [0; COLUMNS];
        let len = self.plain(window, row.get_mut(..columns).unwrap_or_default())?;
        let (mut left, mut corner) = (0_u8, 0_u8);
        for (byte, above) in row.iter_mut().zip(self.above).take(columns) {
            let predicted = match kind {
                [1] => left,
                [2] => above,
                [3] => average(left, above),
                [4] => paeth(left, above, corner),
                _ => 0,
            };
            *byte = byte.wrapping_add(predicted);
            (left, corner) = (*byte, above);
        }
        self.row = row;
        self.above = row;
        (self.from, self.len) = (0, len);
        Ok(len > 0)
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

/// Decodes all that `decode` gives, which has to stay under `most` bytes.
pub(super) fn all(decode: &mut Decode, window: &mut Window<'_>, most: usize) -> Result<Vec<u8>> {
    let meter = window.meter();
    let mut buffer = Buffer::default();
    let mut piece = [0; 4096];
    loop {
        let read = decode.read(window, &mut piece)?;
        if read == 0 {
            return Ok(buffer.into_vec());
        }
        buffer.extend(meter, piece.get(..read).unwrap_or_default())?;
        if buffer.len() > most {
            return Err(Error::limit(Limit::Allocation, wide(most)));
        }
    }
}

/// Inflates a zlib stream in memory, which has to stay under `most` bytes.
pub(super) fn in_memory(bytes: &[u8], most: u64, meter: &Meter) -> Result<Vec<u8>> {
    let mut inflate = Inflate::new(0, wide(bytes.len()));
    let mut buffer = Buffer::default();
    let mut piece = [0; 4096];
    loop {
        let read = inflate.read(&mut piece, meter, &mut |at, room| {
            let rest = narrow(at).and_then(|at| bytes.get(at..)).unwrap_or_default();
            let len = rest.len().min(room.len());
            if let (Some(to), Some(from)) = (room.get_mut(..len), rest.get(..len)) {
                to.copy_from_slice(from);
            }
            Ok(len)
        });
        let read = match read {
            Ok(0) => return Ok(buffer.into_vec()),
            Ok(read) => read,
            // What came out before the damage may still say whose key it is.
            Err(error) if error.kind() == ErrorKind::Malformed && buffer.len() > 0 => {
                return Ok(buffer.into_vec());
            }
            Err(error) => return Err(error),
        };
        buffer.extend(meter, piece.get(..read).unwrap_or_default())?;
        if wide(buffer.len()) > most {
            return Err(Error::limit(Limit::LicenseBytes, most));
        }
    }
}
