//! The privilege to read files for a backup.

use crate::exit::{Failure, Result};

/// Lets this process read files and folders whatever their permissions are. Returns whether the
/// account has the privilege for that.
///
/// # Errors
/// Fails if the system does not answer, and on systems without such a privilege.
#[cfg(windows)]
pub(crate) fn enable() -> Result<bool> {
    rmsight_win::enable_backup_privilege()
        .map_err(|error| Failure::message(format_args!("--backup: {error}")))
}

/// Lets this process read files and folders whatever their permissions are.
///
/// # Errors
/// Fails: this system does not have such a privilege.
#[cfg(not(windows))]
pub(crate) fn enable() -> Result<bool> {
    Err(Failure::message("--backup is for Windows; on this system, scan as root"))
}
