//! `ar` archives (ar(5)): static libraries, Debian packages.

use super::stored::stored;
use crate::bytes::{to_u64, to_usize, utf8_lossy};
use crate::code::ErrorCode;
use crate::container::sink::Sink;
use crate::error::{Error, Result};
use crate::kinds::Container;
use crate::limits::Limit;
use crate::source::{Extent, Window};

const MAGIC: &[u8] = b"!<arch>\n";
/// Bytes of a member's header: `ar_name`, date, owner, group, mode, `ar_size`, `ar_fmag`.
const HEADER: usize = 60;
const NAME: std::ops::Range<usize> = 0..16;
const SIZE: std::ops::Range<usize> = 48..58;
const END: std::ops::Range<usize> = 58..60;
const END_OF_HEADER: &[u8] = b"`\n";
/// BSD: the name has this many bytes before the member's content.
const LONG_NAME: &[u8] = b"#1/";
/// Bytes of such a name that are read.
const LONGEST_NAME: u64 = 4096;
/// Members that are reported before the first of them is read.
const BATCH: usize = 64;

pub(super) fn matches(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

pub(super) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    read_on(window, sink, to_u64(MAGIC.len()))
}

/// Reads on at the header at `position`.
fn read_on(window: &mut Window<'_>, sink: &mut dyn Sink, mut position: u64) -> Result<()> {
    let mut named: usize = 0;
    while named < BATCH {
        window.meter().charge(Limit::Steps, 1)?;
        let header = window.up_to(position, HEADER)?;
        if header.is_empty() {
            return Ok(());
        }
        let field = |range: std::ops::Range<usize>| header.get(range).unwrap_or_default();
        let size = std::str::from_utf8(field(SIZE)).ok().and_then(|it| it.trim_end().parse().ok());
        let (Some(size), END_OF_HEADER) = (size, field(END)) else {
            let detail = "ar: a header is damaged";
            return Err(Error::unsupported(
                ErrorCode::ArchiveNotOpened,
                "archive",
                position,
                detail,
            ));
        };
        let name = field(NAME).trim_ascii_end().to_vec();
        let mut content = Extent { offset: position.saturating_add(to_u64(HEADER)), len: size };
        // The member ends at an even offset.
        position = content.end().checked_next_multiple_of(2).unwrap_or(u64::MAX);
        let name = long_name(window, &name, &mut content)?.unwrap_or(name);
        named = named.saturating_add(usize::from(stored(window, sink, trimmed(&name), content)?));
        if window.known_len().is_some_and(|len| content.end() > len) {
            let detail = "the archive ends within it";
            return Err(Error::truncated("ar member", window.len(), detail));
        }
    }
    sink.continue_with(Box::new(move |window, sink| read_on(window, sink, position)));
    Ok(())
}

/// Takes a name of BSD off the content that it precedes.
fn long_name(
    window: &mut Window<'_>,
    name: &[u8],
    content: &mut Extent,
) -> Result<Option<Vec<u8>>> {
    let len = name.strip_prefix(LONG_NAME).and_then(|len| std::str::from_utf8(len).ok());
    let Some(len) = len.and_then(|len| len.parse::<u64>().ok()).filter(|len| *len <= content.len)
    else {
        return Ok(None);
    };
    let read = to_usize(len.min(LONGEST_NAME)).unwrap_or_default();
    let name = window.up_to(content.offset, read)?.to_vec();
    content.offset = content.offset.saturating_add(len);
    content.len = content.len.saturating_sub(len);
    Ok(Some(name))
}

/// Returns the name without the padding of its field: GNU appends a slash, BSD zeros.
fn trimmed(name: &[u8]) -> String {
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default().trim_ascii_end();
    utf8_lossy(name.strip_suffix(b"/").unwrap_or(name)).into_owned()
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use crate::Protection;
    use crate::container::zip::tests::{found, inspect, protected};

    fn entry(name: &str, content: &[u8]) -> Vec<u8> {
        let header =
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 644, content.len());
        let mut entry = [header.as_bytes(), content].concat();
        entry.resize(entry.len().next_multiple_of(2), b'\n');
        entry
    }

    fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
        [&b"!<arch>\n"[..], &entries.concat()].concat()
    }

    #[test]
    fn names_of_each_writer_are_read() {
        let mail = protected();
        let long = [&b"message of june.rpmsg\0\0\0"[..], &mail].concat();
        let object = entry("a.o/", &[0x7F, b'E', b'L', b'F', 0]);
        let file = archive(&[
            entry("/", b"\0\0\0\x01"),
            object.clone(),
            entry("m.rpmsg/", &mail),
            entry("#1/24", &long),
        ]);
        assert_eq!(found(&inspect(&file)), ["m.rpmsg", "message of june.rpmsg"]);
        let plain = inspect(&archive(&[object.clone(), object]));
        assert_eq!((plain.worst(), plain.incomplete()), (Protection::None, None));
    }

    #[test]
    fn damaged_ar_is_reported() {
        let file = archive(&[entry("a.o/", b"text"), entry("m.rpmsg/", &protected())]);
        let second = 8 + 60 + 4;
        for at in [8 + 50, 8 + 58, second + 50, second + 58] {
            let mut damaged = file.clone();
            damaged[at] = b'~';
            let report = inspect(&damaged);
            assert_eq!(
                report.incomplete().map(|error| error.code().as_str()),
                Some("archive-not-opened"),
                "{at}"
            );
        }
        let cut = inspect(&file[..file.len() - 100]);
        assert_ne!(cut.worst(), Protection::None);
        let many = archive(&vec![entry("m.rpmsg/", &protected()); 70]);
        assert_eq!(found(&inspect(&many)).len(), 70);
    }
}
