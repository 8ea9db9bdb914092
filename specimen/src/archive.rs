//! Archives that a reader may not open: RAR in both versions, cabinets, and programs that
//! unpack such. Their members are stored as they are; headers, sizes and checksums are those that the
//! programs which open them look at.

use crate::bytes::{put32, set32};
use crate::deflate::crc32;

/// A RAR archive as WinRAR up to version 4 writes it (`technote.txt` of UnRAR 4).
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
        // FILE_HEAD with data behind it.
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

/// A RAR archive as WinRAR from version 5 on writes it ("RAR 5.0 archive format").
pub fn rar5(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"Rar!\x1A\x07\x01\0".to_vec();
    // Type, flags, archive flags.
    rar5_block(&mut out, &[1, 0, 0]);
    for (name, bytes) in members {
        // Type, flags: data follow.
        let mut header = vec![2, 2];
        vint(&mut header, bytes.len());
        // File flags: a CRC-32 is there.
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

/// Seven bits a byte, those of the lowest value first.
fn vint(out: &mut Vec<u8>, mut value: usize) {
    while value > 0x7F {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A cabinet of one folder (MS-CAB 2), whose files together have less than 32 KB.
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
    // cbCabinet follows when it is known.
    out.extend_from_slice(&[0; 8]);
    put32(&mut out, HEADER + FOLDER);
    out.extend_from_slice(&[0, 0, 0, 0, 3, 1, 1, 0]);
    out.extend_from_slice(&(members.len() as u16).to_le_bytes());
    out.extend_from_slice(&[0; 6]);
    put32(&mut out, data_at);
    // cCFData, typeCompress: one block, not compressed.
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

/// A program for Windows of one empty section (Microsoft PE Format), with `archive` behind its image,
/// as those are that unpack themselves.
pub fn self_extracting(archive: &[u8]) -> Vec<u8> {
    const IMAGE: usize = 512;
    const HEADERS: usize = 256;
    let mut out = b"MZ".to_vec();
    // e_lfanew: the PE header follows.
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

/// `csum` of MS-CAB 3.1: words of four bytes, and what is left of them from the high byte on.
fn checksum(bytes: &[u8], seed: u32) -> u32 {
    let words = bytes.chunks_exact(4);
    let rest = words.remainder().iter().fold(0, |sum: u32, byte| sum << 8 | u32::from(*byte));
    words.fold(seed ^ rest, |sum, word| {
        sum ^ u32::from_le_bytes(word.try_into().expect("four bytes"))
    })
}
