//! `rmsight export`: writes stored findings with their verdicts, for other programs.

mod csv;
mod label_map;
mod ndjson;
#[cfg(feature = "parquet")]
mod parquet;
mod paths;
mod sink;
mod tool_list;
#[cfg(feature = "xlsx")]
mod xlsx;

use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rmsight::Estate;

use crate::args::{ESTATE_VARIABLE, INVENTORY_VARIABLE, MessageArgs, RedactArgs};
use crate::authority_file::{self, judged_with};
use crate::exit::{Failure, Outcome, Result, warn};
use crate::filter::{FilterArgs, KnownValues, nothing_selected};
use crate::inventory::query::Inventories;
use crate::output::columns::ColumnList;
use crate::output::ending::{Endings, format_of};
use crate::output::format::{argument, counted};
use crate::output::record_progress::RecordProgress;
use crate::output::terminal::escaped;
use label_map::LabelMap;
use sink::{ExportAccount, FindingWriter};
use tool_list::ListOptions;

/// Write findings of inventories to files for other programs.
///
/// Judges all findings again with the estate file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight export estate.db --estate estate.toml -o findings.parquet
  rmsight export estate.db --estate estate.toml --need yes -o findings.xlsx
  rmsight export estate.db --columns path,member,need,owner --owner '*@contoso.com' -o ada.csv
  rmsight export estate.db --estate estate.toml --need yes --paths0 | xargs -0 ls -l
  rmsight export estate.db --estate estate.toml --need yes --for set-filelabel \\
    --label-map labels.csv --batch 500 -o todo.csv

In PowerShell, with the list of `--for set-filelabel --label-map` (module PurviewInformationProtection):
  Import-Csv todo.csv | ForEach-Object {
    Set-FileLabel -Path $_.Path -LabelId $_.LabelId -PreserveFileDetails
    [GC]::Collect(); [GC]::WaitForPendingFinalizers() }
With the list of `--for unprotect-rmsfile` (module AzureInformationProtection):
  Import-Csv todo.csv | ForEach-Object { Unprotect-RMSFile -File $_.File -InPlace -LogFile unprotect.log }
`Remove-FileLabel -Path $_.File -RemoveProtection` (module PurviewInformationProtection) can replace
Unprotect-RMSFile. Set-FileLabel also needs -JustificationMessage if a policy asks for a reason. All of
them need an account that may open the files: a super user of the authority of their key. Afterwards
`rmsight scan -i estate.db --only todo.csv` reads exactly these files again; --only may be repeated for
batches, and for the list of members.")]
pub(crate) struct ExportArgs {
    /// Inventories, read as if they were one
    #[arg(value_name = "INVENTORY", required = true, env = INVENTORY_VARIABLE, hide_env_values = true)]
    inventories: Vec<PathBuf>,

    /// The estate file: authorities, and what became of their keys
    #[arg(long, value_name = "FILE", env = ESTATE_VARIABLE, hide_env_values = true)]
    estate: Option<PathBuf>,

    /// Format of the findings [default: by the ending of --output, else NDJSON]
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    format: Option<ExportFormat>,

    /// Write findings to FILE instead of standard output
    ///
    /// Without --format the ending of FILE decides: .parquet, .csv, .ndjson or .xlsx. The file is called
    /// FILE.part until it is complete.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,

