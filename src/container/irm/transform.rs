//! `\x06Primary`: the description of a transform, and its license (MS-OFFCRYPTO 2.2.6).

use super::layout::{
    CLASS_WITHIN, COMPRESSION_CLASS, EXTENSIBILITY, LICENSE_AHEAD, LICENSE_HEAD_AHEAD,
    LONGEST_TEXT, PASSWORD_CLASS, RMS_CLASS, TRANSFORM_LENGTH,
};
use crate::bytes::{Buffer, Cursor, to_usize, utf16_lossy};
use crate::code::ErrorCode;
use crate::container::compound::{CompoundFile, DirectoryEntry, is_ascii_text};
use crate::container::sink::Sink;
use crate::error::{Error, Result};
use crate::kinds::Anomaly;
use crate::limits::Limit;
use crate::source::{Ahead, Extent, Window, part};

const STRUCTURE: &str = "IRMDSTransformInfo";

/// Kind of a transform, by the class GUID in its description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TransformClass {
    /// Encryption with a publishing license.
    Rms,
    /// Encryption with a password.
    Password,
    /// Compression.
    Compression,
    /// Unknown class.
    Other(String),
}

impl TransformClass {
    fn of(guid: &[u8]) -> TransformClass {
        let (units, _) = guid.as_chunks::<2>();
        let is = |class: &str| units.len() == class.len() && is_ascii_text(units, class);
        if is(RMS_CLASS) {
            TransformClass::Rms
        } else if is(PASSWORD_CLASS) {
            TransformClass::Password
        } else if is(COMPRESSION_CLASS) {
            TransformClass::Compression
        } else {
            TransformClass::Other(utf16_lossy(guid))
        }
    }
}

/// Description of a transform, read up to its class.
#[derive(Debug)]
pub(super) struct Transform {
    pub(super) primary: DirectoryEntry,
    /// The storage that contains it, if the trees contain it.
    pub(super) storage: Option<DirectoryEntry>,
    pub(super) class: TransformClass,
    /// Offset of the class GUID in the file.
    pub(super) class_at: Option<u64>,
    /// Offset of the length of the license in the stream, or the error that hides it.
    length_at: Result<u64>,
    /// Whether `TransformLength` or `TransformType` has an unusual value.
    is_odd: bool,
    /// Extents of the stream, and the error that ended its chain early.
    extents: Vec<Extent>,
    broken: Option<Error>,
}

/// Reads the description of the transform in the stream `primary`.
pub(super) fn examine(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &dyn Sink,
    primary: DirectoryEntry,
    storage: Option<DirectoryEntry>,
) -> Result<Transform> {
    let most = window.meter().allowed(Limit::LicenseBytes).saturating_add(8192);
    let mut extents = Vec::new();
    let broken = file.follow(window, &primary, primary.size.min(most), &mut extents).err();
    let first = extents.first().copied().unwrap_or(Extent { offset: primary.offset, len: 0 });
    let len = primary.size.min(CLASS_WITHIN);
    let mut pieces = Buffer::default();
    let bytes = if first.len >= len {
        let ahead = if sink.reads_whole_licenses() { LICENSE_AHEAD } else { LICENSE_HEAD_AHEAD };
        let ahead = to_usize(first.len.min(ahead)).unwrap_or(0);
        window.read(STRUCTURE, first.offset, to_usize(len).unwrap_or(0), Ahead::Bytes(ahead))?
    } else {
        append(window, part(&extents, 0, len), &mut pieces)?;
        pieces.as_slice()
    };
    let header = match parse(bytes, first.offset) {
        // The cause is the missing rest of the stream.
        Err(error) => return Err(broken.unwrap_or(error)),
        Ok(header) => header,
    };
    let class_at = part(&extents, header.class_at, 1).next().map(|extent| extent.offset);
    let TransformHeader { class, length_at, is_odd, .. } = header;
    Ok(Transform { primary, storage, class, class_at, length_at, is_odd, extents, broken })
}

/// Fields before the license.
struct TransformHeader {
    class: TransformClass,
    class_at: u64,
    length_at: Result<u64>,
    is_odd: bool,
}

/// Parses the fields. Fails if the class or a field before it is damaged.
fn parse(bytes: &[u8], offset: u64) -> Result<TransformHeader> {
    let mut cursor = Cursor::new(STRUCTURE, bytes, offset);
    let transform_len = cursor.u32_le("TransformLength")?;
    let transform_type = cursor.u32_le("TransformType")?;
    let class_at = cursor.offset().saturating_sub(offset).saturating_add(4);
    let class = TransformClass::of(text(&mut cursor, "TransformID")?);
    let is_odd = transform_len != TRANSFORM_LENGTH || transform_type != 1;
    let length_at = license_field(cursor).map(|at| at.saturating_sub(offset));
    Ok(TransformHeader { class, class_at, length_at, is_odd })
}

/// Returns the offset of the length of the license, after the fields that follow the class.
fn license_field(mut cursor: Cursor<'_>) -> Result<u64> {
    text(&mut cursor, "TransformName")?;
    cursor.skip(12, "ReaderVersion, UpdaterVersion, WriterVersion")?;
    let at = cursor.offset();
    let len = cursor.u32_le("ExtensibilityHeader")?;
    if EXTENSIBILITY.contains(&len) {
        Ok(at.saturating_add(u64::from(len)))
    } else {
        let detail = format!("ExtensibilityHeader has {len} bytes, .NET allows 4 to 4096");
        Err(Error::malformed(ErrorCode::MalformedTransformInfo, STRUCTURE, at, detail))
    }
}

