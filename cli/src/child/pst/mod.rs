//! Outlook data files (MS-PST), read by Microsoft's `outlook-pst` in a child process.
//!
//! The work of that crate cannot be metered, and its input may be hostile. This program therefore
//! starts itself again as `rmsight pst-child`, which limits its own memory, processor time, files
//! and processes, and communicates over a pair of pipes. The child never opens the data file: it
//! requests bytes, and the parent reads them from any source, charged to the meter and supervised
//! by the watchdog. The child returns attachments, and the parent inspects them, usually a few
//! kilobytes of each. If the child dies, hangs or violates the protocol, the file is undecided.

mod child;
mod heap;
mod messages;
mod parent;
mod protocol;
mod store;

#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use rmsight::{Cancel, PstReader};

use parent::Launch;

pub(crate) use child::run;

/// Name of the hidden subcommand.
pub(crate) const SUBCOMMAND: &str = "pst-child";

/// Limits of the process that reads one Outlook data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PstLimits {
    /// Seconds of work on one file.
    pub(crate) seconds: u64,
    /// Bytes of address space.
    pub(crate) memory: u64,
}

impl Default for PstLimits {
    fn default() -> PstLimits {
        PstLimits { seconds: 600, memory: 1 << 30 }
    }
}

impl PstLimits {
    /// Returns a function that starts readers with these limits. They end when `cancel` is raised.
    pub(crate) fn opener(
        self,
        cancel: Cancel,
    ) -> impl Fn() -> io::Result<Box<dyn PstReader>> + Send + Sync + 'static {
        move || {
            let launch = Launch {
                program: std::env::current_exe()?,
                args: vec![
                    SUBCOMMAND.into(),
                    self.seconds.to_string().into(),
                    self.memory.to_string().into(),
                ],
                time: Duration::from_secs(self.seconds),
                memory: self.memory,
                cancel: cancel.clone(),
            };
            Ok(Box::new(parent::Reader::start(&launch)?))
        }
    }
}
