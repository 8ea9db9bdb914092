//! [`Cursor`] reads structures from input, [`Buffer`] grows with input, and text is decoded from
//! it.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};

/// Converts `usize` to `u64`.
#[allow(clippy::as_conversions)] // usize has at most 64 bits on every target of rustc
pub(crate) const fn to_u64(n: usize) -> u64 {
    n as u64
}

/// Converts `u64` to `usize`. Returns `None` if it does not fit.
pub(crate) fn to_usize(n: u64) -> Option<usize> {
    usize::try_from(n).ok()
}

/// Returns the bytes from `offset`; an empty slice if `offset` is beyond the end.
pub(crate) fn from_offset(bytes: &[u8], offset: u64) -> &[u8] {
    to_usize(offset).and_then(|at| bytes.get(at..)).unwrap_or_default()
}

/// Reads the fields of one structure with bounds checks, in the order of its specification.
///
/// Each call names its field, so that an error says which field is incomplete.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    structure: &'static str,
    rest: &'a [u8],
    offset: u64,
}

impl<'a> Cursor<'a> {
    /// Returns a cursor over `bytes`, which are at `offset` of the member and contain `structure`.
    pub(crate) fn new(structure: &'static str, bytes: &'a [u8], offset: u64) -> Cursor<'a> {
        Cursor { structure, rest: bytes, offset }
    }

    /// Returns the offset of the next field in the member.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the unread bytes.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Reads `len` bytes.
    #[inline(always)] // with a constant length, the compiler removes the checks
    pub(crate) fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.ended(len, field));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(to_u64(len));
        Ok(taken)
    }

    /// Returns the error of `take`. A separate function, so that `take` is small enough to be
    /// inlined.
    #[cold]
    fn ended(&self, len: usize, field: &'static str) -> Error {
        Error::truncated(
            self.structure,
            self.offset,
            format!("{field} takes {len} bytes, {} are left", self.rest.len()),
        )
    }

    /// Reads `N` bytes as an array.
    #[inline(always)]
    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, field)?);
        Ok(array)
    }

    /// Reads text up to a NUL, and skips the NUL.
    pub(crate) fn text(&mut self, field: &'static str) -> Result<&'a [u8]> {
        let len = memchr::memchr(0, self.rest).unwrap_or(self.rest.len());
        let text = self.take(len, field)?;
        self.skip(1, field)?;
        Ok(text)
    }

    /// Skips `len` bytes.
    #[inline]
    pub(crate) fn skip(&mut self, len: usize, field: &'static str) -> Result<()> {
        self.take(len, field).map(drop)
    }

    #[inline]
    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn u16_le(&mut self, field: &'static str) -> Result<u16> {
        self.array(field).map(u16::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u32_le(&mut self, field: &'static str) -> Result<u32> {
        self.array(field).map(u32::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u64_le(&mut self, field: &'static str) -> Result<u64> {
        self.array(field).map(u64::from_le_bytes)
    }
}

/// The number of UTF-16 code units that are decoded together.
const UNITS: usize = 32;

/// Decodes UTF-16LE. Replaces unpaired surrogates by U+FFFD, and drops an odd last byte.
pub(crate) fn utf16_lossy(bytes: &[u8]) -> String {
    let (mut rest, _) = bytes.as_chunks();
    #[allow(clippy::disallowed_methods)] // half the length of the input
    let mut text = String::with_capacity(rest.len());
    while !rest.is_empty() {
        // Nearly all text in licenses is ASCII.
        while let Some((units, after)) = rest.split_first_chunk::<UNITS>() {
            let Some(ascii) = ascii(units) else { break };
            text.push_str(std::str::from_utf8(&ascii).unwrap_or_default());
            rest = after;
        }
        for _ in 0..UNITS {
            let units = rest.iter().map(|unit| u16::from_le_bytes(*unit));
            let Some(decoded) = char::decode_utf16(units).next() else { break };
            let letter = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
            text.push(letter);
            rest = rest.get(letter.len_utf16()..).unwrap_or_default();
        }
    }
    text
}

/// Returns the code units as ASCII; `None` if one is not.
fn ascii(units: &[[u8; 2]; UNITS]) -> Option<[u8; UNITS]> {
    let any = units.iter().fold(0, |any, unit| any | u16::from_le_bytes(*unit));
    (any < 0x80).then(|| units.map(|[low, _]| low))
}

/// Decodes UTF-8. Replaces invalid sequences by U+FFFD.
pub(crate) fn utf8_lossy(bytes: &[u8]) -> Cow<'_, str> {
    // Nearly all text is valid, and the check is faster than decoding.
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// A byte buffer whose growth is charged to the meter.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// Never shrinks, so that bytes are initialized once and not for each file.
    bytes: Vec<u8>,
    used: usize,
}

impl Buffer {
    /// Empties the buffer, and keeps the allocation for the next file.
    pub(crate) fn clear(&mut self) {
        self.used = 0;
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// Appends `bytes`, and charges them.
    pub(crate) fn extend(&mut self, meter: &Meter, bytes: &[u8]) -> Result<()> {
        self.grow(meter, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// Appends bytes that were charged before.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
    }

    /// Appends `len` bytes, charges them, and returns them for writing. Their content is undefined.
    pub(crate) fn grow(&mut self, meter: &Meter, len: usize) -> Result<&mut [u8]> {
        meter.charge(Limit::Allocation, to_u64(len))?;
        Ok(self.room(len))
    }

    fn room(&mut self, len: usize) -> &mut [u8] {
        let start = self.used;
        self.used = start.saturating_add(len);
        if self.bytes.len() < self.used {
            self.bytes.resize(self.used, 0);
        }
        self.bytes.get_mut(start..self.used).unwrap_or_default()
    }

    /// Removes all but the first `len` bytes.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.used = self.used.min(len);
    }

    /// Returns the bytes.
    pub(crate) fn into_vec(mut self) -> Vec<u8> {
        self.bytes.truncate(self.used);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{Interrupt, Limits};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn utf16_is_decoded_as_by_the_standard_library(
            parts in prop::collection::vec(
                prop_oneof![
                    "[a-z<>]{0,40}".prop_map(|text| text.encode_utf16().collect()),
                    "\\PC{0,3}".prop_map(|text| text.encode_utf16().collect()),
                    any::<u16>().prop_map(|unit| vec![unit]),
                    (0xD800..0xE000_u16).prop_map(|unit| vec![unit]),
                ],
                0..12,
            ),
            odd in prop::option::of(any::<u8>()),
        ) {
            let units: Vec<u16> = parts.concat();
            let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).chain(odd).collect();
            prop_assert_eq!(utf16_lossy(&bytes), String::from_utf16_lossy(&units));
        }
    }

    #[test]
    fn truncated_field_is_named_in_the_error() {
        let mut cursor = Cursor::new("EncryptionHeader", &[1, 0, 2], 100);
        assert_eq!(cursor.u16_le("vMajor").unwrap(), 1);
        let error = cursor.u32_le("Flags").unwrap_err();
        assert_eq!(error.code().as_str(), "truncated");
        assert_eq!(error.offset(), Some(102));
        assert_eq!(
            error.to_string(),
            "EncryptionHeader: Flags takes 4 bytes, 1 are left (at byte 102)"
        );
        assert_eq!(cursor.u8("Flags").unwrap(), 2);
    }

    #[test]
    fn growth_of_buffer_is_charged() {
        let limits = Limits { allocation: 10, ..Limits::default() };
        let meter = Meter::new(limits, Interrupt::default());
        let mut buffer = Buffer::default();
        buffer.extend(&meter, b"abcd").unwrap();
        buffer.grow(&meter, 6).unwrap().fill(b'x');
        assert_eq!(buffer.as_slice(), b"abcdxxxxxx");
        assert_eq!(buffer.extend(&meter, b"y").unwrap_err().code().as_str(), "limit-allocation");
    }
}
