//! Paths as bytes, and back.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, MAIN_SEPARATOR, Path, PathBuf};

/// The one form in which a path is stored: absolute, without `.`, `..` and separators at its end, on
/// Windows with a drive letter in upper case.
///
/// `..` after a link is the folder above the link's target, so what precedes the last `..` is
/// resolved by the system where it exists.
///
/// # Errors
/// The path is empty, or the current folder cannot be found out.
pub(crate) fn normal(path: &Path) -> io::Result<PathBuf> {
    let whole = std::path::absolute(path)?;
    let parts: Vec<Component<'_>> = whole.components().collect();
    let mut normal = PathBuf::new();
    let mut rest = parts.as_slice();
    if let Some(last) = parts.iter().rposition(|part| *part == Component::ParentDir) {
        let (resolved, after) = parts.split_at(last + 1);
        let resolved: PathBuf = resolved.iter().collect();
        normal = resolved.canonicalize().unwrap_or_else(|_| without_parents(&resolved));
        rest = after;
    }
    for part in rest {
        normal.push(drive(*part));
    }
    Ok(normal)
}

/// Takes `..` together with the name that precedes it away, whatever that name stands for.
fn without_parents(path: &Path) -> PathBuf {
    let mut shorter = PathBuf::new();
    for part in path.components() {
        match part {
            // The root has no folder above it.
            Component::ParentDir => _ = shorter.pop(),
            part => shorter.push(drive(part)),
        }
    }
    shorter
}

/// The part with its drive letter in upper case, if it is a drive.
fn drive(part: Component<'_>) -> OsString {
    use std::path::Prefix;
    match part {
        Component::Prefix(prefix) => match prefix.kind() {
            Prefix::Disk(letter) => format!("{}:", char::from(letter.to_ascii_uppercase())).into(),
            _ => prefix.as_os_str().to_owned(),
        },
        part => part.as_os_str().to_owned(),
    }
}

/// The path with links resolved, where it exists.
pub(crate) fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

/// The bytes of a file's name.
pub(crate) fn of_name(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

/// The bytes of a folder's path with a separator at its end.
pub(crate) fn of_dir(path: &Path) -> Vec<u8> {
    with_separator(path.as_os_str().as_encoded_bytes().to_vec())
}

/// The path with a separator at its end.
pub(crate) fn with_separator(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last().is_none_or(|last| !is_separator(*last)) {
        bytes.push(separator());
    }
    bytes
}

/// What to show for bytes that are not UTF-8; nothing where they are.
pub(crate) fn display(bytes: &[u8]) -> Option<String> {
    match std::str::from_utf8(bytes) {
        Ok(_) => None,
        Err(_) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// The bounds of all paths below the folder `dir`, which has its separator.
pub(crate) fn below(dir: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut end = dir.to_vec();
    if let Some(last) = end.last_mut() {
        // A separator is far from 255.
        *last = last.saturating_add(1);
    }
    (dir.to_vec(), end)
}

/// Without the separator at its end, unless that is all there is.
pub(crate) fn trimmed(dir: &[u8]) -> &[u8] {
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
    OsString::from_vec(bytes).into()
}

/// The path of these bytes (WTF-8), as the system knows it.
#[cfg(windows)]
pub(crate) fn to_path(bytes: Vec<u8>) -> PathBuf {
    use std::os::windows::ffi::OsStringExt;
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => OsString::from_wide(&wide(error.as_bytes())).into(),
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
    fn a_path_has_one_form() {
        let folder = tempfile::TempDir::new().unwrap();
        let top = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(top.join("real/inner")).unwrap();
        std::os::unix::fs::symlink("real/inner", top.join("link")).unwrap();
        let cases = [
            ("a/", "a"),
            ("./a//b/.", "a/b"),
            ("real/../b", "b"),
            ("missing/../b", "b"),
            // The folder above the target of the link, not the one above the link.
            ("link/../b", "real/b"),
            ("link", "link"),
        ];
        for (path, expected) in cases {
            let found = normal(&PathBuf::from(format!("{}/{path}", top.display()))).unwrap();
            assert_eq!(found.as_os_str(), top.join(expected).as_os_str(), "{path}");
        }
        assert_eq!(normal(Path::new("/../..")).unwrap(), Path::new("/"));
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
