//! A protected file of each container with one damaged field: its report, which never says that no
//! key is needed. The unit tests of PDF and of compound files damage further fields.

use std::sync::LazyLock;

use rmsight::{Inspector, Protection, Report};
use rmsight_specimen::{
    Attachment, CrossReference, IrmDocument, IrmKind, LicenseBuilder, Method, Msg, PdfForm, PdfIrm,
    Pfile, PfileVersion, Server, Zip, cab, eml, gzip, mbox, rar4, rar5, rpmsg, signed,
    signed_in_pieces, tar, tnef,
};

use crate::evasion::needs_no_key;

fn license() -> Vec<u8> {
    static LICENSE: LazyLock<Vec<u8>> =
        LazyLock::new(|| LicenseBuilder::server(&Server::contoso()).build());
    LICENSE.clone()
}

fn document(kind: IrmKind) -> Vec<u8> {
    IrmDocument::new(kind, license()).payload(600).build()
}

fn message() -> Vec<u8> {
    rpmsg(&document(IrmKind::Message))
}

/// The offset of a field.
enum At {
    Byte(usize),
    /// Number of bytes after the beginning of the last occurrence of a text.
    After(&'static [u8], usize),
    /// The last occurrence of a text.
    Text(&'static [u8]),
}
use At::{After, Byte, Text};

fn offset_of(bytes: &[u8], at: &At) -> usize {
    let find = |needle: &[u8]| {
        bytes
            .windows(needle.len())
            .rposition(|window| window == needle)
            .expect("the file contains the text")
    };
    match at {
        Byte(at) => *at,
        After(needle, skip) => find(needle) + skip,
        Text(needle) => find(needle),
    }
}

/// Summarizes a report: error code and offset, anomalies, and the number of licenses.
fn summary(report: &Report) -> String {
    let error = report.incomplete();
    let code = error.map_or("", |error| error.code().as_str());
    let offset = error.and_then(|error| error.offset());
    let found = report.findings().filter(|finding| finding.facts().slc_key().is_some()).count();
    let mut anomalies: Vec<&str> =
        report.findings().flat_map(|f| &f.facts().anomalies).map(|it| it.as_str()).collect();
    anomalies.dedup();
    let offset = offset.map_or(String::new(), |offset| format!("@{offset}"));
    format!("{code}{offset} {} {found}", anomalies.join(","))
}

/// Field, offset, new bytes and expected summary, which omits the offset if layouts differ in it.
type Case = (&'static str, At, Vec<u8>, &'static str);

fn check(what: &str, whole: &[u8], cases: Vec<Case>) {
    let report = Inspector::default().inspect_bytes(whole);
    assert_eq!(report.incomplete(), None, "{what}");
    assert!(!needs_no_key(&report), "{what}");
    let mut wrong = Vec::new();
    for (field, at, with, expected) in cases {
        let mut damaged = whole.to_vec();
        let at = offset_of(&damaged, &at);
        damaged[at..at + with.len()].copy_from_slice(&with);
        let report = Inspector::default().inspect_bytes(&damaged);
        let no_key = if needs_no_key(&report) { "NO KEY " } else { "" };
        let found = format!("{no_key}{}", summary(&report));
        let without_offset = found.split_once('@').map(|(code, rest)| {
            format!("{code}{}", rest.trim_start_matches(|char: char| char.is_ascii_digit()))
        });
        if found != expected && without_offset.as_deref() != Some(expected) {
            wrong.push(format!("{what}, {field}: expected {expected:?}, found {found:?}"));
        }
    }
    for part in 1..8 {
        let report = Inspector::default().inspect_bytes(&whole[..whole.len() * part / 8]);
        if needs_no_key(&report) {
            wrong.push(format!("{what}, cut after {part} of 8 parts, needs no key"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn rpmsg_with_damaged_field_is_not_ordinary() {
    let full = || vec![0xFF; 4];
    let cases = vec![
        ("prefix", Byte(0), vec![0x77], "archive-not-opened@0  0"),
        ("tag of the first block", Byte(8), full(), "malformed-rpmsg@8  0"),
        ("its inflated size", Byte(12), full(), "  1"),
        ("its size", Byte(16), full(), "malformed-deflate@1214  0"),
        ("a size of zero", Byte(16), vec![0; 4], "malformed-rpmsg@8  0"),
        ("zlib header", Byte(20), vec![0xFF; 2], "malformed-deflate@22  0"),
        ("deflated bytes", Byte(22), vec![0xFF; 8], "malformed-deflate@23  0"),
    ];
    check("rpmsg", &message(), cases);
}

#[test]
fn pfile_with_damaged_field_is_not_ordinary() {
    for version in PfileVersion::ALL {
        let file = Pfile::new(version, license());
        let at = file.header_offset();
        let full = || vec![0xFF; 4];
        let cases = vec![
            ("major version", Byte(6), full(), "malformed-pfile-header  0"),
            ("length of the clear text", Byte(14), full(), "truncated  0"),
            ("header length", Byte(at), vec![3, 0, 0, 0], "malformed-pfile-header  0"),
            ("license offset", Byte(at + 12), full(), "truncated non-spec-layout 0"),
            ("license length", Byte(at + 16), full(), "truncated trailing-data,non-spec-layout 1"),
            ("no license", Byte(at + 16), vec![0; 4], "license-missing  0"),
            ("content offset", Byte(at + 20), full(), "truncated  1"),
        ];
        check("pfile", &file.build(), cases);
    }
}

#[test]
fn zip_with_damaged_field_is_not_ordinary() {
    let zip = Zip::new().member("offer.docx", document(IrmKind::Ooxml), Method::Deflated).build();
    let central = b"PK\x01\x02";
    let end = b"PK\x05\x06";
    let full = |len| vec![0xFF; len];
    let cases = vec![
        ("local signature", Byte(1), vec![0x51], "malformed-zip@0 non-spec-layout 0"),
        ("local method", Byte(8), vec![99], "malformed-zip@0  1"),
        ("local sizes", Byte(18), full(8), "malformed-zip@0  1"),
        ("local name length", Byte(26), full(2), "truncated@30  0"),
        ("deflated bytes", Byte(40), full(8), "malformed-deflate@41  0"),
        ("central signature", After(central, 0), full(4), "malformed-zip-end@5788  1"),
        ("flags", After(central, 8), vec![1], "encrypted-member@0  0"),
        ("method", After(central, 10), vec![12], "archive-not-opened@40  0"),
        ("compressed size", After(central, 20), full(4), "malformed-zip@5788  0"),
        ("a smaller size", After(central, 24), vec![7, 0], "malformed-member-size@40  0"),
        ("name length", After(central, 28), full(2), "truncated@5778  0"),
        ("local offset", After(central, 42), full(4), "truncated@4294967295 non-spec-layout 1"),
        ("end signature", After(end, 0), full(4), "truncated@5810  1"),
        ("entries", After(end, 10), vec![7, 0], "malformed-zip@5732  1"),
        ("no entries", After(end, 10), vec![0, 0], "malformed-zip@5788  1"),
        ("size of the directory", After(end, 12), full(4), "malformed-zip-end@5788  1"),
        ("its offset", After(end, 16), full(4), "  1"),
        ("comment length", After(end, 20), full(2), "  1"),
    ];
    check("zip", &zip, cases);
}

#[test]
fn tar_and_gzip_with_damaged_field_is_not_ordinary() {
    let mail = message();
    let file = tar(&[("plain.txt", b"Nothing is protected here."), ("m.rpmsg", &mail)]);
    let cases = vec![
        ("name", Byte(1024), b"x".to_vec(), "malformed-tar@1024  0"),
        ("size", Byte(1024 + 124), b"7".to_vec(), "malformed-tar@1024  0"),
        ("checksum", Byte(1024 + 148), b"7".to_vec(), "malformed-tar@1024  0"),
        ("type", Byte(1024 + 156), b"5".to_vec(), "malformed-tar@1024  0"),
        ("magic", Byte(1024 + 257), b"x".to_vec(), "malformed-tar@1024  0"),
        ("size of the previous member", Byte(124), b"7".to_vec(), "malformed-tar@0  0"),
        ("prefix of the data", Byte(1536), vec![0], "archive-not-opened@1536  0"),
    ];
    check("tar", &file, cases);
    let file = gzip(&mail);
    let cases = vec![
        ("reserved flags", Byte(3), vec![0xE0], "  1"),
        ("optional fields", Byte(3), vec![0x04], "truncated@12  0"),
        ("deflated bytes", Byte(14), vec![0xFF; 8], "malformed-deflate@15  0"),
        ("checksum", Byte(file.len() - 8), vec![0xFF; 4], "malformed-gzip  1"),
        ("size", Byte(file.len() - 4), vec![0xFF; 4], "malformed-gzip  1"),
    ];
    check("gzip", &file, cases);
}

#[test]
fn mail_with_damaged_field_is_not_ordinary() {
    let letter = eml(&[], &[Attachment::rpmsg(message())]);
    let cases = vec![
        (
            "boundary in the header",
            Text(b"boundary=\""),
            b"bounbary".to_vec(),
            "malformed-header@0  0",
        ),
        ("encoding", Text(b"base64"), b"bass64".to_vec(), "  1"),
    ];
    check("eml", &letter, cases);
    let cases = vec![("separator", Byte(0), b"X".to_vec(), "  1")];
    check("mbox", &mbox(&[letter]), cases);
}

#[test]
fn tnef_with_damaged_field_is_not_ordinary() {
    let file = tnef(&[Attachment::rpmsg(message())]);
    let data: &[u8] = b"\x02\x0F\x80\x06\0";
    let rendering: &[u8] = b"\x02\x02\x90\x06\0";
    let cases = vec![
        ("signature", Byte(0), vec![0], "  1"),
        ("level", Byte(6), vec![9], "malformed-tnef@6  0"),
        ("length", Byte(11), vec![0xFF; 4], "truncated@6  0"),
        ("level of an attachment", After(data, 0), vec![3], "malformed-tnef@125  0"),
        ("id of the data", After(data, 1), vec![0], "malformed-tnef  1"),
        ("length of the data", After(data, 5), vec![0xFF; 4], "truncated@125  0"),
        ("id of the rendering data", After(rendering, 1), vec![0], "malformed-tnef  1"),
    ];
    check("tnef", &file, cases);
}

#[test]
fn outlook_item_with_damaged_field_is_not_ordinary() {
    let name = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let file = Msg::new().attachment(Attachment::rpmsg(message())).build();
    let leak = |text: &str| -> &'static [u8] { name(text).leak() };
    let cases = vec![
        ("name of the properties", Text(leak("__properties_version1.0")), name("X"), "  1"),
        (
            "name of the attachment",
            Text(leak("__attach_version1.0_#")),
            name("X"),
            " non-spec-layout 1",
        ),
        ("name of the data", Text(leak("__substg1.0_37010102")), name("X"), "  1"),
        (
            "type of the data",
            After(leak("__substg1.0_37010102"), 66),
            vec![9],
            "malformed-directory@1920  0",
        ),
        (
            "start of the data",
            After(leak("__substg1.0_37010102"), 116),
            vec![0xFF; 3],
            "truncated@8589934592  0",
        ),
        (
            "size of the data",
            After(leak("__substg1.0_37010102"), 120),
            vec![0xFF; 3],
            "truncated@1920  0",
        ),
        ("prefix of the data", Text(b"\x76\xE8\x04\x60"), vec![0], "archive-not-opened@3584  0"),
    ];
    check("msg", &file, cases);
    // The name of this attachment does not say that it is protected.
    let offer = Attachment::new("offer.docx", document(IrmKind::Ooxml));
    let file = Msg::new().attachment(offer).build();
    let data = leak("__substg1.0_37010102");
    let cases = vec![
        ("size of zero", After(data, 120), vec![0; 4], "malformed-directory  0"),
        ("first sector and size of zero", After(data, 116), vec![0; 8], "malformed-directory  0"),
    ];
    check("msg with an ordinary name", &file, cases);
}

/// The name of the attachment does not say that it is protected. A repeated, inserted or swapped
/// sector moves others.
#[test]
fn outlook_item_with_misplaced_sectors_is_not_ordinary() {
    const SECTOR: usize = 512;
    for content in [document(IrmKind::Ooxml), message()] {
        let file = Msg::new().attachment(Attachment::new("offer.bin", content)).build();
        for at in (SECTOR..file.len() - SECTOR).step_by(SECTOR) {
            let (before, after) = file.split_at(at);
            let (sector, following) = after.split_at(SECTOR);
            let (next, rest) = following.split_at(SECTOR);
            let mutations = [
                ("twice", [before, sector, after].concat()),
                ("inserted", [before, &[0; SECTOR], after].concat()),
                ("swapped", [before, next, sector, rest].concat()),
            ];
            for (mutation, damaged) in mutations {
                let report = Inspector::default().inspect_bytes(&damaged);
                assert_ne!(report.worst(), Protection::None, "{mutation} at {at}");
            }
        }
    }
}

/// Writers may omit the data of an attachment from the list of its properties.
#[test]
fn attachment_whose_properties_omit_the_data_is_ordinary() {
    let item = || {
        let picture = Attachment::new("a.bin", b"a picture of no known format".to_vec());
        Msg::new().attachment(picture).build()
    };
    let tag = 0x3701_0102_u32.to_le_bytes();
    let at = offset_of(&item(), &Text(tag.to_vec().leak()));
    let size = 28;
    let cases: [(&str, usize, &[u8], Protection); 5] = [
        ("whole", at, &tag, Protection::None),
        ("another property", at + 2, &[0x02], Protection::None),
        ("no type", at, &[0x77], Protection::Unknown),
        ("another size", at + 8, &[size + 1], Protection::Unknown),
        ("the size", at + 8, &[size], Protection::None),
    ];
    for (what, at, bytes, expected) in cases {
        let mut file = item();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        assert_eq!(Inspector::default().inspect_bytes(&file).worst(), expected, "{what}");
    }
}

#[test]
fn signed_message_with_damaged_content_type_is_not_ordinary() {
    let content = document(IrmKind::Ooxml);
    let of_length = |tag: u8, content: &[u8]| {
        let len = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x84], &len[..], content].concat()
    };
    let file = signed(&content);
    // With a length of four bytes the first eight bytes contain two bytes of the content type.
    let long = of_length(0x30, &file[4..]);
    for file in [&file, &long, &signed_in_pieces(&content, 1000)] {
        let begin = file.windows(4).position(|at| at == &content[..4]).unwrap();
        for at in 8..begin {
            let (before, after) = file.split_at(at);
            let zeroed = |len: usize| [before, &vec![0; len], &after[len..]].concat();
            let damaged = [
                ("a zero", zeroed(1)),
                ("four zeros", zeroed(4)),
                ("16 zeros", zeroed(16)),
                ("an inserted byte", [before, &[0], after].concat()),
                ("a missing byte", [before, &after[1..]].concat()),
                ("a cut", before.to_vec()),
            ];
            for (what, damaged) in damaged.iter().filter(|(_, damaged)| damaged != file) {
                let report = Inspector::default().inspect_bytes(damaged);
                assert!(!needs_no_key(&report), "{what} at {at}");
            }
        }
    }
}

#[test]
fn office_documents_with_damaged_field_is_not_ordinary() {
    for kind in [IrmKind::Ooxml, IrmKind::Word, IrmKind::Xps] {
        let file = document(kind);
        let primary: &'static [u8] =
            "\u{6}Primary".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>().leak();
        let class: &'static [u8] =
            "{C73DFACD".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>().leak();
        let cases = vec![
            ("signature", Byte(0), vec![0], "malformed-header  0"),
            ("sector shift", Byte(30), vec![7], "malformed-header  0"),
            ("first directory sector", Byte(0x30), vec![0xFF, 0xFF, 0xFF, 0], "truncated  0"),
            ("first FAT sector", Byte(0x4C), vec![0xFF, 0xFF, 0xFF, 0], "truncated  0"),
            ("name of the description", Text(primary), vec![7], "license-missing  0"),
            ("class", Text(class), vec![0x7C], "unknown-transform  0"),
            ("length of the class", After(class, 0), vec![0xFF; 1], "unknown-transform  0"),
        ];
        check(kind_name(kind), &file, cases);
    }
}

fn kind_name(kind: IrmKind) -> &'static str {
    match kind {
        IrmKind::Ooxml => "ooxml",
        IrmKind::Word => "binary",
        _ => "xps",
    }
}

#[test]
fn pdf_with_damaged_field_is_not_ordinary() {
    let pdf = PdfIrm::new(PdfForm::V2, license()).build();
    let cases = vec![
        ("header", Byte(1), b"X".to_vec(), "  1"),
        ("startxref", Text(b"startxref"), b"startyref".to_vec(), " xref-rebuilt 1"),
        ("trailer's key", Text(b"/Encrypt "), b"/Encrypu ".to_vec(), "  1"),
        ("handler", Text(b"MicrosoftIRMServices"), b"NicrosoftIRM".to_vec(), "  1"),
        (
            "license",
            Text(b"/PublishingLicense"),
            b"/PublishingLicenze".to_vec(),
            "license-missing@2270  0",
        ),
    ];
    check("pdf", &pdf, cases);
}

/// Only the stream that `/XRefStm` names lists the protected objects.
#[test]
fn hybrid_pdf_with_damaged_field_is_not_ordinary() {
    let (table, hybrid) = (CrossReference::Table, CrossReference::Hybrid);
    let pdf = PdfIrm::new(PdfForm::V2, license()).cross_references(table, hybrid).build();
    let cases = vec![
        ("startxref", Text(b"startxref"), b"startyref".to_vec(), " xref-rebuilt 1"),
        ("xref", Text(b"xref\n0 6"), b"xreg".to_vec(), " xref-rebuilt 1"),
        ("trailer", Text(b"trailer\n"), b"trailor".to_vec(), " xref-rebuilt 1"),
        ("key of the stream", Text(b"/XRefStm"), b"/XRefStn".to_vec(), " xref-rebuilt 1"),
        ("its offset", After(b"/XRefStm ", 9), b"9999".to_vec(), " xref-rebuilt 1"),
        ("its offset, a name", After(b"/XRefStm ", 9), b"/abc".to_vec(), " xref-rebuilt 1"),
        ("type of the stream", Text(b"/Type /XRef"), b"/Type /Xref".to_vec(), " xref-rebuilt 1"),
        ("widths", Text(b"/W [1 4 2]"), b"/W [9 4 2]".to_vec(), " xref-rebuilt 1"),
        ("widths, other", Text(b"/W [1 4 2]"), b"/W [1 2 4]".to_vec(), " xref-rebuilt 1"),
        ("filter", After(b"/W [1 4 2] /Filter ", 19), b"/RunLengthx".to_vec(), " xref-rebuilt 1"),
        ("entries", After(b"/Length 48 >>\nstream\n", 22), vec![0xFF; 8], " xref-rebuilt 1"),
        ("objects", After(b"/Length 133 >>\nstream\n", 23), vec![0xFF; 8], "  1"),
        ("trailer's key", After(b"/Encrypt ", 0), b"/Encrypu ".to_vec(), "  1"),
        ("handler", Text(b"MicrosoftIRMServices"), b"NicrosoftIRM".to_vec(), "  1"),
        (
            "license",
            Text(b"/PublishingLicense"),
            b"/PublishingLicenze".to_vec(),
            "license-missing@2076  0",
        ),
    ];
    check("hybrid pdf", &pdf, cases);
}

/// The library reads only the magic of these archives, so other bytes do not change the report.
#[test]
fn unsupported_archive_with_damaged_content_is_reported() {
    let mail = message();
    let members: [(&str, &[u8]); 1] = [("message.rpmsg", &mail)];
    let archives =
        [("rar 4", rar4(&members), 7), ("rar 5", rar5(&members), 8), ("cab", cab(&members), 8)];
    let check_reported = |what: String, bytes: &[u8]| {
        let report = Inspector::default().inspect_bytes(bytes);
        assert!(!needs_no_key(&report), "{what}");
        assert_eq!(summary(&report), "archive-not-opened@0  0", "{what}");
    };
    for (name, whole, magic) in archives {
        check_reported(name.to_owned(), &whole);
        for at in (magic..whole.len()).take(120) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xFF;
            check_reported(format!("{name}, byte {at}"), &damaged);
            check_reported(format!("{name}, cut at {at}"), &whole[..at]);
        }
    }
}
