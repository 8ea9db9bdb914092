//! Messages of a scan about its events: `--log`, `-v`, `-q` and `--until`.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{folder, license, rmsight, slashes, stderr, stdout};

/// Returns the lines of a log.
fn log(folder: &Path) -> Vec<String> {
    let text = slashes(&fs::read_to_string(folder.join("scan.log")).unwrap());
    text.lines().map(str::to_owned).collect()
}

/// Returns the events of log lines, after their time and their run.
fn events(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.split(' ').nth(2).unwrap()).collect()
}

#[test]
fn a_log_has_options_failures_totals_and_the_reason_for_the_end() {
    let offer = license();
    let folder = folder(&[
        ("share/offer.xml", &offer),
        ("share/cut here.xml", &offer[..600]),
        ("share/plain.txt", b"x"),
    ]);
    let dir = folder.path();
    // A root that has vanished cannot be listed.
    fs::create_dir(dir.join("missing")).unwrap();
    rmsight(dir, &["scan", "-q", "-i", "i.db", "missing"]).code(1);
    fs::remove_dir(dir.join("missing")).unwrap();
    let args =
        ["scan", "-q", "-i", "i.db", "share", "missing", "--log", "scan.log", "--exclude", "*.tmp"];
    rmsight(dir, &args).code(1);
    let lines = log(dir);
    for line in &lines {
        let parts: Vec<&str> = line.split(' ').collect();
        assert_eq!(parts[0].len(), "2026-12-01T06:00:00Z".len(), "{line}");
        assert!(parts[0].ends_with('Z') && parts[1].len() == 8, "{line}");
    }
    let found = events(&lines);
    assert_eq!(found[..5], ["start", "options", "inventory", "root", "root"], "{lines:?}");
    let ends = ["totals", "inventory-totals", "end"];
    assert_eq!(found[found.len() - 3..], ends, "{lines:?}");
    let has = |parts: &[&str]| {
        // On Windows separators are escaped in quotation marks: `log` has made two of each.
        let mut lines = lines.iter().map(|line| line.replace("//", "/"));
        let is_found = lines.any(|line| parts.iter().all(|part| line.contains(part)));
        assert!(is_found, "{parts:?}: {lines:?}");
    };
    has(&[" start version=", " rules=", " host="]);
    has(&[" options read=\"depth=full verify", "exclude=\"*.tmp\""]);
    has(&[" inventory path=", "i.db", " scan=2 source="]);
    has(&[" root path=", "/share"]);
    has(&[" file-failed code=truncated path=\"", "/share/cut here.xml\" error="]);
    has(&[" folder-failed code=io path=", "/missing", " error="]);
    has(&[" totals listed=3 read=3 failed=1 unchanged=0 ", " possible=3 "]);
    has(&[" end reason=finished exit=1"]);
    // A later scan adds its lines.
    rmsight(dir, &["scan", "-q", "-i", "i.db", "share", "--log", "scan.log"]).code(1);
    let both = log(dir);
    assert_eq!(both[..lines.len()], lines);
    let run = |line: &String| line.split(' ').nth(1).unwrap().to_owned();
    assert_ne!(run(&both[0]), run(both.last().unwrap()));
    assert!(both.last().unwrap().ends_with("end reason=finished exit=1"), "{both:?}");
}

#[test]
fn a_log_in_the_scanned_folder_is_not_scanned() {
    let folder = folder(&[("share/a.txt", b"x"), ("share/inner/scan.log", b"x")]);
    let args = ["scan", "-i", "share/i.db", "share", "--log", "share/scan.log"];
    for _ in 0..2 {
        let said = stdout(&rmsight(folder.path(), &args).success());
        assert!(said.contains("Totals of share/i.db:"), "{said}");
        assert!(said.contains("(2 not rights-protected)"), "{said}");
    }
}

#[test]
fn a_log_says_why_a_scan_failed() {
    let folder = folder(&[("share/a", b"x"), ("i.db", b"no database")]);
    let done =
        rmsight(folder.path(), &["scan", "-i", "i.db", "share", "--log", "scan.log"]).code(2);
    assert!(stderr(&done).contains("it is not an inventory"));
    let lines = log(folder.path());
    assert_eq!(events(&lines), ["start", "end"]);
    let end = " end reason=failed exit=2 error=\"i.db: it is not an inventory";
    assert!(
        slashes(&lines[1]).contains(end) || lines[1].contains("it is not an inventory"),
        "{lines:?}"
    );
}

