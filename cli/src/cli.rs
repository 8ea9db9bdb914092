//! The command line: arguments of the program itself, and dispatch to the commands.

use std::ffi::{OsStr, OsString};
use std::sync::LazyLock;

use clap::builder::Resettable;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use rmsight::{READER_VERSION, RULES_VERSION, SCHEMA_VERSION};

use crate::commands::{
    check, columns, completions, diff, estate, export, file_child, inspect, inventory, judge,
    license, man, merge, report, rules, scan,
};
use crate::exit::{Outcome, Result};

/// What `--version` prints.
static VERSIONS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}
record schema {SCHEMA_VERSION}, fact reader {READER_VERSION}, rules {RULES_VERSION}",
        env!("CARGO_PKG_VERSION"),
    )
});

/// Find the files that still need an AD RMS cluster or a tenant that goes away.
///
/// Reads rights-protected files (Office, PDF, mail, .pfile, also inside of archives) and reports which
/// key opens each of them: the key of an on-premises AD RMS cluster, or a key in Azure. It uses no
/// network and no password, and changes and decrypts nothing.
#[derive(Debug, Parser)]
#[command(name = "rmsight", version, long_version = VERSIONS.as_str(), after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Start here:
  rmsight scan /mnt/share -i estate.db
  rmsight estate init estate.db -o estate.toml
  rmsight report estate.db --estate estate.toml -o report.html

Exit codes:
  0  complete
  1  complete, but something could not be read or decided, or `report`, `check` or `judge` found a gap
     or a finding that is possible
  2  wrong usage, or nothing could be done
  3  a scan ended at the time of --until before it had read all files
  130, 143  stopped by Ctrl-C or SIGTERM; an inventory has everything that was read until then
  141  standard output was closed before a scan without an inventory had read all files

Environment variables:
  RMSIGHT_ESTATE     the estate file, for commands with --estate and for `estate check`
  RMSIGHT_DECISIONS  the decisions file, for `check` and `report`
  RMSIGHT_INVENTORY  the inventory, for `scan` and for commands that read inventories
The command line replaces a variable. An empty one counts as not set.";

#[derive(Debug, Subcommand)]
enum Command {
    Scan(Box<scan::ScanArgs>),
    Inspect(inspect::InspectArgs),
    License(license::LicenseArgs),
    Judge(judge::JudgeArgs),
    Report(report::ReportArgs),
    Export(Box<export::ExportArgs>),
    Check(check::CheckArgs),
    Diff(diff::DiffArgs),
    Merge(merge::MergeArgs),
    /// Copy an inventory, and list, rename and forget its roots
    #[command(subcommand)]
    Inventory(inventory::InventoryCommand),
    /// Make and check the estate file: authorities, and what became of their keys
    #[command(subcommand)]
    Estate(estate::EstateCommand),
    Rules(rules::RulesArgs),
    Columns(columns::ColumnsArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    #[command(hide = true)]
    FileChild(Box<file_child::FileChildArgs>),
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

impl Cli {
    /// Parses the command line. An empty environment variable counts as one that is not set.
    pub(crate) fn read(args: impl IntoIterator<Item = OsString>) -> clap::error::Result<Cli> {
        let command = without_empty_variables(Cli::command());
        Cli::from_arg_matches(&command.try_get_matches_from(args)?)
    }

    /// Runs the command.
    pub(crate) fn run(self) -> Result<Outcome> {
        match self.command {
            Command::Scan(args) => scan::run(&args),
            Command::Inspect(args) => inspect::run(&args),
            Command::License(args) => license::run(&args),
            Command::Judge(args) => judge::run(&args),
            Command::Report(args) => report::run(&args),
            Command::Export(args) => export::run(&args),
            Command::Check(args) => check::run(&args),
            Command::Diff(args) => diff::run(&args),
            Command::Merge(args) => merge::run(&args),
            Command::Inventory(command) => inventory::run(&command),
            Command::Estate(command) => estate::run(&command),
            Command::Rules(args) => rules::run(&args),
            Command::Columns(args) => columns::run(&args),
            Command::Completions(args) => completions::run(&args, documented()),
            Command::Man(args) => man::run(&args, documented()),
            Command::FileChild(args) => file_child::run(&args),
            #[cfg(feature = "pst")]
            Command::PstChild { seconds, memory } => crate::pst::run(seconds, memory),
        }
    }
}

/// Returns the command line without the commands that are not for users.
fn documented() -> clap::Command {
    let all = Cli::command();
    let mut documented = clap::Command::new("rmsight")
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(EXIT_CODES)
        .args(all.get_arguments().cloned())
        .subcommands(all.get_subcommands().filter(|one| !one.is_hide_set()).cloned());
    if let Some(about) = all.get_about() {
        documented = documented.about(about.clone());
    }
    if let Some(about) = all.get_long_about() {
        documented = documented.long_about(about.clone());
    }
    documented
}

/// Removes empty environment variables from the arguments that read them.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let arguments = command.mut_args(|argument| match argument.get_env().is_some_and(is_empty) {
        true => argument.env(Resettable::Reset),
        false => argument,
    });
    arguments.mut_subcommands(without_empty_variables)
}
