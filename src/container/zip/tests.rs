use std::io::Write;

use super::layout;
use crate::{Inspector, Limits, Protection, Report};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;

/// Builds the prefix of a rights-managed mail, which is protected without further content.
pub(crate) fn protected() -> Vec<u8> {
    let blocks = crate::source::tests_blocks(&[b'x'; 5000]);
    [b"\x76\xE8\x04\x60\xC4\x11\xE3\x86".as_slice(), &blocks].concat()
}

/// Member of an archive to build.
pub(crate) struct Put {
    name: Vec<u8>,
    method: u16,
    flags: u16,
    packed: Vec<u8>,
    size: u32,
}

pub(crate) fn stored(name: &str, data: &[u8]) -> Put {
    let size = data.len() as u32;
    Put { name: name.into(), method: 0, flags: 0, packed: data.to_vec(), size }
}

pub(crate) fn deflated_bytes(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn deflated(name: &str, data: &[u8]) -> Put {
    Put { method: 8, packed: deflated_bytes(data), ..stored(name, data) }
}

/// Builds an archive of `members` in this order.
pub(crate) fn archive(members: &[Put]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for put in members {
        let header = out.len() as u32;
        let mut fields = Vec::new();
        fields.extend([20, 0]);
        fields.extend(put.flags.to_le_bytes());
        fields.extend(put.method.to_le_bytes());
        fields.extend([0; 8]);
        fields.extend((put.packed.len() as u32).to_le_bytes());
        fields.extend(put.size.to_le_bytes());
        fields.extend((put.name.len() as u16).to_le_bytes());
        fields.extend([0; 2]);
        out.extend(layout::LOCAL.to_le_bytes());
        out.extend(&fields);
        out.extend(&put.name);
        out.extend(&put.packed);
        directory.extend(layout::CENTRAL.to_le_bytes());
        directory.extend([20, 0]);
        directory.extend(&fields);
        directory.extend([0; 10]);
        directory.extend(header.to_le_bytes());
        directory.extend(&put.name);
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(layout::END.to_le_bytes());
    out.extend([0; 4]);
    out.extend([(members.len() as u16).to_le_bytes(); 2].concat());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

pub(crate) fn inspect(bytes: &[u8]) -> Report {
    Inspector::default().inspect_bytes(bytes)
}

/// Returns the paths of the protected members.
pub(crate) fn found(report: &Report) -> Vec<&str> {
    let findings = report.findings().filter(|f| f.facts().protection == Protection::Rms);
    findings.filter_map(|finding| finding.facts().member.as_deref()).collect()
}

/// Returns container, protection and error code of the file.
fn code(report: &Report) -> &'static str {
    report.findings().next().and_then(|own| own.error()).map_or("", |error| error.code().as_str())
}

#[test]
fn stored_and_deflated_members_are_found() {
    let mail = protected();
    let mut odd = stored("\u{fc}ber", &mail);
    odd.name = b"\x81ber 100%!\x07".to_vec();
    let bytes = archive(&[
        stored("a/message.rpmsg", &mail),
        deflated("a/message.rpmsg", &mail),
        stored("", &mail),
        deflated("", &mail),
        odd,
        stored("a/", b""),
        deflated("readme.txt", b"nothing to see"),
    ]);
    let report = inspect(&bytes);
    let expected =
        ["a/message.rpmsg", "a/message.rpmsg#2", "member#1", "member#2", "über 100%25%21%07"];
    assert_eq!(found(&report), expected);
    let unpacked = inspect(&mail);
    let own = unpacked.findings().next().unwrap();
    for finding in report.findings().skip(1) {
        assert_eq!(finding.container(), own.container());
        assert_eq!(
            finding.error().map(|error| error.code().as_str()),
            own.error().map(|error| error.code().as_str())
        );
    }
}

#[test]
fn unprotected_archive_has_one_record() {
    let bytes = archive(&[stored("a.txt", b"text"), deflated("b.bin", &[7; 70_000])]);
    let report = inspect(&bytes);
    assert_eq!(report.findings().count(), 1);
    assert_eq!(report.worst(), Protection::None);
}

#[test]
fn member_that_cannot_be_opened_has_its_own_record() {
    let mut locked = stored("locked.docx", b"ciphertext");
    locked.flags = layout::ENCRYPTED;
    let mut squeezed = stored("squeezed.docx", b"squeezed");
    squeezed.method = 14;
    let report = inspect(&archive(&[locked, squeezed, stored("7z", b"7z\xBC\xAF\x27\x1C....")]));
    let codes: Vec<_> = report.findings().skip(1).map(|f| f.error().unwrap().code()).collect();
    assert_eq!(codes, ["encrypted-member", "archive-not-opened", "archive-not-opened"]);
    assert_eq!(report.worst(), Protection::Unknown);
}

/// The first bytes of a class file rule it out.
#[test]
fn file_after_the_beginning_of_a_class_file_is_found_where_programs_open_it() {
    let class = [b"\xCA\xFE\xBA\xBE\0\0\0\x34\0\x1D\x0A\0\x06".as_slice(), &noise(1011)].concat();
    let pdf = b"%PDF-1.7\n1 0 obj\n<</Filter/MicrosoftIRMServices>>\nendobj\n".repeat(200);
    for len in [13, 700, 1023, 1024] {
        let member = [&class[..len], &pdf].concat();
        for put in [deflated("A.class", &member), stored("A.class", &member)] {
            let report = Inspector::default().inspect_bytes(&archive(&[put]));
            assert_ne!(report.worst(), Protection::None, "{len}");
        }
    }
    // Under another name, a program may open what follows the fields of a class file.
    for at in [1020, 1032, 2000, 3500] {
        let member =
            [&class[..13], &noise(at - 13), &archive(&[stored("m", &protected())])].concat();
        let report = Inspector::default().inspect_bytes(&archive(&[deflated("data", &member)]));
        assert_eq!(report.worst(), Protection::Rms, "{at}");
    }
    let ordinary = archive(&[deflated("A.class", &[class.as_slice(), &noise(9000)].concat())]);
    assert_eq!(Inspector::default().inspect_bytes(&ordinary).findings().count(), 1);
}

#[test]
fn office_package_is_opened_only_if_deep() {
    let mail = protected();
    for first in ["[Content_Types].xml", "word/document.xml", "custom/part.xml"] {
        let links = "<Relationship Type=\"http://schemas.openxmlformats.org/officeDocument/2006/\
            relationships/officeDocument\" Target=\"word/document.xml\"/>";
        let bytes = archive(&[
            deflated(first, b"<xml/>"),
            deflated("[Content_Types].xml", b"<xml/>"),
            deflated("_rels/.rels", links.as_bytes()),
            deflated("word/embeddings/message.rpmsg", &mail),
        ]);
        let report = inspect(&bytes);
        assert_eq!(report.findings().next().unwrap().container().as_str(), "ooxml", "{first}");
        assert!(found(&report).is_empty(), "{first}");
        let deep = Inspector::builder().deep(true).build().inspect_bytes(&bytes);
        assert_eq!(found(&deep), ["word/embeddings/message.rpmsg"], "{first}");
    }
}

/// Returns the offsets of the end record and of the only central record.
fn places(bytes: &[u8]) -> (usize, usize) {
    let end = bytes.len() - 22;
    let start = u32::from_le_bytes(bytes[end + 16..end + 20].try_into().unwrap());
    (end, start as usize)
}

#[test]
fn damaged_zip_field_never_reads_as_ordinary() {
    let whole = archive(&[deflated("message.rpmsg", &protected())]);
    let (end, central) = places(&whole);
    let fields = [
        ("signature of the local header", 0..4),
        ("method in the local header", 8..10),
        ("size in the local header", 18..22),
        ("name length in the local header", 26..28),
        ("extra length in the local header", 28..30),
        ("first bytes of the member", 43..46),
        ("signature of the record", central..central + 4),
        ("method in the record", central + 10..central + 12),
        ("compressed size in the record", central + 20..central + 24),
        ("size in the record", central + 24..central + 28),
        ("name length in the record", central + 28..central + 30),
        ("extra length in the record", central + 30..central + 32),
        ("offset in the record", central + 42..central + 46),
        ("signature of the end", end..end + 4),
        ("entries in the end", end + 10..end + 12),
        ("size of the directory", end + 12..end + 16),
        ("offset of the directory", end + 16..end + 20),
    ];
    for (field, range) in fields {
        for value in [0, 1, 0x7F, 0xFF] {
            let mut damaged = whole.clone();
            damaged[range.clone()].fill(value);
            let report = inspect(&damaged);
            let still_zip = damaged.starts_with(b"PK\x03\x04");
            assert!(
                !still_zip || !found(&report).is_empty() || report.worst() == Protection::Unknown,
                "{field} filled with {value:#x}: {report:?}"
            );
        }
    }
    for cut in [31, 60, central + 3, end + 3, whole.len() - 1] {
        let report = inspect(&whole[..cut]);
        assert_ne!(report.worst(), Protection::None, "cut at {cut}");
    }
}

#[test]
fn members_are_found_without_a_directory() {
    let mail = protected();
    let whole =
        archive(&[deflated("a.txt", b"text"), stored("m.rpmsg", &mail), deflated("n", &mail)]);
    let (_, central) = places(&whole);
    let report = inspect(&whole[..central]);
    assert_eq!(found(&report), ["m.rpmsg", "n"]);
    assert_eq!(code(&report), "truncated");
}

#[test]
fn archive_with_prefix_or_suffix_is_read() {
    let whole = archive(&[stored("m.rpmsg", &protected())]);
    let program = [b"MZ".repeat(3000).as_slice(), &whole].concat();
    assert_eq!(found(&inspect(&program)), ["m.rpmsg"], "an archive that unpacks itself");
    let mut comment = whole.clone();
    let at = comment.len() - 2;
    comment[at..].copy_from_slice(&2000_u16.to_le_bytes());
    comment.extend(b"PK\x05\x06 is no end".repeat(200).iter().take(2000));
    assert_eq!(found(&inspect(&comment)), ["m.rpmsg"], "a comment with signatures in it");
    let trailing = [whole.as_slice(), &[0; 300]].concat();
    assert_eq!(found(&inspect(&trailing)), ["m.rpmsg"], "bytes after the end");
}

#[test]
fn contradicting_local_header_is_reported() {
    let mut bytes = archive(&[stored("m.txt", b"harmless text, says the directory")]);
    bytes[8] = 8;
    assert_eq!(code(&inspect(&bytes)), "malformed-zip");
    // The data of a stored member follow the name, whose length is damaged.
    let office =
        rmsight_specimen::IrmDocument::new(rmsight_specimen::IrmKind::Ooxml, vec![]).build();
    for len in [0, 5, 7] {
        let mut bytes = archive(&[stored("a.docx", &office)]);
        bytes[26] = len;
        assert_eq!(code(&inspect(&bytes)), "malformed-zip", "{len}");
        let mut bytes = archive(&[stored("folder", b"")]);
        bytes[26] = len;
        assert_eq!(code(&inspect(&bytes)), "malformed-zip", "{len}");
    }
}

#[test]
fn overlapping_members_end_the_archive() {
    let one = archive(&[deflated("m.rpmsg", &protected())]);
    let (end, central) = places(&one);
    let record = &one[central..end];
    let mut bytes = one[..central].to_vec();
    bytes.extend(record.repeat(5000));
    let mut tail = one[end..].to_vec();
    tail[10..12].copy_from_slice(&5000_u16.to_le_bytes());
    tail[12..16].copy_from_slice(&(record.len() as u32 * 5000).to_le_bytes());
    bytes.extend(tail);
    let report = inspect(&bytes);
    assert_eq!(code(&report), "malformed-zip");
    assert!(!found(&report).is_empty());
}

/// Builds nested archives, `width` at each of `layers`, around 1 MB of zeros. With 16 and 5 it is
/// like the file known as 42.zip.
fn bomb(width: usize, layers: usize) -> Vec<u8> {
    let zeros = vec![0; 1 << 20];
    let mut bomb = archive(&(0..width).map(|_| deflated("z", &zeros)).collect::<Vec<_>>());
    for _ in 1..layers {
        let members: Vec<Put> = (0..width).map(|n| deflated(&format!("{n}.zip"), &bomb)).collect();
        bomb = archive(&members);
    }
    bomb
}

#[test]
fn members_beside_a_bomb_are_found() {
    let mail = protected();
    let mut members: Vec<Put> = (0..1500).map(|n| stored(&format!("{n}.rpmsg"), &mail)).collect();
    members.push(deflated("bomb.zip", &bomb(16, 5)));
    members.extend((1500..3000).map(|n| deflated(&format!("{n}.rpmsg"), &mail)));
    let report = inspect(&archive(&members));
    assert_eq!(found(&report).len(), 3000);
    let ended =
        report.findings().filter(|f| f.error().is_some_and(|e| e.code().as_str() == "limit-ratio"));
    let paths: Vec<_> = ended.filter_map(|finding| finding.facts().member.as_deref()).collect();
    assert!(!paths.is_empty() && paths.iter().all(|path| path.starts_with("bomb.zip")));
}

/// Returns the error code of an inspection with these limits.
fn code_within(bytes: &[u8], set: impl FnOnce(&mut Limits)) -> Option<&'static str> {
    let mut limits = Limits::default();
    set(&mut limits);
    let report = Inspector::builder().limits(limits).build().inspect_bytes(bytes);
    report.incomplete().map(|error| error.code().as_str())
}

#[test]
fn bomb_ends_at_the_ratio_limit() {
    let bomb = bomb(16, 5);
    let code = code_within(&bomb, |limits| limits.inflated_total = 128 << 20);
    assert_eq!(code, Some("limit-ratio"));
}

#[test]
fn deep_nesting_ends_at_the_limit() {
    let around = archive(&[stored("a", b"")]);
    let (before, after) = around.split_at(31);
    let mut sizes = vec![protected().len() as u32];
    for _ in 1..10_000 {
        sizes.push(sizes[sizes.len() - 1] + around.len() as u32);
    }
    let mut nest = Vec::new();
    for size in sizes.iter().rev() {
        nest.extend(before);
        let at = nest.len() - 13;
        nest[at..at + 8].copy_from_slice(&[size.to_le_bytes(); 2].concat());
    }
    nest.extend(protected());
    for size in &sizes {
        let at = nest.len();
        nest.extend(after);
        nest[at + 20..at + 28].copy_from_slice(&[size.to_le_bytes(); 2].concat());
        let end = at + after.len() - 22;
        nest[end + 16..end + 20].copy_from_slice(&(31 + size).to_le_bytes());
    }
    let budget = |limits: &mut Limits| (limits.members, limits.bytes_read) = (20, 1 << 20);
    assert_eq!(code_within(&nest, budget), Some("limit-nesting"));
    let report = inspect(&nest);
    let path = report.findings().last().unwrap().facts().member.clone().unwrap();
    assert_eq!(path.split("!/").count() as u64, Limits::default().nesting + 1);
}

#[test]
fn each_directory_entry_takes_few_steps() {
    const ENTRIES: usize = 200_000;
    let one = archive(&[stored("/", b"")]);
    let (end, central) = places(&one);
    let mut bytes = one[..central].to_vec();
    bytes.extend(one[central..end].repeat(ENTRIES));
    let mut tail = one[end..].to_vec();
    tail[10..12].copy_from_slice(&(ENTRIES as u64).to_le_bytes()[..2]);
    tail[12..16].copy_from_slice(&((end - central) as u32 * ENTRIES as u32).to_le_bytes());
    bytes.extend(tail);
    let steps = 4 * ENTRIES as u64;
    let read = 2 * bytes.len() as u64;
    let code = code_within(&bytes, |limits| {
        (limits.steps_total, limits.bytes_read, limits.allocation) = (steps, read, 1 << 20);
    });
    assert_eq!(code, None);
}

#[test]
fn directory_of_another_writer_is_read() {
    let mail = protected();
    let mut bytes = Vec::new();
    let mut writer = rawzip::ZipArchiveWriter::new(&mut bytes);
    for name in ["one.rpmsg", "dir/zwei.rpmsg", "drei \u{fc}.rpmsg"] {
        let method = rawzip::CompressionMethod::DEFLATE;
        let (mut entry, config) = writer.new_file(name).compression_method(method).start().unwrap();
        let encoder = DeflateEncoder::new(&mut entry, Compression::default());
        let mut data = config.wrap(encoder);
        data.write_all(&mail).unwrap();
        let (encoder, descriptor) = data.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    writer.finish().unwrap();
    let archive = rawzip::ZipArchive::from_slice(&bytes).unwrap();
    let names: Vec<String> = archive
        .entries()
        .map(|entry| String::from_utf8_lossy(entry.unwrap().file_path().as_ref()).into_owned())
        .collect();
    assert_eq!(found(&inspect(&bytes)), names);
}

proptest! {
    #[test]
    fn damaged_archives_never_panic(
        changes in prop::collection::vec((0..700_usize, any::<u8>()), 1..8),
        cut in 0..700_usize,
    ) {
        let mut bytes = archive(&[
            stored("m.rpmsg", &protected()),
            deflated("inner.zip", &archive(&[stored("x", b"PK\x03\x04")])),
        ]);
        for (at, value) in changes {
            let len = bytes.len();
            bytes[at % len] = value;
        }
        let _ = inspect(&bytes);
        let _ = inspect(&bytes[..cut.min(bytes.len())]);
    }
}

/// Returns bytes of no known format.
fn noise(len: usize) -> Vec<u8> {
    (0..len as u32)
        .map(|n| (n.wrapping_mul(0x9E37_79B9) >> 13) as u8 | 0x80)
        .map(|byte| byte ^ 0x85)
        .collect()
}

#[test]
fn archive_after_any_prefix_is_found() {
    let zip = archive(&[stored("m.rpmsg", &protected())]);
    let comment = |mut zip: Vec<u8>, len: usize| {
        let at = zip.len() - 2;
        zip[at..].copy_from_slice(&(len as u16).to_le_bytes());
        zip.resize(zip.len() + len, b'.');
        zip
    };
    let prefixes: [(&str, Vec<u8>); 4] = [
        ("5 KB", noise(5000)),
        ("1 MB", noise(1 << 20)),
        ("a script", b"#!/bin/sh\n# unpacks itself\n".repeat(300)),
        ("few bytes", noise(100)),
    ];
    for (name, prefix) in prefixes {
        for zip in [zip.clone(), comment(zip.clone(), 2000)] {
            assert_eq!(found(&inspect(&[&prefix[..], &zip].concat())), ["m.rpmsg"], "{name}");
        }
    }
}

#[test]
fn end_record_without_directory_is_damage() {
    let zip = archive(&[stored("m.rpmsg", &protected())]);
    let end = &zip[zip.len() - 22..];
    let cases: [(&str, Vec<u8>, &str); 5] = [
        ("the end record alone", [&noise(9000), end].concat(), "malformed-zip-end"),
        ("followed by other data", [&noise(9000), end, b"more"].concat(), ""),
        ("no directory", [&noise(100), &zip[..zip.len() - 80]].concat(), "truncated"),
        ("the end record after text", [&b"text\n".repeat(2000), end].concat(), "malformed-zip-end"),
        ("an empty archive", [&noise(9000), &archive(&[])[..]].concat(), ""),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(code(&inspect(&bytes)), expected, "{name}");
    }
}

#[test]
fn volumes_of_split_archive_are_not_opened() {
    let zip = archive(&[stored("m.rpmsg", &protected())]);
    let mut last = zip.clone();
    let end = last.len() - 22;
    last[end + 4] = 1;
    last[end + 6] = 1;
    let first = [b"PK\x07\x08", &zip[..zip.len() - 100]].concat();
    let cases = [
        ("the last one, from a header on", last.clone()),
        ("the last one, from within a member on", [&noise(3000), &last[..]].concat()),
        ("the last one, without a whole member", [&noise(9000), &last[end..]].concat()),
        ("the first one", first),
    ];
    for (name, bytes) in cases {
        assert_eq!(code(&inspect(&bytes)), "archive-not-opened", "{name}");
    }
}

#[test]
fn package_without_main_part_relationship_is_an_archive() {
    let office = "<Relationships><Relationship Type=\"http://schemas.openxmlformats.org/officeDocument/\
        2006/relationships/officeDocument\" Target=\"word/document2.xml\"/></Relationships>";
    let strict = office.replace(
        "schemas.openxmlformats.org/officeDocument/2006",
        "purl.oclc.org/ooxml/officeDocument",
    );
    let other = office.replace("officeDocument\" ", "thing\" ");
    let mail = protected();
    let cases: [(&str, Vec<Put>, bool); 8] = [
        ("relationships", vec![deflated("_rels/.rels", office.as_bytes())], true),
        ("strict", vec![stored("a", b"a"), stored("_rels/.rels", strict.as_bytes())], true),
        ("another type", vec![deflated("_rels/.rels", other.as_bytes())], false),
        ("content types", vec![deflated("[Content_Types].xml", b"<Types/>")], false),
        ("a main part", vec![stored("word/document.xml", b"<w/>")], false),
        (
            "the names of a package",
            vec![
                stored("[Content_Types].xml", b"<Types/>"),
                stored("_rels/.rels", b"<Relationships/>"),
                stored("xl/workbook.xml", b"<x/>"),
            ],
            false,
        ),
        (
            "damaged relationships",
            vec![Put { method: 8, ..stored("_rels/.rels", b"\xFF\xFF") }],
            false,
        ),
        ("nothing of a package", vec![], false),
    ];
    for (name, mut members, is_office) in cases {
        members.push(stored("m.rpmsg", &mail));
        let report = inspect(&archive(&members));
        // The name is not that of a part.
        assert_eq!(found(&report), ["m.rpmsg"], "{name}");
        let container = report.findings().next().unwrap().facts().container.as_str();
        assert_eq!(container, if is_office { "ooxml" } else { "zip" }, "{name}");
    }
}

#[test]
fn folder_with_data_in_local_header_is_damage() {
    let mail = protected();
    let folder = archive(&[stored("a/", b""), stored("p.rpms/", b""), stored("b.txt", b"text")]);
    assert_eq!(code(&inspect(&folder)), "");
    let mut zip = archive(&[stored("p.rpmsg", &mail), stored("b.txt", b"text")]);
    let record = zip.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    zip[record + 20..record + 28].fill(0);
    zip[record + 52] = b'/';
    assert_eq!(code(&inspect(&zip)), "malformed-zip");
}
