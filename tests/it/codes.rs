//! `CODES.md` lists every code of the library and no other, and `src/code.rs` is the only file that spells
//! error codes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rmsight::{Anomaly, ErrorCode, ErrorFamily};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the code in the first column of the tables between two headings of `CODES.md`.
fn listed(from: &str, to: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("CODES.md")).unwrap();
    let (_, text) = text.split_once(from).expect(from);
    let text = text.split_once(to).expect(to).0;
    let cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let names = cells.flat_map(|cell| cell.split_whitespace());
    names.filter_map(|name| Some(name.strip_prefix('`')?.strip_suffix('`')?.to_owned())).collect()
}

#[test]
fn codes_page_lists_every_error_code() {
    let codes: BTreeSet<String> = ErrorCode::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(listed("## `error_code`", "## `anomalies`"), codes);
}

#[test]
fn codes_page_lists_every_anomaly() {
    let names: BTreeSet<String> = Anomaly::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(listed("## `anomalies`", "## Gaps"), names);
}

/// Returns the source files of the library and the program.
fn sources() -> Vec<PathBuf> {
    let mut folders = vec![root().join("src"), root().join("cli/src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                None if path.is_dir() => folders.push(path),
                Some(extension) if extension == "rs" => files.push(path),
                _ => {}
            }
        }
    }
    files
}

/// Tests spell the codes on purpose: a golden value that changes with the code proves nothing.
fn without_tests(path: &Path) -> String {
    let is_test = path
        .components()
        .any(|part| ["tests", "tests.rs"].iter().any(|it| part.as_os_str() == *it));
    let text = fs::read_to_string(path).unwrap();
    let end = if is_test { Some(0) } else { text.find("\nmod tests {") };
    text[..end.unwrap_or(text.len())].to_owned()
}

#[test]
fn error_codes_are_spelled_in_one_file() {
    for path in sources() {
        if path.ends_with("src/code.rs") {
            continue;
        }
        let text = without_tests(&path);
        for code in ErrorCode::ALL {
            // Codes without a hyphen are ordinary words.
            let is_word = !code.as_str().contains('-') || code.family() == ErrorFamily::Caller;
            let literal = format!("\"{code}\"");
            assert!(is_word || !text.contains(&literal), "{}: {literal}", path.display());
        }
    }
}
