//! An encoded member, decoded as far as somebody reads it.

mod account;
mod decode;
mod kept;

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::rc::Rc;

pub(crate) use account::{Account, Stored};
use decode::Decoder;
use kept::Kept;
pub(crate) use kept::Pool;
pub use kept::Spill;
pub(crate) use kept::Spiller;

use super::{ReadAt, charge_read, fill};
use crate::bytes::wide;
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};

/// How a member is encoded in its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Raw deflate, RFC 1951.
    Deflate,
    /// Streams of it, one directly behind the other: the members of a gzip file, RFC 1952 2.2.
    Deflates,
    /// RFC 1950.
    #[allow(dead_code)] // PDF builds it
    Zlib,
    /// RFC 2045 6.8, what is no letter of it is passed over.
    Base64,
    /// RFC 2045 6.7.
    QuotedPrintable,
    /// The blocks of an rpmsg, MS-OXORMMS 2.2.4.1: one zlib stream cut in pieces.
    Rpmsg,
}

/// Encoded bytes that are read at once.
const INPUT: usize = 8192;
/// Decoded bytes that are asked for at once; a head is little more than half of it.
const OUTPUT: usize = 8192;

/// Steps of one call of a decoder, whatever it yields.
const STEP: u64 = 64;

/// Decoded bytes that tell what a member is.
const HEAD: usize = 4096;

/// The decoded bytes of an encoded member.
///
/// They are decoded from the front as far as somebody reads, and kept: in memory up to
/// `Limits::spool`, behind that where the caller's [`Spill`] puts them.
pub(crate) struct Unfolded<'a, S> {
    inner: S,
    /// Where the encoded bytes begin in their container, for the offsets of errors.
    origin: u64,
    /// What the container says that there are.
    declared: Option<u64>,
    meter: &'a Meter<'a>,
    account: Rc<Account<'a>>,
    state: RefCell<State>,
}

struct State {
    decoder: Decoder,
    /// A piece of the encoded bytes, and how much of it is used up.
    input: Vec<u8>,
    used: usize,
    /// Encoded bytes read until now.
    taken: u64,
    kept: Kept,
    /// How the decoding ended, once it has.
    end: Option<Result<()>>,
}

impl<'a, S: ReadAt> Unfolded<'a, S> {
    /// Decodes `inner`, whose first byte lies at `origin` of its container.
    pub(crate) fn new(
        inner: S,
        origin: u64,
        encoding: Encoding,
        declared: Option<u64>,
        meter: &'a Meter<'a>,
        account: Rc<Account<'a>>,
        pool: &Rc<Pool>,
    ) -> Unfolded<'a, S> {
        let state = State {
            decoder: Decoder::new(encoding),
            input: Vec::new(),
            used: 0,
            taken: 0,
            kept: Kept::new(pool),
            end: None,
        };
        // A size of nothing is often one that the writer did not know yet.
        let declared = declared.filter(|size| *size > 0);
        Unfolded { inner, origin, declared, meter, account, state: RefCell::new(state) }
    }

    /// Decodes until `wanted` bytes are there, or all.
    fn decode_to(&self, state: &mut State, wanted: u64) {
        while state.end.is_none() && state.kept.len() < wanted {
            match self.step(state) {
                Ok(false) => {}
                Ok(true) => state.end = Some(self.whole(state)),
                Err(error) => state.end = Some(Err(error)),
            }
        }
    }

    /// One step; true at the end.
    fn step(&self, state: &mut State) -> Result<bool> {
        let last = self.refill(state)?;
        let input = state.input.get(state.used..).unwrap_or_default();
        let offset = state.taken.saturating_sub(wide(input.len()));
        #[allow(clippy::disallowed_methods)] // a constant
        let mut out = Vec::with_capacity(OUTPUT);
        let step = state.decoder.step(input, last, self.origin.saturating_add(offset), &mut out);
        let gained = wide(out.len());
        // A step that yields nothing takes time too: a stream may consist of empty blocks.
        self.meter.charge(Limit::Steps, gained.wrapping_shr(3).saturating_add(STEP))?;
        self.account.charge(self.meter, gained)?;
        // What came out before the damage is as good as any.
        let within = state.kept.append(self.meter, out);
        let step = step?;
        within?;
        state.used = state.used.saturating_add(step.used);
        if !step.ended && step.used == 0 && gained == 0 && last {
            let end = self.origin.saturating_add(state.taken);
            return Err(Error::truncated("encoded member", end, "its end is missing"));
        }
        Ok(step.ended)
    }

    /// Reads on, if less than half of an input is left; whether the encoded bytes end with it.
    ///
    /// What is left stays in place otherwise: a step may use up a few bytes only.
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
        state.taken = state.taken.saturating_add(wide(read));
        Ok(read < INPUT)
    }

    /// Whether as much came out as the container had said.
    fn whole(&self, state: &State) -> Result<()> {
        match self.declared {
            Some(declared) if state.kept.len() < declared => Err(Error::truncated(
                "encoded member",
                self.origin.saturating_add(state.taken),
                format!("decodes to {} bytes, not {declared}", state.kept.len()),
            )),
            _ => Ok(()),
        }
    }
}

