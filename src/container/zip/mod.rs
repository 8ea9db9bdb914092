//! ZIP archives (APPNOTE.TXT), and Office packages in them (ECMA-376 part 2).
//!
//! Names with the UTF-8 bit and names that are valid UTF-8 are decoded as UTF-8, all others as code
//! page 437.

mod class_file;
mod directory;

mod layout;
mod member;
mod office;
mod read_ahead;
mod scan;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
pub(crate) mod tests;
mod unlisted;

use directory::{Directory, EndSearch, central, local, malformed, split};
pub(crate) use layout::END_SIGNATURE;
use layout::{CENTRAL, CENTRAL_FIXED, DEFLATED, LOCAL, LOCAL_LEN, SPLIT, STORED};
use member::{BATCH, label_part, report_member};
use office::{begins_as_office, is_office, is_part};

use read_ahead::ReadAhead;
use unlisted::Gaps;

use crate::bytes::{to_u64, to_usize};
use crate::container::binary::is_binary;
use crate::container::name::Name;
use crate::container::sink::{Body, Member, Sink};
use crate::container::{pdf, stored};
use crate::error::{Error, ErrorKind, Result};
use crate::kinds::{Anomaly, Container};
use crate::limits::Limit;
use crate::source::{Extent, HEAD, Window};

const CENTRAL_SIGNATURE: [u8; 4] = CENTRAL.to_le_bytes();
/// Minimum number of bytes after an archive that can be a protected file.
const LEAST_APPENDED: u64 = 64;

pub(crate) fn matches(head: &[u8]) -> bool {
    head.starts_with(b"PK") && begins(head)
}

fn begins(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"PK00").unwrap_or(head);
    let head = head.strip_prefix(b"PK\x07\x08").unwrap_or(head);
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// Returns the directory of an archive, if there is one and it has members. Damage counts as no
/// archive.
fn filled(window: &mut Window<'_>, search: EndSearch) -> Result<Option<Directory>> {
    match Directory::find(window, search) {
        Ok(found) => Ok(found.filter(|directory| directory.entries > 0)),
        Err(error) if matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Unsupported) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Reads the archive at the end of a self-extracting program. Returns whether there is one.
pub(crate) fn read_near_end(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<bool> {
    let Some(directory) = filled(window, EndSearch::Near)? else { return Ok(false) };
    sink.container(Container::Zip);
    ArchiveReader::new(directory, Selection::Members).read_on(window, sink)?;
    Ok(true)
}

/// Bytes of a head that are searched for the beginning of an archive after a prefix.
const PREFIX: usize = 4096;

/// Returns whether a local header follows bytes of no known format. Most programs open such an
/// archive, because they read it from its end.
pub(crate) fn matches_prefixed(head: &[u8]) -> bool {
    let begin = head.get(..PREFIX.min(head.len())).unwrap_or_default();
    memchr::memmem::find(begin, &LOCAL.to_le_bytes()).is_some()
}

/// Returns whether the head is a local header whose signature is damaged.
pub(crate) fn matches_damaged(head: &[u8]) -> bool {
    is_shaped_like_local(head)
}

/// Returns whether a binary head contains a whole local header: signature, fields and name.
fn has_local_header(head: &[u8]) -> bool {
    let mut headers = memchr::memmem::find_iter(head, b"PK\x03\x04");
    is_binary(head) && headers.any(|at| head.get(at..).is_some_and(is_shaped_like_local))
}

/// Returns whether `head` begins with the fields of a local header, after any signature.
fn is_shaped_like_local(head: &[u8]) -> bool {
    let field = |at: usize| {
        let bytes = head.get(at..).and_then(|rest| rest.first_chunk());
        bytes.map_or(u16::MAX, |bytes| u16::from_le_bytes(*bytes))
    };
    let name_at = to_usize(LOCAL_LEN).unwrap_or_default();
    let name = head.get(name_at..).and_then(|rest| rest.get(..usize::from(field(26))));
    let is_name = |name: &[u8]| !name.is_empty() && !name.iter().any(u8::is_ascii_control);
    (10..=63).contains(&field(4))
        && matches!(field(8), STORED | DEFLATED)
        && name.is_some_and(is_name)
}

/// Reads the archive that ends a file whose head is of no known format.
///
/// # Errors
/// An end record whose comment ends the file has no directory.
pub(crate) fn read_prefixed(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    let directory = match Directory::find(window, EndSearch::AfterPrefix) {
        Ok(Some(directory)) if directory.entries > 0 => directory,
        Ok(None) if has_local_header(window.head()?) => {
            sink.container(Container::Zip);
            let detail = "no end of central directory record";
            return scan::scan(window, sink, Error::truncated("zip", window.len(), detail));
        }
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            // The last volume can contain whole members.
            sink.container(Container::Zip);
            return scan::scan(window, sink, error);
        }
        Err(error) => return Err(error),
    };
    sink.container(Container::Zip);
    sink.anomaly(Anomaly::NonSpecLayout, Some(0));
    ArchiveReader::new(directory, Selection::Members).read_on(window, sink)
}

/// Returns whether an archive ends the member.
pub(crate) fn ends(window: &mut Window<'_>) -> Result<bool> {
    filled(window, EndSearch::Tail).map(|found| found.is_some())
}

/// Reads the archive that ends the member.
pub(crate) fn read_at_end(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Zip);
    let directory = Directory::locate(window, EndSearch::Tail)?;
    let is_package = is_office(window, &directory)?;
    sink.container(if is_package { Container::Ooxml } else { Container::Zip });
    read_members(window, sink, directory, is_package)
}

