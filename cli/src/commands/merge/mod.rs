//! `rmsight merge`: merges several inventories.

mod conflict;
mod copy;
mod input;
mod order;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::args::MessageArgs;
use crate::exit::{Failure, Outcome, Result};
use crate::inventory::{Inventory, Store};
use crate::output::format::counted;
use crate::output::status_line::{StatusLine, StatusText};
use crate::output::terminal::escaped;
use conflict::{conflict, same_path};
use copy::merge;
use input::{Input, Loaded, sources};
use order::{numbers, scans, shared, warn_of_two_names};

/// Merge several inventories into a new one.
///
/// Scans, roots and findings keep their source, and gaps of each inventory stay gaps. An inventory into
/// which nothing was scanned is refused, because the new one could not show that gap. If copies of one
/// inventory differ about a file, the newest scan of its folder counts. A scan that an earlier merge copied
/// into several inventories is one scan. Inventories of different scanners are refused if they have the
/// same path of the same source, or a root inside of a root of the other: two files would become one.
/// NAME=INVENTORY names the source of an inventory.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight merge all.db fs1.db fs2.db
  rmsight merge all.db FS1=fs1.db FS2=fs2.db")]
pub(crate) struct MergeArgs {
    /// The inventory to create; it must not exist
    #[arg(value_name = "NEW")]
    output: PathBuf,

    /// The inventories to merge, each with a name for its source if it needs one; they are not changed
    #[arg(value_name = "[NAME=]INVENTORY", required = true, value_parser = Input::parse)]
    inventories: Vec<Input>,

    #[command(flatten)]
    messages: MessageArgs,
}

pub(crate) fn run(args: &MergeArgs) -> Result<Outcome> {
    let verbosity = args.messages.verbosity();
    let mut inputs = Vec::new();
    for input in &args.inventories {
        // Reports invalid files before it creates anything.
        let inventory = Inventory::open(&input.file)?;
        if inventory.roots()?.is_empty() {
            // The new inventory has nothing that could show that this one is missing.
            return Err(Failure::message(format_args!(
                "{}: nothing was scanned into it, and the merged inventory would hide that (gap \
                 not-scanned): scan into it, or leave it out",
                input.file.display()
            )));
        }
        let sources = sources(input, &inventory)
            .map_err(|error| Failure::message(format_args!("{}: {error}", input.file.display())))?;
        if input.source.is_some() && sources.len() > 1 {
            let names: Vec<String> = sources.iter().map(|one| format!("{:?}", one.own)).collect();
            return Err(Failure::message(format_args!(
                "{}: it has several sources ({}): merge it without NAME=",
                input.file.display(),
                names.join(", ")
            )));
        }
        let scans = scans(input, &inventory)
            .map_err(|error| Failure::message(format_args!("{}: {error}", input.file.display())))?;
        inputs.push(Loaded { input, sources, scans });
    }
    let numbers = numbers(&inputs);
    warn_of_two_names(&inputs);
    if args.output.exists() {
        let name = args.output.display();
        return Err(Failure::message(format_args!(
            "{name}: the file exists, and is not replaced: name another one"
        )));
    }
    let mut part = args.output.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    _ = std::fs::remove_file(&part);
    Store::open(&part)?.close();
    let failed = |error| Failure::message(format_args!("{}: {error}", args.output.display()));
    let merged = (|| {
        for (at, one) in inputs.iter().enumerate() {
            for (other_at, other) in inputs.iter().enumerate().take(at) {
                let shared = shared(&numbers, other_at, at);
                let same = same_path(&part, other, one, &shared);
                if let Some((source, path)) = same.map_err(failed)? {
                    return Err(conflict(&args.output, other.input, one.input, &source, &path));
                }
            }
        }
        let mut status_line = StatusLine::new(verbosity, false);
        let begin = |number: usize, file: &Path| {
            let status = format!("merging {number} of {}", args.inventories.len());
            let place = file.display().to_string();
            verbosity.detail(format_args!("{status}: {}", escaped(&place)));
            status_line.show_when_due(|_| StatusText { status, place });
        };
        merge(&part, &args.inventories, &numbers, begin).map_err(failed)?.map_err(|changed| {
            Failure::message(format_args!(
                "{}: a scan began in it during the merge: wait until that scan ends, and merge again",
                changed.display()
            ))
        })
    })();
    let files = merged.inspect_err(|_| _ = std::fs::remove_file(&part))?;
    std::fs::rename(&part, &args.output)
        .map_err(|error| Failure::message(format_args!("{}: {error}", args.output.display())))?;
    let from = counted(u64::try_from(args.inventories.len()).unwrap_or(u64::MAX), "inventory");
    verbosity.note(format_args!(
        "{} of {} in {}.",
        counted(u64::try_from(files).unwrap_or_default(), "file"),
        from.replace("inventorys", "inventories"),
        args.output.display()
    ));
    Ok(Outcome::Complete)
}
