//! OpenPGP messages in binary (RFC 9580): compressed, literal, signed or encrypted data. A packet
//! begins with one byte that any file may begin with, so each kind is known by further fields. Keys
//! and signatures alone hold no file.

use super::magic::{begins_at, byte};
use crate::source::{Encoding, head_of};

/// Packet types (RFC 9580 5).
const SESSION_KEY: u8 = 1;
const PASSPHRASE_KEY: u8 = 3;
const ONE_PASS_SIGNATURE: u8 = 4;
const COMPRESSED: u8 = 8;
const ENCRYPTED: u8 = 9;
const LITERAL: u8 = 11;
const PROTECTED: u8 = 18;

/// The beginning of a packet.
struct Packet<'h> {
    kind: u8,
    /// Length of the body, if it is one piece of known length.
    len: Option<usize>,
    /// The body and what follows it, as far as the head goes.
    body: &'h [u8],
}

impl<'h> Packet<'h> {
    /// Reads the type and length of a packet (RFC 9580 4.2).
    fn at(bytes: &'h [u8]) -> Option<Packet<'h>> {
        let (tag, rest) = bytes.split_first()?;
        let number = |digits: &[u8]| {
            digits.iter().fold(0, |sum: usize, digit| sum << 8 | usize::from(*digit))
        };
        let (kind, len, skip) = match *tag {
            0xC0.. => match rest {
                [len @ ..192, ..] => (tag & 0x3F, Some(usize::from(*len)), 1),
                [high @ 192..224, low, ..] => {
                    let len = number(&[high.wrapping_sub(192), *low]).saturating_add(192);
                    (tag & 0x3F, Some(len), 2)
                }
                [255, long @ ..] => (tag & 0x3F, Some(number(long.get(..4)?)), 5),
                // The first of several pieces.
                [_, ..] => (tag & 0x3F, None, 1),
                [] => return None,
            },
            0x80..0xC0 => match tag & 3 {
                0 => (tag >> 2 & 0xF, Some(number(rest.get(..1)?)), 1),
                1 => (tag >> 2 & 0xF, Some(number(rest.get(..2)?)), 2),
                2 => (tag >> 2 & 0xF, Some(number(rest.get(..4)?)), 4),
                _ => (tag >> 2 & 0xF, None, 0),
            },
            _ => return None,
        };
        Some(Packet { kind, len, body: rest.get(skip..)? })
    }

    /// Returns the packet after this one.
    fn next(&self) -> Option<Packet<'h>> {
        Packet::at(self.body.get(self.len?..)?)
    }
}

/// Returns whether a message begins with `head`.
pub(super) fn matches(head: &[u8]) -> bool {
    // No other type begins a message.
    if !matches!(
        head.first(),
        Some(0x84..=0x85 | 0x8C..=0x93 | 0xA0..=0xA3 | 0xAC..=0xAF | 0xC1..=0xCB)
    ) {
        return false;
    }
    let Some(packet) = Packet::at(head) else { return false };
    let body = packet.body;
    match packet.kind {
        SESSION_KEY => is_session_key(&packet),
        PASSPHRASE_KEY => {
            let is_next =
                |next: Packet<'_>| matches!(next.kind, PASSPHRASE_KEY | ENCRYPTED | PROTECTED);
            // Version, cipher, and how the passphrase becomes a key.
            matches!(body, [4, 1..=13, 0 | 1 | 3 | 4, ..] | [5 | 6, _, 1..=13, ..])
                && packet.len.is_some_and(|len| len < 128)
                && packet.next().is_some_and(is_next)
        }
        ONE_PASS_SIGNATURE => {
            // Version, type, hash, algorithm, key, and whether the next one signs the same.
            packet.len == Some(13)
                && matches!(body, [3, 0 | 1, 1..=14, 1..=28, ..])
                && matches!(byte(body, 12), 0 | 1)
                && packet.next().is_some_and(|next| {
                    matches!(next.kind, ONE_PASS_SIGNATURE | COMPRESSED | LITERAL)
                })
        }
        COMPRESSED => match body {
            [1, data @ ..] => inflates(Encoding::Deflate, data),
            [2, data @ ..] => inflates(Encoding::Zlib, data),
            [3, data @ ..] => begins_at(data, 0, b"BZh"),
            _ => false,
        },
        LITERAL => is_literal(&packet),
        _ => false,
    }
}

