//! Owners of files that were not read.

use std::fs;
use std::process::Command;

use rusqlite::Connection;

use super::gaps::{bench, scan};
use super::{license, records, rmsight, stderr, stdout};

#[test]
fn files_that_were_not_read_have_the_owner_of_the_file_system() {
    let (offer, name) = (license(), whoami());
    let folder = bench(&[
        ("share/offer.xml", &offer),
        ("share/cut.xml", &offer[..600]),
        ("share/old.7z", b"7z\xbc\xaf\x27\x1c\0\x04aaaaaaaaaaaaaaaaaaaaaaaa"),
        ("share/plain.txt", b"x"),
        ("key", b"0123456789abcdef0123"),
    ]);
    let dir = folder.path();
    scan(dir, "i.db", &["share"]);
    let export = |args: &[&str]| {
        let args = [&["export", "i.db", "--format", "ndjson"], args].concat();
        let done = rmsight(dir, &args);
        let mut paths: Vec<String> = records(&done)
            .iter()
            .map(|record| record["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
            .collect();
        paths.sort();
        paths
    };
    assert_eq!(export(&["--owner", &name]), ["cut.xml", "old.7z"]);
    assert_eq!(export(&["--owner", &name, "--error", "truncated"]), ["cut.xml"]);
    // The owner of a license is that in the license.
    assert_eq!(export(&["--owner", "ada@contoso.com"]), ["offer.xml"]);
    let said = stderr(&rmsight(dir, &["export", "i.db", "--owner", "nobody-at-all"]).code(2));
    assert!(said.contains("no finding has it"), "{said}");
    for format in ["text", "html"] {
        let page = stdout(&rmsight(dir, &["report", "i.db", "--format", format]));
        assert!(page.contains(&name), "{format}");
        let args = ["report", "i.db", "--format", format, "--redact", "key"];
        let page = stdout(&rmsight(dir, &args));
        let owners = page.split("By owner").nth(1).unwrap_or(&page);
        assert!(!owners.lines().take(8).any(|line| line.trim_start().starts_with(&name)), "{page}");
    }
    // It is in the inventory, and merged inventories keep it.
    rmsight(dir, &["merge", "all.db", "i.db"]).success();
    for name in ["i.db", "all.db"] {
        let db = Connection::open(dir.join(name)).unwrap();
        let sql = "SELECT count(*) FROM files WHERE owner IS NOT NULL";
        assert_eq!(db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 2, "{name}");
    }
    // A file that is read again loses it.
    fs::write(dir.join("share/cut.xml"), &offer).unwrap();
    scan(dir, "i.db", &["share"]);
    assert_eq!(export(&["--owner", &name]), ["old.7z"]);
}

#[test]
fn files_and_folders_without_permission_have_an_owner() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    let folder = bench(&[("share/shut.xml", b"x"), ("share/inner/a", b"x"), ("share/b", b"x")]);
    let dir = folder.path();
    for (name, mode) in [("share/shut.xml", 0o600), ("share/inner", 0o700)] {
        let path = dir.join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        if chown(&path, Some(3_999_999), Some(3_999_999)).is_err() {
            eprintln!("skipped: files cannot be given to another user");
            return;
        }
    }
    let done = Command::new("setpriv")
        .args(["--bounding-set=-dac_override,-dac_read_search", env!("CARGO_BIN_EXE_rmsight")])
        .args(["scan", "-q", "-i", "i.db", "share"])
        .current_dir(dir)
        .output();
    if !done.is_ok_and(|done| done.status.code() == Some(1)) {
        eprintln!("skipped: permissions of this user cannot be lowered");
        return;
    }
    let args = ["export", "i.db", "--format", "ndjson", "--owner", "uid:3999999"];
    let found = stdout(&rmsight(dir, &args).success());
    assert_eq!(found.lines().count(), 2, "{found}");
    assert!(found.contains("/share/inner\"") && found.contains("/share/shut.xml\""), "{found}");
}

/// Returns the name of the user that runs the tests.
fn whoami() -> String {
    let done = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}
