//! Readers that run in a child process, because their work cannot be metered.

#[cfg(feature = "pst")]
pub(crate) mod pst;
