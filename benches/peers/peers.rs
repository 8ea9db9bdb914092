//! One reader over a list of files, one path a line: `peers READER LIST`, where `READER` is `rmsight`
//! (as a scan reads), `rmsight-unverified`, `rmsight-quick` or `cfb`.
//!
//! Prints the seconds of processor time that it took. `benches/peers/run` compares them.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;
use std::io::Read as _;
use std::sync::LazyLock;
use std::time::Instant;

use rmsight::{Depth, Inspector};

/// Opens a document, lists its streams and reads the one with the license.
fn read_with_cfb(path: &str) -> Option<usize> {
    let mut file = cfb::open(path).ok()?;
    let license = file.walk().find(|entry| entry.name() == "\u{6}Primary")?.path().to_owned();
    let mut bytes = Vec::new();
    file.open_stream(license).ok()?.read_to_end(&mut bytes).ok()
}

/// Seconds that the processor has worked for this thread; seconds of the clock where the system does
/// not tell.
fn seconds() -> f64 {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split(' ').next().and_then(|first| first.parse::<f64>().ok());
    nanoseconds.map_or_else(|| BEGIN.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, reader, list] = args.as_slice() else { panic!("peers READER LIST") };
    let list = std::fs::read_to_string(list).unwrap();
    let (depth, verify) = match reader.as_str() {
        "rmsight" => (Depth::Full, true),
        "rmsight-quick" => (Depth::Head, false),
        "rmsight-unverified" | "cfb" => (Depth::Full, false),
        _ => panic!("there is no reader {reader}"),
    };
    let builder = Inspector::builder().depth(depth).verify(verify).keep_licenses(false);
    let mut inspector = builder.build();
    let begin = seconds();
    for path in list.lines() {
        if reader == "cfb" {
            black_box(read_with_cfb(path));
        } else {
            drop(black_box(inspector.inspect_path(path)));
        }
    }
    println!("{}", seconds() - begin);
}
