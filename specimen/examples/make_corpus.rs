//! Writes the generated files of `corpus/`: `cargo run -p rmsight-specimen --example make_corpus`.
//!
//! `rmsight_specimen` builds these files. A test of `rmsight` compares them byte for byte.

use std::path::Path;
use std::{fs, io};

use rmsight_specimen::corpus;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    let files = corpus();
    for file in &files {
        let path = root.join(&file.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, &file.bytes)?;
    }
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    println!("{} files, {bytes} bytes", files.len());
    Ok(())
}
