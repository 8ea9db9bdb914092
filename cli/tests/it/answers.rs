//! Commands that read inventories: report, export, check, diff, merge.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmsight_specimen::{Client, LicenseBuilder, Server};
use tempfile::TempDir;

use super::{document, folder, license, records, rmsight, slashes, stderr, stdout};

const NAME: &str = "Contoso AD RMS";

fn estate(status: &str) -> String {
    format!(
        "[[authority]]\nname = \"{NAME}\"\nkind = \"ad-rms\"\n\n[[authority.key]]\n\
         slc_key = \"{}\"\nstatus = {status}\n",
        Server::contoso().key.fingerprint()
    )
}

const IMPORTED: &str = "\"imported\"\ntenant = \"6594232e-6968-45f0-9f7e-c711fc49ef58\"";

/// Creates a share with these files, scanned into the inventory `i.db`, and an estate file.
fn scanned(files: &[(&str, &[u8])], status: &str) -> TempDir {
    let files: Vec<(String, &[u8])> =
        files.iter().map(|(name, bytes)| (format!("share/{name}"), *bytes)).collect();
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let folder = folder(&files);
    fs::write(folder.path().join("estate.toml"), estate(status)).unwrap();
    scan(folder.path(), "i.db");
    folder
}

fn scan(folder: &Path, inventory: &str) {
    rmsight(folder, &["scan", "--quiet", "--verify", "-i", inventory, "share"]);
}

const CHECK: [&str; 6] = ["check", "i.db", "--estate", "estate.toml", "--authority", NAME];

#[test]
fn exports_agree_with_judge() {
    let license = license();
    let folder = scanned(
        &[("a/offer.xml", &license), ("cut.xml", &license[..600]), ("b", b"x")],
        "\"active\"",
    );
    let judge = ["judge", "--format", "ndjson", "i.db", "--estate", "estate.toml"];
    let judged = stdout(&rmsight(folder.path(), &judge));
    assert_eq!(judged.lines().count(), 3);
    let export = ["export", "i.db", "--estate", "estate.toml"];
    assert_eq!(stdout(&rmsight(folder.path(), &export).success()), judged);
    let of = |more: &[&str]| stdout(&rmsight(folder.path(), &[&export, more].concat()).success());
    let yes = of(&["--need", "yes"]);
    assert_eq!(yes.lines().count(), 1);
    assert!(yes.contains("offer.xml"), "{yes}");
    assert_eq!(of(&["--authority", NAME]), yes);
    let key = Server::contoso().key.fingerprint();
    assert_eq!(of(&["--key", &key[..15]]), yes);
    let paths = slashes(&of(&["--need", "yes", "--paths0"]));
    assert!(paths.ends_with("share/a/offer.xml\0") && paths.matches('\0').count() == 1, "{paths}");
    assert_eq!(of(&["--format", "csv"]).lines().count(), 4);
    let wrong =
        rmsight(folder.path(), &[&export[..], &["--authority", "Contoso"]].concat()).code(2);
    assert!(stderr(&wrong).contains(NAME), "{}", stderr(&wrong));
}

#[test]
fn the_list_for_labeling_separates_members_and_has_no_formulas() {
    let offer = document(&license());
    let mail = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
         Content-Type: application/octet-stream; name=in.xml\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        STANDARD.encode(&offer)
    );
    let folder = scanned(&[("offer.xml", &offer), ("mail.eml", mail.as_bytes())], "\"active\"");
    let args =
        ["export", "i.db", "--estate", "estate.toml", "--for", "set-filelabel", "-o", "todo.csv"];
    rmsight(folder.path(), &args).success();
    let todo = fs::read_to_string(folder.path().join("todo.csv")).unwrap();
    assert!(todo.starts_with("Path,Owner,DescriptorId,"), "{todo}");
    assert!(todo.contains("offer.xml") && !todo.contains("mail.eml"), "{todo}");
    let first = fs::read_to_string(folder.path().join("todo-extract-first.csv")).unwrap();
    assert!(first.contains("mail.eml") && first.contains("in.xml"), "{first}");
}

#[test]
#[cfg(feature = "parquet")]
fn a_parquet_file_is_complete_or_missing() {
    let folder = scanned(&[("offer.xml", &license())], "\"active\"");
    rmsight(folder.path(), &["export", "i.db", "-o", "f.parquet"]).success();
    let bytes = fs::read(folder.path().join("f.parquet")).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    let done = rmsight(folder.path(), &["export", "missing.db", "-o", "g.parquet"]).code(2);
    assert!(stderr(&done).contains("missing.db"));
    assert!(!folder.path().join("g.parquet").exists());
}

