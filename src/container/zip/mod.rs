//! ZIP archives (APPNOTE.TXT), and Office packages in them (ECMA-376 part 2).
//!
//! Names with the UTF-8 bit, and those that are UTF-8 without it, are taken as such; all others as
//! code page 437, the only other one that the format has.

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
use member::{BATCH, HEAD, label_part, report_member};
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
use crate::source::{Extent, Window};

const CENTRAL_SIGNATURE: [u8; 4] = CENTRAL.to_le_bytes();
/// Bytes behind an archive that can be a protected file.
const LEAST_APPENDED: u64 = 64;

pub(crate) fn matches(head: &[u8]) -> bool {
    head.starts_with(b"PK") && begins(head)
}

fn begins(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"PK00").unwrap_or(head);
    let head = head.strip_prefix(b"PK\x07\x08").unwrap_or(head);
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// The directory of an archive that has members, if there is such. Damage says that there is none; a
/// limit says nothing.
fn filled(window: &mut Window<'_>, search: EndSearch) -> Result<Option<Directory>> {
    match Directory::find(window, search) {
        Ok(found) => Ok(found.filter(|directory| directory.entries > 0)),
        Err(error) if matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Unsupported) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Reads the archive that ends a program which unpacks it, and says whether there is one.
pub(crate) fn read_near_end(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<bool> {
    let Some(directory) = filled(window, EndSearch::Near)? else { return Ok(false) };
    sink.container(Container::Zip);
    ArchiveReader::new(directory, Selection::Members).go_on(window, sink)?;
    Ok(true)
}

/// Bytes in which an archive begins that has something before it.
const PREFIX: usize = 4096;

/// Returns whether a local header is located behind something of no known format. Most programs open
/// such an archive, because they begin at its end.
pub(crate) fn matches_prefixed(head: &[u8]) -> bool {
    let begin = head.get(..PREFIX.min(head.len())).unwrap_or_default();
    memchr::memmem::find(begin, &LOCAL.to_le_bytes()).is_some()
}

/// Returns whether the head is a local header whose signature is damaged.
pub(crate) fn matches_damaged(head: &[u8]) -> bool {
    is_shaped_like_local(head)
}

/// Whether a binary head contains a whole local header: signature, fields and name.
fn has_local_header(head: &[u8]) -> bool {
    let mut headers = memchr::memmem::find_iter(head, b"PK\x03\x04");
    is_binary(head) && headers.any(|at| head.get(at..).is_some_and(is_shaped_like_local))
}

/// Whether the fields of a local header stand where they would, whatever its signature is.
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
            // The last volume has whole members too.
            sink.container(Container::Zip);
            return scan::scan(window, sink, error);
        }
        Err(error) => return Err(error),
    };
    sink.container(Container::Zip);
    sink.anomaly(Anomaly::NonSpecLayout, Some(0));
    ArchiveReader::new(directory, Selection::Members).go_on(window, sink)
}

/// Whether an archive ends the member, whatever begins it.
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

/// Whether a member that is stored as it is begins at `at`, and the directory in `tail` lists it. The
/// member may be the first one of an archive that is stored in this one.
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
        // Its record is that of an archive which begins with its header.
        at = header;
    }
    false
}

/// Returns where the local header of the stored member is whose data begin at `at`.
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
        // An empty directory behind members is no answer.
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
    // Behind another archive, the head is not that of the one with the directory.
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
        true => Selection::Others,
        false => Selection::Members,
    };
    appended(window, sink, directory.behind)?;
    ArchiveReader::new(directory, selection).go_on(window, sink)
}

/// Names the file that follows the archive, if one does. No program unpacks it, but who cuts the
/// archive off has it.
fn appended(window: &mut Window<'_>, sink: &mut dyn Sink, at: u64) -> Result<()> {
    let len = window.len().saturating_sub(at);
    if len < LEAST_APPENDED {
        return Ok(());
    }
    let head = window.up_to(at, to_usize(HEAD).unwrap_or_default())?;
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
    Others,
    /// All members of an Office document, and the labels.
    Everything,
}

/// How far an archive is read.
struct ArchiveReader {
    directory: Directory,
    selection: Selection,
    position: u64,
    entries: u64,
    /// Bytes that the members until now take in the archive; together they cannot take more than
    /// it has, unless they lie over each other.
    claimed: u64,
    /// What they leave between them.
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

    /// Names the next members.
    fn go_on(mut self, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
        let mut named: usize = 0;
        // Each record's name in turn.
        let mut name = Vec::new();
        // What was read ahead is gone where members were read since.
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
                let detail = "its members lie over each other";
                return Err(malformed("CentralDirectory", self.position, detail));
            }
            if self.selection != Selection::Members {
                label_part(window, sink, &self.directory, entry)?;
            }
            let is_wanted = self.selection != Selection::Others || !is_part(entry.name);
            if is_wanted {
                let start = self.directory.base.saturating_add(entry.header);
                let least = to_u64(entry.name.len()).saturating_add(entry.packed);
                let least = start.saturating_add(LOCAL_LEN).saturating_add(least);
                let (is_named, end) =
                    report_member(window, sink, &self.directory, entry, &mut members)?;
                members.end = end.unwrap_or(least);
                // Where not all members are looked at, what they leave between them is unknown.
                if self.selection != Selection::Others {
                    self.gaps.claim(window, start, members.end)?;
                }
                named = named.saturating_add(usize::from(is_named));
            }
            if named >= BATCH {
                sink.continue_with(Box::new(move |window, sink| self.go_on(window, sink)));
                return Ok(());
            }
        }
        if self.selection != Selection::Others {
            self.gaps.close(window)?;
            // They are named behind all others, and what is wrong with the directory is said then.
            if self.gaps.name(window, sink, BATCH)? {
                sink.continue_with(Box::new(move |window, sink| self.go_on(window, sink)));
                return Ok(());
            }
        }
        let promised = self.directory.entries;
        let found = if self.directory.is_zip64 { self.entries } else { self.entries & 0xFFFF };
        if found == promised || !self.directory.is_zip64 && self.entries == promised {
            return Ok(());
        }
        let detail = "it has not as many records as its end says";
        Err(malformed("CentralDirectory", self.directory.start, detail))
    }
}
