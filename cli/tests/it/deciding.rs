//! Decisions about gaps and unread files, in `check` and `report`.

use std::fs;
use std::path::Path;

use rmsight_specimen::Server;
use serde_json::Value;
use tempfile::TempDir;

use super::{folder, license, rmsight, slashes, stderr, stdout};

const NAME: &str = "Contoso AD RMS";

/// Creates a share with a protected file, whose key is in Azure, two damaged ones and a plain one, scanned
/// without one of them.
fn bench() -> TempDir {
    let license = license();
    let cut = &license[..600];
    let folder = folder(&[
        ("share/old/cut.xml", cut),
        ("share/new/cut.xml", cut),
        ("share/new/offer.xml", &license),
        ("share/new/plain.tmp", b"x"),
    ]);
    let estate = format!(
        "[[authority]]\nname = \"{NAME}\"\nkind = \"ad-rms\"\n\n[[authority.key]]\nslc_key = \"{}\"\n\
         status = \"imported\"\ntenant = \"6594232e-6968-45f0-9f7e-c711fc49ef58\"\n",
        Server::contoso().key.fingerprint()
    );
    fs::write(folder.path().join("estate.toml"), estate).unwrap();
    rmsight(folder.path(), &["scan", "--quiet", "-i", "i.db", "--exclude", "*.tmp", "share"]);
    folder
}

/// The error code of the damaged files.
fn code(folder: &Path) -> String {
    let done = rmsight(folder, &["check", "i.db", "--estate", "estate.toml", "--json"]);
    let answer: Value = serde_json::from_str(&stdout(&done)).unwrap();
    let reasons = answer["authorities"][0]["reasons"].as_object().unwrap();
    reasons.keys().next().unwrap().clone()
}

fn decision(code: &str, path: &str, more: &str) -> String {
    format!(
        "[[accepted]]\ncode = \"{code}\"\npath = \"{path}\"\nby = \"Ada\"\non = 2026-05-01\n\
         reason = \"gone since 2011\"\n{more}\n"
    )
}

fn decide(folder: &Path, text: &str) {
    fs::write(folder.join("decisions.toml"), text).unwrap();
}

/// Runs a command at a time. Returns its output, its messages and its exit code.
fn run(folder: &Path, command: &str, as_of: &str, more: &[&str]) -> (String, String, i32) {
    let args = [command, "i.db", "--estate", "estate.toml", "--decisions", "decisions.toml"];
    let done = rmsight(folder, &[&args[..], &["--as-of", as_of], more].concat());
    let exit = done.get_output().status.code().unwrap();
    (slashes(&stdout(&done)), stderr(&done), exit)
}

#[test]
fn decisions_accept_only_their_code_below_their_path() {
    let folder = bench();
    let folder = folder.path();
    let code = code(folder);
    let excluded = decision("excluded", ".", "");
    let cases = [
        (decision(&code, "**", "") + &excluded, 0),
        (decision(&code, "old", "") + &decision(&code, "new/cut.xml", "") + &excluded, 0),
        (decision(&code, "old", "") + &excluded, 1),
        (decision(&code, "**", ""), 1),
        (decision(&code, "cut.xml", "") + &excluded, 1),
        (decision(&code, "**", "") + &decision("excluded", "new", ""), 1),
        (decision("permission-denied", "**", "") + &excluded, 1),
    ];
    for (text, exit) in cases {
        decide(folder, &text);
        let check = run(folder, "check", "2026-06-01", &[]);
        assert_eq!(check.2, exit, "{text}\n{}\n{}", check.0, check.1);
        let report = run(folder, "report", "2026-06-01", &[]);
        assert_eq!(report.2, exit, "{text}\n{}", report.0);
    }
    decide(folder, &(decision(&code, "**", "ticket = \"T-1\"") + &excluded));
    let (text, messages, _) = run(folder, "check", "2026-06-01", &[]);
    assert!(text.contains("by Ada on 2026-05-01: gone since 2011 (T-1)"), "{text}");
    assert_eq!(messages, "");
    let (text, ..) = run(folder, "report", "2026-06-01", &[]);
    assert!(text.contains("Accepted, and named in the sign-off: 2 findings"), "{text}");
    assert!(text.contains(&format!("{code} below **: 2 findings, 0 gaps")), "{text}");
    assert!(text.contains("excluded below .: 0 findings, 1 gap"), "{text}");
}

