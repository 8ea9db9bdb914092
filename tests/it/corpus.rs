//! `corpus/` is what the builders make, byte for byte, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[cfg(feature = "verify")]
use rmsight::{Envelope, Estate, Inspector, Record, judge};
use rmsight_specimen::corpus;

/// The folders that are made. Others, such as regressions, are collected.
const MADE: [&str; 5] = ["containers", "damaged", "licenses", "lookalikes", "rules"];
/// What a golden record is called after the file that it belongs to.
const GOLDEN: &str = ".ndjson";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Whether files are to be written anew: `RMSIGHT_BLESS=1 cargo test`.
fn blesses() -> bool {
    std::env::var_os("RMSIGHT_BLESS").is_some_and(|value| value == "1")
}

/// Compares a file with what it should be, or makes it so.
fn assert_is(path: &Path, expected: &[u8]) -> Result<(), String> {
    if blesses() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, expected).unwrap();
        return Ok(());
    }
    let found = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if found == expected {
        return Ok(());
    }
    let at = found.iter().zip(expected).position(|(a, b)| a != b);
    let at = at.unwrap_or(found.len().min(expected.len()));
    Err(format!("{} differs at byte {at}", path.display()))
}

#[test]
fn the_corpus_is_what_the_builders_make() {
    let files = corpus();
    let wrong: Vec<String> = files
        .iter()
        .filter_map(|file| assert_is(&root().join(&file.path), &file.bytes).err())
        .collect();
    assert!(wrong.is_empty(), "RMSIGHT_BLESS=1 writes them anew: {wrong:#?}");
}

/// The records of a file as the library writes them: facts and verdict without an estate.
#[cfg(feature = "verify")]
fn records(inspector: &mut Inspector, path: &str, bytes: &[u8]) -> Vec<u8> {
    let report = inspector.inspect_bytes(bytes);
    let mut envelope = Envelope::new(path);
    envelope.size = Some(bytes.len() as u64);
    let mut out = Vec::new();
    for finding in report.findings() {
        let verdict = judge(finding.facts(), &Estate::default());
        let record = Record { envelope: &envelope, facts: finding.facts(), verdict: &verdict };
        record.write_ndjson(&mut out).unwrap();
    }
    out
}

#[test]
#[cfg(feature = "verify")]
fn every_file_has_the_records_beside_it() {
    let mut inspector = Inspector::builder().verify(true).labels(true).fingerprint(true).build();
    let wrong: Vec<String> = corpus()
        .iter()
        .filter_map(|file| {
            let golden = records(&mut inspector, &file.path, &file.bytes);
            assert_is(&root().join(format!("{}{GOLDEN}", file.path)), &golden).err()
        })
        .collect();
    assert!(wrong.is_empty(), "RMSIGHT_BLESS=1 writes them anew: {wrong:#?}");
}

#[test]
fn nothing_else_lies_in_the_corpus_and_it_is_small() {
    let made: BTreeSet<String> = corpus().into_iter().map(|file| file.path).collect();
    let mut bytes = 0;
    for folder in MADE {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let entry = entry.unwrap();
            bytes += entry.metadata().unwrap().len();
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            let subject = path.strip_suffix(GOLDEN).unwrap_or(&path);
            assert!(made.contains(subject), "{path} is made by nothing");
        }
    }
    assert!(bytes < 2_400_000, "{bytes} bytes are too many to carry around");
}
