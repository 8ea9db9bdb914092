//! `rmsight inventory snapshot`: a consistent copy.

use std::fs::File;
use std::path::PathBuf;

use clap::Args;

use crate::exit::{Failure, Outcome, Result, say};
use crate::inventory::Inventory;
use crate::output::format::counted;

/// Copy an inventory, for a later `rmsight diff`
///
/// The copy has the state of one moment, also during a scan, and is one file. A copy by other programs
/// lacks what a running or killed scan has written to the file that ends in `-wal`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight inventory snapshot estate.db -o january.db")]
pub(crate) struct SnapshotArgs {
    /// The inventory; it is not changed
    #[arg(value_name = "INVENTORY")]
    inventory: PathBuf,

    /// The copy to create; it must not exist
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(args: &SnapshotArgs) -> Result<Outcome> {
    let output = &args.output;
    let failed =
        |error: std::io::Error| Failure::message(format_args!("{}: {error}", output.display()));
    if output.exists() {
        return Err(Failure::message(format_args!(
            "{}: the file exists, and is not replaced: name another one",
            output.display()
        )));
    }
    let inventory = Inventory::open(&args.inventory)?;
    let mut part = output.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    // Left by a snapshot that was killed.
    _ = std::fs::remove_file(&part);
    let copied = inventory.copy_to(&part).and_then(|()| {
        // Flushing needs a file that is open for writing on Windows.
        let file = File::options().write(true).open(&part);
        file.and_then(|file| file.sync_all()).map_err(failed)?;
        std::fs::rename(&part, output).map_err(failed)
    });
    if let Err(failure) = copied {
        _ = std::fs::remove_file(&part);
        return Err(failure);
    }
    let copy = Inventory::open(output)?;
    let scans = copy.scans()?;
    let last = scans.last().map_or_else(String::new, |scan| match scan.finished {
        Some(finished) => format!(", the last one ended at {finished}"),
        None => format!(", the last one started at {} and has not ended", scan.started),
    });
    say(format_args!(
        "{}: {} of {}, {}{last}.",
        output.display(),
        counted(copy.count_files()?, "file"),
        args.inventory.display(),
        counted(u64::try_from(scans.len()).unwrap_or(u64::MAX), "scan"),
    ));
    Ok(Outcome::Complete)
}
