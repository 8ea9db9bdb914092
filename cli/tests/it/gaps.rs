//! Gaps: why `check` and `report` do not give an answer, and how they name the reasons.

use std::fs;
use std::path::Path;

use rmsight_specimen::{Client, LicenseBuilder, Server};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{folder, license, records, rmsight, slashes, stderr, stdout};

const ON_PREMISES: &str = "Contoso AD RMS";
const TENANT: &str = "Contoso tenant";

/// Returns an estate whose AD RMS key is in Azure. Without a gap, no file needs the cluster.
fn estate() -> String {
    format!(
        "[[authority]]\nname = \"{ON_PREMISES}\"\nkind = \"ad-rms\"\n\n[[authority.key]]\n\
         slc_key = \"{}\"\nstatus = \"imported\"\n\
         tenant = \"6594232e-6968-45f0-9f7e-c711fc49ef58\"\n\n\
         [[authority]]\nname = \"{TENANT}\"\nkind = \"azure-rms\"\n\n[[authority.key]]\n\
         slc_key = \"{}\"\n",
        Server::contoso().key.fingerprint(),
        Server::azure().key.fingerprint()
    )
}

fn azure_license() -> Vec<u8> {
    LicenseBuilder::client(&Server::azure(), &Client::windows()).build()
}

/// Creates a folder with these files and an estate file.
pub(super) fn bench(files: &[(&str, &[u8])]) -> TempDir {
    let folder = folder(files);
    fs::write(folder.path().join("estate.toml"), estate()).unwrap();
    folder
}

