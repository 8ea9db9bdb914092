//! Internet messages (RFC 5322) with their attachments.

use std::cell::RefCell;
use std::rc::Rc;

use super::content::Until;
use super::mime::{Message, Part};
use crate::bytes::wide;
use crate::container::{Container, Sink, is_noise, label};
use crate::error::Result;
use crate::source::Window;

/// Fields by which a message is known. One is enough, if every line before it and behind it has the
/// shape of a field: what is no message and looks so has no parts either. More of them outweigh
/// lines that have not.
const KNOWN: &[&str] = &[
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "sender",
    "reply-to",
    "message-id",
    "received",
    "return-path",
    "delivered-to",
    "mime-version",
    "content-type",
    "content-class",
    "content-transfer-encoding",
    "dkim-signature",
    "arc-seal",
    "x-mailer",
    "x-originating-ip",
    "x-ms-has-attach",
    "x-mozilla-status",
];

/// Lines of no field behind which no more are looked at: a text has one field in ten lines at
/// most, and no header so many others.
const MOST_OTHERS: u32 = 8;

/// First bytes by which text is told from most of what is none.
const GLANCE: usize = 64;
/// Bytes in which control characters are counted; so many of noise have 27 of them.
const SAMPLE: usize = 320;
/// Where is looked again, behind sectors that may have been overwritten.
const BEHIND: usize = 2048;
/// As many of them as damage puts into a header; somebody may have overwritten a piece of it.
const MOST_CONTROLS: u8 = 16;

/// Whether it is a message: of its first lines, those that are fields outweigh those that are not.
///
/// One line of something else may stand first: the separator of a mailbox, damaged or quoted. Where
/// the first bytes have more control characters than damage to a header leaves there, and there are
/// some far behind too, it is a binary file, and not looked through for lines. They do not count if
/// an empty line is among the first: then they may be of a body that is binary.
pub(crate) fn matches(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    if head.first_chunk().is_some_and(is_noise::<GLANCE>) && is_binary(head) {
        return false;
    }
    let colon_from = |at: usize| {
        let colon = head.get(at..).and_then(|rest| memchr::memchr(b':', rest));
        colon.map(|colon| colon.saturating_add(at))
    };
    let (mut known, mut others): (u32, u32) = (0, 0);
    let mut at: usize = 0;
    let mut colon = colon_from(at);
    while at < head.len() && others < MOST_OTHERS {
        if colon.is_some_and(|colon| colon < at) {
            colon = colon_from(at);
        }
        if colon.is_none() && known <= others.saturating_mul(2) {
            // Nor are there more fields.
            return false;
        }
        let line = head.get(at..).unwrap_or_default();
        let end = memchr::memchr(b'\n', line).map(|end| end.saturating_add(at));
        // Of a line without a colon no more need be looked at.
        let has_colon = colon.is_some_and(|colon| end.is_none_or(|end| colon < end));
        match line {
            [b'\n', ..] | [b'\r', b'\n', ..] => break,
            [b' ' | b'\t', ..] => {}
            _ => match has_colon.then(|| name_at_start(line)).flatten() {
                Some(name) => known = known.saturating_add(u32::from(is_known_field(name))),
                None if at == 0 => {}
                // The last line may be cut.
                None if end.is_none() => {}
                None => others = others.saturating_add(1),
            },
        }
        at = end.map_or(head.len(), |end| end.saturating_add(1));
    }
    known > others.saturating_mul(2)
}

/// Whether a head, of whose first bytes nobody has told that they are no text, is not even that of a
/// message that was damaged.
fn is_binary(head: &[u8]) -> bool {
    let is_noise_behind =
        head.get(BEHIND..).and_then(<[u8]>::first_chunk).is_some_and(is_noise::<GLANCE>);
    is_noise_behind && head.first_chunk().is_some_and(is_no_header)
}

fn is_no_header(sample: &[u8; SAMPLE]) -> bool {
    let (halves, _) = sample.as_chunks::<160>();
    let controls = halves.iter().map(controls).fold(0, u8::saturating_add);
    controls > MOST_CONTROLS && !ends_header(sample)
}

/// How many control characters there are that no text has. Those of white space and the one that
/// begins a change of the character set do not count.
fn controls(bytes: &[u8; 160]) -> u8 {
    // Without a branch, because that is done for many at once. There are no more than 160.
    let is_control = |byte: &u8| (*byte < 0x1B) & (byte.wrapping_sub(b'\t') > 4);
    bytes.iter().fold(0, |count: u8, byte| count.wrapping_add(u8::from(is_control(byte))))
}

/// Whether an empty line stands in it.
fn ends_header(sample: &[u8; SAMPLE]) -> bool {
    let behind = |end: usize| sample.get(end.saturating_add(1));
    let mut ends = memchr::memchr_iter(b'\n', sample);
    ends.any(|end| matches!(behind(end), Some(b'\n' | b'\r')))
}

