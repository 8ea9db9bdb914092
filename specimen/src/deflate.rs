//! A small deflate encoder (RFC 1951).
//!
//! Tests compare specimens byte for byte. Compression libraries do not guarantee the same output across
//! versions and backends, so this encoder replaces them. It uses fixed Huffman codes and tries one
//! candidate per match.

const WINDOW: usize = 32_768;
const MAX_MATCH: usize = 258;
/// Base length and extra bits of the match codes 257 to 284. Code 285 is the length 258.
const LENGTHS: [(usize, u32); 28] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
];

/// The last offset of each sequence of three bytes, by a hash that can collide.
struct LastOffsets(Vec<usize>);

impl LastOffsets {
    const BITS: u32 = 15;

    /// Stores the offset of `key` and returns the previous one.
    fn replace(&mut self, key: &[u8; 3], at: usize) -> Option<usize> {
        let word = u32::from_le_bytes([key[0], key[1], key[2], 0]);
        let slot = word.wrapping_mul(0x9E37_79B1) >> (32 - LastOffsets::BITS);
        std::mem::replace(&mut self.0[slot as usize], at + 1).checked_sub(1)
    }
}

/// Writes bits, least significant first.
#[derive(Default)]
struct BitWriter {
    out: Vec<u8>,
    pending: u64,
    pending_bits: u32,
}

impl BitWriter {
    fn put(&mut self, value: usize, bits: u32) {
        self.pending |= (value as u64) << self.pending_bits;
        self.pending_bits += bits;
        while self.pending_bits >= 8 {
            self.out.push(self.pending as u8);
            self.pending >>= 8;
            self.pending_bits -= 8;
        }
    }

    /// Writes a Huffman code, most significant bit first.
    fn code(&mut self, code: usize, bits: u32) {
        self.put((code as u32).reverse_bits() as usize >> (32 - bits), bits);
    }

    fn align(&mut self) {
        if self.pending_bits > 0 {
            self.put(0, 8 - self.pending_bits);
        }
    }

    /// Writes a literal or a length in the fixed code (RFC 1951 3.2.6).
    fn symbol(&mut self, symbol: usize) {
        match symbol {
            0..144 => self.code(0x30 + symbol, 8),
            144..256 => self.code(0x190 + symbol - 144, 9),
            256..280 => self.code(symbol - 256, 7),
            _ => self.code(0xC0 + symbol - 280, 8),
        }
    }

    /// Writes a length and a distance.
    fn matched(&mut self, len: usize, distance: usize) {
        if len == MAX_MATCH {
            self.symbol(285);
        } else {
            let index = LENGTHS.iter().rposition(|(base, _)| *base <= len).expect("at least 3");
            let (base, extra) = LENGTHS[index];
            self.symbol(257 + index);
            self.put(len - base, extra);
        }
        let mut extra = 0;
        let mut code = distance - 1;
        if distance > 4 {
            let top = (distance - 1).ilog2();
            extra = top - 1;
            code = (2 * top) as usize + ((distance - 1) >> extra & 1);
        }
        self.code(code, 5);
        self.put((distance - 1) & ((1 << extra) - 1), extra);
    }

    /// Writes an empty stored block, so that the next block starts at a byte boundary.
    fn flush(&mut self) {
        self.put(0, 3);
        self.align();
        self.out.extend_from_slice(&[0, 0, 0xFF, 0xFF]);
    }
}

/// Compresses `data` as raw deflate without a final block. Each `chunk` bytes give one piece, which ends at
/// a byte boundary. The pieces form one stream.
pub(crate) fn pieces(data: &[u8], chunk: usize) -> Vec<Vec<u8>> {
    let mut last_offsets = LastOffsets(vec![0; 1 << LastOffsets::BITS]);
    let mut start = 0;
    let mut pieces = Vec::new();
    while start < data.len() {
        let end = data.len().min(start + chunk);
        let fixed = block(data, start, end, &mut last_offsets);
        let stored = end - start + 5;
        pieces.push(if fixed.len() > stored { store(&data[start..end]) } else { fixed });
        start = end;
    }
    pieces
}

