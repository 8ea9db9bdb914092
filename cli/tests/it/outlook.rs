//! Outlook data files, which a child process reads.

use rmsight_specimen::{
    Attachment, IrmDocument, IrmKind, LicenseBuilder, Method, PstMessage, Server, Zip, pst, rpmsg,
};
#[cfg(feature = "pst")]
use rmsight_specimen::{Client, use_license, zlib};
use serde_json::Value;

use super::{folder, scan};
#[cfg(feature = "pst")]
use super::{records, rmsight};

fn license() -> Vec<u8> {
    LicenseBuilder::server(&Server::contoso()).build()
}

fn document() -> Vec<u8> {
    IrmDocument::new(IrmKind::Ooxml, license()).payload(20_000).build()
}

fn protected_mail() -> Attachment {
    let inside = IrmDocument::new(IrmKind::Message, license()).payload(512).build();
    Attachment::rpmsg(rpmsg(&inside))
}

/// Returns a data file with two protected mails of the same subject, a document in an archive in a
/// mail in a mail, and unprotected items.
fn mailbox() -> Vec<u8> {
    let archive = Zip::new().member("offer.docx", document(), Method::Deflated).build();
    let inner = PstMessage::new("FW: 100%!").attachment(Attachment::new("offer.zip", archive));
    let plain = Attachment::new("readme.txt", b"Nothing is protected here.".to_vec());
    let messages = [
        PstMessage::new("Plain").attachment(plain.clone()),
        PstMessage::new("Secret").attachment(plain).attachment(protected_mail()),
        PstMessage::new("Secret").attachment(protected_mail()),
        PstMessage::new("").attachment(Attachment::new("a.docx", document())),
        PstMessage::new("Outer").embedded(PstMessage::new("Middle").embedded(inner)),
        PstMessage::new("Nothing attached"),
    ];
    pst("Inbox", &messages)
}

/// Returns the paths of the protected members, and the columns of the record of the data file.
fn found(records: &[Value]) -> (Vec<&str>, [&str; 4]) {
    let rms = records.iter().filter(|record| record["protection"] == "rms");
    let paths = rms.map(|record| record["member"].as_str().unwrap_or_default()).collect();
    let own = ["container", "protection", "searched", "error_code"]
        .map(|column| records[0][column].as_str().unwrap_or_default());
    (paths, own)
}

#[cfg(feature = "pst")]
const PATHS: [&str; 4] = [
    "Inbox/Secret!/message.rpmsg",
    "Inbox/Secret!/message.rpmsg#2",
    "Inbox/message#65546!/a.docx",
    "Inbox/Outer!/Middle!/FW: 100%25%21!/offer.zip!/offer.docx",
];

#[cfg(feature = "pst")]
#[test]
fn attachments_of_a_mailbox_are_inspected() {
    let mailbox = mailbox();
    let zipped = Zip::new().member("old/mail.pst", mailbox.clone(), Method::Deflated).build();
    let folder = folder(&[("mail.pst", &mailbox), ("old.zip", &zipped)]);
    let (records, exit) = scan(folder.path(), &["mail.pst"]);
    assert_eq!(found(&records), (PATHS.to_vec(), ["pst", "none", "full", ""]));
    assert_eq!((records.len(), exit), (1 + PATHS.len(), 0));
    let (records, exit) = scan(folder.path(), &["old.zip"]);
    let expected: Vec<String> = PATHS.iter().map(|path| format!("old/mail.pst!/{path}")).collect();
    assert_eq!(found(&records).0, expected);
    assert_eq!(exit, 0);
    let done = rmsight(folder.path(), &["inspect", "--format", "ndjson", "mail.pst"]);
    assert_eq!(found(&self::records(&done)).0, PATHS);
}

/// Adds the named property `DRMLicense` to a message.
#[cfg(feature = "pst")]
fn stored_use_license(issued: &str) -> Vec<u8> {
    zlib(use_license(&Server::contoso(), &Client::windows(), issued).concat().as_bytes())
}

