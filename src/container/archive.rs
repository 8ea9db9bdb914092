//! Archives and disk images that nobody here opens: what is in them stays unknown, and the record
//! says so.

use memchr::memmem;

use crate::bytes::wide;
use crate::container::{Container, Protection, Sink};
use crate::error::{Error, Result};
use crate::source::Window;

/// Those that programs unpack too.
const SEVEN_ZIP: (&[u8], &str) = (b"7z\xBC\xAF\x27\x1C", "7z");
const RAR: (&[u8], &str) = (b"Rar!\x1A\x07", "rar");
const CAB: (&[u8], &str) = (b"MSCF\0\0\0\0", "cab");

/// What a closed archive begins with, and its name. Those of letters alone are looked at closer.
const MAGICS: &[(&[u8], &str)] = &[
    SEVEN_ZIP,
    RAR,
    CAB,
    (b"\x1F\x9D", "compress"),
    (b"BZh", "bzip2"),
    (b"\xFD7zXZ\0", "xz"),
    (b"\x28\xB5\x2F\xFD", "zstd"),
    (b"\x04\x22\x4D\x18", "lz4"),
    (b"LZIP\x01", "lzip"),
    (b"MSWIM\0\0\0", "wim"),
    (b"vhdxfile", "vhdx"),
    (b"conectix", "vhd"),
    (b"KDMV", "vmdk"),
    (b"COWD\x01\0\0\0", "vmdk"),
    (b"QFI\xFB", "qcow"),
    (b"TAPE", "bkf"),
];

/// The same of those whose magic stands behind something else.
const MAGICS_BEHIND: &[(usize, &[u8], &str)] =
    &[(2, b"-l", "lha"), (7, b"**ACE**", "ace"), (64, b"\x7F\x10\xDA\xBE", "vdi")];

/// Where ISO 9660 (ECMA-119 6.2.1, 8.1) and UDF (ECMA-167 2/8.3.1) have their first volume descriptor,
/// behind a system area for others to use.
const DESCRIPTOR: u64 = 32_768;
/// `Standard Identifier`, its second field.
const IDENTIFIERS: [&[u8]; 2] = [b"CD001", b"BEA01"];
/// What the system area begins with: nothing, but for an Apple partition map, or a boot record that is
/// an image by itself.
const SYSTEM_AREAS: [&[u8]; 2] = [&[0; 2048], b"ER\x02\0"];

/// Where a boot record has its signature, and its four partitions of 16 bytes each before that (UEFI
/// 5.2.1).
const BOOT_SIGNATURE: usize = 510;
const PARTITIONS: usize = 446;

fn kind(head: &[u8]) -> Option<&'static str> {
    // Nearly nothing begins with the first byte of one, and all of them are compared at once.
    let may_begin = MAGICS.iter().any(|(magic, _)| magic.first() == head.first());
    let magic = may_begin.then(|| MAGICS.iter().find(|(magic, _)| head.starts_with(magic)));
    let name = magic.flatten().map(|(_, name)| *name).or_else(|| {
        let mut magics = MAGICS_BEHIND.iter();
        let found = magics.find(|(at, magic, _)| begins_at(head, *at, magic));
        found.map(|(_, _, name)| *name).or_else(|| is_volume(head).then_some("disk image"))
    });
    // Some magics alone may begin a text.
    name.filter(|name| match *name {
        "bzip2" => begins_at(head, 4, b"1AY&SY"),
        // Method and level of the header.
        "lha" => begins_at(head, 6, b"-") && head.get(20).is_some_and(|level| *level < 4),
        // The type of the first header.
        "ace" => begins_at(head, 4, b"\0"),
        // `Creator`, which is UTF-16.
        "vhdx" => begins_at(head, 9, b"\0"),
        // The version of the format.
        "vhd" => begins_at(head, 12, b"\0\x01\0\0"),
        "vmdk" => begins_at(head, 5, &[0; 3]),
        // "Displayable size" and "Format logical address" of the first block are zero (Microsoft Tape
        // Format 1.00a, 4.2).
        "bkf" => begins_at(head, 12, &[0; 16]),
        _ => true,
    })
}

fn begins_at(head: &[u8], at: usize, magic: &[u8]) -> bool {
    head.get(at..).is_some_and(|rest| rest.starts_with(magic))
}

/// Whether a disk or a volume begins with this: a boot record with partitions, or a jump over the
/// parameters of a file system. The kernel of Linux has the signature too, and its own behind it.
fn is_volume(head: &[u8]) -> bool {
    let behind = BOOT_SIGNATURE.saturating_add(2);
    let has_more = head.len() > behind && !begins_at(head, behind.saturating_add(2), b"HdrS");
    if !has_more || !begins_at(head, BOOT_SIGNATURE, b"\x55\xAA") {
        return false;
    }
    let jumps = matches!(head, [0xEB, _, 0x90, ..] | [0xE9, ..]);
    let table = head.get(PARTITIONS..BOOT_SIGNATURE).unwrap_or_default();
    let (partitions, _) = table.as_chunks();
    let is_state = |[state, ..]: &[u8; 16]| matches!(state, 0 | 0x80);
    let is_used = |[_, _, _, _, kind, ..]: &[u8; 16]| *kind != 0;
    jumps || partitions.iter().all(is_state) && partitions.iter().any(is_used)
}

