//! `rmsight scan`: its arguments.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::Local;
use clap::Args;

use crate::args::{
    ESTATE_VARIABLE, INVENTORY_VARIABLE, ListingArgs, MessageArgs, ReadArgs, RecordArgs, WalkArgs,
};
use crate::authority_file;
use crate::exit::{Failure, Outcome, Result};
use crate::inventory::Inventory;
use crate::options;
use crate::output::Format;
use crate::output::format::argument;
use crate::scan::{self, ListFile, ScanOptions, Until};

/// Scan files and folders for protected documents.
///
/// Writes one record for each finding: a protected file or archive member, or data that could not be
/// read. Folders are scanned whole, with hidden files, and without regard to ignore files. Symbolic links
/// are not followed unless they are named on the command line. Sockets, pipes and devices are not opened.
/// A file that cannot be read is a record with the reason, and does not end the scan.
///
/// With an inventory, a PATH that does not exist is an error and nothing is scanned, unless it is a root
/// of the inventory: then its files stay, and it is a gap.
///
/// With an inventory (-i) a scan can be stopped at any time, also by a power failure. The same command
/// continues it, and reads only files that are new or changed. A file counts as deleted only if a
/// completed scan listed its folder, on the same file system, and did not find it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight scan /mnt/share
  rmsight scan /mnt/share -i estate.db
  rmsight scan az://account/container/prefix -i estate.db
  rmsight scan --summary /mnt/share
  rmsight scan -j 8 /mnt/share -o findings.ndjson
  rmsight scan --format csv --columns need,dependency,path /mnt/share
  rmsight scan --estate estate.toml /mnt/share
  rmsight scan /mnt/share -i estate.db --until 06:00 --log scan.log
  rmsight scan -i estate.db --estate estate.toml --only todo.csv
  find /mnt/share -name '*.doc*' -print0 | rmsight scan -0 --files-from - --format csv")]
pub(crate) struct ScanArgs {
    /// Files and folders to scan, or addresses in object stores
    ///
    /// Addresses are az://account/container/prefix, s3://bucket/prefix and gs://bucket/prefix, and
    /// https:// for one object. The environment variables of the SDKs have the credentials. Objects
    /// are read by ranges.
    #[arg(value_name = "PATH", required_unless_present_any = ["files_from", "listing", "only", "inventory"])]
    paths: Vec<PathBuf>,

    /// Read the paths of the files to scan from FILE, one on each line (`-` is standard input)
    ///
    /// Folders and symbolic links in the list are left out. With an inventory the list is read to its end
    /// first, and is a root: a list of other files does not close the gaps of an earlier list.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    files_from: Option<PathBuf>,

    /// Paths in --files-from end with a NUL byte instead of a line break
    #[arg(short = '0', long = "null", requires = "files_from", help_heading = "Input")]
    null: bool,

    /// Read only the files in LIST again, which `rmsight export` wrote, to prove that work is done; may be
    /// repeated
    ///
    /// LIST is CSV with a column `Path` or `File`, NDJSON, or the output of --paths0. Its paths can be those
    /// of --map. Every file is read, also if it has not changed. The scan replaces what the inventory has
    /// about these files and nothing else: no file counts as deleted, and gaps of other scans stay. The
    /// totals and the exit code are about the lists. Without --format, a table names what is not `no`.
    #[arg(long, value_name = "LIST", requires = "inventory", help_heading = "Input",
        conflicts_with_all = ["paths", "files_from", "listing", "include", "exclude",
            "accept_empty"])]
    only: Vec<PathBuf>,

    #[command(flatten)]
    listing: ListingArgs,

    /// Say what a first scan would read: number, bytes, storage classes, requests, and time
    ///
    /// Lists everything, and reads 256 files for the estimates. No inventory is read or written.
    #[arg(long, conflicts_with_all = ["only", "format", "columns", "summary"], help_heading = "Input")]
    plan: bool,

    /// The estate file: authorities, and what became of their keys
    ///
    /// Without it no finding can be `yes`. The totals then list the keys to declare.
    #[arg(long, value_name = "FILE", env = ESTATE_VARIABLE, hide_env_values = true,
        help_heading = "Input")]
    estate: Option<PathBuf>,

    /// Store findings in the inventory FILE, and read only files that it does not have
    ///
    /// Paths in it are absolute. Records are then written only with --format or --output, those of
    /// unchanged files too, and the totals are those of the inventory. If another process has locked it,
    /// each command says so after one second, waits for up to 60 seconds, and then ends with 2.
    #[arg(short, long, value_name = "FILE", env = INVENTORY_VARIABLE, hide_env_values = true,
        help_heading = "Inventory")]
    inventory: Option<PathBuf>,

    /// The name of what is scanned, in every record
    ///
    /// With an inventory [default: the name that this computer used in it before, else the name of
    /// this computer].
    #[arg(long, value_name = "NAME", help_heading = "Inventory")]
    source: Option<String>,

    /// The name of a path on other machines, as in /mnt/fs1='\\fs1\share'; may be repeated
    ///
    /// Reports and exports of the inventory show it. The inventory keeps the scanned path.
    #[arg(long, value_name = "FROM=TO", value_parser = map, requires = "inventory",
        help_heading = "Inventory")]
    map: Vec<(String, String)>,

    /// Accept that files are missing: delete them from the inventory
    ///
    /// Needed if a folder that had files is empty, if a root is a link with a new target, and if files were
    /// on a file system that is not mounted now. Otherwise such files stay, and are a gap.
    #[arg(long, requires = "inventory", help_heading = "Inventory")]
    accept_empty: bool,

    /// Use exactly the options of this command line, even if they read less than earlier scans
    ///
    /// Otherwise a scan takes over --quick, --no-verify, --labels, --deep, --fingerprint and the limits
    /// of the scan before. It can add to them, and refuses to lower them. Files that were read with more
    /// are not read again.
    #[arg(long, requires = "inventory", help_heading = "Inventory")]
    downgrade: bool,

    /// End the scan at TIME, if it is not complete; the same command continues it
    ///
    /// TIME is the next time at which local clocks show it (06:00), a duration (2h, 1h30m), or a time of
    /// RFC 3339 (2026-12-01T06:00:00+01:00). The exit code is then 3.
    #[arg(long, value_name = "TIME", value_parser = Until::parse, requires = "inventory",
        help_heading = "Inventory")]
    until: Option<Until>,

    #[command(flatten)]
    records: RecordArgs,

    #[command(flatten)]
    messages: MessageArgs,

    /// Add a line to FILE for each event: options, roots, failures, totals, and the reason for the end
    ///
    /// Each line has the time in UTC, an id of the scan, the event, and its values as NAME=VALUE. Paths
    /// are written as they are. If a line cannot be written, the scan warns, and ends with 1.
    #[arg(long, value_name = "FILE", conflicts_with = "redact", help_heading = "Messages")]
    log: Option<PathBuf>,

    #[command(flatten)]
    walk: WalkArgs,

    /// Read files with N threads [default: the number of processors, at least 32 for remote files, and
    /// 256 for object stores]
    ///
    /// A thread waits for each answer of a file server, so that more threads read faster. Remote files are
    /// those on shares (SMB, NFS) and other network and FUSE file systems of the mount table, and those
    /// with a path like `\\server\share`. Give N for drive letters, macOS and --files-from. With `-j 1`
    /// the records are in the order of the names.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024),
        help_heading = "Reading")]
    jobs: Option<u16>,

    #[command(flatten)]
    read: ReadArgs,
}

