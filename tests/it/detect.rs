//! Detection: the answer agrees with the report of an inspection, from every source.

use std::collections::BTreeSet;

use rmsight::{
    Container, Depth, Detection, Estate, Inspector, InspectorBuilder, Need, Protection, Report,
    Searched, detect_bytes, detect_path, detect_reader, judge,
};
use rmsight_specimen::{
    Client, IrmDocument, IrmKind, LicenseBuilder, Method, Server, Zip, plain_compound,
};

use crate::samples::{Pipe, samples};

pub(crate) fn document(server: &Server) -> Vec<u8> {
    let license = LicenseBuilder::client(server, &Client::windows()).build();
    IrmDocument::new(IrmKind::Ooxml, license).build()
}

fn archive(members: &[&[u8]]) -> Vec<u8> {
    let members = members.iter().enumerate();
    let zip = members.fold(Zip::new(), |zip, (n, bytes)| {
        zip.member(&format!("{n}.bin"), bytes.to_vec(), Method::Deflated)
    });
    zip.build()
}

/// Compares a detection with the report about the same bytes.
fn agree(detection: &Detection, report: &Report, context: &str) {
    assert_eq!(detection.protection(), report.worst(), "{context}");
    assert_eq!(detection.is_decided(), detection.protection() != Protection::Unknown, "{context}");
    let keys: BTreeSet<_> = report.findings().map(|finding| finding.facts().slc_key()).collect();
    assert!(keys.contains(&detection.slc_key()), "{context}: {keys:?}");
    match detection.protection() {
        Protection::None => {
            assert_eq!(report.incomplete(), None, "{context}");
            let is_clear = report.findings().all(|finding| {
                finding.facts().protection == Protection::None && finding.is_searched()
            });
            assert!(is_clear, "{context}");
        }
        Protection::Unknown => assert!(detection.error_code().is_some(), "{context}"),
        _ => {}
    }
    if detection.is_searched() {
        assert_eq!(report.incomplete(), None, "{context}");
        let same = report.findings().any(|finding| finding.facts() == detection.facts());
        assert!(same, "{context}: {detection:?}");
    } else {
        assert_ne!(judge(detection.facts(), &Estate::default()).need(), Need::No, "{context}");
    }
}

#[test]
fn detection_agrees_with_the_inspection() {
    for depth in [Depth::Head, Depth::Full] {
        let builder = || Inspector::builder().depth(depth);
        let mut warm = builder().build();
        for (name, bytes) in samples() {
            let report = builder().build().inspect_bytes(&bytes);
            let detection = warm.detect_bytes(&bytes);
            agree(&detection, &report, &name);
            // A stream ends earlier, so its detection is less complete.
            let streamed = warm.detect_reader(Pipe(&bytes)).unwrap();
            agree(&streamed, &report, &name);
            assert_eq!(streamed.container(), detection.container(), "{name}");
            assert_eq!(streamed.slc_key(), detection.slc_key(), "{name}");
        }
    }
}

#[test]
fn every_entry_point_detects_the_same() {
    let bytes = document(&Server::contoso());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.docx");
    std::fs::write(&path, &bytes).unwrap();
    let expected = detect_bytes(&bytes);
    assert_eq!(expected.protection(), Protection::Rms);
    assert_eq!(expected.container(), Container::OoxmlIrm);
    assert_eq!((expected.member(), expected.error_code()), (None, None));
    assert!(expected.slc_key().is_some() && expected.is_searched());
    let mut inspector = Inspector::default();
    assert_eq!(detect_path(&path).unwrap(), expected);
    assert_eq!(inspector.detect_path(&path).unwrap(), expected);
    assert_eq!(inspector.detect(&bytes).unwrap(), expected);
    assert_eq!(inspector.detect_named(&bytes, &path).unwrap(), expected);
    let streamed = detect_reader(bytes.as_slice()).unwrap();
    assert_eq!(streamed.slc_key(), expected.slc_key());
    assert!(detect_path(folder.path().join("missing")).is_err());
}

#[test]
fn member_of_an_archive_decides() {
    let bytes = archive(&[b"prose", &document(&Server::contoso()), b"prose"]);
    let detection = detect_bytes(&bytes);
    assert_eq!(detection.protection(), Protection::Rms);
    assert_eq!((detection.container(), detection.member()), (Container::OoxmlIrm, Some("1.bin")));
    assert!(!detection.is_searched(), "members follow");
    assert_eq!(detection.facts().searched, Searched::Partial);
    assert_eq!(detect_bytes(&archive(&[b"prose"])).protection(), Protection::None);
    let detection = detect_bytes(&archive(&[b"prose", b"Rar!\x1A\x07\0"]));
    assert_eq!(detection.protection(), Protection::Unknown);
    assert_eq!((detection.container(), detection.member()), (Container::Other, Some("1.bin")));
}

/// Another member can need the cluster, so a key in Azure is not the answer for the whole file.
#[test]
fn detection_that_stopped_early_is_never_not_needed() {
    let bytes = archive(&[&document(&Server::azure()), &document(&Server::contoso())]);
    let detection = detect_bytes(&bytes);
    assert_eq!(detection.protection(), Protection::Rms);
    assert_ne!(judge(detection.facts(), &Estate::default()).need(), Need::No);
    let alone = detect_bytes(&document(&Server::azure()));
    assert!(alone.is_searched());
    let verdict = judge(alone.facts(), &Estate::default());
    let report = Inspector::default().inspect_bytes(&document(&Server::azure()));
    assert_eq!(verdict, judge(report.findings().next().unwrap().facts(), &Estate::default()));
}

#[test]
fn file_with_members_that_are_not_opened_is_undecided() {
    let outermost = || Inspector::builder().members(false);
    let cases: [(&str, Vec<u8>, Protection); 6] = [
        ("prose", b"prose".to_vec(), Protection::None),
        ("compound file", plain_compound(), Protection::None),
        ("document", document(&Server::contoso()), Protection::Rms),
        // A member of no known format is not opened, only recognized.
        ("archive of prose", archive(&[b"prose"]), Protection::None),
        ("archive of an archive", archive(&[&archive(&[b"prose"])]), Protection::Unknown),
        ("archive of a document", archive(&[&document(&Server::contoso())]), Protection::Unknown),
    ];
    for (name, bytes, expected) in cases {
        let detection = outermost().build().detect_bytes(&bytes);
        assert_eq!(detection.protection(), expected, "{name}");
        let code = detection.error_code().map(|code| code.as_str());
        let expected = (expected == Protection::Unknown).then_some("limit-members");
        assert_eq!(code, expected, "{name}");
    }
    all_samples_without_members(outermost);
}

/// What is `none` without members is `none` with them.
fn all_samples_without_members(outermost: impl Fn() -> InspectorBuilder) {
    let mut inspector = outermost().build();
    let mut protected = 0;
    for (name, bytes) in samples() {
        let detection = inspector.detect_bytes(&bytes);
        agree(&detection, &outermost().build().inspect_bytes(&bytes), &name);
        if detection.is_decided() {
            assert_eq!(detection.protection(), detect_bytes(&bytes).protection(), "{name}");
        }
        protected += usize::from(detection.protection() == Protection::Rms);
    }
    // Layers, such as the payload of a protected message, are the file itself.
    assert!(protected > 100, "{protected}");
}
