//! Failures that the database reports.

use std::path::Path;
use std::time::Duration;

use rusqlite::ErrorCode;

use crate::exit::Failure;

/// Maximum time to wait for a lock. The help of `scan` states it.
pub(super) const LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// Returns the failure for a database error of `file`.
pub(super) fn failed(file: &Path, error: &rusqlite::Error) -> Failure {
    if is_locked(error) {
        return locked(file, LOCK_TIMEOUT);
    }
    Failure::message(format_args!("{}: {error}", file.display()))
}

pub(super) fn is_locked(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Returns the failure of a command that did not get the lock after `waited`.
pub(super) fn locked(file: &Path, waited: Duration) -> Failure {
    Failure::message(format_args!(
        "{}: another process has kept it locked for {} s: wait until that process ends, or end it, \
         and run this command again",
        file.display(),
        waited.as_secs()
    ))
}