    /// Write only these columns, in this order, separated by commas
    ///
    /// `rmsight columns` describes all columns.
    #[arg(long, value_name = "LIST", value_parser = ColumnList::parse,
        conflicts_with_all = ["paths0", "purpose"], help_heading = "Output")]
    columns: Option<ColumnList>,

    /// Write CSV for spreadsheets
    ///
    /// The file begins with a byte order mark. Text that a spreadsheet would take for a formula gets a
    /// leading apostrophe. Rows beyond the size of a sheet (1,048,576) are written to further files.
    #[arg(long, conflicts_with_all = ["paths0", "purpose"], help_heading = "Output")]
    excel: bool,

    #[command(flatten)]
    redact: RedactArgs,

    /// Write only the scanned paths of the files, each with a NUL byte at its end
    #[arg(long, conflicts_with_all = ["format", "purpose", "redact"], help_heading = "Lists")]
    paths0: bool,

    /// Write a list of files for TOOL as CSV, and a second list of members of archives and mails
    ///
    /// The columns are Path (File for Unprotect-RMSFile; mapped by --map of the scan), Owner,
    /// DescriptorId, DescriptorName, Key, Need, Issued and Container. LabelId follows with --label-map, and
    /// Member in the second list. Licenses without a document, and files that are cut, are left out,
    /// because no program can change them. Messages say for each finding in which file it is, or why it
    /// is in none.
    #[arg(long = "for", value_enum, value_name = "TOOL", conflicts_with_all = ["format", "redact"],
        help_heading = "Lists")]
    purpose: Option<Purpose>,

    /// Read the new label of each file from FILE: CSV with the columns `old` and `new`
    ///
    /// `old` is the id or the name of a template, or the id of a label; `*` stands for all others.
    /// `new` is the id of a label. A file without a matching line is left out. A map of which no line
    /// matches is an error.
    #[arg(long, value_name = "FILE", requires = "purpose", help_heading = "Lists")]
    label_map: Option<PathBuf>,

    /// Write at most N rows to each file of the list
    #[arg(long, value_name = "N", requires_all = ["purpose", "output"], help_heading = "Lists",
        value_parser = clap::value_parser!(u64).range(1..))]
    batch: Option<u64>,

    #[command(flatten)]
    filter: FilterArgs,

    #[command(flatten)]
    messages: MessageArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// Typed columns, compressed, for DuckDB, Power BI and Spark
    Parquet,
    /// A header line, then one line for each finding
    Csv,
    /// One JSON object on each line
    Ndjson,
    /// An Excel workbook with typed cells and without formulas
    Xlsx,
}

