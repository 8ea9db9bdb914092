//! Walking: filters, rates, and files that a scan must not open or change.

use std::fs;
use std::time::{Duration, Instant};

use super::{folder, records, rmsight, scan, stderr, stdout};

fn paths(folder: &std::path::Path, args: &[&str]) -> Vec<String> {
    let (records, _) = scan(folder, args);
    records.iter().map(|record| record["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn globs_choose_files_and_cut_folders_off() {
    let folder = folder(&[
        ("a.docx", b"x"),
        ("a.tmp", b"x"),
        ("deep/b.DOCX", b"x"),
        ("deep/c.docx", b"x"),
        ("deep/~snapshot/d.docx", b"x"),
        ("old/e.docx", b"x"),
    ]);
    let path = folder.path();
    let cases: &[(&[&str], &[&str])] = &[
        (
            &["--include", "*.docx", "--exclude", "~snapshot", "--exclude", "/old"],
            &["./a.docx", "./deep/c.docx"],
        ),
        (&["--include", "*.{tmp,DOCX}"], &["./a.tmp", "./deep/b.DOCX"]),
        (&["--include", "deep/*"], &["./deep/b.DOCX", "./deep/c.docx"]),
    ];
    for (args, expected) in cases {
        // On Windows globs ignore case, which the first cases show.
        if cfg!(windows) && *expected != cases[2].1 {
            continue;
        }
        assert_eq!(paths(path, &[args, &["."][..]].concat()), *expected, "{args:?}");
    }
    let done = rmsight(path, &["scan", "--exclude", "*", "."]).code(1);
    assert!(stdout(&done).contains("Searched 0 files, 4 excluded"), "{}", stdout(&done));
    let done = rmsight(path, &["scan", "--exclude", "a[", "."]).code(2);
    assert!(stderr(&done).contains("is not a valid glob"), "{}", stderr(&done));
}

#[test]
fn max_rate_is_kept() {
    let files: Vec<String> = (0..30).map(|n| n.to_string()).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    let folder = folder(&files);
    let started = Instant::now();
    let args = ["scan", "--max-rate", "100/s", "-j", "4", "--format", "ndjson", "."];
    let done = rmsight(folder.path(), &args).success();
    assert_eq!(records(&done).len(), 30);
    assert!(started.elapsed() >= Duration::from_millis(150), "{:?}", started.elapsed());
    rmsight(folder.path(), &["scan", "--max-rate", "fast", "."]).code(2);
}

#[test]
#[cfg(target_os = "linux")]
fn paths_of_any_length_are_read() {
    use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
    let folder = folder(&[]);
    let name = "n".repeat(250);
    let mut dir = openat(CWD, folder.path(), OFlags::DIRECTORY, Mode::empty()).unwrap();
    let mut len = folder.path().as_os_str().len();
    // One path is slightly shorter than the system limit, and one is much longer.
    for depth in 1..=20 {
        mkdirat(&dir, &*name, Mode::RWXU).unwrap();
        dir = openat(&dir, &*name, OFlags::DIRECTORY, Mode::empty()).unwrap();
        len += name.len() + 1;
        if depth == 15 || depth == 20 {
            let flags = OFlags::CREATE | OFlags::WRONLY;
            drop(openat(&dir, "file", flags, Mode::RUSR | Mode::WUSR).unwrap());
        }
    }
    assert!(len > 5000);
    for jobs in ["1", "2"] {
        let args = ["scan", "--format", "ndjson", "-j", jobs, "-i", "estate.db", "."];
        let records = records(&rmsight(folder.path(), &args).success());
        let mut lens: Vec<_> =
            records.iter().map(|record| record["path"].as_str().unwrap().len()).collect();
        lens.sort_unstable();
        assert_eq!(lens.len(), 2);
        assert!(lens[0] < 4096 && lens[1] > 5000, "{lens:?}");
        assert!(records.iter().all(|record| record["container"] == "empty"));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_scan_keeps_access_times() {
    use std::os::unix::fs::MetadataExt;
    let folder = folder(&[("share/a", b"x")]);
    let file = folder.path().join("share/a");
    // The system updates relative access times that are older than the modification time.
    let times = fs::FileTimes::new().set_accessed(std::time::UNIX_EPOCH);
    fs::File::options().write(true).open(&file).unwrap().set_times(times).unwrap();
    rmsight(folder.path(), &["scan", "share"]).success();
    assert_eq!(fs::metadata(&file).unwrap().atime(), 0);
}

#[test]
fn a_sparse_file_is_read() {
    let folder = folder(&[]);
    fs::File::create(folder.path().join("sparse")).unwrap().set_len(1 << 30).unwrap();
    let (records, exit) = scan(folder.path(), &["."]);
    assert_eq!((records[0]["size"].as_u64(), exit), (Some(1 << 30), 0));
    assert_eq!(records[0]["searched"], "full");
}

#[test]
#[cfg(target_os = "linux")]
fn a_hung_system_call_does_not_stop_the_scan() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command as Plain, Stdio};
    let folder = folder(&[("a", b"x"), ("leased", b"x"), ("z", b"x")]);
    // An open waits up to 45 s for another process to release its lease.
    let hold = "import fcntl, signal, sys, time\n\
        signal.signal(signal.SIGIO, signal.SIG_IGN)\n\
        file = open('leased')\n\
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)\n\
        print('held', flush=True)\n\
        time.sleep(60)\n";
    let holder = Plain::new("python3")
        .args(["-c", hold])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut holder) = holder else {
        eprintln!("skipped: no python3 to hold a lease");
        return;
    };
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if line != "held\n" {
        eprintln!("skipped: no leases on this file system");
        return;
    }
    let (records, exit) = scan(folder.path(), &["--read-timeout", "2", "."]);
    holder.kill().unwrap();
    holder.wait().unwrap();
    let codes: Vec<_> = records
        .iter()
        .map(|record| (record["path"].as_str().unwrap(), record["error_code"].as_str()))
        .collect();
    assert_eq!(codes, [("./a", None), ("./leased", Some("hung")), ("./z", None)]);
    assert_eq!(exit, 1);
}

#[test]
fn snapshot_folders_are_left_out_and_are_no_gap() {
    let names = ["~snapshot", ".snapshot", "$Recycle.Bin", "deep/System Volume Information"];
    let mut files: Vec<(String, &[u8])> =
        names.iter().map(|name| (format!("share/{name}/daily/a"), &b"x"[..])).collect();
    files.push(("share/a".to_owned(), b"x"));
    files.push(("share/deep/b".to_owned(), b"x"));
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (&**name, *bytes)).collect();
    let folder = folder(&files);
    let path = folder.path();
    fs::write(path.join("estate.toml"), "[[authority]]\nname = \"A\"\nkind = \"ad-rms\"\n")
        .unwrap();
    assert_eq!(paths(path, &["share"]).len(), 2);
    assert_eq!(paths(path, &["--snapshots", "share"]).len(), 6);
    assert_eq!(paths(path, &["share/~snapshot"]).len(), 1);
    let check = ["check", "i.db", "--estate", "estate.toml", "--authority", "A"];
    let done = rmsight(path, &["scan", "--quiet", "-i", "i.db", "share"]).success();
    let said = stdout(&done);
    assert!(said.contains("4 snapshot folders or recycle bins left out"), "{said}");
    for command in [&check[..], &["report", "i.db"]] {
        let said = stdout(&rmsight(path, command));
        assert!(said.contains("4 snapshot folders and recycle bins not scanned"), "{said}");
        assert!(!said.contains("gap "), "{said}");
    }
    // What an earlier scan found in them stays.
    rmsight(path, &["scan", "--quiet", "-i", "i.db", "--snapshots", "share"]).success();
    rmsight(path, &["scan", "--quiet", "-i", "i.db", "share"]).success();
    let done = rmsight(path, &["export", "i.db"]).success();
    assert_eq!(records(&done).len(), 6);
}

#[test]
fn the_report_says_whether_the_right_of_backups_was_in_force() {
    let folder = folder(&[("share/a", b"x")]);
    let done = rmsight(folder.path(), &["scan", "--quiet", "-i", "i.db", "--backup", "share"]);
    if !cfg!(windows) {
        assert!(stderr(&done.code(2)).contains("--backup is for Windows"));
        return;
    }
    let warned = stderr(&done.success()).contains("does not have SeBackupPrivilege");
    let said = stdout(&rmsight(folder.path(), &["report", "i.db"]));
    let expected = if warned { "did not have SeBackupPrivilege" } else { "(SeBackupPrivilege)" };
    assert!(said.contains(expected), "{said}");
}
