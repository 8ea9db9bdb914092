//! [`DecodedMember`]: an encoded member, decoded as far as it is read.

mod decoder;
mod ratio_guard;
mod spool;

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::rc::Rc;

use decoder::Decoder;
pub(crate) use decoder::Encoding;
pub(crate) use ratio_guard::{RatioGuard, StoredSize};
pub use spool::Spill;
use spool::Spool;
pub(crate) use spool::{Spiller, SpoolBudget};

use super::charged::{charge_read, fill};
use super::read_at::{HEAD, ReadAt};
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};

/// Encoded bytes of one read.
const INPUT: usize = 8192;
/// Maximum number of decoded bytes of one step. A head is half of it.
const OUTPUT: usize = 8192;

/// Steps of one call of a decoder, independent of its output.
const STEP: u64 = 64;

/// The decoded bytes of an encoded member.
///
/// They are decoded from the front as far as they are read, and stay in memory up to
/// `Limits::spool`. The bytes that follow are written to the caller's [`Spill`].
pub(crate) struct DecodedMember<'a, S> {
    inner: S,
    /// Offset of the encoded bytes in the container, for the offsets of errors.
    origin: u64,
    /// Decoded size according to the container.
    declared: Option<u64>,
    meter: &'a Meter<'a>,
    guard: Rc<RatioGuard<'a>>,
    state: RefCell<State>,
}

struct State {
    decoder: Decoder,
    /// A buffer of encoded bytes, and how many of them the decoder has consumed.
    input: Vec<u8>,
    used: usize,
    /// Number of encoded bytes read so far.
    taken: u64,
    spool: Spool,
    /// The outcome, once decoding has ended.
    end: Option<Result<()>>,
}

impl<'a, S: ReadAt> DecodedMember<'a, S> {
    /// Decodes `inner`, whose first byte is located at `origin` in its container.
    pub(crate) fn new(
        inner: S,
        origin: u64,
        encoding: Encoding,
        declared: Option<u64>,
        meter: &'a Meter<'a>,
        guard: Rc<RatioGuard<'a>>,
        budget: &Rc<SpoolBudget>,
    ) -> DecodedMember<'a, S> {
        let state = State {
            decoder: Decoder::new(encoding),
            input: Vec::new(),
            used: 0,
            taken: 0,
            spool: Spool::new(budget),
            end: None,
        };
        // A writer that does not know the size in advance often writes 0.
        let declared = declared.filter(|size| *size > 0);
        DecodedMember { inner, origin, declared, meter, guard, state: RefCell::new(state) }
    }

    /// Decodes until `wanted` bytes are available, or the end.
    fn decode_to(&self, state: &mut State, wanted: u64) {
        while state.end.is_none() && state.spool.len() < wanted {
            match self.step(state) {
                Ok(false) => {}
                Ok(true) => state.end = Some(self.check_size(state)),
                Err(error) => state.end = Some(Err(error)),
            }
        }
    }

    /// Decodes one step. Returns whether that was the last one.
    fn step(&self, state: &mut State) -> Result<bool> {
        let last = self.refill(state)?;
        let input = state.input.get(state.used..).unwrap_or_default();
        let offset = state.taken.saturating_sub(to_u64(input.len()));
        #[allow(clippy::disallowed_methods)] // a constant
        let mut out = Vec::with_capacity(OUTPUT);
        let step = state.decoder.step(input, last, self.origin.saturating_add(offset), &mut out);
        let gained = to_u64(out.len());
        // A step without output takes time too: a stream may consist of empty blocks.
        self.meter.charge(Limit::Steps, gained.wrapping_shr(3).saturating_add(STEP))?;
        self.guard.charge(self.meter, gained)?;
        // The bytes that precede the damage are valid.
        let within = state.spool.append(self.meter, out);
        let step = step?;
        within?;
        state.used = state.used.saturating_add(step.used);
        if !step.ended && step.used == 0 && gained == 0 && last {
            let end = self.origin.saturating_add(state.taken);
            return Err(Error::truncated("encoded member", end, "its end is missing"));
        }
        Ok(step.ended)
    }

    /// Fills the input buffer if it is less than half full. Returns whether the encoded bytes end in it.
    ///
    /// Otherwise the buffer is not moved: a step may consume a few bytes only.
    fn refill(&self, state: &mut State) -> Result<bool> {
        let left = state.input.len().saturating_sub(state.used);
        if left >= INPUT.wrapping_shr(1) {
            return Ok(false);
        }
        state.input.drain(..state.used.min(state.input.len()));
        state.used = 0;
        #[allow(clippy::disallowed_methods)] // at most one and a half INPUT
        state.input.resize(left.saturating_add(INPUT), 0);
        let room = state.input.get_mut(left..).unwrap_or_default();
        let (read, outcome) = fill(&self.inner, state.taken, room);
        state.input.truncate(left.saturating_add(read));
        outcome?;
        charge_read(self.meter, read)?;
        state.taken = state.taken.saturating_add(to_u64(read));
        Ok(read < INPUT)
    }

    /// Compares the number of decoded bytes with the declared size.
    fn check_size(&self, state: &State) -> Result<()> {
        match self.declared {
            Some(declared) if state.spool.len() < declared => Err(Error::truncated(
                "encoded member",
                self.origin.saturating_add(state.taken),
                format!("decodes to {} bytes, not {declared}", state.spool.len()),
            )),
            _ => Ok(()),
        }
    }
}

