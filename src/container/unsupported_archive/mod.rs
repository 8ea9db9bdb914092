//! Archives, disk images and other formats that contain files and that this library does not open.
//! Their content stays unknown, which the record shows as `archive-not-opened`.

mod magic;
mod openpgp;
mod table;

use magic::begins_at;
use memchr::memmem;
use table::{BEGINNINGS, BINARY, CAB, FIRST, RAR, SEVEN_ZIP};

use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::container::binary::is_binary;
use crate::container::sink::Sink;
use crate::error::{Error, Result};
use crate::kinds::{Container, Protection};
use crate::source::Window;

/// Offset of the first volume descriptor of ISO 9660 (ECMA-119 6.2.1, 8.1) and UDF (ECMA-167
/// 2/8.3.1), after the system area, which other formats may use.
const DESCRIPTOR: u64 = 32_768;
/// `Standard Identifier`, its second field.
const IDENTIFIERS: [&[u8]; 2] = [b"CD001", b"BEA01"];
/// First bytes of the system area: zeros or an Apple partition map. A boot record is recognized as
/// an image without them.
const SYSTEM_AREAS: [&[u8]; 2] = [&[0; 2048], b"ER\x02\0"];

/// Offset of the signature of a boot record, and of its four partitions of 16 bytes each (UEFI
/// 5.2.1).
const BOOT_SIGNATURE: usize = 510;
const PARTITIONS: usize = 446;

/// Returns the name of the format that `head` begins with, if it is one that is not opened.
fn kind(head: &[u8]) -> Option<&'static str> {
    let first = head.first()?;
    let rows = FIRST.get(usize::from(*first))?.iter().map_while(|row| row.checked_sub(1));
    let mut beginnings = rows.filter_map(|row| BEGINNINGS.get(usize::from(row)));
    if let Some(found) = beginnings.find(|magic| magic.matches(head)) {
        return Some(found.name);
    }
    // The text before this magic is free (VirtualBox, `VDICore.h`).
    if begins_at(head, 64, b"\x7F\x10\xDA\xBE") {
        return Some("vdi");
    }
    if is_binary(head)
        && let Some(found) = BINARY.iter().find(|magic| magic.matches(head))
    {
        return Some(found.name);
    }
    if openpgp::matches(head) {
        return Some("pgp");
    }
    is_volume(head).then_some("disk image")
}

