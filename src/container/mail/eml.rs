//! Internet messages (RFC 5322) with their attachments.

use std::cell::RefCell;
use std::rc::Rc;

use super::boundary_scanner::Until;
use super::header::CHUNK;
use super::lines::{is_known_field, is_possible_field};
use super::mime::{MimeMessage, MimePart};
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::container::label;
use crate::container::sink::Sink;
use crate::error::{Error, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::limits::Limit;
use crate::source::Window;

/// Lines without a field after which the search ends: text has at most one field in ten lines, and
/// no header has so many other lines.
const MOST_OTHERS: u32 = 8;

/// Returns whether `head` begins a message: more than two thirds of its first lines are fields that
/// only messages have.
///
/// The first line may be anything, such as a damaged or quoted separator of a mailbox. Only lines
/// decide: control characters may come from damage or from an attempt at evasion, and 8-bit text
/// contains every other byte.
pub(crate) fn matches(head: &[u8]) -> bool {
    let head = begin(head);
    let (mut known, mut others): (u32, u32) = (0, 0);
    let mut at: usize = 0;
    // The last line may be cut.
    let ends = memchr::memchr_iter(b'\n', head).map(Some).chain([None]);
    for end in ends {
        let line = head.get(at..).unwrap_or_default();
        match line {
            [] | [b'\n', ..] | [b'\r', b'\n', ..] => break,
            [b' ' | b'\t', ..] => {}
            _ => match name_at_start(line) {
                Some(name) => known = known.saturating_add(u32::from(is_known_field(name))),
                None if at == 0 || end.is_none() => {}
                None => others = others.saturating_add(1),
            },
        }
        if others >= MOST_OTHERS {
            break;
        }
        at = end.map_or(head.len(), |end| end.saturating_add(1));
    }
    known > others.saturating_mul(2)
}

/// Returns the text after a byte order mark and white space.
pub(crate) fn begin(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start()
}

/// Returns the name of the field that `text` begins with: `header::written_name` of its first line,
/// the end of which is not needed.
pub(super) fn name_at_start(text: &[u8]) -> Option<&[u8]> {
    let is_outside = |byte: &u8| !byte.is_ascii_graphic() || *byte == b':';
    let len = text.iter().position(is_outside)?;
    let (name, after) = text.split_at_checked(len)?;
    let colon = after.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | 0x0C));
    (!name.is_empty() && colon == Some(&b':')).then_some(name)
}

/// Bytes of a head that contains the beginning of a long header only. The head of a member in
/// base64 may have a quarter less than [`crate::source::head_of`] has room for.
const LONG: usize = 3000;
/// Bytes of a header in which a field is searched for that only messages have.
const MAX_HEADER: u64 = 16 << 20;

/// Returns whether `head` may be the beginning of a message whose first kilobytes contain no field
/// that only messages have: a header of which every line has the form of a field, and which does
/// not end in the head. [`read_long`] searches the rest of it.
pub(crate) fn matches_long(head: &[u8]) -> bool {
    if head.len() < LONG || name_at_start(begin(head)).is_none() {
        return false;
    }
    let mut fields: u32 = 0;
    let mut lines = begin(head).split_inclusive(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let is_cut = lines.peek().is_none() && !line.ends_with(b"\n");
        match name_at_start(line) {
            _ if matches!(line, [b' ' | b'\t', ..]) && fields > 0 => {}
            Some(name) if is_possible_field(name) => fields = fields.saturating_add(1),
            None if is_cut => {}
            Some(_) => return false,
            None => return false,
        }
    }
    fields > 0
}

