//! Upper limits for system calls, bytes and allocations of an inspection. Unlike times, these
//! counts are exact.
//!
//! This binary has a single test, because the allocations of the whole process are counted and the
//! test harness allocates between two tests.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::indexing_slicing)]

use std::alloc::System;
use std::cell::RefCell;
use std::io;

use rmsight::{Depth, Inspector, Limits, Protection, ReadAt, SeekSource, detect_bytes};
use rmsight_specimen::{
    Attachment, Client, Compound, Documents, IrmDocument, IrmKind, LicenseBuilder, Method, PdfForm,
    PdfIrm, Region, Server, Siblings, Zip, eml, noise, plain_compound,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region as Allocations, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A source that records its reads. A file also takes one open, one size query and one close.
struct Counting<T> {
    source: T,
    reads: RefCell<Vec<usize>>,
}

impl<T> Counting<T> {
    fn new(source: T) -> Counting<T> {
        Counting { source, reads: RefCell::new(Vec::with_capacity(1024)) }
    }

    fn counts(&self) -> (usize, usize) {
        let reads = self.reads.take();
        (reads.len(), reads.iter().sum())
    }
}

impl<T: ReadAt> ReadAt for Counting<T> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.reads.borrow_mut().push(buf.len());
        self.source.read_at(offset, buf)
    }

    fn size(&self) -> io::Result<u64> {
        self.source.size()
    }
}

fn inspector(depth: Depth) -> Inspector {
    Inspector::builder().depth(depth).keep_licenses(false).build()
}

/// Returns files that no format recognizes.
fn plain() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("prose", b"Nothing in this file is protected. ".repeat(1000)),
        ("lines", b"id;name;value\n1;a;2\n2;b;3\n".repeat(1000)),
        ("fields", b"1: Nothing in this file is protected.\n".repeat(1000)),
        ("utf-16", b"N\0o\0t\0e\0s\0 \0".repeat(1000)),
        ("noise", noise(1, 50_000)),
        ("picture", [b"\x89PNG\r\n\x1A\n".to_vec(), noise(2, 50_000)].concat()),
        ("script", b"#!/bin/sh\nexit 0\n".to_vec()),
        ("one byte", b"x".to_vec()),
        ("empty", Vec::new()),
    ]
}

fn unrecognized_file_takes_one_read_and_no_allocation() {
    let mut inspector = inspector(Depth::Full);
    drop(inspector.inspect(&Counting::new(noise(3, 50_000))));
    for (name, bytes) in plain() {
        let source = Counting::new(bytes.as_slice());
        let region = Allocations::new(ALLOCATOR);
        assert_eq!(inspector.inspect(&source).unwrap().worst(), Protection::None, "{name}");
        let change = region.change();
        assert_eq!((change.allocations, change.reallocations), (0, 0), "without a name, {name}");
        // Without a name, any file can end with an archive.
        let (reads, read) = source.counts();
        assert!(
            reads <= 2 && read <= 2 * 4096,
            "without a name, {name}: {reads} reads, {read} bytes"
        );
        let source = Counting::new(bytes.as_slice());
        let region = Allocations::new(ALLOCATOR);
        let report = inspector.inspect_named(&source, "a.txt").unwrap();
        let change = region.change();
        assert_eq!(report.worst(), Protection::None, "{name}");
        let (reads, read) = source.counts();
        // Binary data can be a disk image or end with an archive, so its end is read too.
        let most = if name == "noise" { 2 } else { 1 };
        let is_little = reads <= most && read <= most * 4096;
        assert!(is_little, "{name}: {reads} reads, {read} bytes");
        assert_eq!((change.allocations, change.reallocations), (0, 0), "{name}");
        let region = Allocations::new(ALLOCATOR);
        let detections = [inspector.detect_bytes(&bytes), detect_bytes(&bytes)];
        let change = region.change();
        assert!(detections.iter().all(|it| it.protection() == Protection::None), "{name}");
        assert_eq!((change.allocations, change.reallocations), (0, 0), "detection, {name}");
    }
}

fn license(size: usize) -> Vec<u8> {
    let license = LicenseBuilder::client(&Server::contoso(), &Client::windows());
    license.documents(Documents::Eight).size(size).build()
}

