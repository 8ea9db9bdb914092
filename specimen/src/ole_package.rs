//! Files embedded with the OLE packager.

use crate::bytes::put32;

/// Returns the stream `\x01Ole10Native` of a file that the packager embedded (MS-OLEDS 2.3.6).
pub fn packaged(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path = format!("C:\\Users\\ada\\{name}\0");
    let mut native = vec![2, 0];
    native.extend_from_slice(format!("{name}\0{path}").as_bytes());
    // Reserved, then the kind: an embedded file.
    native.extend_from_slice(&[0, 0, 3, 0]);
    put32(&mut native, path.len());
    native.extend_from_slice(path.as_bytes());
    put32(&mut native, bytes.len());
    native.extend_from_slice(bytes);
    let mut stream = Vec::new();
    put32(&mut stream, native.len());
    stream.extend(native);
    stream
}
