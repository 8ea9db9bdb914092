//! `rmsight judge`: judges stored records again. No file is opened.

use std::io::{self, BufRead as _, Write};
use std::path::PathBuf;
use std::slice;

use clap::{Args, ColorChoice};
use rmsight::{
    COLUMNS, ColumnPart, ColumnValue, Envelope, Estate, Facts, READER_VERSION, Record, Redactor,
};
use serde_json::{Map, Value as Json};

use crate::args::{ESTATE_VARIABLE, FormatArg, INVENTORY_VARIABLE, RECORD_ENDINGS, RedactArgs};
use crate::authority_file::{self, judged_with};
use crate::exit::{Failure, Outcome, Result, warn};
use crate::filter::{FilterArgs, FindingFilter, KnownValues, nothing_selected, shown_words};
use crate::fs::text::{self, Marks};
use crate::inventory::query::{Inventories, is_database, reliable};
use crate::output::columns::ColumnList;
use crate::output::ending::format_of;
use crate::output::format::counted;
use crate::output::output_file::OutputFile;
use crate::output::records::{RecordBuffer, RecordLayout};
use crate::output::terminal::escaped;
use crate::output::{Format, color, summary};
use crate::stats::{NeedCounts, Stats};

/// Judge stored records again, with what is known now; no file is opened.
///
/// Takes inventories, and what `rmsight scan --format ndjson` wrote. The exit code is that of all
/// records, also if the options below select some of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight judge estate.db --estate estate.toml
  rmsight judge findings.ndjson --estate estate.toml
  rmsight judge findings.ndjson --estate estate.toml -o judged.ndjson
  rmsight judge estate.db --estate estate.toml --need possible --owner '*@contoso.com'")]
pub(crate) struct JudgeArgs {
    /// Inventories, and files of records as NDJSON (`-` is standard input)
    #[arg(value_name = "FILE", required = true, env = INVENTORY_VARIABLE, hide_env_values = true)]
    records: Vec<PathBuf>,

    /// What the operator knows of keys: an estate file
    #[arg(long, value_name = "FILE", env = ESTATE_VARIABLE, hide_env_values = true)]
    estate: Option<PathBuf>,

    /// How to write what is found [default: by the ending of --output, else text]
    #[arg(long, value_enum)]
    format: Option<FormatArg>,

    /// Write records to FILE instead of standard output, as UTF-8
    ///
    /// Without --format its ending decides: .ndjson, .csv or .txt.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Only these columns of NDJSON or CSV, in this order, separated by commas
    #[arg(long, value_name = "LIST", value_parser = ColumnList::parse)]
    columns: Option<ColumnList>,

    /// When text has colors
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    color: ColorChoice,

    /// Only the totals, without a line for each record
    #[arg(long, conflicts_with = "columns")]
    summary: bool,

    #[command(flatten)]
    redact: RedactArgs,

    #[command(flatten)]
    filter: FilterArgs,
}

/// Judges records, and keeps those that the filter selects.
struct Judge<'a> {
    estate: &'a Estate,
    redactor: Option<Redactor>,
    filter: &'a FindingFilter,
    /// Of all records.
    stats: Stats,
    /// Of the selected records.
    selected: NeedCounts,
    /// Bytes that precede the first record.
    first_line: Vec<u8>,
    /// `None` if only the totals are wanted.
    buffer: Option<RecordBuffer>,
}

pub(crate) fn run(args: &JudgeArgs) -> Result<Outcome> {
    let estate = authority_file::load(args.estate.as_deref())?;
    let is_inventory = |file: &&PathBuf| is_database(file);
    let files: Vec<PathBuf> = args.records.iter().filter(is_inventory).cloned().collect();
    let inventories = Inventories::open(&files)?;
    let filter = args.filter.filter(&estate)?.with_names(inventories.translation()?);
    let mut known = KnownValues::new(&filter);
    known.add_inventories(&inventories)?;
    if files.len() == args.records.len() {
        known.check()?;
    }
    drop(inventories);
    let output = args.output.as_deref();
    let format: Format = format_of(output, args.format, RECORD_ENDINGS, FormatArg::Text)?.into();
    if args.summary && format != Format::Text {
        return Err(Failure::message("--summary goes with --format text only"));
    }
    let layout = RecordLayout::new(format)
        .with_columns(args.columns.as_ref())?
        .colored(color::choice_for(output, args.color));
    let header = layout.header();
    let mut judge = Judge {
        estate: &estate,
        redactor: args.redact.redactor()?,
        filter: &filter,
        stats: Stats::default(),
        selected: NeedCounts::default(),
        first_line: layout.first_line(),
        buffer: (!args.summary).then(|| RecordBuffer::new(layout)),
    };
    let mut out = OutputFile::open(output)?;
    out.write_all(&header).map_err(|error| Failure::writing(&error))?;
    for file in &args.records {
        if is_database(file) {
            judge.inventory(file, &mut out)?;
            continue;
        }
        let name = file.display();
        let failed = |error| Failure::message(format_args!("{}: {error}", file.display()));
        let text = text::open(file, Marks::Optional).map_err(failed)?;
        for (number, line) in text.split(b'\n').enumerate() {
            let number = number + 1;
            let line = line.map_err(failed)?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            judge
                .line(&line, &mut known)
                .map_err(|why| Failure::message(format_args!("{name}: line {number}: {why}")))?;
            judge.print(&mut out, RecordBuffer::is_full)?;
        }
        judge.print(&mut out, |_| true)?;
    }
    known.check()?;
    let Judge { stats, selected, .. } = judge;
    if !filter.is_empty() && selected.all() == 0 {
        warn(nothing_selected(filter.words()));
    }
    if format == Format::Text {
        totals(args, &estate, &filter, &stats, selected, &mut out)
            .map_err(|error| Failure::writing(&error))?;
    }
    out.finish()?;
    Ok(Outcome::of(stats.is_complete() && !stats.is_empty()))
}