#[cfg(feature = "pst")]
#[test]
fn use_licenses_of_a_mailbox_are_counted() {
    let [older, newer] = ["2016-06-02T08:00", "2018-06-02T08:00"].map(stored_use_license);
    let secret = PstMessage::new("Secret").attachment(protected_mail()).use_license(newer);
    let inner = PstMessage::new("Inner").attachment(protected_mail()).use_license(older.clone());
    let outer = PstMessage::new("Outer").embedded(inner);
    // A small value is stored in the properties of the message, which then has no other node.
    let lost = PstMessage::new("Lost").use_license(older);
    let unreadable = PstMessage::new("Unreadable").use_license(b"small".to_vec());
    let with_mail = pst("Inbox", &[secret.clone(), outer.clone()]);
    let without = pst("Inbox", &[secret, outer, lost.clone()]);
    let (lost, unreadable) = (pst("Inbox", &[lost]), pst("Inbox", &[unreadable]));
    let files = [
        ("with-mail", with_mail, ["pst", "none", "full", ""], Some(2), 2),
        ("one-without", without, ["pst", "unknown", "partial", "license-missing"], Some(3), 2),
        ("alone", lost, ["pst", "rms", "partial", "license-missing"], Some(1), 1),
        ("unreadable", unreadable, ["pst", "unknown", "partial", "malformed-deflate"], None, 0),
    ];
    for (name, bytes, expected, count, protected) in files {
        let folder = folder(&[(name, &bytes)]);
        let (records, _) = scan(folder.path(), &["."]);
        let (paths, own) = found(&records);
        assert_eq!((own, paths.len()), (expected, protected), "{name}");
        assert_eq!(records[0]["use_licenses"].as_u64(), count, "{name}");
        let names_key = |column: &str| records[0][column].is_string();
        assert_eq!(names_key("use_license_key"), count.is_some(), "{name}");
        assert_eq!(names_key("slc_key"), name == "alone", "{name}");
        if name == "one-without" {
            let error = records[0]["error"].as_str().unwrap();
            assert!(error.contains("Inbox/Lost has a use license"), "{error}");
        }
        let (records, _) = scan(folder.path(), &["--quick", "."]);
        assert!(records[0]["use_licenses"].is_null(), "{name}");
    }
}

/// The reported offset locates the damage.
#[cfg(feature = "pst")]
#[test]
fn damage_is_reported_with_its_offset() {
    let mailbox = mailbox();
    let find = |needle: &[u8]| {
        mailbox.windows(needle.len()).position(|window| window == needle).unwrap() as u64
    };
    let document = document();
    let page = |root: usize| u64::from_le_bytes(mailbox[root..root + 8].try_into().unwrap());
    // BREFs of the roots of the node tree and the block tree; the second field is the offset.
    let (nodes, blocks) = (page(0xD8 + 8), page(0xE8 + 8));
    let data = find(&document[..64]);
    let places = [
        ("header", 100, 0),
        ("root of the node tree", nodes + 500, nodes),
        ("root of the block tree", blocks + 500, blocks),
        ("first block of an attachment", data + 100, data),
    ];
    for (what, at, expected) in places {
        let mut damaged = mailbox.clone();
        damaged[at as usize] ^= 0x41;
        let folder = folder(&[("mail.pst", &damaged)]);
        let (records, exit) = scan(folder.path(), &["mail.pst"]);
        let own = &records[0];
        assert_eq!((own["error_code"].as_str(), exit), (Some("malformed-pst"), 1), "{what}: {own}");
        assert_eq!(own["error_offset"].as_u64(), Some(expected), "{what}: {own}");
    }
}