fn inflates(encoding: Encoding, data: &[u8]) -> bool {
    let inflated = head_of(encoding, data);
    // What is compressed is a message again.
    inflated.is_some_and(|inflated| {
        Packet::at(&inflated)
            .is_some_and(|packet| matches!(packet.kind, 2 | ONE_PASS_SIGNATURE | LITERAL))
    })
}

/// Version, key, algorithm; of version 3 and RSA or ElGamal the length of the first number.
fn is_session_key(packet: &Packet<'_>) -> bool {
    let Some(len) = packet.len else { return false };
    let body = packet.body;
    match byte(body, 0) {
        3 => {
            let bits = usize::from(byte(body, 10)) << 8 | usize::from(byte(body, 11));
            let number = bits.div_ceil(8).saturating_add(12);
            let fits = match byte(body, 9) {
                1 | 2 => number == len,
                16 | 18 => number < len,
                25 | 26 | 35 | 36 => true,
                _ => false,
            };
            fits && (40..4096).contains(&len)
        }
        6 => (40..4096).contains(&len) && matches!(body, [6, 0 | 21 | 33, 4 | 6, ..]),
        _ => false,
    }
}

/// Format, name and time.
fn is_literal(packet: &Packet<'_>) -> bool {
    let [format, name_len, rest @ ..] = packet.body else { return false };
    let Some((name, rest)) = rest.split_at_checked(usize::from(*name_len)) else { return false };
    let is_long = packet.len.is_none_or(|len| len >= name.len().saturating_add(6));
    matches!(format, b'b' | b't' | b'u' | b'l' | b'1')
        && is_long
        && !name.iter().any(u8::is_ascii_control)
        // From 1992 on, or none.
        && rest.first_chunk::<4>().is_some_and(|time| *time == [0; 4] || time.first() > Some(&0x29))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmsight_specimen::{deflate, zlib};

    #[test]
    fn message_is_recognized_by_its_first_packet() {
        let literal = [&b"\xAC\x10b\x06a.docx"[..], &[0x65, 0, 0, 0], b"text"].concat();
        let modern = [&b"\xCB\x0Ab\0"[..], &[0; 4], b"text"].concat();
        let session = [&b"\x84\x8C\x03"[..], &[7; 8], b"\x01\x04\0", &[9; 128]].concat();
        let passphrase = [&b"\x8C\x0D\x04\x09\x03\x08"[..], &[7; 8], b"\x60\xD2\x40\x01"].concat();
        let signed = [&b"\x90\x0D\x03\x00\x08\x01"[..], &[7; 8], b"\x01", &literal].concat();
        let with = |begin: &[u8], data: &[u8]| [begin, data].concat();
        let cases: [(&str, Vec<u8>, bool); 16] = [
            ("literal", literal.clone(), true),
            ("literal of the new form", modern, true),
            ("session key", session.clone(), true),
            ("passphrase", passphrase.clone(), true),
            ("signed", signed.clone(), true),
            ("compressed", with(b"\xA3\x01", &deflate(&literal)), true),
            ("compressed by zlib", with(b"\xA3\x02", &zlib(&literal)), true),
            ("in pieces", with(b"\xC8\xEA\x01", &deflate(&literal)), true),
            ("compressed, of text", with(b"\xA3\x01", &deflate(b"text")), false),
            ("a signature", with(b"\x88\x5D\x04\0", &[7; 90]), false),
            ("a key", with(b"\x98\x8D\x04", &[7; 200]), false),
            (
                "session key, of another length",
                with(b"\x84\x8D\x03", session.get(3..).unwrap()),
                false,
            ),
            ("passphrase alone", passphrase.get(..15).unwrap().to_vec(), false),
            ("signed, nothing", signed.get(..15).unwrap().to_vec(), false),
            ("Latin-1", b"\xC4rger und \xDCbel, \xC4nderungen".to_vec(), false),
            ("UTF-8", "Übermut, Ärger und Ödnis".as_bytes().to_vec(), false),
        ];
        for (name, head, expected) in cases {
            assert_eq!(matches(&head), expected, "{name}");
        }
        for cut in 0..literal.len() {
            matches(literal.get(..cut).unwrap());
        }
    }
}
