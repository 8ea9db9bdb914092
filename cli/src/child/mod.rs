//! Readers that run in a process of their own, because their work cannot be metered.

#[cfg(feature = "pst")]
pub(crate) mod pst;
