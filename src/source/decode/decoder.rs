//! [`Decoder`]: the decoders of all encodings. Their input arrives in parts.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::Status;

use crate::bytes::{to_u64, to_usize};
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::source::inflater::Inflater;

/// How a member is encoded in its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Raw deflate, RFC 1951.
    Deflate,
    /// Consecutive streams of raw deflate: the members of a gzip file, RFC 1952 2.2.
    Deflates,
    /// RFC 1950.
    Zlib,
    /// RFC 2045 6.8. Characters outside the alphabet are skipped.
    Base64,
    /// RFC 2045 6.7.
    QuotedPrintable,
    /// The blocks of an rpmsg, MS-OXORMMS 2.2.4.1: one zlib stream in several parts.
    Rpmsg,
}

/// The result of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Number of encoded bytes consumed.
    pub(super) used: usize,
    /// Whether the decoded bytes end here, even if more encoded bytes follow.
    pub(super) ended: bool,
}

/// A decoder and its state between steps.
#[derive(Debug)]
pub(super) enum Decoder {
    Inflate(Inflater),
    Deflates(Deflates),
    Base64(Base64),
    QuotedPrintable,
    Rpmsg(Rpmsg),
}

impl Decoder {
    pub(super) fn new(encoding: Encoding) -> Decoder {
        match encoding {
            Encoding::Deflate => Decoder::Inflate(Inflater::bare()),
            Encoding::Deflates => {
                Decoder::Deflates(Deflates { inflater: Inflater::bare(), is_new: true })
            }
            Encoding::Zlib => Decoder::Inflate(Inflater::zlib()),
            Encoding::Base64 => Decoder::Base64(Base64::default()),
            Encoding::QuotedPrintable => Decoder::QuotedPrintable,
            Encoding::Rpmsg => Decoder::Rpmsg(Rpmsg::new()),
        }
    }

    /// Decodes `input`, which is located at `offset` of the encoded bytes, into the spare capacity of
    /// `out`. `last` says that the encoded bytes end with `input`.
    pub(super) fn step(
        &mut self,
        input: &[u8],
        last: bool,
        offset: u64,
        out: &mut Vec<u8>,
    ) -> Result<Step> {
        match self {
            Decoder::Inflate(inflater) => inflate_step(inflater, input, last, offset, out),
            Decoder::Deflates(deflates) => deflates.step(input, last, offset, out),
            Decoder::Base64(base64) => Ok(base64.step(input, last, out)),
            Decoder::QuotedPrintable => Ok(quoted_printable(input, last, out)),
            Decoder::Rpmsg(rpmsg) => rpmsg.step(input, last, offset, out),
        }
    }
}

/// One step of deflate (RFC 1951), bare or in a zlib stream (RFC 1950).
fn inflate_step(
    inflater: &mut Inflater,
    input: &[u8],
    last: bool,
    offset: u64,
    out: &mut Vec<u8>,
) -> Result<Step> {
    let (used, status) = inflate(inflater, input, offset, out)?;
    let stuck = used == input.len() && out.len() < out.capacity();
    if status != Status::StreamEnd && last && stuck {
        let end = offset.saturating_add(to_u64(used));
        return Err(Error::truncated("deflate", end, "the stream has no end"));
    }
    Ok(Step { used, ended: status == Status::StreamEnd })
}

/// Inflates `input` into the spare capacity of `out`, and returns the number of bytes consumed.
fn inflate(
    inflater: &mut Inflater,
    input: &[u8],
    offset: u64,
    out: &mut Vec<u8>,
) -> Result<(usize, Status)> {
    let inflated = inflater.inflate_vec(input, out);
    let used = to_usize(inflated.taken).unwrap_or(usize::MAX);
    match inflated.status {
        Ok(status) => Ok((used, status)),
        // The two inflaters describe damage differently; the report must not depend on the choice.
        Err(_) => Err(Error::malformed(
            ErrorCode::MalformedDeflate,
            "deflate",
            offset.saturating_add(to_u64(used)),
            "the compressed data make no sense",
        )),
    }
}

/// Consecutive streams of deflate (RFC 1951).
#[derive(Debug)]
pub(super) struct Deflates {
    inflater: Inflater,
    /// Whether no byte of the current stream has been decoded.
    is_new: bool,
}

