//! `rmsight judge`: judges stored records again. No file is opened.

use std::io::{self, BufRead as _, Write};
use std::path::PathBuf;
use std::slice;

use clap::Args;
use rmsight::{
    COLUMNS, ColumnPart, ColumnValue, Envelope, Estate, Facts, READER_VERSION, Redactor,
};
use serde_json::{Map, Value as Json};

use crate::args::{ESTATE_VARIABLE, INVENTORY_VARIABLE, MessageArgs, RecordArgs};
use crate::authority_file::{self, judged_with};
use crate::authority_use::asks_nothing;
use crate::exit::{Failure, Outcome, Result, opening, warn};
use crate::filter::{FilterArgs, FindingFilter, KnownValues, nothing_selected, shown_words};
use crate::fs::text::{self, Marks};
use crate::inventory::gaps::{Gap, of_inventories};
use crate::inventory::is_database;
use crate::inventory::query::{Inventories, Judged, reliable};
use crate::options;
use crate::output::format::{counted, thousands};
use crate::output::output_file::OutputFile;
use crate::output::record_progress::RecordProgress;
use crate::output::records::{RecordBuffer, RecordLayout};
use crate::output::terminal::escaped;
use crate::output::{Format, color, summary};
use crate::stats::{NeedCounts, Stats};

/// Judge stored records again with the estate file, without opening a file.
///
/// Reads inventories, and records that `rmsight scan` wrote as NDJSON. The totals and the exit code are
/// about all records. Ends with 1 if a record was not read or is `possible`, and if the estate file declares no
/// retiring authority. The options under "Which findings" select the records that are written.
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
    files: Vec<PathBuf>,

    /// The estate file: authorities, and what became of their keys
    #[arg(long, value_name = "FILE", env = ESTATE_VARIABLE, hide_env_values = true)]
    estate: Option<PathBuf>,

    #[command(flatten)]
    records: RecordArgs,

    #[command(flatten)]
    filter: FilterArgs,

    #[command(flatten)]
    messages: MessageArgs,
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
    progress: RecordProgress,
}

pub(crate) fn run(args: &JudgeArgs) -> Result<Outcome> {
    let estate = authority_file::load(args.estate.as_deref())?;
    let is_inventory = |file: &&PathBuf| is_database(file);
    let files: Vec<PathBuf> = args.files.iter().filter(is_inventory).cloned().collect();
    let inventories = Inventories::open(&files)?;
    let filter = args.filter.filter(&estate)?.with_names(inventories.translation()?);
    let mut known = KnownValues::new(&filter);
    known.add_inventories(&inventories, &estate)?;
    if files.len() == args.files.len() {
        known.check()?;
    }
    let records = &args.records;
    let redactor = records.redact.redactor()?;
    let gaps = of_inventories(&inventories, redactor.as_ref())?;
    drop(inventories);
    let output = records.output.as_deref();
    let format = options::record_format(records)?.unwrap_or(Format::Text);
    let layout = RecordLayout::new(format)
        .with_columns(records.columns.as_ref())?
        .colored(color::choice_for(output, records.color));
    let verbosity = args.messages.verbosity();
    verbosity.detail(judged_with(args.estate.as_deref(), &estate));
    if !filter.is_empty() {
        verbosity.detail(format_args!("Selected by {}.", escaped(filter.words())));
    }
    let header = layout.header();
    let mut judge = Judge {
        estate: &estate,
        redactor,
        filter: &filter,
        stats: Stats::default(),
        selected: NeedCounts::default(),
        first_line: layout.first_line(),
        buffer: (!records.summary).then(|| RecordBuffer::new(layout)),
        progress: RecordProgress::new(verbosity, output.is_none() && !records.summary),
    };
    let mut out = OutputFile::open(output)?;
    out.write_all(&header).map_err(|error| Failure::writing(&error))?;
    for file in &args.files {
        judge.progress.begin(file);
        if is_database(file) {
            judge.inventory(file, &mut out)?;
            continue;
        }
        let name = file.display();
        let failed = |error| Failure::message(format_args!("{}: {error}", file.display()));
        let text = text::open(file, Marks::Optional).map_err(|error| {
            let advice = "`rmsight scan` writes both";
            opening(file, &error, "inventory or file of records", advice)
        })?;
        for (number, line) in text.split(b'\n').enumerate() {
            let number = number + 1;
            let line = line.map_err(failed)?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            judge.line(&line, &mut known).map_err(|why| {
                let form = match line.trim_ascii_start().starts_with(b"{") {
                    true => "",
                    false => "it is no JSON object, as `rmsight scan --format ndjson` writes: ",
                };
                Failure::message(format_args!("{name}: line {number}: {form}{why}"))
            })?;
            judge.print(&mut out, RecordBuffer::is_full)?;
        }
        judge.print(&mut out, |_| true)?;
    }
    known.check()?;
    let Judge { stats, selected, progress, .. } = judge;
    drop(progress);
    if !filter.is_empty() && selected.all() == 0 {
        warn(nothing_selected(filter.words()));
    }
    if format == Format::Text {
        totals(args, &estate, &filter, &stats, gaps, selected, &mut out)
            .map_err(|error| Failure::writing(&error))?;
    }
    out.finish()?;
    let is_decided = stats.is_complete() && stats.needs.possible == 0;
    Ok(Outcome::of(is_decided && !stats.is_empty() && !asks_nothing(&estate)))
}

