//! File systems that a later scan does not find: their rows stay, and are a gap.
#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::gaps::{bench, check, killed_scan, named, scan};
use super::rmsight;

/// A mounted file system. Dropping it unmounts it.
struct Mount(PathBuf);

impl Mount {
    /// Returns `None` if this user may not mount.
    fn new(place: PathBuf) -> Option<Mount> {
        fs::create_dir_all(&place).unwrap();
        let done = Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(&place).output();
        if !done.is_ok_and(|done| done.status.success()) {
            eprintln!("skipped: this user may not mount");
            return None;
        }
        Some(Mount(place))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        _ = Command::new("umount").arg(&self.0).status();
    }
}

/// Scans as a user without the right to list the folders of other users.
fn scan_with_less_rights(folder: &Path) -> String {
    let done = Command::new("setpriv")
        .args(["--bounding-set=-dac_override,-dac_read_search", env!("CARGO_BIN_EXE_rmsight")])
        .args(["scan", "--quiet", "-i", "i.db", "share"])
        .current_dir(folder)
        .output()
        .unwrap();
    String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap()
}

/// Creates a folder that only another user may list.
fn shut(path: &Path) {
    fs::create_dir_all(path).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
    chown(path, Some(65_534), Some(65_534)).unwrap();
}

#[test]
fn unread_rows_of_an_unmounted_folder_stay() {
    // Each case: a folder that cannot be listed, and a link that is not followed.
    let cases = [
        (Some("x/shut"), None),
        (Some("shut"), None),
        (Some(""), None),
        (None, Some("link")),
        (None, Some("x/y/link")),
    ];
    for (closed, link) in cases {
        let folder = bench(&[("share/a", b"x"), ("outside/b", b"x")]);
        let Some(mount) = Mount::new(folder.path().join("share/m")) else { return };
        if let Some(closed) = closed {
            shut(&mount.path().join(closed));
        }
        if let Some(link) = link {
            let link = mount.path().join(link);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(folder.path().join("outside"), link).unwrap();
        }
        scan_with_less_rights(folder.path());
        let (said, code) = check(folder.path(), "i.db", &[]);
        let gaps = named(&said);
        assert_eq!((code, gaps.len()), (1, 1), "{closed:?} {link:?}: {said}");
        let place = mount.path().to_owned();
        drop(mount);
        for _ in 0..2 {
            scan_with_less_rights(folder.path());
            let (said, code) = check(folder.path(), "i.db", &[]);
            assert_eq!((code, named(&said)), (1, gaps.clone()), "{closed:?} {link:?}: {said}");
        }
        // Deleting a folder on its own file system removes its rows.
        let Some(mount) = Mount::new(place) else { return };
        fs::write(mount.path().join("c"), b"x").unwrap();
        scan(folder.path(), "i.db", &["--accept-empty", "share"]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!((code, named(&said).len()), (0, 0), "{closed:?} {link:?}: {said}");
    }
}

#[test]
fn unread_rows_of_a_removed_folder_are_removed() {
    let folder = bench(&[("share/a", b"x"), ("outside/b", b"x")]);
    let Some(mount) = Mount::new(folder.path().join("share/m")) else { return };
    shut(&mount.path().join("x/shut"));
    symlink(folder.path().join("outside"), mount.path().join("x/link")).unwrap();
    scan_with_less_rights(folder.path());
    let (said, _) = check(folder.path(), "i.db", &[]);
    assert_eq!(named(&said).len(), 2, "{said}");
    fs::remove_dir_all(mount.path().join("x")).unwrap();
    scan_with_less_rights(folder.path());
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!((code, named(&said).len()), (0, 0), "{said}");
}

#[test]
fn a_mount_point_that_was_not_entered_stays_a_gap_when_it_is_unmounted() {
    let folder = bench(&[("share/a", b"x")]);
    let Some(mount) = Mount::new(folder.path().join("share/m")) else { return };
    fs::write(mount.path().join("b"), b"x").unwrap();
    let once = ["--one-file-system", "share"];
    scan(folder.path(), "i.db", &once);
    drop(mount);
    scan(folder.path(), "i.db", &once);
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!((code, named(&said)), (1, vec!["not-followed".to_owned()]), "{said}");
}

#[test]
fn a_rescan_while_a_subfolder_is_unmounted_is_a_gap() {
    for deep in ["b", "x/y/b"] {
        let folder = bench(&[("share/a", b"x")]);
        let Some(mount) = Mount::new(folder.path().join("share/m")) else { return };
        let place = mount.path().to_owned();
        let file = place.join(deep);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, b"x").unwrap();
        scan(folder.path(), "i.db", &["share"]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!(code, 0, "{said}");
        drop(mount);
        for _ in 0..2 {
            scan(folder.path(), "i.db", &["share"]);
            let (said, code) = check(folder.path(), "i.db", &[]);
            assert_eq!((code, named(&said).len()), (1, 1), "{deep}: {said}");
            assert!(said.contains("1 known file on a file system that is not mounted"), "{said}");
        }
        // Mounted again, the file is found and the gap is closed.
        let Some(mount) = Mount::new(place) else { return };
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, b"x").unwrap();
        scan(folder.path(), "i.db", &["share"]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!(code, 0, "{deep}: {said}");
        // Without the file system, the user can accept that the file is gone.
        drop(mount);
        scan(folder.path(), "i.db", &["--accept-empty", "share"]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!(code, 0, "{deep}: {said}");
    }
}

#[test]
fn another_file_system_with_the_same_number_is_not_taken_for_the_first() {
    let folder = bench(&[("share/a", b"x")]);
    let place = folder.path().join("share/m");
    let Some(mount) = Mount::new(place.clone()) else { return };
    fs::write(mount.path().join("b"), b"x").unwrap();
    scan(folder.path(), "i.db", &["share"]);
    drop(mount);
    // The system assigns the lowest free number.
    let Some(mount) = Mount::new(place) else { return };
    fs::write(mount.path().join("c"), b"x").unwrap();
    scan(folder.path(), "i.db", &["share"]);
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!((code, named(&said).len()), (1, 1), "{said}");
    // On one file system, a missing file is deleted.
    scan(folder.path(), "i.db", &["--accept-empty", "share"]);
    fs::remove_file(mount.path().join("c")).unwrap();
    scan(folder.path(), "i.db", &["share"]);
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn links_that_an_earlier_version_stored_without_a_device_stay() {
    let folder = bench(&[("share/a", b"x"), ("outside/b", b"x")]);
    let Some(mount) = Mount::new(folder.path().join("share/m")) else { return };
    symlink(folder.path().join("outside"), mount.path().join("link")).unwrap();
    scan(folder.path(), "i.db", &["share"]);
    let db = rusqlite::Connection::open(folder.path().join("i.db")).unwrap();
    db.execute_batch("ALTER TABLE skipped DROP COLUMN device").unwrap();
    drop(db);
    rmsight(folder.path(), &["merge", "merged.db", "i.db"]).success();
    drop(mount);
    for file in ["i.db", "merged.db"] {
        for _ in 0..2 {
            scan(folder.path(), file, &["share"]);
            let (said, code) = check(folder.path(), file, &[]);
            assert_eq!((code, named(&said)), (1, vec!["not-followed".to_owned()]), "{said}");
        }
    }
}

/// Leaves files of a mounted file system out, and scans again without it. `is_removed` says whether the
/// mount point is removed too.
fn leave_out_files_of_a_file_system(is_removed: bool) {
    // Each case: the file on the mounted file system, the options of the first scan, those of the
    // second, and the folder of the second scan.
    let cases: [(&str, &[&str], &[&str], &str); 6] = [
        ("a.docx", &["--exclude", "*.docx"], &[], "top/share"),
        ("x/a.docx", &["--exclude", "*.docx"], &[], "top/share"),
        ("a.docx", &["--include", "*.txt"], &[], "top/share"),
        ("a.docx", &["--exclude", "*.docx"], &["--exclude", "*.docx"], "top/share"),
        ("a.docx", &["--exclude", "*.docx"], &["--exclude", "nothing"], "top"),
        ("a.docx", &["--exclude", "*.docx"], &[], "top"),
    ];
    for (file, first, second, root) in cases {
        let folder = bench(&[("top/share/a.txt", b"x")]);
        let Some(mount) = Mount::new(folder.path().join("top/share/in/m")) else { return };
        let file = mount.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, b"x").unwrap();
        scan(folder.path(), "i.db", &[first, &["top/share"]].concat());
        let place = mount.path().to_owned();
        drop(mount);
        if is_removed {
            fs::remove_dir_all(place.parent().unwrap()).unwrap();
        }
        for _ in 0..2 {
            scan(folder.path(), "i.db", &[second, &[root]].concat());
            let accept = ["--accept", "excluded", "--accept", "filtered"];
            let (said, code) = check(folder.path(), "i.db", &accept);
            let gaps = vec!["not-followed".to_owned()];
            assert_eq!((code, named(&said)), (1, gaps), "{second:?} {root}: {said}");
            assert!(said.contains("/in/m"), "{said}");
        }
        // Mounted again, it is read.
        let Some(mount) = Mount::new(place) else { return };
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, b"x").unwrap();
        // For a root on two file systems, only a scan of that root closes the gaps.
        scan(folder.path(), "i.db", &[root]);
        scan(folder.path(), "i.db", &["top/share"]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!((code, named(&said).len()), (0, 0), "{second:?} {root}: {said}");
        drop(mount);
        // The user can accept that it is gone.
        scan(folder.path(), "i.db", &["--accept-empty", root]);
        scan(folder.path(), "i.db", &["--accept-empty", "top/share"]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!((code, named(&said).len()), (0, 0), "{second:?} {root}: {said}");
    }
}

#[test]
fn files_left_out_of_a_file_system_that_is_gone_stay_a_gap() {
    leave_out_files_of_a_file_system(false);
}

#[test]
fn files_left_out_of_a_removed_mount_point_stay_a_gap() {
    leave_out_files_of_a_file_system(true);
}

#[test]
fn an_accepted_deletion_is_not_a_gap() {
    let folder = bench(&[("share/a", b"x")]);
    let Some(mount) = Mount::new(folder.path().join("share/m")) else { return };
    fs::write(mount.path().join("a.docx"), b"x").unwrap();
    scan(folder.path(), "i.db", &["--exclude", "*.docx", "share"]);
    drop(mount);
    scan(folder.path(), "i.db", &["--accept-empty", "share"]);
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!((code, named(&said).len()), (0, 0), "{said}");
}

#[test]
fn files_of_an_unmounted_folder_stay_while_it_is_excluded() {
    let folder = bench(&[("top/share/a", b"x")]);
    let Some(mount) = Mount::new(folder.path().join("top/share/m")) else { return };
    fs::write(mount.path().join("b"), b"x").unwrap();
    scan(folder.path(), "i.db", &["top/share"]);
    drop(mount);
    for args in [&["--exclude", "m", "top/share"][..], &["--exclude", "m/*", "top"], &["top"]] {
        scan(folder.path(), "i.db", args);
        let db = rusqlite::Connection::open(folder.path().join("i.db")).unwrap();
        let sql = "SELECT count(*) FROM files WHERE gone IS NULL";
        let files: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(files, 2, "{args:?}");
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!((code, named(&said).is_empty()), (1, false), "{args:?}: {said}");
    }
}

#[test]
fn an_excluded_mount_point_stays_a_gap_when_it_is_unmounted() {
    for excluded in ["m", "in"] {
        let folder = bench(&[("share/a", b"x")]);
        let Some(mount) = Mount::new(folder.path().join("share/in/m m")) else { return };
        fs::write(mount.path().join("b"), b"x").unwrap();
        let glob = format!("{excluded}*");
        for _ in 0..2 {
            scan(folder.path(), "i.db", &["--exclude", &glob, "share"]);
            let (said, code) = check(folder.path(), "i.db", &[]);
            assert_eq!((code, named(&said)), (1, vec!["excluded".to_owned()]), "{said}");
        }
        let place = mount.path().to_owned();
        drop(mount);
        for _ in 0..2 {
            scan(folder.path(), "i.db", &["share"]);
            let (said, code) = check(folder.path(), "i.db", &[]);
            assert_eq!((code, named(&said)), (1, vec!["not-followed".to_owned()]), "{said}");
        }
        let Some(_mount) = Mount::new(place) else { return };
        scan(folder.path(), "i.db", &["share"]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!((code, named(&said).len()), (0, 0), "{said}");
    }
}

#[test]
fn a_mount_point_that_a_killed_scan_did_not_reach_stays_a_gap() {
    let folder = bench(&[("share/a", b"x")]);
    let Some(mount) = Mount::new(folder.path().join("share/in/m")) else { return };
    fs::write(mount.path().join("b"), b"x").unwrap();
    for number in 0..100 {
        fs::write(folder.path().join(format!("share/{number}")), b"x").unwrap();
    }
    killed_scan(folder.path(), &["-j", "1", "share"], Duration::from_millis(1_500));
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!((code, named(&said)), (1, vec!["unfinished".to_owned()]), "{said}");
    drop(mount);
    scan(folder.path(), "i.db", &["share"]);
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!((code, named(&said)), (1, vec!["not-followed".to_owned()]), "{said}");
    scan(folder.path(), "i.db", &["--accept-empty", "share"]);
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!((code, named(&said).len()), (0, 0), "{said}");
}

/// Mounts a folder a second time, at `place`.
fn bind(folder: &Path, place: PathBuf) -> Option<Mount> {
    fs::create_dir_all(&place).unwrap();
    let done = Command::new("mount").arg("--bind").args([folder, &place]).output();
    if !done.is_ok_and(|done| done.status.success()) {
        eprintln!("skipped: this user may not mount");
        return None;
    }
    Some(Mount(place))
}

#[test]
fn files_of_a_bind_mount_are_not_gone_when_it_is_unmounted() {
    let folder = bench(&[("share/a", b"x"), ("other/b", b"x")]);
    let other = folder.path().join("other");
    let place = folder.path().join("share/m");
    let Some(mount) = bind(&other, place.clone()) else { return };
    scan(folder.path(), "i.db", &["share"]);
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!((code, named(&said).len()), (0, 0), "{said}");
    drop(mount);
    scan(folder.path(), "i.db", &["share"]);
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!((code, named(&said)), (1, vec!["empty-root".to_owned()]), "{said}");
    let Some(_mount) = bind(&other, place) else { return };
    scan(folder.path(), "i.db", &["share"]);
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!((code, named(&said).len()), (0, 0), "{said}");
}

#[test]
fn scans_of_two_halves_do_not_close_gaps_of_each_other() {
    let folder = bench(&[("share/a.docx", b"x"), ("share/b", b"x")]);
    symlink("share", folder.path().join("link")).unwrap();
    let Some(_mount) = bind(&folder.path().join("share"), folder.path().join("bound")) else {
        return;
    };
    // Another mount is another root with a separate gap. Another spelling is the same root.
    for (root, expected) in [
        ("bound", &["excluded", "filtered"][..]),
        ("link", &["filtered"]),
        ("./share/", &["filtered"]),
    ] {
        _ = fs::remove_file(folder.path().join("i.db"));
        scan(folder.path(), "i.db", &["--exclude", "*.docx", "share"]);
        scan(folder.path(), "i.db", &["--include", "*.docx", root]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!((code, named(&said)), (1, expected.iter().map(|n| (*n).to_owned()).collect()));
    }
}

#[test]
fn a_mount_point_is_not_read_by_a_scan_that_precedes_its_file_system() {
    let folder = bench(&[("top/share/a", b"x")]);
    fs::create_dir(folder.path().join("top/share/m")).unwrap();
    // The folder above, and the mount point itself, before the file system was mounted.
    for root in ["top", "top/share/m"] {
        _ = fs::remove_file(folder.path().join("i.db"));
        fs::write(folder.path().join("top/share/m/stub"), b"x").unwrap();
        scan(folder.path(), "i.db", &[root]);
        let Some(mount) = Mount::new(folder.path().join("top/share/m")) else { return };
        fs::write(mount.path().join("b"), b"x").unwrap();
        scan(folder.path(), "i.db", &["--one-file-system", "top/share"]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!((code, named(&said)), (1, vec!["not-followed".to_owned()]), "{root}: {said}");
        scan(folder.path(), "i.db", &["top"]);
        let (said, code) = check(folder.path(), "i.db", &["--accept", "empty-root"]);
        assert_eq!((code, named(&said).len()), (0, 0), "{root}: {said}");
    }
}

#[test]
fn a_killed_scan_of_a_file_system_that_is_gone_stays_a_gap() {
    let folder = bench(&[("m/stub", b"x")]);
    let Some(mount) = Mount::new(folder.path().join("m")) else { return };
    for number in 0..200 {
        fs::write(mount.path().join(format!("{number}")), b"x").unwrap();
    }
    killed_scan(folder.path(), &["m"], Duration::from_millis(2_000));
    drop(mount);
    scan(folder.path(), "i.db", &["m"]);
    let (said, code) = check(folder.path(), "i.db", &["--accept", "empty-root"]);
    assert_eq!((code, named(&said)), (1, vec!["unfinished".to_owned()]), "{said}");
}
