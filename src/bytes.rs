//! [`Cursor`], the only place that slices bytes from input, and [`Buffer`], the only thing that
//! grows with them.

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

/// What of `bytes` lies at `offset` and behind it.
pub(crate) fn from_offset(bytes: &[u8], offset: u64) -> &[u8] {
    to_usize(offset).and_then(|at| bytes.get(at..)).unwrap_or_default()
}

/// Checked reading of one structure, field by field, in the order of its spec's table.
///
/// Every step names the field, so that an error says which one the bytes ended before.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    structure: &'static str,
    rest: &'a [u8],
    offset: u64,
}

impl<'a> Cursor<'a> {
    /// Reads `structure` from `bytes`, which lie at `offset` of the member.
    pub(crate) fn new(structure: &'static str, bytes: &'a [u8], offset: u64) -> Cursor<'a> {
        Cursor { structure, rest: bytes, offset }
    }

    /// Where the next field lies in the member.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `len` bytes.
    #[inline(always)] // of bytes whose number is known nothing is left of the checks
    pub(crate) fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.ended(len, field));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(to_u64(len));
        Ok(taken)
    }

    /// Apart from `take`, which is small enough then to become part of its callers.
    #[cold]
    fn ended(&self, len: usize, field: &'static str) -> Error {
        Error::truncated(
            self.structure,
            self.offset,
            format!("{field} takes {len} bytes, {} are left", self.rest.len()),
        )
    }

    /// The next `N` bytes as an array.
    #[inline(always)]
    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, field)?);
        Ok(array)
    }

    /// Text up to its NUL, which is passed over.
    pub(crate) fn text(&mut self, field: &'static str) -> Result<&'a [u8]> {
        let len = memchr::memchr(0, self.rest).unwrap_or(self.rest.len());
        let text = self.take(len, field)?;
        self.skip(1, field)?;
        Ok(text)
    }

    /// Passes over `len` bytes.
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

/// Units of UTF-16 that are looked at together.
const UNITS: usize = 32;

/// UTF-16LE as text; unpaired surrogates become U+FFFD, an odd last byte is dropped.
pub(crate) fn utf16_lossy(bytes: &[u8]) -> String {
    let (mut rest, _) = bytes.as_chunks();
    #[allow(clippy::disallowed_methods)] // half as many as there are
    let mut text = String::with_capacity(rest.len());
    while !rest.is_empty() {
        // Licenses are ASCII, nearly all of them.
        while let Some((units, behind)) = rest.split_first_chunk::<UNITS>() {
            let Some(ascii) = ascii(units) else { break };
            text.push_str(std::str::from_utf8(&ascii).unwrap_or_default());
            rest = behind;
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

/// The units as ASCII, if all of them are.
fn ascii(units: &[[u8; 2]; UNITS]) -> Option<[u8; UNITS]> {
    let any = units.iter().fold(0, |any, unit| any | u16::from_le_bytes(*unit));
    (any < 0x80).then(|| units.map(|[low, _]| low))
}

/// UTF-8 as text; what is no valid UTF-8 becomes U+FFFD.
pub(crate) fn utf8_lossy(bytes: &[u8]) -> Cow<'_, str> {
    // Nearly all of it is valid, and the check alone is faster.
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// Bytes that grow with input, and are charged for it.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// As many as there ever were: zeros are written over them once, not for every file.
    bytes: Vec<u8>,
    used: usize,
}

impl Buffer {
    /// Empties the buffer; the memory stays for the next file.
    pub(crate) fn clear(&mut self) {
        self.used = 0;
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// Adds `bytes`.
    pub(crate) fn extend(&mut self, meter: &Meter, bytes: &[u8]) -> Result<()> {
        self.grow(meter, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// Adds bytes that were charged already.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
    }

    /// Adds `len` bytes and lends them for writing; what is in them has no meaning.
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

    /// Forgets all but the first `len` bytes.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.used = self.used.min(len);
    }

    /// Gives the bytes away.
    pub(crate) fn into_vec(mut self) -> Vec<u8> {
        self.bytes.truncate(self.used);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{Cancel, Limits};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn utf_16_is_decoded_as_its_letters_say(
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
    fn a_cursor_names_the_field_that_does_not_fit() {
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
    fn a_buffer_is_charged_for_its_growth() {
        let limits = Limits { allocation: 10, ..Limits::default() };
        let meter = Meter::new(limits, Cancel::default());
        let mut buffer = Buffer::default();
        buffer.extend(&meter, b"abcd").unwrap();
        buffer.grow(&meter, 6).unwrap().fill(b'x');
        assert_eq!(buffer.as_slice(), b"abcdxxxxxx");
        assert_eq!(buffer.extend(&meter, b"y").unwrap_err().code().as_str(), "limit-allocation");
    }
}
