//! Rights-managed mail (MS-OXORMMS 2.2.4).

use crate::bytes::put32;
use crate::deflate::{ZLIB_HEADER, pieces};

/// The prefix of MS-OXORMMS 2.2.4.1.
const PREFIX: [u8; 8] = [0x76, 0xE8, 0x04, 0x60, 0xC4, 0x11, 0xE3, 0x86];
/// The length of a block before compression, in bytes.
const BLOCK: usize = 4096;

/// Builds `message.rpmsg` from a compound file of kind [`IrmKind::Message`](crate::IrmKind).
///
/// The blocks form one zlib stream without a final block and checksum, as in files of Outlook.
pub fn rpmsg(compound: &[u8]) -> Vec<u8> {
    let mut out = PREFIX.to_vec();
    out.extend_from_slice(&rpmsg_blocks(compound));
    out
}

/// Builds the blocks without the prefix.
pub fn rpmsg_blocks(compound: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, piece) in pieces(compound, BLOCK).into_iter().enumerate() {
        let head: &[u8] = if index == 0 { &ZLIB_HEADER } else { &[] };
        put32(&mut out, 0x0FA0);
        put32(&mut out, BLOCK.min(compound.len() - index * BLOCK));
        put32(&mut out, head.len() + piece.len());
        out.extend_from_slice(head);
        out.extend_from_slice(&piece);
    }
    out
}