/// Returns whether a disk or a volume begins with `head`: a boot record with partitions, or a jump
/// over the parameters of a file system. The kernel of Linux has the signature too, followed by
/// another one.
fn is_volume(head: &[u8]) -> bool {
    let after = BOOT_SIGNATURE.saturating_add(2);
    let has_more = head.len() > after && !begins_at(head, after.saturating_add(2), b"HdrS");
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

/// Returns whether `head` may begin an image of an optical disc. Many other files begin so too.
pub(crate) fn matches_disc(head: &[u8]) -> bool {
    SYSTEM_AREAS.iter().any(|area| head.starts_with(area))
}

/// Reads the image of a disc or of a file system. Returns false if the file is neither.
///
/// # Errors
/// Such an image is not opened.
pub(crate) fn read_disc(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<bool> {
    sink.container(Container::Other);
    let name = match is_disc(window)? {
        true => Some("disk image"),
        false => file_system(window)?,
    };
    name.map_or(Ok(false), |name| not_opened(sink, 0, name).map(|()| true))
}

/// Returns whether a volume descriptor follows the system area.
pub(crate) fn is_disc(window: &mut Window<'_>) -> Result<bool> {
    let identifier = window.up_to(DESCRIPTOR, 6)?.get(1..).unwrap_or_default();
    Ok(IDENTIFIERS.contains(&identifier))
}

/// Offset in a block, magic, name.
type Superblock = (usize, &'static [u8], &'static str);

/// Blocks with the superblock of a file system that leaves the bytes before it to others.
const SUPERBLOCKS: [(u64, &[Superblock]); 3] = [
    // Linux, reiserfs_fs.h (format 3.5); FreeBSD, fs.h (`fs_magic` of UFS1 in both orders).
    (
        8192,
        &[
            (52, b"ReIsEr", "reiserfs"),
            (1372, b"\x54\x19\x01\0", "ufs"),
            (1372, b"\0\x01\x19\x54", "ufs"),
        ],
    ),
    // Linux, jfs_superblock.h.
    (32_768, &[(0, b"JFS1", "jfs")]),
    // Linux, btrfs_tree.h and reiserfs_fs.h; FreeBSD, fs.h (UFS2).
    (
        65_536,
        &[
            (64, b"_BHRfS_M", "btrfs"),
            (52, b"ReIsEr", "reiserfs"),
            (1372, b"\x19\x01\x54\x19", "ufs"),
            (1372, b"\x19\x54\x01\x19", "ufs"),
        ],
    ),
];

/// Returns the file system of an image that begins with zeros.
fn file_system(window: &mut Window<'_>) -> Result<Option<&'static str>> {
    for (block, magics) in SUPERBLOCKS {
        let bytes = window.up_to(block, BLOCK)?;
        let found = magics.iter().find(|(at, magic, _)| begins_at(bytes, *at, magic));
        if let Some((.., name)) = found {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Bytes of a block that are read.
const BLOCK: usize = 2048;

/// Returns the error of a format of this name that begins at `at` and is not opened.
pub(super) fn not_opened(sink: &mut dyn Sink, at: u64, name: &'static str) -> Result<()> {
    sink.container(Container::Other);
    sink.protection(Protection::Unknown);
    Err(Error::unsupported(ErrorCode::ArchiveNotOpened, "archive", at, name))
}

/// Bytes after the image of a program within which an archive begins that it unpacks. Settings of
/// the program may precede it.
const AFTER_IMAGE: usize = 4096;

/// Magics of such archives. A ZIP archive is among them if its directory was not readable.
const UNPACKED: [(&[u8], &str); 12] = [
    SEVEN_ZIP,
    RAR,
    CAB,
    (b"**ACE**", "ace"),
    (b"PK\x03\x04", "zip"),
    (b"-lh5-", "lha"),
    (b"-lh6-", "lha"),
    (b"-lh7-", "lha"),
    (b"\xFD7zXZ\0", "xz"),
    (b"\xEF\xBE\xAD\xDENullsoftInst", "nsis"), // NSIS, exehead/fileform.h
    (b"zlb\x1A", "inno setup"),                // Inno Setup, Compression.Base
    (b"idska32\x1A", "inno setup"),            // Inno Setup, Shared.Struct
];

/// Magics in the first bytes of programs that unpack themselves (the magic database of the `file`
/// program, `Magdir/msdos`).
const UNPACKERS: [(usize, &[u8], &str); 3] =
    [(28, b"RJSX", "arj"), (36, b"LHa's SFX", "lha"), (36, b"LHA's SFX", "lha")];

/// Returns the name of the archive that a program unpacks, by its first bytes.
pub(crate) fn unpacker(head: &[u8]) -> Option<&'static str> {
    let found = UNPACKERS.iter().find(|(at, magic, _)| begins_at(head, *at, magic));
    found.map(|(.., name)| *name)
}

/// Returns the offset and the name of the archive after the image of a program.
pub(crate) fn after_image(
    window: &mut Window<'_>,
    image: u64,
) -> Result<Option<(u64, &'static str)>> {
    let after = window.up_to(image, AFTER_IMAGE)?;
    let found =
        UNPACKED.iter().filter_map(|(magic, name)| Some((memmem::find(after, magic)?, *name)));
    let arj = memmem::find_iter(after, b"\x60\xEA")
        .find(|at| after.get(*at..).is_some_and(table::is_arj))
        .map(|at| (at, "arj"));
    Ok(found.chain(arj).min().map(|(at, name)| (image.saturating_add(to_u64(at)), name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row matches its magic together with the further required fields.
    #[test]
    fn unsupported_archive_is_recognized_by_its_first_bytes() {
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

    /// A head with fields at offsets, and zeros elsewhere.
    fn head(fields: &[(usize, &[u8])]) -> Vec<u8> {
        let mut head = vec![0; 4096];
        for (at, field) in fields {
            head.get_mut(*at..at.saturating_add(field.len())).unwrap().copy_from_slice(field);
        }
        head
    }

    #[test]
    fn unsupported_format_has_a_name() {
        let newc = [b"070701".as_slice(), &[b'0'; 104], b"a.txt\0"].concat();
        let odc = [b"070707".as_slice(), &[b'0'; 70], b"a.txt\0"].concat();
        let lzma = |dictionary: u32, size: u64| {
            let (dictionary, size) = (dictionary.to_le_bytes(), size.to_le_bytes());
            [b"\x5D".as_slice(), &dictionary, &size, b"\0\x12\x34"].concat()
        };
        let zoo = head(&[(0, b"ZOO 2.10 Archive.\x1A"), (20, b"\xDC\xA7\xC4\xFD")]);
        let flat =
            b"<pkg:package xmlns:pkg=\"http://schemas.microsoft.com/office/2006/xmlPackage\">";
        let utf_16be = |text: &[u8]| text.iter().flat_map(|byte| [0, *byte]).collect::<Vec<u8>>();
        let cases: [(Vec<u8>, &str); 75] = [
            (b"\x60\xEA\x25\0\x1E\x0B\x01\0\x10\0\x02".to_vec(), "arj"),
            (b"\x1A\x08OFFER.DOC\0\0\0\0".to_vec(), "arc"),
            (zoo, "zoo"),
            (newc.clone(), "cpio"),
            ([b"070702", newc.get(6..).unwrap()].concat(), "cpio"),
            (odc, "cpio"),
            (head(&[(0, b"\xC7\x71"), (6, b"\xA4\x81"), (20, b"\x06\0"), (26, b"a.txt")]), "cpio"),
            (head(&[(0, b"\x71\xC7"), (6, b"\x81\xA4"), (20, b"\0\x06"), (26, b"a.txt")]), "cpio"),
            (b"<bigaf>\n".to_vec(), "ar"),
            (b"\xED\xAB\xEE\xDB\x03\0".to_vec(), "rpm"),
            (b"xar!\0\x1C\0\x01".to_vec(), "xar"),
            (b"pbzx\0\0\0\0".to_vec(), "pbzx"),
            (b"AA01\x2F\0TYP1".to_vec(), "Apple Archive"),
            (b"SIT!\0\x01\0\0\x10\0rLau".to_vec(), "StuffIt"),
            (b"ST65\0\x01\0\0\x10\0rLau".to_vec(), "StuffIt"),
            (b"StuffIt (c)1997-2002 Aladdin".to_vec(), "StuffIt"),
            (b"StuffIt!\0\0\0\0".to_vec(), "StuffIt X"),
            (b"ALZ\x01\n".to_vec(), "alz"),
            (b"EGGA\0\x01\x12\x34".to_vec(), "egg"),
            (b"ArC\x01".to_vec(), "FreeArc"),
            (b"7kSt\xA0\x31\x83\xD3\x8C".to_vec(), "zpaq"),
            (b"zPQ\x01\x01".to_vec(), "zpaq"),
            (b"#!/bin/sh\n# This script was generated using Makeself 2.4\n".to_vec(), "shar"),
            (b"#!/bin/sh\n# This is a shell archive (produced by\n".to_vec(), "shar"),
            (b"WARC/1.0\r\n".to_vec(), "warc"),
            (b"\x1F\x9D\x90".to_vec(), "compress"),
            (b"BZh9\x17\x72\x45\x38\x50\x90".to_vec(), "bzip2"),
            (b"\xFD7zXZ\0".to_vec(), "xz"),
            (b"\x28\xB5\x2F\xFD".to_vec(), "zstd"),
            (head(&[(0, b"\x50\x2A\x4D\x18\x08")]), "zstd"),
            (b"\x02\x21\x4C\x18".to_vec(), "lz4"),
            (b"LZIP\x01".to_vec(), "lzip"),
            (b"\x89LZO\0\r\n\x1A\n".to_vec(), "lzop"),
            (b"\xFF\x06\0\0sNaPpY".to_vec(), "snappy"),
            (b"bvx2\0\0\x01\0".to_vec(), "lzfse"),
            (lzma(1 << 23, u64::MAX), "lzma"),
            (lzma(1 << 18, 40_000), "lzma"),
            (lzma(3 << 20, 40_000), "lzma"),
            (b"SZDD\x88\xF0\x27\x33A".to_vec(), "szdd"),
            (head(&[(1, b"\x05offer"), (65, b"W8BNMSWD"), (85, b"\x10")]), "MacBinary"),
            (head(&[(1, b"\x05offer"), (102, b"mBIN")]), "MacBinary"),
            (b"\0\x05\x16\0\0\x02\0\0".to_vec(), "AppleSingle"),
            (b"\0\x05\x16\x07\0\x02\0\0".to_vec(), "AppleDouble"),
            (b"-----BEGIN PGP MESSAGE-----\n".to_vec(), "pgp"),
            (b"Salted__\x01\x02\0\x04".to_vec(), "openssl enc"),
            (head(&[(0, b"hsqs"), (28, b"\x04")]), "squashfs"),
            (b"LUKS\xBA\xBE\0\x02".to_vec(), "luks"),
            (b"encrcdsa\0\0\0\x02".to_vec(), "dmg"),
            (head(&[(0, b"ER\x02"), (512, b"PM")]), "disk image"),
            (b"EVF\x09\r\n\xFF\0\x01".to_vec(), "ewf"),
            (b"WithoutFreeSpace\x02".to_vec(), "Parallels disk"),
            (head(&[(0, b"\x7FELF\x02\x01\x01\0AI\x02")]), "AppImage"),
            (b"ITSF\x03\0\0\0".to_vec(), "chm"),
            (b"\xCF\xAD\x12\xFE\xC5".to_vec(), "dbx"),
            (b"*mbx*\r\n65e72d0000000003\r\n".to_vec(), "mbx"),
            (b"\x1A\0\0\x04\0\0".to_vec(), "nsf"),
            (b"\0\x01\0\0Standard Jet DB\0".to_vec(), "Access database"),
            (flat.to_vec(), "Flat OPC"),
            ([b"\xEF\xBB\xBF<?xml version=\"1.0\"?>\n".as_slice(), flat].concat(), "Flat OPC"),
            (utf_16be(flat), "Flat OPC"),
            ([b"\xFE\xFF".to_vec(), utf_16be(flat)].concat(), "Flat OPC"),
            (
                [b"\x2C".as_slice(), lzma(1 << 20, u64::MAX).get(1..).unwrap(), &[9; 30]].concat(),
                "lzma",
            ),
            (
                [b"\x8C\x0D\x04\x09\x03\x08".as_slice(), &[7; 8], b"\x60\xD2\x40\x01"].concat(),
                "pgp",
            ),
            (head(&[(4, b"\xEF\xCD\xAB\x89\x20\x06")]), "ese"),
            (head(&[(7, b"-sqx-")]), "sqx"),
            (head(&[(24, b"\x6C\xEA")]), "dump"),
            (head(&[(32, b"NXSB")]), "apfs"),
            (head(&[(512, b"EFI PART\0\0\x01\0")]), "disk image"),
            (head(&[(1024, b"H+\0\x04")]), "hfs+"),
            (head(&[(1024, b"HX\0\x05")]), "hfs+"),
            (head(&[(1024, b"BD"), (1044, b"\0\0\x02\0"), (1060, b"\x05Offer")]), "hfs"),
            (head(&[(1080, b"\x53\xEF\x01\0"), (1048, b"\x02")]), "ext"),
            (head(&[(1024, b"\x10\x20\xF5\xF2")]), "f2fs"),
            (head(&[(1024, b"\xE2\xE1\xF5\xE0")]), "erofs"),
            (head(&[(2, b"-pm1-"), (20, b"\x01")]), "lha"),
        ];
        for (head, name) in cases {
            let begin = head.get(..40.min(head.len())).unwrap().escape_ascii();
            assert_eq!(kind(&head), Some(name), "{begin}");
        }
    }

    #[test]
    fn text_and_tables_with_similar_prefix_are_ordinary() {
        let cases: [&[u8]; 16] = [
            b"070701 is the magic of cpio",
            b"S1130000285F245F2212226A000424290008237C2A",
            b"StuffIt! is a program of the 1990s, and",
            b"RZIP compresses large files well, and more",
            b"begin 10 things that we do\n",
            b"begin work",
            b"AES is a cipher",
            b"DOS is a system",
            b"#!/bin/sh\n# Unpacks what a shell wrote.\n",
            b"WARC/ is no version",
            b"<package xmlns=\"http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd\">",
            b"]\0\0\x10\0\x01\x02\x03\x04\x05\x06\x07\x08\0",
            b"]\0\0\x11\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0",
            b"\x1A\x45\xDF\xA3\x01\0\0\0\0\0\0\x1F",
            b"\0\x01\0\0\0\x0C\0\x80\0\x03\0\x40",
            b"\x60\xEA\0\0\0\0\0\0\0\0\0",
        ];
        for head in cases {
            assert_eq!(kind(head), None, "{}", head.escape_ascii());
        }
    }
}
