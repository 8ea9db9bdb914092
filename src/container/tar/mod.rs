//! Tape archives (POSIX.1-2017 `pax`, GNU tar, and tar of Unix V7): headers of one block each,
//! followed by the stored bytes of the member.

mod header;
mod layout;
mod pax;
mod sparse;
mod sparse_map;

pub(crate) use self::header::{matches, matches_damaged, matches_moved};

use self::layout::{BLOCK, STRUCTURE, text};
use self::pax::Extended;
use self::sparse::SparseParts;
use self::sparse_map::SparseMap;
use crate::bytes::{to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::name::named;
use crate::container::sink::{Body, Member, Sink};
use crate::container::stored::stored;
use crate::error::{Error, Result};
use crate::kinds::Container;
use crate::limits::Limit;
use crate::source::{Ahead, Extent, Window};

/// Members that are reported before the first of them is read.
const BATCH: usize = 64;
/// Bytes of the largest extended header, or long name, that is read.
const MOST_EXTENDED: u64 = 1 << 20;
/// Bytes after the end that are checked at once.
const AFTER_END: usize = 65_536;

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    read_from(window, sink, 0)
}

/// Reads the members from the header at `position` on.
fn read_from(window: &mut Window<'_>, sink: &mut dyn Sink, mut position: u64) -> Result<()> {
    let mut named: usize = 0;
    let mut extended = Extended::default();
    loop {
        window.meter().charge(Limit::Steps, 1)?;
        let Some(mut header) = header::read(window, position)? else {
            return check_end(window, sink, position);
        };
        let mut data = position.saturating_add(BLOCK);
        if let Some(map) = &mut header.sparse {
            data = sparse::after_extents(window, data, map)?;
        }
        let size = extended.size.unwrap_or(header.size);
        let extent = Extent { offset: data, len: size };
        position = data;
        match header.kind {
            // Links, devices, directories and pipes have no data, even if their size is not zero.
            b'1'..=b'6' => extended = Extended::default(),
            b'x' | b'L' => {
                let bytes = extended_header(window, data, header.size)?;
                match header.kind {
                    b'x' => extended.add_records(bytes),
                    _ => extended.path = Some(text(bytes)),
                }
                position = padded(data, header.size);
            }
            // A long link target, or a header for all members, does not describe a member.
            b'K' | b'g' => position = padded(data, header.size),
            _ => {
                let Extended { path, sparse, sparse_name, .. } = std::mem::take(&mut extended);
                position = padded(data, size);
                let path = sparse_name.or(path).unwrap_or(header.name);
                let extent = within(window, extent);
                let is_named = match header.sparse.or(sparse) {
                    Some(map) => sparse_member(window, sink, path, extent, map)?,
                    None => stored(window, sink, path, extent)?,
                };
                named = named.saturating_add(usize::from(is_named));
                if window.known_len().is_some_and(|len| extent.end() > len) {
                    let (at, detail) = (window.len(), "the archive ends within it");
                    return Err(Error::truncated("tar member", at, detail));
                }
            }
        }
        if named >= BATCH {
            sink.continue_with(Box::new(move |window, sink| read_from(window, sink, position)));
            return Ok(());
        }
    }
}

/// Returns the data of an extended header, or of a long name, at `data`.
fn extended_header<'w>(window: &'w mut Window<'_>, data: u64, size: u64) -> Result<&'w [u8]> {
    if size > MOST_EXTENDED {
        // Without it the size of the next member may be unknown.
        let detail = "an extended header of more than 1 MiB";
        return Err(Error::unsupported(ErrorCode::ArchiveNotOpened, STRUCTURE, data, detail));
    }
    window.meter().charge(Limit::Steps, size.wrapping_shr(4))?;
    window.read(STRUCTURE, data, to_usize(size).unwrap_or_default(), Ahead::Nothing)
}

/// Returns the part of `extent` that the file contains.
fn within(window: &Window<'_>, extent: Extent) -> Extent {
    let left = window.known_len().map(|len| len.saturating_sub(extent.offset));
    Extent { len: left.map_or(extent.len, |left| extent.len.min(left)), ..extent }
}

/// Reports a sparse member, of which the archive stores the parts that `map` lists at `extent`.
/// Returns whether it was reported.
fn sparse_member(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    path: String,
    extent: Extent,
    map: SparseMap,
) -> Result<bool> {
    // A member without stored bytes has no protected content.
    if extent.len == 0 {
        return Ok(false);
    }
    let body = match sparse::parts(window, extent, map)? {
        Some(SparseParts { parts, size }) => Body::Sparse { parts, size },
        None => {
            let detail = "the map of a sparse member does not match its data";
            let error =
                Error::malformed(ErrorCode::MalformedTar, "tar member", extent.offset, detail);
            Body::Unopened { error, size: Some(extent.len) }
        }
    };
    sink.member(Member { name: named(path), body })?;
    Ok(true)
}

/// Returns the offset of the block after `len` bytes at `data`.
fn padded(data: u64, len: u64) -> u64 {
    data.saturating_add(len.checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX))
}

/// Checks that only padding follows the end. With an option, tar reads another archive after it.
fn check_end(window: &mut Window<'_>, sink: &mut dyn Sink, mut at: u64) -> Result<()> {
    loop {
        let piece = window.up_to(at, AFTER_END)?;
        let len = to_u64(piece.len());
        let nonzero = piece.iter().position(|byte| *byte != 0);
        window.meter().charge(Limit::Steps, len.wrapping_shr(4).max(1))?;
        if let Some(nonzero) = nonzero {
            let (at, detail) = (at.saturating_add(to_u64(nonzero)), "other data follows its end");
            sink.incomplete(Error::unsupported(ErrorCode::ArchiveNotOpened, "tar", at, detail));
            return Ok(());
        }
        if len < to_u64(AFTER_END) {
            let end = at.saturating_add(len);
            if end.checked_rem(BLOCK) != Some(0) {
                // Bytes are missing or were inserted, and members may have moved.
                let detail = "the archive does not end with a block";
                sink.incomplete(Error::malformed(ErrorCode::MalformedTar, "tar", end, detail));
            }
            return Ok(());
        }
        at = at.saturating_add(len);
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests;
