//! Members of an archive: location of their data, and whether they are opened.

use super::class_file::{CLASS_FILE_HEAD, is_class_file};
use super::directory::{Directory, ZipEntry, local, malformed};
use super::layout::{
    AES, CP437, CUSTOM_PROPERTIES, DEFLATED, DESCRIPTOR, ENCRYPTED, LABEL_INFO, LOCAL_LEN, MASKED,
    STORED, UTF8,
};
use super::read_ahead::ReadAhead;
use crate::bytes::{to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::label;
use crate::container::name::{Name, is_named_protected_in_bytes, not_as_named};
use crate::container::recognizer::Recognizer;
use crate::container::sink::{Body, Member, Sink};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Ahead, Encoding, Extent, HEAD, Window, decode_all, inflate_head};

/// Members that are reported before the first of them is read.
pub(super) const BATCH: usize = 64;
/// Steps of inflating the head of a member.
const HEAD_STEPS: u64 = 256;
/// Bytes of the extra field that most local headers do not exceed.
const USUAL_EXTRA: u64 = 64;
/// Bytes of a part with a label; real ones have some 2 KB.
const MAX_LABEL_PART: u64 = 1 << 20;

/// Reports a member unless its head rules it out. Returns whether it was reported, and the end of
/// the member if it is known.
pub(super) fn report_member(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    directory: &Directory,
    entry: ZipEntry<&[u8]>,
    members: &mut ReadAhead,
) -> Result<(bool, Option<u64>)> {
    if entry.packed == 0 {
        match is_empty(window, directory, entry, members) {
            Ok(true) => {}
            Ok(false) => {
                let detail = "a member is empty by the directory only";
                let header = directory.base.saturating_add(entry.header);
                sink.incomplete(malformed("LocalFileHeader", header, detail));
            }
            Err(error) if error.ends_file() => return Err(error),
            Err(error) => sink.incomplete(error),
        }
        return Ok((false, None));
    }
    if entry.flags & (ENCRYPTED | MASKED) != 0 || entry.method == AES {
        let error = Error::unsupported(
            ErrorCode::EncryptedMember,
            "zip member",
            directory.base.saturating_add(entry.header),
            "a password is needed",
        );
        let body = Body::Unopened { error, size: Some(entry.size) };
        sink.member(Member { name: name(entry.name, entry.flags), body })?;
        return Ok((true, None));
    }
    let located = locate(window, sink, directory, entry, members);
    let extent = match located {
        Ok(extent) => extent,
        Err(error) if error.ends_file() => return Err(error),
        Err(error) => {
            sink.incomplete(error);
            return Ok((false, None));
        }
    };
    match body(window, &entry, extent, sink.recognizer())? {
        Some(body) => {
            sink.member(Member { name: name(entry.name, entry.flags), body })?;
            Ok((true, Some(extent.end())))
        }
        None => {
            if is_named_protected_in_bytes(entry.name) {
                sink.incomplete(not_as_named());
            }
            Ok((false, Some(extent.end())))
        }
    }
}

/// Returns whether a member is empty in its local header too, which other readers may use instead
/// of the directory.
fn is_empty(
    window: &mut Window<'_>,
    directory: &Directory,
    entry: ZipEntry<&[u8]>,
    members: &mut ReadAhead,
) -> Result<bool> {
    let header = directory.base.saturating_add(entry.header);
    let len = LOCAL_LEN.saturating_add(to_u64(entry.name.len())).saturating_add(USUAL_EXTRA);
    members.prefetch(window, header, to_usize(len).unwrap_or_default(), 0)?;
    let (described, data) = local(window, header, <[u8]>::len)?;
    let agrees = entry.size == 0 && described.packed == 0 && described.size == 0;
    // The data follow the name.
    let agrees = agrees && described.name == entry.name.len();
    let follows = data >= directory.start || window.up_to(data, 2)? == b"PK";
    Ok(agrees && (described.flags & DESCRIPTOR == 0 || follows))
}

