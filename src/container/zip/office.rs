//! Office documents in ZIP packages (ECMA-376 part 2): recognition, and which members are parts of
//! the document, by their names.
//!
//! Relationships declare the parts, but each needs a read. The writers of
//! Office documents store parts in a few folders, with one of a few extensions. A member
//! with another name is examined like a member of an archive.

use super::directory::{Directory, central, local};
use super::layout::{
    CENTRAL_FIXED, DEFLATED, DESCRIPTOR, LOCAL, LOCAL_FIXED, MAIN_PARTS, MAIN_TYPES, RELATIONSHIPS,
    STORED,
};
use super::read_ahead::ReadAhead;
use crate::bytes::to_usize;
use crate::error::Result;
use crate::limits::Limit;
use crate::source::{Ahead, Encoding, Window, decode_all};

/// Maximum and minimum bytes of the relationships of a package. Real ones have about 700; a
/// namespace and one type take at least 200.
const MAX_RELATIONSHIPS: u64 = 65_536;
const LEAST_RELATIONSHIPS: u16 = 200;
/// Local headers of the head that are searched for those of a package.
const PACKAGE_BEGIN: usize = 8;
/// Records that are searched for the relationships of a package.
const PACKAGE_SEARCH: usize = 256;
/// Folders in which Office documents store their parts.
const FOLDERS: &[&[u8]] = &[
    b"_rels",
    b"_xmlsignatures",
    b"customUI",
    b"customXml",
    b"docMetadata",
    b"docProps",
    b"package",
    b"ppt",
    b"userCustomization",
    b"visio",
    b"word",
    b"xl",
];
/// Extensions of parts in them: markup, binary parts, images, fonts, sound and video.
const EXTENSIONS: &[&[u8]] = &[
    b"xml", b"rels", b"vml", b"bin", b"psmdcp", b"sigs", b"dat", b"data", b"png", b"jpg", b"jpeg",
    b"jpe", b"jfif", b"gif", b"bmp", b"dib", b"emf", b"wmf", b"emz", b"wmz", b"tif", b"tiff",
    b"svg", b"wdp", b"hdp", b"ico", b"pict", b"pct", b"webp", b"eps", b"glb", b"odttf", b"fntdata",
    b"ttf", b"mp3", b"mp4", b"m4a", b"m4v", b"wav", b"wma", b"wmv", b"avi", b"mov", b"mpg",
];
/// Folder of embedded files. These parts are inspected on demand only.
const EMBEDDED: &[u8] = b"embeddings";

/// Returns whether the first local headers are those of the relationships and a main part of an
/// Office package.
///
/// This saves the read of the relationships for most packages. If the head does not decide,
/// [`is_office`] does. Inflating the relationships here would not prevent evasion, because a
/// package that hides a file in a part can have the relationships of a document.
pub(super) fn begins_as_office(head: &[u8]) -> bool {
    let (mut is_package, mut has_main_part) = (false, false);
    let mut rest = head;
    for _ in 0..PACKAGE_BEGIN {
        let Some((fixed, after)) = rest.split_first_chunk::<LOCAL_FIXED>() else { return false };
        if !fixed.starts_with(&LOCAL.to_le_bytes()) {
            return false;
        }
        let field = |at: usize| {
            let bytes = fixed.get(at..).and_then(|field| field.first_chunk());
            bytes.map_or(0, |bytes| u16::from_le_bytes(*bytes))
        };
        let packed = u32::from(field(20)) << 16 | u32::from(field(18));
        let Some((name, after)) = after.split_at_checked(usize::from(field(26))) else {
            return false;
        };
        let data = after.get(usize::from(field(28))..).unwrap_or_default();
        is_package |= name == RELATIONSHIPS && (field(22) >= LEAST_RELATIONSHIPS || field(24) > 0);
        has_main_part |= MAIN_PARTS.contains(&name);
        if is_package && has_main_part {
            return true;
        }
        let next = if field(6) & DESCRIPTOR == 0 {
            to_usize(packed.into())
        } else {
            memchr::memmem::find(data, &LOCAL.to_le_bytes())
        };
        let Some(next) = next.and_then(|next| data.get(next..)) else { return false };
        rest = next;
    }
    false
}

