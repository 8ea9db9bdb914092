//! Mail: single items, messages, mailboxes.

mod content;
pub(crate) mod eml;
pub(crate) mod foreign;
mod header;
pub(crate) mod mbox;
mod mime;
pub(crate) mod msg;
mod properties;
pub(crate) mod pst;
pub(crate) mod tnef;

pub(crate) use content::{Content, Delimited};

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests;
