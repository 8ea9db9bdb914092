//! No bytes hurt the caller: what once did, and what others have collected.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::specimens::folder;
use crate::targets::TARGETS;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    if let Ok(entries) = std::fs::read_dir(folder) {
        files.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
    }
    files.sort();
    files
}

/// Findings of the fuzz targets, by target: `corpus/regressions/<target>/<what it was>`.
#[test]
fn past_findings_stay_fixed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/regressions");
    for (name, target) in TARGETS {
        for path in files(&root.join(name)) {
            println!("{}", path.display());
            target(&std::fs::read(&path).unwrap());
        }
    }
}

/// Each target over the corpus' own small files, so that its checks hold there too.
#[test]
fn every_target_takes_the_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for folder in ["damaged", "lookalikes"] {
        for path in files(&root.join(folder)) {
            let bytes = std::fs::read(&path).unwrap();
            for (_, target) in TARGETS {
                target(&bytes);
            }
        }
    }
}

/// Time is what other programs on the machine leave: the test asks for processor time's upper
/// bound three times before it believes that a file is slow.
#[test]
fn real_hostile_files_are_read_in_a_second_each() {
    let Some(folder) = folder() else { return };
    let mut slowest = (Duration::ZERO, PathBuf::new());
    for name in ["hostile", "lookalikes"] {
        for path in files(&folder.join(name)) {
            let bytes = std::fs::read(&path).unwrap();
            let took = (0..3)
                .map(|_| {
                    let started = Instant::now();
                    crate::targets::inspect(&bytes);
                    started.elapsed()
                })
                .find(|took| *took < Duration::from_secs(1));
            let took = took.unwrap_or_else(|| panic!("{} takes a second", path.display()));
            slowest = slowest.max((took, path));
        }
    }
    println!("slowest: {:?} {}", slowest.0, slowest.1.display());
}
