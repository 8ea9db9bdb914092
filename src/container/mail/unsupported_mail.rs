//! Messages and mailboxes in forms that mail servers do not deliver: in UTF-16, or with lines that
//! end in a bare CR (forbidden by RFC 5322, 2.3), CR CR LF or LF CR. Programs that convert files
//! write such forms. They are recognized but not read, so their attachments stay unknown.

use super::{calendar, eml, mbox};
use crate::code::ErrorCode;
use crate::container::sink::Sink;
use crate::error::{Error, Result};
use crate::kinds::{Container, Protection};
use crate::source::Window;

/// First letters that are examined.
const LETTERS: usize = 4096;

/// Letters of a header that is longer than the examined ones: 4096 bytes of UTF-16, or somewhat
/// less of an encoded member.
const LONG: usize = 1900;

const UTF_16_CALENDAR: &str = "a calendar or contact in UTF-16";

/// Fields of a header that describe the body.
const BODY_FIELDS: [&[u8]; 2] = [b"mime-version", b"content-transfer-encoding"];
const CONTENT_TYPE: &[u8] = b"content-type";
/// Fields that servers add before those. The saved text of a message does not contain them.
const TRACE_FIELDS: [&[u8]; 4] = [b"received", b"return-path", b"message-id", b"dkim-signature"];

/// Encoding of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextForm {
    Utf16Le,
    Utf16Be,
    Bytes,
}

impl TextForm {
    fn of(head: &[u8]) -> (TextForm, &[u8]) {
        let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        match head {
            [0xFF, 0xFE, text @ ..] => (TextForm::Utf16Le, text),
            [0xFE, 0xFF, text @ ..] => (TextForm::Utf16Be, text),
            [one, 0, two, 0, ..] if is_text(one) && is_text(two) => (TextForm::Utf16Le, head),
            [0, one, 0, two, ..] if is_text(one) && is_text(two) => (TextForm::Utf16Be, head),
            _ => (TextForm::Bytes, eml::begin(head)),
        }
    }

    /// Returns the letters of `text` as single bytes, and `?` for all others.
    fn letters(self, text: &[u8]) -> impl Iterator<Item = u8> {
        let step = if self == TextForm::Bytes { 1 } else { 2 };
        text.chunks_exact(step).map(move |letter| match (self, letter) {
            (TextForm::Bytes, [letter]) | (TextForm::Utf16Le, [letter, 0]) => *letter,
            (TextForm::Utf16Be, [0, letter]) => *letter,
            _ => b'?',
        })
    }
}

/// Normalizes text: lines end in LF, and empty lines at the beginning are removed.
struct NormalizedLines {
    letters: [u8; LETTERS],
    len: usize,
}

impl NormalizedLines {
    fn new(letters: impl Iterator<Item = u8>) -> NormalizedLines {
        let mut lines = NormalizedLines { letters: [0; LETTERS], len: 0 };
        // Number of CRs before the next letter.
        let mut returns: usize = 0;
        for letter in letters.skip_while(u8::is_ascii_whitespace) {
            match letter {
                // In LF CR, the LF has ended the line.
                b'\r' if returns == 0 && lines.text().ends_with(b"\n") => continue,
                b'\r' => {
                    returns = returns.saturating_add(1);
                    continue;
                }
                // A folded line, or the end of one.
                b' ' | b'\t' | b'\n' => {}
                _ => (0..returns).for_each(|_| lines.push(b'\n')),
            }
            returns = 0;
            lines.push(letter);
        }
        lines
    }

    fn push(&mut self, letter: u8) {
        if let Some(place) = self.letters.get_mut(self.len) {
            *place = letter;
            self.len = self.len.saturating_add(1);
        }
    }

    fn text(&self) -> &[u8] {
        self.letters.get(..self.len).unwrap_or_default()
    }
}