/// Returns whether a field that only messages have precedes the first empty line; `None` if
/// [`MAX_HEADER`] bytes consist of other fields.
fn is_message(window: &mut Window<'_>) -> Result<Option<bool>> {
    let mut position: u64 = 0;
    let mut is_fresh = true;
    let mut others: u32 = 0;
    while position < MAX_HEADER {
        let chunk = window.read_forward(position, 4096, CHUNK)?;
        let is_last = chunk.len() < 4096;
        let mut used: usize = 0;
        for line in chunk.split_inclusive(|byte| *byte == b'\n') {
            let is_whole = line.ends_with(b"\n");
            if !is_whole && !is_last && used > 0 {
                break;
            }
            used = used.saturating_add(line.len());
            if is_fresh && name_at_start(line).is_some_and(is_known_field) {
                return Ok(Some(true));
            }
            let is_folded = matches!(line, [b' ' | b'\t', ..]);
            if is_fresh && is_whole && !is_folded && name_at_start(line).is_none() {
                others = others.saturating_add(1);
            }
            if others >= MOST_OTHERS {
                return Ok(Some(false));
            }
            if is_fresh && position > 0 && matches!(line, b"\n" | b"\r\n") {
                return Ok(Some(false));
            }
            is_fresh = is_whole;
        }
        if is_last {
            return Ok(Some(false));
        }
        position = position.saturating_add(to_u64(used));
        window.meter().charge(Limit::Steps, to_u64(used).wrapping_shr(3).max(1))?;
    }
    Ok((others > 0).then_some(false))
}

