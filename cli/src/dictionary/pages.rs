//! Tests that `docs/RECORD.md` and the tables of `CODES.md` are those of the dictionary.
//! `RMSIGHT_BLESS=1` writes them.

use std::fmt::Write as _;
use std::path::Path;

use rmsight::{Anomaly, COLUMNS, ColumnPart, ErrorCode, ErrorFamily};

use super::glossary::GLOSSARY;
use super::{ColumnEntry, ENTRIES, error_codes};
use crate::output::{advice, meaning};

/// Compares a page of the project with the expected text, or writes it.
fn hold(page: &str, expected: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(page);
    if std::env::var_os("RMSIGHT_BLESS").is_some() {
        std::fs::write(&file, expected).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default().replace('\r', "");
    assert!(
        found == expected,
        "{page} differs from the dictionary: RMSIGHT_BLESS=1 writes the page, review the difference"
    );
}

fn parts(entry: &ColumnEntry, part: ColumnPart) -> bool {
    entry.column().is_some_and(|column| column.part == part)
}

/// The values that the page lists below the table, or where they are listed.
fn values(entry: &ColumnEntry) -> String {
    match (entry.listed_in, entry.values().as_slice()) {
        (Some(place), _) => place.to_owned(),
        (None, []) => String::new(),
        (None, _) => format!("[listed below](#{})", entry.name),
    }
}

const INTRODUCTION: &str = "\
# The record

One flat row for each finding, with the same columns in NDJSON, CSV, Parquet, workbooks and the
inventory. This page is generated from the dictionary of the program: `rmsight columns` prints the
same text, and `rmsight columns --json` the same as data. [COMPATIBILITY.md](COMPATIBILITY.md) says
what a version may change.

Types: `text`, `int`, `bool`, `time`, or a list of names. A column is null if the file does not state
the value, or if the value was not read. These columns are never null: `schema`, `reader`, `path`,
`container`, `protection`, `searched`, `depth`, `signature`, `link`, `need`, `dependency`, `rule`,
`rules`, `key_match`. Treat a value of a closed list that you do not know as undecided.
";

const COLUMN_TABLE: &str = "\
| column | type | unit or form | meaning | values | since |
|---|---|---|---|---|---|
";

const GLOSSARY_TABLE: &str = "
## Glossary

`rmsight columns --glossary` prints it.

| word | meaning |
|---|---|
";

fn record_page() -> String {
    let mut page = INTRODUCTION.to_owned();
    let intro = [
        (ColumnPart::Envelope, "Envelope", "What was read, from the program."),
        (ColumnPart::Facts, "Facts", "What the bytes of the file say."),
        (
            ColumnPart::Verdict,
            "Verdict",
            "The judgment of the facts by the estate file. `rmsight judge` makes it anew.",
        ),
    ];
    for (part, heading, sentence) in intro {
        _ = write!(page, "\n## {heading}\n\n{sentence}\n\n{COLUMN_TABLE}");
        for entry in ENTRIES.iter().filter(|entry| parts(entry, part)) {
            _ = writeln!(
                page,
                "| `{}` | {} | {} | {} | {} | {} |",
                entry.name,
                entry.kind(),
                entry.unit,
                entry.text(),
                values(entry),
                entry.since
            );
        }
    }
    page += "\n## Values\n";
    for entry in ENTRIES.iter().filter(|entry| entry.listed_in.is_none()) {
        let values = entry.values();
        if values.is_empty() {
            continue;
        }
        _ = write!(page, "\n### `{}`\n\n| value | meaning |\n|---|---|\n", entry.name);
        for value in values {
            _ = writeln!(page, "| `{}` | {} |", value.name, value.meaning);
        }
    }
    page += GLOSSARY_TABLE;
    for term in GLOSSARY {
        _ = writeln!(page, "| {} | {} |", term.word, term.meaning);
    }
    page
}

#[test]
fn the_record_page_is_that_of_the_dictionary() {
    hold("docs/RECORD.md", &record_page());
}

/// Replaces the rows of the table that follows `heading` in `page`.
fn with_table(page: &str, heading: &str, rows: &str) -> String {
    let (before, after) = page.split_once(heading).expect(heading);
    let (ruler, after) = after.split_once("|\n").expect(heading);
    let end = after.find("\n\n").map_or(after.len(), |at| at + 1);
    format!("{before}{heading}{ruler}|\n{rows}{}", &after[end..])
}

#[test]
fn the_codes_page_is_that_of_the_dictionary() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("CODES.md");
    let mut page = std::fs::read_to_string(file).unwrap().replace('\r', "");
    let is_malformed = |code: &ErrorCode| code.as_str().starts_with("malformed-");
    let is_limit = |code: &ErrorCode| code.family() == ErrorFamily::Limit;
    let row = |code: &ErrorCode| {
        let (meaning, advice) = (error_codes::meaning(*code), advice::of_code(code.as_str()));
        match advice {
            advice::DAMAGE => format!("| `{code}` | {meaning} |\n"),
            // The text above the table has this advice.
            advice::LIMIT => format!("| `{code}` | {meaning} | |\n"),
            _ => format!("| `{code}` | {meaning} | {advice} |\n"),
        }
    };
    let rows = |select: &dyn Fn(&ErrorCode) -> bool| -> String {
        ErrorCode::ALL.iter().filter(|code| select(code)).map(row).collect()
    };
    let first = Anomaly::ImportedKeyLikely;
    let odd = |select: &dyn Fn(&Anomaly) -> bool| -> String {
        let chosen = Anomaly::ALL.iter().filter(|it| select(it));
        chosen.map(|it| format!("| `{it}` | {} |\n", meaning::anomaly(*it))).collect()
    };
    for (heading, rows) in [
        ("| code | meaning | what to do |\n", rows(&|it| !is_malformed(it) && !is_limit(it))),
        ("| code | structure |\n", rows(&is_malformed)),
        ("| code | budget | what to do |\n", rows(&is_limit)),
        ("bytes alone:\n\n| code | meaning |\n", odd(&|it| *it < first)),
        ("estate file:\n\n| code | meaning |\n", odd(&|it| *it >= first)),
    ] {
        page = with_table(&page, heading, &rows);
    }
    for advice in [advice::DAMAGE, advice::LIMIT] {
        assert!(page.replace('\n', " ").contains(advice), "CODES.md lacks the advice: {advice}");
    }
    hold("CODES.md", &page);
}

#[test]
fn the_dictionary_has_the_columns_of_the_record_in_their_order() {
    let columns: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    let entries: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
    assert_eq!(entries, columns);
    for entry in ENTRIES {
        // `|` ends a cell of a table.
        let mut texts = vec![entry.text(), entry.unit.to_owned()];
        texts.extend(entry.values().iter().map(|value| value.meaning.to_owned()));
        for text in texts {
            assert!(!text.contains(['|', '\n']), "{}: {text}", entry.name);
        }
    }
}
