//! `rmsight export`: stored findings with their verdicts, for other programs.

mod csv;
mod label;
#[cfg(feature = "parquet")]
mod parquet;
mod paths;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rmsight::{Estate, Need};

use crate::args::Privacy;
use crate::exit::{Failure, Outcome, Result};
use crate::stored::{Draft, Inventories, Judged, judged_with};
use crate::words::counted;

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
pub(crate) struct Export {
    /// Inventories, read as if they were one
    #[arg(value_name = "INVENTORY", required = true)]
    inventories: Vec<PathBuf>,

    /// What the operator knows of keys: an estate file
    #[arg(long, value_name = "FILE")]
    estate: Option<PathBuf>,

    /// How to write what is found [default: by the ending of --output, else NDJSON]
    #[arg(long, value_enum)]
    format: Option<Written>,

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
    privacy: Privacy,

    #[command(flatten)]
    filter: Filter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Written {
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

/// Which findings.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which findings")]
struct Filter {
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

impl Filter {
    fn takes(&self, judged: &Judged) -> bool {
        let verdict = &judged.verdict;
        let is_any = |wanted: &[String], found: Option<&str>| {
            wanted.is_empty() || found.is_some_and(|found| wanted.iter().any(|one| one == found))
        };
        (self.need.is_empty() || self.need.contains(&verdict.need()))
            && is_any(&self.authority, verdict.authority())
            && (self.key.is_empty() || self.key.iter().any(|key| is_of(key, judged)))
    }

    /// A name that nobody knows would give an empty list, which reads as good news.
    fn check(&self, estate: &Estate) -> Result<()> {
        for name in &self.authority {
            known_authority(name, estate)?;
        }
        Ok(())
    }
}

/// The name of an authority has to be in the estate.
pub(crate) fn known_authority(name: &str, estate: &Estate) -> Result<()> {
    if estate.authorities().iter().any(|authority| authority.name == name) {
        return Ok(());
    }
    let names: Vec<&str> =
        estate.authorities().iter().map(|authority| authority.name.as_str()).collect();
    Err(Failure::message(format_args!(
        "the estate file has no authority {name:?}; it has: {}",
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    )))
}

fn is_of(wanted: &str, judged: &Judged) -> bool {
    let wanted = wanted.to_ascii_lowercase();
    let digits = |key: &str| key.strip_prefix("sha256:").unwrap_or(key).to_owned();
    let by_key =
        judged.facts.slc_key().is_some_and(|key| digits(key).starts_with(&digits(&wanted)));
    by_key || judged.facts.slc_id() == Some(wanted.as_str())
}

/// Something that takes findings one after the other.
trait Writer {
    fn write(&mut self, judged: &Judged) -> Result<()>;

    /// Writes what is left; more than one file where it had to be split.
    fn finish(self: Box<Self>) -> Result<()>;
}

pub(crate) fn run(args: &Export) -> Result<Outcome> {
    let estate = crate::estate::load(args.estate.as_deref())?;
    args.filter.check(&estate)?;
    let inventories = Inventories::open(&args.inventories)?.redacted(args.privacy.redactor()?);
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

impl Export {
    fn writer(&self, inventories: &Inventories) -> Result<Box<dyn Writer>> {
        let output = self.output.as_deref();
        if self.paths0 {
            return Ok(Box::new(paths::Paths0::new(Output::open(output)?)));
        }
        if self.purpose == Some(Purpose::SetFilelabel) {
            let translation = inventories.translation()?;
            return Ok(Box::new(label::SetFilelabel::open(output, translation)?));
        }
        let format = self.written();
        if self.excel && format != Written::Csv {
            return Err(Failure::message("--excel goes with CSV only"));
        }
        match format {
            Written::Csv if self.excel => Ok(Box::new(csv::Excel::open(output)?)),
            Written::Csv => Ok(Box::new(csv::AsWritten::open(output)?)),
            Written::Ndjson => Ok(Box::new(Ndjson { out: Output::open(output)? })),
            #[cfg(feature = "parquet")]
            Written::Parquet => match output {
                Some(output) => Ok(Box::new(parquet::Parquet::open(output)?)),
                None => Err(Failure::message("Parquet needs a file: --output FILE")),
            },
            #[cfg(not(feature = "parquet"))]
            Written::Parquet => Err(Failure::message("this rmsight was built without Parquet")),
        }
    }

    fn written(&self) -> Written {
        let ending = self.output.as_deref().and_then(Path::extension);
        match (self.format, ending.and_then(|ending| ending.to_str())) {
            (Some(format), _) => format,
            (None, Some("parquet")) => Written::Parquet,
            (None, Some("csv")) => Written::Csv,
            (None, None) if self.excel => Written::Csv,
            (None, _) => Written::Ndjson,
        }
    }
}

/// A file, or standard output.
struct Output {
    draft: Option<Draft>,
    out: BufWriter<Box<dyn Write>>,
}

impl Output {
    fn open(file: Option<&Path>) -> Result<Output> {
        let (draft, out): (_, Box<dyn Write>) = match file {
            Some(file) => {
                let (draft, file) = Draft::create(file)?;
                (Some(draft), Box::new(file))
            }
            None => (None, Box::new(io::stdout().lock())),
        };
        Ok(Output { draft, out: BufWriter::with_capacity(1 << 16, out) })
    }

    fn all(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|error| Failure::writing(&error))
    }

    fn finish(mut self) -> Result<()> {
        self.out.flush().map_err(|error| Failure::writing(&error))?;
        self.draft.map_or(Ok(()), Draft::keep)
    }
}

/// One JSON object a line.
struct Ndjson {
    out: Output,
}

impl Writer for Ndjson {
    fn write(&mut self, judged: &Judged) -> Result<()> {
        judged.record().write_ndjson(&mut self.out.out).map_err(|error| Failure::writing(&error))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.out.finish()
    }
}
