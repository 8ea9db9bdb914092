//! Which scans close the gaps of other scans, and when two paths belong to the same scanner.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::gaps::{bench, check, named, scan};
use super::{folder, license, rmsight, stderr, stdout};

/// Marks the last scan of an inventory as killed.
fn kill_last(inventory: &Path) {
    let db = Connection::open(inventory).unwrap();
    db.execute_batch(
        "UPDATE scans SET finished = NULL, outcome = 'running' WHERE id = (SELECT max(id) FROM scans);
         UPDATE root_scans SET finished = NULL, complete = 0, device = NULL
           WHERE scan = (SELECT max(id) FROM scans);",
    )
    .unwrap();
}

fn assert_named(folder: &Path, inventory: &str, args: &[&str], expected: &[&str]) {
    let (said, code) = check(folder, inventory, args);
    assert_eq!(named(&said), expected, "{said}");
    assert_eq!(code, i32::from(!expected.is_empty()), "{said}");
}

#[test]
fn a_scan_of_the_folder_above_closes_the_gaps_of_a_root() {
    let folder = bench(&[("top/m/a.docx", b"x"), ("top/m/in/b", b"x"), ("top/c", b"x")]);
    scan(folder.path(), "i.db", &["--exclude", "*.docx", "top/m"]);
    assert_named(folder.path(), "i.db", &[], &["excluded"]);
    // A folder that was deleted since then is not a gap.
    fs::remove_dir_all(folder.path().join("top/m/in")).unwrap();
    scan(folder.path(), "i.db", &["top"]);
    assert_named(folder.path(), "i.db", &[], &[]);
}

