//! The report: reproducible bytes, digests, lists, JSON, and keys in read-only mode.

use std::fs;
use std::path::Path;

use rmsight_specimen::{Client, LicenseBuilder, Server};
use serde_json::Value;
use tempfile::TempDir;

use super::{command, folder, license, rmsight, slashes, stderr, stdout};

fn estate(status: &str) -> String {
    format!(
        "[[authority]]\nname = \"HQ\"\nkind = \"ad-rms\"\n\n[[authority.key]]\nslc_key = \"{}\"\n{status}\n",
        Server::contoso().key.fingerprint()
    )
}

const READ_ONLY: &str = "status = \"read-only\"\nsince = \"2017-01-01\"";

fn bench(files: &[(&str, &[u8])], status: &str) -> TempDir {
    let folder = folder(files);
    fs::write(folder.path().join("estate.toml"), estate(status)).unwrap();
    rmsight(folder.path(), &["scan", "--quiet", "-i", "i.db", "share"]);
    folder
}

const REPORT: [&str; 4] = ["report", "i.db", "--estate", "estate.toml"];

fn report(folder: &Path, more: &[&str]) -> String {
    slashes(&stdout(&rmsight(folder, &[&REPORT[..], more].concat())))
}

fn json(folder: &Path, more: &[&str]) -> Value {
    let text = stdout(&rmsight(folder, &[&REPORT[..], &["--json"], more].concat()));
    // A separator of Windows is escaped. Quotation marks are, too, and stay so.
    let text = if cfg!(windows) { text.replace(r"\\", "/") } else { text };
    serde_json::from_str(&text).unwrap()
}

#[test]
fn as_of_gives_the_same_bytes_in_all_checkouts_and_time_zones() {
    let license = license();
    let here = bench(&[("share/a/x.xml", &license), ("share/cut.xml", &license[..600])], READ_ONLY);
    let there = TempDir::new().unwrap();
    for name in ["i.db", "estate.toml"] {
        fs::copy(here.path().join(name), there.path().join(name)).unwrap();
    }
    let run = |folder: &Path, zone: &str, format: &str| {
        let mut command = command(folder);
        command.env("TZ", zone).env("LC_ALL", zone).args(REPORT);
        let done = command.args(["--as-of", "2026-11-30", "--format", format]).assert();
        done.get_output().stdout.clone()
    };
    for format in ["text", "html", "json"] {
        let one = run(here.path(), "UTC", format);
        assert!(!one.is_empty());
        assert_eq!(one, run(here.path(), "Asia/Tokyo", format), "{format}");
        assert_eq!(one, run(there.path(), "America/New_York", format), "{format}");
        assert_eq!(one, run(here.path(), "UTC", format), "{format}");
    }
}

#[test]
fn inventories_with_the_same_rows_have_the_same_digest() {
    let license = license();
    let files: [(&str, &[u8]); 3] =
        [("share/b.xml", &license), ("share/a.xml", &license), ("share/c/d", b"x")];
    let folder = bench(&files, "status = \"active\"");
    let folder = folder.path();
    let digest = |file: &str| {
        let args = ["report", file, "--json"];
        let page: Value = serde_json::from_str(&stdout(&rmsight(folder, &args))).unwrap();
        page["evidence"]["inventories"][0]["sha256"].as_str().unwrap().to_owned()
    };
    let first = digest("i.db");
    assert_eq!(first.len(), 64);
    rmsight(folder, &["merge", "merged.db", "i.db"]).success();
    assert_eq!(digest("merged.db"), first);
    fs::copy(folder.join("i.db"), folder.join("copy.db")).unwrap();
    let db = rusqlite::Connection::open(folder.join("copy.db")).unwrap();
    // Other row numbers and another layout of the file.
    db.execute_batch(
        "PRAGMA foreign_keys = OFF; UPDATE findings SET file = file + 100; \
         UPDATE files SET id = id + 100; VACUUM",
    )
    .unwrap();
    assert_eq!(digest("copy.db"), first);
    db.execute("UPDATE files SET size = size + 1 WHERE name = CAST('b.xml' AS BLOB)", []).unwrap();
    assert_ne!(digest("copy.db"), first);
    // The rows are read in the order of the indexes: a sort would need memory for all of them.
    let plan: Vec<String> = db
        .prepare(
            "EXPLAIN QUERY PLAN SELECT 1 FROM sources CROSS JOIN dirs ON dirs.source = sources.id \
             CROSS JOIN files ON files.dir = dirs.id CROSS JOIN findings ON findings.file = files.id \
             CROSS JOIN readings ON readings.id = files.reading WHERE files.gone IS NULL \
             ORDER BY sources.name, dirs.path, files.name, findings.nr",
        )
        .unwrap()
        .query_map([], |row| row.get(3))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
}

