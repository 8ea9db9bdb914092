//! Groups of arguments that several commands share.

use std::path::PathBuf;

use clap::{Args, ColorChoice, ValueEnum};
use rmsight::{Limits, Redactor};

use crate::exit::{Failure, Result};
use crate::output::columns::ColumnList;
use crate::output::ending::Endings;
use crate::output::verbosity::Verbosity;

/// The variable that names the estate file.
pub(crate) const ESTATE_VARIABLE: &str = "RMSIGHT_ESTATE";

/// The variable that names the inventory.
pub(crate) const INVENTORY_VARIABLE: &str = "RMSIGHT_INVENTORY";

/// How folders are walked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Walking")]
pub(crate) struct WalkArgs {
    /// Scan only files that match GLOB; may be repeated
    ///
    /// A glob without a slash matches names at any depth. A glob with a slash matches paths that begin at
    /// the scanned folder.
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,

    /// Leave out files and folders that match GLOB; may be repeated
    ///
    /// Rows about them from earlier scans stay in the inventory.
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Do not enter other file systems
    #[arg(long)]
    pub(crate) one_file_system: bool,

    /// On Windows, read files and folders whatever their permissions are
    ///
    /// Needs SeBackupPrivilege, which administrators and backup operators have. Without it the scan warns,
    /// and reads files with the permissions of the account. The report says which was the case.
    #[arg(long)]
    pub(crate) backup: bool,

    /// Scan snapshot folders and recycle bins too (`~snapshot`, `.snapshot`, `System Volume Information`,
    /// `$RECYCLE.BIN`)
    ///
    /// Otherwise they are left out and counted, unless one is named on the command line. They are no gap,
    /// because read-only copies cannot be protected again.
    #[arg(long)]
    pub(crate) snapshots: bool,

    /// Open files whose content is in a cloud or on tape, which downloads the content
    ///
    /// Otherwise they are recorded as `not-hydrated`.
    #[arg(long)]
    pub(crate) hydrate: bool,

    /// Open at most RATE files (500) or read at most RATE bytes (20MB) in a second
    #[arg(long, value_name = "RATE", value_parser = RateArg::parse)]
    pub(crate) max_rate: Option<RateArg>,

    /// Record a file or folder as `hung` if the system does not answer for SECONDS
    #[arg(long, value_name = "SECONDS", default_value_t = 300,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) read_timeout: u64,
}

/// Files or bytes a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateArg {
    Files(u64),
    Bytes(u64),
}

impl RateArg {
    /// `500` or `500/s` is files; with a unit (`B`, `kB`, `MB`, `GB`, `KiB`, `MiB`, `GiB`) bytes.
    fn parse(text: &str) -> std::result::Result<RateArg, String> {
        let form = || "it has the form 500 (files a second) or 20MB (bytes a second)".to_owned();
        let text = text.trim().trim_end_matches("/s").trim_end();
        let digits = text.find(|found: char| !found.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| form())?;
        let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "files" if number > 0 => return Ok(RateArg::Files(number)),
            "b" => 1,
            "kb" => 1000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            _ => return Err(form()),
        };
        number.checked_mul(factor).filter(|rate| *rate > 0).map(RateArg::Bytes).ok_or_else(form)
    }
}

/// A file that lists objects.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct ListingArgs {
    /// Read the objects that FILE lists: Azure Blob Inventory, S3 Inventory, or your own table
    ///
    /// An own table is NDJSON or CSV with `path`, `url`, `size`, `etag`, `modified`, `tier`, of which
    /// `path` or `url` is needed; `path` is an address such as az://account/container/key, or any name
    /// beside a `url`. A `url` may be signed, as download addresses of SharePoint are: it is never
    /// stored. If it has expired, the object is `io`, and the next scan reads it. S3 Inventory is
    /// given by its `manifest.json`, with its files beside it.
    #[arg(long, value_name = "FILE")]
    pub(crate) listing: Option<PathBuf>,

    /// The form of --listing [default: by its content]
    #[arg(long, value_enum, value_name = "FORM", requires = "listing")]
    pub(crate) listing_format: Option<ListingFormatArg>,

    /// The storage account of an Azure Blob Inventory, whose rows do not name it
    /// [default: AZURE_STORAGE_ACCOUNT_NAME]
    #[arg(long, value_name = "ACCOUNT", requires = "listing")]
    pub(crate) listing_account: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListingFormatArg {
    /// One JSON object a line
    Ndjson,
    /// A table with a header
    Csv,
    /// The same columns as Parquet
    Parquet,
    /// `manifest.json` of S3 Inventory
    S3,
}

