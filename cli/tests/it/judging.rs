//! Stored records, judged again.

use std::fs;

use super::{folder, license, records, rmsight, scan, stdout};

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
    // No file is opened: there is none any more.
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
fn people_can_be_left_out() {
    let license = license();
    let folder = folder(&[("offer.xml", &license)]);
    let (open, _) = scan(folder.path(), &["."]);
    let (redacted, _) = scan(folder.path(), &["--redact", "principals", "."]);
    for column in ["owner", "issuer_name", "issuer_id"] {
        assert_eq!(redacted[0][column], "redacted", "{column}");
        assert_ne!(open[0][column], "redacted", "{column}");
    }
    for column in ["need", "rule", "slc_key", "descriptor_id", "path"] {
        assert_eq!(redacted[0][column], open[0][column], "{column}");
    }
}