impl<S: ReadAt> ReadAt for Unfolded<'_, S> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let mut state = self.state.borrow_mut();
        let end = offset.saturating_add(wide(buf.len()));
        // The byte behind a declared end is looked for, so that no size hides what follows it.
        let past = match self.declared {
            Some(declared) if end >= declared => declared.saturating_add(1),
            _ => end,
        };
        self.decode_to(&mut state, past.max(end));
        if let Some(declared) = self.declared
            && state.kept.len() > declared
            && end >= declared
        {
            return Err(io::Error::other(Error::malformed(
                ErrorCode::MalformedMemberSize,
                "encoded member",
                self.origin,
                format!("decodes to more than the {declared} bytes that its container says"),
            )));
        }
        match state.kept.read_at(offset, buf)? {
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
            _ => Ok(state.kept.len()),
        }
    }

    fn is_sized(&self) -> bool {
        self.declared.is_some()
    }

    fn has_changed(&self) -> bool {
        self.inner.has_changed()
    }
}

impl<S> fmt::Debug for Unfolded<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unfolded").field("declared", &self.declared).finish_non_exhaustive()
    }
}

/// The first decoded bytes of what begins with `encoded`: enough to tell what it is. Damage ends
/// them early; `None` where nothing could be decoded at all.
pub(crate) fn head_of(encoding: Encoding, encoded: &[u8]) -> Option<Vec<u8>> {
    #[allow(clippy::disallowed_methods)] // a constant
    let mut out = Vec::with_capacity(HEAD);
    let mut decoder = Decoder::new(encoding);
    let last = encoding == Encoding::Base64 || encoding == Encoding::QuotedPrintable;
    let step = decoder.step(encoded, last, 0, &mut out);
    (step.is_ok() || !out.is_empty()).then_some(out)
}

/// All that `encoded` decodes to, if that is no more than `max` bytes.
pub(crate) fn decode_all(encoding: Encoding, encoded: &[u8], max: u64) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut decoder = Decoder::new(encoding);
    let mut used: usize = 0;
    loop {
        #[allow(clippy::disallowed_methods)] // a constant
        let mut out = Vec::with_capacity(OUTPUT);
        let rest = encoded.get(used..).unwrap_or_default();
        let step = decoder.step(rest, true, wide(used), &mut out)?;
        if wide(all.len()).saturating_add(wide(out.len())) > max {
            return Err(Limit::Inflated.error(max));
        }
        #[allow(clippy::disallowed_methods)] // at most `max`, checked in the line before
        all.extend_from_slice(&out);
        used = used.saturating_add(step.used);
        if step.ended {
            return Ok(all);
        }
        if step.used == 0 && out.is_empty() {
            let offset = wide(used);
            return Err(Error::truncated("encoded member", offset, "its end is missing"));
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
pub(crate) mod tests;
