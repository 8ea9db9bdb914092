//! `corpus/` contains exactly the files that the specimen builders produce, with golden records.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[cfg(feature = "verify")]
use rmsight::{Envelope, Estate, Inspector, Record, judge};
use rmsight_specimen::corpus;

/// The generated folders. Other folders, such as `regressions`, contain collected files.
const GENERATED: [&str; 5] = ["containers", "damaged", "licenses", "lookalikes", "rules"];
/// The suffix that the file name of a golden record adds to that of its subject.
const GOLDEN: &str = ".ndjson";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Returns whether the test updates the files: `RMSIGHT_BLESS=1 cargo test`.
fn blesses() -> bool {
    std::env::var_os("RMSIGHT_BLESS").is_some_and(|value| value == "1")
}

/// Compares a file with `expected`, or writes it if `blesses()`.
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
fn corpus_files_equal_builder_output() {
    let files = corpus();
    let wrong: Vec<String> = files
        .iter()
        .filter_map(|file| assert_is(&root().join(&file.path), &file.bytes).err())
        .collect();
    assert!(wrong.is_empty(), "RMSIGHT_BLESS=1 updates them: {wrong:#?}");
}

/// Returns the NDJSON records of a file: its facts, and the verdict without an estate.
#[cfg(feature = "verify")]
fn records(inspector: &mut Inspector, path: &str, bytes: &[u8]) -> Vec<u8> {
    let report = inspector.inspect_bytes(bytes);
    let mut envelope = Envelope::new(path);
    envelope.size = Some(bytes.len() as u64);
    let mut out = Vec::new();
    for finding in report.findings() {
        let verdict = judge(finding.facts(), &Estate::default());
        let record = Record::new(&envelope, finding.facts(), &verdict);
        record.write_ndjson(&mut out).unwrap();
    }
    out
}

#[test]
#[cfg(feature = "verify")]
fn records_of_corpus_files_equal_golden_records() {
    let mut inspector = Inspector::builder().labels(true).fingerprint(true).build();
    let wrong: Vec<String> = corpus()
        .iter()
        .filter_map(|file| {
            let golden = records(&mut inspector, &file.path, &file.bytes);
            assert_is(&root().join(format!("{}{GOLDEN}", file.path)), &golden).err()
        })
        .collect();
    assert!(wrong.is_empty(), "RMSIGHT_BLESS=1 updates them: {wrong:#?}");
}

#[test]
fn corpus_has_no_other_files_and_stays_small() {
    let generated: BTreeSet<String> = corpus().into_iter().map(|file| file.path).collect();
    let mut bytes = 0;
    for folder in GENERATED {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let entry = entry.unwrap();
            bytes += entry.metadata().unwrap().len();
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            let subject = path.strip_suffix(GOLDEN).unwrap_or(&path);
            assert!(generated.contains(subject), "no builder produces {path}");
        }
    }
    assert!(bytes < 2_400_000, "the corpus has {bytes} bytes");
}
