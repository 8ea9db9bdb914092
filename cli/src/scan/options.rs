//! The options of a scan, without the types of the command line.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::ColorChoice;

use super::read_options::ReadRequest;
use crate::fs::throttle::Rate;
use crate::fs::walk::GlobFilter;
use crate::output::Format;
use crate::output::columns::ColumnList;
use crate::output::verbosity::Verbosity;

/// Options of one scan.
#[derive(Debug, Clone)]
pub(crate) struct ScanOptions {
    /// Files and folders, as the user spelled them.
    pub(crate) paths: Vec<PathBuf>,
    /// A list of further files.
    pub(crate) list: Option<ListFile>,
    /// A listing of objects.
    pub(crate) listing: Option<ListingFile>,
    /// Lists that an export wrote: only their files are read again.
    pub(crate) only: Vec<PathBuf>,
    /// The inventory that stores the findings.
    pub(crate) inventory: Option<PathBuf>,
    /// Format of the records. The default is text without an inventory, and no records with one.
    pub(crate) format: Option<Format>,
    /// The columns of NDJSON and CSV; all by default.
    pub(crate) columns: Option<ColumnList>,
    pub(crate) color: ColorChoice,
    /// Writes the totals only.
    pub(crate) summary: bool,
    /// File that records are written to. The default is standard output.
    pub(crate) output: Option<PathBuf>,
    /// Number of threads that read files.
    pub(crate) jobs: Option<usize>,
    /// Name of what is scanned.
    pub(crate) source: Option<String>,
    /// Path prefixes, each with its replacement on other machines.
    pub(crate) map: Vec<(String, String)>,
    /// Files that are missing are gone, even from an empty root and from another file system.
    pub(crate) accept_empty: bool,
    /// Uses exactly `read`, even if earlier scans of the inventory read more.
    pub(crate) downgrade: bool,
    pub(crate) verbosity: Verbosity,
    /// File to which a line is added for each event.
    pub(crate) log: Option<PathBuf>,
    /// When the scan ends, even if files are left.
    pub(crate) until: Option<SystemTime>,
    pub(crate) walk: WalkOptions,
    pub(crate) read: ReadRequest,
}

/// A file that contains the paths of files to scan.
#[derive(Debug, Clone)]
pub(crate) struct ListFile {
    /// `-` is standard input.
    pub(crate) file: PathBuf,
    /// The byte that ends each path.
    pub(crate) end: u8,
}

/// A file that lists objects.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "object-store"), expect(dead_code, reason = "only stores read listings"))]
pub(crate) struct ListingFile {
    pub(crate) file: PathBuf,
    /// Guessed from the content by default.
    pub(crate) format: Option<ListingKind>,
    /// The storage account of an Azure Blob Inventory.
    pub(crate) account: Option<String>,
}

/// Forms of a [`ListingFile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListingKind {
    Ndjson,
    Csv,
    Parquet,
    S3Inventory,
}

/// How folders are walked, and how fast files are read.
#[derive(Debug, Clone)]
pub(crate) struct WalkOptions {
    pub(crate) filter: GlobFilter,
    /// The globs of `filter`, as text.
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) one_file_system: bool,
    /// Opens files whose content is in a cloud or on tape.
    pub(crate) hydrate: bool,
    /// Reads files whatever their permissions are.
    pub(crate) backup: bool,
    /// Scans folders of snapshots and recycle bins too.
    pub(crate) snapshots: bool,
    pub(crate) max_rate: Option<Rate>,
    /// Time after which a system call counts as hung.
    pub(crate) read_timeout: Duration,
}
