//! Throughput of whole inspections from memory: compound file layouts, containers and ordinary files.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rmsight::{Depth, Inspector};
use rmsight_specimen::{
    Client, Documents, IrmDocument, IrmKind, LicenseBuilder, Server, Version, corpus, noise,
};

fn layouts(criterion: &mut Criterion) {
    let license = LicenseBuilder::client(&Server::contoso(), &Client::windows());
    let license = license.documents(Documents::Eight).size(42_000).build();
    let document = IrmDocument::new(IrmKind::Ooxml, license).payload(200_000);
    let files = [
        ("office", document.build()),
        ("sdk", document.build_as_sdk()),
        ("version 4", document.compound().version(Version::Four).build()),
        ("fragmented", document.compound().fragmented().build()),
    ];
    for (depth, of) in [(Depth::Full, "compound, whole"), (Depth::Head, "compound, quick")] {
        let mut group = criterion.benchmark_group(of);
        let mut inspector = Inspector::builder().depth(depth).keep_licenses(false).build();
        for (name, bytes) in &files {
            group.bench_function(*name, |bencher| {
                bencher.iter(|| inspector.inspect_bytes(black_box(bytes)));
            });
        }
        group.finish();
    }
}

fn containers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("container");
    let mut inspector = Inspector::builder().keep_licenses(false).build();
    let wanted = |path: &str| path.starts_with("containers/") || path.starts_with("lookalikes/");
    for file in corpus().into_iter().filter(|file| wanted(&file.path.replace('\\', "/"))) {
        group.bench_function(&file.path, |bencher| {
            bencher.iter(|| inspector.inspect_bytes(black_box(&file.bytes)));
        });
    }
    group.finish();
}

/// Number of files of noise. A branch predictor learns a single file.
const MANY: u64 = 300;

/// Ordinary files: only their first bytes are read.
fn plain(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plain");
    let mut inspector = Inspector::builder().keep_licenses(false).build();
    let prose = b"Nothing in this file is protected. ".repeat(200);
    let noises: Vec<Vec<u8>> = (0..MANY).map(|seed| noise(seed, 8192)).collect();
    let files = [
        ("prose", vec![prose]),
        ("noise, one file", noises.iter().take(1).cloned().collect()),
        ("noise, many files", noises),
    ];
    for (name, files) in &files {
        let mut next = files.iter().cycle();
        group.bench_function(*name, |bencher| {
            bencher.iter(|| next.next().map(|bytes| inspector.inspect_bytes(black_box(bytes))));
        });
    }
    group.finish();
}

criterion_group!(benches, layouts, containers, plain);
criterion_main!(benches);
