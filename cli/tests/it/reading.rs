//! Records of files that are unusual, damaged or unavailable.

use std::fs;

use rmsight::COLUMNS;
use serde_json::Value;

use super::{folder, license, rmsight, scan, slashes, stdout};

fn cells(record: &Value, names: &[&str]) -> Vec<String> {
    let cell = |name: &&str| match &record[*name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    names.iter().map(cell).collect()
}

const SUMMARY: &[&str] =
    &["path", "container", "protection", "searched", "dependency", "need", "error_code"];

#[test]
fn every_kind_of_input_has_its_record_and_its_exit_code() {
    let license = license();
    let cases: &[(&str, &[u8], [&str; 6], i32)] = &[
        ("zero", b"", ["empty", "none", "full", "none", "no", "null"], 0),
        ("unknown", b"\x00\x01\x02\x03", ["other", "none", "full", "none", "no", "null"], 0),
        ("text.txt", b"hello", ["other", "none", "full", "none", "no", "null"], 0),
        ("offer.xml", &license, ["license", "rms", "full", "ad-rms", "possible", "null"], 0),
    ];
    for (name, bytes, expected, code) in cases {
        let folder = folder(&[(name, bytes)]);
        let (records, exit) = scan(folder.path(), &[name]);
        assert_eq!(records.len(), 1, "{name}");
        let found = cells(&records[0], SUMMARY);
        assert_eq!(found[0], *name);
        assert_eq!(found[1..], expected[..], "{name}");
        assert_eq!(exit, *code, "{name}");
        assert_eq!(records[0]["size"], bytes.len(), "{name}");
    }
}

#[test]
fn a_truncated_license_is_possible_with_a_reason() {
    let license = license();
    let folder = folder(&[("cut.xml", &license[..600])]);
    let (records, exit) = scan(folder.path(), &["."]);
    let found = cells(&records[0], &["protection", "dependency", "need"]);
    assert_ne!(found[0], "none");
    assert_eq!(found[1..], ["undecided", "possible"]);
    assert_ne!(records[0]["error_code"], Value::Null);
    assert_eq!(exit, 1);
}

#[test]
fn a_path_that_does_not_exist_is_a_record() {
    let folder = folder(&[("plain.txt", b"hello")]);
    let (records, exit) = scan(folder.path(), &["missing", "plain.txt"]);
    assert_eq!(exit, 1);
    assert_eq!(
        cells(&records[0], SUMMARY),
        ["missing", "other", "unknown", "no", "undecided", "possible", "io"]
    );
    assert_eq!(records.len(), 2);
    // Nothing could be scanned.
    for jobs in ["1", "2"] {
        let done = rmsight(folder.path(), &["scan", "missing", "-j", jobs]);
        assert!(stdout(&done.code(2)).contains("missing"));
    }
}

#[test]
#[cfg(unix)]
fn a_file_without_read_permission_is_recorded() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("shut.docx", b"x"), ("shut/inner.docx", b"x"), ("open.txt", b"x")]);
    let shut = ["shut.docx", "shut"].map(|name| folder.path().join(name));
    for path in &shut {
        fs::set_permissions(path, fs::Permissions::from_mode(0o0)).unwrap();
    }
    if fs::File::open(&shut[0]).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    let (records, exit) = scan(folder.path(), &["."]);
    let codes: Vec<_> =
        records.iter().map(|record| cells(record, &["path", "error_code"])).collect();
    assert_eq!(
        codes,
        [
            ["./open.txt", "null"],
            ["./shut", "permission-denied"],
            ["./shut.docx", "permission-denied"]
        ]
    );
    assert_eq!(exit, 1);
    fs::set_permissions(&shut[1], fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
#[cfg(unix)]
fn links_and_special_files_are_left_out() {
    use std::os::unix::fs::symlink;
    let folder = folder(&[("dir/a.txt", b"x")]);
    symlink("..", folder.path().join("dir/loop")).unwrap();
    symlink("nowhere", folder.path().join("broken")).unwrap();
    symlink("dir/a.txt", folder.path().join("named")).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status();
    assert!(fifo.unwrap().success());
    for jobs in ["1", "3"] {
        let done = rmsight(folder.path(), &["scan", "-j", jobs, "."]).success();
        let text = stdout(&done);
        assert!(
            text.contains(
                "Searched 1 file, 3 symbolic links not followed, 1 special file left out."
            ),
            "{text}"
        );
    }
    // A link, a pipe and a folder, named by the user.
    let (records, exit) = scan(folder.path(), &["named", "pipe", "dir"]);
    assert_eq!(exit, 0);
    let paths: Vec<_> = records.iter().map(|record| record["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["named", "dir/a.txt"]);
    fs::write(folder.path().join("list"), "pipe\nnamed\ndir\ndir/a.txt\n").unwrap();
    let (records, exit) = scan(folder.path(), &["--files-from", "list"]);
    assert_eq!((records.len(), exit), (1, 0));
    assert_eq!(records[0]["path"], "dir/a.txt");
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_that_is_not_unicode_keeps_its_bytes() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = folder(&[]);
    fs::write(folder.path().join(OsStr::from_bytes(b"caf\xe9\n.txt")), b"x").unwrap();
    let (records, _) = scan(folder.path(), &["."]);
    assert_eq!(records[0]["path"], "./caf\u{fffd}\n.txt");
    assert_eq!(records[0]["path_raw"], "Li9jYWbpCi50eHQ=");
}

#[test]
fn hidden_files_and_ignore_files_change_nothing() {
    let folder =
        folder(&[(".gitignore", b"*"), (".ignore", b"*"), (".hidden/a", b"x"), ("b", b"x")]);
    fs::create_dir(folder.path().join(".git")).unwrap();
    for jobs in ["1", "2"] {
        let done = rmsight(folder.path(), &["scan", "--format", "ndjson", "-j", jobs, "."]);
        assert_eq!(super::records(&done).len(), 4);
    }
}

#[test]
fn csv_and_ndjson_have_the_columns_of_the_table() {
    let names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    let license = license();
    // Windows does not allow quotation marks in names.
    let name = if cfg!(windows) { "a b, c.xml" } else { "a \"b\", c.xml" };
    let folder = folder(&[(name, &license), ("plain", b"x")]);
    let done = rmsight(folder.path(), &["scan", "--format", "csv", "-j", "1", "."]).success();
    let text = stdout(&done);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap(), names);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let (records, _) = scan(folder.path(), &["."]);
    assert_eq!(rows.len(), records.len());
    for (row, record) in rows.iter().zip(&records) {
        let keys: Vec<&String> = record.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), names.len());
        for (name, cell) in names.iter().zip(row) {
            let json = match &record[*name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                Value::Array(list) => {
                    list.iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>().join(" ")
                }
                other => other.to_string(),
            };
            assert_eq!(slashes(cell), slashes(&json), "{name}");
        }
    }
}

#[test]
fn a_reached_limit_is_recorded() {
    let license = license();
    let folder = folder(&[("offer.xml", &license)]);
    let (records, exit) = scan(folder.path(), &["--limit", "bytes-read=100", "."]);
    assert_eq!(records[0]["error_code"], "limit-bytes-read");
    assert_eq!(records[0]["dependency"], "undecided");
    assert_eq!(exit, 1);
}

#[test]
fn quick_leaves_null_what_it_does_not_read() {
    let license = license();
    let folder = folder(&[("offer.xml", &license)]);
    let (whole, _) = scan(folder.path(), &["."]);
    let (quick, _) = scan(folder.path(), &["--quick", "."]);
    for column in COLUMNS.iter().filter(|column| column.needs_whole_license) {
        assert_eq!(quick[0][column.name], Value::Null, "{}", column.name);
    }
    assert_eq!(quick[0]["depth"], "head");
    for same in ["slc_key", "need", "dependency", "rule", "descriptor_id"] {
        assert_eq!(quick[0][same], whole[0][same], "{same}");
    }
}