impl Deflates {
    fn step(&mut self, input: &[u8], last: bool, offset: u64, out: &mut Vec<u8>) -> Result<Step> {
        if self.is_new && input.is_empty() {
            return Ok(Step { used: 0, ended: last });
        }
        let step = inflate_step(&mut self.inflater, input, last, offset, out)?;
        self.is_new = step.ended;
        if step.ended {
            self.inflater = Inflater::bare();
        }
        Ok(Step { used: step.used, ended: step.ended && last && step.used == input.len() })
    }
}

/// The alphabet of RFC 2045, table 1. [`Base64::step`] handles padding.
const LETTERS: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Characters that are decoded at once; a multiple of four.
const GROUPS: usize = 1024;

/// Base64 (RFC 2045 6.8). Characters outside the alphabet are skipped, as the RFC requires. Padding
/// ends a group, and the characters that follow it are decoded too, so that it hides none.
#[derive(Debug, Default)]
pub(super) struct Base64 {
    letters: Vec<u8>,
}

impl Base64 {
    fn step(&mut self, input: &[u8], last: bool, out: &mut Vec<u8>) -> Step {
        let mut used: usize = 0;
        while let Some(rest) = input.get(used..).filter(|rest| !rest.is_empty()) {
            // The collected characters and one more group always fit.
            let spare = out.capacity().saturating_sub(out.len());
            if spare < GROUPS {
                return Step { used, ended: false };
            }
            let room = GROUPS.saturating_sub(self.letters.len());
            let rest = rest.get(..room).unwrap_or(rest);
            let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
            let run = rest.iter().position(|byte| !is_letter(byte)).unwrap_or(rest.len());
            #[allow(clippy::disallowed_methods)] // at most GROUPS
            self.letters.extend_from_slice(rest.get(..run).unwrap_or_default());
            used = used.saturating_add(run);
            let after = rest.get(run);
            used = used.saturating_add(usize::from(after.is_some()));
            if after == Some(&b'=') || self.letters.len() >= GROUPS {
                self.flush(out);
            }
        }
        if last {
            self.flush(out);
        }
        Step { used, ended: last }
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        // A single remaining character encodes no byte.
        if self.letters.len().checked_rem(4) == Some(1) {
            self.letters.pop();
        }
        // All characters are in the alphabet, so decoding does not fail.
        let _ = LETTERS.decode_vec(&self.letters, out);
        self.letters.clear();
    }
}