#[test]
fn a_decision_never_accepts_a_finding_whose_key_is_known() {
    let folder = bench();
    let folder = folder.path();
    let code = code(folder);
    decide(folder, &(decision(&code, "**", "") + &decision("excluded", "**", "")));
    assert_eq!(run(folder, "check", "2026-06-01", &[]).2, 0);
    let estate = fs::read_to_string(folder.join("estate.toml")).unwrap();
    for status in ["active", "?"] {
        let text = estate.replace("imported", status);
        let text: String = text
            .lines()
            .filter(|line| !line.starts_with("tenant"))
            .fold(String::new(), |text, line| text + line + "\n");
        fs::write(folder.join("estate.toml"), text).unwrap();
        let (text, _, exit) = run(folder, "check", "2026-06-01", &[]);
        assert_eq!(exit, 1, "{status}: {text}");
        let (text, ..) = run(folder, "report", "2026-06-01", &[]);
        assert!(text.contains("No. 1 finding") || text.contains("Not yet."), "{status}: {text}");
    }
}

#[test]
fn expired_future_and_unmatched_decisions_are_told_and_do_not_count() {
    let folder = bench();
    let folder = folder.path();
    let code = code(folder);
    let until = decision(&code, "**", "until = 2026-06-30");
    let text = until + &decision("excluded", "**", "") + &decision("hung", "nowhere", "");
    decide(folder, &text);
    let cases = [
        ("2026-04-30", 1, "which is later than this answer"),
        ("2026-05-01", 0, "line 15: hung below nowhere: no gap or finding matches it"),
        ("2026-06-30T23:59:59Z", 0, "no gap or finding matches it"),
        ("2026-07-01", 1, "it ended on 2026-06-30, so it does not count"),
    ];
    for (as_of, exit, message) in cases {
        let (text, messages, found) = run(folder, "check", as_of, &[]);
        assert_eq!(found, exit, "{as_of}: {text}");
        assert!(messages.contains(message), "{as_of}: {messages}");
        let hint = "a path is in full or relative to a root: `nowhere` is ";
        assert_eq!(messages.contains(hint), messages.contains("matches it"), "{messages}");
        let (text, messages, found) = run(folder, "report", as_of, &[]);
        assert_eq!(found, exit, "{as_of}: {text}");
        let message = message.trim_start_matches("line 15: hung below nowhere: ");
        assert!(messages.contains(message) && text.contains(message), "{as_of}: {messages}");
    }
}

#[test]
fn all_mistakes_of_a_decisions_file_are_listed_with_lines() {
    let folder = bench();
    let folder = folder.path();
    decide(folder, "[[accepted]]\ncode = \"bogus\"\npath = \"**\"\non = 2026-05-01\nwhy = \"x\"\n");
    for command in ["check", "report"] {
        let (_, messages, exit) = run(folder, command, "2026-06-01", &[]);
        assert_eq!(exit, 2, "{messages}");
        for part in [
            "line 1: `by` is missing",
            "line 1: `reason` is missing",
            "line 2: `code`: there is no gap of that name",
            "line 5: there is no field `why` here",
            "it has 4 mistakes",
        ] {
            assert!(messages.contains(part), "{part}: {messages}");
        }
    }
    // PowerShell writes UTF-16, and editors on Windows a byte order mark.
    let text = format!("\u{feff}{}", decision("excluded", "**", ""));
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [text.into_bytes(), utf16] {
        fs::write(folder.join("decisions.toml"), bytes).unwrap();
        assert_eq!(run(folder, "check", "2026-06-01", &[]).2, 1);
    }
}

