//! Answers that stay open: what is not decided is never a green light, and the output says why.

use std::fs;
use std::path::Path;

use rmsight_specimen::{Client, LicenseBuilder, Server};
use serde_json::Value;
use tempfile::TempDir;

use super::{folder, license, rmsight, slashes, stderr, stdout};

const ESTATE: [&str; 3] = ["i.db", "--estate", "estate.toml"];

fn azure() -> Vec<u8> {
    LicenseBuilder::client(&Server::azure(), &Client::windows()).build()
}

/// Returns the authority of a key.
fn authority(name: &str, kind: &str, lines: &str, server: &Server, status: &str) -> String {
    format!(
        "[[authority]]\nname = \"{name}\"\nkind = \"{kind}\"\n{lines}\n[[authority.key]]\n\
         slc_key = \"{}\"\nslc_id = \"{}\"\nstatus = \"{status}\"\n\n",
        server.key.fingerprint(),
        server.id.trim_matches(['{', '}'])
    )
}

const SETTLED: &str =
    "settled = [\"licensing-only\", \"older-key\", \"trusted-publishing-domains\"]\n";

fn tenant(retiring: &str) -> String {
    authority("Fabrikam", "azure-rms", retiring, &Server::azure(), "active")
}

fn scanned(files: &[(&str, &[u8])], estate: &str) -> TempDir {
    let folder = folder(files);
    fs::write(folder.path().join("estate.toml"), estate).unwrap();
    rmsight(folder.path(), &["scan", "--quiet", "-i", "i.db", "share"]);
    folder
}

/// Returns the output and the exit code of a command on the inventory.
fn run(folder: &Path, command: &str, more: &[&str]) -> (String, i32) {
    let done = rmsight(folder, &[&[command], &ESTATE[..], more].concat());
    let code = done.get_output().status.code().unwrap();
    (slashes(&stdout(&done)) + &stderr(&done), code)
}

fn json(folder: &Path, more: &[&str]) -> Value {
    let args = [&["report"], &ESTATE[..], &["--json"], more].concat();
    serde_json::from_str(&stdout(&rmsight(folder, &args))).unwrap()
}

#[test]
fn possible_findings_and_estates_without_a_question_are_not_complete() {
    let azure = azure();
    // Each case: the estate, and whether everything is decided.
    let cases = [
        (tenant("retiring = \"?\"\n"), false),
        (tenant("retiring = false\n"), false),
        (tenant("retiring = true\n"), true),
        (
            tenant("retiring = false\n")
                + &authority("HQ", "ad-rms", SETTLED, &Server::contoso(), "active"),
            true,
        ),
    ];
    for (estate, is_decided) in cases {
        let folder = scanned(&[("share/a.xml", &azure)], &estate);
        for command in ["report", "judge"] {
            let (said, code) = run(folder.path(), command, &[]);
            assert_eq!(code, i32::from(!is_decided), "{command} {estate}: {said}");
        }
        assert_eq!(json(folder.path(), &[])["complete"], is_decided, "{estate}");
    }
}

#[test]
fn report_and_judge_say_that_no_authority_is_retiring() {
    let folder = scanned(&[("share/a.xml", &azure())], &tenant("retiring = false\n"));
    let (report, _) = run(folder.path(), "report", &[]);
    let (judge, _) = run(folder.path(), "judge", &[]);
    for said in [&report, &judge] {
        assert!(!said.contains("Nothing in what was"), "{said}");
        assert!(said.contains("`retiring = true`"), "{said}");
    }
    assert!(report.contains("No answer: estate.toml declares no authority"), "{report}");
    assert_eq!(json(folder.path(), &[])["answer"], "possible");
}

#[test]
fn without_an_estate_file_the_tenants_that_files_need_are_named() {
    let folder = scanned(&[("share/a.xml", &azure())], "");
    for args in [&["report", "i.db"][..], &["judge", "i.db"], &["scan", "share", "-i", "i.db"]] {
        let said = stdout(&rmsight(folder.path(), args).success());
        assert!(said.contains("needs an AD RMS cluster"), "{said}");
        assert!(said.contains("Fabrikam (azure-rms, tenant 3c5e7a90-"), "{args:?}: {said}");
        assert!(said.contains("rmsight estate init"), "{args:?}: {said}");
    }
}

/// Returns a license that ends before its key, and names the id of the key.
fn cut_before_key(license: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(license.to_vec()).unwrap();
    let id = text.find(&Server::azure().id).unwrap();
    let principal = text[id..].find("<PUBLICKEY>").map(|at| id + at);
    text.as_bytes()[..principal.unwrap()].to_vec()
}

#[test]
fn an_id_that_the_estate_has_needs_no_further_lines() {
    let azure = azure();
    let files: [(&str, &[u8]); 2] =
        [("share/a.xml", &azure), ("share/cut.xml", &cut_before_key(&azure))];
    let cluster = authority("HQ", "ad-rms", SETTLED, &Server::contoso(), "active");
    let folder = scanned(&files, &(tenant("retiring = false\n") + &cluster));
    let (report, code) = run(folder.path(), "report", &[]);
    assert!(report.contains("only the id, which the estate has; yes 0, possible 1"), "{report}");
    let scan = stdout(&rmsight(
        folder.path(),
        &["scan", "share", "-i", "i.db", "--estate", "estate.toml"],
    ));
    for said in [&report, &scan] {
        assert!(!said.contains("slc_id ="), "{said}");
    }
    assert_eq!(code, 1);
}

