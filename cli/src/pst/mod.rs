//! Outlook data files (MS-PST), read by Microsoft's `outlook-pst` in a process of its own.
//!
//! That crate is not ours to meter, and what it reads may be hostile. So this program starts itself
//! again as `rmsight pst-child`, which takes away from itself what it does not need (memory beyond a
//! limit, processor time, files, processes), and talks over a pair of pipes. It never opens the data
//! file: it asks for bytes of it, and this side reads them, as any other bytes, from wherever the file
//! lies, charged and under watch. It gives attachments, and they are inspected on this side, a few
//! kilobytes of each as a rule. A child that dies, hangs or says what makes no sense ends the reading
//! of that one file, which is then undecided.

mod child;
mod heap;
mod parent;
mod protocol;
mod store;
mod walk;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use rmsight::{Cancel, PstReader};

pub(crate) use child::run;

/// The hidden subcommand.
pub(crate) const SUBCOMMAND: &str = "pst-child";

/// What the process that reads one Outlook data file may cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct PstLimits {
    /// Give up an Outlook data file (.pst, .ost) whose reader has worked so long on it
    /// [default: 600]
    ///
    /// It is read by a process of its own; the time in which the file's bytes are fetched or its
    /// attachments inspected does not count.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) pst_timeout: Option<u64>,

    /// Bytes of memory (address space) that this process may have; not on Windows or macOS
    /// [default: 1073741824]
    #[arg(long, value_name = "BYTES")]
    pub(crate) pst_memory: Option<u64>,
}

/// How a reader is started.
#[derive(Debug, Clone)]
struct Launch {
    program: PathBuf,
    args: Vec<OsString>,
    time: Duration,
    memory: u64,
    /// Ends the process when it is raised.
    cancel: Cancel,
}

impl PstLimits {
    /// Seconds of work on one file.
    pub(crate) fn seconds(self) -> u64 {
        self.pst_timeout.unwrap_or(600)
    }

    /// Bytes of memory.
    pub(crate) fn memory(self) -> u64 {
        self.pst_memory.unwrap_or(1 << 30)
    }

    /// Starts readers with these limits, which end when `cancel` is raised.
    pub(crate) fn opener(
        self,
        cancel: Cancel,
    ) -> impl Fn() -> io::Result<Box<dyn PstReader>> + Send + Sync + 'static {
        move || {
            let launch = Launch {
                program: std::env::current_exe()?,
                args: vec![
                    SUBCOMMAND.into(),
                    self.seconds().to_string().into(),
                    self.memory().to_string().into(),
                ],
                time: Duration::from_secs(self.seconds()),
                memory: self.memory(),
                cancel: cancel.clone(),
            };
            Ok(Box::new(parent::Reader::start(&launch)?))
        }
    }
}
