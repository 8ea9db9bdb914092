//! Objects that were put into a binary Office document or an OLE object (MS-OLEDS): the files among
//! them are inspected if all members are requested.

use crate::bytes::{Cursor, to_u64, to_usize, utf8_lossy};
use crate::code::ErrorCode;
use crate::container::compound::{CompoundFile, DirectoryEntry, EntryKind};
use crate::container::name::{Name, is_named_protected, not_as_named};
use crate::container::recognizer::Recognizer;
use crate::container::sink::{Body, Member, Sink, WAITING, report_damage};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{HEAD, Window, part};

/// Stream of a packaged file, MS-OLEDS 2.3.6. Microsoft has not published the format of its native
/// data.
const NATIVE: &str = "\u{1}Ole10Native";
/// Bytes of `NativeDataSize`.
const SIZE: usize = 4;
/// First bytes of the native data of the packager.
const FLAGS: [u8; 2] = [2, 0];
/// The kind of native data that holds the file itself, not a link to it.
const NATIVE_FILE: u16 = 3;
/// Least size of a protected file, and bytes by which every other stream is recognized.
const LEAST: u64 = 512;

/// Examines every stream: an object is recognized by its first bytes, in any storage.
pub(super) fn read(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<()> {
    let mut entries = file.entries();
    while let Some(entry) = entries.next(file, window)? {
        if entry.kind != EntryKind::Stream || entry.size < LEAST {
            continue;
        }
        let read = object(file, window, sink, &entry);
        report_damage(sink, read)?;
    }
    Ok(())
}

fn object(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    entry: &DirectoryEntry,
) -> Result<()> {
    if entry.is_named(NATIVE) {
        return native(file, window, sink, entry);
    }
    let head = file.read(window, entry, LEAST)?;
    if !sink.recognizer().is_firmly_known(&head) {
        return Ok(());
    }
    window.meter().charge(Limit::Allocation, WAITING)?;
    let body = Body::Stored(file.extents(window, entry)?);
    sink.member(Member { name: Name::Numbered("stream", u64::from(entry.id)), body })
}

/// Reads the file of a packager object that is the whole compound file: the root contains native
/// data and no document.
pub(super) fn read_package(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<()> {
    let root = file.root();
    let Some(entry) = file.child(window, &root, NATIVE)? else { return Ok(()) };
    let read = native(file, window, sink, &entry);
    report_damage(sink, read).map(drop)
}

/// Returns whether a stream that begins with `head` is native data of the packager: by its name, or
/// because its first field is the length of what follows it (MS-OLEDS 2.3.6).
pub(super) fn is_native(entry: &DirectoryEntry, head: &[u8]) -> bool {
    let len = head.first_chunk().map(|len| u64::from(u32::from_le_bytes(*len)));
    let is_len = len.is_some_and(|len| len.checked_add(to_u64(SIZE)) == Some(entry.size));
    let has_flags = head.get(SIZE..).is_some_and(|native| native.starts_with(&FLAGS));
    entry.is_named(NATIVE) || is_len && has_flags
}

/// Reports the file in native data of the packager.
pub(super) fn native(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    entry: &DirectoryEntry,
) -> Result<()> {
    let head = file.read(window, entry, to_u64(HEAD))?;
    let packed = match head.get(SIZE..).is_some_and(|native| native.starts_with(&FLAGS)) {
        true => PackagedFile::find(&head, entry.size, sink.recognizer())?,
        false => None,
    };
    // Other programs store their data there without the fields of the packager.
    let packed = packed.unwrap_or(PackagedFile { name: None, at: to_u64(SIZE), len: u64::MAX });
    let data = to_usize(packed.at).and_then(|at| head.get(at..)).unwrap_or_default();
    if !sink.recognizer().is_known(data) {
        return match packed.name {
            Some(name) if is_named_protected(&name) => Err(not_as_named()),
            _ => file.check_chain(window, entry),
        };
    }
    window.meter().charge(Limit::Allocation, WAITING)?;
    let extents = file.extents(window, entry)?;
    let body = Body::Stored(part(&extents, packed.at, packed.len).collect());
    let number = Name::Numbered("stream", u64::from(entry.id));
    sink.member(Member { name: packed.name.map_or(number, Name::Named), body })
}

/// File in the native data of the packager.
#[derive(Debug, PartialEq, Eq)]
struct PackagedFile {
    name: Option<String>,
    /// Offset of the file in the stream, and its size in bytes.
    at: u64,
    len: u64,
}

impl PackagedFile {
    /// Finds the file in a stream of `size` bytes that begins with `head`. Where the fields before
    /// it do not add up, the file is searched for after a length that fits into the stream. Fails
    /// if it is not found.
    fn find(head: &[u8], size: u64, recognizer: Recognizer) -> Result<Option<PackagedFile>> {
        let parsed = PackagedFile::parse(Cursor::new("OLENativeStream", head, 0));
        let error = match parsed {
            Ok(Some(packed)) if packed.at.saturating_add(packed.len) > size => {
                let detail = "the length of the file is more than the stream has";
                Error::malformed(ErrorCode::MalformedAttachment, "OLENativeStream", None, detail)
            }
            Ok(parsed) => return Ok(parsed),
            Err(error) => error.with_offset(None),
        };
        let found = head.windows(SIZE).enumerate().find_map(|(at, len)| {
            let len = len.first_chunk().map(|len| u64::from(u32::from_le_bytes(*len)))?;
            let begin = at.checked_add(SIZE)?;
            let fits = len > 0 && to_u64(begin).saturating_add(len) <= size;
            let is_file = fits && recognizer.is_firmly_known(head.get(begin..)?);
            is_file.then_some(PackagedFile { name: None, at: to_u64(begin), len })
        });
        found.map(Some).ok_or(error)
    }

    /// Parses the fields; `None` for a link to another file.
    fn parse(mut stream: Cursor<'_>) -> Result<Option<PackagedFile>> {
        stream.skip(SIZE, "NativeDataSize")?;
        stream.skip(FLAGS.len(), "flags")?;
        let label = stream.text("label")?;
        stream.text("path")?;
        stream.skip(2, "reserved")?;
        if stream.u16_le("kind")? != NATIVE_FILE {
            return Ok(None);
        }
        let path = stream.u32_le("length of the temporary path")?;
        stream.skip(usize::try_from(path).unwrap_or(usize::MAX), "temporary path")?;
        let len = u64::from(stream.u32_le("length of the file")?);
        let name = label.rsplit(|byte| *byte == b'\\').next().unwrap_or_default();
        let name = utf8_lossy(name).into_owned();
        let name = Some(name).filter(|name| !name.is_empty());
        Ok(Some(PackagedFile { name, at: stream.offset(), len }))
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests {
    use super::*;

    #[test]
    fn packaged_file_has_its_name_and_extent() {
        let stream = |kind: u8| {
            let lead = [0, 0, 0, 0, 2, 0];
            let names = b"C:\\deals\\offer.docx\0C:\\deals\\offer.docx\0\0\0";
            [&lead[..], names, &[kind, 0, 4, 0, 0, 0], b"tmp\0", &[9, 0, 0, 0], b"the bytes"]
                .concat()
        };
        let parse = |bytes: &[u8]| PackagedFile::parse(Cursor::new("OLENativeStream", bytes, 0));
        let bytes = stream(3);
        let packed = parse(&bytes).unwrap().unwrap();
        assert_eq!(packed.name.as_deref(), Some("offer.docx"));
        assert_eq!(&bytes[packed.at as usize..], b"the bytes");
        assert_eq!(packed.len, 9);
        assert_eq!(parse(&stream(1)).unwrap(), None);
        for cut in 0..bytes.len() - 9 {
            assert!(parse(&bytes[..cut]).is_err(), "{cut}");
        }
    }
}
