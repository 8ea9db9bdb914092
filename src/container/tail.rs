//! Formats that are recognized by the end of a file: a ZIP archive after a prefix, the last volume
//! of a split ZIP, and disk images with a trailer.
//!
//! The last 4 KB are read unless the head is text, an image, audio, video or a program, and the name of
//! the file is known and not that of an archive. So those files cost one read, and all others two. A
//! shell script may contain an archive.

use super::byte_search::backwards;
use super::sink::Sink;
use super::{unsupported_archive, zip};
use crate::bytes::to_u64;
use crate::error::Result;
use crate::kinds::Container;
use crate::source::Window;

/// Bytes of the end that are read.
const TAIL: usize = 4096;
/// First bytes by which text is distinguished from other data.
const SAMPLE: usize = 128;

/// Trailers: bytes from the trailer to the end of the file, magic, name.
const TRAILERS: &[(usize, &[u8], &str)] = &[
    (512, b"koly\0\0\0\x04", "dmg"), // Apple, UDIF resource file
    (512, b"conectix", "vhd"),       // Virtual Hard Disk 1.0, footer of a fixed disk
    (511, b"conectix", "vhd"),       // the same of writers before Virtual PC 2004
    (8, b"cdsaencr", "dmg"),         // Apple, encrypted image 1
    (12, b"NER5", "nrg"),            // Nero 5.5
    (8, b"NERO", "nrg"),             // Nero 5.0
    (64, b"bbis", "uif"),            // MagicISO
];

/// Returns whether a file that begins with `head` may be recognized by its end.
pub(super) fn is_possible(head: &[u8]) -> bool {
    // A sample of this length of random data contains a control character in all but one of 100,000
    // files.
    let is_text = match head.first_chunk::<SAMPLE>() {
        Some(sample) => !sample.iter().fold(false, |is_binary, byte| is_binary | is_control(*byte)),
        None => !head.iter().any(|byte| is_control(*byte)),
    };
    if is_text {
        return head.starts_with(b"#!");
    }
    !is_media(head) && !is_program(head) && !is_utf16(head)
}

/// Returns whether text never contains this control character.
fn is_control(byte: u8) -> bool {
    (byte < 9) | (byte.wrapping_sub(14) < 13)
}

/// Returns whether the head is UTF-16: by its byte order mark, or by a zero beside each letter.
fn is_utf16(head: &[u8]) -> bool {
    let (pairs, _) = head.get(..SAMPLE).unwrap_or(head).as_chunks::<2>();
    let are_letters = |letter: fn(&[u8; 2]) -> [u8; 2]| {
        pairs.iter().map(letter).all(|[letter, zero]| zero == 0 && !is_control(letter))
    };
    head.starts_with(b"\xFF\xFE")
        || head.starts_with(b"\xFE\xFF")
        || are_letters(|pair| *pair)
        || are_letters(|[high, low]| [*low, *high])
}

