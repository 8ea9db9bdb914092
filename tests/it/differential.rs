//! Comparison with other readers: the crate `cfb`, and a simple tree reader for licenses.

use std::path::{Path, PathBuf};

use rmsight::{Inspector, Limits};

use crate::specimens::folder;
use crate::targets::{by_cfb, tree};

pub(crate) fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Returns the files of `corpus/`, and real files if they are available.
fn all() -> Vec<PathBuf> {
    let mut files = Vec::new();
    below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"), &mut files);
    if let Some(folder) = folder() {
        below(&folder, &mut files);
    }
    files.sort();
    files
}

#[test]
fn compound_files_have_the_same_streams_as_in_cfb() {
    let mut compared = 0;
    for path in all() {
        let bytes = std::fs::read(&path).unwrap();
        if !bytes.starts_with(b"\xD0\xCF\x11\xE0") || bytes.len() > 2_000_000 {
            continue;
        }
        let Ok(theirs) = by_cfb(&bytes) else { continue };
        let ours = rmsight::fuzzing::compound_listing(&bytes, Limits::default());
        let ours = ours.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(ours == theirs, "{}", path.display());
        compared += 1;
    }
    println!("{compared} compound files");
    assert!(compared >= 12);
}

#[test]
fn license_facts_equal_those_of_the_tree_reader() {
    let mut compared = 0;
    for path in all() {
        let report = Inspector::default().inspect_path(&path).unwrap();
        for finding in report.findings() {
            let (Some(license), Some(_)) = (finding.license(), &finding.facts().license) else {
                continue;
            };
            // Inspect the license alone, without the facts of its container.
            let Ok(text) = String::from_utf8(license.raw().to_vec()) else { continue };
            let text = text.trim_end_matches('\0');
            let alone = Inspector::default().inspect_bytes(text.as_bytes());
            let difference = tree::difference(text.as_bytes(), &alone);
            assert_eq!(difference, None, "{}", path.display());
            compared += 1;
        }
    }
    println!("{compared} licenses");
    assert!(compared >= 30);
}