#[test]
fn lines_for_the_estate_file_keep_it_valid_and_have_the_statuses_of_its_kind() {
    let azure = azure();
    // Another key of a tenant that the estate has, with an id that the estate has.
    let mut other = Server::azure();
    other.key = Server::branch().key;
    let other = LicenseBuilder::client(&other, &Client::windows()).build();
    let estate = tenant("retiring = true\ntenant = \"3c5e7a90-1b2d-4f6e-8a9c-0d1e2f3a4b5c\"\n");
    let folder = scanned(&[("share/a.xml", &azure), ("share/b.xml", &other)], &estate);
    let (report, _) = run(folder.path(), "report", &[]);
    let lines = report.split_once("fill in each `?`:\n\n").unwrap().1;
    let lines: Vec<&str> =
        lines.lines().take_while(|line| line.is_empty() || line.starts_with("  ")).collect();
    let lines = lines.join("\n");
    assert!(lines.contains("active, archived, revoked, lost"), "{lines}");
    assert!(lines.contains("slc_id of this key"), "{lines}");
    fs::write(folder.path().join("estate.toml"), estate + &lines).unwrap();
    let done = rmsight(folder.path(), &["estate", "check", "estate.toml", "i.db"]).code(1);
    assert!(!stderr(&done).contains("twice"), "{}", stderr(&done));
}

#[test]
fn the_sign_off_names_everything_that_is_open() {
    let license = license();
    let cut = &license[..600];
    let folder = scanned(
        &[("share/a/cut.xml", cut), ("share/b/cut.xml", cut)],
        &authority("HQ", "ad-rms", "", &Server::contoso(), "?"),
    );
    let open = "0 gaps, 2 possible findings, 2 findings not read, 4 open questions";
    let (text, _) = run(folder.path(), "report", &[]);
    assert!(text.contains(&format!("Open: {open}\n")), "{text}");
    let (page, _) = run(folder.path(), "report", &["--format", "html"]);
    assert!(page.contains(&format!("Open: {open}")), "{page}");
    assert!(text.contains("Read what was not read (2 findings)"), "{text}");
    // Accepted findings are not open.
    let errors = json(folder.path(), &[]);
    let code = errors["errors"].as_object().unwrap().keys().next().unwrap();
    let (text, _) = run(folder.path(), "report", &["--accept", code]);
    assert!(text.contains("0 possible findings, 0 findings not read"), "{text}");
    assert!(!text.contains("Read what was not read"), "{text}");
}

#[test]
fn a_scan_names_the_gaps_that_check_counts() {
    let azure = azure();
    let estate = tenant("retiring = false\n")
        + &authority("HQ", "ad-rms", SETTLED, &Server::contoso(), "active");
    let folder = folder(&[("share/a.xml", &azure), ("share/b", b"x")]);
    fs::write(folder.path().join("estate.toml"), estate).unwrap();
    // Each case: options, and the gap.
    for (options, gap) in [
        (&["--quick"][..], "unverified"),
        (&["--include", "*.xml"], "filtered"),
        (&["--exclude", "b"], "excluded"),
    ] {
        for inventory in [&["-i", "i.db"][..], &[]] {
            let args = ["scan", "share", "--estate", "estate.toml"];
            let said = stdout(&rmsight(folder.path(), &[&args[..], options, inventory].concat()));
            assert!(said.contains(&format!("\n  {gap} ")), "{options:?}: {said}");
            assert!(said.contains("but the gaps above leave that open"), "{options:?}: {said}");
        }
        let (said, code) = run(folder.path(), "check", &[]);
        assert!(code == 1 && said.contains(&format!("gap       {gap} ")), "{said}");
        fs::remove_file(folder.path().join("i.db")).unwrap();
    }
    let whole = ["scan", "share", "-i", "i.db", "--estate", "estate.toml"];
    let said = stdout(&rmsight(folder.path(), &whole).success());
    assert!(!said.contains("Gaps") && said.contains("needs an AD RMS cluster.\n"), "{said}");
}

#[test]
fn a_damaged_file_under_a_key_that_stays_says_what_settles_it() {
    let azure = azure();
    let cut = &azure[..azure.len() - 40];
    let estate = tenant("retiring = false\n")
        + &authority("HQ", "ad-rms", SETTLED, &Server::contoso(), "active");
    let license = license();
    let folder = scanned(&[("share/cut.xml", cut), ("share/c.xml", &license[..600])], &estate);
    let whole = "Restore an undamaged copy of the file, or delete it";
    for estate in [&[][..], &["--estate", "estate.toml"]] {
        let args = [&["inspect", "share/cut.xml"], estate].concat();
        let said = stdout(&rmsight(folder.path(), &args));
        assert!(said.contains(whole) && !said.contains("Declare this key"), "{said}");
    }
    let (text, _) = run(folder.path(), "report", &["--accept", "truncated"]);
    assert!(text.contains("1 of them names a key, and no decision accepts that"), "{text}");
    assert!(text.contains("No declaration settles that"), "{text}");
    let (page, _) = run(folder.path(), "report", &["--format", "html"]);
    assert!(page.contains(whole), "{page}");
    let (said, _) = run(folder.path(), "check", &[]);
    assert!(said.contains(whole), "{said}");
}

