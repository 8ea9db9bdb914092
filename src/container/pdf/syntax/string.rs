//! Strings (ISO 32000-2 7.3.4), and text strings (7.9.2.2).

use super::lexer::hex_digit;
use super::value::PdfValue;
use crate::bytes::to_u64;
use crate::error::Result;
use crate::limits::{Limit, Meter};

/// Returns the decoded bytes of a string, or `None` for another value.
pub(crate) fn string(value: &PdfValue<'_>, meter: &Meter) -> Result<Option<Vec<u8>>> {
    match value {
        PdfValue::Literal(raw) => {
            meter.charge(Limit::Allocation, to_u64(raw.len()))?;
            Ok(Some(literal(raw)))
        }
        PdfValue::Hex(raw) => {
            meter.charge(Limit::Allocation, to_u64(raw.len()))?;
            Ok(Some(hex(raw)))
        }
        _ => Ok(None),
    }
}

/// Decodes the escapes of a literal string (ISO 32000-2 7.3.4.2).
#[allow(clippy::disallowed_methods)] // at most the length of the string
fn literal(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr2(b'\\', b'\r', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        rest = match rest {
            // Every end of line is read as one line feed.
            [b'\r', b'\n', tail @ ..] | [b'\r', tail @ ..] => {
                out.push(b'\n');
                tail
            }
            [b'\\', b'\r', b'\n', tail @ ..] | [b'\\', b'\r' | b'\n', tail @ ..] => tail,
            [b'\\', b'0'..=b'7', ..] => octal(rest, &mut out),
            [b'\\', escaped, tail @ ..] => {
                out.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    other => *other,
                });
                tail
            }
            _ => &[],
        };
    }
    out.extend_from_slice(rest);
    out
}

/// Decodes one `\ddd` of one to three digits, and returns the bytes after it. High-order overflow
/// is dropped.
fn octal<'a>(escape: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let digits = escape.get(1..).unwrap_or_default();
    let len = digits.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
    let (octal, rest) = digits.split_at_checked(len).unwrap_or_default();
    let code = octal.iter().fold(0_u8, |code, digit| code.wrapping_shl(3) | (digit & 7));
    out.push(code);
    rest
}

/// Decodes a hexadecimal string. A missing last digit is zero (ISO 32000-2 7.3.4.3).
fn hex(raw: &[u8]) -> Vec<u8> {
    #[allow(clippy::disallowed_methods)] // at most the length of the string
    let mut out = Vec::with_capacity(raw.len().div_ceil(2));
    let mut high = None;
    for digit in raw.iter().filter_map(|byte| hex_digit(*byte)) {
        match high.take() {
            None => high = Some(digit),
            Some(high) => out.push(high << 4 | digit),
        }
    }
    if let Some(high) = high {
        out.push(high << 4);
    }
    out
}

/// Returns whether the value is a literal string without escapes, so that its bytes in the file are
/// its decoded bytes.
pub(crate) fn is_verbatim(value: &PdfValue<'_>) -> bool {
    matches!(value, PdfValue::Literal(raw) if memchr::memchr2(b'\\', b'\r', raw).is_none())
}

/// Decodes a text string (ISO 32000-2 7.9.2.2).
pub(crate) fn text(bytes: &[u8]) -> String {
    match bytes {
        [0xFE, 0xFF, units @ ..] => {
            let units = units.chunks_exact(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0,
            });
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        [0xEF, 0xBB, 0xBF, rest @ ..] => crate::bytes::utf8_lossy(rest).into_owned(),
        _ => crate::bytes::utf8_lossy(bytes).into_owned(),
    }
}
