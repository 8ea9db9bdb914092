//! Mailboxes: consecutive messages (RFC 4155).

use std::cell::RefCell;
use std::rc::Rc;

use super::boundary_scanner::{Until, from_line, is_from_line};
use super::eml;
use super::header::CHUNK;
use super::lines::is_dated;
use super::mime::{MimeMessage, MimePart};
use crate::bytes::to_u64;
use crate::container::name::Name;
use crate::container::sink::{Body, Member, Sink};
use crate::error::{Error, Result};
use crate::kinds::{Anomaly, Container};
use crate::source::Window;

/// Bytes after which the budgets of a member are reset, because a mailbox has no maximum size.
const STRETCH: u64 = 16 << 20;
/// Empty lines between a separator line and a header that are skipped.
const MAX_EMPTY: usize = 16;

/// Returns whether `head` begins with a separator line, after a byte order mark and empty lines. A
/// program that quotes such lines may have quoted the first one too.
pub(crate) fn matches(head: &[u8]) -> bool {
    let head = eml::begin(head);
    let line = head.strip_prefix(b">").unwrap_or(head);
    let Some((words, next)) = from_line(line) else { return false };
    is_from_line(line)
        || is_dated(words)
        || eml::matches(next) && eml::name_at_start(next).is_some()
}

/// Returns the offset of the first separator line after lines that are not a message. It has a
/// date, and a message follows it.
fn later(head: &[u8]) -> Option<usize> {
    let is_separator = |start: &usize| {
        let line = head.get(*start..).unwrap_or_default();
        from_line(line).is_some_and(|(words, next)| is_dated(words) && eml::matches(next))
    };
    let mut lines = memchr::memmem::find_iter(head, b"\nFrom ").map(|at| at.saturating_add(1));
    lines.find(is_separator)
}

/// Returns whether a mailbox begins after other lines of the head.
pub(crate) fn matches_later(head: &[u8]) -> bool {
    later(head).is_some()
}

/// Reads what [`matches_later`] recognizes.
pub(crate) fn read_later(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let start = to_u64(later(window.head()?).unwrap_or_default());
    read_from(start, sink)
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let head = window.head()?;
    let start = to_u64(head.len().saturating_sub(eml::begin(head).len()));
    read_from(start, sink)
}

fn read_from(start: u64, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Mbox);
    sink.continue_forward(Box::new(move |window, sink| read_on(window, sink, start, 0)));
    Ok(())
}

/// Reads a message, and those that follow it if it is the first one of a mailbox.
pub(crate) fn read_message(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    eml::read(window, sink, |window, sink, position| read_on(window, sink, position, 1))
}

/// Reads a message that only the rest of its header identifies, and those that follow it.
pub(crate) fn read_long_message(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    eml::read_long(window, sink, |window, sink, position| read_on(window, sink, position, 1))
}

/// Continues at the separator line at `position`, which message `count` precedes.
fn read_on(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    mut position: u64,
    mut count: u64,
) -> Result<()> {
    let stop = position.saturating_add(STRETCH);
    let mut message = MimeMessage::new(position, Until::NextMessage, sink.recognizer());
    while let Some(start) = after_separator(window, position)? {
        count = count.saturating_add(1);
        message.restart(start);
        if let Some(met) = first_known(&mut message, window)? {
            let message = Rc::new(RefCell::new(message));
            let inside = Rc::clone(&message);
            let read = move |window: &mut Window<'_>, sink: &mut dyn Sink| {
                sink.container(Container::Eml);
                eml::read_on(window, sink, met?, inside, None)
            };
            let name = Name::Numbered("message", count);
            sink.member(Member { name, body: Body::Deferred(Box::new(read)) })?;
            sink.continue_with(Box::new(move |window, sink| {
                let mut message = message.borrow_mut();
                message.skip(window)?;
                read_on(window, sink, message.position, count)
            }));
            return Ok(());
        }
        if message.is_unterminated {
            sink.anomaly(Anomaly::UnterminatedMultipart, Some(message.position));
        }
        position = message.position;
        if position >= stop {
            sink.continue_with(Box::new(move |window, sink| {
                read_on(window, sink, position, count)
            }));
            return Ok(());
        }
    }
    Ok(())
}

/// Returns the reason for which the message is inspected: its first part that has to be opened, or
/// damage. Returns `None` if there is no reason; the message is then read to its end.
fn first_known(
    message: &mut MimeMessage,
    window: &mut Window<'_>,
) -> Result<Option<Result<Option<MimePart>, Error>>> {
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

/// Returns the offset after the separator line at `position` and the empty lines that follow it;
/// `None` if no line ends there.
fn after_separator(window: &mut Window<'_>, position: u64) -> Result<Option<u64>> {
    let lines = window.read_forward(position, 4096, CHUNK)?;
    let mut lines = lines.split_inclusive(|byte| *byte == b'\n');
    let Some(separator) = lines.next().filter(|line| line.ends_with(b"\n")) else {
        return Ok(None);
    };
    let empty = lines.take(MAX_EMPTY).take_while(|line| matches!(line, [b'\n'] | [b'\r', b'\n']));
    let len = empty.fold(separator.len(), |len, line| len.saturating_add(line.len()));
    Ok(Some(position.saturating_add(to_u64(len))))
}
