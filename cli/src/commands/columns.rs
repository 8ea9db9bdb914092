//! `rmsight columns`: the data dictionary.

use std::io::{self, Write};

use clap::Args;
use rmsight::ColumnPart;
use serde_json::{Value, json};

use crate::dictionary::glossary::GLOSSARY;
use crate::dictionary::{ColumnEntry, ENTRIES, ListedValue, entry};
use crate::exit::{Failure, Outcome, Result};
use crate::output::columns::column_name;

/// Describe the columns of the record: type, unit, meaning and values
///
/// Without a name lists all columns. With names also lists the values of closed lists, with their
/// meaning, and what to do about each error code. docs/RECORD.md has the same text.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight columns
  rmsight columns need error_code
  rmsight columns --json
  rmsight columns --glossary")]
pub(crate) struct ColumnsArgs {
    /// Columns to describe with their values [default: all columns, without values]
    #[arg(value_name = "NAME", value_parser = column_name)]
    names: Vec<&'static str>,

    /// One JSON object a line for each column, always with its values
    #[arg(long)]
    json: bool,

    /// The words of the output and of the estate file, instead of columns
    #[arg(long, conflicts_with = "names")]
    glossary: bool,
}

pub(crate) fn run(args: &ColumnsArgs) -> Result<Outcome> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    write(args, &mut out).and_then(|()| out.flush()).map_err(|error| Failure::writing(&error))?;
    Ok(Outcome::Complete)
}

fn write(args: &ColumnsArgs, out: &mut impl Write) -> io::Result<()> {
    if args.glossary {
        for term in GLOSSARY {
            match args.json {
                true => writeln!(out, "{}", json!({ "word": term.word, "meaning": term.meaning }))?,
                false => writeln!(out, "{}\n    {}\n", term.word, term.meaning)?,
            }
        }
        return Ok(());
    }
    let chosen: Vec<&ColumnEntry> = match args.names.is_empty() {
        true => ENTRIES.iter().collect(),
        false => args.names.iter().filter_map(|name| entry(name)).collect(),
    };
    for entry in chosen {
        match (args.json, args.names.is_empty()) {
            (true, _) => writeln!(out, "{}", data(entry))?,
            (false, true) => {
                writeln!(out, "{:<19} {:<13} {}", entry.name, entry.kind(), entry.text())?;
            }
            (false, false) => page(entry, out)?,
        }
    }
    Ok(())
}

/// Writes a column with its values.
fn page(entry: &ColumnEntry, out: &mut impl Write) -> io::Result<()> {
    write!(out, "{}  {}", entry.name, entry.kind())?;
    if !entry.unit.is_empty() {
        write!(out, ", {}", entry.unit)?;
    }
    writeln!(out, ", {}, since {}", part(entry), entry.since)?;
    writeln!(out, "    {}", entry.text())?;
    let values = entry.values();
    let width = values.iter().map(|value| value.name.len()).max().unwrap_or_default();
    for ListedValue { name, meaning, advice } in values {
        writeln!(out, "    {name:<width$}  {meaning}")?;
        if !advice.is_empty() {
            writeln!(out, "    {:<width$}  → {advice}", "")?;
        }
    }
    writeln!(out)
}

fn part(entry: &ColumnEntry) -> &'static str {
    entry.column().map_or("", |column| column.part.as_str())
}

fn data(entry: &ColumnEntry) -> Value {
    let value = |value: &ListedValue| {
        let mut object = json!({ "name": value.name, "meaning": value.meaning });
        if !value.advice.is_empty() {
            object["advice"] = value.advice.into();
        }
        object
    };
    json!({
        "name": entry.name,
        "type": entry.column().map(|column| column.kind.as_str()),
        "part": entry.column().map(|column| column.part).map(ColumnPart::as_str),
        "unit": Some(entry.unit).filter(|unit| !unit.is_empty()),
        "meaning": entry.meaning,
        "null_after_quick": entry.column().is_some_and(|column| column.needs_whole_license),
        "values": entry.values().iter().map(value).collect::<Vec<_>>(),
        "since": entry.since,
    })
}