/// Returns the extent of the data of a member.
pub(super) fn locate(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    directory: &Directory,
    entry: ZipEntry<&[u8]>,
    members: &mut ReadAhead,
) -> Result<Extent> {
    let header = directory.base.saturating_add(entry.header);
    // The beginning of the data is needed next; one read takes both.
    let name = to_u64(entry.name.len()).saturating_add(USUAL_EXTRA);
    let both = LOCAL_LEN.saturating_add(name).saturating_add(entry.packed.min(to_u64(HEAD)));
    members.prefetch(window, header, to_usize(both).unwrap_or_default(), entry.packed)?;
    let (described, data) = local(window, header, <[u8]>::len)?;
    let is_moved = described.name != entry.name.len();
    let moved = is_moved.then_some("another length of the name than in the directory");
    // The data follow the name. If its length differs, their offset is unknown.
    if let Some(detail) = moved.or_else(|| entry.contradicts(&described)) {
        sink.incomplete(malformed("LocalFileHeader", header, detail));
    }
    let extent = Extent { offset: data, len: entry.packed };
    if extent.end() > window.len() {
        return Err(Error::truncated(
            "zip member",
            data,
            "the archive ends before the member does",
        ));
    }
    Ok(extent)
}

/// Returns how the member is opened; `None` if its head rules it out.
pub(super) fn body<N: AsRef<[u8]>>(
    window: &mut Window<'_>,
    entry: &ZipEntry<N>,
    extent: Extent,
    recognizer: Recognizer,
) -> Result<Option<Body>> {
    let is_wanted = |head: &[u8]| recognizer.is_worth_opening(entry.name.as_ref(), head);
    Ok(match entry.method {
        STORED => {
            let head = window.head_of_extent(extent)?;
            is_wanted(head).then(|| Body::Stored(vec![extent]))
        }
        DEFLATED => {
            window.meter().charge(Limit::Steps, HEAD_STEPS)?;
            let encoding = Encoding::Deflate;
            let packed = window.head_of_extent(extent)?;
            let are_enough = |head: &[u8]| is_class_file(entry.name.as_ref(), head);
            let head = inflate_head(packed, CLASS_FILE_HEAD, are_enough);
            let size = Some(entry.size);
            let body = Body::Encoded { extents: vec![extent], encoding, size };
            // A member that does not inflate is opened, so that the damage is reported.
            head.is_none_or(|head| is_wanted(&head)).then_some(body)
        }
        method => {
            let error = Error::unsupported(
                ErrorCode::ArchiveNotOpened,
                "zip member",
                extent.offset,
                format!("compressed by method {method}"),
            );
            Some(Body::Unopened { error, size: Some(entry.size) })
        }
    })
}

/// Reads the label if the member is a part that may have one.
pub(super) fn label_part(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    directory: &Directory,
    entry: ZipEntry<&[u8]>,
) -> Result<()> {
    let read = match entry.name {
        LABEL_INFO => label::label_info,
        CUSTOM_PROPERTIES => label::custom_properties,
        _ => return Ok(()),
    };
    if !sink.options().labels {
        return Ok(());
    }
    let extent = locate(window, sink, directory, entry, &mut ReadAhead::default())?;
    window.meter().check(Limit::Allocation, extent.len)?;
    let packed = window.read(
        "zip member",
        extent.offset,
        to_usize(extent.len).unwrap_or(usize::MAX),
        Ahead::Nothing,
    )?;
    let xml = match entry.method {
        STORED => packed.to_vec(),
        DEFLATED => decode_all(Encoding::Deflate, packed, MAX_LABEL_PART)?,
        _ => return Ok(()),
    };
    if let Some(found) = read(&xml, window.meter())? {
        sink.label(found);
    }
    Ok(())
}

/// Returns the name of a member for the record.
pub(super) fn name(name: &[u8], flags: u16) -> Name {
    if name.is_empty() {
        return Name::Unnamed("member");
    }
    Name::Named(match std::str::from_utf8(name) {
        Ok(name) => name.to_owned(),
        Err(_) if flags & UTF8 != 0 => crate::bytes::utf8_lossy(name).into_owned(),
        Err(_) => name.iter().map(|byte| cp437(*byte)).collect(),
    })
}

fn cp437(byte: u8) -> char {
    match byte.checked_sub(0x80) {
        Some(high) => CP437.chars().nth(usize::from(high)).unwrap_or(char::REPLACEMENT_CHARACTER),
        None => char::from(byte),
    }
}
