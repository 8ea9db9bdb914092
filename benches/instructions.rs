//! Instructions, counted under valgrind: the gate that no noise moves. `.ci/long` runs it and holds
//! it against `benches/instructions.tsv`.

#![allow(
    missing_docs,
    unused_qualifications,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group, main};
use rmsight::specimen::{
    Client, Documents, IrmDocument, IrmKind, LicenseBuilder, Server, word_package,
};
use rmsight::{Depth, Inspector, Report};

/// A warm inspector and what it is to read.
type Given = (Inspector, Vec<u8>);

fn warm(depth: Depth, bytes: Vec<u8>) -> Given {
    let mut inspector = Inspector::builder().depth(depth).keep_licenses(false).build();
    drop(inspector.inspect_bytes(&bytes));
    (inspector, bytes)
}

fn license() -> Vec<u8> {
    let license = LicenseBuilder::client(&Server::contoso(), &Client::windows());
    license.documents(Documents::Eight).size(36_000).build()
}

fn document() -> IrmDocument {
    IrmDocument::new(IrmKind::Ooxml, license()).payload(200_000)
}

fn license_whole() -> Given {
    warm(Depth::Full, license())
}

fn license_head() -> Given {
    warm(Depth::Head, license())
}

fn office_whole() -> Given {
    warm(Depth::Full, document().build())
}

fn office_quick() -> Given {
    warm(Depth::Head, document().build())
}

fn sdk_whole() -> Given {
    warm(Depth::Full, document().build_as_sdk())
}

fn package() -> Given {
    warm(Depth::Full, word_package(&[], &[]))
}

fn prose() -> Given {
    warm(Depth::Full, b"Nothing in this file is protected. ".repeat(1000))
}

#[library_benchmark]
#[bench::license_whole(license_whole())]
#[bench::license_head(license_head())]
#[bench::office_whole(office_whole())]
#[bench::office_quick(office_quick())]
#[bench::sdk_whole(sdk_whole())]
#[bench::package(package())]
#[bench::prose(prose())]
fn inspect((mut inspector, bytes): Given) -> (Inspector, Vec<u8>, Report) {
    let report = inspector.inspect_bytes(black_box(&bytes));
    // Given back, so that to drop them is not counted.
    (inspector, bytes, report)
}

library_benchmark_group!(name = inspections; benchmarks = inspect);

main!(library_benchmark_groups = inspections);
