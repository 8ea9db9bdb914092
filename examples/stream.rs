//! A gateway: blocks rights-protected uploads, and forwards all others. The upload is not stored.
//!
//! ```text
//! cargo run --example stream < UPLOAD > FORWARDED
//! ```

use std::error::Error;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rmsight::{Inspector, Limits, Protection, StreamSource};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    // One inspector for each thread of the gateway, for all of its uploads.
    let mut inspector = Inspector::builder().limits(Limits::strict()).build();
    match forward(&mut inspector, io::stdin().lock(), &mut io::stdout().lock())? {
        None => Ok(ExitCode::SUCCESS),
        Some(reason) => {
            eprintln!("{reason}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Bytes of an upload that are kept in memory. Longer uploads of formats that need their end are
/// undecided.
const MOST: u64 = 16 << 20;
/// The time that the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Forwards the upload, or returns why it is blocked.
pub(crate) fn forward(
    inspector: &mut Inspector,
    upload: impl Read,
    to: &mut impl Write,
) -> Result<Option<String>, Box<dyn Error>> {
    let deadline = Instant::now().checked_add(PATIENCE).ok_or("the clock is wrong")?;
    // Reads as much of the upload as the answer requires.
    let source = StreamSource::new(upload, MOST);
    let detection = inspector.deadline(deadline).detect(&source)?;
    match (detection.protection(), detection.error_code()) {
        (Protection::Rms, _) => {
            let key = detection.slc_key().unwrap_or("an unknown key");
            return Ok(Some(format!("blocked: {} with {key}", detection.container())));
        }
        (Protection::Unknown, code) => {
            let code = code.map_or("unknown", |code| code.as_str());
            return Ok(Some(format!("blocked: undecided, {code}")));
        }
        _ => {}
    }
    // First the bytes that were read, then the rest.
    io::copy(&mut source.into_reader(), to)?;
    Ok(None)
}