fn store(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).expect("a chunk fits a stored block");
    let mut out = vec![0];
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&(!len).to_le_bytes());
    out.extend_from_slice(bytes);
    out
}

fn block(data: &[u8], start: usize, end: usize, last_offsets: &mut LastOffsets) -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.put(0b010, 3);
    let mut at = start;
    while at < end {
        let (mut len, mut distance) = (0, 0);
        if let Some(key) = data[at..end].first_chunk() {
            let candidate = last_offsets.replace(key, at);
            if let Some(candidate) = candidate.filter(|candidate| at - candidate <= WINDOW) {
                distance = at - candidate;
                let same = data[candidate..].iter().zip(&data[at..end]);
                len = same.take(MAX_MATCH).take_while(|(a, b)| a == b).count();
            }
        }
        if len < 3 {
            bits.symbol(usize::from(data[at]));
            at += 1;
            continue;
        }
        bits.matched(len, distance);
        at += len;
    }
    bits.symbol(256);
    bits.flush();
    bits.out
}

/// Compresses `data` as raw deflate.
pub fn deflate(data: &[u8]) -> Vec<u8> {
    let mut out = pieces(data, WINDOW).concat();
    // The final block: fixed codes, only the end-of-block symbol.
    out.extend_from_slice(&[0x03, 0x00]);
    out
}

/// Compresses `data` as a zlib stream (RFC 1950).
pub fn zlib(data: &[u8]) -> Vec<u8> {
    let mut out = ZLIB_HEADER.to_vec();
    out.extend_from_slice(&deflate(data));
    out.extend_from_slice(&adler32(data).to_be_bytes());
    out
}

/// The zlib header: window of 32 KiB, no dictionary.
pub(crate) const ZLIB_HEADER: [u8; 2] = [0x78, 0x9C];

fn adler32(data: &[u8]) -> u32 {
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}

/// Returns the CRC-32 of ZIP (APPNOTE 4.4.7).
pub(crate) fn crc32(data: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::{DeflateDecoder, ZlibDecoder};
    use proptest::prelude::*;

    use super::*;
    use crate::bytes::noise;

    fn assert_inflates(data: &[u8]) {
        let mut out = Vec::new();
        DeflateDecoder::new(deflate(data).as_slice()).read_to_end(&mut out).unwrap();
        assert!(out == data);
        out.clear();
        ZlibDecoder::new(zlib(data).as_slice()).read_to_end(&mut out).unwrap();
        assert!(out == data);
    }

    #[test]
    fn text_and_noise_and_repeats_round_trip() {
        assert_inflates(b"");
        assert_inflates(&noise(1, 100_000));
        assert_inflates(&vec![0; 200_000]);
        let text = "License-Acquisition-URL ".repeat(9000);
        assert_inflates(text.as_bytes());
        assert!(deflate(text.as_bytes()).len() < text.len() / 50);
    }

    #[test]
    fn matches_of_all_distances_and_lengths_round_trip() {
        for power in 2..15 {
            for distance in [(1 << power) - 1, 1 << power, (1 << power) + 1, 3 << (power - 1)] {
                let head = noise(distance as u64, distance);
                assert_inflates(&[&head[..], &head[..head.len().min(40)]].concat());
            }
        }
        for len in (3..50).chain((50..600).step_by(7)).chain([257, 258, 259]) {
            assert_inflates(&[noise(2, 1000), noise(2, len)].concat());
        }
    }

    #[test]
    fn crc32_of_the_check_string_is_the_standard_value() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    proptest! {
        #[test]
        fn arbitrary_data_round_trips(data in proptest::collection::vec(0_u8..4, 0..2000)) {
            assert_inflates(&data);
        }
    }
}
