//! Names of file systems that stay the same from scan to scan.

mod name;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

pub(crate) use name::Device;
#[cfg(unix)]
pub(crate) use unix::{Devices, is_remote, mounts_in};
#[cfg(windows)]
pub(crate) use windows::{Volumes as Devices, is_remote};