/// A small document is read whole, by its second request.
fn document_takes_its_license_and_at_most_8_kib() {
    for size in [36_000, 42_000, 47_000] {
        for payload in [8_192, 100_000, 450_000] {
            let license = license(size);
            let len = license.len();
            let document = IrmDocument::new(IrmKind::Ooxml, license).payload(payload);
            for (layout, bytes) in [("office", document.build()), ("sdk", document.build_as_sdk())]
            {
                for (depth, most) in [(Depth::Full, len), (Depth::Head, 8192)] {
                    let source = Counting::new(bytes.as_slice());
                    let report = inspector(depth).inspect(&source).unwrap();
                    assert_eq!(report.worst(), Protection::Rms);
                    let (reads, read) = source.counts();
                    let what = format!("{layout}, {depth}, {size}, {payload}");
                    let is_small = bytes.len() <= 65_536;
                    let (most_reads, most) =
                        if is_small { (2, bytes.len()) } else { (4, most + 8192) };
                    // With open, size and close that is at most seven system calls.
                    assert!(reads <= most_reads, "{what}: {reads} reads");
                    assert!(read <= most, "{what}: {read} bytes");
                }
            }
        }
    }
}

fn small_file_of_any_format_takes_two_reads() {
    let document = || IrmDocument::new(IrmKind::Ooxml, license(36_000)).payload(8_192).build();
    let letter = eml(&[], &[Attachment::new("a.docx", noise(4, 20_000))]);
    let files = [
        ("archive", zip((1..9).map(|n| noise(n, 3_000)), Method::Deflated)),
        ("archive of one document", zip([document()], Method::Deflated)),
        ("PDF", PdfIrm::new(PdfForm::V2Wrapped, license(36_000)).build()),
        ("license", license(36_000)),
        ("mail", letter),
        ("compound file", plain_compound()),
    ];
    for (name, bytes) in files {
        assert!(bytes.len() <= 65_536, "{name}: {} bytes", bytes.len());
        let source = Counting::new(bytes.as_slice());
        drop(inspector(Depth::Full).inspect(&source).unwrap());
        let (reads, read) = source.counts();
        assert!(reads <= 2 && read <= bytes.len(), "{name}: {reads} reads, {read} bytes");
    }
}

fn document_of_a_gigabyte_takes_few_reads_and_little_memory() {
    let document = IrmDocument::new(IrmKind::Ooxml, license(42_000)).payload_hole(1 << 30);
    let tail = [vec![Region::Stream("EncryptedPackage".into())], Compound::sdk_layout()].concat();
    let files = [
        // The DIFAT is a list with one sector for each 8.3 MB, read up to the end of the file.
        ("head", 8, document.compound().build_sparse()),
        ("tail", 12 + 130, document.compound().layout(&tail).build_sparse()),
        (
            "tail, sdk",
            12 + 130,
            document.compound().layout(&tail).siblings(Siblings::RightOnly).build_sparse(),
        ),
    ];
    for (name, most, file) in files {
        let source = Counting::new(SeekSource::new(file.reader()).unwrap());
        let mut inspector = inspector(Depth::Full);
        let region = Allocations::new(ALLOCATOR);
        let report = inspector.inspect(&source).unwrap();
        let change = region.change();
        assert_eq!(report.worst(), Protection::Rms, "{name}");
        let (reads, _) = source.counts();
        assert!(reads <= most, "{name}: {reads} reads");
        assert!(change.bytes_allocated < 4 << 20, "{name}: {} bytes", change.bytes_allocated);
    }
}

fn document_takes_a_bounded_number_of_allocations() {
    for (depth, verify, most) in
        [(Depth::Full, false, 60), (Depth::Full, true, 100), (Depth::Head, false, 50)]
    {
        let bytes = IrmDocument::new(IrmKind::Ooxml, license(42_000)).payload(100_000).build();
        let builder = Inspector::builder().depth(depth).keep_licenses(false);
        #[cfg(feature = "verify")]
        let builder = builder.verify(verify);
        // Without the feature nothing is verified, which takes fewer allocations.
        _ = verify;
        let mut inspector = builder.build();
        drop(inspector.inspect_bytes(&bytes));
        let region = Allocations::new(ALLOCATOR);
        let report = inspector.inspect_bytes(&bytes);
        let change = region.change();
        drop(report);
        let asked = change.allocations + change.reallocations;
        assert!(asked <= most, "{depth}, verify {verify}: {asked} allocations");
    }
    let bytes = plain_compound();
    let mut inspector = inspector(Depth::Full);
    drop(inspector.inspect_bytes(&bytes));
    let region = Allocations::new(ALLOCATOR);
    let report = inspector.inspect_bytes(&bytes);
    let change = region.change();
    drop(report);
    assert!(change.allocations <= 20, "{} allocations", change.allocations);
}

/// Builds signed data (RFC 5652) whose octet string has pieces of one byte (X.690, 8.7).
fn in_pieces(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02\xA0\x80\x30\x80".to_vec();
    out.extend(
        b"\x02\x01\x01\x31\x00\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01\xA0\x80\x24\x80",
    );
    out.extend(bytes.iter().flat_map(|byte| [4, 1, *byte]));
    out.extend([0; 14]);
    out
}

