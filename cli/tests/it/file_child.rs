//! `file-child`: the process that reads files for another one.

use std::collections::BTreeMap;
use std::fs;

use super::{command, folder, license, stdout};

/// Returns the records of each path, by its number, and the numbers of the files that were begun.
fn answers(output: &str) -> (BTreeMap<usize, String>, Vec<usize>) {
    let (mut ended, mut begun) = (BTreeMap::new(), Vec::new());
    let mut rest = output;
    while let Some((line, after)) = rest.split_once('\n') {
        let words: Vec<&str> = line.split(' ').collect();
        let number = words[1].parse().unwrap();
        rest = after;
        if words[0] == "begin" {
            begun.push(number);
            continue;
        }
        let (records, after) = rest.split_at(words[2].parse().unwrap());
        ended.insert(number, records.to_owned());
        rest = after;
    }
    (ended, begun)
}

#[test]
fn files_are_read_as_a_scan_reads_them_and_folders_have_no_records() {
    let folder = folder(&[("offer.txt", &license()), ("plain.txt", b"text"), ("sub/x", b"")]);
    let names = ["offer.txt", "plain.txt", "sub", "missing"];
    for jobs in ["1", "3"] {
        let mut child = command(folder.path());
        child.args(["file-child", "--source", "share", "--jobs", jobs, "--memory", "4000000000"]);
        let (ended, mut begun) =
            answers(&stdout(&child.write_stdin(names.join("\0")).assert().success()));
        begun.sort_unstable();
        assert_eq!(begun, [0, 1, 2, 3]);
        fs::write(folder.path().join("list"), names.join("\n")).unwrap();
        let mut scan = command(folder.path());
        scan.args(["scan", "--quiet", "-j1", "--format", "ndjson", "--source", "share"]);
        let scanned = stdout(&scan.args(["--files-from", "list"]).assert().code(1));
        assert_eq!(ended.values().map(String::as_str).collect::<String>(), scanned);
        assert_eq!(ended[&2], "", "a folder");
        assert!(ended[&3].contains(r#""error_code":"io""#), "{}", ended[&3]);
    }
}

#[test]
fn without_paths_nothing_is_written() {
    let folder = folder(&[]);
    let mut child = command(folder.path());
    let output = stdout(&child.arg("file-child").write_stdin("").assert().success());
    assert_eq!(output, "");
}
