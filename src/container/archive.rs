//! Archives that nobody here opens: what is in them stays unknown, and the record says so.

use crate::container::{Container, Protection, Sink};
use crate::error::{Error, Result};
use crate::source::Window;

/// What a closed archive begins with, and its name.
const MAGICS: &[(&[u8], &str)] = &[
    (b"7z\xBC\xAF\x27\x1C", "7z"),
    (b"Rar!\x1A\x07", "rar"),
    (b"MSCF\0\0\0\0", "cab"),
    (b"\x1F\x9D", "compress"),
    (b"BZh", "bzip2"),
    (b"\xFD7zXZ\0", "xz"),
    (b"\x28\xB5\x2F\xFD", "zstd"),
];

fn kind(head: &[u8]) -> Option<&'static str> {
    // Nearly nothing begins with the first byte of one.
    if !MAGICS.iter().any(|(magic, _)| magic.first() == head.first()) {
        return None;
    }
    let mut magics = MAGICS.iter();
    match magics.find(|(magic, _)| head.starts_with(magic)) {
        // `BZh` alone may begin a word.
        Some((_, "bzip2")) if head.get(4..10) != Some(b"1AY&SY") => None,
        found => found.map(|(_, name)| *name),
    }
}

pub(crate) fn matches(head: &[u8]) -> bool {
    kind(head).is_some()
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    sink.protection(Protection::Unknown);
    let name = kind(window.head()?).unwrap_or("archive");
    Err(Error::unsupported("archive-not-opened", "archive", 0, name))
}
