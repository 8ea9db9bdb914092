//! Files that an encoding of mail programs carries through text: uuencode (POSIX.1), yEnc, BinHex
//! (RFC 1741). They are recognized, not decoded.

use super::{eml, signs};
use crate::container::{Container, Protection, Sink};
use crate::error::{Error, Result};
use crate::source::Window;

/// Words that begin such a file.
const BEGINNINGS: [&[u8]; 4] =
    [b"begin ", b"begin-base64 ", b"=ybegin ", b"(This file must be converted with BinHex"];

fn encoding(head: &[u8]) -> Option<&'static str> {
    let head = eml::begin(head);
    let begins = BEGINNINGS.iter().any(|word| head.starts_with(word));
    if begins { signs::encoded(head) } else { None }
}

pub(crate) fn matches(head: &[u8]) -> bool {
    encoding(head).is_some()
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    sink.protection(Protection::Unknown);
    let structure = encoding(window.head()?).unwrap_or("encoded file");
    Err(Error::unsupported("archive-not-opened", structure, 0, "not decoded"))
}
