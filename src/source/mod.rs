//! Sources of bytes: anything that can be read at an offset, and the [`Window`] that reads it.

mod cache;
mod charged;
mod chunks;
#[cfg(test)]
pub(crate) mod counted;
mod decode;
mod file;
mod inflater;
mod lookbehind;
mod read_at;
mod section;
mod small;
mod sparse;
mod stream;
mod window;

pub(crate) use cache::Cache;
pub(crate) use charged::{charge_read, fill};
pub use decode::Spill;
#[cfg(test)]
pub(crate) use decode::tests::blocks as tests_blocks;
pub(crate) use decode::{
    DecodedMember, Encoding, RatioGuard, Spiller, SpoolBudget, StoredSize, decode_all, head_of,
    inflate_head,
};
pub use file::FileSource;
pub(crate) use inflater::{Inflated, Inflater};
pub(crate) use lookbehind::{LookbehindBuffer, LookbehindReader};
pub use read_at::ReadAt;
pub(crate) use read_at::{HEAD, SizedSource, UNKNOWN_SIZE};
pub(crate) use section::{EXTENT_MEMORY, Extent, Pieces, Section, join, part};
pub(crate) use small::SmallSource;
pub(crate) use sparse::{SparseSection, StoredPart};
pub use stream::{SeekSource, StreamSource};
pub(crate) use window::{Ahead, Window};