const ENDINGS: Endings<ExportFormat> = &[
    (ExportFormat::Parquet, &["parquet"]),
    (ExportFormat::Csv, &["csv"]),
    (ExportFormat::Ndjson, &["ndjson", "jsonl"]),
    (ExportFormat::Xlsx, &["xlsx"]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Purpose {
    /// Files that Set-FileLabel can label in place
    SetFilelabel,
    /// Files that Unprotect-RMSFile can decrypt in place
    UnprotectRmsfile,
}

pub(crate) fn run(args: &ExportArgs) -> Result<Outcome> {
    let estate = authority_file::load(args.estate.as_deref())?;
    let inventories = Inventories::open(&args.inventories)?;
    let filter = args.filter.filter(&estate)?.with_names(inventories.translation()?);
    let inventories = inventories.redacted(args.redact.redactor()?);
    let mut known = KnownValues::new(&filter);
    known.add_inventories(&inventories, &estate)?;
    known.check()?;
    let mut writer = args.writer(&inventories)?;
    let verbosity = args.messages.verbosity();
    if !filter.is_empty() {
        verbosity.detail(format_args!("Selected by {}.", escaped(filter.words())));
    }
    let mut progress = RecordProgress::new(verbosity, args.output.is_none());
    let mut selected: u64 = 0;
    inventories.judged_where(
        &estate,
        |judged| {
            progress.add();
            filter.takes(judged)
        },
        |judged| {
            selected += 1;
            writer.write(judged)
        },
    )?;
    let account = writer.finish()?;
    drop(progress);
    args.tell(&estate, selected, &account);
    if selected == 0 {
        warn(nothing_selected(filter.words()));
    }
    Ok(Outcome::Complete)
}

impl ExportArgs {
    /// Says which files were written, and which findings are in none of them.
    fn tell(&self, estate: &Estate, selected: u64, account: &ExportAccount) {
        let verbosity = self.messages.verbosity();
        let say = |text: fmt::Arguments<'_>| verbosity.note(text);
        if self.output.is_some() {
            say(format_args!("{}", judged_with(self.estate.as_deref(), estate)));
        }
        let is_split = account.files.len() > 1 || !account.left_out.is_empty();
        if is_split {
            say(format_args!("{} selected.", counted(selected, "finding")));
        }
        for (file, findings) in &account.files {
            say(format_args!("{} written to {}.", counted(*findings, "finding"), shown(file)));
        }
        for (why, findings) in &account.left_out {
            say(format_args!("{} left out: {}.", counted(*findings, "finding"), escaped(why)));
        }
        for note in &account.notes {
            say(format_args!("{}", escaped(note)));
        }
        if self.purpose.is_some() && !account.files.is_empty() {
            let argument = |file: &Path| argument(&file.display().to_string());
            let inventory =
                self.inventories.first().map_or_else(String::new, |file| argument(file));
            let lists = account.files.iter();
            let lists: String =
                lists.map(|(file, _)| format!(" --only {}", argument(file))).collect();
            say(format_args!(
                "When the work is done: `rmsight scan -i {}{}` reads exactly these files again.",
                escaped(&inventory),
                escaped(&lists)
            ));
        }
    }

    fn writer(&self, inventories: &Inventories) -> Result<Box<dyn FindingWriter>> {
        let output = self.output.as_deref();
        if self.paths0 {
            return self.paths(output);
        }
        if let Some(purpose) = self.purpose {
            return self.list(purpose, output, inventories);
        }
        let given = self.format.or(self.excel.then_some(ExportFormat::Csv));
        let format = format_of(output, given, ENDINGS, ExportFormat::Ndjson)?;
        if self.excel && format != ExportFormat::Csv {
            return Err(Failure::message("--excel goes with CSV only"));
        }
        let columns = ColumnList::of(self.columns.as_ref());
        match format {
            ExportFormat::Csv if self.excel => {
                Ok(Box::new(csv::ExcelWriter::open(output, columns)?))
            }
            ExportFormat::Csv => Ok(Box::new(csv::CsvWriter::open(output, columns)?)),
            ExportFormat::Ndjson => Ok(Box::new(ndjson::NdjsonWriter::open(output, columns)?)),
            #[cfg(feature = "parquet")]
            ExportFormat::Parquet => match output {
                Some(output) => Ok(Box::new(parquet::ParquetWriter::open(output, columns)?)),
                None => Err(Failure::message("Parquet needs a file: --output FILE")),
            },
            #[cfg(not(feature = "parquet"))]
            ExportFormat::Parquet => {
                Err(Failure::message("this rmsight was built without Parquet"))
            }
            #[cfg(feature = "xlsx")]
            ExportFormat::Xlsx => match output {
                Some(output) => Ok(Box::new(xlsx::XlsxWriter::open(output, columns)?)),
                None => Err(Failure::message("a workbook needs a file: --output FILE")),
            },
            #[cfg(not(feature = "xlsx"))]
            ExportFormat::Xlsx => {
                Err(Failure::message("this rmsight was built without Excel workbooks"))
            }
        }
    }

    fn paths(&self, output: Option<&Path>) -> Result<Box<dyn FindingWriter>> {
        // Any ending is right, unless it is that of a format.
        let ending = output.and_then(Path::extension).and_then(|ending| ending.to_str());
        let is_format = |ending: &str| {
            ENDINGS.iter().any(|(_, known)| known.contains(&ending.to_lowercase().as_str()))
        };
        if let (Some(output), Some(ending)) = (output, ending.filter(|ending| is_format(ending))) {
            return Err(Failure::message(format_args!(
                "{}: the ending is that of {ending}, and --paths0 writes paths",
                output.display()
            )));
        }
        Ok(Box::new(paths::PathWriter::open(output)?))
    }

    fn list(
        &self,
        purpose: Purpose,
        output: Option<&Path>,
        inventories: &Inventories,
    ) -> Result<Box<dyn FindingWriter>> {
        format_of(output, Some(ExportFormat::Csv), ENDINGS, ExportFormat::Csv)?;
        let path_column = match purpose {
            Purpose::SetFilelabel => "Path",
            Purpose::UnprotectRmsfile => "File",
        };
        if purpose == Purpose::UnprotectRmsfile && self.label_map.is_some() {
            return Err(Failure::message("--label-map goes with --for set-filelabel only"));
        }
        Ok(Box::new(tool_list::ToolListWriter::open(ListOptions {
            path_column,
            file: output,
            batch: self.batch,
            labels: self.label_map.as_deref().map(LabelMap::read).transpose()?,
            translation: inventories.translation()?,
        })?))
    }
}

fn shown(file: &Path) -> String {
    escaped(&file.display().to_string()).to_string()
}