/// Reader of the messages that follow in a mailbox, from the offset of a separator line on.
pub(super) type FollowingMessages = fn(&mut Window<'_>, &mut dyn Sink, u64) -> Result<()>;

/// Reads a message. `following` reads the messages after it, if a separator line shows that the
/// message is the first one of a mailbox that lacks its first separator line.
pub(super) fn read(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    following: FollowingMessages,
) -> Result<()> {
    sink.container(Container::Eml);
    let head = window.head()?;
    let start = head.len().saturating_sub(begin(head).len());
    let mut message = MimeMessage::new(to_u64(start), Until::End, sink.recognizer());
    message.is_member = sink.is_member();
    sink.continue_forward(Box::new(move |window, sink| {
        read_on(window, sink, None, Rc::new(RefCell::new(message)), Some(following))
    }));
    Ok(())
}

/// Reads what [`matches_long`] recognizes.
pub(super) fn read_long(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    following: FollowingMessages,
) -> Result<()> {
    match is_message(window)? {
        Some(true) => read(window, sink, following),
        Some(false) => {
            sink.container(Container::Other);
            Ok(())
        }
        None => {
            sink.container(Container::Other);
            sink.protection(Protection::Unknown);
            let detail = "its first 16 MiB consist of fields, none of which only messages have";
            Err(Error::unsupported(ErrorCode::MailNotRead, "header", 0, detail))
        }
    }
}

/// Continues the message. `part` is the next part, if it is known already.
pub(super) fn read_on(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    mut part: Option<MimePart>,
    message: Rc<RefCell<MimeMessage>>,
    following: Option<FollowingMessages>,
) -> Result<()> {
    let mut state = message.borrow_mut();
    loop {
        let next = match part.take() {
            None => state.next_part(window)?,
            part => part,
        };
        if let Some(labels) = state.labels.take().filter(|_| sink.options().labels)
            && let Some(found) = label::mail_header(&labels)
        {
            sink.label(found);
        }
        match next {
            None => break,
            Some(part) if part.is_known => {
                sink.member(part.member)?;
                drop(state);
                sink.continue_with(Box::new(move |window, sink| {
                    read_on(window, sink, None, message, following)
                }));
                return Ok(());
            }
            Some(_) => {}
        }
    }
    if state.is_unterminated {
        sink.anomaly(Anomaly::UnterminatedMultipart, Some(state.position));
    }
    let damage = state.damage.take();
    match following.filter(|_| state.is_followed) {
        None => damage.map_or(Ok(()), Err),
        Some(following) => {
            if let Some(damage) = damage {
                sink.incomplete(damage);
            }
            following(window, sink, state.position)
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::container::mail::header::written_name;
    use proptest::prelude::*;

    /// Implements [`matches`] line by line.
    fn matches_plainly(head: &[u8]) -> bool {
        let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
        let (mut known, mut others) = (0_u32, 0_u32);
        for (number, line) in head.split_inclusive(|byte| *byte == b'\n').enumerate() {
            if matches!(line, b"\n" | b"\r\n") || others >= MOST_OTHERS {
                break;
            }
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                continue;
            }
            match written_name(line) {
                Some(name) => known += u32::from(is_known_field(name)),
                None if number > 0 && line.ends_with(b"\n") => others += 1,
                None => {}
            }
        }
        known > others * 2
    }

    const PARTS: [&str; 16] = [
        "From",
        "to",
        "Subject: x",
        "X-Odd: ",
        "word",
        ":",
        " ",
        "\t",
        "\n",
        "\r\n",
        "\nCc: a\n",
        "é",
        "\nnone\n",
        "\u{FEFF}",
        "Date :1\n",
        "\n\n",
    ];

    proptest! {
        #[test]
        fn message_is_recognized_by_its_lines(
            parts in proptest::collection::vec(proptest::sample::select(&PARTS[..]), 0..40),
        ) {
            let head = parts.concat();
            prop_assert_eq!(matches(head.as_bytes()), matches_plainly(head.as_bytes()));
        }

        #[test]
        fn field_name_without_line_end_is_read(text in "[aT:\\- \t\r\n\x0C\x7F]{0,12}") {
            let text = text.as_bytes();
            let end = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
            prop_assert_eq!(name_at_start(text), written_name(&text[..end]));
        }
    }

    const LETTER: &str = "Return-Path: <jo@contoso.example>\r\n\
        Received: from mail.contoso.example by mx.contoso.example with ESMTPS id 4F2; Mon, 1 Jun\r\n\
        From: Jo <jo@contoso.example>\r\nTo: all@contoso.example\r\n\
        Date: Mon, 1 Jun 2026 10:00:00 +0200\r\nSubject: The offer that you asked for\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"next\"\r\n\
        X-Mailer: one that has more to say than the others\r\n\r\n";

    #[test]
    fn partly_overwritten_message_is_recognized() {
        for len in [1, 7, 16] {
            for at in 0..LETTER.len() - len {
                let mut head = LETTER.as_bytes().to_vec();
                head[at..at + len].fill(0);
                assert!(matches(&head), "{len} bytes at {at}");
            }
        }
    }

    /// Text before the header, or over its beginning, counts as one line.
    #[test]
    fn message_with_control_characters_is_recognized() {
        let body = "Gr\u{fc}\u{df}e aus M\u{fc}nchen, \u{fb}ber alle Berge.\r\n".repeat(100);
        let body: Vec<u8> = body.chars().map(|letter| u8::try_from(letter).unwrap()).collect();
        let received = "Received: from a.contoso.example by b.contoso.example; Mon, 1 Jun\r\n";
        let header = [received.repeat(12).as_bytes(), LETTER.as_bytes()].concat();
        let letter = [header, body].concat();
        for len in [17, 64, 128, 512] {
            let mut overwritten = letter.clone();
            overwritten[..len].fill(0);
            assert!(matches(&overwritten), "{len} bytes overwritten");
            assert!(
                matches(&[vec![0; len], b"\n".to_vec(), letter.clone()].concat()),
                "{len} before"
            );
        }
        let field = format!("X-T: {}\u{1}\r\n", "abcd".repeat(11));
        let everywhere = ["From: a@b\u{1}\r\n", &field.repeat(60), "\r\n"].concat();
        assert!(matches(everywhere.as_bytes()), "in each line");
        let noise: Vec<u8> =
            (0..4096_u32).map(|n| (n.wrapping_mul(n) >> 3).to_le_bytes()[0]).collect();
        assert!(!matches(&noise));
    }
}
