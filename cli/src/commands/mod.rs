//! The subcommands. Each owns its arguments, and none imports another one.

pub(crate) mod check;
pub(crate) mod columns;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod estate;
pub(crate) mod export;
pub(crate) mod file_child;
pub(crate) mod inspect;
pub(crate) mod inventory;
pub(crate) mod judge;
pub(crate) mod license;
pub(crate) mod man;
pub(crate) mod merge;
pub(crate) mod report;
pub(crate) mod rules;
pub(crate) mod scan;
