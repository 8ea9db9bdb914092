//! Mailboxes: messages one after the other (RFC 4155).

use std::cell::RefCell;
use std::rc::Rc;

use super::content::{CHUNK, Until, is_from_line};
use super::eml;
use super::mime::{Message, Part};
use crate::bytes::wide;
use crate::container::{Body, Container, Member, Name, Sink};
use crate::error::{Error, Result};
use crate::source::Window;

/// Bytes that are read before the budgets of a member begin anew: a mailbox has no end.
const STRETCH: u64 = 16 << 20;

pub(crate) fn matches(head: &[u8]) -> bool {
    is_from_line(head)
}

pub(crate) fn read(_: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Mbox);
    sink.forward(Box::new(|window, sink| go_on(window, sink, 0, 0)));
    Ok(())
}

/// Reads on at the separator line at `position`, behind which the message after the `count`th is.
fn go_on(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    mut position: u64,
    mut count: u64,
) -> Result<()> {
    let stop = position.saturating_add(STRETCH);
    let mut message = Message::new(position, Until::NextMessage);
    while let Some(start) = behind_line(window, position)? {
        count = count.saturating_add(1);
        message.restart(start);
        if let Some(met) = first_known(&mut message, window)? {
            let message = Rc::new(RefCell::new(message));
            let inside = Rc::clone(&message);
            let read = move |window: &mut Window<'_>, sink: &mut dyn Sink| {
                sink.container(Container::Eml);
                eml::go_on(window, sink, met?, inside)
            };
            let name = Name::Numbered("message", count);
            sink.member(Member { name, body: Body::Inside(Box::new(read)) })?;
            sink.rest(Box::new(move |window, sink| {
                let mut message = message.borrow_mut();
                message.skip(window)?;
                go_on(window, sink, message.position, count)
            }));
            return Ok(());
        }
        position = message.position;
        if position >= stop {
            sink.rest(Box::new(move |window, sink| go_on(window, sink, position, count)));
            return Ok(());
        }
    }
    Ok(())
}

/// What makes the message one to be looked into: the first of its parts of which something can
/// come, if it is not damage. `None` where nothing does, and the message is read to its end.
fn first_known(
    message: &mut Message,
    window: &mut Window<'_>,
) -> Result<Option<Result<Option<Part>, Error>>> {
    loop {
        match message.next_part(window) {
            Ok(Some(part)) if part.is_known => return Ok(Some(Ok(Some(part)))),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(message.damage.is_some().then_some(Ok(None))),
            Err(error) if error.ends_file() => return Err(error),
            Err(error) => return Ok(Some(Err(error))),
        }
    }
}

/// Where the line behind that at `position` begins, if there is one.
fn behind_line(window: &mut Window<'_>, position: u64) -> Result<Option<u64>> {
    let line = window.on_the_way(position, 4096, CHUNK)?;
    let len = memchr::memchr(b'\n', line).map(|at| at.saturating_add(1));
    Ok(len.map(|len| position.saturating_add(wide(len))))
}
