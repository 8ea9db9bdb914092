//! Exit codes, messages and help of the program.

use std::io::Read;
use std::process::{Command as Plain, Stdio};

use rmsight_specimen::{Server, certificate_chain_file};

use super::{command, folder, license, rmsight, scan, slashes, stderr, stdout};

#[test]
fn wrong_usage_ends_with_two_and_a_uniform_message() {
    let folder = folder(&[("a", b"x")]);
    let cases: &[(&[&str], &str)] = &[
        (&["scan"], "required"),
        (&["scan", "--limit", "nonsense=1", "a"], "there is no limit"),
        (&["scan", "--limit", "steps", "a"], "NAME=N"),
        (&["scan", "-j", "0", "a"], "0"),
        (&["scan", "--quick", "--verify", "a"], "cannot be used with"),
        (&["scan", "--files-from", "missing"], "rmsight: missing: "),
        (&["scan", "--estate", "missing", "a"], "rmsight: missing: no such estate file; `rmsight"),
        (&["judge", "missing"], "rmsight: missing: "),
        (&["export", "missing"], "rmsight: missing: no such inventory; `rmsight scan"),
        (&["judge", "a"], "rmsight: a: line 1: "),
        (&["inspect", "missing"], "rmsight: missing: "),
        (&["inspect", "."], "it is a folder"),
        (&["check", "i.db", "--accept", "bogus"], "there is no gap of that name; there are: "),
        (&["check", "i.db", "--accept", "exclude"], "nearest: excluded"),
        (&["nonsense"], "nonsense"),
    ];
    for (args, said) in cases {
        let done = rmsight(folder.path(), args).code(2);
        assert!(stderr(&done).contains(said), "{args:?}: {}", stderr(&done));
    }
}

#[test]
fn names_come_from_a_list_too() {
    // Windows does not allow such a name.
    let odd = if cfg!(windows) { "b c.txt" } else { "b\nc.txt" };
    let nuls = format!("a.txt\0{odd}\0");
    let folder = folder(&[
        ("a.txt", b"x"),
        (odd, b"x"),
        ("lines", b"a.txt\n\nmissing.txt\n"),
        ("nuls", nuls.as_bytes()),
    ]);
    let (records, exit) = scan(folder.path(), &["--files-from", "lines"]);
    let codes: Vec<_> = records.iter().map(|record| record["error_code"].as_str()).collect();
    assert_eq!((codes, exit), (vec![None, Some("io")], 1));
    let (records, exit) = scan(folder.path(), &["-0", "--files-from", "nuls"]);
    assert_eq!((records.len(), exit), (2, 0));
    assert_eq!(records[1]["path"], odd);
    // From standard input, with several threads.
    let done = command(folder.path())
        .args(["scan", "--format", "ndjson", "-j", "2", "-0", "--files-from", "-"])
        .write_stdin(nuls)
        .assert()
        .success();
    assert_eq!(stdout(&done).lines().count(), 2);
}

#[test]
fn a_closed_pipe_ends_a_scan_quietly() {
    let files: Vec<(String, Vec<u8>)> = (0..400).map(|n| (format!("{n}.xml"), license())).collect();
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let folder = folder(&files);
    for jobs in ["1", "2"] {
        let mut child = Plain::new(env!("CARGO_BIN_EXE_rmsight"))
            .current_dir(folder.path())
            .args(["scan", "--format", "ndjson", "-j", jobs, "."])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let done = child.wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(141), "{done:?}");
        assert!(done.stderr.is_empty(), "{done:?}");
    }
}

#[test]
fn totals_are_the_same_with_any_number_of_threads() {
    let license = license();
    let mut files: Vec<(String, Vec<u8>)> =
        (0..50).map(|n| (format!("{}/{n}.xml", n % 5), license.clone())).collect();
    files.extend((0..50).map(|n| (format!("{n}.txt"), b"x".to_vec())));
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let folder = folder(&files);
    let totals = |jobs: &str| {
        let done = rmsight(folder.path(), &["scan", "-j", jobs, "."]).success();
        let text = stdout(&done);
        let (found, totals) = text.split_once("Searched").unwrap();
        let mut found: Vec<String> = found.lines().map(str::to_owned).collect();
        found.sort();
        (found, totals.to_owned())
    };
    let alone = totals("1");
    assert!(alone.1.contains("100 files"), "{}", alone.1);
    // The header, and a line for each license.
    assert_eq!(alone.0.iter().filter(|line| !line.is_empty()).count(), 51);
    assert_eq!(totals("4"), alone);
}

