//! Tests of tape archives.

use crate::container::zip::tests::{found, inspect, protected};
use crate::{Protection, Report};

fn entry(name: &str, kind: u8, data: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    block.extend(data);
    block.resize(block.len().next_multiple_of(512), 0);
    sum(&mut block, 0);
    block
}

fn sum(file: &mut [u8], at: usize) {
    file[at + 148..at + 156].fill(b' ');
    let sum: u32 = file[at..at + 512].iter().map(|byte| u32::from(*byte)).sum();
    file[at + 148..at + 156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn code(report: &Report) -> &'static str {
    report.findings().next().and_then(|own| own.error()).map_or("", |error| error.code().as_str())
}

/// Builds a record of an extended header. Its length contains that of its own digits.
fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let len = (rest + 1..).find(|len| rest + len.to_string().len() == *len).unwrap();
    format!("{len} {key}={value}\n")
}

fn whole() -> Vec<u8> {
    let mail = protected();
    let long = "long/".repeat(40) + "m.rpmsg";
    let mut prefixed = entry("m.rpmsg", b'0', &mail);
    prefixed[345..348].copy_from_slice(b"dir");
    sum(&mut prefixed, 0);
    let record = record("path", &long.replace("long", "pax"));
    [
        entry("dir/", b'5', b""),
        entry("a.txt", b'0', b"text"),
        entry("one.rpmsg", 0, &mail),
        prefixed,
        entry("././@LongLink", b'L', format!("{long}\0").as_bytes()),
        entry("cut", b'0', &mail),
        entry("PaxHeaders/x", b'x', record.as_bytes()),
        entry("cut", b'0', &mail),
    ]
    .concat()
}

#[test]
fn long_names_are_read_and_the_end_is_checked() {
    let long = "long/".repeat(40) + "m.rpmsg";
    let pax = long.replace("long", "pax");
    let expected = ["one.rpmsg", "dir/m.rpmsg", &long, &pax];
    let paddings = [(0, "truncated"), (512, ""), (1024, ""), (10_240, ""), (204_800, "")];
    for (padding, expected_code) in paddings {
        let file = [whole(), vec![0; padding]].concat();
        let report = inspect(&file);
        assert_eq!((found(&report).as_slice(), code(&report)), (&expected[..], expected_code));
    }
    let twice = [whole(), vec![0; 1024], whole()].concat();
    assert_eq!(code(&inspect(&twice)), "archive-not-opened");
    let plain = [entry("a.txt", b'0', b"text"), vec![0; 1024]].concat();
    assert_eq!(inspect(&plain).worst(), Protection::None);
    // A sparse member without stored bytes.
    let hole = [entry("s", b'S', b""), vec![0; 1024]].concat();
    let report = inspect(&hole);
    assert_eq!((report.worst(), report.incomplete()), (Protection::None, None));
}

/// A member with holes: the offset and the bytes of each stored part, and its size.
struct SparseMember {
    parts: Vec<(usize, Vec<u8>)>,
    size: usize,
}

impl SparseMember {
    fn data(&self) -> Vec<u8> {
        self.parts.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
    }

    fn numbers(&self) -> Vec<usize> {
        self.parts.iter().flat_map(|(at, bytes)| [*at, bytes.len()]).collect()
    }

    fn joined(&self, separator: &str) -> String {
        let numbers: Vec<String> = self.numbers().iter().map(usize::to_string).collect();
        numbers.join(separator)
    }

    /// Old GNU format: four entries in the header, the others in blocks after it.
    fn old(&self) -> Vec<u8> {
        let file = entry("s.tar", b'S', &self.data());
        let (header, data) = file.split_at(512);
        let mut header = header.to_vec();
        let octal = |number: usize| format!("{number:011o}\0").into_bytes();
        let entries: Vec<u8> = self.numbers().into_iter().flat_map(octal).collect();
        let (first, rest) = entries.split_at(entries.len().min(96));
        header[386..386 + first.len()].copy_from_slice(first);
        header[482] = u8::from(!rest.is_empty());
        header[483..495].copy_from_slice(&octal(self.size));
        sum(&mut header, 0);
        let mut blocks = Vec::new();
        for (number, chunk) in rest.chunks(504).enumerate() {
            blocks.extend(chunk);
            blocks.resize((number + 1) * 512, 0);
            blocks[number * 512 + 504] = u8::from(rest.len() > (number + 1) * 504);
        }
        [&header, blocks.as_slice(), data].concat()
    }

    fn with_records(&self, records: &[(&str, String)], data: &[u8]) -> Vec<u8> {
        let text: String = records
            .iter()
            .map(|(key, value)| record(&format!("GNU.sparse.{key}"), value))
            .collect();
        [entry("x", b'x', text.as_bytes()), entry("GNUSparseFile.1/s.tar", b'0', data)].concat()
    }

