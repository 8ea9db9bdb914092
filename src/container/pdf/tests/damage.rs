//! Damaged files: no damage makes a protected file look unprotected, and no input causes a panic.

use proptest::prelude::*;

use super::build::{
    LICENSE, Payload, Pdf, TRAILER, appended_wrapper, compact_wrapper, dictionary, hybrid_wrapper,
    literal, object_stream_wrapper, plain, v1, v1_bare_dictionary, v2, wrapper,
};
use super::{PdfTestSink, read_file, read_file_within};
use crate::kinds::{Anomaly, Protection};
use crate::limits::Limits;

fn protected() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("v1", v1()),
        ("v1, short", v1_bare_dictionary()),
        ("v2", v2()),
        ("wrapper", wrapper(&v2(), Payload::Stored)),
        ("wrapper, compressed", wrapper(&v2(), Payload::Flate)),
        ("compact wrapper", compact_wrapper(&v2(), Payload::Stored)),
        ("compact wrapper, compressed", compact_wrapper(&v2(), Payload::Flate)),
        ("listed wrapper", object_stream_wrapper(&v2(), Payload::Flate, Payload::Stored)),
        ("hybrid wrapper", hybrid_wrapper(&v2(), Payload::Stored)),
        ("appended wrapper", appended_wrapper(&v1())),
    ]
}

/// The length of the header that identifies a PDF, which the tests do not change.
const MAGIC: usize = 5;

fn offset_of(file: &[u8], words: &str) -> usize {
    memchr::memmem::find(file, words.as_bytes()).unwrap_or_else(|| panic!("no {words}"))
}

/// Replaces each byte by each of the values that `ways` returns for it.
fn change_bytes(ways: impl Fn(usize, u8) -> Vec<u8>) {
    let mut hidden = Vec::new();
    for (name, file) in protected() {
        let mut damaged = file.clone();
        for (at, &byte) in file.iter().enumerate().skip(MAGIC) {
            for changed in ways(at, byte) {
                damaged[at] = changed;
                if changed != byte && read_file(&damaged).is_none() {
                    hidden.push(format!(
                        "{name} to {}: {}",
                        changed.escape_ascii(),
                        around(&file, at)
                    ));
                }
            }
            damaged[at] = byte;
        }
    }
    assert!(hidden.is_empty(), "{} {hidden:#?}", hidden.len());
}

fn around(file: &[u8], at: usize) -> String {
    let around = &file[at.saturating_sub(20)..(at + 20).min(file.len())];
    format!("{at} in {}", around.escape_ascii())
}

fn changes(byte: u8) -> [u8; 5] {
    [byte ^ 1, byte ^ 0x20, 0, b'%', b'(']
}

#[test]
fn one_changed_byte_hides_no_protection() {
    change_bytes(|at, byte| match at % 4 {
        0 => vec![changes(byte)[at / 4 % 5]],
        _ => vec![],
    });
}

#[test]
#[ignore = "a minute: every byte in every way"]
fn no_changed_byte_hides_protection() {
    change_bytes(|_, byte| changes(byte).to_vec());
}

/// Cuts, inserts, deletes, repeats and zeroes bytes at each offset for which `is_taken` returns
/// true.
fn change_lengths(is_taken: impl Fn(usize, usize) -> bool) {
    let mut hidden = Vec::new();
    for (name, file) in protected() {
        for at in MAGIC..file.len() {
            let (before, after) = file.split_at(at);
            let run = after.len().min(16);
            let zeroed = |len: usize| {
                let len = len.min(after.len());
                [before, &vec![0; len], &after[len..]].concat()
            };
            let ways: [(&str, &dyn Fn() -> Vec<u8>); 6] = [
                ("cut", &|| before.to_vec()),
                ("inserted", &|| [before, b"A", after].concat()),
                ("deleted", &|| [before, &after[1..]].concat()),
                ("twice", &|| [before, &after[..run], after].concat()),
                ("zeroed", &|| zeroed(4)),
                ("zeroed far", &|| zeroed(16)),
            ];
            for (index, (what, damaged)) in ways.into_iter().enumerate() {
                if is_taken(at, index) && read_file(&damaged()).is_none() {
                    hidden.push(format!("{name} {what}: {}", around(&file, at)));
                }
            }
        }
    }
    assert!(hidden.is_empty(), "{} {hidden:#?}", hidden.len());
}

#[test]
fn cutting_inserting_deleting_and_zeroing_hide_no_protection() {
    change_lengths(|at, way| at % 4 == 0 && at / 4 % 6 == way);
}

#[test]
#[ignore = "a minute: every offset in every way"]
fn no_change_of_length_hides_protection() {
    change_lengths(|_, _| true);
}

