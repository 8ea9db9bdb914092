//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use rmsight::Redactor;

use crate::exit::{Failure, Outcome, Result};

/// Which files still need an AD RMS cluster?
///
/// Reads rights-protected documents (Office, PDF, mail, .pfile, also inside archives) and says for
/// each whose key opens it: an on-premises AD RMS cluster's, or one in Azure. No network, no
/// password, nothing is changed or decrypted.
#[derive(Debug, Parser)]
#[command(name = "rmsight", version, long_version = crate::settings::VERSIONS.as_str(), after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  complete
  1  complete, but something could not be read or decided
  2  wrong usage, or nothing could be done
  130, 143  stopped by Ctrl-C or SIGTERM; an inventory has all that was read until then";

#[derive(Debug, Subcommand)]
enum Command {
    Scan(Box<Scan>),
    Inspect(Inspect),
    License(crate::license::Show),
    Judge(Judge),
    Report(crate::report::Report),
    Export(Box<crate::export::Export>),
    Check(crate::check::Check),
    Diff(crate::diff::Diff),
    Merge(crate::merge::Merge),
    /// Work on an inventory itself
    #[command(subcommand)]
    Inventory(InventoryCommand),
    /// Work on the estate file: what the operator knows of keys
    #[command(subcommand)]
    Estate(EstateCommand),
    /// Print the table of rules that verdicts are made by
    Rules,
    /// Read an Outlook data file for another rmsight, over standard input and output
    #[cfg(feature = "pst")]
    #[command(name = crate::pst::SUBCOMMAND, hide = true)]
    PstChild {
        /// Seconds of processor time
        seconds: u64,
        /// Bytes of memory
        memory: u64,
    },
}

#[derive(Debug, Subcommand)]
enum InventoryCommand {
    Forget(crate::forget::Forget),
}

#[derive(Debug, Subcommand)]
enum EstateCommand {
    /// Check an estate file: mistakes with their lines, and what is still to be asked
    ///
    /// Ends with 0 if nothing is left to ask, with 1 if something is, with 2 on mistakes.
    Check {
        /// The estate file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    Learn(Learn),
    Import(Import),
}

/// Learn keys from files that a cluster or tenant is known to have protected
///
/// Any file that `rmsight scan` reads will do, and whatever `rmsight estate import` takes. Prints
/// lines for the estate file. Of your own keys you have to say there what became of each.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight estate learn --as own --name Headquarters offer.docx >> estate.toml
  rmsight estate learn --as foreign --name \"Fabrikam\" --into estate.toml theirs.msg")]
pub(crate) struct Learn {
    /// Files that it has protected, its certificates or its public keys
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Whose keys these are
    #[arg(long = "as", value_enum, value_name = "WHOSE")]
    pub(crate) whose: Whose,

    #[command(flatten)]
    pub(crate) destination: Destination,
}

/// Learn keys from what servers, key stores and commands export
///
/// Takes XrML server certificates and chains (a trusted user domain export is one), answers of
/// GetServerInfo, X.509 certificates and RSA public keys (PEM or DER), the output of
/// Get-AipServiceConfiguration and Get-AipServiceKeys, and registry exports of LicensingRedirection.
///
/// A server's certificate shows which key it is, and gives nobody the ability to open anything. An
/// exported trusted publishing domain cannot be read: its certificates are encrypted with the
/// password. Ids without keys and redirections only annotate; the lines say which file would
/// confirm them.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Certificates, public keys, output of commands
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) destination: Destination,
}

