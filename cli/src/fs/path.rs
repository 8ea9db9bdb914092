//! Normalization of paths, and their conversion to bytes and back.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, MAIN_SEPARATOR, Path, PathBuf};

/// Returns the normalized form of a path, in which paths are stored: absolute, without `.`, `..`
/// and a trailing separator, on Windows with a drive letter in upper case.
///
/// `..` after a link means the parent of the link's target. The system therefore resolves
/// everything before the last `..`, if it exists.
///
/// # Errors
///
/// Fails if the path is empty, or if the current folder is unknown.
pub(crate) fn normal(path: &Path) -> io::Result<PathBuf> {
    if is_address(path.as_os_str().as_encoded_bytes()) {
        return Ok(path.to_owned());
    }
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

/// Removes each `..` together with the preceding name, without resolving links.
fn without_parents(path: &Path) -> PathBuf {
    let mut shorter = PathBuf::new();
    for part in path.components() {
        match part {
            // The root does not have a parent.
            Component::ParentDir => _ = shorter.pop(),
            part => shorter.push(drive(part)),
        }
    }
    shorter
}

/// Returns a component. A drive letter is converted to upper case, and the names of a server and a
/// share to lower case, without `\\?\`.
fn drive(part: Component<'_>) -> OsString {
    use std::path::Prefix;
    match part {
        Component::Prefix(prefix) => match prefix.kind() {
            Prefix::Disk(letter) | Prefix::VerbatimDisk(letter) => {
                format!("{}:", char::from(letter.to_ascii_uppercase())).into()
            }
            Prefix::UNC(server, share) | Prefix::VerbatimUNC(server, share) => {
                let name = concat(&[r"\\".as_ref(), server, r"\".as_ref(), share]);
                name.to_ascii_lowercase()
            }
            _ => prefix.as_os_str().to_owned(),
        },
        part => part.as_os_str().to_owned(),
    }
}

fn concat(parts: &[&OsStr]) -> OsString {
    parts.iter().copied().collect()
}

/// Returns the path with links resolved, if it exists. On Windows its names have the case that they
/// have on disk, and a drive letter of a share is resolved to the share.
pub(crate) fn real(path: &Path) -> Option<PathBuf> {
    #[cfg(windows)]
    let path = &verbatim(path).ok()?;
    let real = path.canonicalize().ok()?;
    Some(if cfg!(windows) { real.components().map(drive).collect() } else { real })
}

/// Returns the path with the prefix `\\?\`, so that the system takes it literally: it may be long,
/// and names may end with a dot or a space, or be those of devices.
///
/// # Errors
///
/// Fails if the path is relative and the current folder is unknown.
#[cfg(windows)]
pub(crate) fn verbatim(path: &Path) -> io::Result<PathBuf> {
    use std::path::Prefix;
    // Not `std::path::absolute`, which removes dots and spaces at the end.
    let whole = match path.components().next() {
        Some(Component::Prefix(_)) if path.is_absolute() => path.to_owned(),
        // Relative to the current folder of another drive
        Some(Component::Prefix(_)) => std::path::absolute(path)?,
        _ => std::env::current_dir()?.join(path),
    };
    let Some(Component::Prefix(prefix)) = whole.components().next() else { return Ok(whole) };
    let start = match prefix.kind() {
        Prefix::Disk(_) => concat(&[r"\\?\".as_ref(), prefix.as_os_str()]),
        Prefix::UNC(server, share) => concat(&[r"\\?\UNC\".as_ref(), server, r"\".as_ref(), share]),
        _ => return Ok(whole),
    };
    let mut literal = PathBuf::from(start);
    for part in whole.components().skip(1) {
        match part {
            Component::CurDir => {}
            // As the system does, without regard to links.
            Component::ParentDir => _ = literal.pop(),
            part => literal.push(part),
        }
    }
    Ok(literal)
}

/// Returns the bytes of a file name.
pub(crate) fn of_name(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

/// Returns the bytes of a folder path with a trailing separator.
pub(crate) fn of_dir(path: &Path) -> Vec<u8> {
    with_separator(path.as_os_str().as_encoded_bytes().to_vec())
}

/// Adds a trailing separator if it is missing.
pub(crate) fn with_separator(mut bytes: Vec<u8>) -> Vec<u8> {
    let is_url = is_address(&bytes);
    let ends = |last: &u8| if is_url { *last == b'/' } else { is_separator(*last) };
    if bytes.last().is_none_or(|last| !ends(last)) {
        bytes.push(if is_url { b'/' } else { separator() });
    }
    bytes
}

/// Returns whether a path is the address of an object in a store, such as `az://account/container`.
/// It has slashes on all systems, and no current folder.
pub(crate) fn is_address(path: &[u8]) -> bool {
    let scheme = path.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    // A drive letter is no scheme.
    scheme > 1 && path.get(scheme..).is_some_and(|rest| rest.starts_with(b"://"))
}

/// Returns replacement text for bytes that are not UTF-8, and `None` for UTF-8.
pub(crate) fn display(bytes: &[u8]) -> Option<String> {
    match std::str::from_utf8(bytes) {
        Ok(_) => None,
        Err(_) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// Returns the bounds of all paths inside the folder `dir`, which ends with a separator.
pub(crate) fn below(dir: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut end = dir.to_vec();
    if let Some(last) = end.last_mut() {
        // A separator is less than 255.
        *last = last.saturating_add(1);
    }
    (dir.to_vec(), end)
}

/// Removes a trailing separator unless the path consists of it.
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

/// Converts bytes to a path.
#[cfg(unix)]
pub(crate) fn to_path(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes).into()
}

/// Converts bytes (WTF-8) to a path.
#[cfg(windows)]
pub(crate) fn to_path(bytes: Vec<u8>) -> PathBuf {
    use std::os::windows::ffi::OsStringExt;
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => OsString::from_wide(&wide(error.as_bytes())).into(),
    }
}

/// Converts WTF-8, which is UTF-8 with unpaired surrogates, to UTF-16.
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
    fn unpaired_surrogates_of_wtf8_are_kept() {
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
            // The parent of the link's target, not the parent of the link.
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
