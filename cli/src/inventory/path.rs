//! Paths as bytes, and back.

use std::ffi::OsStr;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

/// The bytes of a file's name.
pub(super) fn of_name(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

/// The bytes of a folder's path with a separator at its end.
pub(crate) fn of_dir(path: &Path) -> Vec<u8> {
    let mut bytes = path.as_os_str().as_encoded_bytes().to_vec();
    if bytes.last().is_none_or(|last| !is_separator(*last)) {
        bytes.push(separator());
    }
    bytes
}

/// What to show for bytes that are not UTF-8; nothing where they are.
pub(super) fn display(bytes: &[u8]) -> Option<String> {
    match std::str::from_utf8(bytes) {
        Ok(_) => None,
        Err(_) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// The bounds of all paths below the folder `dir`, which has its separator.
pub(super) fn below(dir: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut end = dir.to_vec();
    if let Some(last) = end.last_mut() {
        // A separator is far from 255.
        *last = last.saturating_add(1);
    }
    (dir.to_vec(), end)
}

/// Without the separator at its end, unless that is all there is.
pub(super) fn trimmed(dir: &[u8]) -> &[u8] {
    match dir {
        [rest @ .., last] if !rest.is_empty() && is_separator(*last) => rest,
        _ => dir,
    }
}

fn is_separator(byte: u8) -> bool {
    std::path::is_separator(char::from(byte))
}

fn separator() -> u8 {
    // It is a slash or a backslash.
    u8::try_from(MAIN_SEPARATOR).unwrap_or(b'/')
}

/// The path of these bytes, as the system knows it.
#[cfg(unix)]
pub(crate) fn to_path(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

/// The path of these bytes (WTF-8), as the system knows it.
#[cfg(windows)]
pub(crate) fn to_path(bytes: Vec<u8>) -> PathBuf {
    use std::os::windows::ffi::OsStringExt;
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => std::ffi::OsString::from_wide(&wide(error.as_bytes())).into(),
    }
}

/// UTF-16 of WTF-8, which is UTF-8 with surrogates that have lost their other half.
#[cfg(any(windows, test))]
fn wide(bytes: &[u8]) -> Vec<u16> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let plain = match std::str::from_utf8(rest) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default(),
        };
        units.extend(plain.encode_utf16());
        rest = &rest[plain.len()..];
        match rest {
            [0xed, two @ 0xa0..=0xbf, three @ 0x80..=0xbf, after @ ..] => {
                let low = u16::from(two & 0x3f) << 6 | u16::from(three & 0x3f);
                units.push(0xd000 | low);
                rest = after;
            }
            [_, after @ ..] => {
                units.push(0xfffd);
                rest = after;
            }
            [] => {}
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wtf8_has_beyond_utf8_keeps_its_units() {
        assert_eq!(wide("añ😀".as_bytes()), "añ😀".encode_utf16().collect::<Vec<_>>());
        assert_eq!(wide(b"a\xed\xa0\xbdb"), [0x61, 0xd83d, 0x62]);
        assert_eq!(wide(b"\xff"), [0xfffd]);
    }

    #[test]
    #[cfg(unix)]
    fn folders_end_in_their_separator() {
        assert_eq!(of_dir(Path::new("/mnt/a")), b"/mnt/a/");
        assert_eq!(of_dir(Path::new("/")), b"/");
        assert_eq!(trimmed(b"/mnt/a/"), b"/mnt/a");
        assert_eq!(trimmed(b"/"), b"/");
        assert_eq!(below(b"/a/"), (b"/a/".to_vec(), b"/a0".to_vec()));
    }
}
