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

/// The hidden subcommand.
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
