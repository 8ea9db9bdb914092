//! Merges of inventories that have scans in common.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::gaps::{bench, check, named, scan};
use super::{license, records, rmsight, stderr};

fn change(file: &Path, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

fn merge(folder: &Path, output: &str, inputs: &[&str]) -> String {
    stderr(&rmsight(folder, &[&["merge", output], inputs].concat()).success())
}

#[test]
fn a_scan_in_two_merged_inventories_is_one_scan() {
    let folder = bench(&[("a/x", b"x"), ("b/y", b"x"), ("c/z", b"x")]);
    for (inventory, root) in [("1.db", "a"), ("2.db", "b"), ("3.db", "c")] {
        scan(folder.path(), inventory, &["--source", "S", root]);
    }
    // The scan of inventory 1 has a different number in each input.
    change(&folder.path().join("2.db"), "UPDATE scans SET started = started - 1000");
    merge(folder.path(), "12.db", &["1.db", "2.db"]);
    merge(folder.path(), "13.db", &["1.db", "3.db"]);
    for inputs in [["12.db", "13.db"], ["13.db", "12.db"]] {
        merge(folder.path(), "all.db", &inputs);
        let db = Connection::open(folder.path().join("all.db")).unwrap();
        let count = |table: &str| -> i64 {
            db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
        };
        let found = ["scans", "root_scans", "files", "findings"].map(count);
        drop(db);
        assert_eq!(found, [3, 3, 3, 3], "{inputs:?}");
        let (said, code) = check(folder.path(), "all.db", &[]);
        assert_eq!((code, named(&said).len()), (0, 0), "{inputs:?}: {said}");
        fs::remove_file(folder.path().join("all.db")).unwrap();
    }
}

#[test]
fn merged_inventories_with_one_path_of_two_scanners_are_refused() {
    let folder = bench(&[("a/x", b"x"), ("b/offer.xml", &license())]);
    scan(folder.path(), "1.db", &["--source", "S", "a"]);
    scan(folder.path(), "2.db", &["--source", "S", "b"]);
    // Another server has another file at the same path.
    fs::write(folder.path().join("b/offer.xml"), b"plain").unwrap();
    scan(folder.path(), "3.db", &["--source", "S", "b"]);
    merge(folder.path(), "12.db", &["1.db", "2.db"]);
    merge(folder.path(), "13.db", &["1.db", "3.db"]);
    // Later, inventory 1 scans the path of another scanner.
    fs::copy(folder.path().join("1.db"), folder.path().join("later.db")).unwrap();
    scan(folder.path(), "later.db", &["--source", "S", "b"]);
    for other in ["13.db", "later.db"] {
        for inputs in [["12.db", other], [other, "12.db"]] {
            let args = [&["merge", "all.db"], &inputs[..]].concat();
            let said = stderr(&rmsight(folder.path(), &args).code(2));
            assert!(said.contains("two files would become one"), "{inputs:?}: {said}");
            assert!(!folder.path().join("all.db").exists());
        }
    }
    // A later scan of the shared root is not a conflict.
    fs::write(folder.path().join("a/new"), b"x").unwrap();
    scan(folder.path(), "1.db", &["--source", "S", "a"]);
    merge(folder.path(), "all.db", &["12.db", "1.db"]);
    assert_eq!(records(&rmsight(folder.path(), &["export", "all.db"]).success()).len(), 3);
}

#[test]
fn an_inventory_without_a_scan_is_not_merged() {
    let folder = bench(&[("a/x", b"x"), ("b/y", b"x")]);
    scan(folder.path(), "1.db", &["a"]);
    scan(folder.path(), "forgotten.db", &["b"]);
    rmsight(folder.path(), &["inventory", "forget", "forgotten.db", "b"]).success();
    let (said, code) = check(folder.path(), "forgotten.db", &[]);
    assert_eq!((code, named(&said)), (1, vec!["not-scanned".to_owned()]), "{said}");
    for inputs in [["1.db", "forgotten.db"], ["A=1.db", "B=forgotten.db"]] {
        let said =
            stderr(&rmsight(folder.path(), &["merge", "all.db", inputs[0], inputs[1]]).code(2));
        assert!(said.contains("forgotten.db: nothing was scanned into it"), "{said}");
        assert!(!folder.path().join("all.db").exists());
    }
}

#[test]
fn merge_warns_of_one_inventory_under_two_names() {
    let folder = bench(&[("a/x", b"x"), ("b/y", b"x")]);
    scan(folder.path(), "1.db", &["a"]);
    scan(folder.path(), "2.db", &["b"]);
    merge(folder.path(), "12.db", &["FS1=1.db", "FS2=2.db"]);
    let said = merge(folder.path(), "all.db", &["12.db", "X=1.db"]);
    assert!(said.contains("the same scans under two names, \"FS1\" and \"X\""), "{said}");
    let said = merge(folder.path(), "again.db", &["12.db", "FS1=1.db"]);
    assert!(!said.contains("two names"), "{said}");
}

#[test]
fn a_clock_that_was_set_back_does_not_change_the_order_of_scans() {
    let folder = bench(&[("a/x.docx", b"x"), ("a/y", b"x")]);
    scan(folder.path(), "1.db", &["a"]);
    scan(folder.path(), "1.db", &["--exclude", "*.docx", "a"]);
    let set_back = "UPDATE scans SET started = started - 5000, finished = finished - 5000 \
                    WHERE id = 2";
    change(&folder.path().join("1.db"), set_back);
    merge(folder.path(), "all.db", &["1.db"]);
    let (said, code) = check(folder.path(), "all.db", &[]);
    assert_eq!((code, named(&said)), (1, vec!["excluded".to_owned()]), "{said}");
}
