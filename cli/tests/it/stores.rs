//! Scans of object stores and of listings, against a server in this process.

#[path = "../../../store/tests/it/fake.rs"]
mod fake;

use std::fs;
use std::path::Path;

use assert_cmd::assert::Assert;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{command, records, rmsight, stderr, stdout};
use fake::{Fake, Fault};

fn protected() -> Vec<u8> {
    fs::read("../corpus/containers/ooxml-chain8.docx").unwrap()
}

fn scan(fake: &Fake, folder: &Path, args: &[&str]) -> Assert {
    let mut command = command(folder);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("A")) {
        command.env_remove(name);
    }
    command.envs(fake.settings()).args(["scan", "--quiet"]).args(args).assert()
}

/// Returns the records of a scan, by path.
fn scanned(fake: &Fake, folder: &Path, args: &[&str]) -> Vec<Value> {
    let done = scan(fake, folder, &[args, &["--format", "ndjson"]].concat());
    let mut all = records(&done);
    all.sort_by_key(|record| record["path"].to_string());
    all
}

fn field<'r>(records: &'r [Value], name: &str) -> Vec<&'r Value> {
    records.iter().map(|record| &record[name]).collect()
}

#[test]
fn every_listed_object_is_a_record_or_counted() {
    let fake = Fake::start();
    fake.put("hr/a.docx", protected());
    fake.put("hr/b.txt", b"text".to_vec());
    fake.put("hr/empty", Vec::new());
    fake.put("hr/folder/", Vec::new());
    fake.put("hr/odd//key.docx", protected());
    fake.put("hr/old.docx", protected());
    fake.put("hrx/other.docx", protected());
    fake.state.tiers.lock().unwrap().insert("hr/old.docx".to_owned(), "Archive".to_owned());
    let folder = TempDir::new().unwrap();
    for root in ["az://acct/box/hr", "s3://box/hr/"] {
        let found = scanned(&fake, folder.path(), &[root]);
        let root = root.trim_end_matches('/');
        let paths = ["a.docx", "b.txt", "empty", "odd/%2Fkey.docx", "old.docx"];
        let paths = paths.map(|name| json!(format!("{root}/{name}")));
        assert_eq!(field(&found, "path"), paths.iter().collect::<Vec<_>>());
        let codes = [Value::Null, Value::Null, Value::Null, json!("io"), json!("not-hydrated")];
        assert_eq!(field(&found, "error_code"), codes.iter().collect::<Vec<_>>());
        let needs = ["possible", "no", "no", "possible", "possible"].map(|need| json!(need));
        assert_eq!(field(&found, "need"), needs.iter().collect::<Vec<_>>());
        assert_eq!(found[0]["etag"], "0");
        assert_eq!(found[0]["tier"], "Hot");
        assert_eq!(found[4]["tier"], "Archive");
        assert_eq!(found[0]["modified"], "2016-05-30T10:39:00Z");
        let said = stdout(&scan(&fake, folder.path(), &[root, "--summary"]));
        assert!(said.contains("1 left out that are no objects"), "{said}");
    }
    let read = |key: &str| fake.gets().iter().filter(|(read, _)| read == key).count();
    assert_eq!(["hr/a.docx", "hr/empty", "hr/old.docx", "hr/folder/"].map(read), [4, 0, 0, 0]);
}

#[test]
fn second_scan_reads_what_changed_and_notes_what_is_gone() {
    let fake = Fake::start();
    for name in ["a.docx", "b.docx", "c.docx", "dir/d.docx"] {
        fake.put(name, protected());
    }
    let folder = TempDir::new().unwrap();
    let inventory = ["az://acct/box", "-i", "i.db"];
    assert_eq!(scanned(&fake, folder.path(), &inventory).len(), 4);
    assert_eq!(fake.gets().len(), 4);
    let again = scanned(&fake, folder.path(), &inventory);
    assert_eq!(again.len(), 4);
    assert_eq!(again[0]["etag"], "0");
    assert_eq!(fake.gets().len(), 4, "unchanged objects are not read");
    fake.put("b.docx", b"text".to_vec());
    fake.state.objects.lock().unwrap().remove("dir/d.docx");
    let changed = scanned(&fake, folder.path(), &inventory);
    assert_eq!(changed.len(), 3);
    assert_eq!(changed[1]["container"], "other");
    assert_eq!(fake.gets().len(), 5);
    let done = rmsight(folder.path(), &["export", "i.db", "--format", "ndjson"]);
    assert_eq!(records(&done).len(), 3);
}

#[test]
fn failed_listing_and_failed_object_are_gaps_that_the_next_scan_closes() {
    let fake = Fake::start();
    fake.put("a.docx", protected());
    fake.put("b.docx", protected());
    fake.fail("a.docx", &[Fault::Status(403)]);
    fake.fail("b.docx", &[Fault::Status(412)]);
    let folder = TempDir::new().unwrap();
    let inventory = ["s3://box", "-i", "i.db"];
    let found = scanned(&fake, folder.path(), &inventory);
    let codes = [json!("permission-denied"), json!("changed-while-reading")];
    assert_eq!(field(&found, "error_code"), codes.iter().collect::<Vec<_>>());
    let found = scanned(&fake, folder.path(), &inventory);
    assert_eq!(field(&found, "error_code"), [&Value::Null, &Value::Null]);
    // A listing that fails deletes nothing.
    fake.fail("", &[Fault::Status(403)]);
    let found = scan(&fake, folder.path(), &[&inventory[..], &["--format", "ndjson"]].concat());
    let found = records(&found.code(2));
    assert_eq!((&found[0]["path"], &found[0]["error_code"]), (&json!("s3://box"), &codes[0]));
    let rows = records(&rmsight(folder.path(), &["export", "i.db", "--format", "ndjson"]));
    assert_eq!(rows.len(), 3);
}

