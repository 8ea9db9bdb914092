//! Constants of MS-CFB, and sizes of reads.

/// `_abSig`, the signature of the header (2.2).
pub(super) const SIGNATURE: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
/// The header without its padding (2.2).
pub(super) const HEADER_LEN: usize = 512;
/// Header fields before the major version: signature, CLSID and minor version.
pub(super) const BEFORE_MAJOR_VERSION: usize = 26;
/// Byte order mark, sector shift and mini sector shift.
pub(super) const SHAPES: [[u8; 6]; 2] =
    [[0xFE, 0xFF, 0x09, 0x00, 0x06, 0x00], [0xFE, 0xFF, 0x0C, 0x00, 0x06, 0x00]];
/// Offset of [`SHAPES`].
pub(super) const SHAPE_AT: usize = 28;
/// Offset of the sector shift.
pub(super) const SHIFT_AT: usize = 30;
/// Major version of a file with sectors of 512 bytes, whose stream sizes have 32 bits (2.6.1).
pub(super) const VERSION_3: u16 = 3;

/// Number of FAT sectors that the header lists (2.2, `_sectFat`).
pub(super) const HEADER_DIFAT: usize = 109;
/// Highest sector number; higher values have special meanings (2.1).
pub(super) const MAX_REGULAR_SECTOR: u32 = 0xFFFF_FFFA;
/// Marks the end of a chain (2.1).
pub(super) const END_OF_CHAIN: u32 = 0xFFFF_FFFE;
/// Streams with fewer bytes are stored in the mini stream (2.2). The value is fixed, so the field
/// is not read.
pub(super) const MINI_STREAM_CUTOFF: u64 = 4096;
/// Mini sectors always have 64 bytes (2.2).
pub(super) const MINI_SHIFT: u32 = 6;

/// Bytes of a directory entry (2.6.1).
pub(super) const ENTRY_LEN: usize = 128;
/// Bytes of a name, including its terminating zero (2.6.1).
pub(super) const NAME_LEN: usize = 64;
/// Link without a target: no sibling or child (2.6.1).
pub(super) const NO_STREAM: u32 = 0xFFFF_FFFF;

/// Bytes of the FAT that are read at once, for any size of sectors: 128 entries.
pub(super) const FAT_PAGE: u64 = 512;
/// FAT sectors immediately before the directory that are read with it.
pub(super) const FAT_BEFORE: u32 = 2;
/// Maximum distance in sectors from the first directory sector to a following FAT sector that is
/// read with it. Writers that put both at the end of the file leave few sectors between them.
pub(super) const FAT_AFTER: u32 = 7;
/// Bytes of the directory that are read at once: 20 entries, as many as a protected document has.
/// Together with the first read and two pages of the FAT that is less than 8 KiB.
pub(super) const DIRECTORY_AHEAD: usize = 2560;
/// Size of the pieces in which a directory is read from this offset on, because all of it is
/// needed.
pub(super) const LARGE_DIRECTORY: u64 = 16_384;
/// A directory with fewer bytes is not cached separately: the window contains it.
pub(super) const SMALL_DIRECTORY: u64 = 2048;
/// Maximum number of cached bytes of a directory, enough for a message with 400 attachments.
pub(super) const MOST_KEPT: u64 = 1_048_576;
/// Entries whose links are recorded in one allocation: more than most directories have.
pub(super) const LINKS_AT_ONCE: usize = 64;
