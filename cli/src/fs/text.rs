//! Text files that other programs wrote, as UTF-8.
//!
//! `>` of Windows PowerShell 5.1 writes UTF-16 with a byte order mark, editors of Windows write UTF-8
//! with one. The library decodes estate files and key material in the same way.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Number of bytes that are decoded together.
const BLOCK: usize = 8 * 1024;

/// How a text file is recognized as UTF-16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marks {
    /// By its byte order mark, or by a zero in one of its first two bytes.
    Optional,
    /// Only by its byte order mark, because the text may contain zeros.
    Required,
}

/// Opens a text file; `-` is standard input.
///
/// # Errors
/// Fails if the file cannot be opened or its first bytes cannot be read.
pub(crate) fn open(file: &Path, marks: Marks) -> io::Result<Box<dyn BufRead>> {
    if file == Path::new("-") {
        decoded(io::stdin().lock(), marks)
    } else {
        decoded(File::open(file)?, marks)
    }
}

/// Returns the text in `reader` as UTF-8, without its byte order mark. Bytes that are neither UTF-8
/// nor UTF-16 stay as they are.
pub(crate) fn decoded(reader: impl Read + 'static, marks: Marks) -> io::Result<Box<dyn BufRead>> {
    let mut reader = BufReader::new(reader);
    let mut start = Vec::with_capacity(3);
    reader.by_ref().take(3).read_to_end(&mut start)?;
    let (encoding, mark) = Encoding::of(&start, marks);
    let rest = io::Cursor::new(start.split_off(mark)).chain(reader);
    let unit = match encoding {
        Encoding::Utf8 => return Ok(Box::new(rest)),
        Encoding::Utf16Le => u16::from_le_bytes,
        Encoding::Utf16Be => u16::from_be_bytes,
    };
    let (decoded, at) = (Vec::new(), 0);
    Ok(Box::new(BufReader::new(Utf16Reader { reader: rest, unit, high: None, decoded, at })))
}

/// The encoding of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Also text in any other encoding.
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    /// Returns the encoding of a text that begins with `start`, and the length of its byte order mark.
    pub(crate) fn of(start: &[u8], marks: Marks) -> (Encoding, usize) {
        match start {
            [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
            [0xFF, 0xFE, ..] => (Encoding::Utf16Le, 2),
            [0xFE, 0xFF, ..] => (Encoding::Utf16Be, 2),
            [1..=0xFF, 0, ..] if marks == Marks::Optional => (Encoding::Utf16Le, 0),
            [0, 1..=0xFF, ..] if marks == Marks::Optional => (Encoding::Utf16Be, 0),
            _ => (Encoding::Utf8, 0),
        }
    }

    /// Returns `text` in this encoding, without a byte order mark.
    pub(crate) fn encoded(self, text: &str) -> Vec<u8> {
        match self {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }
}

/// Decodes UTF-16. An unpaired surrogate becomes U+FFFD.
struct Utf16Reader<R> {
    reader: R,
    /// Converts two bytes to a unit.
    unit: fn([u8; 2]) -> u16,
    /// The first half of a surrogate pair whose second half was not read yet.
    high: Option<u16>,
    decoded: Vec<u8>,
    /// Number of bytes in `decoded` that were returned.
    at: usize,
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.decoded.len() {
            if !self.decode()? {
                return Ok(0);
            }
        }
        let read = self.decoded.get(self.at..).unwrap_or_default().read(buf)?;
        self.at += read;
        Ok(read)
    }
}

impl<R: Read> Utf16Reader<R> {
    /// Decodes the next block. Returns `false` at the end.
    fn decode(&mut self) -> io::Result<bool> {
        let mut block = Vec::with_capacity(BLOCK);
        let limit = u64::try_from(BLOCK).unwrap_or(u64::MAX);
        self.reader.by_ref().take(limit).read_to_end(&mut block)?;
        let is_end = block.len() < BLOCK;
        let (pairs, odd) = block.as_chunks::<2>();
        let mut units: Vec<u16> = self.high.take().into_iter().collect();
        units.extend(pairs.iter().map(|pair| (self.unit)(*pair)));
        if !is_end && let Some(last @ 0xD800..=0xDBFF) = units.last().copied() {
            units.pop();
            self.high = Some(last);
        }
        let mut text = String::from_utf16_lossy(&units);
        if !odd.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        (self.decoded, self.at) = (text.into_bytes(), 0);
        Ok(!is_end || !self.decoded.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], marks: Marks) -> Vec<u8> {
        let mut text = Vec::new();
        decoded(io::Cursor::new(bytes.to_vec()), marks).unwrap().read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn text_is_decoded_by_its_mark() {
        // Longer than a block, so that surrogate pairs cross its end.
        for text in ["", "x", "Größe 😀\r\nb\n", &"x😀".repeat(5_000), &"😀".repeat(5_000)]
        {
            let marked = format!("\u{feff}{text}");
            for bytes in [
                text.as_bytes().to_vec(),
                marked.clone().into_bytes(),
                Encoding::Utf16Le.encoded(&marked),
                Encoding::Utf16Be.encoded(&marked),
            ] {
                for marks in [Marks::Optional, Marks::Required] {
                    assert_eq!(read(&bytes, marks), text.as_bytes(), "{bytes:x?}");
                }
            }
        }
    }

    #[test]
    fn text_without_a_mark_is_utf16_only_if_it_contains_no_zeros() {
        let bytes = Encoding::Utf16Le.encoded("ab");
        assert_eq!(read(&bytes, Marks::Optional), b"ab");
        assert_eq!(read(&Encoding::Utf16Be.encoded("ab"), Marks::Optional), b"ab");
        assert_eq!(read(&bytes, Marks::Required), bytes);
        assert_eq!(read(b"\xff\xfea", Marks::Optional), "\u{fffd}".as_bytes());
        assert_eq!(read(b"\xffa", Marks::Optional), b"\xffa");
    }
}
