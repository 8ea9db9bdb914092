//! The pipeline goes one way: a module imports only from stages to its left.

use std::fs;
use std::path::{Path, PathBuf};

/// The stages from left to right; `inspect` joins them.
const STAGES: [&str; 8] =
    ["source", "container", "license", "facts", "authority", "verdict", "report", "inspect"];

/// What every stage may import.
const BASE: [&str; 7] =
    ["error", "limits", "bytes", "license_text", "names", "timestamp", "Cancel"];

/// Imports to the right that are the closed lists and plain data of the record, and no behavior.
const DATA: [(&str, &str); 3] = [
    // The license stage names anomalies, which are declared where most of them are found.
    ("license", "facts"),
    ("source", "limits"),
    ("error", "limits"),
];

/// The code, tests left out: those may join stages.
fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_name().is_some_and(|name| name != "tests.rs")
            && path.parent().is_some_and(|parent| !parent.ends_with("tests"))
        {
            files.push(path);
        }
    }
}

/// The stage that a file belongs to: the first part of its path below `src`.
fn stage_of(file: &Path, src: &Path) -> String {
    let inside = file.strip_prefix(src).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The stages named in `use crate::…` lines and in `crate::stage::` paths outside of tests.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let mut rest = line;
        while let Some((_, after)) = rest.split_once("crate::") {
            let name: String =
                after.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect();
            found.push(name);
            rest = after;
        }
    }
    found
}

#[test]
fn imports_go_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    assert!(files.len() > 20);
    let rank = |stage: &str| STAGES.iter().position(|known| *known == stage);
    for file in files {
        let stage = stage_of(&file, &src);
        let Some(own) = rank(&stage) else { continue };
        for import in imports(&fs::read_to_string(&file).unwrap()) {
            let allowed = BASE.contains(&import.as_str())
                || DATA.contains(&(stage.as_str(), import.as_str()))
                || rank(&import).is_some_and(|other| other <= own);
            assert!(allowed, "{} imports {import}, which lies to its right", file.display());
        }
    }
}

/// Formats import the compound file, labels, stored members and what heads are searched with, and nothing of
/// each other.
#[test]
fn formats_do_not_know_each_other() {
    const SHARED: [&str; 6] = ["binary", "compound", "label", "irm", "stored", "words"];
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/container");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let formats: Vec<String> =
        files.iter().map(|file| stage_of(file, &src)).filter(|name| name != "mod").collect();
    for file in &files {
        let own = stage_of(file, &src);
        if own == "mod" {
            continue;
        }
        let text = fs::read_to_string(file).unwrap();
        for line in text.lines().filter(|line| line.starts_with("use ")) {
            for other in &formats {
                let named = line.contains(&format!("container::{other}::"));
                let foreign = *other != own && !SHARED.contains(&other.as_str());
                assert!(!(named && foreign), "{} imports {other}", file.display());
            }
        }
    }
}
