//! The file system: walking folders, opening files, throttling and hang detection.

pub(crate) mod device;
pub(crate) mod open;
pub(crate) mod path;
pub(crate) mod placeholders;
pub(crate) mod spill;
pub(crate) mod throttle;
pub(crate) mod walk;
pub(crate) mod watchdog;
