//! `rmsight inventory forget`: removes a root.

use std::path::PathBuf;

use clap::Args;

use super::root_path::normal_root;
use crate::exit::{Outcome, Result, say};
use crate::inventory::{Inventory, Store};
use crate::output::format::counted;

/// Forget a root: a folder that is no longer scanned
///
/// Removes the root, its scans, and the files in it that no other root of the inventory contains.
/// `check` and `report` then do not miss it. Files on disk are not changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight inventory forget estate.db /mnt/old-share
  rmsight inventory forget estate.db --source FS1 'D:\\Legal'")]
pub(crate) struct ForgetArgs {
    /// The inventory
    #[arg(value_name = "INVENTORY")]
    inventory: PathBuf,

    /// The root, as `rmsight inventory roots` lists it, or another spelling of its path without links
    #[arg(value_name = "ROOT")]
    root: PathBuf,

    /// The source of the root, if several sources have this root
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
}

pub(super) fn run(args: &ForgetArgs) -> Result<Outcome> {
    // Fails if the inventory does not exist. Opening it for writing would create it.
    Inventory::open(&args.inventory)?;
    let normal = normal_root(&args.root);
    let mut store = Store::open(&args.inventory)?;
    let removed = store.forget(&[&args.root, &normal], args.source.as_deref())?;
    store.close();
    say(format_args!(
        "{}: forgot {}, {} removed.",
        args.inventory.display(),
        args.root.display(),
        counted(removed, "file")
    ));
    Ok(Outcome::Complete)
}
