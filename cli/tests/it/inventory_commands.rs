//! `rmsight inventory`: snapshot, roots, rename; and inventories as single files.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;

use super::gaps::{bench, check, scan};
use super::{license, rmsight, slashes, stderr, stdout};

/// Returns whether SQLite has left a journal beside an inventory.
fn has_journal(folder: &Path, name: &str) -> bool {
    let suffixes = ["-wal", "-shm", "-journal"];
    suffixes.iter().any(|suffix| folder.join(format!("{name}{suffix}")).exists())
}

fn count(file: &Path) -> i64 {
    let db = Connection::open(file).unwrap();
    db.query_row("SELECT count(*) FROM files", [], |row| row.get(0)).unwrap()
}

#[test]
fn after_each_command_an_inventory_is_one_file() {
    let folder = bench(&[("share/a.xml", &license()), ("other/b", b"x")]);
    let dir = folder.path();
    scan(dir, "i.db", &["share", "other"]);
    let commands: [&[&str]; 7] = [
        &["scan", "-q", "-i", "i.db", "share"],
        &["inventory", "rename", "i.db", "other", "third"],
        &["inventory", "forget", "i.db", "third"],
        &["inventory", "snapshot", "i.db", "-o", "copy.db"],
        &["merge", "all.db", "i.db"],
        &["report", "i.db"],
        &["export", "i.db"],
    ];
    for args in commands {
        let done = rmsight(dir, args);
        assert!([0, 1].contains(&done.get_output().status.code().unwrap()), "{args:?}");
        for name in ["i.db", "copy.db", "all.db"] {
            assert!(!has_journal(dir, name), "{args:?}: {name}");
        }
    }
    // A copy of the file has everything.
    fs::create_dir(dir.join("elsewhere")).unwrap();
    fs::copy(dir.join("i.db"), dir.join("elsewhere/i.db")).unwrap();
    let records = |name: &str| stdout(&rmsight(dir, &["export", name, "--format", "ndjson"]));
    assert!(records("i.db").contains("a.xml"));
    assert_eq!(records("elsewhere/i.db"), records("i.db"));
}