fn zip(members: impl IntoIterator<Item = Vec<u8>>, method: Method) -> Vec<u8> {
    let members = members.into_iter().enumerate();
    members.fold(Zip::new(), |zip, (n, bytes)| zip.member(&format!("{n}"), bytes, method)).build()
}

/// Returns the work in steps of about 20 ns, from reads, bytes and allocations, and the error
/// codes.
fn work(bytes: &[u8], limits: &Limits) -> (u64, Vec<String>) {
    let mut inspector = Inspector::builder().limits(limits.clone()).build();
    let source = Counting::new(bytes);
    let region = Allocations::new(ALLOCATOR);
    let report = inspector.inspect(&source).unwrap();
    let change = region.change();
    let (reads, read) = source.counts();
    let asked = change.allocations + change.reallocations;
    let steps = reads * 50 + read / 64 + asked * 4 + change.bytes_allocated / 256;
    let codes = report.findings().filter_map(|finding| finding.facts().error_code.clone());
    (steps as u64, codes.map(|code| code.into_owned()).collect())
}

/// Name, amount, maximum number of steps for each unit, and an input that exceeds the budget.
type Spent = (&'static str, u64, u64, Vec<u8>);

fn spent() -> Vec<Spent> {
    let mail =
        |body: &str| format!("From a@b Mon Jan  1 10:10:10 2024\nFrom: a\nTo: b\n\n{body}\n");
    let mailbox = || mail("x").repeat(40_000).into_bytes();
    let document = || IrmDocument::new(IrmKind::Ooxml, license(42_000)).payload(20_000).build();
    let chain = || LicenseBuilder::client(&Server::contoso(), &Client::windows()).build();
    let letter = || b"From: a\nTo: b\n\nx\n".to_vec();
    let parts: Vec<_> = (0..100).map(|_| Attachment::new("a.txt", b"text".to_vec())).collect();
    let pdf = PdfIrm::new(PdfForm::V2Wrapped, license(42_000)).build();
    let nested = zip([zip([document()], Method::Stored)], Method::Stored);
    let packed = || zip([mailbox()], Method::Deflated);
    vec![
        ("bytes-read", 100_000, 1, mailbox()),
        ("allocation", 1_000_000, 1, in_pieces(&mailbox()[..200_000])),
        ("inflated", 100_000, 2, packed()),
        ("inflated-total", 100_000, 2, packed()),
        // The ratio applies after 1 MB of output.
        ("ratio", 5, 300_000, packed()),
        ("license-bytes", 5_000, 1, chain()),
        ("licenses", 3, 10_000, zip((0..9).map(|_| document()), Method::Stored)),
        ("chain-length", 1, 10_000, chain()),
        ("xml-depth", 3, 10_000, chain()),
        ("attributes", 1, 10_000, chain()),
        ("directory-entries", 4, 1_000, document()),
        ("chain-sectors", 2, 1_000, document()),
        ("members", 100, 1_000, zip((0..500).map(|_| letter()), Method::Stored)),
        ("member-size", 1_000, 1, zip([document()], Method::Stored)),
        ("findings", 3, 10_000, zip((0..9).map(|_| document()), Method::Stored)),
        ("nesting", 1, 1_000, nested),
        ("mail-parts", 10, 1_000, eml(&[], &parts)),
        ("pdf-objects", 3, 10_000, pdf),
        ("spool", 10_000, 1, zip([document()], Method::Deflated)),
        ("steps", 100_000, 3, mailbox()),
        // The bytes of the file are charged as steps too, about twice as many.
        ("steps-total", 100_000, 9, packed()),
    ]
}

/// A budget bounds the time of an inspection only if each of its units stands for little work.
fn unit_of_each_budget_is_little_work() {
    let all: Vec<_> = Limits::default().entries().map(|(name, _)| name).collect();
    assert_eq!(spent().iter().map(|(name, ..)| *name).collect::<Vec<_>>(), all);
    let mut wrong = Vec::new();
    for (name, amount, unit, bytes) in spent() {
        let mut limits = Limits::default();
        assert!(limits.set(name, amount));
        let (steps, codes) = work(&bytes, &limits);
        println!("{name} of {amount}: {steps} steps, {} bytes, {codes:?}", bytes.len());
        if !codes.contains(&format!("limit-{name}")) || steps > 10_000 + unit * amount {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn inspection_stays_within_the_counts() {
    unrecognized_file_takes_one_read_and_no_allocation();
    document_takes_its_license_and_at_most_8_kib();
    small_file_of_any_format_takes_two_reads();
    document_of_a_gigabyte_takes_few_reads_and_little_memory();
    unit_of_each_budget_is_little_work();
    document_takes_a_bounded_number_of_allocations();
}
