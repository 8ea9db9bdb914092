//! Cases whose instructions are counted. The counts do not depend on the load of the machine.
//!
//! `benches/count-instructions` runs each case under callgrind and compares it with
//! `benches/instructions.tsv`. Run alone, this program only does the work.

#![allow(
    missing_docs,
    unused_qualifications,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::hint::black_box;

use rmsight::{Depth, Inspector, Report};
use rmsight_specimen::{
    Client, CrossReference, Documents, IrmDocument, IrmKind, LicenseBuilder, Method, Server, Zip,
    noise, plain_pdf, word_package,
};

/// Counted function: callgrind collects only here and in its callees.
#[inline(never)]
fn measured(inspector: &mut Inspector, bytes: &[u8]) -> Report {
    inspector.inspect_bytes(black_box(bytes))
}

fn license() -> Vec<u8> {
    let license = LicenseBuilder::client(&Server::contoso(), &Client::windows());
    license.documents(Documents::Eight).size(36_000).build()
}

fn document() -> IrmDocument {
    IrmDocument::new(IrmKind::Ooxml, license()).payload(200_000)
}

/// Name, depth, and builder of the input.
type Case = (&'static str, Depth, fn() -> Vec<u8>);

fn archive() -> Vec<u8> {
    let members = (0..6).map(|member| (format!("photos/{member}.jpg"), noise(member, 20_000)));
    members.fold(Zip::new(), |zip, (name, bytes)| zip.member(&name, bytes, Method::Stored)).build()
}

const CASES: [Case; 11] = [
    ("license-whole", Depth::Full, license),
    ("license-head", Depth::Head, license),
    ("office-whole", Depth::Full, || document().build()),
    ("office-quick", Depth::Head, || document().build()),
    ("sdk-whole", Depth::Full, || document().build_as_sdk()),
    ("package", Depth::Full, || word_package(&[], &[])),
    ("archive", Depth::Full, archive),
    ("pdf-table", Depth::Full, || plain_pdf(CrossReference::Table)),
    ("pdf-stream", Depth::Full, || plain_pdf(CrossReference::Stream)),
    ("prose", Depth::Full, || b"Nothing in this file is protected.\n".repeat(1000)),
    ("binary", Depth::Full, || noise(7, 100_000)),
];

fn main() {
    // Cargo adds arguments that begin with a dash.
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    for (name, depth, bytes) in CASES {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let bytes = bytes();
        let mut inspector =
            Inspector::builder().depth(depth).verify(false).keep_licenses(false).build();
        // The first, cold read is not counted: most files of a worker are read with warm caches.
        drop(inspector.inspect_bytes(&bytes));
        drop(black_box(measured(&mut inspector, &bytes)));
        println!("{name}");
    }
}