/// Reads a UNICODE-LP-P4 (2.1.2): a length in bytes, UTF-16LE, zeros up to a multiple of four.
fn text<'a>(cursor: &mut Cursor<'a>, field: &'static str) -> Result<&'a [u8]> {
    let at = cursor.offset();
    let len = cursor.u32_le(field)?;
    let size = usize::try_from(len).unwrap_or(usize::MAX);
    if len > LONGEST_TEXT || size > cursor.rest().len() {
        let detail = format!("{field} has an invalid length of {len} bytes");
        return Err(Error::malformed(ErrorCode::MalformedTransformInfo, STRUCTURE, at, detail));
    }
    let text = cursor.take(size, field)?;
    let pad = size.next_multiple_of(4).saturating_sub(size).min(cursor.rest().len());
    cursor.skip(pad, field)?;
    Ok(text)
}

/// Location of the license of a transform.
pub(super) struct LocatedLicense {
    /// Extents of the bytes that the file contains; never empty.
    extents: Vec<Extent>,
    /// Offset in the stream at which the license ends.
    end: u64,
    /// An error if the file contains fewer bytes than the length field declares.
    whole: Result<()>,
}

/// Finds the license of a transform. Fails if the file contains no byte of it.
pub(super) fn find_license(
    transform: &Transform,
    window: &mut Window<'_>,
) -> Result<LocatedLicense> {
    let length_at = transform.length_at.clone()?;
    let mut field = Buffer::default();
    append(window, part(&transform.extents, length_at, 4), &mut field)?;
    let offset = part(&transform.extents, length_at, 1).next().map(|extent| extent.offset);
    let offset = offset.unwrap_or(transform.primary.offset);
    let len = match Cursor::new(STRUCTURE, field.as_slice(), offset).u32_le("XrMLLicense length") {
        Ok(len) => u64::from(len),
        Err(error) => return Err(transform.broken.clone().unwrap_or(error)),
    };
    if len == 0 {
        let detail = "XrMLLicense has no bytes";
        return Err(Error::malformed(ErrorCode::LicenseMissing, STRUCTURE, offset, detail));
    }
    let at = length_at.saturating_add(4);
    let extents: Vec<Extent> = part(&transform.extents, at, len).collect();
    let present = extents.iter().fold(0, |sum: u64, extent| sum.saturating_add(extent.len));
    let whole = if present < len {
        let detail = format!("XrMLLicense takes {len} bytes, {present} are present");
        let truncated = Error::truncated(STRUCTURE, offset, detail);
        Err(transform.broken.clone().unwrap_or(truncated))
    } else {
        Ok(())
    };
    match whole {
        Err(error) if present == 0 => Err(error),
        whole => Ok(LocatedLicense { extents, end: at.saturating_add(len), whole }),
    }
}

/// Reports the license, or the part of it that the file contains.
pub(super) fn deliver(
    transform: &Transform,
    license: &LocatedLicense,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<()> {
    if transform.is_odd {
        sink.anomaly(Anomaly::NonSpecLayout, transform.extents.first().map(|first| first.offset));
    }
    sink.license_at(window, &license.extents)?;
    license.whole.clone()?;
    let rest = transform.primary.size.saturating_sub(license.end);
    trailing(window, sink, part(&transform.extents, license.end, rest))
}

/// Reports other bytes than zeros after the license and its padding.
fn trailing(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    mut after: impl Iterator<Item = Extent>,
) -> Result<()> {
    let Some(first) = after.next() else { return Ok(()) };
    let len = after.fold(first.len, |sum, extent| sum.saturating_add(extent.len));
    if len <= 3 {
        return Ok(());
    }
    let len = to_usize(first.len.min(CLASS_WITHIN)).unwrap_or(0);
    let bytes = window.read(STRUCTURE, first.offset, len, Ahead::Nothing)?;
    if bytes.iter().any(|byte| *byte != 0) {
        sink.anomaly(Anomaly::TrailingData, Some(first.offset));
    }
    Ok(())
}

fn append(
    window: &mut Window<'_>,
    extents: impl Iterator<Item = Extent>,
    buffer: &mut Buffer,
) -> Result<()> {
    for extent in extents {
        window.append(
            STRUCTURE,
            extent.offset,
            to_usize(extent.len).unwrap_or(usize::MAX),
            buffer,
        )?;
    }
    Ok(())
}

/// Returns the `<certificatechain>` in a use license stream (2.2.11 and 2.2.12).
pub(super) fn use_license(bytes: &[u8], offset: u64) -> Result<&[u8]> {
    let mut cursor = Cursor::new("EndUserLicenseHeader", bytes, offset);
    let header = cursor.u32_le("Length")?;
    let id = usize::try_from(header).unwrap_or(usize::MAX).saturating_sub(4);
    cursor.skip(id, "ID_String")?;
    let len = cursor.u32_le("certificate chain length")?;
    cursor.take(usize::try_from(len).unwrap_or(usize::MAX), "certificate chain")
}