/// How files are read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct ReadArgs {
    /// Read only the head of each license, without its chain and signatures
    ///
    /// Implies --no-verify. This finds the keys that are in use. `check` and `report` do not accept a `no`
    /// whose license was not verified.
    #[arg(long, conflicts_with = "verify")]
    pub(crate) quick: bool,

    /// Do not check signatures and the chain of each license
    #[arg(long, conflicts_with = "verify")]
    pub(crate) no_verify: bool,

    /// Check signatures and the chain of each license (the default)
    ///
    /// In an inventory that was made with --quick or --no-verify, reads the licenses again.
    #[arg(long)]
    pub(crate) verify: bool,

    /// Read sensitivity labels outside of licenses too, also those of unprotected files
    #[arg(long)]
    pub(crate) labels: bool,

    /// Read the files inside of documents too: members of Office packages, embedded objects,
    /// attachments of PDF
    #[arg(long)]
    pub(crate) deep: bool,

    /// Compute the SHA-256 of each license, the column `license_sha256`
    ///
    /// Hashing a license takes longer than reading it. `rmsight inspect` always does it.
    #[arg(long, conflicts_with = "quick")]
    pub(crate) fingerprint: bool,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// Limits of the work for one file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// The set of limits for one file [default: default]
    #[arg(long, value_enum, value_name = "SET")]
    pub(crate) limits: Option<LimitSet>,

    /// Set one limit, by its name in the error code `limit-NAME`; may be repeated
    #[arg(long, value_name = "NAME=N", value_parser = limit)]
    pub(crate) limit: Vec<(String, u64)>,

    /// Open members in members up to a depth of N, such as archives in mails
    #[arg(long, value_name = "N")]
    pub(crate) max_depth: Option<u64>,

    /// Open members up to this size
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_member_size: Option<u64>,

    #[cfg(feature = "pst")]
    #[command(flatten)]
    pub(crate) pst: PstArgs,
}

impl LimitArgs {
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = match self.limits {
            Some(LimitSet::Strict) => Limits::strict(),
            Some(LimitSet::Default) | None => Limits::default(),
        };
        for (name, amount) in self.given().into_iter().flatten() {
            _ = limits.set(name, amount);
        }
        limits
    }

    /// Returns the limits that were set one by one. The last value of a name counts.
    fn given(&self) -> [Vec<(&str, u64)>; 2] {
        let one_by_one = self.limit.iter().map(|(name, amount)| (name.as_str(), *amount));
        let named = [("nesting", self.max_depth), ("member-size", self.max_member_size)];
        let named = named.into_iter().filter_map(|(name, amount)| Some((name, amount?)));
        [one_by_one.collect(), named.collect()]
    }

    /// Returns all limits that the command line sets, by name.
    pub(crate) fn set(&self) -> Vec<(String, u64)> {
        let limits = self.limits();
        if self.limits.is_some() {
            return limits.entries().map(|(name, amount)| (name.to_owned(), amount)).collect();
        }
        let given: Vec<&str> = self.given().into_iter().flatten().map(|(name, _)| name).collect();
        let set = limits.entries().filter(|(name, _)| given.contains(name));
        set.map(|(name, amount)| (name.to_owned(), amount)).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LimitSet {
    /// Generous limits, so that all files of an organization are read to their end
    Default,
    /// Tight limits for files that may be attacks
    Strict,
}

#[cfg(feature = "pst")]
/// Limits of the process that reads one Outlook data file.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct PstArgs {
    /// End the reader of an Outlook data file (.pst, .ost) after SECONDS of work [default: 600]
    ///
    /// A separate process reads the file. The time for reading its bytes and for inspecting its
    /// attachments does not count.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) pst_timeout: Option<u64>,

    /// Limit the memory (address space) of this process; not on Windows or macOS
    /// [default: 1073741824]
    #[arg(long, value_name = "BYTES")]
    pub(crate) pst_memory: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// A table of what is protected or could not be read, then totals
    Text,
    /// One JSON object on each line, with all columns of the record
    Ndjson,
    /// A header line with the same columns, then one line for each record
    Csv,
}