/// Returns whether a stored member begins at `at` and the directory in `tail` lists it. The member
/// may be the first one of an archive that is stored in this one.
pub(crate) fn lists_stored(head: &[u8], mut at: usize, tail: &[u8]) -> bool {
    while let Some(header) = stored_header(head, at) {
        let lists = |header: usize| {
            let offset = u32::try_from(header).unwrap_or(u32::MAX).to_le_bytes();
            let mut records = memchr::memmem::find_iter(tail, &CENTRAL_SIGNATURE);
            records.any(|record| {
                let found = tail.get(record.saturating_add(42)..);
                found.is_some_and(|found| found.starts_with(&offset))
            })
        };
        if lists(header) {
            return true;
        }
        if !lists(0) {
            return false;
        }
        // The record is that of an inner archive, which begins with this header.
        at = header;
    }
    false
}

/// Returns the offset of the local header of the stored member whose data begin at `at`.
fn stored_header(head: &[u8], at: usize) -> Option<usize> {
    let before = head.get(..at)?;
    let header = memchr::memmem::rfind(before, &LOCAL.to_le_bytes())?;
    let field = |at: usize| {
        let bytes = before.get(header.checked_add(at)?..)?.first_chunk()?;
        Some(usize::from(u16::from_le_bytes(*bytes)))
    };
    let (method, name, extra) = (field(8)?, field(26)?, field(28)?);
    let begins = header.checked_add(to_usize(LOCAL_LEN)?)?.checked_add(name)?.checked_add(extra)?;
    (method == usize::from(STORED) && begins == at).then_some(header)
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Zip);
    let mut is_package = begins_as_office(window.head()?);
    if is_package {
        sink.container(Container::Ooxml);
    }
    let is_split = window.head()?.starts_with(SPLIT);
    let first = local(window, 0, |_| ());
    let search = if is_package { EndSearch::Package } else { EndSearch::Comment };
    let directory = match Directory::locate(window, search) {
        // An empty directory after members is damaged.
        Ok(directory) if directory.entries == 0 && first.is_ok() => {
            let error = malformed("EndOfCentralDirectory", directory.end, "it lists no member");
            return scan::scan(window, sink, error);
        }
        Ok(directory) => directory,
        Err(error) if error.ends_file() => return Err(error),
        // Only the last volume has the directory.
        Err(_) if is_split => return scan::scan(window, sink, split(0)),
        Err(error) => return scan::scan(window, sink, error),
    };
    // After another archive, the head does not belong to the archive with the directory.
    if !is_package || directory.base > 0 {
        is_package = is_office(window, &directory)?;
    }
    sink.container(if is_package { Container::Ooxml } else { Container::Zip });
    if directory.base > 0 && first.is_ok() {
        // Two archives follow each other. Programs that read from the front extract the first one.
        sink.anomaly(Anomaly::Polyglot, Some(directory.base));
        let body = Body::Stored(vec![Extent { offset: 0, len: directory.base }]);
        sink.member(Member { name: Name::Unnamed("zip"), body })?;
    }
    read_members(window, sink, directory, is_package)
}

