//! Compound files (MS-CFB), read lazily: the header, the directory, and the sectors of the FAT that lead
//! to a stream. The size of the file does not matter.

mod audit;
#[cfg(test)]
pub(crate) mod counting;
mod entry;
mod fat;
mod file;
mod header;
mod layout;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests;
mod tree;

pub(crate) use audit::DirectoryAudit;
pub(crate) use entry::{DirectoryEntry, EntryKind, is_ascii_text};
pub(crate) use file::CompoundFile;
pub(crate) use header::{begins, has_trailing_bytes, matches};
