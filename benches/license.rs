//! Throughput of license reading, compared with the bare events of quick-xml over the same bytes.
//!
//! `cargo bench --bench license`. Compare within one run: `whole` with `quick-xml`, `head` with
//! `quick-xml head`. The first lines print these ratios, from alternating rounds. `new` is an inspector with
//! empty caches. `sha256` is the additional cost of `license_sha256`, which is computed on request only.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::indexing_slicing)]

use std::hint::black_box;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rmsight::{Depth, Inspector};
use rmsight_specimen::{Client, Documents, Encoding, LicenseBuilder, Server};
use rsa::{BoxedUint, Pkcs1v15Sign, PublicKey};
use sha2::{Digest, Sha256};

fn license(documents: Documents, size: usize) -> LicenseBuilder {
    let license = LicenseBuilder::client(&Server::contoso(), &Client::windows());
    license.documents(documents).size(size)
}

fn inspector(depth: Depth) -> Inspector {
    Inspector::builder().depth(depth).keep_licenses(false).build()
}

/// Reads all events, or those up to the first `WORK`, and visits their attributes. Returns their number.
fn quick_xml_events(text: &str, head_only: bool) -> usize {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut seen = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) if head_only && tag.starts_with("WORK") => return seen,
            Event::Eof => return seen,
            Event::Start(tag) | Event::Empty(tag) => {
                seen += tag.attributes().with_checks(false).flatten().count();
            }
            _ => seen += 1,
        }
    }
}

fn sizes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("license");
    for (name, documents, size) in [
        ("1 document, 8 KB", Documents::One, 8_000),
        ("8 documents, 36 KB", Documents::Eight, 36_000),
        ("8 documents, 950 KB", Documents::Eight, 950_000),
    ] {
        let bytes = license(documents, size).build();
        let text = String::from_utf8(bytes.clone()).unwrap();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        let (mut whole, mut head) = (inspector(Depth::Full), inspector(Depth::Head));
        group.bench_function(BenchmarkId::new("whole", name), |bencher| {
            bencher.iter(|| whole.inspect_bytes(black_box(&bytes)));
        });
        group.bench_function(BenchmarkId::new("quick-xml", name), |bencher| {
            bencher.iter(|| quick_xml_events(black_box(&text), false));
        });
        group.bench_function(BenchmarkId::new("sha256", name), |bencher| {
            bencher.iter(|| Sha256::digest(black_box(&bytes)));
        });
        group.bench_function(BenchmarkId::new("head", name), |bencher| {
            bencher.iter(|| head.inspect_bytes(black_box(&bytes)));
        });
        group.bench_function(BenchmarkId::new("quick-xml head", name), |bencher| {
            bencher.iter(|| quick_xml_events(black_box(&text), true));
        });
    }
    group.finish();
}

fn encodings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encoding");
    let encodings = [("utf-8", Encoding::Utf8), ("utf-16", Encoding::Utf16Bom)];
    for (name, encoding) in encodings {
        let bytes = license(Documents::Eight, 36_000).encoding(encoding).build();
        let mut inspector = inspector(Depth::Full);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| inspector.inspect_bytes(black_box(&bytes)));
        });
    }
    group.finish();
}

/// Returns the text between two delimiters.
fn between<'t>(text: &'t str, before: &str, behind: &str) -> &'t str {
    text.split_once(before).unwrap().1.split_once(behind).unwrap().0
}

/// Measures licenses that are not cached and whose certificates are cached, and their bare RSA operations.
fn signatures(criterion: &mut Criterion) {
    let licenses: Vec<Vec<u8>> = (0..64)
        .map(|which| {
            let id = format!("{{184b0f60-0000-4000-8000-{which:012x}}}");
            license(Documents::Eight, 36_000).content_id(&id).build()
        })
        .collect();
    let bare: Vec<(PublicKey, Vec<u8>)> = licenses
        .iter()
        .map(|license| {
            let text = std::str::from_utf8(license).unwrap();
            let issuer = between(text, "<ISSUER>", "</ISSUER>");
            let modulus = issuer.split_once("modulus").unwrap().1;
            let modulus = between(between(modulus, "<VALUE", "/VALUE>"), ">", "<");
            let signature = between(text, "<SIGNATURE>", "</SIGNATURE>");
            let value = signature.rsplit_once("<VALUE").unwrap().1;
            let modulus = BoxedUint::from_le_slice_vartime(&STANDARD.decode(modulus).unwrap());
            let key = PublicKey::new(modulus, BoxedUint::from(65_537_u32)).unwrap();
            (key, STANDARD.decode(between(value, ">", "<")).unwrap())
        })
        .collect();
    let mut group = criterion.benchmark_group("verify");
    group.throughput(Throughput::Elements(1));
    let mut which = 0;
    group.bench_function("bare rsa", |bencher| {
        bencher.iter(|| {
            which = (which + 1) % bare.len();
            let (key, signature) = &bare[which];
            // A failed verification takes the same time.
            let digest = [0; 32];
            key.verify(Pkcs1v15Sign::new::<Sha256>(), &digest, signature).is_ok()
        });
    });
    let mut inspector = Inspector::builder().verify(true).keep_licenses(false).build();
    group.bench_function("license, certificates known", |bencher| {
        bencher.iter(|| {
            which = (which + 1) % licenses.len();
            inspector.inspect_bytes(black_box(&licenses[which]))
        });
    });
    group.finish();
}

/// Returns the seconds of one call of `work`: the mean of a round of 200.
fn round(mut work: impl FnMut()) -> f64 {
    let begin = Instant::now();
    (0..200).for_each(|_| work());
    begin.elapsed().as_secs_f64() / 200.0
}

/// Prints the speed relative to the bare events of quick-xml: medians of alternating rounds.
fn ratios(_: &mut Criterion) {
    let bytes = license(Documents::Eight, 36_000).build();
    let text = String::from_utf8(bytes.clone()).unwrap();
    for (name, depth) in [("head", Depth::Head), ("whole", Depth::Full)] {
        let mut known = inspector(depth);
        let mut rounds: Vec<[f64; 3]> = (0..101)
            .map(|_| {
                let events = round(|| {
                    black_box(quick_xml_events(black_box(&text), depth == Depth::Head));
                });
                let warm = round(|| drop(black_box(known.inspect_bytes(black_box(&bytes)))));
                let cold = round(|| drop(black_box(inspector(depth).inspect_bytes(&bytes))));
                [events * 1e6, events / warm, events / cold]
            })
            .collect();
        let mut median = |column: usize| {
            rounds.sort_by(|one, other| one[column].total_cmp(&other[column]));
            rounds[rounds.len() / 2][column]
        };
        let [events, warm, cold] = [0, 1, 2].map(&mut median);
        println!("{name:5}  quick-xml {events:.1} us, x {warm:.2}; new x {cold:.2}");
    }
}

criterion_group!(benches, ratios, sizes, encodings, signatures);
criterion_main!(benches);
