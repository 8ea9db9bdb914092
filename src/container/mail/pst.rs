//! Outlook data files (MS-PST). What is in them is encoded, so that no search for bytes finds it;
//! a program that can read them does so elsewhere.

use crate::container::{Container, Protection, Sink};
use crate::error::{Error, Result};
use crate::source::Window;

/// `dwMagic`, MS-PST 2.2.2.6.
const MAGIC: &[u8] = b"!BDN";

pub(crate) fn matches(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

pub(crate) fn read(_window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Pst);
    sink.protection(Protection::Unknown);
    Err(Error::unsupported("feature-off", "PST", 0, "Outlook data files are not read here"))
}
