//! Where things lie in a compound file (MS-CFB).

/// `_abSig`, the header's signature (2.2).
pub(super) const SIGNATURE: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
/// The header without its padding (2.2).
pub(super) const HEADER_LEN: usize = 512;
/// Header fields before the major version: signature, CLSID and minor version.
pub(super) const BEFORE_MAJOR_VERSION: usize = 26;
/// Byte order mark, sector shift and mini sector shift as they stand from byte 28 on.
pub(super) const SHAPES: [[u8; 6]; 2] =
    [[0xFE, 0xFF, 0x09, 0x00, 0x06, 0x00], [0xFE, 0xFF, 0x0C, 0x00, 0x06, 0x00]];
/// Where [`SHAPES`] stands.
pub(super) const SHAPE_AT: usize = 28;
/// Where the sector shift stands.
pub(super) const SHIFT_AT: usize = 30;
/// Major version of a file with sectors of 512 bytes, whose stream sizes have 32 bits (2.6.1).
pub(super) const VERSION_3: u16 = 3;

/// FAT sectors that the header itself names (2.2, `_sectFat`).
pub(super) const HEADER_DIFAT: usize = 109;
/// The last sector number that is one (2.1).
pub(super) const MAX_REGULAR_SECTOR: u32 = 0xFFFF_FFFA;
/// Ends a chain (2.1).
pub(super) const END_OF_CHAIN: u32 = 0xFFFF_FFFE;
/// Streams of fewer bytes lie in the mini stream (2.2: it is always 4,096, so the field is not
/// read).
pub(super) const MINI_STREAM_CUTOFF: u64 = 4096;
/// Mini sectors have 64 bytes (2.2, always).
pub(super) const MINI_SHIFT: u32 = 6;

/// A directory entry (2.6.1).
pub(super) const ENTRY_LEN: usize = 128;
/// Bytes of a name with its terminating zero (2.6.1).
pub(super) const NAME_LEN: usize = 64;
/// No sibling or child (2.6.1).
pub(super) const NO_STREAM: u32 = 0xFFFF_FFFF;

/// How much of the FAT is read at once, whatever a sector has: 128 entries.
pub(super) const FAT_PAGE: u64 = 512;
/// Sectors of the FAT that are read with the directory where they lie directly before it.
pub(super) const FAT_BEFORE: u32 = 2;
/// How many sectors behind the directory's first one its FAT sector may lie to be read with it:
/// writers that put both at the end of the file leave little between them.
pub(super) const FAT_BEHIND: u32 = 7;
/// How much of the directory is read at once: 20 entries, as many as a protected document has.
/// With the first read and two pages of the FAT that stays within 8 KiB.
pub(super) const DIRECTORY_AHEAD: usize = 2560;
/// From this byte of a directory on, it is read in pieces of as many bytes: it will be read whole.
pub(super) const LARGE_DIRECTORY: u64 = 16_384;
/// A directory of fewer bytes is not kept: it is at hand anyway.
pub(super) const SMALL_DIRECTORY: u64 = 2048;
/// Of a larger directory this much is kept: that of a message with some 400 attachments.
pub(super) const MOST_KEPT: u64 = 1_048_576;
/// Entries whose links are recorded in one allocation: more than most directories have.
pub(super) const LINKS_AT_ONCE: usize = 64;
