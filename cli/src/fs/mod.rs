//! The file system: walking folders, opening files, throttling and hang detection.

pub(crate) mod backup;
pub(crate) mod device;
pub(crate) mod open;
pub(crate) mod owner;
pub(crate) mod path;
pub(crate) mod placeholders;
#[cfg(any(windows, test))]
mod reparse;
pub(crate) mod spill;
pub(crate) mod stored_path;
pub(crate) mod text;
pub(crate) mod throttle;
pub(crate) mod walk;
pub(crate) mod watchdog;
