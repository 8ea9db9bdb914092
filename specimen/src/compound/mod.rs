//! [`Compound`]: compound files (MS-CFB) with a configurable sector layout.
//!
//! Writers place the directory, the FAT and the streams in different orders. The builder takes the order
//! as a list, can scatter the sectors of each chain, and supports streams of zeros of any size.

mod builder;
mod directory;
mod plan;
mod sectors;
#[cfg(test)]
mod tests;
mod writer;

pub use builder::Compound;
pub use plan::{Region, Siblings, Version};
