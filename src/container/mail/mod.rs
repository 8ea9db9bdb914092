//! Mail: single items, messages, mailboxes.

pub(crate) mod eml;
pub(crate) mod mbox;
pub(crate) mod msg;
pub(crate) mod pst;
pub(crate) mod tnef;