/// Where what was learnt goes.
#[derive(Debug, Args)]
pub(crate) struct Destination {
    /// The name of the cluster, tenant or organisation: begins an authority of that name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Add the lines to the end of this estate file, instead of printing them
    ///
    /// What stands in it is not changed; keys that it has are left out.
    #[arg(long, value_name = "FILE", requires = "name")]
    pub(crate) into: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Whose {
    /// Of a cluster or tenant of your own
    Own,
    /// Of another one, which came with a trusted publishing domain
    Tpd,
    /// Of another organisation
    Foreign,
}

impl Cli {
    pub(crate) fn run(self) -> Result<Outcome> {
        match self.command {
            Command::Scan(args) => crate::scan::run(&args),
            Command::Inspect(args) => crate::inspect::run(&args),
            Command::License(args) => crate::license::run(&args),
            Command::Judge(args) => crate::judge::run(&args),
            Command::Report(args) => crate::report::run(&args),
            Command::Export(args) => crate::export::run(&args),
            Command::Check(args) => crate::check::run(&args),
            Command::Diff(args) => crate::diff::run(&args),
            Command::Merge(args) => crate::merge::run(&args),
            Command::Inventory(InventoryCommand::Forget(args)) => crate::forget::run(&args),
            Command::Estate(EstateCommand::Check { file }) => crate::estate::check(&file),
            Command::Estate(EstateCommand::Learn(args)) => crate::learn::learn(&args),
            Command::Estate(EstateCommand::Import(args)) => crate::learn::import(&args),
            Command::Rules => crate::rules::run(),
            #[cfg(feature = "pst")]
            Command::PstChild { seconds, memory } => crate::pst::run(seconds, memory),
        }
    }
}

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
  rmsight scan --format ndjson -j 8 /mnt/share > findings.ndjson
  rmsight scan --estate estate.toml /mnt/share
  find /mnt/share -name '*.doc*' -print0 | rmsight scan -0 --files-from - --format csv")]
pub(crate) struct Scan {
    /// Files and folders to scan
    #[arg(value_name = "PATH", required_unless_present = "files_from")]
    pub(crate) paths: Vec<PathBuf>,

    /// Read the files to scan from FILE, one a line (`-` is standard input)
    ///
    /// Each line is a file; folders in the list are left out, symbolic links too. With an inventory
    /// the list is read to its end first, and is a root of its own: a list of other files does not
    /// replace what an earlier scan left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) files_from: Option<PathBuf>,

    /// The names in --files-from end with a NUL byte instead of a line break
    #[arg(short = '0', long = "null", requires = "files_from")]
    pub(crate) null: bool,

    /// Keep what is found in the inventory FILE, and read only what is not yet in it
    ///
    /// Paths in it are absolute. Records are then written only if --format is given, those of
    /// unchanged files too; the totals are those of the inventory. If another process has locked it,
    /// every command says so after one second and waits for up to 60 seconds, then ends with 2.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) inventory: Option<PathBuf>,

    /// How to write what is found [default: text]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Read files with N threads [default: the number of processors, at least 32 for remote files]
    ///
    /// A thread waits for each answer of a file server, so that many of them read faster. Remote are
    /// shares (SMB, NFS), other network and FUSE file systems of the mount table, and paths of the
    /// form `\\server\share`; give N for drive letters, macOS and --files-from. With `-j 1` the output
    /// is in the order of the names.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,

    /// What the operator knows of keys: an estate file
    ///
    /// Without it nothing can be `yes`: the totals then say which keys to declare.
    #[arg(long, value_name = "FILE")]
    pub(crate) estate: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) privacy: Privacy,

    /// A name for what is scanned, written into every record
    ///
    /// With an inventory [default: the name that this computer used in it before, else the name of
    /// this computer].
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,

    /// What a path is called on other machines, as in /mnt/fs1='\\fs1\share'; may be repeated
    ///
    /// Reports and exports of the inventory use it; its own paths stay as they were walked.
    #[arg(long, value_name = "FROM=TO", value_parser = map, requires = "inventory")]
    pub(crate) map: Vec<(String, String)>,

    /// Accept a folder that is now empty, a root that is a link and leads elsewhere now, and files
    /// whose file system is not mounted any more: files that are missing are gone
    #[arg(long, requires = "inventory")]
    pub(crate) accept_empty: bool,

    /// Use exactly the options of this command line, even if they read less than the inventory holds
    ///
    /// Otherwise a scan takes over --quick, --no-verify, --labels, --deep, --fingerprint and the limits
    /// of the scan before, may add to them, and refuses to lower them. What was read with more stays
    /// as it is.
    #[arg(long, requires = "inventory")]
    pub(crate) downgrade: bool,

    /// Show no progress
    #[arg(long)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) manners: Manners,

    #[command(flatten)]
    pub(crate) reading: Reading,
}

impl Scan {
    /// How the names in --files-from are written.
    pub(crate) fn list(&self) -> crate::walk::List {
        crate::walk::List::new(if self.null { 0 } else { b'\n' })
    }
}

/// What is walked, and how gently.
#[derive(Debug, Args)]
#[command(next_help_heading = "Walking")]
pub(crate) struct Manners {
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