    /// Format 0.0: a record for each number.
    fn records(&self) -> Vec<u8> {
        let mut records = vec![("size", self.size.to_string())];
        for (at, bytes) in &self.parts {
            records.extend([("offset", at.to_string()), ("numbytes", bytes.len().to_string())]);
        }
        self.with_records(&records, &self.data())
    }

    /// Format 0.1: one record for all numbers.
    fn map(&self) -> Vec<u8> {
        let name = ("name", "s.tar".to_owned());
        let map = ("map", self.joined(","));
        self.with_records(&[("size", self.size.to_string()), name, map], &self.data())
    }

    /// Format 1.0: the numbers precede the data.
    fn map_in_data(&self) -> Vec<u8> {
        let mut data = format!("{}\n{}\n", self.parts.len(), self.joined("\n")).into_bytes();
        data.resize(data.len().next_multiple_of(512), 0);
        data.extend(self.data());
        let major = ("major", "1".to_owned());
        let name = ("name", "s.tar".to_owned());
        self.with_records(&[major, ("realsize", self.size.to_string()), name], &data)
    }
}

#[test]
fn members_with_holes_are_read_in_each_format() {
    // An archive whose padding is a hole.
    let inner = entry("m.rpmsg", b'0', &protected());
    let (first, second) = inner.split_at(700);
    let few = vec![(0, first.to_vec()), (700, second.to_vec())];
    let many: Vec<(usize, Vec<u8>)> =
        inner.chunks(8).enumerate().map(|(number, part)| (number * 8, part.to_vec())).collect();
    let size = inner.len() + 10_240;
    for parts in [few, many] {
        let member = SparseMember { parts, size };
        let next = entry("next.rpmsg", b'0', &protected());
        let files = [member.old(), member.records(), member.map(), member.map_in_data()];
        for (format, file) in files.into_iter().enumerate() {
            let file = [file, next.clone(), vec![0; 1024]].concat();
            let report = inspect(&file);
            let found = found(&report);
            // The mails of these tests have no license.
            let error = report.incomplete().map(|error| error.code().as_str());
            assert_eq!(error, Some("license-missing"), "format {format}");
            assert!(found[0].ends_with("s.tar!/m.rpmsg"), "format {format}: {found:?}");
            assert_eq!(found[1..], ["next.rpmsg"], "format {format}");
        }
    }
}

#[test]
fn a_map_that_does_not_match_the_data_is_reported() {
    let part = |at: usize, len: usize| (at, vec![b'x'; len]);
    let good = SparseMember { parts: vec![part(0, 600), part(700, 20)], size: 800 };
    let too_long = SparseMember { parts: vec![part(0, 600), part(700, 200)], size: 800 };
    let overlap = SparseMember { parts: vec![part(0, 600), part(500, 20)], size: 800 };
    let unordered = SparseMember { parts: vec![part(700, 20), part(0, 20)], size: 800 };
    for (name, member, expected) in [
        ("good", good, None),
        ("too long", too_long, Some("malformed-tar")),
        ("overlap", overlap, Some("malformed-tar")),
        ("unordered", unordered, Some("malformed-tar")),
    ] {
        let files = [member.old(), member.records(), member.map(), member.map_in_data()];
        for file in files {
            let report = inspect(&[file, vec![0; 1024]].concat());
            let found = report.incomplete().map(|error| error.code().as_str());
            assert_eq!(found, expected, "{name}");
        }
    }
    // The map lists fewer bytes than the archive stores.
    let mut cut = SparseMember { parts: vec![part(0, 600)], size: 800 }.records();
    let at = memchr::memmem::find(&cut, b"numbytes=600").unwrap();
    cut[at + 9..at + 12].copy_from_slice(b"599");
    let report = inspect(&[cut, vec![0; 1024]].concat());
    assert_eq!(report.incomplete().unwrap().code().as_str(), "malformed-tar");
    // A map without numbers, before the data.
    let text = SparseMember { parts: vec![part(0, 600)], size: 800 };
    let file =
        text.with_records(&[("major", "1".to_owned()), ("realsize", "9".to_owned())], b"text");
    let report = inspect(&[file, vec![0; 1024]].concat());
    assert_eq!(report.incomplete().unwrap().code().as_str(), "malformed-tar");
}

#[test]
fn an_extended_header_that_is_too_long_is_reported() {
    let long = record("comment", &"x".repeat(1 << 20));
    let member = entry("m.rpmsg", b'0', &protected());
    let file = [entry("x", b'x', long.as_bytes()), member, vec![0; 1024]].concat();
    assert_eq!(code(&inspect(&file)), "archive-not-opened");
}

#[test]
fn a_program_that_contains_the_magic_is_not_a_tape_archive() {
    let mut program = b"\x7fELF\x02\x01\x01".to_vec();
    program.resize(400, 0);
    program.extend(b"ustar  \0");
    program.resize(2_000, 7);
    assert_eq!(inspect(&program).worst(), Protection::None);
}

