//! Scans of files that do not answer, and of files at which the reader fails.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use rmsight::{Cancel, Estate, Inspector, ReadAt};
use tempfile::TempDir;

use super::engine::{self, WAITING};
use super::shared::{OpenFile, Settings, Shared};
use super::worker::open_file;
use crate::fs::device::Devices;
use crate::fs::open::OpenMode;
use crate::fs::owner::OwnerNames;
use crate::fs::throttle::Throttle;
use crate::fs::walk::{GlobFilter, Root, SkipCounters, Walk, Work};
use crate::output::Format;
use crate::output::progress::{Progress, ProgressCounts};
use crate::output::records::RecordLayout;
use crate::output::verbosity::Verbosity;
use crate::stats::Stats;
use crate::stop::Stop;

/// Files that never answer, or at which the reader panics.
enum FaultySource {
    Stuck,
    Broken,
}

impl ReadAt for FaultySource {
    fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<usize> {
        match self {
            FaultySource::Stuck => loop {
                std::thread::park();
            },
            FaultySource::Broken => panic!("a planted bug"),
        }
    }

    fn size(&self) -> io::Result<u64> {
        Ok(1000)
    }
}

fn open(path: &Path, mode: OpenMode) -> io::Result<OpenFile> {
    let mut opened = open_file(path, mode)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with("stuck") {
        opened.source = Box::new(FaultySource::Stuck);
    } else if name.starts_with("broken") {
        opened.source = Box::new(FaultySource::Broken);
    }
    Ok(opened)
}

/// Returns the records of a scan of `folder`.
fn scan(folder: PathBuf, workers: usize, patience: Duration) -> Vec<serde_json::Value> {
    let (stats, records) = scan_until(folder, workers, patience, &Stop::default());
    assert_eq!(stats.files + stats.unreadable, u64::try_from(records.len()).unwrap());
    assert_eq!(stats.is_complete(), stats.unreadable == 0);
    records
}

/// Returns the statistics and the records of a scan of `folder` that ends when `stop` is raised.
fn scan_until(
    folder: PathBuf,
    workers: usize,
    patience: Duration,
    stop: &Stop,
) -> (Stats, Vec<serde_json::Value>) {
    let (jobs, waiting) = bounded(WAITING);
    let shared = Arc::new(Shared {
        settings: Settings {
            estate: Estate::default(),
            redactor: None,
            source: None,
            inspector: Inspector::builder(),
            cancel: Cancel::new(),
        },
        layout: Some(RecordLayout::new(Format::Ndjson)),
        is_eager: false,
        inventory: None,
        walk: Walk {
            roots: vec![Arc::new(Root::new(folder, 0, None))],
            filter: GlobFilter::default(),
            one_file_system: false,
            hydrate: false,
            snapshots: false,
            in_order: workers == 1,
            inventory: None,
            log: None,
            jobs,
            workers,
            stop: stop.clone(),
            counters: SkipCounters::default(),
            work: Work::default(),
            devices: Devices::default(),
            owners: OwnerNames::default(),
            failure: Mutex::new(None),
        },
        counts: ProgressCounts::default(),
        events: Arc::default(),
        until: None,
        throttle: Arc::new(Throttle::new(None, Stop::default())),
        read_timeout: patience,
        opener: open,
    });
    let mut out = Vec::new();
    let progress = Progress::new(Verbosity::Quiet, true, None);
    let stats = engine::scan(&shared, waiting, progress, &mut out).unwrap();
    let finished = shared.counts.finished.load(Ordering::Relaxed);
    assert_eq!(
        finished,
        stats.files + stats.unreadable,
        "the progress counts files that were read"
    );
    let records: Vec<serde_json::Value> = out
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    (stats, records)
}

fn codes(records: &[serde_json::Value]) -> Vec<(String, Option<&str>)> {
    let mut codes: Vec<_> = records
        .iter()
        .map(|record| {
            let path = Path::new(record["path"].as_str().unwrap());
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, record["error_code"].as_str())
        })
        .collect();
    codes.sort_unstable();
    codes
}

#[test]
fn a_hung_file_is_abandoned_and_the_others_are_read() {
    let folder = TempDir::new().unwrap();
    for name in ["a", "stuck1", "stuck2", "z"] {
        std::fs::write(folder.path().join(name), b"x").unwrap();
    }
    let check = |workers| {
        let started = Instant::now();
        let records = scan(folder.path().to_owned(), workers, Duration::from_millis(600));
        let expected =
            [("a", None), ("stuck1", Some("hung")), ("stuck2", Some("hung")), ("z", None)];
        let expected = expected.map(|(name, code)| (name.to_owned(), code));
        assert_eq!(codes(&records), expected);
        // The scan does not wait for the hung thread.
        assert!(started.elapsed() < Duration::from_secs(30));
        assert_eq!(records.iter().filter(|record| record["need"] == "possible").count(), 2);
    };
    // Each scan waits for its stuck files, so both wait at the same time.
    std::thread::scope(|scope| {
        scope.spawn(|| check(1));
        check(2);
    });
}

#[test]
fn a_panic_of_the_reader_is_recorded() {
    let folder = TempDir::new().unwrap();
    for name in ["a", "broken", "z"] {
        std::fs::write(folder.path().join(name), b"x").unwrap();
    }
    let records = scan(folder.path().to_owned(), 1, Duration::from_secs(60));
    let expected = [("a", None), ("broken", Some("reader-failed")), ("z", None)];
    assert_eq!(codes(&records), expected.map(|(name, code)| (name.to_owned(), code)));
    assert!(records[1]["error"].as_str().unwrap().contains("a planted bug"));
}

#[test]
fn a_stopped_scan_abandons_the_current_file_within_two_seconds() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("stuck"), b"x").unwrap();
    let stop = Stop::default();
    let raised = stop.clone();
    let raiser = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        raised.raise();
        Instant::now()
    });
    let patience = Duration::from_secs(300);
    let (stats, records) = scan_until(folder.path().to_owned(), 1, patience, &stop);
    assert!(raiser.join().unwrap().elapsed() < Duration::from_secs(2));
    // The next scan reads the file, because no record of it was made.
    assert_eq!((stats.unreadable, records.len()), (0, 0));
}