impl<S: ReadAt> ReadAt for DecodedMember<'_, S> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let mut state = self.state.borrow_mut();
        let end = offset.saturating_add(to_u64(buf.len()));
        // One byte more than the declared size is decoded, so that a small size hides no bytes.
        let past = match self.declared {
            Some(declared) if end >= declared => declared.saturating_add(1),
            _ => end,
        };
        self.decode_to(&mut state, past.max(end));
        if let Some(declared) = self.declared
            && state.spool.len() > declared
            && end >= declared
        {
            return Err(io::Error::other(Error::malformed(
                ErrorCode::MalformedMemberSize,
                "encoded member",
                self.origin,
                format!("decodes to more than the {declared} bytes that its container says"),
            )));
        }
        match state.spool.read_at(offset, buf)? {
            0 => match &state.end {
                Some(Err(error)) => Err(io::Error::other(error.clone())),
                _ => Ok(0),
            },
            read => Ok(read),
        }
    }

    fn size(&self) -> io::Result<u64> {
        if let Some(declared) = self.declared {
            return Ok(declared);
        }
        let mut state = self.state.borrow_mut();
        self.decode_to(&mut state, u64::MAX);
        match &state.end {
            Some(Err(error)) => Err(io::Error::other(error.clone())),
            _ => Ok(state.spool.len()),
        }
    }

    fn is_sized(&self) -> bool {
        self.declared.is_some()
    }

    fn has_changed(&self) -> bool {
        self.inner.has_changed()
    }
}

impl<S> fmt::Debug for DecodedMember<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodedMember").field("declared", &self.declared).finish_non_exhaustive()
    }
}

/// Returns the first decoded bytes of a member that begins with `encoded`: enough to recognize its
/// format. There are fewer if the member is damaged, and `None` if not one byte can be decoded.
pub(crate) fn head_of(encoding: Encoding, encoded: &[u8]) -> Option<Vec<u8>> {
    let is_text = matches!(encoding, Encoding::Base64 | Encoding::QuotedPrintable);
    #[allow(clippy::disallowed_methods)] // a constant
    let mut out = Vec::with_capacity(HEAD);
    let step = Decoder::new(encoding).step(encoded, is_text, 0, &mut out);
    (step.is_ok() || !out.is_empty()).then_some(out)
}

/// Inflates the head of a member like [`head_of`], but only `first` bytes of it if those are enough.
pub(crate) fn inflate_head(
    encoded: &[u8],
    first: usize,
    are_enough: impl Fn(&[u8]) -> bool,
) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(Encoding::Deflate);
    #[allow(clippy::disallowed_methods)] // a constant
    let mut out = Vec::with_capacity(first);
    let mut step = decoder.step(encoded, false, 0, &mut out);
    if let Ok(done) = step
        && !done.ended
        && (first..HEAD).contains(&out.len())
        && !are_enough(&out)
    {
        #[allow(clippy::disallowed_methods)] // a constant
        out.reserve_exact(HEAD.saturating_sub(out.len()));
        let rest = encoded.get(done.used..).unwrap_or_default();
        step = decoder.step(rest, false, to_u64(done.used), &mut out);
    }
    (step.is_ok() || !out.is_empty()).then_some(out)
}

/// Decodes all of `encoded`, to at most `max` bytes.
pub(crate) fn decode_all(encoding: Encoding, encoded: &[u8], max: u64) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut decoder = Decoder::new(encoding);
    let mut used: usize = 0;
    loop {
        #[allow(clippy::disallowed_methods)] // a constant
        let mut out = Vec::with_capacity(OUTPUT);
        let rest = encoded.get(used..).unwrap_or_default();
        let step = decoder.step(rest, true, to_u64(used), &mut out)?;
        if to_u64(all.len()).saturating_add(to_u64(out.len())) > max {
            return Err(Limit::Inflated.error(max));
        }
        #[allow(clippy::disallowed_methods)] // at most `max`, see above
        all.extend_from_slice(&out);
        used = used.saturating_add(step.used);
        if step.ended {
            return Ok(all);
        }
        if step.used == 0 && out.is_empty() {
            let offset = to_u64(used);
            return Err(Error::truncated("encoded member", offset, "its end is missing"));
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
pub(crate) mod tests;
