//! Files and pipes that records are read from and written to.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{folder, license, records, rmsight, scan, slashes, stderr, stdout};

/// Returns the exit code of the program if the reader of its output ends after `lines` lines.
fn closed_after(folder: &Path, args: &[&str], lines: usize) -> (i32, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rmsight"))
        .current_dir(folder)
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..lines {
        out.read_line(&mut String::new()).unwrap();
    }
    drop(out);
    let done = child.wait_with_output().unwrap();
    (done.status.code().unwrap(), String::from_utf8(done.stderr).unwrap())
}

#[test]
fn a_closed_pipe_does_not_change_the_exit_code() {
    let license = license();
    let folder = folder(&[("share/a.xml", &license), ("share/b.xml", &license[..600])]);
    fs::write(
        folder.path().join("estate.toml"),
        "[[authority]]\nname = \"A\"\nkind = \"ad-rms\"\n",
    )
    .unwrap();
    rmsight(folder.path(), &["scan", "--quiet", "-i", "i.db", "share"]).code(1);
    rmsight(folder.path(), &["scan", "--quiet", "share", "-o", "f.ndjson"]).code(1);
    let commands: [&[&str]; 8] = [
        &["scan", "--quiet", "--format", "ndjson", "share"],
        &["scan", "--quiet", "--format", "ndjson", "-i", "i.db", "share"],
        &["judge", "f.ndjson"],
        &["report", "i.db"],
        &["export", "i.db"],
        &["check", "i.db", "--estate", "estate.toml", "--authority", "A"],
        &["estate", "check", "estate.toml"],
        &["rules"],
    ];
    for command in commands {
        let code = rmsight(folder.path(), command).get_output().status.code().unwrap();
        for lines in [0, 1] {
            let (closed, said) = closed_after(folder.path(), command, lines);
            assert_eq!((closed, said.as_str()), (code, ""), "{command:?} {lines}");
        }
    }
}

#[test]
fn a_scan_whose_output_is_closed_reads_no_further_file() {
    let files: Vec<String> = (0..500).map(|n| format!("share/{n}")).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    let folder = folder(&files);
    let args = ["scan", "--quiet", "--format", "ndjson", "-j", "1", "--max-rate", "100", "share"];
    assert_eq!(closed_after(folder.path(), &args, 1), (141, String::new()));
    // With an inventory, the inventory is the result.
    let args = ["scan", "--quiet", "--format", "ndjson", "-i", "i.db", "share"];
    assert_eq!(closed_after(folder.path(), &args, 1), (0, String::new()));
    let said = stdout(&rmsight(folder.path(), &["report", "i.db"]));
    assert!(said.contains("500 files"), "{said}");
}

