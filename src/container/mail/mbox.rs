//! Mailboxes: messages one after the other (RFC 4155).

use super::mime::{Message, Until, is_from_line};
use crate::bytes::wide;
use crate::container::{Body, Container, Member, Name, Sink};
use crate::error::Result;
use crate::source::{Extent, Window};

/// Messages that are named before the first of them is read.
const BATCH: usize = 16;
/// Bytes that are read before the budgets of a member begin anew: a mailbox has no end.
const STRETCH: u64 = 16 << 20;

pub(crate) fn matches(head: &[u8]) -> bool {
    is_from_line(head)
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Mbox);
    go_on(window, sink, 0, 0)
}

/// Reads on at the separator line at `position`, behind which the message after the `count`th is.
fn go_on(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    mut position: u64,
    mut count: u64,
) -> Result<()> {
    let stop = position.saturating_add(STRETCH);
    let mut named: usize = 0;
    while let Some(start) = behind_line(window, position)? {
        count = count.saturating_add(1);
        let (next, is_known) = message(window, start)?;
        if is_known {
            let extent = Extent { offset: start, len: next.saturating_sub(start) };
            let body = Body::Stored(vec![extent]);
            sink.member(Member { name: Name::Numbered("message", count), body })?;
            named = named.saturating_add(1);
        }
        position = next;
        if named >= BATCH || position >= stop {
            sink.rest(Box::new(move |window, sink| go_on(window, sink, position, count)));
            return Ok(());
        }
    }
    Ok(())
}

/// Where the message at `start` ends, and whether anything can come of one of its parts. One that
/// cannot be read is looked into too, so that it says so itself.
fn message(window: &mut Window<'_>, start: u64) -> Result<(u64, bool)> {
    let mut message = Message::new(start, Until::NextMessage);
    let mut is_known = false;
    loop {
        match message.next_part(window) {
            Ok(Some(part)) => is_known |= part.is_known,
            // What is damaged says so itself.
            Ok(None) => return Ok((message.position, is_known || message.damage.is_some())),
            Err(error) if error.ends_file() => return Err(error),
            Err(_) => {
                message.skip(window)?;
                return Ok((message.position, true));
            }
        }
    }
}

/// Where the line behind that at `position` begins, if there is one.
fn behind_line(window: &mut Window<'_>, position: u64) -> Result<Option<u64>> {
    let line = window.up_to(position, 4096)?;
    let len = memchr::memchr(b'\n', line).map(|at| at.saturating_add(1));
    Ok(len.map(|len| position.saturating_add(wide(len))))
}
