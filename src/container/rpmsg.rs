//! Attachment of a rights-managed mail (MS-OXORMMS 2.2.4): a prefix, followed by the blocks of a
//! zlib stream that contains a compound file.

use crate::bytes::Cursor;
use crate::code::ErrorCode;
use crate::container::name::Name;
use crate::container::sink::{Body, Member, Sink};
use crate::error::{Error, Result};
use crate::kinds::{Container, Protection};
use crate::source::{Ahead, Encoding, Extent, Window};

/// The first eight bytes, MS-OXORMMS 2.2.4.1.
const PREFIX: [u8; 8] = [0x76, 0xE8, 0x04, 0x60, 0xC4, 0x11, 0xE3, 0x86];
/// Length of [`PREFIX`].
const PREFIX_LEN: u64 = 8;
/// The tag of every block.
const BLOCK_TAG: u32 = 0x0FA0;
/// Bytes of a block before they are deflated; writers use 4,096.
const MAX_BLOCK: u32 = 0x0001_0000;

pub(crate) fn matches(head: &[u8]) -> bool {
    head.starts_with(&PREFIX)
}

/// Reports the compound file as a layer. The mail is protected even if that file cannot be read.
pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Rpmsg);
    sink.protection(Protection::Rms);
    let head = window.read("rpmsg", PREFIX_LEN, 4, Ahead::Block)?;
    let tag = Cursor::new("rpmsg", head, PREFIX_LEN).u32_le("block tag")?;
    if tag != BLOCK_TAG {
        return Err(Error::malformed(
            ErrorCode::MalformedRpmsg,
            "rpmsg",
            PREFIX_LEN,
            format!("the first block has the tag {tag:#06x}, not 0x0FA0"),
        ));
    }
    // Only the last block shows the end. A source of unknown size is read up to the license.
    let end = window.known_len().unwrap_or(crate::source::UNKNOWN_SIZE);
    let extent = Extent { offset: PREFIX_LEN, len: end.saturating_sub(PREFIX_LEN) };
    let body = Body::Encoded { extents: vec![extent], encoding: Encoding::Rpmsg, size: None };
    sink.member(Member { name: Name::Layer, body })
}

/// Returns whether `head` begins with blocks without the prefix, as in rights-managed HTML
/// (`.rmh`), or after a damaged one.
pub(crate) fn matches_bare_blocks(head: &[u8]) -> bool {
    let after = head.get(PREFIX.len()..).unwrap_or_default();
    is_block(head) || is_block(after)
}

fn is_block(bytes: &[u8]) -> bool {
    // The length is tested first, because an error allocates and most small files would cause one.
    bytes.len() >= BLOCK_HEADER_LEN
        && block_header(bytes).is_ok_and(|(tag, inflated, size, zlib)| {
            let is_zlib = zlib & 0x0F00 == 0x0800 && zlib.checked_rem(31) == Some(0);
            tag == BLOCK_TAG && inflated <= MAX_BLOCK && size <= MAX_BLOCK && is_zlib
        })
}

/// Bytes that [`block_header`] reads.
const BLOCK_HEADER_LEN: usize = 14;

/// Returns tag, inflated size, size, and zlib header.
fn block_header(head: &[u8]) -> Result<(u32, u32, u32, u16)> {
    let mut cursor = Cursor::new("block", head, 0);
    let tag = cursor.u32_le("tag")?;
    let inflated = cursor.u32_le("size inflated")?;
    let size = cursor.u32_le("size")?;
    Ok((tag, inflated, size, u16::from_be_bytes(cursor.array("zlib header")?)))
}

pub(crate) fn read_bare_blocks(_window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    sink.protection(Protection::Unknown);
    Err(Error::unsupported(
        ErrorCode::ArchiveNotOpened,
        "block stream",
        0,
        "blocks of tag 0x0FA0 without the prefix of an rpmsg",
    ))
}
