//! The formats that can hold files and that this program does not open: magic, offset, name, and
//! the further fields that a magic of few or printable bytes needs. Each row names its source.
//!
//! `[file]` is the magic database of the `file` program (`Magdir/archive`, `compress`,
//! `filesystems`, `apple` and the like), `[lsar]` the documentation of The Unarchiver's XADMaster.

use memchr::memmem;

use super::magic::{Magic, at, begins_at, byte, magic, tested};
use crate::container::xml_prolog;

/// Formats that self-extracting programs contain too.
pub(super) const SEVEN_ZIP: (&[u8], &str) = (b"7z\xBC\xAF\x27\x1C", "7z");
pub(super) const RAR: (&[u8], &str) = (b"Rar!\x1A\x07", "rar");
pub(super) const CAB: (&[u8], &str) = (b"MSCF\0\0\0\0", "cab");

/// Magics at offset 0. [`FIRST`] finds the rows of a first byte.
pub(super) const BEGINNINGS: &[Magic] = &[
    // Archives.
    magic(SEVEN_ZIP.0, SEVEN_ZIP.1),     // 7zFormat.txt
    magic(RAR.0, RAR.1),                 // technote.txt of UnRAR, "RAR 5.0 archive format"
    magic(b"RE\x7E\x5E", "rar"),         // RAR 1.4 [file]
    magic(CAB.0, CAB.1),                 // MS-CAB 2.1
    magic(b"ISc(", "InstallShield cab"), // unshield, cabfile.h
    tested(b"\x60\xEA", "arj", is_arj),  // technote.txt of ARJ
    tested(b"\x1A", "arc", is_arc),      // arc.h of ARC 5.21
    tested(b"ZOO ", "zoo", |head| begins_at(head, 20, b"\xDC\xA7\xC4\xFD")), // zoo.h
    tested(b"070701", "cpio", |head| is_filled(head, 6..110, |byte| byte.is_ascii_hexdigit())), // newc, cpio(5)
    tested(b"070702", "cpio", |head| is_filled(head, 6..110, |byte| byte.is_ascii_hexdigit())), // crc, cpio(5)
    tested(b"070707", "cpio", |head| is_filled(head, 6..76, |byte| matches!(byte, b'0'..=b'7'))), // odc, cpio(5)
    tested(b"\xC7\x71", "cpio", |head| is_binary_cpio(head, u16::from_le_bytes)), // cpio(5)
    tested(b"\x71\xC7", "cpio", |head| is_binary_cpio(head, u16::from_be_bytes)), // cpio(5)
    magic(b"<bigaf>\n", "ar"),                                                    // AIX, ar.h
    magic(b"<aiaff>\n", "ar"),                                                    // AIX, ar.h
    magic(b"\xED\xAB\xEE\xDB", "rpm"), // RPM package format, lead
    tested(b"xar!", "xar", |head| begins_at(head, 4, b"\0")), // xar.h
    tested(b"pbzx", "pbzx", |head| begins_at(head, 4, b"\0")), // [lsar]
    tested(b"AA01", "Apple Archive", |head| begins_at(head, 6, b"TYP")), // aa(1)
    tested(b"AEA1", "Apple Encrypted Archive", is_binary), // aea(1)
    tested(b"S", "StuffIt", |head| begins_at(head, 10, b"rLau")), // [lsar], StuffIt 1 to 4
    magic(b"StuffIt (c)1997-", "StuffIt"), // [lsar], StuffIt 5
    tested(b"StuffIt!", "StuffIt X", is_binary), // [lsar]
    tested(b"StuffIt?", "StuffIt X", is_binary), // [lsar]
    tested(b"PMag", "PackIt", is_binary), // [lsar]
    tested(b"PMa4", "PackIt", is_binary), // [lsar]
    magic(b"ALZ\x01", "alz"),          // [lsar]
    tested(b"EGGA", "egg", |head| begins_at(head, 4, b"\0\x01")), // EGG Specification 1.0
    magic(b"ArC\x01", "FreeArc"),      // [file]
    magic(b"UC2\x1A", "uc2"),          // [file]
    tested(b"HPAK", "hpack", is_binary), // [file]
    magic(b"7kSt\xA0\x31\x83\xD3", "zpaq"), // ZPAQ 2.06, locator tag
    tested(b"zPQ", "zpaq", |head| matches!(byte(head, 3), 1 | 2)), // ZPAQ 2.06, block header
    magic(b"KGB_arch -", "kgb"),       // [file]
    tested(b"LRZI", "lrzip", is_binary), // lrzip, magic.header.txt
    tested(b"RZIP", "rzip", is_binary), // [file]
    tested(b"DMS!", "dms", is_binary), // xDMS
    tested(b"#", "shar", is_script_archive), // makeself.sh and shar, their first lines
    tested(b"WARC/", "warc", |head| byte(head, 5).is_ascii_digit()), // ISO 28500
    // One compressed file.
    magic(b"\x1F\x9D", "compress"), // compress(1)
    tested(b"BZh", "bzip2", |head| {
        begins_at(head, 4, b"1AY&SY") || begins_at(head, 4, b"\x17\x72\x45\x38\x50\x90")
    }), // bzlib
    magic(b"\xFD7zXZ\0", "xz"),     // xz-file-format.txt
    magic(b"\x28\xB5\x2F\xFD", "zstd"), // RFC 8878
    magic(b"\x04\x22\x4D\x18", "lz4"), // lz4_Frame_format.md
    magic(b"\x02\x21\x4C\x18", "lz4"), // the same, legacy frame
    magic(b"LZIP\x01", "lzip"),     // lzip manual, file format
    magic(b"\x89LZO\0\r\n\x1A\n", "lzop"), // lzop
    magic(b"\xFF\x06\0\0sNaPpY", "snappy"), // snappy, framing_format.txt
    magic(b"\xCE\xB2\xCF\x81", "brotli"), // brotli, framing format
    tested(b"bvx-", "lzfse", is_binary), // lzfse_internal.h
    tested(b"bvx1", "lzfse", is_binary),
    tested(b"bvx2", "lzfse", is_binary),
    tested(b"bvxn", "lzfse", is_binary),
    tested(b"\x5D\0\0", "lzma", is_lzma), // lzma-file-format.txt of XZ Utils
    magic(b"SZDD\x88\xF0\x27\x33", "szdd"), // COMPRESS.EXE [file]
    magic(b"KWAJ\x88\xF0\x27\xD1", "kwaj"), // COMPRESS.EXE [file]
    magic(b"SZ\x20\x88\xF0\x27\x33\xD1", "szdd"), // the same of QuickBASIC [file]
    // Encodings. `mail::encoded` names those that are text.
    tested(b"\0", "MacBinary", is_mac_binary), // "MacBinary III" 1996
    magic(b"\0\x05\x16\x00\0", "AppleSingle"), // RFC 1740, appendix A
    magic(b"\0\x05\x16\x07\0", "AppleDouble"), // RFC 1740, appendix B
    // Encrypted files.
    magic(b"-----BEGIN PGP MESSAGE-----", "pgp"), // RFC 9580 6.2
    magic(b"age-encryption.org/v", "age"),        // age specification
    magic(b"Salted__", "openssl enc"),            // openssl-enc(1)
    magic(b"\xC0\xB9\x07\x2E\x4F\x93\xF1\x46\xA0\x15\x79\x2C\xA1\xD9\xE8\x21", "axcrypt"), // AxCrypt.h
    tested(b"AES", "aescrypt", |head| matches!(head, [_, _, _, 0..=3, 0, ..])), // AES Crypt file format
    // Images of disks and file systems.
    magic(b"MSWIM\0\0\0", "wim"), // [MS-WIM] header
    tested(b"vhdxfile", "vhdx", |head| begins_at(head, 9, b"\0")), // [MS-VHDX] 2.2.1, UTF-16
    tested(b"conectix", "vhd", |head| begins_at(head, 12, b"\0\x01\0\0")), // VHD 1.0, footer copy
    tested(b"KDMV", "vmdk", |head| begins_at(head, 5, &[0; 3])), // Virtual Disk Format 5.0
    magic(b"COWD\x01\0\0\0", "vmdk"), // the same, ESX 3
    magic(b"QFI\xFB", "qcow"),    // QEMU, qcow2.txt
    magic(b"QED\0", "qed"),       // QEMU, qed_spec.txt
    magic(b"WithoutFreeSpace", "Parallels disk"), // QEMU, parallels.txt
    magic(b"WithouFreSpacExt", "Parallels disk"), // QEMU, parallels.txt
    tested(b"hsqs", "squashfs", |head| matches!(head.get(28..30), Some([1..=4, 0]))), // squashfs_fs.h
    tested(b"sqsh", "squashfs", |head| matches!(head.get(28..30), Some([0, 1..=4]))), // squashfs_fs.h
    tested(b"-rom1fs-", "romfs", is_binary), // Linux, romfs.rst
    magic(b"\x45\x3D\xCD\x28", "cramfs"),    // Linux, cramfs_fs.h
    magic(b"\x28\xCD\x3D\x45", "cramfs"),    // the same, big endian
    tested(b"XFSB", "xfs", is_binary),       // XFS Algorithms, superblock
    magic(b"UBI#\x01", "ubi"),               // ubi-media.h
    magic(b"LUKS\xBA\xBE", "luks"),          // LUKS1 1.2.3
    tested(b"encrcdsa", "dmg", is_binary),   // Apple, encrypted image 2
    tested(b"sprs", "sparse image", is_binary), // Apple, hdiutil(1)
    tested(b"ER", "disk image", |head| begins_at(head, 512, b"PM\0\0")), // Inside Macintosh: Devices, 3
    tested(b"DOS", "disk image", |head| matches!(head, [_, _, _, 0..=7, ..])), // Amiga, adflib
    magic(b"\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0", "raw disc image"), // ECMA-130 14.1
    magic(b"EVF\x09\r\n\xFF\0", "ewf"),                                  // libewf, EWF format
    magic(b"LVF\x09\r\n\xFF\0", "ewf"),                                  // libewf, EWF format
    magic(b"EVF2\r\n\x81\0", "ewf"),                                     // libewf, EWF 2 format
    magic(b"LEF2\r\n\x81\0", "ewf"),                                     // libewf, EWF 2 format
    magic(b"AFF10\r\n\0", "aff"),                                        // afflib.h
    magic(b"ADSEGMENTEDFILE\0", "ad1"),                                  // FTK Imager [file]
    magic(b"partclone-image", "partclone"),                              // partclone, checksum.h
    tested(b"DAA\0", "daa", is_binary),                                  // daa2iso
    tested(b"IsZ!", "isz", is_binary),                                   // ISZ File Format 1.00
    tested(b"CISO", "ciso", is_binary),                                  // ciso.h
    // "Displayable size" and "Format logical address" of the first block are zero.
    tested(b"TAPE", "bkf", |head| begins_at(head, 12, &[0; 16])), // Microsoft Tape Format 1.00a 4.2
    magic(b"\xB4\x6E\x68\x44", "tib"),                            // Acronis True Image [file]
    magic(b"\xCE\x24\xB9\xA2", "tib"),                            // the same
    // Programs that mount an image they contain.
    tested(b"\x7FELF", "AppImage", |head| matches!(head.get(8..11), Some(b"AI\x01" | b"AI\x02"))), // AppImage specification
    // Stores of mail, help, notes and documents.
    magic(b"ITSF\x03\0\0\0", "chm"),   // chmspec
    magic(b"ITOLITLS", "lit"),         // [file]
    magic(b"\xCF\xAD\x12\xFE", "dbx"), // Outlook Express, libdbx
    magic(b"JMF6\x03\0", "mbx"),       // Outlook Express 4
    magic(b"JMF9\x03\0", "mbx"),       // Outlook Express 4
    magic(b"*mbx*\r\n", "mbx"),        // UW IMAP toolkit, mbx.c
    magic(b"\x1A\0\0\x04\0\0", "nsf"), // Notes [file]
    tested(b"\0\x01\0\0Standard ", "Access database", |head| {
        begins_at(head, 13, b"Jet DB\0") || begins_at(head, 13, b"ACE DB\0")
    }), // mdbtools, HACKING
    magic(b"\xE4\x52\x5C\x7B\x8C\xD8\xA7\x4D\xAE\xB1\x53\x78\xD0\x29\x96\xD3", "onenote"), // [MS-ONESTORE] 2.3.1
    tested(b"<", "Flat OPC", is_flat_opc), // "The Flat OPC format", 2006/xmlPackage
    tested(b"\xEF\xBB\xBF", "Flat OPC", is_flat_opc),
    tested(b"\xFF\xFE", "Flat OPC", is_flat_opc),
    tested(b"\xFE\xFF", "Flat OPC", is_flat_opc),
    tested(b"\0<", "Flat OPC", is_flat_opc),
];