/// Writes the totals. Those of a selection say nothing about the other records, so that they come
/// without a conclusion.
fn totals(
    args: &JudgeArgs,
    estate: &Estate,
    filter: &FindingFilter,
    stats: &Stats,
    selected: NeedCounts,
    out: &mut impl Write,
) -> io::Result<()> {
    let records = counted(stats.findings() + stats.unprotected, "stored record");
    let judged_with = judged_with(args.estate.as_deref(), estate);
    if filter.is_empty() {
        let head = format!("Judged {records}.\n{judged_with}");
        return summary::write(&head, stats, estate, out);
    }
    let NeedCounts { yes, possible, no } = selected;
    writeln!(
        out,
        "\nJudged {records}; {} selected by {}: {yes} yes, {possible} possible, {no} no.",
        selected.all(),
        escaped(&shown_words(filter, args.redact.is_given())),
    )?;
    writeln!(
        out,
        "{judged_with}\nThe other records may need a key too: judge them without a selection."
    )
}

impl Judge<'_> {
    /// Judges the findings of an inventory.
    fn inventory(&mut self, file: &PathBuf, out: &mut impl Write) -> Result<()> {
        let Judge { estate, redactor, filter, stats, selected, first_line, buffer } = self;
        let stored = Inventories::open(slice::from_ref(file))?.redacted(redactor.clone());
        stored.judged_where(
            estate,
            |record| {
                stats.add(record);
                filter.takes(record)
            },
            |judged| {
                selected.add(judged.verdict.need());
                let Some(buffer) = buffer else { return Ok(()) };
                buffer.write(&judged.record());
                if buffer.is_full() { print(first_line, buffer, out) } else { Ok(()) }
            },
        )?;
        self.print(out, |_| true)
    }

    /// Prints the buffered records if that is due.
    fn print(
        &mut self,
        out: &mut impl Write,
        is_due: impl Fn(&RecordBuffer) -> bool,
    ) -> Result<()> {
        match &mut self.buffer {
            Some(buffer) if is_due(buffer) => print(&mut self.first_line, buffer, out),
            _ => Ok(()),
        }
    }

    /// Judges the record in one line. Returns a message if it is not valid.
    fn line(
        &mut self,
        line: &[u8],
        known: &mut KnownValues<'_>,
    ) -> std::result::Result<(), String> {
        let row: Map<String, Json> =
            serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let anomalies = joined(row.get("anomalies"));
        let value = |name: &str| match name {
            "anomalies" => Some(ColumnValue::Text(&anomalies)),
            _ => row.get(name).map(value),
        };
        let mut envelope = Envelope::from_columns(value).map_err(|error| error.to_string())?;
        if envelope.reader >= READER_VERSION {
            whole(&row)?;
        }
        let facts = Facts::from_columns(value).map_err(|error| error.to_string())?;
        let (mut facts, verdict) = reliable(&envelope, facts, self.estate);
        let record = Record::new(&envelope, &facts, &verdict);
        known.add(&record);
        self.stats.add(&record);
        if !self.filter.takes(&record) {
            return Ok(());
        }
        self.selected.add(verdict.need());
        if let Some(redactor) = &self.redactor {
            redactor.redact(&mut envelope, &mut facts);
        }
        if let Some(buffer) = &mut self.buffer {
            buffer.write(&Record::new(&envelope, &facts, &verdict));
        }
        Ok(())
    }
}

/// Prints the buffered records, the first ones after `first_line`.
fn print(first_line: &mut Vec<u8>, buffer: &mut RecordBuffer, out: &mut impl Write) -> Result<()> {
    if buffer.is_empty() {
        return Ok(());
    }
    out.write_all(&std::mem::take(first_line)).map_err(|error| Failure::writing(&error))?;
    buffer.print(out)
}

/// Fails if a record of this version lacks a column of the facts: a missing error code or signature
/// could turn its verdict into `no`.
fn whole(row: &Map<String, Json>) -> std::result::Result<(), String> {
    let mut facts = COLUMNS.iter().filter(|column| column.part == ColumnPart::Facts);
    match facts.find(|column| !row.contains_key(column.name)) {
        None => Ok(()),
        Some(column) => Err(format!(
            "the record has no column {}: only whole records can be judged again, not those that \
             were written with --columns",
            column.name
        )),
    }
}

fn value(json: &Json) -> ColumnValue<'_> {
    match json {
        Json::Bool(truth) => ColumnValue::Bool(*truth),
        Json::Number(number) => number.as_u64().map_or(ColumnValue::Null, ColumnValue::Int),
        Json::String(text) => ColumnValue::Text(text),
        Json::Null | Json::Array(_) | Json::Object(_) => ColumnValue::Null,
    }
}

fn joined(anomalies: Option<&Json>) -> String {
    let names = anomalies.and_then(Json::as_array).into_iter().flatten();
    names.filter_map(Json::as_str).collect::<Vec<_>>().join(" ")
}