/// The file of `-o` was named as the place of the result, so that its loss is an error.
#[cfg(unix)]
#[test]
fn a_scan_into_a_fifo_fails_when_its_reader_closes_it() {
    use std::os::unix::fs::FileTypeExt;
    let files: Vec<String> = (0..500).map(|n| format!("share/{n}")).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    let folder = folder(&files);
    let fifo = folder.path().join("out.ndjson");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let read = |lines: usize| {
        let child = Command::new(env!("CARGO_BIN_EXE_rmsight"))
            .current_dir(folder.path())
            .args(["scan", "--quiet", "-j", "1", "-o", "out.ndjson", "share"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let found = BufReader::new(fs::File::open(&fifo).unwrap()).lines().take(lines).count();
        let done = child.wait_with_output().unwrap();
        assert!(fifo.symlink_metadata().unwrap().file_type().is_fifo(), "it was replaced");
        (found, done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    assert_eq!(read(usize::MAX), (500, Some(0), String::new()));
    let (found, code, said) = read(1);
    assert_eq!((found, code), (1, Some(2)), "{said}");
    assert!(said.starts_with("rmsight: ") && said.contains("cannot write"), "{said}");
}

#[test]
fn records_are_written_to_a_file() {
    let license = license();
    let folder = folder(&[("share/a.xml", &license)]);
    let path = folder.path();
    let (expected, _) = scan(path, &["share"]);
    for (file, args) in [("f.ndjson", &[][..]), ("f.dat", &["--format", "ndjson"])] {
        let args = [&["scan", "--quiet", "-o", file, "share"], args].concat();
        let done = rmsight(path, &args).success();
        assert_eq!(stdout(&done), "");
        let text = fs::read_to_string(path.join(file)).unwrap();
        let mut found: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for record in &mut found {
            record["path"] = slashes(record["path"].as_str().unwrap()).into();
        }
        assert_eq!(found, expected);
    }
    rmsight(path, &["judge", "f.ndjson", "-o", "judged.csv"]).code(1);
    let text = fs::read_to_string(path.join("judged.csv")).unwrap();
    assert!(text.lines().count() == 2 && text.starts_with("schema,"), "{text}");
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["f.dat", "f.ndjson", "judged.csv", "share"]);
    for command in [&["scan", "share"], &["judge", "f.ndjson"]] {
        let done = rmsight(path, &[&command[..], &["-o", "report.pdf"]].concat()).code(2);
        assert!(stderr(&done).contains("no format has the ending .pdf"), "{}", stderr(&done));
    }
    rmsight(path, &["scan", "--quiet", "-o", "missing/f.ndjson", "share"]).code(2);
    let totals = rmsight(path, &["scan", "--quiet", "--summary", "-o", "totals.txt", "share"]);
    assert_eq!(stdout(&totals.success()), "");
    let text = fs::read_to_string(path.join("totals.txt")).unwrap();
    assert!(text.contains("Searched 1 file") && !text.contains("a.xml"), "{text}");
    let done = rmsight(path, &["scan", "--summary", "-o", "totals.csv", "share"]).code(2);
    assert!(stderr(&done).contains("--summary goes with --format text only"), "{}", stderr(&done));
}

/// Returns `text` as programs on Windows write it.
fn encodings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let crlf = text.replace('\n', "\r\n");
    let marked = format!("\u{feff}{crlf}");
    let utf16 = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    };
    vec![
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-8, CRLF", crlf.as_bytes().to_vec()),
        ("UTF-8, mark, CRLF", marked.clone().into_bytes()),
        ("UTF-16, mark, CRLF", utf16(&marked, u16::to_le_bytes)),
        ("UTF-16BE, mark, CRLF", utf16(&marked, u16::to_be_bytes)),
        ("UTF-16, CRLF", utf16(&crlf, u16::to_le_bytes)),
    ]
}

#[test]
fn lists_and_records_are_read_in_each_encoding_of_windows() {
    let license = license();
    let folder = folder(&[("share/a.xml", &license), ("share/Größe.xml", &license)]);
    let path = folder.path();
    let list = "share/a.xml\n\nshare/Größe.xml\n";
    fs::write(path.join("list"), list).unwrap();
    let (expected, _) = scan(path, &["--files-from", "list"]);
    assert_eq!(expected.len(), 2);
    let done = rmsight(path, &["scan", "--format", "ndjson", "share"]).success();
    let stored = stdout(&done);
    for (name, bytes) in encodings(list) {
        fs::write(path.join("list"), bytes).unwrap();
        let (found, code) = scan(path, &["--files-from", "list"]);
        assert_eq!((found, code), (expected.clone(), 0), "{name}");
        _ = fs::remove_file(path.join("i.db"));
        let (found, code) = scan(path, &["--files-from", "list", "-i", "i.db"]);
        assert_eq!((found.len(), code), (2, 0), "{name}");
        assert!(found.iter().all(|record| record["error_code"].is_null()), "{name}: {found:?}");
    }
    for (name, bytes) in encodings(&stored) {
        fs::write(path.join("stored"), bytes).unwrap();
        let done = rmsight(path, &["judge", "--format", "ndjson", "stored"]).code(1);
        assert_eq!(records(&done).len(), 2, "{name}");
        // NUL bytes separate the paths of a list for --only, so that UTF-16 needs a mark there.
        if name != "UTF-16, CRLF" {
            let done = rmsight(path, &["scan", "--quiet", "-i", "i.db", "--only", "stored"]);
            let said = stdout(&done.success());
            assert!(said.contains("Read 2 of 2 listed files again."), "{name}: {said}");
        }
    }
    let label = "d9f23ae3-4321-4321-4321-f515f824c57b";
    for (name, bytes) in encodings(&format!("old,new\n*,{label}\n")) {
        fs::write(path.join("map.csv"), bytes).unwrap();
        let args = ["export", "i.db", "--for", "set-filelabel", "--label-map", "map.csv"];
        let list = stdout(&rmsight(path, &args).success());
        assert!(list.lines().next().unwrap().contains("LabelId"), "{name}: {list}");
    }
}

#[test]
fn a_list_that_needs_null_says_so() {
    let folder = folder(&[("a", b"x"), ("b", b"x")]);
    fs::write(folder.path().join("list"), b"aa\0b\0").unwrap();
    let done = rmsight(folder.path(), &["scan", "--files-from", "list"]).code(2);
    assert!(stderr(&done).contains("--null"), "{}", stderr(&done));
}

#[test]
#[cfg(unix)]
fn a_name_may_end_with_a_carriage_return_in_a_list_without_them() {
    let folder = folder(&[("a", b"x"), ("b\r", b"x")]);
    fs::write(folder.path().join("list"), b"a\nb\r\n").unwrap();
    let (found, code) = scan(folder.path(), &["--files-from", "list"]);
    assert_eq!((found.len(), code), (2, 0), "{found:?}");
}
