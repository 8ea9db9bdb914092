//! Messages as no mail server hands them on: in UTF-16, or with lines that end in a bare CR, which
//! RFC 5322, 2.3 forbids. Programs that convert files leave such. They are known, not read: what is
//! attached to one nobody has seen.

use super::eml;
use crate::container::{Container, Protection, Sink};
use crate::error::{Error, Result};
use crate::source::Window;

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Utf16Le,
    Utf16Be,
    BareCr,
}

impl Form {
    fn of(head: &[u8]) -> Option<(Form, &[u8])> {
        match head {
            [0xFF, 0xFE, text @ ..] => Some((Form::Utf16Le, text)),
            [0xFE, 0xFF, text @ ..] => Some((Form::Utf16Be, text)),
            [b'!'..=b'~', 0, b'!'..=b'~', 0, ..] => Some((Form::Utf16Le, head)),
            [0, b'!'..=b'~', 0, b'!'..=b'~', ..] => Some((Form::Utf16Be, head)),
            [b'!'..=b'~', ..] => {
                let has = |end| memchr::memchr(end, head).is_some();
                (!has(b'\n') && has(b'\r')).then_some((Form::BareCr, head))
            }
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Form::Utf16Le | Form::Utf16Be => "a message in UTF-16",
            Form::BareCr => "a message whose lines end in a bare CR",
        }
    }

    /// The letters of `text` as a message has them; what is not of ASCII is `?`.
    fn letters(self, text: &[u8]) -> impl Iterator<Item = u8> {
        let step = if self == Form::BareCr { 1 } else { 2 };
        text.chunks_exact(step).map(move |letter| match (self, letter) {
            (Form::BareCr, [b'\r']) => b'\n',
            (Form::BareCr, [letter]) | (Form::Utf16Le, [letter, 0]) => *letter,
            (Form::Utf16Be, [0, letter]) => *letter,
            _ => b'?',
        })
    }
}

/// The form of what would be a message with parts, were it written as one.
fn form(head: &[u8]) -> Option<Form> {
    let (form, text) = Form::of(head)?;
    let mut plain = [0; 4096];
    let len = plain.iter_mut().zip(form.letters(text)).map(|(to, letter)| *to = letter).count();
    let plain = plain.get(..len).unwrap_or_default();
    (eml::matches(plain) && eml::is_mime(plain)).then_some(form)
}

pub(crate) fn matches(head: &[u8]) -> bool {
    form(head).is_some()
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Eml);
    sink.protection(Protection::Unknown);
    let name = form(window.head()?).map_or("a message", Form::name);
    Err(Error::unsupported("mail-not-read", "mail", 0, name))
}
