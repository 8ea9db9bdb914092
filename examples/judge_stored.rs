//! Judges stored records again by an estate file, without opening the files.
//!
//! ```text
//! cargo run --example judge_stored --features serde -- estate.toml < findings.ndjson > judged.ndjson
//! ```

use std::borrow::Cow;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use rmsight::{Estate, READER_VERSION, Record, judge_dated};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        // Prints each mistake of an estate in a line. `Result` as the return type would print it as `Debug`.
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("usage: judge_stored ESTATE < RECORDS")?;
    let estate = Estate::from_toml(std::fs::read(file)?)?;
    judge_stored(io::stdin().lock(), &estate, &mut io::stdout().lock())
}

/// Reads records as NDJSON, and writes them with the verdict by `estate`.
pub(crate) fn judge_stored(
    records: impl BufRead,
    estate: &Estate,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    for (number, line) in (1_u64..).zip(records.lines()) {
        let failed = |error| format!("line {number}: {error}");
        let mut record = Record::from_ndjson(line?).map_err(failed)?;
        // An earlier reader may have missed what this one finds: scan such files again.
        if record.envelope.reader < READER_VERSION {
            eprintln!("{}: read by an earlier version", record.envelope.path);
        }
        let verdict = judge_dated(&record.facts, record.envelope.modified, estate);
        record.verdict = Cow::Owned(verdict);
        record.write_ndjson(out)?;
    }
    Ok(())
}