    /// Open files whose content is in a cloud or on tape, which fetches it
    ///
    /// Otherwise they are recorded as `not-hydrated`.
    #[arg(long)]
    pub(crate) hydrate: bool,

    /// Open at most so many files a second (500), or read so many bytes (20MB)
    #[arg(long, value_name = "RATE", value_parser = crate::rate::Rate::parse)]
    pub(crate) max_rate: Option<crate::rate::Rate>,

    /// Give up a file that does not answer for so long; it is recorded as `hung`
    #[arg(long, value_name = "SECONDS", default_value_t = 300,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) read_timeout: u64,
}

/// How files are read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct Reading {
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
    pub(crate) budgets: Budgets,
}

/// What one file may cost.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Budgets {
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
    pub(crate) pst: crate::pst::PstLimits,
}

/// Explain single files: what each is, who can open it, and why.
///
/// Reads the whole license, checks its signatures and shows where in the file each fact stands.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight inspect offer.docx
  rmsight inspect --estate estate.toml mail.msg
  rmsight inspect --json offer.docx | jq .chain")]
pub(crate) struct Inspect {
    /// Files to explain
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// How to write what is found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// The whole page as data: one JSON object a finding, in a line
    ///
    /// The columns of the record, and `verdict`, `chain` and `evidence`.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,

    /// What the operator knows of keys: an estate file
    #[arg(long, value_name = "FILE")]
    pub(crate) estate: Option<PathBuf>,

    /// Look at the files inside of documents too: members of Office packages, embedded objects,
    /// attachments of PDF
    #[arg(long)]
    pub(crate) deep: bool,

    #[command(flatten)]
    pub(crate) budgets: Budgets,
}

/// Judge stored records again, with what is known now; no file is opened.
///
/// Takes inventories, and what `rmsight scan --format ndjson` wrote.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight judge estate.db --estate estate.toml
  rmsight judge findings.ndjson --estate estate.toml
  rmsight judge --format ndjson - < findings.ndjson > judged.ndjson")]
pub(crate) struct Judge {
    /// Inventories, and files of records as NDJSON (`-` is standard input)
    #[arg(value_name = "FILE", required = true)]
    pub(crate) records: Vec<PathBuf>,

    /// What the operator knows of keys: an estate file
    #[arg(long, value_name = "FILE")]
    pub(crate) estate: Option<PathBuf>,

    /// How to write what is found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) privacy: Privacy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: what is protected or could not be read, then totals
    Text,
    /// One JSON object a line, every column of the record
    Ndjson,
    /// The same columns with a header line
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LimitSet {
    /// Generous: an estate is read once and must be read whole
    Default,
    /// For input that is hostile until shown otherwise
    Strict,
}

/// What others need not know.
#[derive(Debug, Args)]
pub(crate) struct Privacy {
    /// Replace owners, issuers, mail addresses and the parts of paths by hashes with the key in
    /// KEYFILE; extensions stay
    ///
    /// The same key gives the same hashes. Who has it can find names by trying: keep it. An
    /// inventory holds the names themselves, for it has to find the files again.
    #[arg(long, value_name = "KEYFILE")]
    redact: Option<PathBuf>,
}

/// Bytes below which a key could be found by trying.
const SHORTEST_KEY: usize = 16;

impl Privacy {
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

fn map(text: &str) -> std::result::Result<(String, String), String> {
    let (from, to) = text.split_once('=').ok_or("it has the form FROM=TO")?;
    let is_empty = from.trim_end_matches(['/', '\\']).is_empty();
    if is_empty || to.is_empty() {
        return Err("neither side may be empty".to_owned());
    }
    Ok((from.to_owned(), to.to_owned()))
}

fn limit(text: &str) -> std::result::Result<(String, u64), String> {
    let (name, amount) = text.split_once('=').ok_or("it has the form NAME=N")?;
    let amount = amount.trim().parse().map_err(|_| "N is a whole number")?;
    let name = name.trim().trim_start_matches("limit-");
    if rmsight::Limits::default().set(name, amount) {
        return Ok((name.to_owned(), amount));
    }
    let limits = rmsight::Limits::default();
    let names: Vec<&str> = limits.entries().map(|(name, _)| name).collect();
    Err(format!("there is no limit {name:?}; there are: {}", names.join(", ")))
}
