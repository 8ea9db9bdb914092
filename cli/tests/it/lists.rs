//! Lists of files (`--files-from`): each is a separate root, and a stopped scan does not wait for
//! one.

use std::fs;

#[cfg(unix)]
use super::gaps::killed_scan;
use super::gaps::{bench, check, named, scan};
#[cfg(unix)]
use super::stdout;
use super::{command, rmsight};

#[test]
fn a_list_of_other_files_does_not_replace_the_gap_of_an_earlier_list() {
    // Each case: the name of the second list.
    for second in ["-", "list", "other"] {
        let folder = bench(&[("a.docx", b"x"), ("b.txt", b"x"), ("c.txt", b"x")]);
        let scan_list = |name: &str, content: &str, args: &[&str]| {
            let list = ["scan", "--quiet", "-i", "i.db", "--files-from", name];
            let mut command = command(folder.path());
            command.args([&list, args].concat());
            match name {
                "-" => _ = command.write_stdin(content),
                name => fs::write(folder.path().join(name), content).unwrap(),
            }
            command.assert().success();
        };
        let first = if second == "other" { "list" } else { second };
        scan_list(first, "a.docx\nb.txt\n", &["--exclude", "*.docx"]);
        scan_list(second, "c.txt\n", &[]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!((code, named(&said)), (1, vec!["excluded".to_owned()]), "{second}: {said}");
        // The same files in another order and another spelling are the same list.
        scan_list(first, "./b.txt\na.docx\n", &[]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!(code, 0, "{second}: {said}");
    }
}

#[test]
fn a_list_in_an_inventory_can_be_forgotten() {
    let folder = bench(&[("a", b"x"), ("b", b"x"), ("first", b"a\n"), ("second", b"b\n")]);
    scan(folder.path(), "i.db", &["--exclude", "a", "--files-from", "first"]);
    scan(folder.path(), "i.db", &["--files-from", "second"]);
    let (said, _) = check(folder.path(), "i.db", &[]);
    let gap = said.lines().find(|line| line.contains("first#")).unwrap();
    let root = gap.split(" empty-root ").nth(1).or_else(|| gap.split(" excluded ").nth(1)).unwrap();
    let root = root.trim().split(": ").next().unwrap();
    rmsight(folder.path(), &["inventory", "forget", "i.db", root]).success();
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn folders_in_a_list_are_a_gap() {
    let folder = bench(&[("share/a", b"x"), ("b", b"x")]);
    let cases: [(&str, &[&str]); 4] = [
        ("share\n", &["empty-root", "not-followed"]),
        ("share/\n", &["empty-root", "not-followed"]),
        ("b\nshare\n", &["not-followed"]),
        ("\n", &["empty-root"]),
    ];
    for (list, expected) in cases {
        _ = fs::remove_file(folder.path().join("i.db"));
        fs::write(folder.path().join("list"), list).unwrap();
        scan(folder.path(), "i.db", &["--files-from", "list"]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!((code, named(&said)), (1, expected.iter().map(|n| (*n).to_owned()).collect()));
    }
    // A scan of the folder closes the gap of a list that contains a file too.
    fs::write(folder.path().join("list"), "b\nshare\n").unwrap();
    _ = fs::remove_file(folder.path().join("i.db"));
    scan(folder.path(), "i.db", &["--files-from", "list"]);
    scan(folder.path(), "i.db", &["share"]);
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
#[cfg(unix)]
fn a_list_without_a_regular_file_is_a_gap() {
    let folder = bench(&[]);
    std::os::unix::fs::symlink("nowhere", folder.path().join("dangling")).unwrap();
    let cases: [(&str, &[&str]); 2] =
        [("dangling", &["empty-root", "not-followed"]), ("/dev/null", &["empty-root"])];
    for (name, expected) in cases {
        _ = fs::remove_file(folder.path().join("i.db"));
        fs::write(folder.path().join("list"), name).unwrap();
        scan(folder.path(), "i.db", &["--files-from", "list"]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        let expected = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!((code, named(&said)), (1, expected), "{name}: {said}");
    }
}

#[test]
#[cfg(unix)]
fn a_signal_ends_a_scan_that_waits_for_its_list() {
    use std::io::Write as _;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let folder = bench(&[("a", b"x")]);
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    let with_inventory: &[&str] = &["-i", "i.db"];
    let other_inventory: &[&str] = &["-i", "j.db"];
    let cases = [
        ("-TERM", 15, "-", &[][..]),
        ("-INT", 2, "-", &[]),
        ("-TERM", 15, "pipe", &[]),
        ("-TERM", 15, "-", with_inventory),
        ("-INT", 2, "pipe", other_inventory),
    ];
    let children = cases.map(|(_, _, list, args)| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rmsight"))
            .current_dir(folder.path())
            .args(["scan", "--quiet", "--files-from", list])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The list stays open.
        let mut names = child.stdin.take().unwrap();
        names.write_all(b"a\n").unwrap();
        (child, names)
    });
    // All scans reach their lists meanwhile.
    std::thread::sleep(Duration::from_secs(1));
    for ((mut child, names), (signal, number, list, args)) in children.into_iter().zip(cases) {
        let begun = Instant::now();
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > Duration::from_secs(2) {
                child.kill().unwrap();
                panic!("{signal} {list} {args:?}: the scan did not end");
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let is_ended = status.signal() == Some(number) || status.code() == Some(128 + number);
        assert!(is_ended, "{signal} {list} {args:?}: {status:?}");
        drop(names);
    }
    // Names before the signal were read, and the next scan is complete.
    let done = rmsight(folder.path(), &["scan", "--quiet", "a"]).success();
    assert!(stdout(&done).contains("Searched 1 file"));
}

#[test]
#[cfg(unix)]
fn a_killed_scan_of_a_list_does_not_close_the_gap_of_a_link() {
    let folder = bench(&[("out/a", b"x")]);
    let mut list = String::new();
    for number in 0..100 {
        let name = format!("share/{number:03}");
        fs::create_dir_all(folder.path().join("share")).unwrap();
        fs::write(folder.path().join(&name), b"x").unwrap();
        list += &format!("{name}\n");
    }
    list += "share/link\n";
    fs::write(folder.path().join("list"), list).unwrap();
    std::os::unix::fs::symlink("../out", folder.path().join("share/link")).unwrap();
    scan(folder.path(), "i.db", &["share"]);
    scan(folder.path(), "i.db", &["--files-from", "list"]);
    let after = std::time::Duration::from_millis(1_500);
    killed_scan(folder.path(), &["--files-from", "list"], after);
    let (said, code) = check(folder.path(), "i.db", &["--accept", "unfinished"]);
    assert_eq!((code, named(&said)), (1, vec!["not-followed".to_owned()]), "{said}");
    // A completed scan of the list without the link closes the gap.
    fs::remove_file(folder.path().join("share/link")).unwrap();
    fs::write(folder.path().join("share/link"), b"x").unwrap();
    scan(folder.path(), "i.db", &["--files-from", "list"]);
    scan(folder.path(), "i.db", &["share"]);
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!((code, named(&said).len()), (0, 0), "{said}");
}
