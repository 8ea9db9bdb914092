//! Values in DER and BER (X.690).

use crate::bytes::{to_u64, to_usize};
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{EXTENT_MEMORY, Extent, Window};

pub(super) const STRUCTURE: &str = "CMS";
/// Tags (X.690 8.1.2): INTEGER, OCTET STRING, OBJECT IDENTIFIER, IA5String, SEQUENCE, SET, `[0]`,
/// `[1]`; and an OCTET STRING that consists of others.
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OBJECT_ID: u8 = 0x06;
pub(super) const IA5_STRING: u8 = 0x16;
pub(super) const OCTETS_IN_PIECES: u8 = 0x24;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
pub(super) const EXPLICIT_0: u8 = 0xA0;
pub(super) const IMPLICIT_1: u8 = 0xA1;
/// Bytes of a tag and its length.
const TAG: usize = 10;
/// Bytes of an OBJECT IDENTIFIER that are read.
const MAX_ID: u64 = 64;
/// Constructed values inside of each other.
const MAX_DEPTH: usize = 32;
/// Ends a value of indefinite length.
pub(super) const END_OF_CONTENTS: &[u8] = &[0, 0];

/// Parses the tag at the beginning of some bytes. Returns the length of its content, which may be
/// indefinite (X.690 8.1.3.6), and the number of bytes of tag and length.
pub(super) fn tag(bytes: &[u8], expected: u8) -> Option<(Option<u64>, usize)> {
    let (found, rest) = bytes.split_first()?;
    if *found != expected {
        return None;
    }
    let (first, rest) = rest.split_first()?;
    match *first {
        0x80 => Some((None, 2)),
        short @ 0..0x80 => Some((Some(u64::from(short)), 2)),
        long => {
            let digits = rest.get(..usize::from(long & 0x7F)).filter(|digits| digits.len() <= 8)?;
            let len =
                digits.iter().fold(0, |len: u64, digit| len.wrapping_shl(8) | u64::from(*digit));
            Some((Some(len), digits.len().saturating_add(2)))
        }
    }
}

/// Tag and location of its content.
#[derive(Debug, Clone, Copy)]
pub(super) struct DerValue {
    pub(super) tag: u8,
    /// Offset of the tag.
    pub(super) at: u64,
    /// Offset of the content.
    pub(super) begin: u64,
    /// End of the content; `None` if `END_OF_CONTENTS` ends it.
    pub(super) end: Option<u64>,
}

/// Reader of consecutive values.
pub(super) struct DerReader<'r, 'w> {
    pub(super) window: &'r mut Window<'w>,
    pub(super) at: u64,
}

impl DerReader<'_, '_> {
    pub(super) fn malformed(&self, detail: &'static str) -> Error {
        Error::malformed(ErrorCode::MalformedCms, STRUCTURE, self.at, detail)
    }

    /// Reads the tag at the position, and advances to its content.
    pub(super) fn next(&mut self) -> Result<DerValue> {
        self.window.meter().charge(Limit::Steps, 1)?;
        let at = self.at;
        let bytes = self.window.up_to(at, TAG)?;
        let found = bytes.first().copied().unwrap_or_default();
        let Some((len, skip)) = tag(bytes, found) else {
            return Err(match bytes.len() < TAG {
                true => Error::truncated(STRUCTURE, at, "the file ends in a tag"),
                false => self.malformed("the length of a value has more than 8 bytes"),
            });
        };
        if found & 0x1F == 0x1F {
            return Err(self.malformed("a tag has more than one byte"));
        }
        let begin = at.saturating_add(to_u64(skip));
        let end = len.map(|len| begin.saturating_add(len));
        if let Some(end) = end
            && end > self.window.len()
        {
            return Err(Error::truncated(STRUCTURE, at, "the file ends before a value does"));
        }
        self.at = begin;
        Ok(DerValue { tag: found, at, begin, end })
    }

