//! The README shows the real output of the program.

use std::path::Path;

use crate::{rmsight, slashes, stdout};

#[test]
fn the_readme_shows_the_output_of_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, shown) = readme.split_once("$ cargo run --release -- scan corpus\n").unwrap();
    let (shown, _) = shown.split_once("\n$ cargo test").unwrap();
    let said = slashes(&stdout(&rmsight(root, &["scan", "-j", "1", "corpus"])));
    let mut said = said.lines();
    for line in shown.lines().filter(|line| *line != "…") {
        assert!(said.any(|said| said == line), "the program does not say, in this order: {line}");
    }
}
