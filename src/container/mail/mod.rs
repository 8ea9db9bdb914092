//! Mail: single items, messages, mailboxes, calendars.

mod attachment_hints;
pub(super) mod boundary_scanner;
pub(super) mod calendar;
pub(super) mod eml;
pub(super) mod encoded;
mod header;
mod lines;
pub(super) mod mbox;
mod mime;
pub(super) mod msg;
mod properties;
pub(super) mod pst;
pub(super) mod tnef;
mod transferred;
pub(super) mod unsupported_mail;

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests;
