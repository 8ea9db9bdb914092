//! `rmsight judge`: judges stored records again. No file is opened.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::slice;

use clap::Args;
use rmsight::{ColumnValue, Envelope, Estate, Facts, Record, Redactor};
use serde_json::{Map, Value as Json};

use crate::args::{FormatArg, RedactArgs};
use crate::authority_file::{self, judged_with};
use crate::exit::{Failure, Outcome, Result};
use crate::inventory::query::{Inventories, is_database, reliable};
use crate::output::format::counted;
use crate::output::records::RecordBuffer;
use crate::output::{Format, summary};
use crate::stats::Stats;

/// Judge stored records again, with what is known now; no file is opened.
///
/// Takes inventories, and what `rmsight scan --format ndjson` wrote.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight judge estate.db --estate estate.toml
  rmsight judge findings.ndjson --estate estate.toml
  rmsight judge --format ndjson - < findings.ndjson > judged.ndjson")]
pub(crate) struct JudgeArgs {
    /// Inventories, and files of records as NDJSON (`-` is standard input)
    #[arg(value_name = "FILE", required = true)]
    records: Vec<PathBuf>,

    /// What the operator knows of keys: an estate file
    #[arg(long, value_name = "FILE")]
    estate: Option<PathBuf>,

    /// How to write what is found
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,

    #[command(flatten)]
    redact: RedactArgs,
}

pub(crate) fn run(args: &JudgeArgs) -> Result<Outcome> {
    let estate = authority_file::load(args.estate.as_deref())?;
    let redactor = args.redact.redactor()?;
    let format: Format = args.format.into();
    let mut stats = Stats::default();
    let mut out = io::stdout().lock();
    out.write_all(&RecordBuffer::header(format)).map_err(|error| Failure::writing(&error))?;
    for file in &args.records {
        let mut buffer = RecordBuffer::new(format);
        if is_database(file) {
            let stored = Inventories::open(slice::from_ref(file))?.redacted(redactor.clone());
            inventory(&stored, &estate, &mut stats, &mut buffer, &mut out)?;
            continue;
        }
        let name = file.display();
        for (number, line) in lines(file)?.enumerate() {
            let number = number + 1;
            let line = line.map_err(|error| Failure::message(format_args!("{name}: {error}")))?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            again(&line, &estate, redactor.as_ref(), &mut stats, &mut buffer)
                .map_err(|why| Failure::message(format_args!("{name}: line {number}: {why}")))?;
            if buffer.is_full() {
                buffer.print(&mut out)?;
            }
        }
        buffer.print(&mut out)?;
    }
    if format == Format::Text {
        let records = counted(stats.findings() + stats.unprotected, "stored record");
        let head = format!("Judged {records}.\n{}", judged_with(args.estate.as_deref(), &estate));
        summary::write(&head, &stats, &estate, &mut out)
            .map_err(|error| Failure::writing(&error))?;
    }
    out.flush().map_err(|error| Failure::writing(&error))?;
    Ok(Outcome::of(stats.is_complete() && !stats.is_empty()))
}

/// Judges the findings of an inventory.
fn inventory(
    stored: &Inventories,
    estate: &Estate,
    stats: &mut Stats,
    buffer: &mut RecordBuffer,
    out: &mut impl Write,
) -> Result<()> {
    stored.judged(estate, |judged| {
        stats.add(&judged.record());
        buffer.write(&judged.record());
        if buffer.is_full() { buffer.print(out) } else { Ok(()) }
    })?;
    buffer.print(out)
}

fn lines(file: &Path) -> Result<impl Iterator<Item = io::Result<Vec<u8>>>> {
    let reader: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let opened = File::open(file);
        let failed = |error| Failure::message(format_args!("{}: {error}", file.display()));
        Box::new(BufReader::new(opened.map_err(failed)?))
    };
    Ok(reader.split(b'\n'))
}

/// Judges the record in one line. Returns a message if it is not valid.
fn again(
    line: &[u8],
    estate: &Estate,
    redactor: Option<&Redactor>,
    stats: &mut Stats,
    buffer: &mut RecordBuffer,
) -> std::result::Result<(), String> {
    let row: Map<String, Json> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let anomalies = joined(row.get("anomalies"));
    let value = |name: &str| match name {
        "anomalies" => Some(ColumnValue::Text(&anomalies)),
        _ => row.get(name).map(value),
    };
    let mut envelope = Envelope::from_columns(value).map_err(|error| error.to_string())?;
    let facts = Facts::from_columns(value).map_err(|error| error.to_string())?;
    let (mut facts, verdict) = reliable(&envelope, facts, estate);
    if let Some(redactor) = redactor {
        redactor.redact(&mut envelope, &mut facts);
    }
    let record = Record::new(&envelope, &facts, &verdict);
    stats.add(&record);
    buffer.write(&record);
    Ok(())
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
