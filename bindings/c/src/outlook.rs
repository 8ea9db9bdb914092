//! The child process that reads Outlook data files.

use std::io;
use std::path::{Path, absolute};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rmsight::{Cancel, PstReader};
use rmsight_pst::{PstChild, PstLimits};

use crate::status::{RmsightStatus, fail};

/// What ends the current call of an inspector early, and its child process with it.
#[derive(Default)]
pub(crate) struct CallEnd {
    pub(crate) cancel: Cancel,
    pub(crate) deadline: Option<Instant>,
}

pub(crate) type SharedCallEnd = Arc<Mutex<CallEnd>>;

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

/// Returns the function that starts a child for each data file. A child ends with the call that reads it.
pub(crate) fn pst_opener(
    child: PstChild,
    end: SharedCallEnd,
) -> impl Fn() -> io::Result<Box<dyn PstReader>> + Send + Sync + 'static {
    move || {
        let end = end.lock().unwrap_or_else(PoisonError::into_inner);
        let child = child.clone().cancel(end.cancel.clone());
        match end.deadline {
            Some(at) => child.deadline(at).open(),
            None => child.open(),
        }
    }
}
