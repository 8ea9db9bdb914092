//! `scan --only`: listed files are read again, and nothing else changes.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use super::gaps::{bench, check, named, scan};
use super::{document, license, records, rmsight, slashes, stderr, stdout};

/// Returns the stored record of the file `name`.
fn record(folder: &Path, name: &str) -> Option<Value> {
    let all = records(&rmsight(folder, &["export", "i.db"]));
    all.into_iter().find(|record| record["path"].as_str().unwrap().ends_with(name))
}

fn count(folder: &Path, sql: &str) -> i64 {
    let db = Connection::open(folder.join("i.db")).unwrap();
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn listed_files_are_read_again_and_gaps_and_other_files_stay() {
    let offer = document(&license());
    let folder = bench(&[
        ("share/a.xml", &offer),
        ("share/b.xml", &offer),
        ("share/c.xml", &offer),
        ("share/plain.txt", b"x"),
        ("share/x.tmp", b"x"),
    ]);
    let dir = folder.path();
    scan(dir, "i.db", &["--exclude", "*.tmp", "share"]);
    let (before, _) = check(dir, "i.db", &[]);
    assert_eq!(named(&before), ["excluded"], "{before}");
    let export = ["export", "i.db", "--path", "[ab].xml", "--for", "unprotect-rmsfile"];
    rmsight(dir, &[&export[..], &["-o", "todo.csv"]].concat()).success();
    let roots = count(dir, "SELECT count(*) FROM root_scans");

    // Unchanged files are read too.
    let only = ["scan", "--quiet", "-i", "i.db", "--only", "todo.csv"];
    let done = rmsight(dir, &only).success();
    let said = slashes(&stdout(&done));
    assert!(said.contains("Read 2 of 2 listed files again."), "{said}");
    assert!(said.contains("0 yes, 2 possible, 0 no"), "{said}");
    assert!(said.contains("share/a.xml\n") && said.contains("share/b.xml\n"), "{said}");

    // The work: one file is not protected any more, one has another name. A new file is not listed.
    fs::write(dir.join("share/a.xml"), b"decrypted").unwrap();
    fs::rename(dir.join("share/b.xml"), dir.join("share/b.txt")).unwrap();
    fs::remove_file(dir.join("share/plain.txt")).unwrap();
    let done = rmsight(dir, &only).code(1);
    let said = stdout(&done);
    assert!(said.contains("Read 1 of 2 listed files again, 1 not found."), "{said}");
    assert!(said.contains("0 yes, 0 possible, 1 no") && !said.contains("a.xml"), "{said}");
    assert!(stderr(&done).contains("b.xml: not found"), "{}", stderr(&done));
    assert_eq!(record(dir, "a.xml").unwrap()["protection"], "none");
    // Nothing is gone, and the key of the missing file is still known.
    assert_eq!(record(dir, "b.xml").unwrap()["protection"], "rms");
    assert!(record(dir, "plain.txt").is_some() && record(dir, "b.txt").is_none());
    let (after, code) = check(dir, "i.db", &[]);
    assert_eq!((named(&after), code), (named(&before), 1), "{after}");
    assert_eq!(count(dir, "SELECT count(*) FROM root_scans"), roots);

    // A scan of the folder finds what is gone and what is new, and reads only that.
    scan(dir, "i.db", &["share"]);
    assert!(record(dir, "b.xml").is_none() && record(dir, "plain.txt").is_none());
    assert!(record(dir, "b.txt").is_some());
    assert_eq!(count(dir, "SELECT read FROM scans ORDER BY id DESC LIMIT 1"), 2);
    let (said, code) = check(dir, "i.db", &[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn the_list_may_have_the_names_of_other_machines() {
    let folder = bench(&[("share/deep/a.xml", &document(&license()))]);
    let dir = folder.path();
    let map = format!(r"{}=\\fs1\share", dir.join("share").display());
    scan(dir, "i.db", &["--map", &map, "share"]);
    let export = ["export", "i.db", "--for", "set-filelabel", "-o", "todo.csv"];
    rmsight(dir, &export).success();
    let list = fs::read_to_string(dir.join("todo.csv")).unwrap();
    assert!(list.contains(r"\\fs1\share\deep\a.xml"), "{list}");
    let select = ["export", "i.db", "--path", r"\\FS1\share\deep\*.xml"];
    assert_eq!(records(&rmsight(dir, &select).success()).len(), 1);
    let done = rmsight(dir, &["scan", "--quiet", "-i", "i.db", "--only", "todo.csv"]).success();
    assert!(stdout(&done).contains("Read 1 of 1 listed file again."), "{}", stdout(&done));
}

#[test]
fn a_list_that_is_wrong_changes_nothing() {
    let folder = bench(&[("share/a.xml", &license()), ("share/b.xml", b"x")]);
    let dir = folder.path();
    let only = ["scan", "--quiet", "-i", "i.db", "--only", "list.csv"];
    fs::write(dir.join("list.csv"), "Owner,Key\nada,1\n").unwrap();
    let done = rmsight(dir, &only).code(2);
    assert!(stderr(&done).contains("list.csv: line 1: it needs a column"), "{}", stderr(&done));
    assert!(!dir.join("i.db").exists());
    fs::write(dir.join("list.csv"), "Path\nelsewhere\n").unwrap();
    let done = rmsight(dir, &only).code(2);
    assert!(stderr(&done).contains("existing inventory"), "{}", stderr(&done));
    scan(dir, "i.db", &["share/a.xml"]);
    // A file that the inventory does not have belongs to no root.
    fs::write(dir.join("list.csv"), "Path\nshare/b.xml\nshare/a.xml\n").unwrap();
    let done = rmsight(dir, &only).code(1);
    assert!(stderr(&done).contains("share/b.xml: not in the inventory"), "{}", stderr(&done));
    assert!(stdout(&done).contains("Read 1 of 2 listed files again, 1 not in the inventory."));
    assert!(record(dir, "b.xml").is_none());
    let done = rmsight(dir, &["scan", "--only", "list.csv"]).code(2);
    assert!(stderr(&done).contains("--inventory"), "{}", stderr(&done));
}
