//! `rmsight scan`: its arguments.

use std::path::PathBuf;

use clap::{Args, ColorChoice};

use crate::args::{
    ESTATE_VARIABLE, FormatArg, INVENTORY_VARIABLE, RECORD_ENDINGS, ReadArgs, RedactArgs, WalkArgs,
};
use crate::authority_file;
use crate::exit::{Failure, Outcome, Result};
use crate::options;
use crate::output::columns::ColumnList;
use crate::output::ending::format_of;
use crate::scan::{self, ListFile, ScanOptions};

/// Scan files and folders, one record per finding.
///
/// Folders are walked whole: hidden files too, no ignore files are honored. Symbolic links are not
/// followed, unless you name one yourself; sockets, pipes and devices are not opened. What cannot
/// be read is a record that says so, and never ends the scan.
///
/// With an inventory (-i) a scan can be stopped at any time, even by pulling the plug: the same
/// command goes on from there, and reads only what is new or changed. A file is gone from the
/// inventory only after its folder was listed to the end, in a scan that came to its end, on the
/// same file system.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight scan /mnt/share
  rmsight scan /mnt/share -i estate.db
  rmsight scan --summary /mnt/share
  rmsight scan -j 8 /mnt/share -o findings.ndjson
  rmsight scan --format csv --columns need,dependency,path /mnt/share
  rmsight scan --estate estate.toml /mnt/share
  rmsight scan -i estate.db --estate estate.toml --only todo.csv
  find /mnt/share -name '*.doc*' -print0 | rmsight scan -0 --files-from - --format csv")]
pub(crate) struct ScanArgs {
    /// Files and folders to scan
    #[arg(value_name = "PATH", required_unless_present_any = ["files_from", "only"])]
    paths: Vec<PathBuf>,

    /// Read the files to scan from FILE, one a line (`-` is standard input)
    ///
    /// Each line is a file; folders in the list are left out, symbolic links too. With an inventory
    /// the list is read to its end first, and is a root of its own: a list of other files does not
    /// replace what an earlier scan left out.
    #[arg(long, value_name = "FILE")]
    files_from: Option<PathBuf>,

    /// The names in --files-from end with a NUL byte instead of a line break
    #[arg(short = '0', long = "null", requires = "files_from")]
    null: bool,

    /// Keep what is found in the inventory FILE, and read only what is not yet in it
    ///
    /// Paths in it are absolute. Records are then written only if --format is given, those of
    /// unchanged files too; the totals are those of the inventory. If another process has locked it,
    /// every command says so after one second and waits for up to 60 seconds, then ends with 2.
    #[arg(short, long, value_name = "FILE", env = INVENTORY_VARIABLE, hide_env_values = true)]
    inventory: Option<PathBuf>,

