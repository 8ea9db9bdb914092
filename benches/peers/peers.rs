//! Runs one reader over a list of files, one path a line: `peers READER LIST`, where `READER` is `rmsight`
//! (with the options of a scan), `rmsight-unverified`, `rmsight-quick` or `cfb`.
//!
//! Prints the seconds of processor time. `benches/peers/run` compares readers.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;
use std::io::Read as _;
use std::sync::LazyLock;
use std::time::Instant;

use rmsight::{Depth, Inspector};

/// Opens a document, lists its streams and reads the stream that contains the license.
fn read_with_cfb(path: &str) -> Option<usize> {
    let mut file = cfb::open(path).ok()?;
    let license = file.walk().find(|entry| entry.name() == "\u{6}Primary")?.path().to_owned();
    let mut bytes = Vec::new();
    file.open_stream(license).ok()?.read_to_end(&mut bytes).ok()
}

/// Returns the processor time of this thread in seconds, or the elapsed time if the system does not provide
/// it.
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
        _ => panic!("unknown reader {reader}"),
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