#[test]
fn text_has_a_header_and_colors_on_request() {
    let folder = folder(&[("a.xml", &license()), ("plain.txt", b"x")]);
    let run = |args: &[&str]| slashes(&stdout(&rmsight(folder.path(), args).success()));
    let text = run(&["scan", "-j", "1", "."]);
    let mut lines = text.lines();
    let (head, line) = (lines.next().unwrap(), lines.next().unwrap());
    assert_eq!(head.find("PATH"), line.find("./a.xml"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    let colored = run(&["scan", "-j", "1", "--color", "always", "."]);
    assert!(colored.contains("\u{1b}[33mpossible\u{1b}[0m"), "{colored:?}");
    assert_eq!(run(&["scan", "-j", "1", "--color", "never", "."]), text);
    // Without a record there is no header.
    assert!(run(&["scan", "plain.txt"]).starts_with("Searched 1 file"));
}

#[test]
fn a_summary_has_the_totals_only() {
    let folder = folder(&[("a.xml", &license()), ("plain.txt", b"x")]);
    let text = stdout(&rmsight(folder.path(), &["scan", "--summary", "."]).success());
    assert!(!text.contains("a.xml") && text.contains("Searched 2 files"), "{text}");
    let records = stdout(&rmsight(folder.path(), &["scan", "--format", "ndjson", "."]).success());
    std::fs::write(folder.path().join("f.ndjson"), records).unwrap();
    let text = stdout(&rmsight(folder.path(), &["judge", "--summary", "f.ndjson"]).code(1));
    assert!(!text.contains("a.xml") && text.contains("Judged 2 stored records"), "{text}");
    for command in [
        &["scan", "--summary", "--format", "csv", "."][..],
        &["judge", "--summary", "--format", "csv", "f.ndjson"],
    ] {
        assert!(stderr(&rmsight(folder.path(), command).code(2)).contains("--summary"));
    }
}

// Windows does not allow such names.
#[test]
#[cfg(unix)]
fn text_cannot_steer_the_terminal() {
    let license = license();
    let folder = folder(&[("\u{1b}[31m\u{202e}red\n.xml", license.as_slice())]);
    for args in [["scan", "."], ["inspect", "\u{1b}[31m\u{202e}red\n.xml"]] {
        let text = stdout(&rmsight(folder.path(), &args).success());
        assert!(text.contains("\\u{1b}[31m\\u{202e}red\\u{a}.xml"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}

#[test]
fn inspect_explains_the_verdict() {
    let license = license();
    let chain = certificate_chain_file(&Server::contoso());
    let folder = folder(&[("offer.xml", &license), ("plain.txt", b"x"), ("chain.bin", &chain)]);
    let page = stdout(&rmsight(folder.path(), &["inspect", "offer.xml"]).success());
    for said in ["Possibly.", "rule R08", "ISSUEDTIME", "sha256:", "estate file", "ada@contoso.com"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    for said in [
        "1  publishing license, signature valid, issued 2016-05-29T07:12:00Z",
        "by         ada@contoso.com (key ",
        "link       good: certificate 2 is of its issuer",
        "for        CONTOSO-RMS (key ",
        "2  client licensor certificate, signature valid",
        "may issue  2016-05-29T07:12:00Z until 2016-06-29T07:12:00Z",
        "8  certificate authority, signature valid",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let page = stdout(&rmsight(folder.path(), &["inspect", "plain.txt"]).success());
    assert!(page.contains("It is not rights-protected."), "{page}");
    let page = stdout(&rmsight(folder.path(), &["inspect", "chain.bin"]).success());
    for said in ["It is not rights-protected.", "1  server licensor certificate, signature valid"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // A missing file does not affect the others.
    let done = rmsight(folder.path(), &["inspect", "missing", "plain.txt"]).code(1);
    assert!(stdout(&done).contains("plain.txt"));
}

#[test]
fn help_version_and_rules_are_printed() {
    let folder = folder(&[]);
    for (args, said) in [
        (vec!["--version"], "schema 1"),
        (vec!["--help"], "Exit codes"),
        (vec!["scan", "--help"], "--files-from"),
        (vec!["rules"], "R01"),
        (vec!["rules"], "M16"),
    ] {
        let text = stdout(&rmsight(folder.path(), &args).success());
        assert!(text.contains(said), "{args:?}: {text}");
    }
}
