//! Files that an encoding of mail programs carries through text: uuencode (POSIX.1), yEnc, BinHex
//! (RFC 1741). They are recognized, not decoded.

use super::{attachment_hints, eml, mbox};
use crate::code::ErrorCode;
use crate::container::recognizer::Recognizer;
use crate::container::sink::Sink;
use crate::error::{Error, Result};
use crate::kinds::{Container, Protection};
use crate::source::Window;

/// Words that begin such a file.
const BEGINNINGS: [&[u8]; 4] =
    [b"begin ", b"begin-base64 ", b"=ybegin ", b"(This file must be converted with BinHex"];

/// Returns the encoding of a file in the head. Lines of text may precede it, if they begin with one
/// of the bytes with which the detection table begins such files, and are no mail.
fn encoding(head: &[u8], recognizer: Recognizer) -> Option<&'static str> {
    let text = eml::begin(head);
    if BEGINNINGS.iter().any(|word| text.starts_with(word)) {
        return attachment_hints::encoded(text, recognizer);
    }
    if !matches!(text, [b'b' | b'=' | b'(' | b'-' | b'M' | b'B', ..]) {
        return None;
    }
    attachment_hints::encoded(text, recognizer)
        .filter(|_| !eml::matches(head) && !mbox::matches(head))
}

pub(crate) fn matches(head: &[u8], recognizer: Recognizer) -> bool {
    encoding(head, recognizer).is_some()
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    sink.protection(Protection::Unknown);
    let structure = encoding(window.head()?, sink.recognizer()).unwrap_or("encoded file");
    Err(Error::unsupported(ErrorCode::ArchiveNotOpened, structure, 0, "not decoded"))
}
