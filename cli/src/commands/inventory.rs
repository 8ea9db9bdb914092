//! `rmsight inventory`: commands for an inventory itself.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::exit::{Outcome, Result, say};
use crate::fs::path::normal;
use crate::inventory::{Inventory, Store};
use crate::output::format::counted;

#[derive(Debug, Subcommand)]
pub(crate) enum InventoryCommand {
    Forget(ForgetArgs),
}

/// Forget a root: a folder that is not to be scanned any more, or another spelling of one
///
/// Removes the root, its scans and the files below it that no other root of the inventory contains.
/// `check` and `report` do not ask for it any more. No file of the disk is touched.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight inventory forget estate.db /mnt/old-share
  rmsight inventory forget estate.db --source FS1 'D:\\Legal'")]
pub(crate) struct ForgetArgs {
    /// The inventory
    #[arg(value_name = "INVENTORY")]
    inventory: PathBuf,

    /// The root, as `report` shows it, or another spelling of its path without links
    #[arg(value_name = "ROOT")]
    root: PathBuf,

    /// The source of the root, where several have it
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
}

/// Runs a subcommand of `inventory`.
pub(crate) fn run(command: &InventoryCommand) -> Result<Outcome> {
    match command {
        InventoryCommand::Forget(args) => forget(args),
    }
}

fn forget(args: &ForgetArgs) -> Result<Outcome> {
    // Fails if the inventory does not exist. Opening it for writing would create it.
    Inventory::open(&args.inventory)?;
    let mut spellings = vec![args.root.as_path()];
    let normal = normal(&args.root).unwrap_or_else(|_| args.root.clone());
    // Do not resolve links: the target of a link is another root.
    spellings.push(&normal);
    let mut store = Store::open(&args.inventory)?;
    let removed = store.forget(&spellings, args.source.as_deref())?;
    store.close();
    say(format_args!(
        "{}: forgot {}, {} removed.",
        args.inventory.display(),
        args.root.display(),
        counted(removed, "file")
    ));
    Ok(Outcome::Complete)
}