#[test]
fn a_root_of_another_source_is_told_once() {
    let folder = scanned(&[("share/a.xml", &license())], "");
    let scan = ["scan", "--quiet", "share", "-i", "i.db", "--source", "other"];
    let said = stderr(&rmsight(folder.path(), &scan));
    assert!(said.contains("each of its files counts twice"), "{said}");
    assert!(said.contains("--source \"other\""), "{said}");
    assert!(!stderr(&rmsight(folder.path(), &scan)).contains("twice"));
}

#[test]
fn estate_check_tells_missing_keys_from_contradictions() {
    let azure = LicenseBuilder::server(&Server::azure()).build();
    let folder = scanned(
        &[("share/a.xml", &license()), ("share/b.xml", &azure)],
        &authority("HQ", "ad-rms", SETTLED, &Server::azure(), "active"),
    );
    let check = ["estate", "check", "estate.toml", "i.db"];
    let said = stdout(&rmsight(folder.path(), &check).code(1));
    let missing = said.find("Missing from the estate file:\n  Key ").unwrap();
    assert!(said.find("Contradicted by the inventory:\n  HQ, key ").unwrap() < missing, "{said}");
    assert!(!said.contains("Nothing is left to ask"), "{said}");
}

#[test]
fn estate_init_and_check_name_the_inventory_in_the_next_command() {
    let folder = scanned(&[("share/a.xml", &license())], "");
    let init = ["estate", "init", "i.db", "--no-input", "-o", "e.toml"];
    let said = stderr(&rmsight(folder.path(), &init).success());
    assert!(said.contains("Next: rmsight estate check e.toml i.db\n"), "{said}");
    let check = ["check", "i.db", "--estate", "e.toml"];
    let said = stdout(&rmsight(folder.path(), &check).code(1));
    assert!(said.contains("`rmsight estate check e.toml i.db`"), "{said}");
    assert!(said.contains("`rmsight report i.db --estate e.toml` says what to do"), "{said}");
}

#[test]
fn a_cluster_whose_keys_are_all_lost_needs_no_answer() {
    let license = license();
    let files: [(&str, &[u8]); 1] = [("share/cut.xml", &license[..600])];
    let hq = authority("HQ", "ad-rms", "", &Server::contoso(), "active");
    // Each case: the lines of the old cluster, and whether it is asked about.
    for (lines, is_asked) in [(SETTLED, false), ("", true)] {
        let old = authority("Old", "ad-rms", lines, &Server::branch(), "lost");
        let folder = scanned(&files, &(hq.clone() + &old));
        for command in ["report", "check"] {
            let (said, code) = run(folder.path(), command, &[]);
            let names_old = said.contains("Can Old be") || said.contains("Old: not shown");
            assert_eq!((names_old, code), (is_asked, 1), "{command}: {said}");
        }
    }
}

#[test]
fn check_says_needed_and_why_a_finding_is_possible() {
    let hq = |status| authority("HQ", "ad-rms", SETTLED, &Server::contoso(), status);
    let folder = scanned(&[("share/a.xml", &license())], &hq("active"));
    let (said, code) = run(folder.path(), "check", &[]);
    assert!(code == 1 && said.starts_with("HQ: needed, in what was scanned"), "{said}");
    fs::write(folder.path().join("estate.toml"), hq("?")).unwrap();
    let (said, code) = run(folder.path(), "check", &[]);
    assert!(code == 1 && said.starts_with("HQ: not shown to be free"), "{said}");
    assert!(said.contains("Answer the `?` in the estate file"), "{said}");
}

#[test]
fn a_licensing_only_cluster_contradicts_a_settled_question() {
    let mut server = Server::branch();
    server.id = Server::branch().id;
    let license = LicenseBuilder::client(&server, &Client::windows()).build();
    let estate = authority("HQ", "ad-rms", SETTLED, &server, "active");
    let folder = scanned(&[("share/a.xml", &license)], &estate);
    let found = json(folder.path(), &[]);
    assert_eq!(found["anomalies"]["licensing-only-cluster"], 1, "{found}");
    let check = ["estate", "check", "estate.toml", "i.db"];
    let said = stdout(&rmsight(folder.path(), &check).code(1));
    assert!(said.contains("take `licensing-only` out of `settled`"), "{said}");
    let estate = estate.replace("status =", "origin = \"sub-enrolled\"\nstatus =");
    fs::write(folder.path().join("estate.toml"), estate).unwrap();
    rmsight(folder.path(), &check).success();
}
