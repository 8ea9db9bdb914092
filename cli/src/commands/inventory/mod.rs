//! `rmsight inventory`: commands about an inventory itself.

mod forget;
mod rename;
mod roots;
mod snapshot;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::exit::{Outcome, Result};
use crate::fs::path::normal;

#[derive(Debug, Subcommand)]
pub(crate) enum InventoryCommand {
    Snapshot(snapshot::SnapshotArgs),
    Roots(roots::RootsArgs),
    Rename(rename::RenameArgs),
    Forget(forget::ForgetArgs),
}

/// Runs a subcommand of `inventory`.
pub(crate) fn run(command: &InventoryCommand) -> Result<Outcome> {
    match command {
        InventoryCommand::Snapshot(args) => snapshot::run(args),
        InventoryCommand::Roots(args) => roots::run(args),
        InventoryCommand::Rename(args) => rename::run(args),
        InventoryCommand::Forget(args) => forget::run(args),
    }
}

/// Returns the path of a root in the normal form of the inventory. Links are not resolved: the target
/// of a link is another root.
fn normal_root(root: &Path) -> PathBuf {
    normal(root).unwrap_or_else(|_| root.to_owned())
}
