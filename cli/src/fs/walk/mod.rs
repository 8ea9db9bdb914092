//! The walk through folders and lists of files.
//!
//! The threads of a walk share a stack of tasks. Each result of a folder is sent to the inventory,
//! because a file counts as deleted only if its folder was listed without it.

mod filter;
mod folder;
mod handle;
mod job;
mod list_folder;
mod list_objects;
mod listing;
mod names;
mod object;
mod root;
mod run;
mod snapshot;
mod stamp;
mod state;

pub(crate) use filter::GlobFilter;
pub(crate) use folder::Folder;
pub(crate) use handle::{
    Dir, DirState, InventoryHandle, InventoryLookup, KnownFile, Note, Skipped, Staleness,
};
pub(crate) use job::{FileJob, Job, SkipCounters, count};
pub(crate) use names::path_from;
#[cfg(feature = "object-store")]
pub(crate) use object::{
    FoundObject, ListedEntry, ObjectLister, ObjectPages, ObjectReader, OpenObject,
};
pub(crate) use object::{Object, ObjectFailure, SharedLister};
pub(crate) use root::{NameList, Root};
pub(crate) use stamp::{ObjectStamp, Stamp, stamp_of};
pub(crate) use state::{Walk, Work};
