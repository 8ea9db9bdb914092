//! Environment variables, completion scripts and manual pages.

use std::fs;

use rmsight_specimen::{IrmDocument, IrmKind};

use super::{command, folder, license, records, rmsight, stderr, stdout};

#[test]
fn variables_name_the_estate_file_and_the_inventory() {
    let document = IrmDocument::new(IrmKind::Word, license()).build();
    let folder = folder(&[("offer.docx", &document)]);
    let dir = folder.path();
    let run = |args: &[&str]| {
        let mut command = command(dir);
        command.env("RMSIGHT_ESTATE", "estate.toml").env("RMSIGHT_INVENTORY", "all.db");
        command.args(args).assert()
    };
    let lines =
        stdout(&rmsight(dir, &["estate", "learn", "--as", "own", "--name", "HQ", "offer.docx"]));
    let lines = lines.replace("status = \"?\"", "status = \"active\"");
    fs::write(dir.join("estate.toml"), lines).unwrap();
    run(&["scan", "offer.docx"]);
    assert!(dir.join("all.db").exists());
    for args in [
        &["report"][..],
        &["export", "--format", "ndjson"],
        &["judge"],
        &["check"],
        &["estate", "check"],
        &["estate", "init", "--no-input"],
        &["inspect", "offer.docx"],
    ] {
        let done = run(args);
        assert_ne!(done.get_output().status.code(), Some(2), "{args:?}: {}", stderr(&done));
    }
    let need = |done| records(&done)[0]["need"].clone();
    assert_eq!(need(run(&["inspect", "--format", "ndjson", "offer.docx"])), "yes");
    // The command line replaces a variable.
    fs::write(dir.join("empty.toml"), "").unwrap();
    let args = ["inspect", "--format", "ndjson", "--estate", "empty.toml", "offer.docx"];
    assert_eq!(need(run(&args)), "possible");
    // An empty variable counts as not set.
    let mut empty = command(dir);
    empty.env("RMSIGHT_ESTATE", "").args(["inspect", "--format", "ndjson", "offer.docx"]);
    assert_eq!(need(empty.assert()), "possible");
    // Help texts do not depend on the environment.
    let help = stdout(&run(&["check", "--help"]));
    assert!(help.contains("RMSIGHT_ESTATE") && !help.contains("estate.toml]"), "{help}");
}

#[test]
fn completions_and_manual_pages_have_every_command_and_no_hidden_one() {
    let folder = folder(&[]);
    let dir = folder.path();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = stdout(&rmsight(dir, &["completions", shell]).success());
        for name in ["scan", "judge", "estate", "accept-empty"] {
            assert!(script.contains(name), "{shell}: {name}");
        }
        for hidden in ["pst-child", "file-child"] {
            assert!(!script.contains(hidden), "{shell}: {hidden}");
        }
    }
    rmsight(dir, &["man", "--into", "pages"]).success();
    let mut pages: Vec<String> = fs::read_dir(dir.join("pages"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    for name in ["rmsight.1", "rmsight-scan.1", "rmsight-estate-init.1"] {
        assert!(pages.iter().any(|page| page == name), "{name}: {pages:?}");
    }
    assert!(!pages.iter().any(|page| page.contains("pst") || page.contains("help")), "{pages:?}");
    let page = stdout(&rmsight(dir, &["man", "estate", "init"]).success());
    assert_eq!(page, fs::read_to_string(dir.join("pages/rmsight-estate-init.1")).unwrap());
    let page = stdout(&rmsight(dir, &["man", "check"]).success());
    assert!(page.contains("RMSIGHT_ESTATE"), "{page}");
    let said = stderr(&rmsight(dir, &["man", "estat"]).code(2));
    assert!(said.contains("there are: scan, "), "{said}");
    rmsight(dir, &["man", "scan", "deeper"]).code(2);
}