fn names_main_part(xml: &[u8]) -> bool {
    MAIN_TYPES.iter().any(|kind| memchr::memmem::find(xml, kind).is_some())
}

/// Returns whether the archive is an Office document: its relationships name a main part. A package
/// of another kind (NuGet, VSIX, XPS, 3MF) is an archive, and the name of a member alone is not
/// proof.
pub(super) fn is_office(window: &mut Window<'_>, directory: &Directory) -> Result<bool> {
    match relationships(window, directory) {
        Ok(Some(xml)) => Ok(names_main_part(&xml)),
        Ok(None) => Ok(false),
        Err(error) if error.ends_file() => Err(error),
        // Without readable relationships all members are inspected.
        Err(_) => Ok(false),
    }
}

/// Returns the text of the relationships of a package, if they are among the first records.
fn relationships(window: &mut Window<'_>, directory: &Directory) -> Result<Option<Vec<u8>>> {
    let mut position = directory.start;
    let mut run = ReadAhead::new(position);
    for _ in 0..PACKAGE_SEARCH {
        if position >= directory.end {
            break;
        }
        let ahead = run.ahead(window, position, CENTRAL_FIXED).unwrap_or_default();
        let record = central(window, position, ahead, |name| name == RELATIONSHIPS)?;
        let Some((entry, next)) = record else { break };
        position = next;
        if !entry.name || entry.packed > MAX_RELATIONSHIPS {
            continue;
        }
        let (_, data) = local(window, directory.base.saturating_add(entry.header), |_| ())?;
        let len = to_usize(entry.packed).unwrap_or(usize::MAX);
        window.meter().charge(Limit::Steps, entry.packed)?;
        let packed = window.read("zip member", data, len, Ahead::Nothing)?;
        return match entry.method {
            STORED => Ok(Some(packed.to_vec())),
            DEFLATED => decode_all(Encoding::Deflate, packed, MAX_RELATIONSHIPS).map(Some),
            _ => Ok(None),
        };
    }
    Ok(None)
}

/// Returns whether a member of this name is a part of an Office document.
pub(super) fn is_part(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"/").unwrap_or(name);
    if name == b"[Content_Types].xml" {
        return true;
    }
    let mut segments = name.split(|byte| matches!(byte, b'/' | b'\\'));
    let is_folder = |segment: &[u8]| FOLDERS.iter().any(|it| segment.eq_ignore_ascii_case(it));
    if !segments.next().is_some_and(is_folder) {
        return false;
    }
    let is_embedded = segments.next().is_some_and(|it| it.eq_ignore_ascii_case(EMBEDDED));
    let extension = memchr::memrchr(b'.', name).and_then(|dot| name.get(dot.saturating_add(1)..));
    is_embedded
        || extension.is_some_and(|found| EXTENSIONS.iter().any(|it| found.eq_ignore_ascii_case(it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_is_recognized_by_folder_and_extension() {
        let cases: [(&str, bool); 14] = [
            ("[Content_Types].xml", true),
            ("_rels/.rels", true),
            ("/word/document.xml", true),
            ("word\\_rels\\document.xml.rels", true),
            ("xl/media/image1.PNG", true),
            ("ppt/embeddings/offer.xlsx", true),
            ("docMetadata/LabelInfo.xml", true),
            ("offer.docx", false),
            ("word/offer.docx", false),
            ("word/message", false),
            ("document.xml", false),
            ("attachments/image.png", false),
            ("wordy/document.xml", false),
            ("", false),
        ];
        for (name, expected) in cases {
            assert_eq!(is_part(name.as_bytes()), expected, "{name}");
        }
    }
}
