//! Names of members, and what a name alone tells.

use crate::code::ErrorCode;
use crate::error::Error;

/// Name of a member in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    /// Name that the container stores. `/` separates directories.
    Named(String),
    /// The container stores no name; the record adds a number. The text is the kind: `attachment`,
    /// `part`.
    Unnamed(&'static str),
    /// Unnamed: kind and 1-based index in the container, including members that were not reported.
    Numbered(&'static str, u64),
    /// Member of something that is no member itself, such as a message embedded in an Outlook item.
    /// The list contains the names of those, the outermost first.
    Within(Vec<String>, Box<Name>),
    /// Next layer of the same file, whose license is that of the outer layer: the compound file in
    /// an rpmsg, the payload of a PDF wrapper.
    Layer,
}

/// Returns the name of a member, which may be empty.
pub(super) fn named(name: String) -> Name {
    if name.is_empty() { Name::Unnamed("member") } else { Name::Named(name) }
}

/// Returns whether only rights management writes members with such a name.
///
/// The bytes decide what a member is. If they match no known format, they may be damaged, and the
/// member must not count as unprotected.
pub(super) fn is_named_protected(name: &str) -> bool {
    ends_protected(name.trim_end().as_bytes())
}

/// Returns the same as [`is_named_protected`] for a name in any encoding. Only UTF-8 matches.
pub(super) fn is_named_protected_in_bytes(name: &[u8]) -> bool {
    // Most names have no blanks at their end, and are not decoded.
    let is_whole = name.last().is_some_and(u8::is_ascii_graphic);
    (!is_whole || ends_protected(name)) && std::str::from_utf8(name).is_ok_and(is_named_protected)
}

fn ends_protected(name: &[u8]) -> bool {
    [&b".rpmsg"[..], b".pfile"].iter().any(|suffix| {
        let end = name.len().checked_sub(suffix.len()).and_then(|at| name.get(at..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(suffix))
    })
}

/// Returns the error about a member that [`is_named_protected`] and is of no known format.
pub(super) fn not_as_named() -> Error {
    let detail = "it is named like a protected file, and its bytes are of no known format";
    Error::malformed(ErrorCode::MalformedAttachment, "attachment", None, detail)
}

/// What the name of a whole file says about its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameHint {
    /// The name is not known: anything may follow a head of no known format.
    Unknown,
    /// The name is that of an archive: see [`is_named_like_archive`].
    Archive,
    /// Any other name.
    Other,
}

impl NameHint {
    pub(crate) fn of(name: &[u8]) -> NameHint {
        if is_named_like_archive(name) { NameHint::Archive } else { NameHint::Other }
    }
}

/// Letters of the longest extension in [`is_named_like_archive`].
const LONGEST: usize = 5;

/// Returns whether a file of this name is read to its end whatever its head is: the extension is
/// that of an archive, of a program that unpacks itself, or of a document that is an archive.
#[rustfmt::skip] // A list.
pub(crate) fn is_named_like_archive(name: &[u8]) -> bool {
    let extension = memchr::memrchr(b'.', name).and_then(|dot| name.get(dot..)?.get(1..));
    let mut lower = [0; LONGEST];
    let Some((extension, lower)) =
        extension.and_then(|it| Some((it, lower.get_mut(..it.len())?))) else { return false };
    lower.copy_from_slice(extension);
    lower.make_ascii_lowercase();
    // The last volume of an archive contains its directory.
    let volume = if let [b'z', rest @ ..] = &*lower { rest } else { &*lower };
    if matches!(volume.len(), 2 | 3) && volume.iter().all(u8::is_ascii_digit) {
        return lower.len() == 3;
    }
    matches!(
        &*lower,
        b"zip" | b"zipx" | b"jar" | b"war" | b"ear" | b"apk" | b"xpi" | b"crx" | b"exe" | b"dmg"
            | b"vhd" | b"vhdx" | b"iso" | b"img" | b"nrg" | b"uif" | b"cdr" | b"docx"
            | b"docm" | b"dotx" | b"xlsx" | b"xlsm" | b"xlsb" | b"xltx" | b"pptx" | b"pptm"
            | b"ppsx" | b"potx" | b"vsdx" | b"odt" | b"ods" | b"odp" | b"epub" | b"nupkg"
            | b"vsix" | b"cbz" | b"kmz" | b"msi" | b"msix" | b"appx" | b"whl" | b"aar" | b"pyz"
            | b"phar" | b"run" | b"sfx"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn name_in_bytes_and_text_are_judged_equally(
            name in "[a\u{e9}]{0,2}(\\.rpmsg|\\.PFile|\\.jpg)?[ \u{a0}\u{2003}g.]{0,2}",
            damage in proptest::option::of((0..8_usize, any::<u8>())),
        ) {
            let mut name = name.into_bytes();
            if let Some((at, byte)) = damage
                && let Some(there) = name.get_mut(at)
            {
                *there = byte;
            }
            let plainly = std::str::from_utf8(&name).is_ok_and(is_named_protected);
            prop_assert_eq!(is_named_protected_in_bytes(&name), plainly);
        }
    }
}