#[test]
fn an_unchecked_signature_is_accepted_for_a_path() {
    let license = license();
    let folder = folder(&[("share/a/x.xml", &license), ("share/b/y.xml", &license)]);
    let estate = bench();
    let folder = folder.path();
    fs::copy(estate.path().join("estate.toml"), folder.join("estate.toml")).unwrap();
    rmsight(folder, &["scan", "--quiet", "--no-verify", "-i", "i.db", "share"]);
    for (path, exit) in [("**", 0), ("a", 1), ("nowhere", 1)] {
        decide(folder, &decision("unverified", path, ""));
        for command in ["check", "report"] {
            let (text, _, found) = run(folder, command, "2026-06-01", &[]);
            assert_eq!(found, exit, "{command} {path}: {text}");
        }
    }
}

/// Several folders could not be listed: one gap, which decisions cover together.
#[test]
#[cfg(unix)]
fn a_gap_about_several_folders_needs_a_decision_for_each() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder(&[("share/a/x.txt", b"x"), ("share/b/y.txt", b"x"), ("share/z.txt", b"x")]);
    let estate = bench();
    let folder = folder.path();
    fs::copy(estate.path().join("estate.toml"), folder.join("estate.toml")).unwrap();
    let closed = |name: &str, mode| {
        fs::set_permissions(folder.join("share").join(name), fs::Permissions::from_mode(mode))
    };
    ["a", "b"].iter().for_each(|name| closed(name, 0).unwrap());
    rmsight(folder, &["scan", "--quiet", "-i", "i.db", "share"]);
    let is_root = fs::read_dir(folder.join("share/a")).is_ok();
    ["a", "b"].iter().for_each(|name| closed(name, 0o755).unwrap());
    if is_root {
        // The administrator reads every folder.
        return;
    }
    let code = "permission-denied";
    let cases = [
        (decision(code, "a", "") + &decision(code, "b", ""), 0),
        (decision(code, "a", ""), 1),
        (decision(code, "**", ""), 0),
    ];
    for (text, exit) in cases {
        decide(folder, &text);
        let (said, _, found) = run(folder, "check", "2026-06-01", &[]);
        assert_eq!(found, exit, "{text}\n{said}");
    }
}

#[test]
fn answers_to_checks_are_shown_in_the_report() {
    let folder = bench();
    let folder = folder.path();
    decide(
        folder,
        "[[answered]]\ncheck = \"cluster-sharepoint\"\nby = \"Grace\"\non = 2026-05-03\n\
         note = \"no farm uses it\"\n",
    );
    let (text, ..) = run(folder, "report", "2026-06-01", &[]);
    assert!(text.contains("Answered by Grace on 2026-05-03: no farm uses it"), "{text}");
    let (page, ..) = run(folder, "report", "2026-06-01", &["--format", "html"]);
    assert!(page.contains("value=\"Grace\"") && page.contains("recorded on 2026-05-03"));
    // An answer that is later than the report is not in it.
    let (text, ..) = run(folder, "report", "2026-05-01", &[]);
    assert!(!text.contains("Grace"), "{text}");
}

#[test]
fn a_redacted_report_names_nobody_who_decided() {
    let folder = bench();
    let folder = folder.path();
    let code = code(folder);
    let decisions = decision(&code, "old/cut.xml", "") + &decision("excluded", ".", "");
    decide(folder, &decisions);
    fs::write(folder.join("key"), "0123456789abcdef0123456789abcdef").unwrap();
    for format in ["text", "html", "json"] {
        let (text, _, exit) =
            run(folder, "report", "2026-06-01", &["--redact", "key", "--format", format]);
        assert_eq!(exit, 1);
        assert!(!text.contains("Ada") && !text.contains("gone since"), "{format}: {text}");
        assert!(!text.contains("old/cut"), "{format}: {text}");
    }
    // The decision about the other file counts, although its path is hashed.
    let (text, ..) = run(folder, "report", "2026-06-01", &["--redact", "key"]);
    assert!(
        text.contains(&format!("{code} below ")) && text.contains(": 1 finding, 0 gaps"),
        "{text}"
    );
}
