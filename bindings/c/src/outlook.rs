//! The child process that reads Outlook data files.

use std::path::{Path, absolute};

use rmsight_pst::{PstChild, PstLimits};

use crate::status::{RmsightStatus, fail};

/// Returns the command that starts the program at `path`. A limit of 0 is the default.
pub(crate) fn pst_child(path: &Path, seconds: u64, memory: u64) -> Result<PstChild, RmsightStatus> {
    // An absolute path, because a name would be searched for in the paths of the system.
    let found = absolute(path).and_then(|path| Ok((path.metadata()?.is_file(), path)));
    let (is_file, path) = found.map_err(|error| {
        fail(RmsightStatus::Io, format!("the reader of Outlook data files: {error}"))
    })?;
    if !is_file {
        return Err(fail(RmsightStatus::Io, "the reader of Outlook data files is not a file"));
    }
    let mut limits = PstLimits::default();
    if seconds != 0 {
        limits.seconds = seconds;
    }
    if memory != 0 {
        limits.memory = memory;
    }
    Ok(PstChild::new(path).limits(limits))
}
