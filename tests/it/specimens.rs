//! Real files, if `RMSIGHT_SPECIMENS` names a folder that contains them.
//!
//! The files contain personal names, so they are not part of this project. The tables contain the
//! SHA-256 of each name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rmsight::{
    Column, ColumnValue, Envelope, Estate, Finding, Inspector, Protection, Record, judge,
};
use sha2::{Digest, Sha256};

const HASHED: [&str; 5] = ["slc_name", "issuer_id", "issuer_name", "owner", "descriptor_name"];

pub(crate) fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("RMSIGHT_SPECIMENS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: RMSIGHT_SPECIMENS is not set");
    }
    folder
}

/// Reads a table with columns separated by tabs. Each row maps a column to its text.
fn table(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split('\t').collect();
    lines
        .map(|line| {
            names
                .iter()
                .map(|name| name.to_string())
                .zip(line.split('\t').map(str::to_owned))
                .collect()
        })
        .collect()
}

fn cell(record: &Record<'_>, column: &str) -> String {
    let column = if column == "expected_dependency" { "dependency" } else { column };
    let text = match Column::named(column).expect("a column of the record").value(record) {
        ColumnValue::Null => return String::new(),
        ColumnValue::Bool(value) => value.to_string(),
        ColumnValue::Int(value) => value.to_string(),
        ColumnValue::Text(text) => text.to_string(),
        ColumnValue::Time(time) => time.to_string(),
        _ => panic!("no table has a list"),
    };
    if HASHED.contains(&column) {
        let digest = Sha256::digest(text.as_bytes());
        return digest.iter().fold("sha256:".to_owned(), |hex, byte| format!("{hex}{byte:02x}"));
    }
    text
}

fn best(report: &rmsight::Report) -> Finding {
    let rms = |finding: &&Finding| finding.facts().protection == Protection::Rms;
    report.findings().find(rms).or(report.findings().next()).unwrap().clone()
}

#[test]
fn real_files_have_the_expected_columns() {
    let Some(folder) = folder() else { return };
    let mut inspector = Inspector::builder().labels(true).build();
    let mut wrong = Vec::new();
    for name in ["expected.tsv", "lookalikes-expected.tsv"] {
        for row in table(&folder.join(name)) {
            let report = inspector.inspect_path(folder.join(&row["file"])).unwrap();
            let finding = best(&report);
            let verdict = judge(finding.facts(), &Estate::default());
            let envelope = Envelope::new("");
            let record = Record::new(&envelope, finding.facts(), &verdict);
            let is_compared = |column: &str| match column {
                "file" => false,
                // The expected values are those of a build that verifies.
                "signature" | "link" => cfg!(feature = "verify"),
                _ => true,
            };
            for (column, expected) in row.iter().filter(|(column, _)| is_compared(column)) {
                let found = cell(&record, column);
                if found != *expected {
                    wrong.push(format!("{}: {column}: {expected:?}, found {found:?}", row["file"]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn real_lookalikes_and_hostile_files_are_not_protected() {
    let Some(folder) = folder() else { return };
    let mut inspector = Inspector::default();
    for name in ["lookalikes", "hostile"] {
        for entry in std::fs::read_dir(folder.join(name)).unwrap() {
            let path = entry.unwrap().path();
            let report = inspector.inspect_path(&path).unwrap();
            let rms =
                report.findings().any(|finding| finding.facts().protection == Protection::Rms);
            assert!(!rms, "{}", path.display());
        }
    }
}