#[cfg(feature = "pst")]
#[test]
fn members_of_a_damaged_data_file_are_found_or_undecided() {
    let mailbox = mailbox();
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    // After the header there are offsets of maps, which are not read.
    let places = (8..564).step_by(7).chain((0x4600..mailbox.len()).step_by(331));
    for at in places {
        let mut damaged = mailbox.clone();
        damaged[at] ^= 0x41;
        files.push((format!("{at:06}"), damaged));
    }
    for cut in [100, 600, 0x4000, 0x4700, mailbox.len() / 2, mailbox.len() - 300] {
        files.push((format!("cut{cut:06}"), mailbox[..cut].to_vec()));
    }
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let folder = folder(&files);
    let (records, _) = scan(folder.path(), &["."]);
    for (name, _) in files {
        let path = format!("./{name}");
        let own: Vec<Value> = records
            .iter()
            .filter(|record| record["path"].as_str() == Some(&path))
            .cloned()
            .collect();
        let (paths, [container, protection, ..]) = found(&own);
        assert_eq!(container, "pst", "{name}");
        // A member that was not read is undecided, but the data file is not.
        let is_undecided = own
            .iter()
            .any(|record| record["protection"] == "unknown" && record["error_code"].is_string());
        // If only a name is damaged, the path differs.
        assert!(is_undecided || paths.len() == PATHS.len(), "{name}: {protection} {paths:?}");
    }
}

#[cfg(feature = "pst")]
#[test]
fn garbage_is_one_undecided_record() {
    let noise = [b"!BDN....SM\x17\0".as_slice(), &rmsight_specimen::noise(1, 5000)].concat();
    let client = [b"!BDN....XX\x17\0".as_slice(), &[0; 600]].concat();
    let large_pages = [b"!BDN....SM\x24\0".as_slice(), &[0; 600]].concat();
    let files: [(&str, &[u8], &str); 4] = [
        ("client", &client, "malformed-pst"),
        ("large-pages", &large_pages, "archive-not-opened"),
        ("noise", &noise, "malformed-pst"),
        ("short", b"!BDN....SM\x17\0", "truncated"),
    ];
    for (name, bytes, code) in files {
        let folder = folder(&[(name, bytes)]);
        let (records, exit) = scan(folder.path(), &["."]);
        assert_eq!(found(&records), (vec![], ["pst", "unknown", "partial", code]), "{name}");
        assert_eq!((records.len(), exit), (1, 1), "{name}");
        assert_eq!(records[0]["dependency"], "undecided", "{name}");
    }
}

/// Findings before the death of the process are kept.
#[cfg(target_os = "linux")]
#[cfg(feature = "pst")]
#[test]
fn a_child_that_exceeds_its_memory_ends_only_its_file() {
    let large = rmsight_specimen::eml(
        &[],
        &[Attachment::new("noise.bin", rmsight_specimen::noise(2, 4 << 20))],
    );
    let mailbox = pst(
        "Inbox",
        &[
            PstMessage::new("Secret").attachment(protected_mail()),
            PstMessage::new("Large").attachment(Attachment::new("large.eml", large)),
        ],
    );
    let folder = folder(&[("a.pst", &mailbox), ("b.docx", &document())]);
    let (records, exit) = scan(folder.path(), &["--pst-memory", "1000000", "."]);
    let (paths, own) = found(&records);
    assert_eq!(own, ["pst", "unknown", "partial", "limit-pst-memory"]);
    assert_eq!(paths, ["Inbox/Secret!/message.rpmsg", ""]);
    assert_eq!(exit, 1);
    let (records, exit) = scan(folder.path(), &["."]);
    assert_eq!((found(&records).1[3], exit), ("", 0));
}

/// A build without the reader reports that, and never reports an empty file.
#[cfg(not(feature = "pst"))]
#[test]
fn a_data_file_is_undecided_without_its_reader() {
    let folder = folder(&[("mail.pst", &mailbox())]);
    let (records, exit) = scan(folder.path(), &["."]);
    assert_eq!(found(&records), (vec![], ["pst", "unknown", "partial", "feature-off"]));
    assert_eq!((records.len(), exit), (1, 1));
}
