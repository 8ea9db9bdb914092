//! Types that several layers of the PDF reader share.

use crate::error::{Error, ErrorKind};

/// The conclusion from the structure of a PDF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StructureState {
    /// Candidates were found.
    Protected,
    /// The structure was understood and names no protection.
    Unprotected,
    /// The structure is unusual. One changed byte can make a protected file look like this.
    Suspicious,
    /// An object of the structure is missing or damaged, or the file contains more than the
    /// structure lists. Further candidates are possible.
    Damaged,
}

/// The location of a PDF: the member itself, or the compressed payload of a wrapper. The reader
/// opens no compressed payload inside another one, so nesting ends there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nesting {
    Outer,
    Payload,
}

/// Returns whether `error` is about one structure, so that other structures can still be read.
pub(crate) fn is_about_one(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Unsupported)
}
