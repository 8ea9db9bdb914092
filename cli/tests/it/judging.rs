//! Stored records, judged again.

use std::fs;

use rmsight_specimen::Server;

use super::{folder, license, records, rmsight, scan, stderr, stdout};

#[test]
fn records_judged_with_the_same_knowledge_are_the_same() {
    let license = license();
    let folder = folder(&[
        ("offer.xml", &license),
        ("cut.xml", &license[..600]),
        ("plain.txt", b"x"),
        ("zero", b""),
    ]);
    let done = rmsight(
        folder.path(),
        &["scan", "--format", "ndjson", "-j", "1", "--verify", "--source", "fs1", ".", "missing"],
    );
    let before = stdout(&done);
    let store = folder.path().join("store.ndjson");
    fs::write(&store, &before).unwrap();
    // No file is opened: all of them were deleted.
    for name in ["offer.xml", "cut.xml", "plain.txt", "zero"] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    let done = rmsight(folder.path(), &["judge", "--format", "ndjson", "store.ndjson"]).code(1);
    assert_eq!(stdout(&done), before);
    assert_eq!(records(&done)[0]["source"], "fs1");
    let text = stdout(&rmsight(folder.path(), &["judge", "store.ndjson"]).code(1));
    assert!(text.contains("Judged 5 stored records."), "{text}");
}

#[test]
fn names_and_paths_are_redacted() {
    let license = license();
    let folder = folder(&[("adas/offer.xml", &license), ("key", b"0123456789abcdef\n")]);
    let (open, _) = scan(folder.path(), &["adas"]);
    let (redacted, _) = scan(folder.path(), &["--redact", "key", "adas"]);
    let names = ["owner", "issuer_name", "issuer_id", "referral", "path"];
    for column in names {
        let (open, redacted) = (open[0][column].as_str(), redacted[0][column].as_str());
        assert!(open.is_some() && redacted.is_some(), "{column}");
        assert_ne!(open, redacted, "{column}");
    }
    let path = redacted[0]["path"].as_str().unwrap();
    assert!(path.ends_with(".xml") && path.contains('/') && !path.contains("ada"), "{path}");
    for column in ["need", "rule", "confidence", "slc_key", "descriptor_id", "content_id"] {
        assert_eq!(redacted[0][column], open[0][column], "{column}");
    }
    // All commands that output findings agree.
    let dir = folder.path();
    rmsight(dir, &["scan", "--quiet", "-i", "estate.db", "adas"]).success();
    let plain = stdout(&rmsight(dir, &["export", "estate.db"]).success());
    fs::write(dir.join("store.ndjson"), &plain).unwrap();
    let key = ["--redact", "key"];
    let exported = rmsight(dir, &[&["export", "estate.db"], &key[..]].concat()).success();
    let judged = ["judge", "--format", "ndjson", "store.ndjson"];
    let judged = rmsight(dir, &[&judged[..], &key].concat()).code(1);
    assert_eq!(stdout(&judged), stdout(&exported));
    assert_eq!(records(&judged)[0]["owner"], redacted[0]["owner"]);
    let page = ["report", "estate.db", "--format", "html"];
    let page = stdout(&rmsight(dir, &[&page[..], &key].concat()).code(1));
    let text = stdout(&rmsight(dir, &[&["report", "estate.db"], &key[..]].concat()).code(1));
    let name = dir.file_name().unwrap().to_str().unwrap();
    for written in [stdout(&judged), page, text] {
        for word in ["adas", "ada@contoso.com", "offer", name] {
            assert!(!written.contains(word), "{word}: {written}");
        }
    }
    for (args, said) in [
        (&["scan", "--redact", "missing", "adas"][..], "missing"),
        (&["scan", "--redact", "adas/offer.xml", "--paths0", "adas"], "--paths0"),
        (&["export", "estate.db", "--redact", "key", "--paths0"], "--paths0"),
    ] {
        assert!(stderr(&rmsight(dir, args).code(2)).contains(said), "{args:?}");
    }
    fs::write(dir.join("key"), "short\n").unwrap();
    let done = rmsight(dir, &["scan", "--redact", "key", "adas"]).code(2);
    assert!(stderr(&done).contains("16 bytes or more"), "{}", stderr(&done));
}

fn estate(status: &str) -> String {
    let server = Server::contoso();
    format!(
        "[[authority]]\nname = \"Headquarters\"\nkind = \"ad-rms\"\n\n[[authority.key]]\n\
         slc_key = \"{}\"\nstatus = {status}\n",
        server.key.fingerprint()
    )
}

