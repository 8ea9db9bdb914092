//! Mail: single items, messages, mailboxes.

pub(crate) mod calendar;
mod content;
pub(crate) mod eml;
pub(crate) mod encoded;
pub(crate) mod foreign;
mod header;
mod lines;
pub(crate) mod mbox;
mod mime;
pub(crate) mod msg;
mod properties;
pub(crate) mod pst;
mod signs;
pub(crate) mod tnef;
mod transferred;

pub(crate) use content::{Content, Delimited};

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests;