fn read_members(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    directory: Directory,
    is_package: bool,
) -> Result<()> {
    let selection = match is_package {
        true if sink.options().deep => Selection::Everything,
        true => Selection::Attachments,
        false => Selection::Members,
    };
    appended(window, sink, directory.archive_end)?;
    ArchiveReader::new(directory, selection).read_on(window, sink)
}

/// Reports a file that follows the archive. No program extracts it, but it is intact once the
/// archive is removed.
fn appended(window: &mut Window<'_>, sink: &mut dyn Sink, at: u64) -> Result<()> {
    let len = window.len().saturating_sub(at);
    if len < LEAST_APPENDED {
        return Ok(());
    }
    let head = window.up_to(at, HEAD)?;
    if !sink.recognizer().begins_file(head) && pdf::header_at(head) != Some(0) {
        return Ok(());
    }
    stored::rest(window, sink, "appended", at, Anomaly::TrailingData)
}

/// Members of an archive that are inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Selection {
    /// All members of an archive.
    Members,
    /// The members of an Office document that are not parts of it, and the labels.
    Attachments,
    /// All members of an Office document, and the labels.
    Everything,
}

/// State of the reading of an archive.
struct ArchiveReader {
    directory: Directory,
    selection: Selection,
    position: u64,
    entries: u64,
    /// Sum of the packed members until now. It exceeds the size of the archive only if members
    /// overlap.
    claimed: u64,
    /// Gaps between the members.
    gaps: Gaps,
}

impl ArchiveReader {
    fn new(directory: Directory, selection: Selection) -> ArchiveReader {
        let gaps = Gaps::new(directory.base, directory.start);
        ArchiveReader {
            directory,
            selection,
            position: directory.start,
            entries: 0,
            claimed: 0,
            gaps,
        }
    }

    /// Reports the next members.
    fn read_on(mut self, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
        let mut named: usize = 0;
        // Name of the current record.
        let mut name = Vec::new();
        // Members that were read since may have displaced the bytes read ahead.
        let mut records = ReadAhead::new(self.position);
        let mut members = ReadAhead::default();
        while self.position < self.directory.end {
            let keep = |bytes: &[u8]| {
                name.clear();
                #[allow(clippy::disallowed_methods)] // a name has 65,535 bytes at most
                name.extend_from_slice(bytes);
            };
            let ahead = records.ahead(window, self.position, CENTRAL_FIXED).unwrap_or_default();
            let Some((entry, next)) = central(window, self.position, ahead, keep)? else {
                break;
            };
            let entry = entry.called(name.as_slice());
            window.meter().charge(Limit::StepsTotal, 1)?;
            self.position = next;
            self.entries = self.entries.saturating_add(1);
            self.claimed = self.claimed.saturating_add(entry.packed).saturating_add(LOCAL_LEN);
            if self.claimed > window.len() {
                let detail = "its members overlap";
                return Err(malformed("CentralDirectory", self.position, detail));
            }
            if self.selection != Selection::Members {
                label_part(window, sink, &self.directory, entry)?;
            }
            let is_wanted = self.selection != Selection::Attachments || !is_part(entry.name);
            if is_wanted {
                let start = self.directory.base.saturating_add(entry.header);
                let least = to_u64(entry.name.len()).saturating_add(entry.packed);
                let least = start.saturating_add(LOCAL_LEN).saturating_add(least);
                let (is_named, end) =
                    report_member(window, sink, &self.directory, entry, &mut members)?;
                members.end = end.unwrap_or(least);
                // The ends of members that are not inspected are unknown, and so are the gaps.
                if self.selection != Selection::Attachments {
                    self.gaps.claim(window, start, members.end)?;
                }
                named = named.saturating_add(usize::from(is_named));
            }
            if named >= BATCH {
                sink.continue_with(Box::new(move |window, sink| self.read_on(window, sink)));
                return Ok(());
            }
        }
        if self.selection != Selection::Attachments {
            self.gaps.close(window)?;
            // Unlisted members follow all others; the check of the directory below follows them.
            if self.gaps.name(window, sink, BATCH)? {
                sink.continue_with(Box::new(move |window, sink| self.read_on(window, sink)));
                return Ok(());
            }
        }
        let promised = self.directory.entries;
        let found = if self.directory.is_zip64 { self.entries } else { self.entries & 0xFFFF };
        if found == promised || !self.directory.is_zip64 && self.entries == promised {
            return Ok(());
        }
        let detail = "its number of records differs from that in the end record";
        Err(malformed("CentralDirectory", self.directory.start, detail))
    }
}