/// Writes the totals. Those of a selection say nothing about the other records, so that they come
/// without a conclusion.
fn totals(
    args: &JudgeArgs,
    estate: &Estate,
    filter: &FindingFilter,
    stats: &Stats,
    gaps: Vec<Gap>,
    selected: NeedCounts,
    out: &mut impl Write,
) -> io::Result<()> {
    let records = counted(stats.findings() + stats.unprotected, "stored record");
    let judged_with = judged_with(args.estate.as_deref(), estate);
    if filter.is_empty() {
        let head = format!("Judged {records}.\n{judged_with}");
        return summary::write(&head, stats, gaps, estate, out);
    }
    let NeedCounts { yes, possible, no } = selected;
    let [yes, possible, no] = [yes, possible, no].map(thousands);
    writeln!(
        out,
        "\nJudged {records}; {} selected by {}: {yes} yes, {possible} possible, {no} no.",
        thousands(selected.all()),
        escaped(&shown_words(filter, args.records.redact.is_given())),
    )?;
    writeln!(
        out,
        "{judged_with}\nThe other records may need a key too: judge them without a selection."
    )
}

impl Judge<'_> {
    /// Judges the findings of an inventory.
    fn inventory(&mut self, file: &PathBuf, out: &mut impl Write) -> Result<()> {
        let Judge { estate, redactor, filter, stats, selected, first_line, buffer, progress } =
            self;
        let stored = Inventories::open(slice::from_ref(file))?.redacted(redactor.clone());
        stored.judged_where(
            estate,
            |judged| {
                progress.add();
                stats.add(&judged.record());
                filter.takes(judged)
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
        let envelope = Envelope::from_columns(value).map_err(|error| error.to_string())?;
        let envelope = envelope.into_owned();
        if envelope.reader >= READER_VERSION {
            whole(&row)?;
        }
        let facts = Facts::from_columns(value).map_err(|error| error.to_string())?;
        let (facts, verdict) = reliable(&envelope, facts, self.estate);
        let mut judged = Judged { envelope, facts, verdict, file_owner: None };
        self.progress.add();
        known.add(&judged);
        self.stats.add(&judged.record());
        if !self.filter.takes(&judged) {
            return Ok(());
        }
        self.selected.add(judged.verdict.need());
        if let Some(redactor) = &self.redactor {
            redactor.redact(&mut judged.envelope, &mut judged.facts);
        }
        if let Some(buffer) = &mut self.buffer {
            buffer.write(&judged.record());
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
