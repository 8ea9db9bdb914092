//! The path of a root, as the inventory spells it.

use std::path::{Path, PathBuf};

use crate::fs::path::normal;

/// Returns the path of a root in the normal form of the inventory. Links are not resolved: the target
/// of a link is another root.
pub(super) fn normal_root(root: &Path) -> PathBuf {
    normal(root).unwrap_or_else(|_| root.to_owned())
}
