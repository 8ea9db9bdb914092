//! The files to scan: a walk through folders, or a list of names.
//!
//! Threads share a stack of what is still to be done. Each folder that was listed, or could not
//! be, is said to the inventory: only what was looked for in vain is gone.

mod filter;
mod folder;
mod handle;
mod job;
mod list_folder;
mod listing;
mod names;
mod root;
mod run;
mod stamp;
mod state;

pub(crate) use filter::GlobFilter;
pub(crate) use folder::Folder;
pub(crate) use handle::{
    Dir, DirState, InventoryHandle, InventoryLookup, KnownFile, Note, Skipped, Staleness,
};
pub(crate) use job::{FileJob, Job, SkipCounters, count};
pub(crate) use root::{NameList, Root};
pub(crate) use stamp::{Stamp, stamp_of};
pub(crate) use state::{Walk, Work};