#[test]
fn the_estate_file_decides_verdicts() {
    let license = license();
    let folder = folder(&[("offer.xml", &license)]);
    let path = folder.path().join("estate.toml");
    let done = rmsight(folder.path(), &["scan", "--format", "ndjson", "--verify", "offer.xml"]);
    fs::write(folder.path().join("store.ndjson"), stdout(&done)).unwrap();
    let cases = [
        ("\"active\"", ["yes", "ad-rms", "R04", "high"]),
        ("\"read-only\"\nsince = 2030-01-01", ["yes", "ad-rms", "R04", "high"]),
        (
            "\"imported\"\ntenant = \"6594232e-6968-45f0-9f7e-c711fc49ef58\"",
            ["no", "ad-rms-key-in-azure", "R03", "high"],
        ),
        ("\"foreign\"", ["no", "ad-rms", "R05f", "high"]),
    ];
    for (status, expected) in cases {
        fs::write(&path, estate(status)).unwrap();
        let args = ["judge", "--format", "ndjson", "store.ndjson", "--estate", "estate.toml"];
        // Without an authority that goes away there is no answer.
        let asks_nothing = status == "\"foreign\"";
        let judged = records(&rmsight(folder.path(), &args).code(i32::from(asks_nothing)));
        let found = ["need", "dependency", "rule", "confidence"]
            .map(|name| judged[0][name].as_str().unwrap());
        assert_eq!(found, expected, "{status}");
        assert_eq!(judged[0]["authority"], "Headquarters");
        assert_eq!(judged[0]["key_match"], "key");
        let (scanned, _) =
            scan(folder.path(), &["--verify", "--estate", "estate.toml", "offer.xml"]);
        assert_eq!(scanned, judged, "{status}");
    }
}

#[test]
fn totals_contain_lines_for_the_estate_file() {
    let license = license();
    let folder = folder(&[("offer.xml", &license)]);
    let text = stdout(&rmsight(folder.path(), &["scan", "offer.xml"]).success());
    // The lines are a complete estate file, in which only the status is open.
    let start = text.find("  [[authority]]").unwrap();
    let lines: Vec<&str> = text[start..].lines().collect();
    let end = lines.iter().position(|line| line.contains("status = ")).unwrap();
    let pasted = lines[..=end].join("\n");
    fs::write(folder.path().join("estate.toml"), &pasted).unwrap();
    let done = rmsight(folder.path(), &["scan", "--estate", "estate.toml", "offer.xml"]);
    assert!(stdout(&done).contains("\npossible "), "{}", stdout(&done));
    let pasted = pasted.replace("\"?\"", "\"active\"");
    fs::write(folder.path().join("estate.toml"), pasted).unwrap();
    let done = rmsight(folder.path(), &["scan", "--estate", "estate.toml", "offer.xml"]).success();
    let text = stdout(&done);
    assert!(text.starts_with("NEED ") && text.contains("\nyes "), "{text}");
    assert!(!text.contains("[[authority.key]]"), "{text}");
}

#[test]
fn an_estate_file_is_checked() {
    let good = estate("\"active\"");
    let bad = estate("\"asleep\"");
    let folder =
        folder(&[("good.toml", good.as_bytes()), ("bad.toml", bad.as_bytes()), ("a", b"x")]);
    fs::write(folder.path().join("none.toml"), "").unwrap();
    let done = rmsight(folder.path(), &["estate", "check", "none.toml"]).code(1);
    assert!(stdout(&done).contains("It declares no authority"));
    let done = rmsight(folder.path(), &["estate", "check", "good.toml"]).code(1);
    assert!(stdout(&done).contains("Still to ask"));
    // A date in the future is told.
    fs::write(folder.path().join("later.toml"), estate("\"read-only\"\nsince = 2999-01-01"))
        .unwrap();
    let done = rmsight(folder.path(), &["estate", "check", "later.toml"]).code(1);
    assert!(stdout(&done).contains("The date is in the future"), "{}", stdout(&done));
    assert!(!stdout(&done).contains("Nothing is left"), "{}", stdout(&done));
    for args in
        [&["estate", "check", "bad.toml"] as &[&str], &["scan", "--estate", "bad.toml", "a"]]
    {
        let done = rmsight(folder.path(), args).code(2);
        let said = stderr(&done);
        assert!(said.contains("rmsight: bad.toml: line "), "{said}");
        assert!(stdout(&done).is_empty(), "{args:?}");
    }
}

#[test]
fn the_line_of_the_authority_is_named_for_a_question_that_can_be_settled() {
    let head = "# Keys of\n# Contoso\n\n";
    let other = "[[authority]]\nname = \"Tenant\"\nkind = \"azure-rms\"\nretiring = false\n\n";
    let text = format!("{head}{other}{}", estate("\"active\""));
    let line = text.lines().position(|line| line == "[[authority]]").unwrap();
    let line =
        text.lines().skip(line + 1).position(|line| line == "[[authority]]").unwrap() + line + 2;
    let folder = folder(&[("estate.toml", text.as_bytes())]);
    let said = stdout(&rmsight(folder.path(), &["estate", "check", "estate.toml"]).code(1));
    assert!(said.contains("below the [[authority]] of Headquarters"), "{said}");
    assert!(said.contains(&format!("That is line {line} of estate.toml.")), "{said}");
}
