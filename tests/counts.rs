//! What a file costs, counted: system calls, bytes, allocations. Counts are exact, so that nothing
//! has to be believed of a clock.
//!
//! The only test of its binary: allocations are counted for the whole process, and the harness makes
//! some between two tests.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::indexing_slicing)]

use std::alloc::System;
use std::cell::RefCell;
use std::io;

use rmsight::specimen::{
    Client, Compound, Documents, IrmDocument, IrmKind, LicenseBuilder, Region, Server, Siblings,
    noise, plain_compound,
};
use rmsight::{Depth, Inspector, Protection, ReadAt};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region as Allocations, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Counts reads. Beside them a file costs an open, a question for its size, and a close.
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

/// Files that no format takes for its own, one like the other to a scan.
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

fn a_plain_file_costs_one_read_and_no_memory() {
    let mut inspector = inspector(Depth::Full);
    drop(inspector.inspect(&Counting::new(noise(3, 50_000))));
    for (name, bytes) in plain() {
        let source = Counting::new(bytes.as_slice());
        let region = Allocations::new(ALLOCATOR);
        let report = inspector.inspect(&source).unwrap();
        let change = region.change();
        assert_eq!(report.worst(), Protection::None, "{name}");
        let (reads, read) = source.counts();
        assert!(reads <= 1 && read <= 4096, "{name}: {reads} reads, {read} bytes");
        assert_eq!((change.allocations, change.reallocations), (0, 0), "{name}");
    }
}

fn license(size: usize) -> Vec<u8> {
    let license = LicenseBuilder::client(&Server::contoso(), &Client::windows());
    license.documents(Documents::Eight).size(size).build()
}

fn a_protected_document_costs_its_license_and_eight_kilobytes() {
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
                    // With open, size and close that is seven system calls at most.
                    assert!(reads <= 4, "{what}: {reads} reads");
                    assert!(read <= most + 8192, "{what}: {read} bytes");
                }
            }
        }
    }
}

fn a_gigabyte_costs_no_more_than_what_leads_to_its_license() {
    let document = IrmDocument::new(IrmKind::Ooxml, license(42_000)).payload_hole(1 << 30);
    let tail = [vec![Region::Stream("EncryptedPackage".into())], Compound::sdk_layout()].concat();
    let files = [
        // The DIFAT is a list with one sector for every 8.3 MB, walked where the end is reached.
        ("head", 8, document.compound().build_sparse()),
        ("tail", 12 + 130, document.compound().layout(&tail).build_sparse()),
        (
            "tail, sdk",
            12 + 130,
            document.compound().layout(&tail).siblings(Siblings::RightOnly).build_sparse(),
        ),
    ];
    for (name, most, file) in files {
        let source = Counting::new(file);
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

fn a_protected_document_asks_for_memory_a_bounded_number_of_times() {
    for (depth, most) in [(Depth::Full, 60), (Depth::Head, 50)] {
        let bytes = IrmDocument::new(IrmKind::Ooxml, license(42_000)).payload(100_000).build();
        let mut inspector = inspector(depth);
        drop(inspector.inspect_bytes(&bytes));
        let region = Allocations::new(ALLOCATOR);
        let report = inspector.inspect_bytes(&bytes);
        let change = region.change();
        drop(report);
        let asked = change.allocations + change.reallocations;
        assert!(asked <= most, "{depth}: {asked} allocations");
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

#[test]
fn what_a_file_costs() {
    a_plain_file_costs_one_read_and_no_memory();
    a_protected_document_costs_its_license_and_eight_kilobytes();
    a_gigabyte_costs_no_more_than_what_leads_to_its_license();
    a_protected_document_asks_for_memory_a_bounded_number_of_times();
}