/// Magics after other fields, with bytes that text does not contain.
pub(super) const BINARY: &[Magic] = &[
    // A skippable frame, RFC 8878 3.1.2: the lower half of the first byte is free.
    Magic { at: 1, bytes: b"\x2A\x4D\x18", name: "zstd", confirm: |head| byte(head, 0) >> 4 == 5 },
    // Method and level of the header (header.doc of LHA).
    Magic {
        at: 2,
        bytes: b"-l",
        name: "lha",
        confirm: |head| begins_at(head, 6, b"-") && byte(head, 20) < 4,
    },
    Magic {
        at: 2,
        bytes: b"-pm",
        name: "lha",
        confirm: |head| begins_at(head, 6, b"-") && byte(head, 20) < 4,
    },
    // Of unknown size, with other properties than those that nearly all writers use.
    Magic {
        at: 5,
        bytes: &[0xFF; 8],
        name: "lzma",
        confirm: |head| byte(head, 0) < 225 && byte(head, 0) > 0 && is_lzma(head),
    },
    at(4, b"\xEF\xCD\xAB\x89", "ese"), // Extensible Storage Engine, libesedb
    at(7, b"-sqx-", "sqx"),            // SQX archive format
    // The type of the first header (technote of ACE).
    Magic { at: 7, bytes: b"**ACE**", name: "ace", confirm: |head| begins_at(head, 4, b"\0") },
    at(14, b"\x1AJar\x1B", "jar (ARJ)"),          // [file]
    at(24, b"\x6C\xEA\0\0", "dump"),              // dump(8), NFS_MAGIC
    at(24, b"\0\0\xEA\x6C", "dump"),              // the same, big endian
    at(32, b"NXSB", "apfs"),                      // Apple File System Reference, nx_superblock
    at(512, b"EFI PART\0\0\x01\0", "disk image"), // UEFI 5.3.2
    at(1024, b"H+\0\x04", "hfs+"),                // TN1150
    at(1024, b"HX\0\x05", "hfs+"),                // TN1150, HFSX
    // Inside Macintosh: Files, 2-60: blocks are multiples of 512 bytes, the name has 1 to 27.
    Magic {
        at: 1024,
        bytes: b"BD",
        name: "hfs",
        confirm: |head| {
            matches!(head.get(1044..1048), Some([_, _, low, 0]) if low % 2 == 0)
                && matches!(byte(head, 1060), 1..=27)
        },
    },
    at(1024, b"\x10\x20\xF5\xF2", "f2fs"),  // Linux, f2fs_fs.h
    at(1024, b"\xE2\xE1\xF5\xE0", "erofs"), // Linux, erofs_fs.h
    Magic { at: 1080, bytes: b"\x53\xEF", name: "ext", confirm: is_ext }, // Linux, ext4 super_block
];

