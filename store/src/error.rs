//! [`StoreError`]: why an object or a page of a listing was not read.

use std::fmt;
use std::io;

/// The cause of a [`StoreError`], as far as callers treat causes differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The object is not the one that was listed: it was written since.
    Changed,
    /// The store denied access, or the signature of an address has expired.
    Denied,
    /// There is no such object, container or account.
    NotFound,
    /// The object is in an archive tier and cannot be read before it is rehydrated.
    Archived,
    /// The caller ended the work.
    Stopped,
    /// An address, an environment variable or a listing is not valid.
    Config,
    /// Any other failure, after all retries.
    Io,
}

/// Why an object or a page of a listing was not read.
///
/// The text contains hosts, and no other part of an address: neither keys nor signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError {
    kind: StoreErrorKind,
    text: String,
}

impl StoreError {
    pub(crate) fn new(kind: StoreErrorKind, text: impl Into<String>) -> StoreError {
        StoreError { kind, text: text.into() }
    }

    pub(crate) fn config(text: impl Into<String>) -> StoreError {
        StoreError::new(StoreErrorKind::Config, text)
    }

    pub(crate) fn io(text: impl Into<String>) -> StoreError {
        StoreError::new(StoreErrorKind::Io, text)
    }

    pub(crate) fn changed(text: impl Into<String>) -> StoreError {
        StoreError::new(StoreErrorKind::Changed, text)
    }

    pub(crate) fn stopped() -> StoreError {
        StoreError::new(StoreErrorKind::Stopped, "the scan is stopped")
    }

    /// Returns the cause.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for StoreError {}

/// The kinds that `rmsight` maps to error codes: `PermissionDenied` and `StaleNetworkFileHandle`
/// have codes of their own.
impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> io::Error {
        let kind = match error.kind {
            StoreErrorKind::Changed => io::ErrorKind::StaleNetworkFileHandle,
            StoreErrorKind::Denied => io::ErrorKind::PermissionDenied,
            StoreErrorKind::NotFound => io::ErrorKind::NotFound,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}