/// The result of a file: protection, code, number of licenses, and whether the file was scanned.
type Outcome<'a> = (Option<Protection>, &'a str, usize, bool);

fn outcome(sink: &PdfTestSink) -> Outcome<'_> {
    let searched = sink.anomalies.contains(&Anomaly::XrefRebuilt);
    (sink.protection, sink.code(), sink.licenses.len(), searched)
}

#[test]
fn damage_of_each_structure_has_its_result() {
    let (rms, unknown) = (Some(Protection::Rms), Some(Protection::Unknown));
    let wrapped = || wrapper(&v2(), Payload::Stored);
    let cases: Vec<(&str, Vec<u8>, &str, &str, Outcome<'_>)> = vec![
        ("startxref", v1(), "startxref", "startxrex", (rms, "", 1, true)),
        ("its offset", v1(), "startxref\n", "startxref\n9", (rms, "", 1, true)),
        ("table", v1(), "xref\n0 1", "xrex\n0 1", (rms, "", 1, true)),
        ("count", v1(), "0 1\n0000000000", "0 2\n0000000000", (rms, "", 1, true)),
        ("entry", v1(), "\n6 1\n0", "\n6 1\n1", (rms, "", 1, true)),
        ("trailer", v1(), "trailer\n", "trailex\n", (rms, "malformed-pdf-xref", 1, true)),
        ("its end", v1(), "/Encrypt 6", ">>\nstartxref\n0\n%%EOF\n/Encrypt 6", (rms, "", 1, false)),
        ("its key", v1(), "/Encrypt ", "/Encrypu ", (rms, "", 1, false)),
        (
            "its reference",
            v1(),
            "/Encrypt 6",
            "/Encrypt 4",
            (rms, "malformed-pdf-encrypt", 1, true),
        ),
        ("object header", v1(), "6 0 obj", "7 0 obj", (rms, "malformed-pdf-encrypt", 1, true)),
        (
            "filter",
            v1(),
            "/Filter /Micro",
            "/Fjlter /Micro",
            (rms, "malformed-pdf-encrypt", 1, false),
        ),
        (
            "handler",
            v1(),
            "MicrosoftIRMServices /CF",
            "MicrosoftIRMServicet /CF",
            (rms, "malformed-pdf-encrypt", 1, false),
        ),
        ("license key", v1(), "/PublishingL", "/PublishinhL", (rms, "license-missing", 0, false)),
        ("base64", v1(), "License (", "License (?", (rms, "license-unreadable", 0, false)),
        ("stream type", v2(), "/XRef", "/XRex", (rms, "malformed-pdf-xref", 1, true)),
        ("widths", v2(), "/W[1 4", "/W[1 9", (rms, "", 1, true)),
        ("/AF", wrapped(), "/AF ", "/AG ", (rms, "", 1, false)),
        ("relationship", wrapped(), "/AFRel", "/AGRel", (rms, "", 1, false)),
        ("/EP", wrapped(), "/EP ", "/EQ ", (rms, "", 1, false)),
        ("subtype", wrapped(), "/Subtype /Micro", "/Subtype /Nicro", (rms, "", 1, false)),
        ("/EF", wrapped(), "/EF ", "/EG ", (rms, "license-missing", 0, false)),
        ("/EF /F", wrapped(), "/F 11 ", "/F 99 ", (rms, "license-missing", 0, false)),
        ("/Length", wrapped(), "Length 12 0", "Length 10 0", (rms, "", 1, false)),
        ("no root", plain(), "/Root ", "/Roou ", (unknown, "malformed-pdf-trailer", 0, true)),
        (
            "no catalog",
            plain(),
            "/Catalog /Pages",
            "/Cbtalog /Qages",
            (unknown, "malformed-pdf-catalog", 0, true),
        ),
    ];
    for (name, mut file, from, to, expected) in cases {
        let at = memchr::memmem::rfind(&file, from.as_bytes()).unwrap_or_else(|| panic!("{name}"));
        // The last occurrence is damaged, except for the encryption dictionary.
        let at = if from.starts_with("/Filter") { offset_of(&file, from) } else { at };
        file.splice(at..at + from.len(), to.bytes());
        let sink = read_file(&file);
        assert_eq!(outcome(&sink), expected, "{name}: {:?}", sink.error);
    }
}

