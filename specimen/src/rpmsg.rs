//! Rights-managed mail (MS-OXORMMS 2.2.4).

use crate::bytes::put32;
use crate::deflate::{ZLIB_HEADER, pieces};

/// The prefix of MS-OXORMMS 2.2.4.1.
const PREFIX: [u8; 8] = [0x76, 0xE8, 0x04, 0x60, 0xC4, 0x11, 0xE3, 0x86];
/// Bytes in a block before compression.
const BLOCK: usize = 4096;

/// `message.rpmsg` around a compound file, as [`IrmKind::Message`](crate::IrmKind) makes it.
///
/// The blocks are one continuing zlib stream without its end, as Outlook writes them.
pub fn rpmsg(compound: &[u8]) -> Vec<u8> {
    let mut out = PREFIX.to_vec();
    out.extend_from_slice(&rpmsg_blocks(compound));
    out
}

/// The blocks without the prefix.
pub fn rpmsg_blocks(compound: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (place, piece) in pieces(compound, BLOCK).into_iter().enumerate() {
        let head: &[u8] = if place == 0 { &ZLIB_HEADER } else { &[] };
        put32(&mut out, 0x0FA0);
        put32(&mut out, BLOCK.min(compound.len() - place * BLOCK));
        put32(&mut out, head.len() + piece.len());
        out.extend_from_slice(head);
        out.extend_from_slice(&piece);
    }
    out
}
