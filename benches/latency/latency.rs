//! Measures `detect` on each file of a list, one path a line: `latency LIST ROUNDS`.
//!
//! Prints the nanoseconds of each call. `bindings/latency.py` compares them with those of the bindings.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;
use std::time::Instant;

use rmsight::Inspector;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, list, rounds] = args.as_slice() else { panic!("latency LIST ROUNDS") };
    let list = std::fs::read_to_string(list).unwrap();
    let rounds: usize = rounds.parse().unwrap();
    let mut inspector = Inspector::default();
    let mut took = Vec::new();
    for round in 0..=rounds {
        for path in list.lines() {
            let start = Instant::now();
            black_box(inspector.detect_path(path).unwrap());
            // The first round fills caches.
            if round > 0 {
                took.push(start.elapsed().as_nanos());
            }
        }
    }
    let lines: Vec<String> = took.iter().map(u128::to_string).collect();
    println!("{}", lines.join("\n"));
}
