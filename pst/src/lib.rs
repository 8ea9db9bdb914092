//! Outlook data files (MS-PST), read by Microsoft's `outlook-pst` in a child process.
//!
//! The work of that crate cannot be charged to [`rmsight::Limits`], and its input may be hostile.
//! [`PstChild`] therefore starts a program that calls [`run`]. This process limits its own memory, processor
//! time, files and processes, and communicates over a pair of pipes. The child never opens the data file: it
//! requests bytes, and the parent reads them from any source, charged to the limits of the inspection. The
//! child returns attachments, and the parent inspects them, usually a few kilobytes of each. If the child
//! dies, hangs or violates the protocol, the file is undecided.
//!
//! ```no_run
//! use rmsight::Inspector;
//! use rmsight_pst::{PstChild, PstLimits};
//!
//! let child = PstChild::new("/usr/libexec/rmsight-pst-child").limits(PstLimits::new(60, 1 << 29));
//! let mut inspector = Inspector::builder().pst(child.opener()).build();
//! let report = inspector.inspect_path("mail.pst")?;
//! # Ok::<(), rmsight::Error>(())
//! ```
//!
//! # The program of the child
//!
//! The package contains one, `rmsight-pst-child`, which `cargo install rmsight-pst` installs (cargo does not
//! build the programs of a dependency). The program `rmsight` is another one, with the argument
//! `pst-child`. A program can also start itself again, and call [`run`] there:
//!
//! ```no_run
//! use rmsight::Inspector;
//! use rmsight_pst::{PstChild, PstLimits};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let mut args = std::env::args().skip(1);
//!     if args.next().as_deref() == Some("pst-child") {
//!         let limits = PstLimits::from_args(&mut args).ok_or("the limits are missing")?;
//!         return Ok(rmsight_pst::run(limits)?);
//!     }
//!     let child = PstChild::new(std::env::current_exe()?).arg("pst-child");
//!     let mut inspector = Inspector::builder().pst(child.opener()).build();
//!     println!("{}", inspector.inspect_path("mail.pst")?.worst());
//!     Ok(())
//! }
//! ```
//!
//! An interpreter cannot start itself: pass the path of one of these programs.
//!
//! # What the child may do
//!
//! | limit | where |
//! |---|---|
//! | time | everywhere: the parent kills the child |
//! | memory, processor time, processes | Linux, Android, macOS, FreeBSD (`setrlimit`); Windows (a job object) |
//! | new files and sockets | Linux, Android, macOS, FreeBSD (`setrlimit`) |
//! | file names, connections, signals, abstract sockets | Linux with Landlock, kernel 5.13 to 6.12 and later |
//! | programs, processes, sockets, other processes' memory | Linux with seccomp, on x86-64, AArch64 and RISC-V |
//!
//! A limit that the system does not have is left out, and the child works without it.

mod child;
mod heap;
mod messages;
mod parent;
mod protocol;
mod sandbox;
mod store;

#[cfg(test)]
mod tests;

pub use child::run;
pub use parent::{PstChild, PstLimits};
