//! Header of a compound file (MS-CFB 2.2), and recognition by it.

use super::layout::{
    BEFORE_MAJOR_VERSION, HEADER_DIFAT, HEADER_LEN, NO_STREAM, SHAPE_AT, SHAPES, SHIFT_AT,
    SIGNATURE,
};
use crate::bytes::{Cursor, to_u64};
use crate::code::ErrorCode;
use crate::error::{Error, Result};

/// Returns whether a member that begins with `head` is a compound file, whose signature may be damaged.
pub(crate) fn matches(head: &[u8]) -> bool {
    head.starts_with(&SIGNATURE)
        || (head.len() >= HEADER_LEN
            && head
                .get(SHAPE_AT..)
                .is_some_and(|rest| SHAPES.iter().any(|shape| rest.starts_with(shape))))
}

/// Returns whether `bytes` begin with the signature of a compound file.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

/// Returns whether other bytes follow a compound file of `len` bytes that begins with `head`: it does not
/// consist of whole sectors, or has more sectors than its FAT describes.
pub(crate) fn has_trailing_bytes(head: &[u8], len: u64) -> bool {
    let mut cursor = Cursor::new("compound file header", head, 0);
    let Ok(()) = cursor.skip(SHIFT_AT, "signature to byte order") else { return false };
    let Ok(shift @ (9 | 12)) = cursor.u16_le("sector shift") else { return true };
    let Ok(()) = cursor.skip(12, "mini sector shift to directory sectors") else { return false };
    let Ok(fat_sectors) = cursor.u32_le("number of FAT sectors") else { return false };
    let sector = 1_u64 << shift;
    let described = u64::from(fat_sectors).saturating_mul(sector >> 2).saturating_add(1);
    len.checked_rem(sector) != Some(0) || len >> shift > described
}

/// Fields of the header that decide where structures are located (MS-CFB 2.2). Its counts do not.
#[derive(Debug)]
pub(super) struct CompoundHeader {
    pub(super) version: u16,
    pub(super) shift: u32,
    pub(super) first_directory: u32,
    pub(super) first_mini_fat: u32,
    pub(super) first_difat: u32,
    pub(super) difat: [u32; HEADER_DIFAT],
}

impl CompoundHeader {
    pub(super) fn parse(bytes: &[u8]) -> Result<CompoundHeader> {
        let malformed = |offset: u64, detail: &'static str| {
            Err(Error::malformed(
                ErrorCode::MalformedHeader,
                "compound file header",
                offset,
                detail,
            ))
        };
        let mut cursor = Cursor::new("compound file header", bytes, 0);
        if cursor.array("signature")? != SIGNATURE {
            return malformed(0, "the signature is damaged");
        }
        cursor.skip(BEFORE_MAJOR_VERSION.saturating_sub(8), "CLSID")?;
        let version = cursor.u16_le("major version")?;
        cursor.skip(2, "byte order")?;
        let shift = match cursor.u16_le("sector shift")? {
            shift @ (9 | 12) => u32::from(shift),
            _ => return malformed(30, "the sector shift is neither 9 nor 12"),
        };
        cursor.skip(16, "mini sector shift to number of FAT sectors")?;
        let first_directory = cursor.u32_le("first directory sector")?;
        cursor.skip(8, "transaction signature and mini stream cutoff")?;
        let first_mini_fat = cursor.u32_le("first mini FAT sector")?;
        cursor.skip(4, "number of mini FAT sectors")?;
        let first_difat = cursor.u32_le("first DIFAT sector")?;
        cursor.skip(4, "number of DIFAT sectors")?;
        let mut difat = [NO_STREAM; HEADER_DIFAT];
        let (sectors, _) = cursor.take(HEADER_DIFAT.saturating_mul(4), "DIFAT")?.as_chunks::<4>();
        for (sector, bytes) in difat.iter_mut().zip(sectors) {
            *sector = u32::from_le_bytes(*bytes);
        }
        debug_assert_eq!(cursor.offset(), to_u64(HEADER_LEN));
        Ok(CompoundHeader { version, shift, first_directory, first_mini_fat, first_difat, difat })
    }
}
