//! Archive without a readable directory: members are found by their local headers.

use super::directory::local;
use super::layout::{CENTRAL, DESCRIPTOR, ENCRYPTED, LOCAL};
use super::member::{BATCH, body, name};
use crate::bytes::to_u64;
use crate::container::sink::{Member, Sink};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Extent, Window};

/// Bytes that are searched at once for the next header.
const SEARCH: usize = 65_536;

/// Reports the members from the front on, and the loss of the directory, which may have contained
/// others.
pub(super) fn scan(window: &mut Window<'_>, sink: &mut dyn Sink, lost: Error) -> Result<()> {
    sink.incomplete(lost);
    read_on(window, sink, 0)
}

fn read_on(window: &mut Window<'_>, sink: &mut dyn Sink, from: u64) -> Result<()> {
    let mut position = next_header(window, from)?;
    let mut named: usize = 0;
    while let Some(offset) = position {
        let after = offset.saturating_add(4);
        let Ok((mut entry, data)) = local(window, offset, <[u8]>::to_vec) else {
            position = next_header(window, after)?;
            continue;
        };
        let sized = entry.flags & DESCRIPTOR == 0;
        let stop = data.saturating_add(entry.packed);
        let next = match sized && stop <= window.len() {
            true => next_header(window, stop)?,
            false => next_header(window, data)?,
        };
        let end = match sized && stop <= window.len() {
            true => stop,
            false => next.unwrap_or(window.len()),
        };
        entry.packed = end.saturating_sub(data);
        if !sized {
            entry.size = 0;
        }
        if entry.flags & ENCRYPTED == 0 && entry.packed > 0 {
            let extent = Extent { offset: data, len: entry.packed };
            if let Some(body) = body(window, &entry, extent, sink.recognizer())? {
                sink.member(Member { name: name(&entry.name, entry.flags), body })?;
                named = named.saturating_add(1);
            }
        }
        if let Some(next) = next.filter(|_| named >= BATCH) {
            sink.continue_with(Box::new(move |window, sink| read_on(window, sink, next)));
            return Ok(());
        }
        position = next;
    }
    Ok(())
}

/// Returns the next local header at or after `from`; `None` after the first record of a directory.
fn next_header(window: &mut Window<'_>, mut from: u64) -> Result<Option<u64>> {
    let local = LOCAL.to_le_bytes();
    let central = CENTRAL.to_le_bytes();
    loop {
        let chunk = window.up_to(from, SEARCH)?;
        let len = chunk.len();
        let found = memchr::memmem::find(chunk, b"PK").and_then(|mut at| {
            loop {
                let rest = chunk.get(at..)?;
                if rest.starts_with(&local) || rest.starts_with(&central) {
                    return Some((at, rest.starts_with(&local)));
                }
                let later = at.saturating_add(2);
                let next = memchr::memmem::find(chunk.get(later..)?, b"PK")?;
                at = later.saturating_add(next);
            }
        });
        window.meter().charge(Limit::Steps, to_u64(len))?;
        match found {
            Some((at, true)) => return Ok(Some(from.saturating_add(to_u64(at)))),
            Some((_, false)) => return Ok(None),
            None if len < SEARCH => return Ok(None),
            None => from = from.saturating_add(to_u64(len)).saturating_sub(3),
        }
    }
}