/// Rows of one first byte, at most.
const MOST: usize = 8;

/// For each first byte the rows of [`BEGINNINGS`] that begin with it, counted from 1, and zeros.
pub(super) const FIRST: [[u8; MOST]; 256] = rows_by_first_byte();

#[allow(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)] // evaluated by the compiler
const fn rows_by_first_byte() -> [[u8; MOST]; 256] {
    let mut rows = [[0; MOST]; 256];
    let mut row = 0;
    while row < BEGINNINGS.len() {
        let first = BEGINNINGS[row].bytes[0] as usize;
        let mut slot = 0;
        while rows[first][slot] != 0 {
            slot += 1;
        }
        rows[first][slot] = (row + 1) as u8;
        row += 1;
    }
    rows
}

/// Returns whether a byte that text does not contain follows a magic of letters shortly.
fn is_binary(head: &[u8]) -> bool {
    head.get(4..24.min(head.len())).is_some_and(|fields| fields.iter().any(|byte| *byte < 9))
}

/// Returns whether all bytes of `range` are present and pass `test`.
fn is_filled(head: &[u8], range: std::ops::Range<usize>, test: fn(&u8) -> bool) -> bool {
    head.get(range).is_some_and(|field| field.iter().all(test))
}

fn le32(head: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*head.get(at..)?.first_chunk()?))
}

