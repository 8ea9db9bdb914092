//! `rmsight inventory`: commands about an inventory itself.

mod forget;
mod rename;
mod root_path;
mod roots;
mod snapshot;

use clap::Subcommand;

use crate::exit::{Outcome, Result};

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