#[test]
fn check_passes_only_without_gaps_and_possible_findings() {
    let license = license();
    let folder = scanned(&[("offer.xml", &license)], "\"active\"");
    let said = stdout(&rmsight(folder.path(), &CHECK).code(1));
    assert!(said.contains("yes               1"), "{said}");
    fs::write(folder.path().join("estate.toml"), estate(IMPORTED)).unwrap();
    let said = stdout(&rmsight(folder.path(), &CHECK).success());
    assert!(said.contains("not needed, in what was scanned"), "{said}");
    let young = [&CHECK[..], &["--max-age", "1d"]].concat();
    rmsight(folder.path(), &young).success();

    // A damaged file may need any authority, unless the user accepts its error code.
    fs::write(folder.path().join("share/cut.xml"), &license[..600]).unwrap();
    scan(folder.path(), "i.db");
    let said = stdout(&rmsight(folder.path(), &CHECK).code(1));
    let code = said.lines().find_map(|line| line.split("1  ").nth(1)).unwrap().to_owned();
    let accepted = [&CHECK[..], &["--accept", &code]].concat();
    let said = stdout(&rmsight(folder.path(), &accepted).success());
    assert!(said.contains("excused"), "{said}");
}

#[test]
fn a_partly_scanned_root_is_a_gap() {
    let folder = scanned(&[("plain.txt", b"x")], IMPORTED);
    rmsight(folder.path(), &CHECK).success();
    let db = change_rows(folder.path(), "UPDATE root_scans SET complete = 0, finished = NULL");
    assert_eq!(db, 1);
    let said = stdout(&rmsight(folder.path(), &CHECK).code(1));
    assert!(said.contains("gap       "), "{said}");
    let text = stdout(&rmsight(folder.path(), &["report", "i.db"]).code(1));
    assert!(text.contains("the scan has gaps"), "{text}");
}

#[test]
fn an_old_scan_is_too_old() {
    let folder = scanned(&[("plain.txt", b"x")], IMPORTED);
    change_rows(folder.path(), "UPDATE root_scans SET finished = finished - 86400 * 31");
    rmsight(folder.path(), &CHECK).success();
    let said =
        stdout(&rmsight(folder.path(), &[&CHECK[..], &["--max-age", "30d"]].concat()).code(1));
    assert!(said.contains("31 days ago"), "{said}");
}

fn change_rows(folder: &Path, sql: &str) -> usize {
    let db = rusqlite::Connection::open(folder.join("i.db")).unwrap();
    db.execute(sql, []).unwrap()
}

// Windows does not allow such names.
#[test]
#[cfg(unix)]
fn html_escapes_hostile_names() {
    let license = license();
    let names = ["<img src=x onerror=alert(1)>.xml", "a\u{202e}b.xml", "--><script>.xml"];
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &license[..])).collect();
    let folder = scanned(&files, "\"active\"");
    rmsight(folder.path(), &["report", "i.db", "--estate", "estate.toml", "-o", "r.html"])
        .success();
    let page = fs::read_to_string(folder.path().join("r.html")).unwrap();
    assert!(!page.contains("<img") && !page.contains("<script>.xml"), "a name became markup");
    assert_eq!(page.matches("<script").count(), 2);
    assert!(!page.contains('\u{202e}'));
    assert!(page.contains("\\u003cimg src=x onerror=alert(1)\\u003e.xml"));
    assert_eq!(
        page.matches("href=\"").count(),
        page.matches("href=\"#").count(),
        "a link to elsewhere"
    );
    for outside in ["src=\"", "url(", "@import", "unsafe-inline", "style=\""] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("No. 3 findings in what was scanned"), "no answer");
    assert!(page.contains("A file scan cannot see"));
}

#[test]
fn the_report_contains_lines_for_the_estate_file_and_further_checks() {
    let folder = scanned(&[("a/b/c/offer.xml", &license())], "\"lost\"");
    let text = stdout(&rmsight(folder.path(), &["report", "i.db"]).code(1));
    assert!(text.contains("slc_key = \"sha256:"), "{text}");
    assert!(text.contains("Without an estate file") || text.contains("without an estate file"));
    assert!(slashes(&text).contains("share/a/b"), "{text}");
    let args = ["report", "i.db", "--estate", "estate.toml"];
    let text = stdout(&rmsight(folder.path(), &args).success());
    assert!(text.contains("Keys of others, and keys that open nothing"), "{text}");
    assert!(!text.contains("[[authority.key]]"), "{text}");
}