#[test]
fn a_snapshot_during_a_scan_has_what_was_read_until_then() {
    let names: Vec<String> = (0..400).map(|nr| format!("share/{nr}")).collect();
    let files: Vec<(&str, &[u8])> =
        names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    let folder = bench(&files);
    let dir = folder.path();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rmsight"))
        .args(["scan", "-q", "-i", "i.db", "--max-rate", "40", "share"])
        .current_dir(dir)
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let mut said = String::new();
    let mut copied = 0;
    for nr in 0.. {
        assert!(begun.elapsed() < Duration::from_secs(30), "{said}");
        std::thread::sleep(Duration::from_millis(300));
        let name = format!("copy{nr}.db");
        let done = rmsight(dir, &["inventory", "snapshot", "i.db", "-o", &name]);
        said = stderr(&done);
        if done.get_output().status.success() {
            copied = count(&dir.join(&name));
        }
        if copied > 0 {
            assert!(said.contains(&format!("{name}: ")), "{said}");
            assert!(said.contains("1 scan, the last one started at "), "{said}");
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(copied < 400, "{copied}");
    // The scan goes on in the inventory, and the copy is that of an unfinished scan.
    scan(dir, "i.db", &["share"]);
    assert_eq!(count(&dir.join("i.db")), 400);
}

#[test]
fn a_snapshot_is_the_older_side_of_a_diff() {
    let folder = bench(&[("share/a.xml", &license())]);
    let dir = folder.path();
    scan(dir, "i.db", &["share"]);
    let snapshot = ["inventory", "snapshot", "i.db", "-o", "january.db"];
    let said = stderr(&rmsight(dir, &snapshot).success());
    assert!(said.contains("january.db: 1 file of i.db, 1 scan, the last one ended at "), "{said}");
    let again = stderr(&rmsight(dir, &snapshot).code(2));
    assert!(again.contains("january.db: the file exists, and is not replaced"), "{again}");
    fs::write(dir.join("share/b.xml"), license()).unwrap();
    scan(dir, "i.db", &["share"]);
    let text = slashes(&stdout(&rmsight(dir, &["diff", "january.db", "i.db"])));
    assert!(text.contains("share/b.xml") && !text.contains("share/a.xml"), "{text}");
    // A copy can be scanned into, as the inventory can.
    scan(dir, "january.db", &["share"]);
    assert_eq!(count(&dir.join("january.db")), 2);
    let missing = rmsight(dir, &["inventory", "snapshot", "none.db", "-o", "x.db"]).code(2);
    assert!(stderr(&missing).contains("none.db: ") && !dir.join("x.db").exists());
}

#[test]
fn roots_are_listed_with_the_result_of_their_last_scan() {
    let folder = bench(&[("share/a.xml", &license()), ("list", b"share/a.xml\n")]);
    let dir = folder.path();
    fs::create_dir(dir.join("missing")).unwrap();
    scan(dir, "i.db", &["share", "missing"]);
    fs::remove_dir(dir.join("missing")).unwrap();
    scan(dir, "i.db", &["share", "missing"]);
    scan(dir, "i.db", &["--source", "FS2", "share"]);
    scan(dir, "i.db", &["--files-from", "list"]);
    let table = slashes(&stdout(&rmsight(dir, &["inventory", "roots", "i.db"]).success()));
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("SOURCE") && lines[0].contains("  STATE"), "{table}");
    assert_eq!(lines.len(), 5, "{table}");
    assert_eq!(lines.iter().filter(|line| line.contains("  complete  ")).count(), 3, "{table}");
    assert!(
        lines.iter().any(|line| line.starts_with("FS2 ") && line.ends_with("/share")),
        "{table}"
    );
    let missing = lines.iter().find(|line| line.contains("/missing")).unwrap();
    assert!(!missing.contains("  complete"), "{table}");
    let json = stdout(&rmsight(dir, &["inventory", "roots", "i.db", "--json"]).success());
    let roots: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(roots.len(), 4);
    assert!(roots.iter().any(|root| root["kind"] == "list" && root["files"] == 1), "{json}");
}

#[test]
fn a_renamed_root_is_not_read_again() {
    let offer = license();
    let folder = bench(&[
        ("share/a.xml", &offer),
        ("share/deep/b.xml", &offer),
        ("share/deep/c", b"x"),
        ("other/d", b"x"),
    ]);
    let dir = folder.path();
    scan(dir, "i.db", &["share", "other"]);
    scan(dir, "i.db", &["share/deep"]);
    fs::rename(dir.join("share"), dir.join("moved")).unwrap();
    let rename = |old: &str, new: &str| rmsight(dir, &["inventory", "rename", "i.db", old, new]);
    for (old, new, said) in [
        ("nothing", "moved", "it has no root \"nothing\"; it has: "),
        ("share", "other", "overlap"),
        ("share", "other/inner", "overlap"),
        ("share", "share/inner", "one of the two paths is inside of the other one"),
        ("share/deep", "moved", "the root is inside of the root "),
    ] {
        let done = stderr(&rename(old, new).code(2));
        assert!(done.contains(said), "{old} {new}: {done}");
    }
    let said = stderr(&rename("share", "moved").success());
    assert!(said.contains("2 folders renamed"), "{said}");
    let said = scan(dir, "i.db", &["moved"]);
    assert!(said.contains("Searched 0 files. 3 files unchanged since the last scan."), "{said}");
    // On Windows JSON escapes separators.
    let records = slashes(&stdout(&rmsight(dir, &["export", "i.db", "--format", "ndjson"])));
    let records = records.replace("//", "/");
    assert!(records.contains("/moved/deep/b.xml") && !records.contains("/share/"), "{records}");
    let roots = slashes(&stdout(&rmsight(dir, &["inventory", "roots", "i.db"])));
    assert!(roots.contains("/moved/deep") && !roots.contains("/share"), "{roots}");
    // The inventory has no gap.
    let (said, code) = check(dir, "i.db", &[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn an_inventory_is_named_instead_of_an_estate_file() {
    let folder = bench(&[("share/a.xml", &license())]);
    let dir = folder.path();
    scan(dir, "i.db", &["share"]);
    for args in [&["estate", "check", "i.db"][..], &["report", "i.db", "--estate", "i.db"]] {
        let said = stderr(&rmsight(dir, args).code(2));
        assert!(said.contains("i.db: it is an inventory, and not an estate file"), "{said}");
    }
}

#[test]
fn a_scan_without_a_path_names_the_roots_of_the_inventory() {
    let folder = bench(&[("share/a.xml", &license()), ("our files/b", b"x")]);
    let dir = folder.path();
    let said = stderr(&rmsight(dir, &["scan", "-i", "i.db"]).code(2));
    assert!(said.contains("no PATH is given: name the files and folders"), "{said}");
    assert!(!dir.join("i.db").exists());
    scan(dir, "i.db", &["share", "our files"]);
    let said = slashes(&stderr(&rmsight(dir, &["scan", "-i", "i.db"]).code(2)));
    assert!(said.contains("no PATH is given; `rmsight scan -i i.db "), "{said}");
    assert!(said.contains("/share ") || said.contains("/share`"), "{said}");
    assert!(said.contains("/our files' ") || said.contains("/our files'`"), "{said}");
}

#[test]
fn other_files_are_named_instead_of_an_inventory() {
    let folder = bench(&[("share/a.xml", &license()), ("empty", b""), ("text", b"hello")]);
    let dir = folder.path();
    for name in ["f.ndjson", "f.csv"] {
        rmsight(dir, &["scan", "-q", "share", "-o", name]).success();
    }
    let utf16: Vec<u8> = fs::read_to_string(dir.join("f.ndjson"))
        .unwrap()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(dir.join("wide.ndjson"), utf16).unwrap();
    let judge = "it is NDJSON, and not an inventory: judge it with `rmsight judge ";
    let files = [
        ("f.ndjson", judge),
        ("wide.ndjson", judge),
        ("f.csv", "it is CSV, and not an inventory"),
        ("estate.toml", "it is an estate file, and not an inventory: give it with `--estate"),
        ("empty", "it is empty, and not an inventory"),
        ("text", "it is not an inventory, nor any other database"),
        ("share", "it is a folder"),
    ];
    let commands: [&[&str]; 7] = [
        &["report"],
        &["check", "--estate", "estate.toml"],
        &["export"],
        &["diff", "estate.toml"],
        &["estate", "init", "--no-input"],
        &["merge", "all.db"],
        &["inventory", "roots"],
    ];
    for (file, said) in files {
        for command in commands {
            let mut args = command.to_vec();
            if args == ["diff", "estate.toml"] {
                args.truncate(1);
                args.push(file);
            }
            args.push(file);
            let done = stderr(&rmsight(dir, &args).code(2));
            assert!(done.contains(&format!("{file}: {said}")), "{args:?}: {done}");
        }
    }
    // A scan does not write to such a file.
    let done = stderr(&rmsight(dir, &["scan", "-i", "f.ndjson", "share"]).code(2));
    assert!(done.contains(judge), "{done}");
}
