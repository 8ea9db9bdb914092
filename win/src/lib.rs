//! The calls of the Windows API that rmsight needs and that no safe crate provides.
//!
//! This crate contains the only `unsafe` code of the project, and is empty on other systems. Each function
//! takes and returns safe types, and the reason why a block is sound is beside it. Add a function only if
//! neither the standard library nor `winapi-util` has it.

#![cfg(windows)]

mod file;
mod job;
mod privilege;

pub use file::reparse_tag;
pub use job::{Job, JobLimits, TIME_IS_SPENT};
pub use privilege::enable_backup_privilege;