    /// Read only the files in LIST again, which `rmsight export` wrote, to prove work on them
    ///
    /// LIST is CSV with a column `Path` or `File`, NDJSON or the output of --paths0; its paths may be
    /// those of --map. Every file is read, also if it did not change. Such a scan replaces what the
    /// inventory has of these files and nothing else: no file counts as gone, and gaps of other scans
    /// stay. The totals and the exit code are those of the list.
    #[arg(long, value_name = "LIST", requires = "inventory",
        conflicts_with_all = ["paths", "files_from", "include", "exclude", "accept_empty"])]
    only: Option<PathBuf>,

    /// How to write what is found [default: by the ending of --output, else text]
    #[arg(long, value_enum)]
    format: Option<FormatArg>,

    /// Write records to FILE instead of standard output, as UTF-8
    ///
    /// Without --format its ending decides: .ndjson, .csv or .txt. The file is FILE.part until the scan
    /// has ended.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Only these columns of NDJSON or CSV, in this order, separated by commas
    #[arg(long, value_name = "LIST", value_parser = ColumnList::parse)]
    columns: Option<ColumnList>,

    /// When text has colors
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    color: ColorChoice,

    /// Only the totals, without a line for each record
    #[arg(long, conflicts_with_all = ["format", "columns"])]
    summary: bool,

    /// Read files with N threads [default: the number of processors, at least 32 for remote files]
    ///
    /// A thread waits for each answer of a file server, so that many of them read faster. Remote are
    /// shares (SMB, NFS), other network and FUSE file systems of the mount table, and paths of the
    /// form `\\server\share`; give N for drive letters, macOS and --files-from. With `-j 1` the output
    /// is in the order of the names.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,

    /// What the operator knows of keys: an estate file
    ///
    /// Without it nothing can be `yes`: the totals then say which keys to declare.
    #[arg(long, value_name = "FILE", env = ESTATE_VARIABLE, hide_env_values = true)]
    estate: Option<PathBuf>,

    #[command(flatten)]
    redact: RedactArgs,

    /// A name for what is scanned, written into every record
    ///
    /// With an inventory [default: the name that this computer used in it before, else the name of
    /// this computer].
    #[arg(long, value_name = "NAME")]
    source: Option<String>,

    /// What a path is called on other machines, as in /mnt/fs1='\\fs1\share'; may be repeated
    ///
    /// Reports and exports of the inventory use it; its own paths stay as they were walked.
    #[arg(long, value_name = "FROM=TO", value_parser = map, requires = "inventory")]
    map: Vec<(String, String)>,

    /// Accept a folder that is now empty, a root that is a link and leads elsewhere now, and files
    /// whose file system is not mounted any more: files that are missing are gone
    #[arg(long, requires = "inventory")]
    accept_empty: bool,

    /// Use exactly the options of this command line, even if they read less than the inventory holds
    ///
    /// Otherwise a scan takes over --quick, --no-verify, --labels, --deep, --fingerprint and the limits
    /// of the scan before, may add to them, and refuses to lower them. What was read with more stays
    /// as it is.
    #[arg(long, requires = "inventory")]
    downgrade: bool,

    /// Show no progress
    #[arg(long)]
    quiet: bool,

    #[command(flatten)]
    walk: WalkArgs,

    #[command(flatten)]
    read: ReadArgs,
}

/// Scans with the options that the arguments ask for.
pub(crate) fn run(args: &ScanArgs) -> Result<Outcome> {
    // Reports mistakes in these before an inventory is created.
    let walk = options::walk(&args.walk)?;
    let estate = authority_file::load(args.estate.as_deref())?;
    let redactor = args.redact.redactor()?;
    let format = format(args)?;
    let options = ScanOptions {
        paths: args.paths.clone(),
        list: args
            .files_from
            .clone()
            .map(|file| ListFile { file, end: if args.null { 0 } else { b'\n' } }),
        only: args.only.clone(),
        inventory: args.inventory.clone(),
        format: format.map(Into::into),
        columns: args.columns.clone(),
        color: args.color,
        summary: args.summary,
        output: args.output.clone(),
        jobs: args.jobs.map(usize::from),
        source: args.source.clone(),
        map: args.map.clone(),
        accept_empty: args.accept_empty,
        downgrade: args.downgrade,
        quiet: args.quiet,
        walk,
        read: options::read(&args.read),
    };
    scan::run(&options, estate, redactor)
}

/// Returns the format of the records, if the arguments give one.
fn format(args: &ScanArgs) -> Result<Option<FormatArg>> {
    let Some(output) = &args.output else { return Ok(args.format) };
    let format = format_of(Some(output), args.format, RECORD_ENDINGS, FormatArg::Text)?;
    match (args.summary, format) {
        (false, format) => Ok(Some(format)),
        (true, FormatArg::Text) => Ok(None),
        (true, _) => Err(Failure::message("--summary goes with --format text only")),
    }
}

fn map(text: &str) -> std::result::Result<(String, String), String> {
    let (from, to) = text.split_once('=').ok_or("it has the form FROM=TO")?;
    let is_empty = from.trim_end_matches(['/', '\\']).is_empty();
    if is_empty || to.is_empty() {
        return Err("neither side may be empty".to_owned());
    }
    Ok((from.to_owned(), to.to_owned()))
}
