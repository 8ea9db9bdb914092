//! PDF (ISO 32000-2) as far as its protection: Microsoft's security handler in version 1 and 2,
//! bare and in a wrapper, other handlers by their name, and labels.
//!
//! From the end of the file to the trailer, from there to the encryption dictionary or to the
//! catalog; no page is ever read. What the cross-reference says is believed only as far as the
//! objects stand where it says; else the file is searched from its beginning.

mod catalog;
mod document;
mod flate;
mod handler;
mod label;
mod layout;
mod lex;
mod object;
mod payload;
mod read;
mod replay;
mod search;
#[cfg(test)]
mod tests;
mod xref;

pub(crate) use read::read;

/// `%PDF-` at the start, or behind junk within the first 1024 bytes.
pub(crate) fn matches(head: &[u8]) -> bool {
    document::find_header(head).is_some()
}