/// Images, audio and video by their magics (the magic database of the `file` program).
fn is_media(head: &[u8]) -> bool {
    let at = |at: usize| head.get(at..).unwrap_or_default();
    match head {
        [0x89, b'P', b'N', b'G', ..]
        | [0x8A, b'M', b'N', b'G', ..]
        | [0xFF, 0xD8, 0xFF, ..]
        | [b'G', b'I', b'F', b'8', ..]
        | [b'B', b'M', ..]
        | [b'I', b'I', 0x2A | 0x2B | 0xBC | b'R' | b'U', ..]
        | [b'M', b'M', 0, 0x2A | 0x2B, ..]
        | [b'8', b'B', b'P', b'S', ..]
        | [b'D', b'D', b'S', b' ', ..]
        | [0xFF, 0x0A, ..]
        | [0x00, 0x00, 0x00, 0x0C, b'J', b'X' | b'P', ..]
        | [0xFF, 0x4F, 0xFF, 0x51, ..]
        | [0x00, 0x00, 1 | 2, 0x00, ..]
        | [0xD7, 0xCD, 0xC6, 0x9A, ..]
        | [0x76, 0x2F, 0x31, 0x01, ..]
        | [b'R', b'I', b'F', b'F' | b'X', ..]
        | [b'F', b'O', b'R', b'M', ..]
        | [b'I', b'D', b'3', ..]
        | [0xFF, 0xE0..=0xFE, ..]
        | [b'f', b'L', b'a', b'C', ..]
        | [b'O', b'g', b'g', b'S', ..]
        | [b'M', b'T', b'h', b'd', ..]
        | [b'.', b's', b'n', b'd', ..]
        | [b'c', b'a', b'f', b'f', ..]
        | [b'w', b'v', b'p', b'k', ..]
        | [b'M', b'A', b'C', b' ', ..]
        | [b'#', b'!', b'A', b'M', b'R', ..]
        | [b'.', b'R', b'M', b'F', ..]
        | [b'F', b'L', b'V', 1, ..]
        | [b'C' | b'F' | b'Z', b'W', b'S', ..]
        | [0x1A, 0x45, 0xDF, 0xA3, ..]
        | [0x30, 0x26, 0xB2, 0x75, ..]
        | [0, 0, 1, 0xB0..=0xBF, ..] => true,
        // An MPEG transport stream has its mark in each packet.
        [0x47, ..] => head.get(188) == Some(&0x47),
        [0, 0, 0, 0x47, ..] | [_, _, _, _, 0x47, ..] if head.get(196) == Some(&0x47) => true,
        // An enhanced metafile.
        [1, 0, 0, 0, ..] => at(40).starts_with(b" EMF"),
        _ => {
            let kind = at(4);
            let kinds: [&[u8]; 7] = [b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot"];
            kinds.iter().any(|it| kind.starts_with(it))
        }
    }
}

/// Programs and their parts. Programs that begin with `MZ` are a format of their own.
fn is_program(head: &[u8]) -> bool {
    matches!(
        head,
        [0x7F, b'E', b'L', b'F', ..]
            | [0xCE | 0xCF, 0xFA, 0xED, 0xFE, ..]
            | [0xFE, 0xED, 0xFA, 0xCE | 0xCF, ..]
            | [0xCA, 0xFE, 0xBA, 0xBE | 0xBF, ..]
            | [0x00, b'a', b's', b'm', ..]
            | [b'd', b'e', b'x', b'\n', ..]
            | [b'B', b'C', 0xC0, 0xDE, ..]
            // COFF objects of x86 and ARM.
            | [0x4C, 0x01, _, 0x00, ..]
            | [0x64, 0x86 | 0xAA, _, 0x00, ..]
            // Compiled Python.
            | [_, _, 0x0D, 0x0A, ..]
    )
}

/// Returns whether the end shows one of the formats, or may be the comment of an archive. The cheap half
/// of [`read`].
pub(super) fn matches(window: &mut Window<'_>) -> Result<bool> {
    let is_script = window.head()?.starts_with(b"#!");
    if has_signature(window)? {
        return Ok(true);
    }
    // Text after binary data may be the comment of an archive, which its end record precedes.
    let tail = tail(window)?;
    Ok(!is_script && tail.len() == TAIL && !tail.iter().any(|it| is_control(*it)))
}

/// Returns whether the end contains the signature of one of the formats.
pub(super) fn has_signature(window: &mut Window<'_>) -> Result<bool> {
    let tail = tail(window)?;
    Ok(trailer(tail).is_some() || backwards(zip::END_SIGNATURE, 2, tail).next().is_some())
}

/// Reads the file as the format that its end shows.
pub(super) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    if let Some(name) = trailer(tail(window)?) {
        return unsupported_archive::not_opened(sink, 0, name);
    }
    zip::read_prefixed(window, sink)
}

fn tail<'w>(window: &'w mut Window<'_>) -> Result<&'w [u8]> {
    let start = window.len().saturating_sub(to_u64(TAIL));
    window.up_to(start, TAIL)
}

fn trailer(tail: &[u8]) -> Option<&'static str> {
    let found = TRAILERS.iter().find(|(from_end, magic, _)| {
        let at = tail.len().checked_sub(*from_end);
        at.and_then(|at| tail.get(at..)).is_some_and(|trailer| trailer.starts_with(magic))
    });
    found.map(|(.., name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_heads_do_not_need_the_end() {
        let noise: Vec<u8> =
            (0..4096_u32).map(|n| n.wrapping_mul(0x9E37_79B9).to_be_bytes()[0]).collect();
        let long = |begin: &[u8]| [begin, &noise].concat();
        let cases: [(&str, Vec<u8>, bool); 14] = [
            ("noise", noise.clone(), true),
            ("a script", b"#!/bin/sh\n".repeat(500), true),
            ("prose", b"Nothing is protected.\n".repeat(500), false),
            ("Latin-1", b"\xDCber\xFC f\xFCr\n".repeat(500), false),
            ("UTF-16", b"\xFF\xFEa\0b\0".repeat(500), false),
            ("UTF-16 without a mark", b"a\0b\0\n\0".repeat(500), false),
            ("UTF-16BE without a mark", b"\0a\0b\0\n".repeat(500), false),
            ("PNG", long(b"\x89PNG\r\n\x1A\n"), false),
            ("JPEG", long(b"\xFF\xD8\xFF\xE0"), false),
            ("MP4", long(b"\0\0\0\x20ftypisom"), false),
            ("MP3", long(b"ID3\x04\0"), false),
            ("ELF", long(b"\x7FELF\x02\x01"), false),
            ("Java class", long(b"\xCA\xFE\xBA\xBE\0\0"), false),
            ("nothing", Vec::new(), false),
        ];
        for (name, head, expected) in cases {
            assert_eq!(is_possible(&head), expected, "{name}");
        }
    }
}
