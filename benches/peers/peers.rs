//! One reader over a list of files, one path a line: `peers rmsight|rmsight-quick|cfb LIST`.
//!
//! Prints the seconds that it took. `benches/peers/run` compares them.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;
use std::io::Read as _;
use std::time::Instant;

use rmsight::{Depth, Inspector};

/// Opens a document, lists its streams and reads the one with the license.
fn read_with_cfb(path: &str) -> Option<usize> {
    let mut file = cfb::open(path).ok()?;
    let license = file.walk().find(|entry| entry.name() == "\u{6}Primary")?.path().to_owned();
    let mut bytes = Vec::new();
    file.open_stream(license).ok()?.read_to_end(&mut bytes).ok()
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, reader, list] = args.as_slice() else { panic!("peers READER LIST") };
    let list = std::fs::read_to_string(list).unwrap();
    let depth = if reader == "rmsight-quick" { Depth::Head } else { Depth::Full };
    let mut inspector = Inspector::builder().depth(depth).keep_licenses(false).build();
    let start = Instant::now();
    for path in list.lines() {
        if reader == "cfb" {
            black_box(read_with_cfb(path));
        } else {
            drop(black_box(inspector.inspect_path(path)));
        }
    }
    println!("{}", start.elapsed().as_secs_f64());
}
