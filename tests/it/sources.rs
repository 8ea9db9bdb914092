//! The facts are the same from any source, however it splits its reads, warm or cold.

use std::io::{self, Cursor, Read};

use rmsight::{Depth, Inspector, Limits, Report};
use rmsight_specimen::{Client, LicenseBuilder, Server};

use crate::differential::below;
use crate::targets::Split;

/// A reader that cannot seek.
struct Pipe<'a>(&'a [u8]);

impl Read for Pipe<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len().min(7);
        self.0.read(&mut buf[..len])
    }
}

pub(crate) fn samples() -> Vec<Vec<u8>> {
    let builder = LicenseBuilder::client(&Server::contoso(), &Client::windows());
    let mut samples = vec![
        Vec::new(),
        b"plain text\n".to_vec(),
        builder.build(),
        builder.clone().size(40_000).encoding(rmsight_specimen::Encoding::Utf16).build(),
    ];
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut paths = Vec::new();
    below(&corpus, &mut paths);
    assert!(paths.len() > 300, "{}", paths.len());
    samples.extend(paths.iter().map(|path| std::fs::read(path).unwrap()));
    samples
}

#[test]
fn every_source_gives_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for depth in [Depth::Head, Depth::Full] {
        let builder = || Inspector::builder().depth(depth);
        let mut warm = builder().build();
        for bytes in samples() {
            let expected: Report = builder().build().inspect_bytes(&bytes);
            assert_eq!(warm.inspect_bytes(&bytes), expected);
            assert_eq!(warm.inspect_seekable(Cursor::new(&bytes)).unwrap(), expected);
            assert_eq!(warm.inspect_reader(Pipe(&bytes)).unwrap(), expected);
            for most in [1, 13, 4095] {
                let source = Split { bytes: &bytes, most };
                assert_eq!(warm.inspect(&source).unwrap(), expected, "{most} bytes a read");
            }
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

/// What lies in memory is not read, and charged as if it were.
#[test]
fn every_source_is_read_up_to_the_same_budget() {
    for bytes in samples() {
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

#[test]
fn a_stream_that_is_too_long_is_read_as_far_as_it_is_held() {
    let license = LicenseBuilder::client(&Server::contoso(), &Client::windows()).build();
    let mut limits = Limits::default();
    limits.spool = license.len() as u64 - 100;
    let mut inspector = Inspector::builder().limits(limits).build();
    let report = inspector.inspect_reader(Pipe(&license)).unwrap();
    assert_ne!(report.worst(), rmsight::Protection::None);
    assert!(report.incomplete().is_some());
}

/// What is remembered of a license changes nothing of what is read of the same one with damage.
#[test]
fn damage_reads_the_same_to_who_knows_what_was_damaged() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/licenses");
    let mut runs = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let build = |depth| Inspector::builder().depth(depth).keep_licenses(false).build();
        for depth in [Depth::Full, Depth::Head] {
            let mut warm = build(depth);
            // So many places of each, whatever its size.
            let step = (bytes.len() / 30).max(1);
            for at in (0..bytes.len()).step_by(step) {
                let (before, after) = bytes.split_at(at);
                let damaged = [
                    [before, &[after[0] ^ 1], &after[1..]].concat(),
                    [before, &after[1..]].concat(),
                    [before, b"<", after].concat(),
                    [before, before, after].concat(),
                ];
                for damaged in damaged {
                    // Of what is damaged nothing may stay, and nothing of it may get lost.
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
