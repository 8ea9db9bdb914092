//! What protects a PDF: security handlers, wrappers with their payloads, and labels.

pub(crate) mod attachment;
pub(crate) mod candidates;
pub(crate) mod catalog;
pub(crate) mod handler;
pub(crate) mod label;
pub(crate) mod payload;
pub(crate) mod read;
pub(crate) mod search;
pub(crate) mod trailer;
pub(crate) mod wrapper;