/// A main header: its size, that of its fixed part, and the file type 2.
pub(super) fn is_arj(head: &[u8]) -> bool {
    let size = u16::from_le_bytes([byte(head, 2), byte(head, 3)]);
    (30..=2600).contains(&size) && u16::from(byte(head, 4)) <= size && byte(head, 10) == 2
}

/// A method, and a name of up to 12 characters with its NUL.
fn is_arc(head: &[u8]) -> bool {
    let name = head.get(2..15).unwrap_or_default();
    let len = memchr::memchr(0, name).unwrap_or_default();
    // A compiled terminfo entry begins with 0x1A 0x01 and a small number, which looks like a name
    // of one letter (term(5)).
    let least = if byte(head, 1) == 1 { 2 } else { 1 };
    matches!(byte(head, 1) & 0x7F, 1..=20)
        && len >= least
        && name.iter().take(len).all(|byte| byte.is_ascii_graphic() || *byte >= 0x80)
}

/// A file type in the mode, and a name that ends with its NUL.
fn is_binary_cpio(head: &[u8], number: fn([u8; 2]) -> u16) -> bool {
    let field = |at: usize| number([byte(head, at), byte(head, at.saturating_add(1))]);
    let name_len = usize::from(field(20));
    let name = head.get(26..).and_then(|rest| rest.get(..name_len)).unwrap_or_default();
    field(6) >> 12 != 0
        && name.split_last().is_some_and(|(nul, name)| *nul == 0 && !name.contains(&0))
}

