//! Replay of the fuzz targets over past findings, the corpus and collected hostile files.

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

/// The files are `corpus/regressions/<target>/<description>`.
#[test]
fn past_fuzz_findings_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/regressions");
    for (name, target) in TARGETS {
        for path in files(&root.join(name)) {
            println!("{}", path.display());
            target(&std::fs::read(&path).unwrap());
        }
    }
}

/// The targets assert properties; the small corpus files must satisfy them too.
#[test]
fn every_fuzz_target_accepts_the_corpus() {
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

/// Other processes can slow one run down, so a file fails only if three runs are too slow.
#[test]
fn hostile_files_are_inspected_within_a_second() {
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