/// Scans with the options that the arguments ask for.
pub(crate) fn run(args: &ScanArgs) -> Result<Outcome> {
    let is_listed = args.files_from.is_some() || args.listing.listing.is_some();
    if args.paths.is_empty() && !is_listed && args.only.is_empty() {
        return Err(no_path(args.inventory.as_deref()));
    }
    // Reports mistakes in these before an inventory is created.
    let walk = options::walk(&args.walk)?;
    let estate = authority_file::load(args.estate.as_deref())?;
    let records = &args.records;
    let redactor = records.redact.redactor()?;
    let format = options::record_format(records)?;
    let options = ScanOptions {
        paths: args.paths.clone(),
        list: args
            .files_from
            .clone()
            .map(|file| ListFile { file, end: if args.null { 0 } else { b'\n' } }),
        listing: options::listing(&args.listing),
        only: args.only.clone(),
        inventory: args.inventory.clone(),
        // Text with --summary has no records.
        format: format.filter(|format| !(records.summary && *format == Format::Text)),
        columns: records.columns.clone(),
        color: records.color,
        summary: records.summary,
        output: records.output.clone(),
        jobs: args.jobs.map(usize::from),
        source: args.source.clone(),
        map: args.map.clone(),
        accept_empty: args.accept_empty,
        downgrade: args.downgrade,
        verbosity: args.messages.verbosity(),
        log: args.log.clone(),
        until: until(args)?,
        walk,
        read: options::read(&args.read),
    };
    if args.plan {
        return scan::plan(&options);
    }
    scan::run(&options, estate, redactor)
}

/// Returns the failure of a scan without a path, with a command for the roots of the inventory.
fn no_path(inventory: Option<&Path>) -> Failure {
    let file = inventory.filter(|file| file.exists());
    let visits = file.and_then(|file| Inventory::open(file).and_then(|open| open.roots()).ok());
    let visits = visits.unwrap_or_default();
    let paths = visits.iter().filter(|visit| visit.kind != "list");
    let roots: BTreeSet<String> = paths.map(|visit| argument(&visit.path)).collect();
    let Some(file) = file.filter(|_| !roots.is_empty()) else {
        return Failure::message("no PATH is given: name the files and folders to scan");
    };
    let roots: Vec<String> = roots.into_iter().collect();
    Failure::message(format_args!(
        "no PATH is given; `rmsight scan -i {} {}` scans the roots of the inventory again",
        argument(&file.display().to_string()),
        roots.join(" ")
    ))
}

/// Returns the time at which a scan that starts now ends.
fn until(args: &ScanArgs) -> Result<Option<SystemTime>> {
    let end = args.until.as_ref().map(|until| until.end(Local::now())).transpose();
    end.map_err(|why| Failure::message(format_args!("--until: {why}")))
}

fn map(text: &str) -> std::result::Result<(String, String), String> {
    let (from, to) = text.split_once('=').ok_or("it has the form FROM=TO")?;
    let is_empty = from.trim_end_matches(['/', '\\']).is_empty();
    if is_empty || to.is_empty() {
        return Err("neither side may be empty".to_owned());
    }
    Ok((from.to_owned(), to.to_owned()))
}