/// Starts a slow scan of `args` into `i.db`, and kills it after some time.
#[cfg(unix)]
pub(super) fn killed_scan(folder: &Path, args: &[&str], after: std::time::Duration) {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_rmsight"))
        .args(["scan", "--quiet", "-i", "i.db", "--max-rate", "20"])
        .args(args)
        .current_dir(folder)
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

pub(super) fn scan(folder: &Path, inventory: &str, args: &[&str]) -> String {
    let done = rmsight(folder, &[&["scan", "--quiet", "-i", inventory], args].concat());
    stdout(&done) + &stderr(&done)
}

/// Returns the output of `check` and its exit code.
pub(super) fn check(folder: &Path, inventory: &str, args: &[&str]) -> (String, i32) {
    let check = ["check", inventory, "--estate", "estate.toml", "--authority", ON_PREMISES];
    let done = rmsight(folder, &[&check[..], args].concat());
    (stdout(&done) + &stderr(&done), done.get_output().status.code().unwrap())
}

/// Returns the gap names in the output of `check`, without duplicates.
pub(super) fn named(said: &str) -> Vec<String> {
    let gaps = said.lines().filter_map(|line| line.strip_prefix("  gap "));
    let mut names: Vec<String> =
        gaps.map(|gap| gap.split_whitespace().next().unwrap().to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

/// Asserts that `check` ends with 1 and names these gaps, that both reports name the same, and that
/// `check` passes if all of them are accepted.
pub(super) fn assert_gaps(folder: &Path, inventory: &str, expected: &[&str]) {
    let (said, code) = check(folder, inventory, &[]);
    assert_eq!(named(&said), expected, "{said}");
    assert_eq!(code, 1, "{said}");
    for format in ["text", "html"] {
        let args = ["report", inventory, "--estate", "estate.toml", "--format", format];
        let page = stdout(&rmsight(folder, &args).code(1));
        for name in expected {
            assert!(page.contains(name), "{format} without {name}: {page}");
        }
    }
    let mut accepted = Vec::new();
    for name in expected {
        let (said, code) = check(folder, inventory, &accepted);
        assert_eq!(code, 1, "{accepted:?}: {said}");
        accepted.extend(["--accept", name]);
    }
    let (said, code) = check(folder, inventory, &accepted);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("excused"), "{said}");
}

#[test]
fn files_that_were_left_out_are_a_gap() {
    let offer = license();
    let files: &[(&str, &[u8])] =
        &[("share/a.docx", &offer), ("share/b.docx", &offer), ("share/c.txt", b"x")];
    let cases: &[(&[&str], &[&str])] = &[
        (&["--include", "*.docxx"], &["empty-root", "filtered"]),
        (&["--include", "*.txt"], &["filtered"]),
        (&["--exclude", "*.docx"], &["excluded"]),
        (&["--exclude", "*"], &["empty-root", "excluded"]),
    ];
    for (args, expected) in cases {
        let folder = bench(files);
        scan(folder.path(), "i.db", &[args, &["share"][..]].concat());
        assert_gaps(folder.path(), "i.db", expected);
        // A scan without them closes the gap.
        scan(folder.path(), "i.db", &["share"]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!(code, 0, "{args:?}: {said}");
    }
}

#[test]
fn a_later_scan_of_another_root_does_not_hide_a_gap() {
    let folder = bench(&[("share/a.docx", b"x"), ("other/b", b"x")]);
    scan(folder.path(), "i.db", &["--exclude", "*.docx", "--accept-empty", "share"]);
    scan(folder.path(), "i.db", &["other"]);
    assert_gaps(folder.path(), "i.db", &["empty-root", "excluded"]);
}

#[test]
fn an_empty_root_is_a_gap() {
    let folder = bench(&[("share/a", b"x")]);
    fs::create_dir(folder.path().join("mnt")).unwrap();
    scan(folder.path(), "i.db", &["share", "mnt"]);
    assert_gaps(folder.path(), "i.db", &["empty-root"]);
    let page = slashes(&stdout(&rmsight(folder.path(), &["report", "i.db"])));
    let line = |root: &str| page.lines().find(|line| line.contains(root)).unwrap();
    assert!(line("/share (").contains("  whole,"), "{page}");
    assert!(line("/mnt (").contains("  NOT WHOLE,"), "{page}");
}

#[test]
#[cfg(unix)]
fn a_link_that_was_not_followed_is_a_gap() {
    use std::os::unix::fs::symlink;
    let offer = license();
    // Each case: a link in the root `share`, its target, and whether it is a gap.
    let cases = [
        ("../outside", true),
        ("../outside/offer.xml", true),
        ("inside", false),
        ("../share", false),
        // The target may be on a file system that is not mounted.
        ("nowhere", true),
        ("link", false),
        ("/dev/null", false),
    ];
    for (target, is_gap) in cases {
        let folder = bench(&[("share/inside/a", b"x"), ("outside/offer.xml", &offer)]);
        let link = folder.path().join("share/link");
        symlink(target, &link).unwrap();
        scan(folder.path(), "i.db", &["share"]);
        if !is_gap {
            let (said, code) = check(folder.path(), "i.db", &[]);
            assert_eq!((named(&said).len(), code), (0, 0), "{target}: {said}");
            continue;
        }
        assert_gaps(folder.path(), "i.db", &["not-followed"]);
        let (said, _) = check(folder.path(), "i.db", &[]);
        assert!(said.contains("share/link"), "{said}");
        // A rescan without changes keeps it.
        scan(folder.path(), "i.db", &["share"]);
        assert_gaps(folder.path(), "i.db", &["not-followed"]);
        if target == "../outside" {
            // A scan of the target closes the gap.
            scan(folder.path(), "i.db", &["outside"]);
        } else {
            // Removing the link closes it too.
            fs::remove_file(&link).unwrap();
            scan(folder.path(), "i.db", &["share"]);
        }
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!((named(&said).len(), code), (0, 0), "{target}: {said}");
    }
}

#[test]
#[cfg(unix)]
fn a_root_with_a_new_target_keeps_its_files_and_is_a_gap() {
    use std::os::unix::fs::symlink;
    // Each case: a root below the link: a folder or a file.
    for (root, files) in [("link", 2), ("link/deep", 1), ("link/deep/a", 1)] {
        let folder = bench(&[("1/deep/a", b"x"), ("1/b", b"x"), ("2/deep/a", b"y"), ("2/c", b"x")]);
        let retarget = |target: &str| {
            _ = fs::remove_file(folder.path().join("link"));
            symlink(target, folder.path().join("link")).unwrap();
        };
        let gone = |expected: &str| {
            let db = Connection::open(folder.path().join("i.db")).unwrap();
            let sql = "SELECT count(*) || ' ' || coalesce(sum(gone IS NOT NULL), 0) FROM files";
            let found: String = db.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(found, expected, "{root}");
        };
        retarget("1");
        scan(folder.path(), "i.db", &[root]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!(code, 0, "{root}: {said}");
        // While the link is broken, its earlier target is kept.
        retarget("nowhere");
        scan(folder.path(), "i.db", &[root]);
        retarget("2");
        for _ in 0..2 {
            let said = scan(folder.path(), "i.db", &[root]);
            assert!(said.contains("--accept-empty if it replaces"), "{root}: {said}");
            let (said, code) = check(folder.path(), "i.db", &[]);
            assert_eq!((code, named(&said).len()), (1, 1), "{root}: {said}");
        }
        let met = if root == "link" { 3 } else { files };
        gone(&format!("{met} 0"));
        // As a separate root, the new target is another root.
        let said = scan(folder.path(), "i.db", &["2"]);
        assert!(!said.contains("has it as"), "{root}: {said}");
        scan(folder.path(), "i.db", &["--accept-empty", root]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!(code, 0, "{root}: {said}");
    }
}

#[test]
#[cfg(unix)]
fn a_link_in_a_list_or_in_a_folder_that_is_gone() {
    use std::os::unix::fs::symlink;
    let folder = bench(&[("share/deep/a", b"x"), ("outside/b", b"x"), ("list", b"named\n")]);
    symlink("outside/b", folder.path().join("named")).unwrap();
    scan(folder.path(), "l.db", &["--files-from", "list"]);
    let (said, code) = check(folder.path(), "l.db", &[]);
    assert!(named(&said).contains(&"not-followed".to_owned()) && code == 1, "{said}");
    symlink("../../outside", folder.path().join("share/deep/link")).unwrap();
    fs::write(folder.path().join("share/c"), b"x").unwrap();
    scan(folder.path(), "i.db", &["share"]);
    assert_gaps(folder.path(), "i.db", &["not-followed"]);
    fs::remove_dir_all(folder.path().join("share/deep")).unwrap();
    scan(folder.path(), "i.db", &["share"]);
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!((named(&said).len(), code), (0, 0), "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_mount_point_that_was_not_entered_is_a_gap() {
    let folder = bench(&[("share/mnt/under", b"x"), ("share/a", b"x")]);
    let mount = folder.path().join("share/mnt");
    let mounted =
        std::process::Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(&mount).output();
    if !mounted.is_ok_and(|done| done.status.success()) {
        eprintln!("skipped: this user may not mount");
        return;
    }
    fs::write(mount.join("b"), b"x").unwrap();
    scan(folder.path(), "i.db", &["--one-file-system", "share"]);
    assert_gaps(folder.path(), "i.db", &["not-followed"]);
    // As a separate root it is scanned, although it is inside of another root.
    scan(folder.path(), "i.db", &["--one-file-system", "share", "share/mnt"]);
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert!(std::process::Command::new("umount").arg(&mount).status().unwrap().success());
    assert_eq!((named(&said).len(), code), (0, 0), "{said}");
}

#[test]
fn an_azure_authority_whose_key_is_in_use_is_needed() {
    let azure = azure_license();
    let folder = bench(&[("share/a.xml", &azure), ("share/b.xml", &azure), ("share/c", b"x")]);
    scan(folder.path(), "i.db", &["share"]);
    let args = ["check", "i.db", "--estate", "estate.toml", "--authority", TENANT];
    let said = stdout(&rmsight(folder.path(), &args).code(1));
    assert!(said.contains("Contoso tenant: needed, in"), "{said}");
    assert!(said.contains("2  findings need a key of this authority"), "{said}");
    // The other authority is not needed: the key is proven to belong to another one.
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!(code, 0, "{said}");
    for file in ["a.xml", "b.xml"] {
        fs::remove_file(folder.path().join("share").join(file)).unwrap();
    }
    scan(folder.path(), "i.db", &["share"]);
    rmsight(folder.path(), &args).success();
    // A key that the estate does not contain may belong to the tenant.
    let known = estate();
    let (without, _) = known.rsplit_once("\n[[authority.key]]").unwrap();
    let other = format!("{without}hosts = [\"tenant.example\"]\n");
    fs::write(folder.path().join("estate.toml"), other).unwrap();
    fs::write(folder.path().join("share/a.xml"), &azure).unwrap();
    scan(folder.path(), "i.db", &["share"]);
    let said = stdout(&rmsight(folder.path(), &args).code(1));
    assert!(said.contains("possible          1"), "{said}");
}

#[test]
fn an_unverified_no_is_a_gap() {
    for option in ["--no-verify", "--quick"] {
        let folder = bench(&[("share/a.xml", &azure_license()), ("share/b", b"x")]);
        scan(folder.path(), "i.db", &[option, "share"]);
        assert_gaps(folder.path(), "i.db", &["unverified"]);
        scan(folder.path(), "i.db", &["--verify", "share"]);
        let (said, code) = check(folder.path(), "i.db", &[]);
        assert_eq!(code, 0, "{said}");
    }
}

/// Converts an inventory to the first version.
pub(super) fn make_first(file: &Path) {
    let db = Connection::open(file).unwrap();
    db.execute_batch(
        "DROP TABLE about; DROP TABLE scanners; DROP TABLE skipped;
         ALTER TABLE scans DROP COLUMN host;
         ALTER TABLE roots DROP COLUMN real;
         ALTER TABLE root_scans DROP COLUMN scanned;
         ALTER TABLE root_scans DROP COLUMN excluded;
         ALTER TABLE root_scans DROP COLUMN filtered;
         DROP VIEW records;
         ALTER TABLE files DROP COLUMN etag;
         ALTER TABLE files DROP COLUMN version_id;
         ALTER TABLE files DROP COLUMN tier;
         CREATE VIEW records AS SELECT path FROM dirs;
         UPDATE sources SET name = '';
         UPDATE readings SET reader = 1, digest = 'first ' || digest,
            options = replace(options, ' verify', '');
         PRAGMA user_version = 1;",
    )
    .unwrap();
}

#[test]
fn an_inventory_of_an_older_reader_is_a_gap_until_a_rescan() {
    let folder = bench(&[("share/a.xml", &azure_license()), ("share/b", b"x")]);
    scan(folder.path(), "i.db", &["share"]);
    make_first(&folder.path().join("i.db"));
    assert_gaps(folder.path(), "i.db", &["older-reader"]);
    let judged = ["judge", "--format", "ndjson", "i.db", "--estate", "estate.toml"];
    let judged = records(&rmsight(folder.path(), &judged).code(1));
    assert_eq!(judged.len(), 2);
    for record in judged {
        assert_eq!((&record["need"], &record["reader"]), (&"possible".into(), &1.into()));
        assert_eq!(record["error_code"], "older-reader");
    }
    let said = scan(folder.path(), "i.db", &["share"]);
    assert!(said.contains("options added: --verify"), "{said}");
    assert!(said.contains("2 unchanged files read again, because an older rmsight"), "{said}");
    let (said, code) = check(folder.path(), "i.db", &[]);
    assert_eq!((named(&said).len(), code), (0, 0), "{said}");
    // It is one inventory: no file occurs twice.
    assert_eq!(records(&rmsight(folder.path(), &["export", "i.db"]).success()).len(), 2);
}

#[test]
fn an_inventory_of_the_first_version_is_compared_with_a_new_one() {
    let folder = bench(&[("share/a.xml", &license()), ("share/b", b"x")]);
    scan(folder.path(), "old.db", &["share"]);
    make_first(&folder.path().join("old.db"));
    scan(folder.path(), "new.db", &["share"]);
    let told = ["diff", "old.db", "new.db", "--estate", "estate.toml", "--format", "ndjson"];
    assert_eq!(records(&rmsight(folder.path(), &told).success()).len(), 0);
}

#[test]
fn a_root_inside_of_one_that_was_scanned_later_is_not_too_old() {
    let folder = bench(&[("share/deep/a.docx", b"x"), ("share/b", b"x")]);
    scan(folder.path(), "i.db", &["--exclude", "*.docx", "share/deep"]);
    let db = Connection::open(folder.path().join("i.db")).unwrap();
    db.execute("UPDATE root_scans SET finished = finished - 86400 * 31", []).unwrap();
    drop(db);
    let (said, _) = check(folder.path(), "i.db", &["--max-age", "30d"]);
    assert_eq!(named(&said), ["empty-root", "excluded", "too-old"], "{said}");
    scan(folder.path(), "i.db", &["share"]);
    let (said, code) = check(folder.path(), "i.db", &["--max-age", "30d"]);
    assert_eq!((named(&said).len(), code), (0, 0), "{said}");
    // What the later scan leaves out is a gap of its root.
    scan(folder.path(), "i.db", &["--exclude", "deep", "share"]);
    let (said, _) = check(folder.path(), "i.db", &[]);
    assert_eq!(named(&said), ["excluded"], "{said}");
}

#[test]
fn gaps_of_the_first_version_are_named() {
    let folder = bench(&[("share/a.docx", b"x"), ("share/b", b"x")]);
    scan(folder.path(), "i.db", &["--exclude", "*.docx", "share"]);
    scan(folder.path(), "j.db", &["--include", "*.docx", "share"]);
    for (file, expected) in [("i.db", "excluded"), ("j.db", "filtered")] {
        make_first(&folder.path().join(file));
        assert_gaps(folder.path(), file, &[expected, "older-reader"]);
    }
}

#[test]
fn accepted_names_are_a_closed_list() {
    let folder = bench(&[("share/a", b"x")]);
    scan(folder.path(), "i.db", &["share"]);
    for name in ["bogus", "limit-", "Excluded", "R02"] {
        let (said, code) = check(folder.path(), "i.db", &["--accept", name]);
        assert_eq!(code, 2, "{name}: {said}");
        assert!(said.contains("not-followed") && said.contains("encrypted-member"), "{said}");
    }
    for name in ["limit-steps", "malformed-zip", "unfinished", "too-old"] {
        let (said, code) = check(folder.path(), "i.db", &["--accept", name]);
        assert_eq!(code, 0, "{name}: {said}");
    }
    let help = stdout(&rmsight(folder.path(), &["check", "--help"]).success());
    for name in ["unfinished", "empty-root", "excluded", "filtered", "not-followed", "unverified"] {
        assert!(help.contains(name), "{name}: {help}");
    }
}

#[test]
fn two_scanners_with_one_path_are_not_merged_into_one_file() {
    let folder = bench(&[("share/offer.xml", &license())]);
    let active = estate()
        .replace("\"imported\"", "\"active\"")
        .replace("tenant = \"6594232e-6968-45f0-9f7e-c711fc49ef58\"\n", "");
    fs::write(folder.path().join("estate.toml"), active).unwrap();
    scan(folder.path(), "fs1.db", &["share"]);
    // The other server has another file at the same path.
    fs::write(folder.path().join("share/offer.xml"), b"plain").unwrap();
    scan(folder.path(), "fs2.db", &["share"]);
    for order in [["fs1.db", "fs2.db"], ["fs2.db", "fs1.db"], ["X=fs1.db", "fs2.db"]] {
        let args = [&["merge", "all.db"], &order[..]].concat();
        let done = rmsight(folder.path(), &args);
        if order[0].starts_with("X=") {
            done.success();
            fs::remove_file(folder.path().join("all.db")).unwrap();
            continue;
        }
        let said = stderr(&done.code(2));
        assert!(said.contains("FS1=fs") && slashes(&said).contains("/share"), "{said}");
        for left in ["all.db", "all.db.part"] {
            assert!(!folder.path().join(left).exists(), "{left}");
        }
    }
    rmsight(folder.path(), &["merge", "all.db", "FS1=fs1.db", "FS2=fs2.db"]).success();
    let found = records(&rmsight(folder.path(), &["export", "all.db"]).success());
    let mut sources: Vec<&str> =
        found.iter().map(|record| record["source"].as_str().unwrap()).collect();
    sources.sort_unstable();
    assert_eq!(sources, ["FS1", "FS2"]);
    let (said, code) = check(folder.path(), "all.db", &[]);
    assert!(said.contains("yes               1") && code == 1, "{said}");
    // A merged inventory accepts a later copy of one of its parts.
    rmsight(folder.path(), &["merge", "more.db", "all.db", "FS1=fs1.db"]).success();
    assert_eq!(records(&rmsight(folder.path(), &["export", "more.db"]).success()).len(), 2);
}

#[test]
#[cfg(unix)]
fn gaps_of_all_parts_survive_a_merge() {
    let folder = bench(&[("a/x.docx", b"x"), ("a/y", b"x"), ("c/z", b"x"), ("out/o", b"x")]);
    fs::create_dir(folder.path().join("b")).unwrap();
    std::os::unix::fs::symlink("../out", folder.path().join("c/link")).unwrap();
    scan(folder.path(), "1.db", &["--exclude", "*.docx", "a"]);
    scan(folder.path(), "2.db", &["b"]);
    scan(folder.path(), "3.db", &["c"]);
    scan(folder.path(), "4.db", &["--include", "*.docx", "a"]);
    scan(folder.path(), "5.db", &["a"]);
    make_first(&folder.path().join("5.db"));
    let args = ["merge", "all.db", "1.db", "2.db", "3.db", "S4=4.db", "S5=5.db"];
    rmsight(folder.path(), &args).success();
    let expected = ["empty-root", "excluded", "filtered", "not-followed", "older-reader"];
    assert_gaps(folder.path(), "all.db", &expected);
    // The same target in another part does not close that gap, because another scanner scanned it.
    scan(folder.path(), "6.db", &["out"]);
    rmsight(folder.path(), &["merge", "two.db", "3.db", "6.db"]).success();
    assert_gaps(folder.path(), "two.db", &["not-followed"]);
}

#[test]
fn a_key_of_a_use_license_is_not_reported_as_missing() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("corpus");
    let message = corpus.join("containers/item-use-license.msg");
    let folder = folder(&[("item.msg", &fs::read(message).unwrap())]);
    let page = stdout(&rmsight(folder.path(), &["inspect", "item.msg"]));
    assert!(page.contains("The key is sha256:"), "{page}");
    assert!(page.contains("A use license in the file names the key"), "{page}");
    assert!(!page.contains("could not be read, so"), "{page}");
}