pub(crate) fn matches(head: &[u8]) -> bool {
    kind(head).is_some()
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let name = kind(window.head()?).unwrap_or("archive");
    not_opened(sink, 0, name)
}

/// Whether a file begins as images of optical discs do, and as much else.
pub(crate) fn matches_disc(head: &[u8]) -> bool {
    SYSTEM_AREAS.iter().any(|area| head.starts_with(area))
}

pub(crate) fn read_disc(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    match window.up_to(DESCRIPTOR, 6)?.get(1..) {
        Some(identifier) if IDENTIFIERS.contains(&identifier) => not_opened(sink, 0, "disk image"),
        _ => Ok(()),
    }
}

/// Says that an archive of this name begins at `at`.
fn not_opened(sink: &mut dyn Sink, at: u64, name: &'static str) -> Result<()> {
    sink.container(Container::Other);
    sink.protection(Protection::Unknown);
    Err(Error::unsupported("archive-not-opened", "archive", at, name))
}

/// Bytes behind a program's image in which an archive that it unpacks begins: it may have its own
/// settings there first.
const BEHIND: usize = 4096;

/// What such an archive begins with; of a ZIP, the directory could not be read then.
const UNPACKED: [(&[u8], &str); 4] = [SEVEN_ZIP, RAR, CAB, (b"PK\x03\x04", "zip")];

/// Says so of the archive that a program brings along behind its image, if it does.
pub(crate) fn read_behind(window: &mut Window<'_>, image: u64, sink: &mut dyn Sink) -> Result<()> {
    let behind = window.up_to(image, BEHIND)?;
    let found =
        UNPACKED.iter().filter_map(|(magic, name)| Some((memmem::find(behind, magic)?, *name)));
    match found.min() {
        Some((at, name)) => not_opened(sink, image.saturating_add(wide(at)), name),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The magic of each stands alone or with what else has to be there.
    #[test]
    fn closed_archives_are_known_by_their_first_bytes() {
        let at = |at: usize, magic: &[u8]| [&vec![b'.'; at], magic, &[b'.'; 30]].concat();
        let mut volume = at(0, &[0xEB, 0x3C, 0x90]);
        volume.resize(510, 0);
        volume.extend(b"\x55\xAA.");
        let mut disk = vec![0; 1024];
        disk.get_mut(510..512).unwrap().copy_from_slice(b"\x55\xAA");
        let empty_table = disk.clone();
        *disk.get_mut(450).unwrap() = 7;
        let alone = disk.get(..512).unwrap().to_vec();
        let mut kernel = disk.clone();
        kernel.get_mut(514..518).unwrap().copy_from_slice(b"HdrS");
        let cases: [(Vec<u8>, Option<&str>); 27] = [
            (alone, None),
            (kernel, None),
            (at(0, b"KDMV\x01\0\0\0"), Some("vmdk")),
            (at(0, b"KDMV is a word"), None),
            (at(0, b"COWD\x01\0\0\0"), Some("vmdk")),
            (at(0, b"COWDREY, Colin"), None),
            (at(0, b"conectix\0\0\0\x02\0\x01\0\0"), Some("vhd")),
            (at(0, b"conectix was a company"), None),
            (at(0, b"vhdxfileM\0i\0"), Some("vhdx")),
            (at(0, b"vhdxfile is a word"), None),
            (at(0, b"I love **ACE** a lot"), None),
            (at(0, b"7z\xBC\xAF\x27\x1C"), Some("7z")),
            (at(0, b"MSWIM\0\0\0"), Some("wim")),
            (at(0, b"BZh91AY&SY"), Some("bzip2")),
            (at(0, b"BZh is no archive"), None),
            (at(0, &[&b"TAPE"[..], &[0; 24]].concat()), Some("bkf")),
            (at(0, b"TAPE 1, side A"), None),
            (at(2, b"-lh5-.............\x01"), Some("lha")),
            (at(2, b"-lh5- and so on........"), None),
            (at(2, b"-l"), None),
            (at(0, b"....\0..**ACE**"), Some("ace")),
            (at(64, b"\x7F\x10\xDA\xBE"), Some("vdi")),
            (volume, Some("disk image")),
            (disk, Some("disk image")),
            (empty_table, None),
            (at(0, b"Nothing"), None),
            (Vec::new(), None),
        ];
        for (head, name) in cases {
            assert_eq!(kind(&head), name, "{}", head.escape_ascii());
        }
    }
}
