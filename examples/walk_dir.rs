//! Inspects all files below a folder with several threads, judges the findings, and prints one record for
//! each as a line of JSON.
//!
//! ```text
//! cargo run --example walk_dir -- FOLDER [ESTATE.toml]
//! ```

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rmsight::{Envelope, Estate, Inspector, Record, Report, judge};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        // `Result` as the return type would print the error as `Debug`: all mistakes of an estate in one line.
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let folder = args.next().ok_or("the folder is missing")?;
    let estate = match args.next() {
        // Without an estate file no key is known: nearly all that is protected is `possible`.
        None => Estate::default(),
        Some(file) => read_estate(Path::new(&file))?,
    };
    walk_dir(Path::new(&folder), &estate, &mut io::stdout())
}

#[cfg(feature = "estate")]
fn read_estate(file: &Path) -> Result<Estate, Box<dyn Error>> {
    let name = file.display();
    let bytes = fs::read(file).map_err(|error| format!("{name}: {error}"))?;
    Estate::from_toml(bytes).map_err(|error| {
        // One line for each mistake: `estate.toml: line 3: …`.
        let mistakes = error.mistakes().iter().map(|mistake| format!("{name}: {mistake}"));
        mistakes.collect::<Vec<_>>().join("\n").into()
    })
}

#[cfg(not(feature = "estate"))]
fn read_estate(_: &Path) -> Result<Estate, Box<dyn Error>> {
    Err("this build does not read estate files".into())
}

/// Writes the records of all files below `folder`.
pub(crate) fn walk_dir(
    folder: &Path,
    estate: &Estate,
    out: &mut (impl Write + Send),
) -> Result<(), Box<dyn Error>> {
    let files = list(folder)?;
    let next = AtomicUsize::new(0);
    let out = Mutex::new(out);
    let worker = || -> io::Result<()> {
        // One inspector for each thread. The estate is shared.
        let mut inspector = Inspector::builder().keep_licenses(false).build();
        let mut lines = Vec::new();
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            inspect(&mut inspector, file, estate, &mut lines)?;
            let mut out = out.lock().map_err(|_| io::Error::other("another thread failed"))?;
            out.write_all(&lines)?;
            lines.clear();
        }
        Ok(())
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let mut results = running.into_iter().map(|thread| thread.join());
        results.try_for_each(|result| result.unwrap_or_else(|_| Err(io::Error::other("a bug"))))
    })?;
    Ok(())
}

/// Appends the records of one file.
fn inspect(
    inspector: &mut Inspector,
    file: &Path,
    estate: &Estate,
    lines: &mut Vec<u8>,
) -> io::Result<()> {
    let mut envelope = Envelope::of_path(file);
    envelope.size = fs::metadata(file).ok().map(|metadata| metadata.len());
    // A file that cannot be opened has a record too, because it may be protected.
    let report = inspector.inspect_path(file).unwrap_or_else(|error| Report::unopened(&error));
    for finding in report.findings() {
        let facts = finding.facts();
        let verdict = judge(facts, estate);
        let record = Record::new(&envelope, facts, &verdict);
        record.write_ndjson(lines)?;
    }
    Ok(())
}

/// Returns all files below a folder. Links are not followed.
fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}