#[test]
fn the_report_states_digests_versions_and_options() {
    let folder = bench(&[("share/a.xml", &license())], "status = \"active\"");
    let folder = folder.path();
    fs::write(folder.join("d.toml"), "").unwrap();
    let more = ["--decisions", "d.toml", "--accept", "excluded", "--max-age", "30d"];
    let text = report(folder, &more);
    let page = report(folder, &[&["--format", "html", "--need", "yes"], &more[..]].concat());
    let found = json(folder, &more);
    let evidence = &found["evidence"];
    for digest in [
        &evidence["inventories"][0]["sha256"],
        &evidence["estate"]["sha256"],
        &evidence["decisions"]["sha256"],
    ] {
        let digest = digest.as_str().unwrap();
        assert!(digest.len() == 64 && text.contains(digest) && page.contains(digest), "{text}");
    }
    for part in
        ["--accept excluded", "--max-age 2592000 s", "--decisions d.toml", ", rules 3, reader "]
    {
        assert!(text.contains(part) && page.contains(part), "{part}: {text}");
    }
    assert!(page.contains("--need yes"));
    assert_eq!(evidence["options"][1]["name"], "--accept");
}

#[test]
fn next_steps_and_lists_have_the_names_of_the_files() {
    let license = license();
    let names: Vec<String> = (0..25).map(|at| format!("share/deep/er/{at:02}.xml")).collect();
    let mut files: Vec<(&str, &[u8])> =
        names.iter().map(|name| (name.as_str(), &license[..])).collect();
    files.push(("share/deep/cut.xml", &license[..600]));
    let folder = bench(&files, "status = \"active\"");
    let folder = folder.path();
    fs::rename(folder.join("estate.toml"), folder.join("our estate.toml")).unwrap();
    let done = rmsight(folder, &["report", "i.db", "--estate", "our estate.toml"]);
    let text = slashes(&stdout(&done));
    assert_eq!(text.matches("/share/deep/er/").count(), 20, "{text}");
    for part in [
        "and 6 more: `rmsight export i.db --estate 'our estate.toml' --need yes --need possible",
        "`rmsight export i.db --estate 'our estate.toml' --need yes --for set-filelabel --label-map",
        "Set-FileLabel -Path $_.Path -LabelId $_.LabelId",
        "`rmsight scan -i i.db --only todo.csv`",
        "super users group of HQ",
        "/share/deep/er\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The named command works.
    let args =
        ["export", "i.db", "--estate", "our estate.toml", "--need", "yes", "--need", "possible"];
    let done = rmsight(folder, &[&args[..], &["-o", "findings.csv"]].concat()).success();
    assert!(stderr(&done).contains("26"), "{}", stderr(&done));
}

#[test]
fn hosts_count_files_and_not_addresses() {
    let license = license();
    let mail = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
         Content-Type: application/xml; name=a.xml\r\n\r\n{0}\r\n--b\r\n\
         Content-Type: application/xml; name=b.xml\r\n\r\n{0}\r\n--b--\r\n",
        String::from_utf8_lossy(&license)
    );
    let folder = bench(
        &[("share/a.xml", &license), ("share/m.eml", mail.as_bytes())],
        "status = \"active\"",
    );
    let found = json(folder.path(), &[]);
    assert_eq!(found["findings"]["yes"], 3);
    assert_eq!(found["documents"]["yes"], 1);
    let hosts = found["hosts"].as_array().unwrap();
    let own = hosts.iter().find(|host| host["roles"].as_array().unwrap().len() > 1).unwrap();
    assert_eq!(own["files"]["yes"], 2, "{hosts:?}");
}

/// Returns a license that is published at a time, with a client certificate of another time.
fn published(issued: &str) -> Vec<u8> {
    LicenseBuilder::client(&Server::contoso(), &Client::windows()).issued(issued).build()
}