/// The endings of files of records.
pub(crate) const RECORD_ENDINGS: Endings<FormatArg> = &[
    (FormatArg::Text, &["txt"]),
    (FormatArg::Ndjson, &["ndjson", "jsonl"]),
    (FormatArg::Csv, &["csv"]),
];

/// Which records are written, where, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct RecordArgs {
    /// Format of the records [default: by the ending of --output, else text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<FormatArg>,

    /// Write records to FILE instead of standard output, as UTF-8
    ///
    /// Without --format the ending of FILE decides: .ndjson, .csv or .txt. The file is called FILE.part
    /// until it is complete.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Write only these columns of NDJSON or CSV, in this order, separated by commas
    ///
    /// `rmsight columns` describes all columns.
    #[arg(long, value_name = "LIST", value_parser = ColumnList::parse)]
    pub(crate) columns: Option<ColumnList>,

    /// When text is colored
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub(crate) color: ColorChoice,

    /// Print only the totals, without a line for each record
    #[arg(long, conflicts_with = "columns")]
    pub(crate) summary: bool,

    #[command(flatten)]
    pub(crate) redact: RedactArgs,
}

/// Which messages are printed on standard error.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Messages")]
pub(crate) struct MessageArgs {
    /// Show no progress and no notes; warnings and errors are still shown
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Show the options in force, and each failure when it happens
    #[arg(short, long)]
    verbose: bool,
}

impl MessageArgs {
    pub(crate) fn verbosity(self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        }
    }
}

/// Redaction of records.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct RedactArgs {
    /// Replace owners, issuers, mail addresses and the parts of paths by hashes with the key in
    /// KEYFILE; extensions stay
    ///
    /// The same key gives the same hashes. Keep the key secret: with it, names can be found by trial. An
    /// inventory always has the names themselves, because a scan has to find the files again.
    #[arg(long, value_name = "KEYFILE")]
    redact: Option<PathBuf>,
}

/// Minimum key length in bytes. Shorter keys could be found by trial.
const SHORTEST_KEY: usize = 16;

impl RedactArgs {
    pub(crate) fn is_given(&self) -> bool {
        self.redact.is_some()
    }

    pub(crate) fn redactor(&self) -> Result<Option<Redactor>> {
        let Some(file) = &self.redact else { return Ok(None) };
        let fail = |why: &dyn std::fmt::Display| {
            Failure::message(format_args!("{}: {why}", file.display()))
        };
        let key = std::fs::read(file).map_err(|error| fail(&error))?;
        let key = key.trim_ascii_end();
        if key.len() < SHORTEST_KEY {
            return Err(fail(&format_args!(
                "a key has {SHORTEST_KEY} bytes or more: `head -c 32 /dev/urandom | base64` makes \
                 one"
            )));
        }
        Ok(Some(Redactor::new(key)))
    }
}

fn limit(text: &str) -> std::result::Result<(String, u64), String> {
    let (name, amount) = text.split_once('=').ok_or("it has the form NAME=N")?;
    let amount = amount.trim().parse().map_err(|_| "N is a whole number")?;
    let name = name.trim().trim_start_matches("limit-");
    if Limits::default().set(name, amount) {
        return Ok((name.to_owned(), amount));
    }
    let limits = Limits::default();
    let names: Vec<&str> = limits.entries().map(|(name, _)| name).collect();
    Err(format!("there is no limit {name:?}; there are: {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::RateArg;

    #[test]
    fn rates_are_files_or_bytes() {
        let cases = [
            ("500", Some(RateArg::Files(500))),
            ("500/s", Some(RateArg::Files(500))),
            ("20MB", Some(RateArg::Bytes(20_000_000))),
            ("20 MiB/s", Some(RateArg::Bytes(20 << 20))),
            ("0", None),
            ("0kB", None),
            ("fast", None),
            ("1.5MB", None),
        ];
        for (text, expected) in cases {
            assert_eq!(RateArg::parse(text).ok(), expected, "{text}");
        }
    }
}