/// The name of the field that `text` begins with: `header::written_name` of its first line, whose
/// end need not be known for that.
fn name_at_start(text: &[u8]) -> Option<&[u8]> {
    let is_outside = |byte: &u8| !byte.is_ascii_graphic() || *byte == b':';
    let len = text.iter().position(is_outside)?;
    let (name, behind) = text.split_at_checked(len)?;
    let colon = behind.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | 0x0C));
    (!name.is_empty() && colon == Some(&b':')).then_some(name)
}

fn is_known_field(name: &[u8]) -> bool {
    KNOWN
        .iter()
        .any(|known| known.len() == name.len() && name.eq_ignore_ascii_case(known.as_bytes()))
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Eml);
    let head = window.head()?;
    let rest = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let start = head.len().saturating_sub(rest.len());
    let message = Message::new(wide(start), Until::End);
    sink.forward(Box::new(move |window, sink| {
        go_on(window, sink, None, Rc::new(RefCell::new(message)))
    }));
    Ok(())
}

/// Reads on, with `part` as the next one if it was met already.
pub(super) fn go_on(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    mut part: Option<Part>,
    message: Rc<RefCell<Message>>,
) -> Result<()> {
    let mut state = message.borrow_mut();
    loop {
        let next = match part.take() {
            None => state.next_part(window)?,
            part => part,
        };
        if let Some(labels) = state.labels.take().filter(|_| sink.wanted().labels)
            && let Some(found) = label::mail_header(&labels)
        {
            sink.label(found);
        }
        match next {
            None => return state.damage.take().map_or(Ok(()), Err),
            Some(part) if part.is_known => {
                sink.member(part.member)?;
                drop(state);
                sink.rest(Box::new(move |window, sink| go_on(window, sink, None, message)));
                return Ok(());
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::container::mail::header::written_name;
    use proptest::prelude::*;

    /// Line by line, as [`matches`] says it.
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
        fn a_message_is_known_by_its_lines(
            parts in proptest::collection::vec(proptest::sample::select(&PARTS[..]), 0..40),
        ) {
            let head = parts.concat();
            prop_assert_eq!(matches(head.as_bytes()), matches_plainly(head.as_bytes()));
        }

        #[test]
        fn damage_makes_no_binary_file_of_it(
            parts in proptest::collection::vec(proptest::sample::select(&PARTS[..]), 0..200),
            at in 0..400_usize,
            damage in proptest::collection::vec(any::<u8>(), 0..=16),
        ) {
            let mut head = parts.concat().into_bytes();
            for (slot, byte) in head.iter_mut().skip(at).zip(&damage) {
                *slot = *byte;
            }
            prop_assert_eq!(matches(&head), matches_plainly(&head));
        }

        #[test]
        fn a_name_needs_no_end_of_its_line(text in "[aT:\\- \t\r\n\x0C\x7F]{0,12}") {
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
    fn a_message_with_a_piece_overwritten_stays_one() {
        for len in [1, 7, 16] {
            for at in 0..LETTER.len() - len {
                let mut head = LETTER.as_bytes().to_vec();
                head[at..at + len].fill(0);
                assert!(matches(&head), "{len} bytes at {at}");
            }
        }
    }

    #[test]
    fn what_is_full_of_control_characters_is_no_message() {
        let line = |controls: usize| [vec![0; controls], vec![0xFF; 64], b"\n".to_vec()].concat();
        let letter = LETTER.as_bytes().to_vec();
        let noise: Vec<u8> =
            (0..4096_u32).map(|n| (n.wrapping_mul(n) >> 3).to_le_bytes()[0]).collect();
        let binary = b"MIME-Version: 1.0\nContent-Type: application/octet-stream\n\n".to_vec();
        let japanese = "Subject: \x1B$B@6\x1B(B 1 \x1B$B5a\x1B(B 2\r\n".repeat(30);
        let utf16: Vec<u8> = LETTER.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let text = "A letter that goes on for some pages.\r\n".repeat(100).into_bytes();
        let cases: [(&str, Vec<u8>, bool); 9] = [
            ("a letter", letter.clone(), true),
            ("behind a line of them", [line(17), letter.clone()].concat(), true),
            ("behind a sector of them", [line(500), letter.clone(), text].concat(), true),
            ("more in a line far behind", [letter.clone(), line(64)].concat(), true),
            ("noise", noise.clone(), false),
            ("a short header, and noise", [binary.clone(), noise.clone()].concat(), true),
            ("noise, and a header", [noise, letter].concat(), false),
            ("ISO-2022-JP as it is", japanese.into_bytes(), true),
            ("UTF-16", utf16, false),
        ];
        for (what, head, expected) in cases {
            assert_eq!(matches(&head), expected, "{what}");
        }
    }
}
