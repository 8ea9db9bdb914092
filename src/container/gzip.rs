//! One compressed file (RFC 1952). Its first member is looked into; whether others follow would
//! only be known once all of it is inflated, so that the record says that nobody knows.

use crate::bytes::{Cursor, utf8_lossy, wide};
use crate::container::{Body, Container, Member, Name, Protection, Sink, is_known};
use crate::error::{Error, Result};
use crate::source::{Encoding, Extent, UNKNOWN_SIZE, Window, head_of};

/// `ID1`, `ID2`, and `CM` for deflate, RFC 1952 2.3.1.
const MAGIC: &[u8] = b"\x1F\x8B\x08";
/// Bytes up to the optional fields: magic, flags, time, `XFL`, `OS`.
const FIXED: usize = 10;
/// `FLG`: which optional fields there are.
const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const FILE_NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
/// Bytes within which the optional fields end; `FEXTRA` may have more than anybody writes.
const HEADER: usize = 4096;
/// Encoded bytes that are looked at to tell whether anything can come of them.
const HEAD: usize = 4096;

pub(crate) fn matches(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    sink.protection(Protection::Unknown);
    let (name, start) = header(window.up_to(0, HEADER)?)?;
    let head = head_of(Encoding::Deflate, window.up_to(start, HEAD)?);
    if head.is_none_or(|head| is_known(&head)) {
        let end = window.known_len().unwrap_or(UNKNOWN_SIZE);
        let extents = vec![Extent { offset: start, len: end.saturating_sub(start) }];
        let body = Body::Encoded { extents, encoding: Encoding::Deflate, size: None };
        let name = name.map_or(Name::Unnamed("member"), Name::Named);
        sink.member(Member { name, body })?;
    }
    let detail = "nobody looked for what may follow its first member";
    sink.incomplete(Error::unsupported("archive-not-opened", "gzip", 0, detail));
    Ok(())
}

/// The name of the file, and where its deflated bytes begin.
fn header(bytes: &[u8]) -> Result<(Option<String>, u64)> {
    let mut cursor = Cursor::new("gzip header", bytes, 0);
    cursor.skip(MAGIC.len(), "ID1, ID2, CM")?;
    let flags = cursor.u8("FLG")?;
    cursor.skip(FIXED.saturating_sub(4), "MTIME, XFL, OS")?;
    if flags & EXTRA != 0 {
        let len = cursor.u16_le("XLEN")?;
        cursor.skip(usize::from(len), "FEXTRA")?;
    }
    let mut name = None;
    for (flag, field) in [(FILE_NAME, "FNAME"), (COMMENT, "FCOMMENT")] {
        if flags & flag == 0 {
            continue;
        }
        let len = memchr::memchr(0, cursor.rest()).unwrap_or(cursor.rest().len());
        let text = cursor.take(len, field)?;
        cursor.skip(1, field)?;
        if flag == FILE_NAME && !text.is_empty() {
            name = Some(utf8_lossy(text).into_owned());
        }
    }
    if flags & HEADER_CRC != 0 {
        cursor.skip(2, "CRC16")?;
    }
    Ok((name, wide(bytes.len().saturating_sub(cursor.rest().len()))))
}

#[cfg(test)]
mod tests {
    use crate::container::zip::tests::{deflated_bytes, found, inspect, protected};

    #[test]
    fn the_first_member_is_found_and_the_rest_is_unknown() {
        let packed = deflated_bytes(&protected());
        let named = [b"\x1F\x8B\x08\x08\0\0\0\0\0\x03m.rpmsg\0".as_slice(), &packed].concat();
        let full =
            [b"\x1F\x8B\x08\x1E\0\0\0\0\0\x03\x02\0xx\0comment\0cc".as_slice(), &packed, &[0; 8]];
        for (bytes, name) in [(named, "m.rpmsg"), (full.concat(), "member#1")] {
            let report = inspect(&bytes);
            assert_eq!(found(&report), [name]);
            let own = report.findings().next().unwrap();
            assert_eq!(own.error().map(crate::Error::code), Some("archive-not-opened"));
        }
        let plain = [b"\x1F\x8B\x08\0\0\0\0\0\0\x03".as_slice(), &deflated_bytes(b"text")];
        let report = inspect(&plain.concat());
        assert_eq!(report.findings().count(), 1);
        assert_eq!(report.worst(), crate::Protection::Unknown);
    }
}