#[test]
fn members_beyond_one_batch_are_found() {
    let mail = protected();
    let file: Vec<u8> = (0..200).flat_map(|n| entry(&format!("{n}"), b'0', &mail)).collect();
    assert_eq!(found(&inspect(&file)).len(), 200);
}

/// Builds the same entry in the format of Unix V7.
fn v7(mut file: Vec<u8>) -> Vec<u8> {
    file[257..512].fill(0);
    file[100..124].copy_from_slice(b"100644 \0     1 \0     1 \0");
    file[136..148].copy_from_slice(b"12403452410 ");
    sum(&mut file, 0);
    file
}

#[test]
fn tar_without_magic_is_read() {
    let mail = protected();
    let pdf = v7(entry("a.pdf", 0, b"%PDF-1.7\n%%EOF\n"));
    let program = v7(entry("MZ.txt", 0, b"text"));
    for first in [pdf, program] {
        let file = [first, v7(entry("m.rpmsg", 0, &mail)), vec![0; 1024]].concat();
        assert_eq!(found(&inspect(&file)), ["m.rpmsg"]);
    }
    // The sum of signed bytes.
    let mut signed = v7(entry("\u{e9}.rpmsg", 0, &mail));
    let bytes = signed[..512].iter().enumerate();
    let sum: i32 = bytes
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { i32::from(*byte as i8) })
        .sum();
    signed[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert_eq!(found(&inspect(&[signed, vec![0; 1024]].concat())).len(), 1);
}

#[test]
fn tar_with_damaged_header_without_magic_is_reported() {
    let file = [v7(entry("m.rpmsg", 0, &protected())), vec![0; 1024]].concat();
    for at in 0..156 {
        for len in [1, 4, 16] {
            let mut damaged = file.clone();
            damaged[at..(at + len).min(156)].fill(b'~');
            let report = inspect(&damaged);
            assert_ne!(report.worst(), Protection::None, "{len} bytes at {at}");
        }
    }
    let moved = [&file[..400], &[0], &file[400..]].concat();
    // After a zero byte the archive is still recognized.
    assert_eq!(inspect(&moved).worst(), Protection::Rms);
    let other = [v7(entry("m.bin", 0, &protected())), vec![0; 1024]].concat();
    let moved = [&other[..400], &[0], &other[400..]].concat();
    assert_eq!(code(&inspect(&moved)), "malformed-tar");
}

#[test]
fn tar_with_shifted_first_header_is_reported() {
    let member = entry("a.docx", b'0', &[b'x'; 600]);
    let file = [member, entry("m.bin", b'0', &protected()), vec![0; 1024]].concat();
    for at in [0, 1, 10, 99, 120, 200, 240] {
        let (before, after) = file.split_at(at);
        let ways = [
            [before, &after[1..]].concat(),
            [before, &after[16..]].concat(),
            [before, b"A", after].concat(),
            [before, &[b'A'; 16], after].concat(),
            [before, &[b'A'; 512], after].concat(),
        ];
        for (way, damaged) in ways.iter().enumerate() {
            let report = inspect(damaged);
            assert_ne!(report.worst(), Protection::None, "way {way} at {at}");
        }
    }
    let text = [b"tar writes ustar\x0000 or ustar  \0 there. ".as_slice(), &[b'x'; 600]].concat();
    assert_eq!(inspect(&text).worst(), Protection::None);
}

#[test]
fn damaged_tar_header_is_reported() {
    let file = [entry("m.rpmsg", b'0', &protected()), vec![0; 1024]].concat();
    let cases = [("name", 0), ("size", 130), ("chksum", 150), ("type", 156), ("prefix", 345)];
    for (field, at) in cases {
        let mut damaged = file.clone();
        damaged[at] ^= 0x41;
        let report = inspect(&damaged);
        assert_eq!(code(&report), "malformed-tar", "{field}");
        assert_eq!(report.incomplete().unwrap().offset(), Some(0), "{field}");
    }
    let two = [entry("a.txt", b'0', &[b'x'; 3000]), file.clone()].concat();
    for cut in [1000, 3000, 3512, 4100] {
        let report = inspect(&two[..cut]);
        let own = report.findings().next().and_then(|own| own.error()).unwrap();
        let error = (own.code().as_str(), own.offset());
        assert_eq!(error, ("truncated", Some(cut as u64)), "cut at {cut}");
    }
    // The file ends after the first member; the second member is missing.
    let ordinary = [v7(entry("a.txt", 0, b"text")), v7(file.clone()), vec![0; 1024]].concat();
    for first in [&two[..3584], &ordinary[..1024]] {
        let report = inspect(first);
        let own = report.findings().next().and_then(|own| own.error()).unwrap();
        assert_eq!((own.code().as_str(), own.offset()), ("truncated", Some(first.len() as u64)));
    }
    for cut in [300, 700, 1000] {
        assert_ne!(inspect(&file[..cut]).worst(), Protection::None, "cut at {cut}");
    }
}