/// A shell script that says that it unpacks files: `shar`, and what makeself writes.
fn is_script_archive(head: &[u8]) -> bool {
    let begin = head.get(..1024.min(head.len())).unwrap_or_default();
    memmem::find(begin, b"This is a shell archive").is_some()
        || begin.starts_with(b"#!") && memmem::find(begin, b"generated using Makeself").is_some()
}

/// The dictionary size is 2^n or 2^n + 2^(n-1), the size is unknown or below 256 GiB, and the range
/// coder begins with a zero: the tests of XZ Utils.
fn is_lzma(head: &[u8]) -> bool {
    let Some(dictionary) = le32(head, 1) else { return false };
    let Some(size) = head.get(5..).and_then(|rest| rest.first_chunk()) else { return false };
    let size = u64::from_le_bytes(*size);
    let highest = 1_u32.checked_shl(dictionary.checked_ilog2().unwrap_or_default());
    let rest = highest.map_or(0, |highest| dictionary ^ highest);
    let is_regular = rest == 0 || highest == rest.checked_mul(2);
    (dictionary == u32::MAX || dictionary >= 4096 && is_regular)
        && (size == u64::MAX || size >> 38 == 0)
        && head.get(13) == Some(&0)
}

/// A header of 128 bytes: a name, zeros at fixed offsets, and the signature of MacBinary III, the
/// CRC of MacBinary II, or the zeros and the types of MacBinary I.
fn is_mac_binary(head: &[u8]) -> bool {
    let Some(header) = head.get(..128) else { return false };
    let len = usize::from(byte(header, 1));
    let name = header.get(2..).and_then(|rest| rest.get(..len)).unwrap_or_default();
    let is_named = matches!(len, 1..=63) && !name.iter().any(|byte| *byte < 0x20);
    let forks = [byte(header, 83), byte(header, 87)];
    if !is_named
        || byte(header, 74) != 0
        || byte(header, 82) != 0
        || forks.iter().any(|high| *high > 0x7F)
    {
        return false;
    }
    let is_first = is_filled(header, 99..128, |byte| *byte == 0)
        && is_filled(header, 65..73, |byte| *byte >= 0x20)
        && header.get(83..91).is_some_and(|forks| forks.iter().any(|byte| *byte != 0));
    let sum = u16::from_be_bytes([byte(header, 124), byte(header, 125)]);
    begins_at(header, 102, b"mBIN")
        || is_first
        || sum != 0 && sum == crc16(header.get(..124).unwrap_or_default())
}

/// CRC-16 of XMODEM, as MacBinary II has it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 }
        })
    })
}

/// A package as one XML file: its root element is of Microsoft's namespace.
fn is_flat_opc(head: &[u8]) -> bool {
    xml_prolog::has_root(head, |root| {
        let tag = root.get(..512.min(root.len())).unwrap_or_default();
        let tag = tag.get(..memchr::memchr(b'>', tag).unwrap_or(tag.len())).unwrap_or_default();
        memmem::find(tag, b"schemas.microsoft.com/office/2006/xmlPackage").is_some()
    })
}

/// State, revision and block size of the superblock.
fn is_ext(head: &[u8]) -> bool {
    le32(head, 1048).is_some_and(|shift| shift <= 6)
        && le32(head, 1100).is_some_and(|revision| revision <= 1)
        && matches!(head.get(1082..1084), Some([0..=7, 0]))
}
