//! Paths of an inventory, which may have been made on another system.

use std::borrow::Cow;

/// Returns whether the text can only be a path of Windows: it has a drive letter or backslashes, and
/// no slashes.
pub(crate) fn is_windows(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':');
    (drive || path.contains('\\')) && !path.contains('/')
}

/// Returns a path of Windows with slashes, and another path as it is.
pub(crate) fn slashed(path: &str) -> Cow<'_, str> {
    match is_windows(path) {
        true => Cow::Owned(path.replace('\\', "/")),
        false => Cow::Borrowed(path),
    }
}
