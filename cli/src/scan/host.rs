//! The name of this computer.

/// Returns the name of this computer; empty if the system does not report it.
#[cfg(unix)]
pub(crate) fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Returns the name of this computer; empty if the system does not report it.
#[cfg(windows)]
pub(crate) fn name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}
