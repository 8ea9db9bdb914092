//! Tape archives and gzip files.

use crate::deflate::{crc32, deflate};

/// Builds a tape archive (POSIX.1-2017, `pax`). Names must have at most 100 bytes.
pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let header = |len: usize| {
        vec![
            (100, "0000644\0".to_owned()),
            (124, format!("{len:011o}\0")),
            (136, "00000000000\0".into()),
            (148, "        ".into()),
            (156, "0".into()),
            (257, "ustar\x0000".into()),
        ]
    };
    archive(members, header, |sum| format!("{sum:06o}\0 "))
}

/// Builds a tape archive in the format of Unix V7: no magic, numbers padded with spaces.
pub fn tar_v7(members: &[(&str, &[u8])]) -> Vec<u8> {
    let header = |len: usize| {
        vec![
            (100, "100644 \0".to_owned()),
            (108, "     1 \0".into()),
            (116, "     1 \0".into()),
            (124, format!("{len:11o} ")),
            (136, " 2403452410 ".into()),
            (148, "        ".into()),
        ]
    };
    archive(members, header, |sum| format!("{sum:6o}\0 "))
}

/// Builds an archive. `header` returns the offsets and values of the header fields for a length, with a
/// blank checksum; `checksum` formats the checksum.
fn archive(
    members: &[(&str, &[u8])],
    header: impl Fn(usize) -> Vec<(usize, String)>,
    checksum: impl Fn(u32) -> String,
) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in members {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        for (at, field) in header(bytes.len()) {
            block[at..at + field.len()].copy_from_slice(field.as_bytes());
        }
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(checksum(sum).as_bytes());
        out.extend_from_slice(&block);
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// Builds a gzip file (RFC 1952) with one unnamed member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"\x1F\x8B\x08\0\0\0\0\0\0\xFF".to_vec();
    out.extend_from_slice(&deflate(bytes));
    out.extend_from_slice(&crc32(bytes).to_le_bytes());
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_le_bytes());
    out
}
