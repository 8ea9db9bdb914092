//! Folders of snapshots and recycle bins, which a walk leaves out.

use std::ffi::OsStr;

/// Names of folders that file servers and Windows create. A snapshot shows earlier versions of the
/// files beside it, and cannot be written: its files cannot be protected again.
const NAMES: [&str; 4] = [
    // NetApp: shares of Windows, and NFS
    "~snapshot",
    ".snapshot",
    // Windows: shadow copies and data of the volume
    "System Volume Information",
    "$RECYCLE.BIN",
];

/// Returns whether a folder with this name is left out without `--snapshots`.
pub(super) fn is_snapshot(name: &OsStr) -> bool {
    NAMES.iter().any(|snapshot| name.eq_ignore_ascii_case(snapshot))
}