#[test]
fn several_inventories_count_together_and_merge_to_the_same() {
    let folder = scanned(&[("offer.xml", &license())], "\"active\"");
    fs::create_dir(folder.path().join("other")).unwrap();
    fs::write(folder.path().join("other/b.xml"), license()).unwrap();
    fs::write(folder.path().join("other/caf\u{e9}.txt"), b"x").unwrap();
    rmsight(
        folder.path(),
        &["scan", "--quiet", "--verify", "-i", "j.db", "--source", "fs2", "other"],
    );
    let both = stdout(&rmsight(folder.path(), &["export", "i.db", "j.db"]).success());
    assert_eq!(both.lines().count(), 3);
    rmsight(folder.path(), &["merge", "all.db", "i.db", "j.db", "i.db"]).success();
    let merged = stdout(&rmsight(folder.path(), &["export", "all.db"]).success());
    // Sources are ordered by their first scans.
    let sorted = |records: &str| -> Vec<String> {
        let mut lines: Vec<String> = records.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&merged), sorted(&both));
    let scans = |name: &str| -> i64 {
        let db = rusqlite::Connection::open(folder.path().join(name)).unwrap();
        let sql = "SELECT (SELECT count(*) FROM scans) * 100 + (SELECT count(*) FROM root_scans)";
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    // A scan in both inputs is one scan.
    assert_eq!(scans("all.db"), scans("i.db") + scans("j.db"));
    let again = rmsight(folder.path(), &["merge", "all.db", "i.db"]).code(2);
    assert!(stderr(&again).contains("the file exists, and is not replaced"));
    // A merged inventory can be scanned into.
    let done = rmsight(folder.path(), &["scan", "--quiet", "--verify", "-i", "all.db", "share"]);
    done.success();
    assert_eq!(records(&rmsight(folder.path(), &["export", "all.db"]).success()).len(), 3);
}

#[test]
fn merge_keeps_the_facts_of_the_later_scan() {
    let folder = scanned(&[("offer.xml", &license()), ("stays.txt", b"x")], "\"active\"");
    fs::copy(folder.path().join("i.db"), folder.path().join("before.db")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    fs::write(folder.path().join("share/offer.xml"), b"plain now").unwrap();
    scan(folder.path(), "i.db");
    for order in [["before.db", "i.db"], ["i.db", "before.db"]] {
        _ = fs::remove_file(folder.path().join("all.db"));
        rmsight(folder.path(), &["merge", "all.db", order[0], order[1]]).success();
        let found = records(&rmsight(folder.path(), &["export", "all.db"]).success());
        assert_eq!(found.len(), 2, "{order:?}");
        assert!(found.iter().all(|record| record["protection"] == "none"), "{order:?}");
    }
}

/// Returns the changes from `before.db` to `i.db`, ordered by file name.
fn changes(folder: &Path) -> (Vec<(String, String)>, i32) {
    let args = ["diff", "before.db", "i.db", "--estate", "estate.toml", "--format", "ndjson"];
    let done = rmsight(folder, &args);
    let told = records(&done);
    let told = told.iter().map(|record| {
        let path = record["path"].as_str().unwrap().rsplit('/').next().unwrap();
        (path.to_owned(), record["change"].as_str().unwrap().to_owned())
    });
    (told.collect(), done.get_output().status.code().unwrap())
}

#[test]
fn diff_reports_the_change_of_each_file() {
    // Specimens are issued at a fixed time; this one is later than any scan of today.
    let late = LicenseBuilder::client(&Server::contoso(), &Client::windows())
        .issued("2099-01-01T00:00")
        .build();
    let license = license();
    let files: Vec<(&str, &[u8])> = vec![
        ("damaged.xml", &license),
        ("deleted.xml", &license),
        ("opened.xml", &license),
        ("same.xml", &license),
    ];
    let folder = scanned(&files, "\"active\"");
    let share = folder.path().join("share");
    fs::copy(folder.path().join("i.db"), folder.path().join("before.db")).unwrap();
    assert_eq!(changes(folder.path()), (vec![], 0));
    fs::write(share.join("damaged.xml"), &license[..600]).unwrap();
    fs::remove_file(share.join("deleted.xml")).unwrap();
    fs::write(share.join("opened.xml"), b"plain now").unwrap();
    fs::write(share.join("copied.xml"), &license).unwrap();
    fs::write(share.join("late.xml"), &late).unwrap();
    scan(folder.path(), "i.db");
    let expected = [
        ("copied.xml", "appeared-under-old-key"),
        ("damaged.xml", "not-readable"),
        ("deleted.xml", "gone"),
        ("late.xml", "new-under-old-key"),
        ("opened.xml", "unprotected"),
    ]
    .map(|(name, change)| (name.to_owned(), change.to_owned()));
    assert_eq!(changes(folder.path()), (expected.to_vec(), 1));

    // A separate inventory reports the same, because its scan listed the folder.
    fs::remove_file(folder.path().join("i.db")).unwrap();
    scan(folder.path(), "i.db");
    assert_eq!(changes(folder.path()), (expected.to_vec(), 1));

    // A file is not deleted if its folder was not listed.
    fs::remove_file(folder.path().join("i.db")).unwrap();
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    rmsight(folder.path(), &["scan", "--quiet", "-i", "i.db", "elsewhere"]);
    let (told, _) = changes(folder.path());
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|(_, change)| change == "not-looked-at"), "{told:?}");
}
