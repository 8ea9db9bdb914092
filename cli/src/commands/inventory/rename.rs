//! `rmsight inventory rename`: gives a root another path.

use std::path::PathBuf;

use clap::Args;

use super::root_path::normal_root;
use crate::exit::{Outcome, Result, say};
use crate::inventory::{Inventory, Store};
use crate::output::format::counted;

/// Rename a root after its folder was moved, or mounted elsewhere
///
/// Replaces the path of the root in the paths of its folders, files and roots inside of it. The next scan
/// of NEW then reads only files that have changed. Do not rename a root during a scan. Files on disk are
/// not changed. For a name on other machines use `rmsight scan --map` instead.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight inventory rename estate.db /mnt/old-share /mnt/new-share
  rmsight inventory rename estate.db --source FS1 'D:\\Legal' 'E:\\Legal'")]
pub(crate) struct RenameArgs {
    /// The inventory
    #[arg(value_name = "INVENTORY")]
    inventory: PathBuf,

    /// The root, as `rmsight inventory roots` lists it, or another spelling of its path without links
    #[arg(value_name = "ROOT")]
    root: PathBuf,

    /// The path that it has now
    #[arg(value_name = "NEW")]
    new: PathBuf,

    /// The source of the root, if several sources have this root
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
}

pub(super) fn run(args: &RenameArgs) -> Result<Outcome> {
    // Fails if the inventory does not exist. Opening it for writing would create it.
    Inventory::open(&args.inventory)?;
    let (normal, new) = (normal_root(&args.root), normal_root(&args.new));
    let mut store = Store::open(&args.inventory)?;
    let renamed = store.rename(&[&args.root, &normal], args.source.as_deref(), &new)?;
    store.close();
    say(format_args!(
        "{}: {} is now {}, {} renamed.",
        args.inventory.display(),
        args.root.display(),
        new.display(),
        counted(renamed, "folder")
    ));
    Ok(Outcome::Complete)
}