#[test]
fn a_scan_that_leaves_a_root_out_does_not_close_its_gaps() {
    let cases: [&[&str]; 3] =
        [&["--exclude", "m"], &["--exclude", "m/*"], &["--exclude", "in", "--include", "*.docx"]];
    for args in cases {
        let folder = bench(&[("top/m/a.docx", b"x"), ("top/m/in/b", b"x"), ("top/c.docx", b"x")]);
        scan(folder.path(), "i.db", &["top/m"]);
        kill_last(&folder.path().join("i.db"));
        scan(folder.path(), "i.db", &[args, &["top"]].concat());
        let accept = ["--accept", "excluded", "--accept", "filtered"];
        let (said, code) = check(folder.path(), "i.db", &accept);
        assert_eq!((named(&said), code), (vec!["unfinished".to_owned()], 1), "{args:?}: {said}");
        // A scan of the root itself closes them.
        scan(folder.path(), "i.db", &["top/m"]);
        assert_eq!(check(folder.path(), "i.db", &accept).1, 0);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_scan_without_the_mounted_file_system_does_not_close_its_gaps() {
    use std::process::Command;
    for below in ["", "deep/"] {
        let folder = bench(&[("top/c", b"x")]);
        let mount = folder.path().join("top/m").join(below);
        fs::create_dir_all(&mount).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(&mount).output();
        if !mounted.is_ok_and(|done| done.status.success()) {
            eprintln!("skipped: this user may not mount");
            return;
        }
        fs::write(mount.join("a.docx"), b"x").unwrap();
        fs::write(mount.join("b"), b"x").unwrap();
        scan(folder.path(), "i.db", &["--exclude", "*.docx", "top/m"]);
        // While it is mounted, the scan of the folder above lists the same file system. For a root
        // on two file systems this is unknown.
        fs::copy(folder.path().join("i.db"), folder.path().join("j.db")).unwrap();
        scan(folder.path(), "j.db", &["top"]);
        let still: &[&str] = if below.is_empty() { &[] } else { &["excluded"] };
        assert_named(folder.path(), "j.db", &[], still);
        assert!(Command::new("umount").arg(&mount).status().unwrap().success());
        scan(folder.path(), "i.db", &["top"]);
        let mut expected = vec!["empty-root", "excluded"];
        // For a mount point inside of the root, what was left out is a separate gap.
        expected.extend((!below.is_empty()).then_some("not-followed"));
        assert_named(folder.path(), "i.db", &[], &expected);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_rescan_of_the_mount_point_alone_does_not_close_the_gaps_of_the_file_system() {
    use std::process::Command;
    // Without the file system the folder is not empty.
    let folder = bench(&[("m/stub", b"x")]);
    let mount = folder.path().join("m");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(&mount).output();
    if !mounted.is_ok_and(|done| done.status.success()) {
        eprintln!("skipped: this user may not mount");
        return;
    }
    fs::write(mount.join("a.docx"), b"x").unwrap();
    scan(folder.path(), "i.db", &["--exclude", "*.docx", "m"]);
    fs::copy(folder.path().join("i.db"), folder.path().join("j.db")).unwrap();
    scan(folder.path(), "j.db", &["m"]);
    assert_named(folder.path(), "j.db", &[], &[]);
    assert!(Command::new("umount").arg(&mount).status().unwrap().success());
    // If it was scanned completely, its file remains a finding, and the missing file system is a
    // gap.
    scan(folder.path(), "j.db", &["m"]);
    assert_named(folder.path(), "j.db", &[], &["empty-root"]);
    scan(folder.path(), "i.db", &["m"]);
    assert_named(folder.path(), "i.db", &[], &["excluded"]);
    rmsight(folder.path(), &["inventory", "forget", "i.db", "m"]).success();
    scan(folder.path(), "i.db", &["m"]);
    assert_named(folder.path(), "i.db", &[], &[]);
}

#[test]
#[cfg(target_os = "linux")]
fn roots_whose_names_look_alike_are_told_apart() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = bench(&[]);
    let [one, other] = [b"r\xff".as_slice(), b"r\xfe"].map(OsStr::from_bytes);
    for name in [one, other] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("a.docx"), b"x").unwrap();
        fs::write(folder.path().join(name).join("b"), b"x").unwrap();
    }
    let run = |args: &[&str], root: &OsStr| {
        let scan = ["scan", "--quiet", "-i", "i.db"];
        super::command(folder.path()).args(scan).args(args).arg(root).assert().success();
    };
    run(&["--exclude", "*.docx"], one);
    run(&[], other);
    assert_named(folder.path(), "i.db", &[], &["excluded"]);
    run(&[], one);
    assert_named(folder.path(), "i.db", &[], &[]);
}

#[test]
fn a_scan_on_another_computer_does_not_close_the_gaps_of_a_root() {
    let folder = bench(&[("top/m/a.docx", b"x"), ("top/m/b", b"x")]);
    scan(folder.path(), "i.db", &["--exclude", "*.docx", "top/m"]);
    scan(folder.path(), "i.db", &["top"]);
    assert_named(folder.path(), "i.db", &[], &[]);
    let change = |sql: &str| {
        let db = Connection::open(folder.path().join("i.db")).unwrap();
        db.execute_batch(sql).unwrap();
    };
    let keep = "UPDATE scans SET host = 'other' WHERE id = 2";
    change(keep);
    assert_named(folder.path(), "i.db", &[], &["excluded"]);
    // If two inventories filled a source, it is unknown which of them made a scan.
    change(
        "UPDATE scans SET host = (SELECT host FROM scans WHERE id = 1);
         INSERT INTO scanners (source, id) VALUES (1, 'ffffffffffffffffffffffffffffffff@other');",
    );
    assert_named(folder.path(), "i.db", &[], &["excluded"]);
}

#[test]
#[cfg(unix)]
fn a_link_is_not_closed_by_another_scanner_that_has_its_target() {
    let folder = bench(&[("share/a", b"x"), ("out/b", b"x")]);
    std::os::unix::fs::symlink("../out", folder.path().join("share/link")).unwrap();
    for (inventory, root) in [("1.db", "share"), ("2.db", "out")] {
        scan(folder.path(), inventory, &["--source", "S", root]);
    }
    let args =
        ["check", "1.db", "2.db", "--estate", "estate.toml", "--authority", "Contoso tenant"];
    let done = rmsight(folder.path(), &args).code(1);
    assert_eq!(named(&stdout(&done)), ["not-followed"], "{}", stdout(&done));
    rmsight(folder.path(), &["merge", "all.db", "1.db", "2.db"]).success();
    assert_named(folder.path(), "all.db", &[], &["not-followed"]);
    // The same inventory closes it.
    scan(folder.path(), "1.db", &["--source", "S", "out"]);
    assert_named(folder.path(), "1.db", &[], &[]);
}

#[test]
#[cfg(unix)]
fn a_link_to_a_missing_target_is_a_gap() {
    let folder = bench(&[("share/a", b"x")]);
    let link = folder.path().join("share/link");
    std::os::unix::fs::symlink("../not/mounted", &link).unwrap();
    scan(folder.path(), "i.db", &["share"]);
    assert_named(folder.path(), "i.db", &[], &["not-followed"]);
    let (said, _) = check(folder.path(), "i.db", &[]);
    assert!(said.contains("1 link or mount point leads outside"), "{said}");
    std::os::unix::fs::symlink("gone", folder.path().join("share/second")).unwrap();
    scan(folder.path(), "i.db", &["share"]);
    let (said, _) = check(folder.path(), "i.db", &[]);
    assert!(said.contains("2 links or mount points lead outside"), "{said}");
}

#[test]
fn merge_refuses_paths_of_two_scanners_under_one_name() {
    let folder = bench(&[("share/deep/a", b"x"), ("share/b", b"x"), ("list", b"share/deep/a\n")]);
    scan(folder.path(), "top.db", &["share"]);
    scan(folder.path(), "same.db", &["share"]);
    scan(folder.path(), "deep.db", &["share/deep"]);
    scan(folder.path(), "file.db", &["share/b"]);
    scan(folder.path(), "list.db", &["--files-from", "list"]);
    for other in ["same.db", "deep.db", "file.db", "list.db"] {
        for [one, other] in [["top.db", other], [other, "top.db"]] {
            for name in ["", "F="] {
                let (one, other) = (format!("{name}{one}"), format!("{name}{other}"));
                let done = rmsight(folder.path(), &["merge", "all.db", &one, &other]).code(2);
                let said = stderr(&done);
                assert!(said.contains("two files would become one"), "{one} {other}: {said}");
                assert!(!folder.path().join("all.db").exists());
            }
        }
        let other = format!("G={other}");
        rmsight(folder.path(), &["merge", "all.db", "F=top.db", &other]).success();
        fs::remove_file(folder.path().join("all.db")).unwrap();
    }
    // A copy of an inventory is the same scanner.
    fs::copy(folder.path().join("top.db"), folder.path().join("copy.db")).unwrap();
    rmsight(folder.path(), &["merge", "all.db", "F=top.db", "F=copy.db"]).success();
}

#[test]
fn an_emptied_root_is_a_gap_that_mentions_its_mount() {
    let folder = bench(&[("share/a", b"x")]);
    scan(folder.path(), "i.db", &["share"]);
    fs::remove_file(folder.path().join("share/a")).unwrap();
    scan(folder.path(), "i.db", &["share"]);
    assert_named(folder.path(), "i.db", &[], &["empty-root"]);
    let (said, _) = check(folder.path(), "i.db", &[]);
    assert!(said.contains("it had files, and now has none: is it mounted?"), "{said}");
}

#[test]
fn a_scan_without_files_is_incomplete() {
    let folder = folder(&[("none.ndjson", b""), ("share/a.docx", &license())]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    rmsight(folder.path(), &["scan", "--quiet", "-i", "i.db", "empty"]).code(1);
    let cases: [&[&str]; 5] = [
        &["scan", "empty"],
        &["scan", "--exclude", "*.docx", "share"],
        &["scan", "-i", "i.db", "empty"],
        &["judge", "none.ndjson"],
        &["judge", "i.db"],
    ];
    for args in cases {
        let said = stdout(&rmsight(folder.path(), args).code(1));
        assert!(said.contains("No file was read"), "{args:?}: {said}");
        assert!(!said.contains("Nothing in what was searched"), "{args:?}: {said}");
    }
}

/// Runs SQL on the inventory `i.db`.
fn change(folder: &Path, sql: &str) {
    Connection::open(folder.join("i.db")).unwrap().execute_batch(sql).unwrap();
}

#[test]
#[cfg(unix)]
fn an_accepted_gap_does_not_hide_others_of_its_root() {
    let folder = bench(&[("share/a.docx", b"x"), ("share/b", b"x"), ("out/c", b"x")]);
    std::os::unix::fs::symlink("../out", folder.path().join("share/link")).unwrap();
    scan(folder.path(), "i.db", &["--exclude", "*.docx", "share"]);
    let moved =
        "UPDATE root_scans SET error = 'it leads elsewhere now', finished = NULL, complete = 0";
    // Each case: SQL that changes rows, and the remaining gaps if `empty-root` is accepted.
    let cases: [(&str, &[&str]); 4] = [
        ("", &["excluded", "not-followed"]),
        (moved, &["excluded", "not-followed"]),
        (
            "UPDATE scans SET outcome = 'interrupted', finished = NULL",
            &["excluded", "not-followed", "unfinished"],
        ),
        (
            "UPDATE root_scans SET filtered = 1; UPDATE files SET name = x'', outcome = 'io'",
            &["excluded", "filtered", "io", "not-followed", "unfinished"],
        ),
    ];
    for (sql, expected) in cases {
        change(folder.path(), sql);
        let (said, code) = check(folder.path(), "i.db", &["--accept", "empty-root"]);
        assert_eq!((named(&said), code), (expected.iter().map(|n| (*n).to_owned()).collect(), 1));
    }
}

#[test]
fn a_file_that_changed_while_it_was_read_is_a_gap() {
    let folder = bench(&[("share/a", b"x"), ("share/b", b"x")]);
    scan(folder.path(), "i.db", &["share"]);
    change(folder.path(), "UPDATE files SET outcome = 'changed-while-reading' WHERE name = x'61'");
    let name = "changed-while-reading";
    assert_named(folder.path(), "i.db", &[], &[name]);
    assert_named(folder.path(), "i.db", &["--accept", name], &[]);
    // The file is read again although it is unchanged.
    scan(folder.path(), "i.db", &["share"]);
    assert_named(folder.path(), "i.db", &[], &[]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_root_that_cannot_be_listed_has_no_file() {
    let folder = bench(&[]);
    fs::create_dir(folder.path().join("missing")).unwrap();
    scan(folder.path(), "i.db", &["missing"]);
    fs::remove_dir(folder.path().join("missing")).unwrap();
    scan(folder.path(), "i.db", &["missing"]);
    let (said, _) = check(folder.path(), "i.db", &[]);
    let code = named(&said).into_iter().find(|name| name != "empty-root").unwrap();
    assert_named(folder.path(), "i.db", &["--accept", &code], &["empty-root"]);
}

#[test]
fn a_root_that_never_existed_is_an_error_and_a_vanished_root_is_a_gap() {
    let folder = bench(&[("share/a", b"x"), ("other/b", b"x")]);
    let scan = |args: &[&str]| rmsight(folder.path(), &[&["scan"], args].concat());
    let unknown = "rmsight: nosuch: no such file or folder; nothing was scanned";
    // No inventory is created for a mistyped path, and none is changed.
    for args in [&["-i", "i.db", "nosuch"][..], &["-i", "i.db", "share", "nosuch"]] {
        assert!(stderr(&scan(args).code(2)).contains(unknown), "{args:?}");
        assert!(!folder.path().join("i.db").exists());
    }
    scan(&["-i", "i.db", "share", "other"]).success();
    assert!(stderr(&scan(&["-i", "i.db", "share", "nosuch"]).code(2)).contains(unknown));
    assert_named(folder.path(), "i.db", &[], &[]);
    fs::remove_dir_all(folder.path().join("other")).unwrap();
    let done = scan(&["-i", "i.db", "share", "other"]).code(1);
    assert!(stderr(&done).contains("other: no such file or folder; the inventory keeps its files"));
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert!(code == 1 && !named(&said).is_empty(), "{said}");
    // Without an inventory the path is named too, also if only totals are printed.
    for args in [&["nosuch", "--plan"][..], &["nosuch", "--summary"]] {
        assert!(stderr(&scan(args)).contains("nosuch: no such file or folder"), "{args:?}");
    }
}

#[test]
fn a_stopped_scan_does_not_close_the_gaps_of_the_scan_before() {
    let folder = bench(&[("top/share/a.docx", b"x"), ("top/share/b", b"x")]);
    let accept = ["--accept", "unfinished"];
    scan(folder.path(), "i.db", &["--exclude", "*.docx", "top/share"]);
    scan(folder.path(), "i.db", &["top/share"]);
    kill_last(&folder.path().join("i.db"));
    assert_named(folder.path(), "i.db", &accept, &["excluded"]);
    // A scan of the folder above closes them.
    change(
        folder.path(),
        "UPDATE root_scans SET device = (SELECT max(device) FROM dirs) WHERE scan = 2",
    );
    scan(folder.path(), "i.db", &["top"]);
    assert_named(folder.path(), "i.db", &[], &[]);
    // A killed scan has not stored what it left out.
    scan(folder.path(), "i.db", &["--exclude", "*.docx", "--include", "b", "top"]);
    kill_last(&folder.path().join("i.db"));
    change(
        folder.path(),
        "UPDATE root_scans SET excluded = NULL, filtered = NULL, scanned = NULL WHERE scan = 4",
    );
    let (said, _) = check(folder.path(), "i.db", &accept);
    assert!(named(&said).ends_with(&["excluded".to_owned(), "filtered".to_owned()]), "{said}");
}

#[test]
fn the_age_is_that_of_the_last_whole_listing() {
    let folder = bench(&[("top/m/a", b"x"), ("top/b", b"x")]);
    let age = |days: i64, scan: i64| {
        let sql = format!(
            "UPDATE root_scans SET finished = finished - {days} * 86400 WHERE scan = {scan}"
        );
        change(folder.path(), &sql);
    };
    let month = ["--max-age", "30d", "--accept", "unfinished"];
    // A stopped scan does not update the age of a root.
    scan(folder.path(), "i.db", &["top/m"]);
    age(90, 1);
    scan(folder.path(), "i.db", &["top/m"]);
    kill_last(&folder.path().join("i.db"));
    assert_named(folder.path(), "i.db", &month, &["too-old"]);
    // A scan of the folder above does, until it is too old too.
    scan(folder.path(), "i.db", &["top/m"]);
    age(90, 3);
    scan(folder.path(), "i.db", &["top"]);
    assert_named(folder.path(), "i.db", &month, &[]);
    age(60, 4);
    scan(folder.path(), "i.db", &["--exclude", "m", "top"]);
    let accept = [&month[..], &["--accept", "excluded"]].concat();
    assert_named(folder.path(), "i.db", &accept, &["too-old"]);
    // The age of a scan in the future is unknown.
    scan(folder.path(), "i.db", &["top/m"]);
    scan(folder.path(), "i.db", &["top"]);
    assert_named(folder.path(), "i.db", &month, &[]);
    age(-400, 7);
    assert_named(folder.path(), "i.db", &month, &["too-old"]);
    let (said, _) = check(folder.path(), "i.db", &month);
    assert!(said.contains("is in the future"), "{said}");
}

#[test]
#[cfg(unix)]
fn the_exit_code_does_not_depend_on_the_reader_of_the_output() {
    let folder = bench(&[("share/a.docx", b"x"), ("share/b", b"x")]);
    for (args, expected) in [(&["--exclude", "*.docx", "share"][..], 1), (&["share"], 0)] {
        scan(folder.path(), "i.db", args);
        let check = ["check", "i.db", "--estate", "estate.toml", "--authority", "Contoso AD RMS"];
        let report = ["report", "i.db", "--estate", "estate.toml"];
        for command in [&check[..], &report] {
            // The pipe is never read.
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let done = std::process::Command::new(env!("CARGO_BIN_EXE_rmsight"))
                .current_dir(folder.path())
                .args(command)
                .stdout(writer)
                .status()
                .unwrap();
            assert_eq!(done.code(), Some(expected), "{command:?}");
        }
    }
}