#[test]
fn a_read_only_key_has_its_alarms_checks_and_remains() {
    let late = published("2019-05-01T00:00");
    let early = published("2015-05-01T00:00");
    let server = LicenseBuilder::server(&Server::contoso()).issued("2020-05-01T00:00").build();
    let files: [(&str, &[u8]); 3] = [
        ("share/a/late.xml", &late),
        ("share/b/early.xml", &early),
        ("share/b/server.xml", &server),
    ];
    let folder = bench(&files, READ_ONLY);
    let folder = folder.path();
    let found = json(folder, &[]);
    let used = &found["read_only"][0];
    assert_eq!(used["authority"], "HQ");
    // The certificate of the client is of 2016.
    for (check, findings) in [("M24", 0), ("M25", 1), ("M26", 1)] {
        assert_eq!(used["alarms"][check]["findings"], findings, "{used:#}");
    }
    let path = used["alarms"]["M26"]["files"][0]["path"].as_str().unwrap();
    assert!(slashes(path).ends_with("/share/b/server.xml"), "{path}");
    assert_eq!(used["remaining"]["yes"], 3);
    assert_eq!(used["folders"].as_array().unwrap().len(), 2);
    assert_eq!(used["checks"].as_array().unwrap().len(), 6);
    let text = report(folder, &[]);
    let page = report(folder, &["--format", "html"]);
    for part in
        ["16.0.7407.1000", "Publish.asmx", "No client certificate can publish after", "icacls"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        page.contains("share/<wbr>b/<wbr>server.xml") || page.contains("share\\<wbr>b"),
        "no file behind the alarm"
    );
    assert!(page.contains("data-check=\"read-only-denial\""));
    let checked = stdout(&rmsight(folder, &["estate", "check", "estate.toml", "i.db"]));
    assert!(
        checked.contains("1 read-only key: `rmsight report i.db --estate estate.toml`"),
        "{checked}"
    );
    // Without a read-only key there is nothing about the mode.
    fs::write(folder.join("estate.toml"), estate("status = \"active\"")).unwrap();
    for text in [report(folder, &[]), report(folder, &["--format", "html"])] {
        assert!(!text.contains("Publish.asmx"), "{text}");
    }
}

#[test]
fn the_trend_is_that_since_an_earlier_inventory() {
    let license = license();
    let folder = bench(&[("share/a.xml", &license), ("share/b.xml", &license)], READ_ONLY);
    let folder = folder.path();
    fs::copy(folder.join("i.db"), folder.join("january.db")).unwrap();
    fs::remove_file(folder.join("share/a.xml")).unwrap();
    rmsight(folder, &["scan", "--quiet", "-i", "i.db", "share"]);
    let text = report(folder, &["--since", "january.db"]);
    assert!(text.contains("yes       2 → 1 (−1)"), "{text}");
    assert!(text.contains("Under this key remain 1 finding [2 → 1 (−1)]"), "{text}");
    let found = json(folder, &["--since", "january.db"]);
    assert_eq!(found["since"]["findings"]["before"]["yes"], 2);
    assert_eq!(found["evidence"]["earlier_inventories"][0]["file"], "january.db");
}

#[test]
fn json_has_its_format_and_the_exit_code() {
    let folder = bench(&[("share/a.xml", &license())], "status = \"active\"");
    let folder = folder.path();
    for (args, format) in [
        (&["report", "i.db", "--estate", "estate.toml", "--json"][..], "rmsight-report"),
        (&["check", "i.db", "--estate", "estate.toml", "--json"], "rmsight-check"),
    ] {
        let found: Value = serde_json::from_str(&stdout(&rmsight(folder, args))).unwrap();
        assert_eq!((&found["format"], &found["version"]), (&format.into(), &1.into()));
    }
    let found = json(folder, &[]);
    assert_eq!((&found["answer"], &found["complete"]), (&"yes".into(), &true.into()));
    rmsight(folder, &[&REPORT[..], &["-o", "r.json"]].concat()).success();
    assert!(fs::read_to_string(folder.join("r.json")).unwrap().starts_with('{'));
    rmsight(folder, &["check", "i.db", "--estate", "estate.toml", "-o", "c.json"]).code(1);
    assert!(fs::read_to_string(folder.join("c.json")).unwrap().starts_with('{'));
    rmsight(folder, &["report", "i.db", "--json", "-o", "r.txt"]).code(2);
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/JSON.md")).unwrap();
    for field in found.as_object().unwrap().keys() {
        assert!(
            page.contains(&format!("`{field}`")) || page.contains(&format!("`{field}[]`")),
            "{field}"
        );
    }
}

#[test]
fn a_contradicted_estate_is_the_first_thing_in_the_report() {
    let license = LicenseBuilder::server(&Server::azure()).build();
    let folder = folder(&[("share/a.xml", &license)]);
    let text = estate("status = \"active\"")
        .replace(&Server::contoso().key.fingerprint(), &Server::azure().key.fingerprint());
    fs::write(folder.path().join("estate.toml"), text).unwrap();
    rmsight(folder.path(), &["scan", "--quiet", "-i", "i.db", "share"]);
    let text = report(folder.path(), &[]);
    let odd = text.find("Licenses contradict the estate file").unwrap();
    assert!(odd < text.find("What to do next").unwrap(), "{text}");
    let page = report(folder.path(), &["--format", "html"]);
    assert!(page.find("id=\"odd\"").unwrap() < page.find("id=\"next\"").unwrap());
}