#[test]
fn a_log_that_cannot_be_written_is_reported() {
    let folder = folder(&[("share/a", b"x"), ("key", b"0123456789abcdef")]);
    let dir = folder.path();
    let args = ["scan", "-i", "i.db", "share", "--log", "no/folder.log"];
    assert!(stderr(&rmsight(dir, &args).code(2)).contains("folder.log: "));
    assert!(!dir.join("i.db").exists());
    let args = ["scan", "share", "--log", "scan.log", "--redact", "key"];
    assert!(stderr(&rmsight(dir, &args).code(2)).contains("--redact"));
    if cfg!(target_os = "linux") {
        let done = rmsight(dir, &["scan", "share", "--log", "/dev/full"]).code(1);
        assert_eq!(stderr(&done).matches("the log is not complete").count(), 1);
        assert!(stdout(&done).contains("Searched 1 file"));
    }
}

#[test]
fn until_ends_a_scan_that_the_same_command_continues() {
    let names: Vec<String> = (0..300).map(|nr| format!("share/{nr}")).collect();
    let files: Vec<(&str, &[u8])> =
        names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    let folder = folder(&files);
    let dir = folder.path();
    let begun = Instant::now();
    let slow =
        ["scan", "-i", "i.db", "share", "--max-rate", "40", "--until", "2s", "--log", "scan.log"];
    let done = rmsight(dir, &slow).code(3);
    assert!(begun.elapsed() < Duration::from_secs(30));
    let said = stderr(&done);
    assert!(said.contains("the time of --until has come: stopped after reading"), "{said}");
    assert!(said.contains("the same command goes on from here"), "{said}");
    assert!(log(dir).last().unwrap().contains(" end reason=until exit=3"));
    let db = Connection::open(dir.join("i.db")).unwrap();
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let read = count("SELECT count(*) FROM files");
    assert!((1..300).contains(&read), "{read}");
    let done = rmsight(dir, &["scan", "-i", "i.db", "share", "--until", "06:00"]).success();
    assert!(
        stdout(&done).contains(&format!("{read} files unchanged since the last scan")),
        "{read}"
    );
    assert_eq!(count("SELECT count(*) FROM files"), 300);
}

#[test]
fn a_wrong_time_of_until_is_an_error() {
    let folder = folder(&[("share/a", b"x")]);
    for (args, said) in [
        (&["-i", "i.db", "--until", "soon"][..], "it is a local time (06:00), a duration"),
        (&["-i", "i.db", "--until", "2001-01-01T00:00:00Z"], "--until: this time has passed"),
        (&["--until", "06:00"], "--inventory"),
    ] {
        let done = rmsight(folder.path(), &[&["scan", "share"], args].concat()).code(2);
        assert!(stderr(&done).contains(said), "{args:?}: {}", stderr(&done));
        assert!(!folder.path().join("i.db").exists());
    }
}

#[test]
fn verbose_shows_options_and_failures_and_quiet_shows_neither() {
    let offer = license();
    let folder = folder(&[("share/cut.xml", &offer[..600]), ("share/offer.xml", &offer)]);
    let dir = folder.path();
    let said = |args: &[&str]| slashes(&stderr(&rmsight(dir, args)));
    let verbose = said(&["scan", "-v", "-i", "i.db", "share"]);
    for words in ["option read: depth=full verify", "option jobs: ", "share/cut.xml: truncated: "] {
        assert!(verbose.contains(words), "{words}: {verbose}");
    }
    for level in [&[][..], &["-q"]] {
        assert_eq!(said(&[&["scan", "share"], level].concat()), "");
    }
    rmsight(dir, &["scan", "-q", "-v", "share"]).code(2);
    // Notes about written files are not needed by a script.
    let export = ["export", "i.db", "--need", "possible", "-o", "f.csv"];
    assert!(said(&export).contains("Judged without an estate file"));
    assert_eq!(said(&[&export[..], &["-q"]].concat()), "");
    assert!(said(&[&export[..], &["-v"]].concat()).contains("Selected by --need possible."));
    assert!(said(&["merge", "-v", "one.db", "i.db"]).contains("merging 1 of 1: i.db"));
    assert_eq!(said(&["merge", "-q", "two.db", "i.db"]), "");
    assert!(said(&["judge", "-v", "i.db"]).contains("Judged without an estate file"));
    assert_eq!(said(&["judge", "-q", "i.db"]), "");
}
