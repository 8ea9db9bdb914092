//! Groups of arguments that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rmsight::{Limits, Redactor};

use crate::exit::{Failure, Result};
use crate::output::ending::Endings;

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
    /// Without a slash it is for names at any depth, with one for paths from the folder named.
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,

    /// Leave out files and folders that match GLOB; may be repeated
    ///
    /// What an inventory knew of them before stays in it.
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Do not go into other file systems
    #[arg(long)]
    pub(crate) one_file_system: bool,

    /// On Windows, read files and folders whatever their permissions are
    ///
    /// It needs SeBackupPrivilege, which administrators and backup operators have. Without it the scan goes
    /// on with a warning. The report says whether it was in force.
    #[arg(long)]
    pub(crate) backup: bool,

    /// Scan snapshot folders and recycle bins too (`~snapshot`, `.snapshot`, `System Volume Information`,
    /// `$RECYCLE.BIN`)
    ///
    /// Otherwise they are left out and counted, unless you name one yourself. They are no gap: read-only
    /// copies cannot be protected again.
    #[arg(long)]
    pub(crate) snapshots: bool,

    /// Open files whose content is in a cloud or on tape, which fetches it
    ///
    /// Otherwise they are recorded as `not-hydrated`.
    #[arg(long)]
    pub(crate) hydrate: bool,

    /// Open at most so many files a second (500), or read so many bytes (20MB)
    #[arg(long, value_name = "RATE", value_parser = RateArg::parse)]
    pub(crate) max_rate: Option<RateArg>,

    /// Give up a file that does not answer for so long; it is recorded as `hung`
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

/// How files are read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct ReadArgs {
    /// Read only the head of each license: no chain and no signatures
    ///
    /// Implies --no-verify. Enough to see which keys there are; `check` and `report` do not count a
    /// `no` whose license was not verified.
    #[arg(long, conflicts_with = "verify")]
    pub(crate) quick: bool,

    /// Do not check signatures and the chain of each license
    #[arg(long, conflicts_with = "verify")]
    pub(crate) no_verify: bool,

    /// Check signatures and the chain of each license: the default. In an inventory that was made
    /// with --quick or --no-verify, reads its licenses again
    #[arg(long)]
    pub(crate) verify: bool,

    /// Read sensitivity labels beside licenses, and those of unprotected files
    #[arg(long)]
    pub(crate) labels: bool,

    /// Look at the files inside of documents too: members of Office packages, embedded objects,
    /// attachments of PDF
    #[arg(long)]
    pub(crate) deep: bool,

    /// Compute the SHA-256 of each license: `license_sha256` of its record
    ///
    /// Hashing a license costs more than reading it. `rmsight inspect` always does it.
    #[arg(long, conflicts_with = "quick")]
    pub(crate) fingerprint: bool,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// What one file may cost.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// What one file may cost [default: default]
    #[arg(long, value_enum, value_name = "SET")]
    pub(crate) limits: Option<LimitSet>,

    /// Set one limit by its name, as in the error code `limit-NAME`; may be repeated
    #[arg(long, value_name = "NAME=N", value_parser = limit)]
    pub(crate) limit: Vec<(String, u64)>,

    /// How deep members may lie in members, archives in mails in archives
    #[arg(long, value_name = "N")]
    pub(crate) max_depth: Option<u64>,

    /// Bytes of the largest member that is opened
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
    /// Generous: an estate is read once and must be read whole
    Default,
    /// For input that is hostile until shown otherwise
    Strict,
}

#[cfg(feature = "pst")]
/// Limits of the process that reads one Outlook data file.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct PstArgs {
    /// Give up an Outlook data file (.pst, .ost) whose reader has worked so long on it
    /// [default: 600]
    ///
    /// It is read by a process of its own; the time in which the file's bytes are fetched or its
    /// attachments inspected does not count.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) pst_timeout: Option<u64>,

    /// Bytes of memory (address space) that this process may have; not on Windows or macOS
    /// [default: 1073741824]
    #[arg(long, value_name = "BYTES")]
    pub(crate) pst_memory: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// For people: what is protected or could not be read, then totals
    Text,
    /// One JSON object a line, every column of the record
    Ndjson,
    /// The same columns with a header line
    Csv,
}

/// The endings of files of records.
pub(crate) const RECORD_ENDINGS: Endings<FormatArg> = &[
    (FormatArg::Text, &["txt"]),
    (FormatArg::Ndjson, &["ndjson", "jsonl"]),
    (FormatArg::Csv, &["csv"]),
];

/// Redaction of records.
#[derive(Debug, Args)]
pub(crate) struct RedactArgs {
    /// Replace owners, issuers, mail addresses and the parts of paths by hashes with the key in
    /// KEYFILE; extensions stay
    ///
    /// The same key gives the same hashes. Who has it can find names by trying: keep it. An
    /// inventory holds the names themselves, for it has to find the files again.
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
