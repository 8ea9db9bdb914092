//! Outlook data files: this program starts itself again as the child process that reads one.

use std::io;

use rmsight::PstReader;
use rmsight_pst::{PstChild, PstLimits};

use crate::exit::{Outcome, Result};
use crate::start;

/// Name of the hidden subcommand.
pub(crate) const SUBCOMMAND: &str = "pst-child";

/// Returns a function that starts readers with these limits.
pub(crate) fn opener(
    limits: PstLimits,
) -> impl Fn() -> io::Result<Box<dyn PstReader>> + Send + Sync + 'static {
    move || {
        let (program, arguments) = start::program()?;
        let child = arguments.into_iter().fold(PstChild::new(program), PstChild::arg);
        child.arg(SUBCOMMAND).limits(limits).open()
    }
}

/// Runs the child.
pub(crate) fn run(seconds: u64, memory: u64) -> Result<Outcome> {
    match rmsight_pst::run(PstLimits::new(seconds, memory)) {
        Ok(()) => Ok(Outcome::Complete),
        Err(_) => Ok(Outcome::Nothing),
    }
}
