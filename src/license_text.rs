//! Recognizes license text in bytes that are not parsed as a license.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Returns whether bytes contain a part of a license: XrML in UTF-8 or UTF-16LE, or the elements
/// around its base64.
pub(crate) fn has_license_text(bytes: &[u8]) -> bool {
    static PARTS: LazyLock<[Finder<'static>; 5]> = LazyLock::new(|| {
        let parts: [&[u8]; 5] =
            [b"XrML", b"Rights Label", b"X\0r\0M\0L", b"<CERTIFICATE", b"<certificate"];
        parts.map(Finder::new)
    });
    PARTS.iter().any(|part| part.find(bytes).is_some())
}
