//! The inventory returns what was stored, and files are not deleted by mistake.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rmsight::{Envelope, ErrorCode, Estate, Inspector, Record, judge};
use rmsight_specimen::{Client, LicenseBuilder, Server};
use rusqlite::Connection;
use tempfile::TempDir;

use super::lookup::Lookup;
use super::*;
use crate::exit::Failure;
use crate::fs::walk::{Dir, DirState, InventoryLookup, ObjectStamp, Stamp};

struct Bench {
    folder: TempDir,
    store: Store,
    root: i64,
}

fn bench() -> Bench {
    let folder = TempDir::new().unwrap();
    let mut store = Store::open(&folder.path().join("estate.db")).unwrap();
    let root = begin(&mut store);
    Bench { folder, store, root }
}

fn begin(store: &mut Store) -> i64 {
    let reading = ReadingRow { reader: 1, options: "limits".to_owned() };
    let plan = Plan {
        source: Some("fs1"),
        host: "scanner",
        fitness: &|_| Fitness::default(),
        maps: &PathMapping::new([("/mnt".to_owned(), r"\\fs1\share".to_owned())]),
        reading: &reading,
        include: &[],
        exclude: &["*.tmp".to_owned()],
        one_file_system: false,
        hydrate: false,
        backup: None,
    };
    store.begin(&plan).unwrap();
    store.root(RootKind::Path, Path::new("/mnt"), None).unwrap()
}

fn dir(path: &str, parent: Option<&Arc<Dir>>, root: i64) -> Arc<Dir> {
    let (path, parent) = (PathBuf::from(path), parent.cloned());
    Arc::new(Dir { path, parent, root, row: OnceLock::new() })
}

fn rows(bytes: &[u8]) -> Vec<FindingRow> {
    let report = Inspector::default().inspect_bytes(bytes);
    let rows = report.findings().map(|finding| {
        let facts = finding.facts();
        let verdict = judge(facts, &Estate::default());
        let envelope = Envelope::new("elsewhere");
        FindingRow::of(&Record::new(&envelope, facts, &verdict))
    });
    rows.collect()
}

fn put(store: &mut Store, dir: &Arc<Dir>, name: &str, device: &str, bytes: &[u8]) {
    let stamp = Stamp { size: 5, modified: Some((1_464_604_740, 7)), changed: Some(9) };
    store
        .file(&FileRow {
            dir: Arc::clone(dir),
            name: name.into(),
            stamp: Some(stamp),
            device: Some(device.into()),
            object: ObjectStamp::default(),
            retry: None,
            owner: None,
            findings: rows(bytes),
        })
        .unwrap();
}

fn listed(store: &mut Store, dir: &Arc<Dir>, device: &str, missing: &[i64]) {
    let device = Some(device.into());
    let listed =
        DirState::Listed { device, above: None, missing: missing.to_vec(), skipped: vec![] };
    store.dir(dir, &listed).unwrap();
}

fn end(store: &mut Store, root: i64) -> u64 {
    let visit = Visit {
        root,
        files: 1,
        scanned: 1,
        excluded: 0,
        filtered: 0,
        device: None,
        is_finished: true,
        is_complete: true,
        error: None,
        objects: None,
    };
    let gone = store.end_root(&visit, false).unwrap().gone;
    store.end(&ScanCounters { read: 1, ..ScanCounters::default() }, gone, true).unwrap();
    gone
}

fn paths(bench: &Bench) -> Vec<String> {
    let inventory = Inventory::open(&bench.folder.path().join("estate.db")).unwrap();
    let mut paths = Vec::new();
    inventory
        .records(|stored| {
            paths.push(stored.envelope.path.into_owned());
            Ok(())
        })
        .unwrap();
    paths
}