#[test]
fn filters_match_the_keys_below_the_root() {
    let fake = Fake::start();
    for name in ["hr/a.docx", "hr/b.txt", "hr/old/c.docx", "hr/old.docx"] {
        fake.put(name, protected());
    }
    let folder = TempDir::new().unwrap();
    let filters = ["--include", "*.docx", "--exclude", "/old"];
    let found = scanned(&fake, folder.path(), &[&["az://acct/box/hr"][..], &filters].concat());
    let paths = [json!("az://acct/box/hr/a.docx"), json!("az://acct/box/hr/old.docx")];
    assert_eq!(field(&found, "path"), paths.iter().collect::<Vec<_>>());
}

#[test]
fn signature_of_a_listed_address_is_written_nowhere() {
    let fake = Fake::start();
    fake.put("a.docx", protected());
    fake.put("b.docx", protected());
    fake.fail("b.docx", &[Fault::Status(403)]);
    let folder = TempDir::new().unwrap();
    let rows: String = ["a.docx", "b.docx"]
        .map(|name| {
            json!({"url": fake.web(name), "path": format!("/hr/{name}")}).to_string() + "\n"
        })
        .concat();
    fs::write(folder.path().join("list"), rows).unwrap();
    let args = ["--listing", "list", "-i", "i.db", "--format", "ndjson", "-o", "out.ndjson"];
    let mut said = String::new();
    for code in [Some("io"), None] {
        let done = scan(&fake, folder.path(), &args);
        said += &(stdout(&done) + &stderr(&done));
        let text = fs::read_to_string(folder.path().join("out.ndjson")).unwrap();
        let mut found: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        found.sort_by_key(|record| record["path"].to_string());
        assert_eq!(field(&found, "path"), [&json!("/hr/a.docx"), &json!("/hr/b.docx")]);
        assert_eq!(found[0]["need"], "possible");
        assert_eq!(found[1]["error_code"].as_str(), code);
        for file in fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap().path();
            let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
            assert!(file.ends_with("list") || !text.contains("geheim"), "{}", file.display());
        }
    }
    assert!(!said.contains("geheim"), "{said}");
    // The same address without a listing.
    let found = scan(&fake, folder.path(), &[&fake.web("a.docx"), "--format", "ndjson"]);
    let address = fake.web("a.docx");
    assert_eq!(records(&found)[0]["path"].as_str(), address.strip_suffix("?sig=geheim"));
    assert!(!(stdout(&found) + &stderr(&found)).contains("geheim"));
}

#[test]
fn plan_counts_objects_and_estimates_requests() {
    let fake = Fake::start();
    for number in 0..30 {
        fake.put(&format!("{number}.docx"), protected());
    }
    fake.state.tiers.lock().unwrap().insert("7.docx".to_owned(), "Archive".to_owned());
    let folder = TempDir::new().unwrap();
    let said = stdout(&scan(&fake, folder.path(), &["--plan", "az://acct/box"]));
    for part in ["files     30 with", "Archive 1, Hot 29", "about 29 with", "1 for listings"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let local = super::folder(&[("a.docx", &protected()), ("b/c.txt", b"text")]);
    let said = stdout(&rmsight(local.path(), &["scan", "--plan", "."]));
    assert!(said.contains("files     2 with"), "{said}");
    assert!(!said.contains("requests"), "{said}");
}

#[test]
fn address_that_is_not_valid_is_named_without_its_query() {
    let folder = TempDir::new().unwrap();
    for (address, words) in [
        ("az://acct", "az://ACCOUNT/CONTAINER/KEY"),
        ("ftp://host/a?sig=geheim", "az://, abfss://, s3://"),
    ] {
        let done = rmsight(folder.path(), &["scan", address]).code(2);
        let said = stderr(&done);
        assert!(said.contains(words) && !said.contains("geheim"), "{said}");
    }
}

#[test]
fn objects_of_a_list_are_read_again() {
    let fake = Fake::start();
    for name in ["a.docx", "b.docx"] {
        fake.put(name, protected());
    }
    let folder = TempDir::new().unwrap();
    scan(&fake, folder.path(), &["az://acct/box", "-i", "i.db"]);
    fake.put("b.docx", b"text".to_vec());
    let list = "Path\naz://acct/box/b.docx\naz://acct/box/unknown.docx\n";
    fs::write(folder.path().join("todo.csv"), list).unwrap();
    let done = scan(&fake, folder.path(), &["-i", "i.db", "--only", "todo.csv"]);
    let said = stdout(&done) + &stderr(&done);
    assert!(said.contains("Read 1 of 2 listed files again"), "{said}");
    let rows = records(&rmsight(folder.path(), &["export", "i.db", "--format", "ndjson"]));
    let row = rows.iter().find(|row| row["path"] == "az://acct/box/b.docx").unwrap();
    assert_eq!((&row["container"], &row["tier"]), (&json!("other"), &json!("Hot")));
    assert_eq!(fake.gets().len(), 3);
}
