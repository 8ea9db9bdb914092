//! Privileges of this process.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{ERROR_NOT_ALL_ASSIGNED, HANDLE, LUID};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, LUID_AND_ATTRIBUTES, LookupPrivilegeValueW, SE_BACKUP_NAME,
    SE_PRIVILEGE_ENABLED, TOKEN_ADJUST_PRIVILEGES, TOKEN_PRIVILEGES, TOKEN_QUERY,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

/// Enables `SeBackupPrivilege` for this process: a file that is opened with
/// `FILE_FLAG_BACKUP_SEMANTICS` can then be read whatever its permissions are. Returns whether the
/// account has the privilege.
///
/// # Errors
/// The error of the system.
pub fn enable_backup_privilege() -> io::Result<bool> {
    // SAFETY: the function has no preconditions. The pseudo handle that it returns is always valid and
    // must not be closed.
    let process = unsafe { GetCurrentProcess() };
    let mut handle: HANDLE = null_mut();
    let access = TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY;
    // SAFETY: `process` is valid, and the handle is written to a variable that outlives the call.
    if unsafe { OpenProcessToken(process, access, &raw mut handle) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call above has succeeded, so `handle` is open, and nothing else closes it.
    let token = unsafe { OwnedHandle::from_raw_handle(handle) };
    let mut id = LUID { LowPart: 0, HighPart: 0 };
    // SAFETY: a null name of the computer means this one. The name of the privilege is a constant that
    // ends with a zero, and `id` outlives the call.
    if unsafe { LookupPrivilegeValueW(null(), SE_BACKUP_NAME, &raw mut id) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let wanted = TOKEN_PRIVILEGES {
        PrivilegeCount: 1,
        Privileges: [LUID_AND_ATTRIBUTES { Luid: id, Attributes: SE_PRIVILEGE_ENABLED }],
    };
    // SAFETY: `token` is open with the access that the call needs. `wanted` contains as many privileges as
    // it says. The previous state is not requested: its size is 0, and its pointers are null.
    let done = unsafe {
        AdjustTokenPrivileges(
            token.as_raw_handle(),
            0,
            &raw const wanted,
            0,
            null_mut(),
            null_mut(),
        )
    };
    // The call succeeds without the privilege too. The last error tells.
    let error = io::Error::last_os_error();
    match done {
        0 => Err(error),
        _ => Ok(error.raw_os_error() != i32::try_from(ERROR_NOT_ALL_ASSIGNED).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_privilege_is_enabled_twice_with_the_same_answer() {
        assert_eq!(enable_backup_privilege().unwrap(), enable_backup_privilege().unwrap());
    }
}
