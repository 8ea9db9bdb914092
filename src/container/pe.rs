//! Programs (`.exe`, PE and MS-DOS), some of which contain an archive that they unpack: a ZIP,
//! whose directory is at the end, or another archive immediately after the image.
//!
//! The first bytes of programs for DOS that unpack LHA and ARJ contain a magic.

use super::{stored, unsupported_archive, zip};
use crate::bytes::Cursor;
use crate::container::sink::Sink;
use crate::error::Result;
use crate::kinds::{Anomaly, Container};
use crate::source::{HEAD, Window};

/// `e_magic`, with which programs of MS-DOS and its successors begin.
const MAGIC: &[u8] = b"MZ";
/// Offset of the offset of the PE header (Microsoft PE Format, "Signature").
const PE_AT: u64 = 0x3C;
const SIGNATURE: &[u8] = b"PE\0\0";
/// Bytes of the signature and of the COFF file header.
const HEADER: usize = 24;
/// Bytes of a section header, and how many of them Windows loads.
const SECTION: usize = 40;
const SECTIONS: usize = 96;

pub(super) fn matches(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

pub(super) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    if zip::read_near_end(window, sink)? {
        return Ok(());
    }
    if let Some(name) = unsupported_archive::unpacker(window.head()?) {
        return unsupported_archive::not_opened(sink, 0, name);
    }
    let end = match image_end(window)? {
        None => dos_image_end(window)?,
        end => end,
    };
    let Some(end) = end else { return Ok(()) };
    if let Some((at, name)) = unsupported_archive::after_image(window, end)? {
        return unsupported_archive::not_opened(sink, at, name);
    }
    // Immediately after the image more formats are recognized than a few bytes later.
    let after = window.up_to(end, HEAD)?;
    if !after.is_empty() && sink.recognizer().begins_file(after) && !matches(after) {
        return stored::rest(window, sink, "appended", end, Anomaly::TrailingData);
    }
    Ok(())
}

/// Returns the end of the image of a program for DOS: `e_cblp` bytes in the last one of `e_cp`
/// pages of 512 bytes. Another header may follow it, which has its own image.
fn dos_image_end(window: &mut Window<'_>) -> Result<Option<u64>> {
    let Some([last_low, last_high, low, high]) = window.up_to(2, 4)?.first_chunk() else {
        return Ok(None);
    };
    let last = u64::from(u16::from_le_bytes([*last_low, *last_high]));
    let pages = u64::from(u16::from_le_bytes([*low, *high]));
    let unused = if last == 0 { 0 } else { 512_u64.saturating_sub(last) };
    Ok(pages.checked_mul(512).and_then(|end| end.checked_sub(unused)).filter(|end| *end > 0))
}

/// Returns the end of the image of a program for Windows: the end of its last section.
fn image_end(window: &mut Window<'_>) -> Result<Option<u64>> {
    let Some(at) = window.up_to(PE_AT, 4)?.first_chunk() else { return Ok(None) };
    let at = u64::from(u32::from_le_bytes(*at));
    let header = Cursor::new("COFF File Header", window.up_to(at, HEADER)?, at);
    // Other programs have no image.
    let Ok(Some(SectionTable { offset, sections })) = SectionTable::parse(header) else {
        return Ok(None);
    };
    let len = usize::from(sections).min(SECTIONS).saturating_mul(SECTION);
    let (sections, _) = window.up_to(offset, len)?.as_chunks::<SECTION>();
    let ends =
        sections.iter().map(|section| raw_data_end(Cursor::new("Section Header", section, 0)));
    Ok(ends.filter_map(Result::ok).max())
}

/// Offset of the section table, and the number of its headers.
struct SectionTable {
    offset: u64,
    sections: u16,
}

impl SectionTable {
    /// Parses "COFF File Header (Object and Image)" and the signature before it.
    fn parse(mut header: Cursor<'_>) -> Result<Option<SectionTable>> {
        let signature = header.take(SIGNATURE.len(), "Signature")?;
        header.skip(2, "Machine")?;
        let sections = header.u16_le("NumberOfSections")?;
        header.skip(12, "TimeDateStamp, PointerToSymbolTable, NumberOfSymbols")?;
        let optional = header.u16_le("SizeOfOptionalHeader")?;
        header.skip(2, "Characteristics")?;
        let offset = header.offset().saturating_add(u64::from(optional));
        Ok((signature == SIGNATURE).then_some(SectionTable { offset, sections }))
    }
}

/// Returns the end of the bytes of a section ("Section Table (Section Headers)").
fn raw_data_end(mut section: Cursor<'_>) -> Result<u64> {
    section.skip(16, "Name, VirtualSize, VirtualAddress")?;
    let size = section.u32_le("SizeOfRawData")?;
    let start = section.u32_le("PointerToRawData")?;
    Ok(u64::from(start).saturating_add(u64::from(size)))
}
