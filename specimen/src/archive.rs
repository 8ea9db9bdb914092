//! Archives that some readers cannot open: RAR of both versions, cabinets, and self-extracting programs.
//!
//! All members are stored without compression. The headers contain every size and checksum that the
//! archivers verify.

use crate::bytes::{put32, set32};
use crate::deflate::crc32;

/// Builds a RAR archive in the format of WinRAR up to version 4 (`technote.txt` of UnRAR 4).
pub fn rar4(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"Rar!\x1A\x07\0".to_vec();
    // MAIN_HEAD: two reserved fields.
    rar4_block(&mut out, 0x73, 0, &[0; 6]);
    for (name, bytes) in members {
        let mut fields = Vec::new();
        put32(&mut fields, bytes.len());
        put32(&mut fields, bytes.len());
        // HOST_OS: Windows.
        fields.push(2);
        fields.extend_from_slice(&crc32(bytes).to_le_bytes());
        put32(&mut fields, 0x4860_0000);
        // UNP_VER, METHOD: stored.
        fields.extend_from_slice(&[20, 0x30]);
        fields.extend_from_slice(&(name.len() as u16).to_le_bytes());
        put32(&mut fields, 0x20);
        fields.extend_from_slice(name.as_bytes());
        // FILE_HEAD; the flag 0x8000 announces data.
        rar4_block(&mut out, 0x74, 0x8000, &fields);
        out.extend_from_slice(bytes);
    }
    rar4_block(&mut out, 0x7B, 0x4000, &[]);
    out
}

fn rar4_block(out: &mut Vec<u8>, kind: u8, flags: u16, fields: &[u8]) {
    let mut block = vec![kind];
    block.extend_from_slice(&flags.to_le_bytes());
    block.extend_from_slice(&((7 + fields.len()) as u16).to_le_bytes());
    block.extend_from_slice(fields);
    // HEAD_CRC: the lower half.
    out.extend_from_slice(&(crc32(&block) as u16).to_le_bytes());
    out.extend_from_slice(&block);
}

/// Builds a RAR archive in the format of WinRAR 5 and later ("RAR 5.0 archive format").
pub fn rar5(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"Rar!\x1A\x07\x01\0".to_vec();
    // Type, flags, archive flags.
    rar5_block(&mut out, &[1, 0, 0]);
    for (name, bytes) in members {
        // Type, flags: a data area follows.
        let mut header = vec![2, 2];
        vint(&mut header, bytes.len());
        // File flags: the header contains a CRC-32.
        header.push(4);
        vint(&mut header, bytes.len());
        // Attributes.
        header.push(0x20);
        header.extend_from_slice(&crc32(bytes).to_le_bytes());
        // Compression: none; host system: Windows.
        header.extend_from_slice(&[0, 0]);
        vint(&mut header, name.len());
        header.extend_from_slice(name.as_bytes());
        rar5_block(&mut out, &header);
        out.extend_from_slice(bytes);
    }
    rar5_block(&mut out, &[5, 0, 0]);
    out
}

fn rar5_block(out: &mut Vec<u8>, header: &[u8]) {
    let mut block = Vec::new();
    vint(&mut block, header.len());
    block.extend_from_slice(header);
    out.extend_from_slice(&crc32(&block).to_le_bytes());
    out.extend_from_slice(&block);
}

/// Appends a variable-length integer: seven bits per byte, least significant first.
fn vint(out: &mut Vec<u8>, mut value: usize) {
    while value > 0x7F {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Builds a cabinet with one folder and one data block (MS-CAB 2). The files must have less than 32 KiB in
/// total.
pub fn cab(members: &[(&str, &[u8])]) -> Vec<u8> {
    const HEADER: usize = 36;
    const FOLDER: usize = 8;
    let mut data = Vec::new();
    let mut files = Vec::new();
    for (name, bytes) in members {
        put32(&mut files, bytes.len());
        put32(&mut files, data.len());
        // iFolder, date, time, attribs.
        files.extend_from_slice(&[0, 0, 0x6E, 0x48, 0, 0, 0x20, 0]);
        files.extend_from_slice(name.as_bytes());
        files.push(0);
        data.extend_from_slice(bytes);
    }
    let data_at = HEADER + FOLDER + files.len();
    let mut out = b"MSCF\0\0\0\0".to_vec();
    // Reserved and cbCabinet, which is set at the end.
    out.extend_from_slice(&[0; 8]);
    put32(&mut out, HEADER + FOLDER);
    out.extend_from_slice(&[0, 0, 0, 0, 3, 1, 1, 0]);
    out.extend_from_slice(&(members.len() as u16).to_le_bytes());
    out.extend_from_slice(&[0; 6]);
    put32(&mut out, data_at);
    // cCFData, typeCompress: one block, no compression.
    out.extend_from_slice(&[1, 0, 0, 0]);
    out.extend_from_slice(&files);
    let len = (data.len() as u16).to_le_bytes();
    let sizes = [len, len].concat();
    let sum = checksum(&sizes, checksum(&data, 0));
    out.extend_from_slice(&sum.to_le_bytes());
    out.extend_from_slice(&sizes);
    out.extend_from_slice(&data);
    let len = out.len();
    set32(&mut out, 8, len);
    out
}

/// Builds a self-extracting archive: a Windows program with one empty section (Microsoft PE Format),
/// followed by `archive`.
pub fn self_extracting(archive: &[u8]) -> Vec<u8> {
    const IMAGE: usize = 512;
    const HEADERS: usize = 256;
    let mut out = b"MZ".to_vec();
    // e_lfanew: offset of the PE header.
    out.resize(0x3C, 0);
    put32(&mut out, 0x40);
    // Machine, NumberOfSections, SizeOfOptionalHeader, Characteristics.
    out.extend_from_slice(b"PE\0\0\x4C\x01\x01\0");
    out.extend_from_slice(&[0; 12]);
    out.extend_from_slice(&[0, 0, 2, 1]);
    out.extend_from_slice(b".text\0\0\0");
    for field in [0x1000, 0x1000, IMAGE - HEADERS, HEADERS] {
        put32(&mut out, field);
    }
    out.resize(IMAGE, 0);
    out.extend_from_slice(archive);
    out
}

/// Returns `csum` (MS-CAB 3.1): the XOR of little-endian words. The remaining bytes form a big-endian
/// word.
fn checksum(bytes: &[u8], seed: u32) -> u32 {
    let words = bytes.chunks_exact(4);
    let last = words.remainder().iter().fold(0, |word: u32, byte| word << 8 | u32::from(*byte));
    words.fold(seed ^ last, |sum, word| {
        sum ^ u32::from_le_bytes(word.try_into().expect("four bytes"))
    })
}
