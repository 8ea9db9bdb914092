//! Detects whether files are rights-protected, and prints one line for each.
//!
//! ```text
//! cargo run --example detect -- FILE…
//! ```

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use rmsight::{Inspector, Protection};

fn main() -> Result<(), Box<dyn Error>> {
    detect(std::env::args_os().skip(1), &mut io::stdout().lock())
}

/// Writes the answer about each file.
pub(crate) fn detect(
    files: impl Iterator<Item = OsString>,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    // For one file, `rmsight::detect_path(file)` is enough. An inspector reuses its buffers.
    let mut inspector = Inspector::default();
    for file in files {
        let name = Path::new(&file).display();
        let detection = match inspector.detect_path(&file) {
            Ok(detection) => detection,
            Err(error) => {
                writeln!(out, "{name}: not opened: {error}")?;
                continue;
            }
        };
        match (detection.protection(), detection.error_code()) {
            (Protection::Rms, _) => {
                let key = detection.slc_key().unwrap_or("an unknown key");
                let member = detection.member().unwrap_or("the file itself");
                writeln!(out, "{name}: {} with {key}, {member}", detection.container())?;
            }
            (Protection::Unknown, Some(code)) => writeln!(out, "{name}: undecided, {code}")?,
            (protection, _) => writeln!(out, "{name}: not rights-protected ({protection})")?,
        }
    }
    Ok(())
}