/// Returns why a message or mailbox is recognized but not readable.
fn oddity(head: &[u8]) -> Option<&'static str> {
    let (form, text) = TextForm::of(head);
    if form != TextForm::Bytes {
        let text = NormalizedLines::new(form.letters(text));
        let text = text.text();
        if calendar::matches(text) {
            return Some(UTF_16_CALENDAR);
        }
        let is_mail = mbox::matches(text) || eml::matches(text) && fields(text) > 0;
        return is_mail.then_some("a message in UTF-16");
    }
    // Most files begin otherwise, and most of the others have no such end of a line.
    if !begins_with_field(text) || !has_odd_ends(text) {
        return None;
    }
    let should_be = NormalizedLines::new(form.letters(text));
    let (is, should_be) = (text, should_be.text());
    let mut ends = lines(is);
    let is_doubled = ends.next().is_some_and(|first| first.ends_with(b"\r\r"))
        || ends.take_while(|line| !is_end(line)).any(|line| line == b"\r\r");
    let is_mail = mbox::matches(should_be) && (is_doubled || !mbox::matches(is))
        || eml::matches(should_be) && fields(should_be) > if is_doubled { 0 } else { fields(is) };
    is_mail.then_some("a message whose lines end in a bare CR, in CR CR LF or in LF CR")
}

/// Whether a field or the separator of a mailbox begins the text, or the text after its first
/// line, if that has an odd end: it may be damaged, or something else.
fn begins_with_field(text: &[u8]) -> bool {
    let begins = |text: &[u8]| text.starts_with(b"From ") || eml::name_at_start(text).is_some();
    let second = || {
        let after = text.get(memchr::memchr2(b'\r', b'\n', text)?..)?.strip_prefix(b"\r")?;
        (!after.starts_with(b"\n")).then(|| after.trim_ascii_start())
    };
    begins(text) || second().is_some_and(begins)
}

/// Returns whether a CR precedes anything but LF or a folded line.
fn has_odd_ends(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(after) = memchr::memchr(b'\r', rest).and_then(|at| rest.get(at..)?.get(1..)) {
        if !matches!(after, [] | [b'\n' | b' ' | b'\t', ..]) {
            return true;
        }
        rest = after;
    }
    false
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
}

/// Returns whether a header ends with this line.
fn is_end(line: &[u8]) -> bool {
    matches!(line, b"" | b"\r")
}

/// Counts the fields of the header at the beginning of `text` that may declare an attachment. If
/// the header is incomplete, fields that precede those count too.
fn fields(text: &[u8]) -> usize {
    if text.starts_with(b"HTTP/") {
        return 0;
    }
    // No line ends after the last LF.
    let finished = memchr::memrchr(b'\n', text).and_then(|end| text.get(..end));
    let is_cut = !lines(finished.unwrap_or_default()).skip(1).any(is_end);
    let counts = |line: &&[u8]| {
        let Some(name) = eml::name_at_start(line) else { return false };
        let is = |field: &&[u8]| name.eq_ignore_ascii_case(field);
        let value = line.get(name.len()..).unwrap_or_default();
        let value = value.trim_ascii_start().strip_prefix(b":").unwrap_or_default();
        // Outlook writes a tab after the colon.
        let is_long = text.len() >= LONG && value.starts_with(b" ");
        let describes_body = BODY_FIELDS.iter().any(is) || is(&CONTENT_TYPE) && !is_text(value);
        describes_body || is_cut && (is_long || TRACE_FIELDS.iter().any(is))
    };
    lines(text).take_while(|line| !is_end(line)).filter(counts).count()
}

/// Returns whether a media type is text, which has no attachments.
fn is_text(value: &[u8]) -> bool {
    let begin = value.trim_ascii_start().get(..5);
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(b"text/"))
}

pub(crate) fn matches(head: &[u8]) -> bool {
    oddity(head).is_some()
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let detail = oddity(window.head()?).unwrap_or_default();
    let is_calendar = detail == UTF_16_CALENDAR;
    sink.container(if is_calendar { Container::Other } else { Container::Eml });
    sink.protection(Protection::Unknown);
    Err(Error::unsupported(ErrorCode::MailNotRead, "mail", 0, detail))
}
