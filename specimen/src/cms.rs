//! Signed messages (CMS, RFC 5652) without signer information, which readers of the content do not need.

/// The object identifiers `id-data` and `id-signedData` (RFC 5652 4 and 5.1).
const DATA: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01";
const SIGNED: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02";
/// The AlgorithmIdentifier of SHA-256.
const SHA_256: &[u8] = b"\x30\x0B\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";

/// Encodes a value with definite length (X.690 8.1.3) in DER.
fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).expect("fits a u32").to_be_bytes();
    let skip = len.iter().take(3).take_while(|byte| **byte == 0).count();
    let len = &len[skip..];
    let mut out = vec![tag];
    if content.len() >= 0x80 {
        out.push(0x80 | len.len() as u8);
    }
    out.extend_from_slice(len);
    out.extend_from_slice(content);
    out
}

/// Encodes a value with indefinite length (X.690 8.1.3.6).
fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

/// Builds SignedData in DER; `content` is one octet string.
pub fn signed(content: &[u8]) -> Vec<u8> {
    let content = value(0x04, content);
    let encapsulated = value(0x30, &[DATA, &value(0xA0, &content)].concat());
    let data = [&[2, 1, 1], &*value(0x31, SHA_256), &encapsulated, &value(0x31, &[])].concat();
    value(0x30, &[SIGNED, &value(0xA0, &value(0x30, &data))].concat())
}

/// Builds SignedData in BER: `content` is split into octet strings of `len` bytes, and all enclosing values
/// have indefinite length.
pub fn signed_in_pieces(content: &[u8], len: usize) -> Vec<u8> {
    let strings: Vec<u8> = content.chunks(len).flat_map(|piece| value(0x04, piece)).collect();
    let content = indefinite(0xA0, &indefinite(0x24, &strings));
    let encapsulated = indefinite(0x30, &[DATA, &content].concat());
    let data = [&[2, 1, 1], &*value(0x31, SHA_256), &encapsulated, &value(0x31, &[])].concat();
    indefinite(0x30, &[SIGNED, &indefinite(0xA0, &indefinite(0x30, &data))].concat())
}
