//! Reports do not depend on the source, on the size of its reads, or on the state of the caches.

use std::io::Cursor;

use rmsight::{Depth, Inspector, Limits, Report};

use crate::samples::{Pipe, samples};
use crate::targets::Split;

#[test]
fn every_source_yields_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for depth in [Depth::Head, Depth::Full] {
        let builder = || Inspector::builder().depth(depth);
        let mut warm = builder().build();
        for (_, bytes) in samples() {
            let expected: Report = builder().build().inspect_bytes(&bytes);
            assert_eq!(warm.inspect_bytes(&bytes), expected);
            assert_eq!(warm.inspect_seekable(Cursor::new(&bytes)).unwrap(), expected);
            assert_eq!(warm.inspect_reader(Pipe(&bytes)).unwrap(), expected);
            for (first, block) in [(512, 512), (65_536, 512), (1024, 65_536)] {
                let mut other = builder().first_read(first).block(block).build();
                let what = format!("first read {first}, block {block}");
                assert_eq!(other.inspect_bytes(&bytes), expected, "{what}");
            }
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(warm.inspect_path(&path).unwrap(), expected);
        }
    }
}

/// Inspects with reads of 1, 13 and 4095 bytes, and large samples with reads of `least` and 4095.
fn inspect_by_short_reads(depth: Depth, least: usize) {
    let mut inspector = Inspector::builder().depth(depth).build();
    for (name, bytes) in samples() {
        let expected: Report = inspector.inspect_bytes(&bytes);
        // One byte a read takes seconds for large samples.
        let lens = if bytes.len() < 4_000 { &[1, 13, 4095][..] } else { &[least, 4095] };
        for most in lens.iter().copied() {
            let report = inspector.inspect(&Split { bytes: &bytes, most }).unwrap();
            assert_eq!(report, expected, "{name}, {most} bytes a read");
        }
    }
}

#[test]
fn short_reads_yield_the_same_report() {
    inspect_by_short_reads(Depth::Full, 7);
}

/// The other test reads the same structures and more, so this one takes another length.
#[test]
fn short_reads_yield_the_same_report_of_heads() {
    inspect_by_short_reads(Depth::Head, 13);
}

/// Bytes in memory are charged as if they were read.
#[test]
fn every_source_has_the_same_budget() {
    for (_, bytes) in samples() {
        for depth in [Depth::Head, Depth::Full] {
            for budget in [500, 4096, 5000, 8192, 8544, 9192, 13_288, 20_000, 1 << 20] {
                let (mut read, mut held) = (Limits::default(), Limits::default());
                read.bytes_read = budget;
                held.allocation = budget;
                for limits in [read, held] {
                    let inspector =
                        || Inspector::builder().depth(depth).limits(limits.clone()).build();
                    let source = Split { bytes: &bytes, most: usize::MAX };
                    let expected = inspector().inspect(&source).unwrap();
                    assert_eq!(inspector().inspect_bytes(&bytes), expected, "{budget} bytes");
                }
            }
        }
    }
}

/// Inspecting the intact license first must not change the report of a damaged copy.
#[test]
fn warm_caches_do_not_change_the_report_of_damaged_licenses() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/licenses");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut runs = 0;
    for (number, path) in paths.iter().enumerate() {
        let bytes = std::fs::read(path).unwrap();
        let build = |depth| Inspector::builder().depth(depth).keep_licenses(false).build();
        for depth in [Depth::Full, Depth::Head] {
            let mut warm = build(depth);
            // About 10 offsets in each file. The files have the same elements, so the offsets of each
            // file begin at another place between two offsets.
            let step = (bytes.len() / 10).max(1);
            let first = step * number / paths.len();
            for at in (first..bytes.len()).step_by(step) {
                let (before, after) = bytes.split_at(at);
                let damaged = [
                    [before, &[after[0] ^ 1], &after[1..]].concat(),
                    [before, &after[1..]].concat(),
                    [before, b"<", after].concat(),
                    [before, before, after].concat(),
                ];
                for damaged in damaged {
                    // The intact license fills the caches again.
                    warm.inspect_bytes(&bytes);
                    let expected = build(depth).inspect_bytes(&damaged);
                    assert_eq!(warm.inspect_bytes(&damaged), expected, "{at}");
                    runs += 1;
                }
            }
        }
    }
    assert!(runs > 2_000, "{runs}");
}