#[test]
fn stored_findings_are_read_unchanged() {
    let license = LicenseBuilder::client(&Server::contoso(), &Client::windows()).build();
    let mut bench = bench();
    let top = dir("/mnt", None, bench.root);
    put(&mut bench.store, &top, "offer.xml", "disk", &license);
    let shut = dir("/mnt/shut", Some(&top), bench.root);
    let error = "no".to_owned();
    let failed =
        DirState::Failed { code: ErrorCode::PermissionDenied, error, device: None, owner: None };
    bench.store.dir(&shut, &failed).unwrap();
    end(&mut bench.store, bench.root);

    let inventory = Inventory::open(&bench.folder.path().join("estate.db")).unwrap();
    let mut found = Vec::new();
    inventory
        .records(|stored| {
            found.push(stored);
            Ok(())
        })
        .unwrap();
    assert_eq!(found.len(), 2);
    let expected = Inspector::default().inspect_bytes(&license);
    assert_eq!(found[0].facts, *expected.findings().next().unwrap().facts());
    assert_eq!(found[0].envelope.path.replace('\\', "/"), "/mnt/offer.xml");
    assert_eq!(found[0].envelope.source.as_deref(), Some("fs1"));
    assert_eq!(found[0].envelope.size, Some(5));
    assert_eq!(found[0].envelope.modified.unwrap().to_string(), "2016-05-30T10:39:00Z");
    assert_eq!(found[1].envelope.path, "/mnt/shut");
    assert_eq!(found[1].facts.error_code.as_deref(), Some("permission-denied"));
    assert_eq!(inventory.maps(Some("fs1")).unwrap().apply("/mnt/a"), r"\\fs1\share\a");
    let scans = inventory.scans().unwrap();
    assert_eq!((scans.len(), scans[0].outcome.as_str()), (1, "finished"));
    assert_eq!(scans[0].exclude, ["*.tmp"]);
    assert!(inventory.roots().unwrap()[0].is_complete);
    let keys: i64 = inventory
        .db()
        .query_row("SELECT count(*) FROM slc_keys JOIN records ON slc_key = key", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(keys, 1);
}

#[test]
fn the_view_equals_the_records() {
    let license = LicenseBuilder::client(&Server::contoso(), &Client::windows()).build();
    let mut bench = bench();
    let top = dir("/mnt", None, bench.root);
    put(&mut bench.store, &top, "offer.xml", "disk", &license);
    end(&mut bench.store, bench.root);
    let report = Inspector::default().inspect_bytes(&license);
    let facts = report.findings().next().unwrap().facts();
    let verdict = judge(facts, &Estate::default());
    let envelope = Envelope::new("/mnt/offer.xml");
    let record = Record::new(&envelope, facts, &verdict);
    let inventory = Inventory::open(&bench.folder.path().join("estate.db")).unwrap();
    for column in schema::fact_columns().filter(|column| column.name != "anomalies") {
        let sql = format!("SELECT CAST({} AS TEXT) FROM records", column.name);
        let shown: Option<String> = inventory.db().query_row(&sql, [], |row| row.get(0)).unwrap();
        let shown = match column.kind {
            rmsight::ColumnKind::Bool => shown.map(|text| (text == "1").to_string()),
            _ => shown,
        };
        assert_eq!(shown.unwrap_or_default(), column.value(&record).to_string(), "{}", column.name);
    }
}

#[test]
fn a_file_is_deleted_only_if_its_folder_was_listed() {
    // Each case: the device on which the folder is listed now, whether the root is finished, and
    // whether the file is kept.
    let cases = [("disk", true, false), ("other", true, true), ("disk", false, true)];
    for (device, is_finished, is_kept) in cases {
        let mut bench = bench();
        let top = dir("/mnt", None, bench.root);
        put(&mut bench.store, &top, "a", "disk", b"x");
        listed(&mut bench.store, &top, "disk", &[]);
        assert_eq!(end(&mut bench.store, bench.root), 0);

        let root = begin(&mut bench.store);
        let top = dir("/mnt", None, root);
        listed(&mut bench.store, &top, device, &[1]);
        if is_finished {
            end(&mut bench.store, root);
        } else {
            bench.store.end(&ScanCounters::default(), 0, false).unwrap();
        }
        assert_eq!(paths(&bench).len(), usize::from(is_kept), "{device} {is_finished}");
    }
}

#[test]
fn a_file_with_coarse_times_is_read_again_if_it_may_have_changed_since() {
    let now = writer::now();
    // Each case: seconds before the scan, nanoseconds, and whether the file counts as unchanged.
    let cases = [(0, 0, false), (1, 0, false), (100, 0, true), (0, 7, true), (-50, 0, false)];
    for (before, nanoseconds, expected) in cases {
        let mut bench = bench();
        let top = dir("/mnt", None, bench.root);
        let seconds = now - before;
        let changed = Some(seconds * 1_000_000_000 + i64::from(nanoseconds));
        let stamp = Stamp { size: 5, modified: Some((seconds, nanoseconds)), changed };
        let row = FileRow {
            dir: Arc::clone(&top),
            name: "a".into(),
            stamp: Some(stamp),
            device: None,
            object: ObjectStamp::default(),
            retry: None,
            owner: None,
            findings: rows(b"x"),
        };
        bench.store.file(&row).unwrap();
        end(&mut bench.store, bench.root);
        begin(&mut bench.store);
        let file = bench.folder.path().join("estate.db");
        let lookup = Lookup::open(&file, bench.store.begun()).unwrap();
        let folder = lookup.dir(&top.path).unwrap().unwrap();
        let known = lookup.file(folder, "a".as_ref(), Some(&stamp), None).unwrap().unwrap();
        assert_eq!(known.is_same, expected, "{before} {nanoseconds}");
    }
}

#[test]
fn looking_up_many_files_plans_the_statement_once() {
    let mut bench = bench();
    let top = dir("/mnt", None, bench.root);
    let names = ["a", "b", "c", "d"];
    for name in names {
        put(&mut bench.store, &top, name, "disk", b"x");
    }
    end(&mut bench.store, bench.root);
    begin(&mut bench.store);
    let file = bench.folder.path().join("estate.db");
    let lookup = Lookup::open(&file, bench.store.begun()).unwrap();
    let folder = lookup.dir(&top.path).unwrap().unwrap();
    for name in names {
        assert!(lookup.file(folder, name.as_ref(), None, None).unwrap().is_some());
    }
    assert_eq!(lookup.replanned(), 0);
}

#[test]
fn a_deleted_folder_deletes_the_files_on_its_device() {
    let mut bench = bench();
    let top = dir("/mnt", None, bench.root);
    let lost = dir("/mnt/lost", Some(&top), bench.root);
    let deep = dir("/mnt/lost/deep", Some(&lost), bench.root);
    let kept = dir("/mnt/kept", Some(&top), bench.root);
    put(&mut bench.store, &deep, "a", "disk", b"x");
    put(&mut bench.store, &deep, "b", "mounted", b"x");
    put(&mut bench.store, &kept, "c", "disk", b"x");
    end(&mut bench.store, bench.root);

    let root = begin(&mut bench.store);
    let top = dir("/mnt", None, root);
    listed(&mut bench.store, &top, "disk", &[]);
    // Found but not listed: its content is unknown.
    let kept = dir("/mnt/kept", Some(&top), root);
    bench.store.dir(&kept, &DirState::Found).unwrap();
    assert_eq!(end(&mut bench.store, root), 1);
    let left: Vec<String> = paths(&bench).iter().map(|path| path.replace('\\', "/")).collect();
    assert_eq!(left, ["/mnt/lost/deep/b", "/mnt/kept/c"]);
}

#[test]
fn folders_may_nest_deeper_than_a_stack() {
    let mut deepest = dir("/", None, 1);
    for _ in 0..200_000 {
        deepest = dir("x", Some(&deepest), 1);
    }
    drop(deepest);
}

#[test]
fn a_file_that_is_not_an_inventory_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("other.db");
    let said = |failure| match failure {
        Failure::Message(text) => text,
        other => format!("{other:?}"),
    };
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(said(Store::open(&file).unwrap_err()).contains("not an inventory of rmsight"));
    std::fs::write(&file, "no database at all, whatever its name says").unwrap();
    assert!(said(Store::open(&file).unwrap_err()).contains("it is not an inventory"));
    assert!(said(Inventory::open(&file).unwrap_err()).contains("it is not an inventory"));
    let bench = bench();
    bench.store.close();
    let file = bench.folder.path().join("estate.db");
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 3).unwrap();
    assert!(said(Store::open(&file).unwrap_err()).contains("a later rmsight"));
}
