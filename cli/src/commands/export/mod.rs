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

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rmsight::Estate;

use crate::args::{ESTATE_VARIABLE, INVENTORY_VARIABLE, RedactArgs};
use crate::authority_file::{self, judged_with};
use crate::exit::{Failure, Outcome, Result, say, warn};
use crate::filter::{FilterArgs, KnownValues, nothing_selected};
use crate::inventory::query::Inventories;
use crate::output::columns::ColumnList;
use crate::output::ending::{Endings, format_of};
use crate::output::format::counted;
use crate::output::terminal::escaped;
use label_map::LabelMap;
use sink::{ExportAccount, FindingWriter};
use tool_list::ListOptions;

/// Write stored findings with their verdicts, for other programs.
///
/// Verdicts are made anew, with what is known now.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight export estate.db --estate estate.toml -o findings.parquet
  rmsight export estate.db --estate estate.toml --need yes -o findings.xlsx
  rmsight export estate.db --columns path,member,need,owner --owner '*@contoso.com' -o ada.csv
  rmsight export estate.db --estate estate.toml --need yes --paths0 | xargs -0 ls -l
  rmsight export estate.db --estate estate.toml --need yes --for set-filelabel \\
    --label-map labels.csv --batch 500 -o todo.csv

In PowerShell, with the list of `--for set-filelabel --label-map`:
  Import-Csv todo.csv | ForEach-Object { Set-FileLabel -Path $_.Path -LabelId $_.LabelId }
With the list of `--for unprotect-rmsfile`:
  Import-Csv todo.csv | ForEach-Object { Unprotect-RMSFile -File $_.File -InPlace }
Both need the rights of a super user under the key of the file. Afterwards
`rmsight scan -i estate.db --only todo.csv` reads exactly these files again.")]
pub(crate) struct ExportArgs {
    /// Inventories, read as if they were one
    #[arg(value_name = "INVENTORY", required = true, env = INVENTORY_VARIABLE, hide_env_values = true)]
    inventories: Vec<PathBuf>,

    /// What the operator knows of keys: an estate file
    #[arg(long, value_name = "FILE", env = ESTATE_VARIABLE, hide_env_values = true)]
    estate: Option<PathBuf>,

    /// How to write what is found [default: by the ending of --output, else NDJSON]
    #[arg(long, value_enum)]
    format: Option<ExportFormat>,

    /// Where to write it to [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Only these columns, in this order: names of the record, separated by commas
    #[arg(long, value_name = "LIST", value_parser = ColumnList::parse,
        conflicts_with_all = ["paths0", "purpose"])]
    columns: Option<ColumnList>,

    /// CSV that spreadsheets open without harm
    ///
    /// It begins with a byte order mark, text that would be a formula gets an apostrophe before it,
    /// and what is longer than a sheet (1,048,576 rows) goes on in a further file.
    #[arg(long, conflicts_with_all = ["paths0", "purpose"])]
    excel: bool,

    /// Only the paths of the files, as they were walked, each with a NUL byte at its end
    #[arg(long, conflicts_with_all = ["format", "purpose", "redact"])]
    paths0: bool,

    /// A list for another program, as CSV; a second list has the members of archives and mails
    ///
    /// The columns are Path (File for Unprotect-RMSFile, mapped by --map of the scan), Owner,
    /// DescriptorId, DescriptorName, Key, Need, Issued and Container, then LabelId with --label-map,
    /// then Member in the second list. Each finding is accounted for: in which file it is, or why it
    /// is in none.
    #[arg(long = "for", value_enum, value_name = "TOOL", conflicts_with_all = ["format", "redact"])]
    purpose: Option<Purpose>,

    /// Which label each file gets: a CSV file with the columns `old` and `new`
    ///
    /// `old` is the id or the name of a template, or the id of a label; `*` stands for all others.
    /// `new` is the id of a label. Files without such a line are left out.
    #[arg(long, value_name = "FILE", requires = "purpose")]
    label_map: Option<PathBuf>,

    /// At most N rows in each file of the list
    #[arg(long, value_name = "N", requires_all = ["purpose", "output"],
        value_parser = clap::value_parser!(u64).range(1..))]
    batch: Option<u64>,

    #[command(flatten)]
    redact: RedactArgs,

    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// Columns with types, compressed; for DuckDB, Power BI, Spark
    Parquet,
    /// A header line, values as they are
    Csv,
    /// One JSON object a line
    Ndjson,
    /// An Excel workbook: cells with types, no formulas
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
    known.add_inventories(&inventories)?;
    known.check()?;
    let mut writer = args.writer(&inventories)?;
    let mut selected: u64 = 0;
    inventories.judged_where(
        &estate,
        |record| filter.takes(record),
        |judged| {
            selected += 1;
            writer.write(judged)
        },
    )?;
    let account = writer.finish()?;
    args.tell(&estate, selected, &account);
    if selected == 0 {
        warn(nothing_selected(filter.words()));
    }
    Ok(Outcome::Complete)
}

impl ExportArgs {
    /// Says which files were written, and which findings are in none of them.
    fn tell(&self, estate: &Estate, selected: u64, account: &ExportAccount) {
        if self.output.is_some() {
            say(judged_with(self.estate.as_deref(), estate));
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
            say(escaped(note));
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