/// Quoted-printable (RFC 2045 6.7). An invalid escape decodes to itself.
fn quoted_printable(input: &[u8], last: bool, out: &mut Vec<u8>) -> Step {
    let mut used: usize = 0;
    while out.len() < out.capacity() {
        let rest = input.get(used..).unwrap_or_default();
        let (byte, len) = match rest {
            [] => return Step { used, ended: last },
            [b'=', b'\r', b'\n', ..] => (None, 3),
            [b'=', b'\n', ..] => (None, 2),
            [b'=', high, low, ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (Some(high.wrapping_shl(4) | low), 3),
                _ => (Some(b'='), 1),
            },
            [b'='] | [b'=', _] if !last => return Step { used, ended: false },
            [byte, ..] => (Some(*byte), 1),
        };
        out.extend(byte);
        used = used.saturating_add(len);
    }
    Step { used, ended: false }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The tag of every block, MS-OXORMMS 2.2.4.1.
const BLOCK_TAG: u32 = 0x0FA0;
/// Tag, size of the inflated block, size of the block. The order of the sizes is the reverse of what
/// their names in the specification suggest.
const BLOCK_HEADER: usize = 12;

/// One zlib stream, divided into blocks at its flush points. Its end may be missing.
#[derive(Debug)]
pub(super) struct Rpmsg {
    inflater: Inflater,
    header: Vec<u8>,
    /// Remaining encoded bytes of the current block.
    left: u64,
    /// Sum of the inflated sizes that the blocks so far declare.
    declared: u64,
    /// Whether the zlib stream has ended.
    ended: bool,
}

impl Rpmsg {
    #[allow(clippy::disallowed_methods)] // a constant
    fn new() -> Rpmsg {
        Rpmsg {
            inflater: Inflater::zlib(),
            header: Vec::with_capacity(BLOCK_HEADER),
            left: 0,
            declared: 0,
            ended: false,
        }
    }

    fn step(&mut self, input: &[u8], last: bool, offset: u64, out: &mut Vec<u8>) -> Result<Step> {
        let mut used: usize = 0;
        loop {
            let rest = input.get(used..).unwrap_or_default();
            let at = offset.saturating_add(to_u64(used));
            if self.left == 0 || self.ended {
                let flushed = self.ended || self.flush(at, out)?;
                if !flushed {
                    return Ok(Step { used, ended: false });
                }
                if rest.is_empty() {
                    return self.at_input_end(last, at, used);
                }
                used = used.saturating_add(self.header(rest, at)?);
                continue;
            }
            if rest.is_empty() {
                // The decoder may still hold output of the blocks before the end.
                if last && !self.flush(at, out)? {
                    return Ok(Step { used, ended: false });
                }
                return self.at_input_end(last, at, used);
            }
            if out.len() == out.capacity() {
                return Ok(Step { used, ended: false });
            }
            let len = rest.len().min(to_usize(self.left).unwrap_or(usize::MAX));
            let block = rest.get(..len).unwrap_or_default();
            let (taken, status) = inflate(&mut self.inflater, block, at, out)?;
            self.ended = status == Status::StreamEnd;
            self.left = self.left.saturating_sub(to_u64(taken));
            used = used.saturating_add(taken);
            if taken == 0 && !self.ended && out.len() < out.capacity() {
                return Err(malformed(at, "the block does not inflate"));
            }
        }
    }

    /// Writes the output that the decoder still holds. Returns whether it all fitted.
    fn flush(&mut self, at: u64, out: &mut Vec<u8>) -> Result<bool> {
        while self.inflater.total_out() < self.declared {
            if out.len() == out.capacity() {
                return Ok(false);
            }
            let before = out.len();
            let (_, status) = inflate(&mut self.inflater, &[], at, out)?;
            self.ended = status == Status::StreamEnd;
            if out.len() == before {
                break;
            }
        }
        Ok(true)
    }

    /// Consumes the available bytes of the next block's header.
    fn header(&mut self, rest: &[u8], at: u64) -> Result<usize> {
        if self.ended {
            // After the end of the stream nothing can be inflated.
            return Ok(rest.len());
        }
        let wanted = BLOCK_HEADER.saturating_sub(self.header.len());
        let taken = rest.get(..wanted.min(rest.len())).unwrap_or_default();
        #[allow(clippy::disallowed_methods)] // at most BLOCK_HEADER
        self.header.extend_from_slice(taken);
        if let Some((tag, sizes)) = self.header.split_first_chunk::<4>()
            && let Some((inflated, size)) = sizes.split_first_chunk::<4>()
            && let Some(size) = size.first_chunk::<4>()
        {
            let start = at.saturating_add(to_u64(taken.len())).saturating_sub(to_u64(BLOCK_HEADER));
            if u32::from_le_bytes(*tag) != BLOCK_TAG {
                return Err(malformed(start, "the block has no tag 0x0FA0"));
            }
            let inflated = u64::from(u32::from_le_bytes(*inflated));
            self.left = u64::from(u32::from_le_bytes(*size));
            if self.left == 0 && inflated > 0 {
                return Err(malformed(start, "the block has a size of 0"));
            }
            self.declared = self.declared.saturating_add(inflated);
            self.header.clear();
        }
        Ok(taken.len())
    }

    fn at_input_end(&self, last: bool, at: u64, used: usize) -> Result<Step> {
        if !last {
            return Ok(Step { used, ended: false });
        }
        let whole = self.left == 0 && self.header.is_empty();
        if self.ended || whole && self.inflater.total_out() >= self.declared {
            return Ok(Step { used, ended: true });
        }
        Err(Error::truncated("rpmsg", at, "the last block is not whole"))
    }
}

fn malformed(offset: u64, detail: &'static str) -> Error {
    Error::malformed(ErrorCode::MalformedRpmsg, "rpmsg", offset, detail)
}