    /// Reads a mandatory value.
    pub(super) fn expect(&mut self, tag: u8, detail: &'static str) -> Result<DerValue> {
        let value = self.next()?;
        match value.tag == tag {
            true => Ok(value),
            false => Err(Error::malformed(ErrorCode::MalformedCms, STRUCTURE, value.at, detail)),
        }
    }

    /// Returns whether the content of `value` ends at the position.
    pub(super) fn is_at_end(&mut self, value: DerValue) -> Result<bool> {
        match value.end {
            Some(end) => Ok(self.at >= end),
            None => Ok(self.window.up_to(self.at, 2)? == END_OF_CONTENTS),
        }
    }

    /// Advances to the end of `value`, whose content has been read.
    pub(super) fn leave(&mut self, value: DerValue) -> Result<()> {
        if !self.is_at_end(value)? || value.end.is_some_and(|end| end != self.at) {
            let detail = "the lengths of a value and of its content differ";
            return Err(self.malformed(detail));
        }
        if value.end.is_none() {
            self.at = self.at.saturating_add(2);
        }
        Ok(())
    }

    /// Advances to the end of `value`, whose content has not been read.
    pub(super) fn skip(&mut self, value: DerValue) -> Result<()> {
        let mut open = match value.end {
            Some(end) => {
                self.at = end;
                return Ok(());
            }
            None => 1_usize,
        };
        while open > 0 {
            if self.window.up_to(self.at, 2)? == END_OF_CONTENTS {
                self.at = self.at.saturating_add(2);
                open = open.saturating_sub(1);
                self.window.meter().charge(Limit::Steps, 1)?;
                continue;
            }
            match self.next()?.end {
                Some(end) => self.at = end,
                None => open = open.saturating_add(1),
            }
        }
        Ok(())
    }

    /// Reads an OBJECT IDENTIFIER.
    pub(super) fn id(&mut self) -> Result<Vec<u8>> {
        let value = self.expect(OBJECT_ID, "a content type is missing")?;
        let len = value.end.map_or(0, |end| end.saturating_sub(value.begin)).min(MAX_ID);
        let id = self.window.up_to(value.begin, to_usize(len).unwrap_or_default())?.to_vec();
        self.skip(value)?;
        Ok(id)
    }

    /// Reads the extents of content: an OCTET STRING in one or several pieces, or another value
    /// with its tag, as in PKCS #7 1.5.
    pub(super) fn content(&mut self) -> Result<Vec<Extent>> {
        let value = self.next()?;
        let mut pieces = Vec::new();
        match (value.tag, value.end) {
            (OCTETS, Some(_)) => self.piece(value, &mut pieces)?,
            (OCTETS_IN_PIECES, _) => {
                let mut open = vec![value];
                while let Some(last) = open.last().copied() {
                    if self.is_at_end(last)? {
                        self.leave(last)?;
                        open.pop();
                        continue;
                    }
                    let next = self.next()?;
                    match (next.tag, next.end) {
                        (OCTETS, Some(_)) => self.piece(next, &mut pieces)?,
                        (OCTETS_IN_PIECES, _) if open.len() < MAX_DEPTH => open.push(next),
                        _ => return Err(self.malformed("a piece of the content is none")),
                    }
                }
            }
            (SEQUENCE, _) => {
                self.skip(value)?;
                let len = self.at.saturating_sub(value.at);
                pieces.push(Extent { offset: value.at, len });
            }
            _ => {
                let detail = "the content is no OCTET STRING";
                return Err(Error::malformed(ErrorCode::MalformedCms, STRUCTURE, value.at, detail));
            }
        }
        Ok(pieces)
    }

    pub(super) fn piece(&mut self, value: DerValue, pieces: &mut Vec<Extent>) -> Result<()> {
        self.window.meter().charge(Limit::Allocation, EXTENT_MEMORY)?;
        let end = value.end.unwrap_or(value.begin);
        pieces.push(Extent { offset: value.begin, len: end.saturating_sub(value.begin) });
        self.at = end;
        Ok(())
    }
}
