//! `rmsight export`: writes stored findings with their verdicts, for other programs.

mod csv;
mod ndjson;
#[cfg(feature = "parquet")]
mod parquet;
mod paths;
mod set_filelabel;
mod sink;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rmsight::{Estate, Need};

use crate::args::RedactArgs;
use crate::authority_file::{self, judged_with, known_authority};
use crate::exit::{Failure, Outcome, Result};
use crate::inventory::query::{Inventories, Judged};
use crate::output::format::counted;
use sink::{FindingWriter, OutputFile};

/// Write stored findings with their verdicts, for other programs.
///
/// Verdicts are made anew, with what is known now.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight export estate.db --estate estate.toml -o findings.parquet
  rmsight export estate.db --estate estate.toml --need yes --excel -o findings.csv
  rmsight export estate.db --estate estate.toml --need yes --paths0 | xargs -0 ls -l
  rmsight export estate.db --estate estate.toml --need yes --for set-filelabel -o todo.csv")]
pub(crate) struct ExportArgs {
    /// Inventories, read as if they were one
    #[arg(value_name = "INVENTORY", required = true)]
    inventories: Vec<PathBuf>,

    /// What the operator knows of keys: an estate file
    #[arg(long, value_name = "FILE")]
    estate: Option<PathBuf>,

    /// How to write what is found [default: by the ending of --output, else NDJSON]
    #[arg(long, value_enum)]
    format: Option<ExportFormat>,

    /// Where to write it to [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// CSV that spreadsheets open without harm
    ///
    /// It begins with a byte order mark, text that would be a formula gets an apostrophe before it,
    /// and what is longer than a sheet (1,048,576 rows) goes on in a further file.
    #[arg(long, conflicts_with_all = ["paths0", "purpose"])]
    excel: bool,

    /// Only the paths of the files, as they were walked, each with a NUL byte at its end
    #[arg(long, conflicts_with_all = ["format", "purpose", "redact"])]
    paths0: bool,

    /// The columns that another tool needs
    #[arg(long = "for", value_enum, value_name = "TOOL", conflicts_with_all = ["format", "redact"])]
    purpose: Option<Purpose>,

    #[command(flatten)]
    redact: RedactArgs,

    #[command(flatten)]
    filter: FindingFilter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// Columns with types, compressed; for DuckDB, Power BI, Spark
    Parquet,
    /// A header line, values as they are
    Csv,
    /// One JSON object a line
    Ndjson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Purpose {
    /// CSV with path (mapped), owner and descriptor for Set-FileLabel; what lies in archives and
    /// mails has to be extracted first and stands apart
    SetFilelabel,
}

/// Selection of findings.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which findings")]
struct FindingFilter {
    /// Only those with this need; may be repeated
    #[arg(long, value_name = "NEED", value_parser = need)]
    need: Vec<Need>,

    /// Only those of this key: `sha256:` and the first digits, or a key id; may be repeated
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,

    /// Only those of this authority in the estate file; may be repeated
    #[arg(long, value_name = "NAME")]
    authority: Vec<String>,
}

fn need(name: &str) -> std::result::Result<Need, String> {
    Need::from_name(name).ok_or_else(|| "it is yes, possible or no".to_owned())
}

impl FindingFilter {
    fn takes(&self, judged: &Judged) -> bool {
        let verdict = &judged.verdict;
        let is_any = |wanted: &[String], found: Option<&str>| {
            wanted.is_empty() || found.is_some_and(|found| wanted.iter().any(|one| one == found))
        };
        (self.need.is_empty() || self.need.contains(&verdict.need()))
            && is_any(&self.authority, verdict.authority())
            && (self.key.is_empty() || self.key.iter().any(|key| is_of(key, judged)))
    }

    /// Fails if an authority is unknown: the empty result would be mistaken for an answer.
    fn check(&self, estate: &Estate) -> Result<()> {
        for name in &self.authority {
            known_authority(name, estate)?;
        }
        Ok(())
    }
}

fn is_of(wanted: &str, judged: &Judged) -> bool {
    let wanted = wanted.to_ascii_lowercase();
    let digits = |key: &str| key.strip_prefix("sha256:").unwrap_or(key).to_owned();
    let by_key =
        judged.facts.slc_key().is_some_and(|key| digits(key).starts_with(&digits(&wanted)));
    by_key || judged.facts.slc_id() == Some(wanted.as_str())
}

pub(crate) fn run(args: &ExportArgs) -> Result<Outcome> {
    let estate = authority_file::load(args.estate.as_deref())?;
    args.filter.check(&estate)?;
    let inventories = Inventories::open(&args.inventories)?.redacted(args.redact.redactor()?);
    let mut writer = args.writer(&inventories)?;
    let mut count: u64 = 0;
    inventories.judged(&estate, |judged| {
        if !args.filter.takes(judged) {
            return Ok(());
        }
        count += 1;
        writer.write(judged)
    })?;
    writer.finish()?;
    if let Some(output) = &args.output {
        eprintln!("{}", judged_with(args.estate.as_deref(), &estate));
        eprintln!("{} written to {}.", counted(count, "finding"), output.display());
    }
    Ok(Outcome::Complete)
}

impl ExportArgs {
    fn writer(&self, inventories: &Inventories) -> Result<Box<dyn FindingWriter>> {
        let output = self.output.as_deref();
        if self.paths0 {
            return Ok(Box::new(paths::PathWriter::new(OutputFile::open(output)?)));
        }
        if self.purpose == Some(Purpose::SetFilelabel) {
            let translation = inventories.translation()?;
            return Ok(Box::new(set_filelabel::SetFilelabelWriter::open(output, translation)?));
        }
        let format = self.written();
        if self.excel && format != ExportFormat::Csv {
            return Err(Failure::message("--excel goes with CSV only"));
        }
        match format {
            ExportFormat::Csv if self.excel => Ok(Box::new(csv::ExcelWriter::open(output)?)),
            ExportFormat::Csv => Ok(Box::new(csv::CsvWriter::open(output)?)),
            ExportFormat::Ndjson => {
                Ok(Box::new(ndjson::NdjsonWriter { out: OutputFile::open(output)? }))
            }
            #[cfg(feature = "parquet")]
            ExportFormat::Parquet => match output {
                Some(output) => Ok(Box::new(parquet::ParquetWriter::open(output)?)),
                None => Err(Failure::message("Parquet needs a file: --output FILE")),
            },
            #[cfg(not(feature = "parquet"))]
            ExportFormat::Parquet => {
                Err(Failure::message("this rmsight was built without Parquet"))
            }
        }
    }

    fn written(&self) -> ExportFormat {
        let ending = self.output.as_deref().and_then(Path::extension);
        match (self.format, ending.and_then(|ending| ending.to_str())) {
            (Some(format), _) => format,
            (None, Some("parquet")) => ExportFormat::Parquet,
            (None, Some("csv")) => ExportFormat::Csv,
            (None, None) if self.excel => ExportFormat::Csv,
            (None, _) => ExportFormat::Ndjson,
        }
    }
}