#[test]
fn damaged_unprotected_file_is_scanned_to_its_end() {
    let broken = |mut file: Vec<u8>| {
        let at = memchr::memmem::rfind(&file, b"startxref\n").unwrap();
        file.splice(at + 10..at + 11, *b"9");
        read_file(&file)
    };
    let sink = broken(plain());
    assert_eq!(outcome(&sink), (Some(Protection::None), "", 0, true));
    // The same with a marker in an object that is not referenced.
    let mut pdf = Pdf::new();
    pdf.pages().object(9, "(about MicrosoftIRMServices)").table(TRAILER);
    assert_eq!(read_file(&pdf.bytes).protection, Some(Protection::None));
    let sink = broken(pdf.bytes);
    assert_eq!(outcome(&sink), (Some(Protection::Unknown), "malformed-pdf-xref", 0, true));
    // Truncated before its trailer.
    let cut = plain();
    let sink = read_file(&cut[..offset_of(&cut, "xref")].to_vec());
    assert_eq!(outcome(&sink), (Some(Protection::Unknown), "malformed-pdf-xref", 0, true));
}

/// The key of the encryption dictionary and its cross-reference entry are damaged.
#[test]
fn unlisted_object_under_an_unknown_key_is_found() {
    let mut pdf = v1();
    for (from, to) in [("/Encrypt ", "/Encrqpt "), ("\n6 1\n0", "\n9 1\n0")] {
        let at = memchr::memmem::rfind(&pdf, from.as_bytes()).unwrap();
        pdf.splice(at..at + from.len(), to.bytes());
    }
    let sink = read_file(&pdf);
    assert_eq!(sink.protection, Some(Protection::Rms), "{:?}", sink.error);
}

#[test]
fn second_dictionary_hides_no_license() {
    let mut pdf = Pdf::new();
    pdf.pages()
        .object(6, "<< /Filter /Standard /V 4 >>")
        .object(7, dictionary("/MicrosoftIRMVersion 2", &literal(LICENSE.as_bytes())))
        .table(&format!("{TRAILER} /Encrypt 6 0 R /Encrypt 7 0 R"));
    assert_eq!(read_file(&pdf.bytes).licenses.len(), 1);
    // An update without /Encrypt.
    let mut pdf = Pdf::new();
    pdf.bytes = v1();
    let prev = offset_of(&pdf.bytes, "xref\n");
    pdf.object(5, "<<>>").table(&format!("{TRAILER} /Prev {prev}"));
    assert_eq!(read_file(&pdf.bytes).licenses.len(), 1);
}

#[test]
fn damaged_compressed_payload_is_still_rms() {
    let whole = wrapper(&v2(), Payload::Flate);
    let start = offset_of(&whole, "stream\r\n") + 8;
    for at in [start, start + 10, start + 200] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        let sink = read_file(&damaged);
        assert_eq!(sink.protection, Some(Protection::Rms));
        assert!(sink.error.is_some() || sink.licenses.len() == 1);
    }
}

/// A budget that is too small is reported, and a sufficient one changes no result.
#[test]
fn each_spent_budget_is_named() {
    let mut files = protected();
    files.push(("plain", plain()));
    let mut broken = plain();
    let at = offset_of(&broken, "startxref");
    broken[at] = b'x';
    files.push(("searched", broken));
    for (name, file) in files {
        let whole = read_file(&file);
        for (budget, allowed) in Limits::default().entries() {
            let mut amount = 0;
            while amount < allowed.min(4 << 20) {
                let mut limits = Limits::default();
                assert!(limits.set(budget, amount));
                let sink = read_file_within(&file, &limits);
                let what = format!("{name}, {budget} {amount}: {:?}", sink.error);
                if sink.code().is_empty() {
                    assert_eq!(sink.protection, whole.protection, "{what}");
                    assert_eq!(sink.licenses, whole.licenses, "{what}");
                    // A larger budget cannot change a complete report.
                    break;
                }
                assert_eq!(sink.code().strip_prefix("limit-"), Some(budget), "{what}");
                assert_ne!(sink.protection, Some(Protection::None), "{what}");
                amount = amount * 3 / 2 + 1;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
        let file = [b"%PDF-1.7\n".as_slice(), &bytes].concat();
        read_file(&file);
    }

    #[test]
    fn shuffled_structure_never_panics(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "1 0 obj", "endobj", "<<", ">>", "[", "]", "/Type", "/XRef", "/ObjStm", "/Catalog",
                "/Root", "1 0 R", "2 0 R", "/Encrypt", "/Prev", "0", "9", "40", "xref", "trailer",
                "startxref", "stream", "endstream", "/Filter", "/FlateDecode", "/W", "/Index",
                "/Length", "(a)", "<00>", "/AF", "/EF", "/EP", "/MicrosoftIRMServices", "\n", "%",
                "/First", "/N", "/Size", "/Names", "/Kids", "/PublishingLicense", "2 0 obj",
            ]),
            0..200,
        ),
    ) {
        let file = format!("%PDF-1.7\n{}", words.join(" ")).into_bytes();
        read_file(&file);
    }

    #[test]
    fn many_changes_never_panic(
        which in 0_usize..9,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let (_, mut file) = protected().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        read_file(&file);
    }
}
