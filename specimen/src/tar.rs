//! Tape archives and gzip files.

use crate::deflate::{crc32, deflate};

/// A tape archive (POSIX.1-2017, `pax`) of files with short names.
pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in members {
        let mut header = vec![0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        for (at, field) in [
            (100, "0000644\0".to_owned()),
            (124, format!("{:011o}\0", bytes.len())),
            (136, "00000000000\0".into()),
            (148, "        ".into()),
            (156, "0".into()),
            (257, "ustar\x0000".into()),
        ] {
            header[at..at + field.len()].copy_from_slice(field.as_bytes());
        }
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// A tape archive as tar of Unix V7 wrote it: without a magic, and numbers of six digits.
pub fn tar_v7(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in members {
        let mut header = vec![0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        for (at, field) in [
            (100, "100644 \0".to_owned()),
            (108, "     1 \0".into()),
            (116, "     1 \0".into()),
            (124, format!("{:11o} ", bytes.len())),
            (136, " 2403452410 ".into()),
            (148, "        ".into()),
        ] {
            header[at..at + field.len()].copy_from_slice(field.as_bytes());
        }
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:6o}\0 ").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// A gzip file (RFC 1952) of one member without a name.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"\x1F\x8B\x08\0\0\0\0\0\0\xFF".to_vec();
    out.extend_from_slice(&deflate(bytes));
    out.extend_from_slice(&crc32(bytes).to_le_bytes());
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_le_bytes());
    out
}
