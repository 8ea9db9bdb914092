//! Decides whether the bytes read so far suffice for a quick scan.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::cache::ParserCache;

/// The search for WORK starts this many bytes before its offset in the last license.
const NEAR_WORK: usize = 256;

/// Whether `bytes` contain what `Depth::Head` reads: the publishing license up to its WORK.
pub(crate) fn head_is_complete(bytes: &[u8], caches: &mut ParserCache) -> bool {
    static ENDS: LazyLock<[[Finder<'static>; 2]; 2]> = LazyLock::new(|| {
        const WIDE_LABEL: &[u8] = b"R\0i\0g\0h\0t\0s\0 \0L\0a\0b\0e\0l\0";
        [
            [Finder::new(b"Rights Label"), Finder::new(b"<WORK")],
            [Finder::new(WIDE_LABEL), Finder::new(b"<\0W\0O\0R\0K\0")],
        ]
    });
    ENDS.iter().any(|[label, work]| {
        let Some(start) = label.find(bytes) else { return false };
        let rest = bytes.get(start..).unwrap_or_default();
        // Licenses of one server have WORK at similar offsets.
        let likely = caches.work_at.saturating_sub(NEAR_WORK);
        let found = match work.find(rest.get(likely..).unwrap_or_default()) {
            Some(at) => at.checked_add(likely),
            None => work.find(rest),
        };
        caches.work_at = found.unwrap_or(caches.work_at);
        let end = found.and_then(|at| at.checked_add(start));
        end.is_some_and(|end| !hides_text(bytes.get(..end).unwrap_or_default()))
    })
}

/// Whether comments, CDATA or document types can contain the words that were found. Servers do not
/// write them, so a license with them is read completely.
fn hides_text(bytes: &[u8]) -> bool {
    let before = |at| bytes.get(..at).unwrap_or_default();
    memchr::memchr_iter(b'!', bytes)
        .any(|at| before(at).ends_with(b"<") || before(at).ends_with(b"<\0"))
}
