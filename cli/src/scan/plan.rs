//! `--plan`: what a scan would read, how long it may take, and what it would request of stores.
//!
//! It reads listings, and a small sample of the files.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use super::engine::WAITING;
use super::object_roots::{RequestCounts, StoreTraffic};
use super::options::ScanOptions;
use super::read_options::ReadOptions;
use super::stores;
use super::worker;
use super::{roots, threads};
use crate::exit::{Failure, Outcome, Result};
use crate::fs::device::Devices;
use crate::fs::open::OpenMode;
use crate::fs::owner::OwnerNames;
use crate::fs::throttle::Throttle;
use crate::fs::walk::{FileJob, Job, Root, SkipCounters, Walk, Work};
use crate::fs::watchdog::HangWatchdog;
use crate::output::format::{bytes, counted, thousands};
use crate::stop::Stop;

/// Number of files that are read.
const SAMPLE: usize = 256;

/// Longest time for which files are read.
const LONGEST: Duration = Duration::from_secs(60);

/// What the walk found.
#[derive(Debug, Default)]
struct Found {
    files: u64,
    bytes: u64,
    archived: u64,
    /// Folders and listings that could not be read.
    failed: u64,
    /// Number of objects by storage class.
    tiers: BTreeMap<String, u64>,
    sample: Vec<Arc<FileJob>>,
    /// Number of files that were candidates for the sample.
    seen: u64,
    random: u64,
}

impl Found {
    fn add(&mut self, job: Job) {
        match job {
            Job::File(file) => {
                self.count(&file);
                self.choose(file);
            }
            Job::NotHydrated(file) => {
                self.count(&file);
                self.archived += 1;
            }
            Job::Unreadable { .. } => self.failed += 1,
            Job::Unchanged(_) | Job::End => {}
        }
    }

    fn count(&mut self, file: &FileJob) {
        self.files += 1;
        let size = match file.stamp {
            Some(stamp) => Some(stamp.size),
            None if file.object.is_none() => file.path.symlink_metadata().ok().map(|it| it.len()),
            None => None,
        };
        self.bytes = self.bytes.saturating_add(size.unwrap_or(0));
        if let Some(tier) = file.object.as_ref().and_then(|object| object.stamp.tier.clone()) {
            *self.tiers.entry(tier).or_default() += 1;
        }
    }

    /// Keeps each file with the same probability (reservoir sampling).
    fn choose(&mut self, file: Arc<FileJob>) {
        self.seen += 1;
        if self.sample.len() < SAMPLE {
            return self.sample.push(file);
        }
        // A linear congruential generator (Knuth, MMIX): equal runs choose equal files.
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let place = usize::try_from((self.random >> 16) % self.seen).unwrap_or(usize::MAX);
        if let Some(slot) = self.sample.get_mut(place) {
            *slot = file;
        }
    }
}

/// What reading the sample took.
#[derive(Debug)]
struct Sampled {
    files: u64,
    failed: u64,
    time: Duration,
    threads: usize,
}

/// Prints what a first scan of the same files would do.
pub(super) fn run(options: &ScanOptions, out: &mut impl io::Write) -> Result<Outcome> {
    let stop = Stop::default();
    stop.listen().map_err(Failure::message)?;
    let throttle = Arc::new(Throttle::new(options.walk.max_rate, stop.clone()));
    let objects = stores::roots(options, &stop, &throttle)?;
    let traffic = objects.traffic;
    let roots = roots::spelled(options, objects.roots)?;
    let jobs = options.jobs.unwrap_or_else(|| threads::usual(&roots, options.walk.one_file_system));
    let found = walk(options, roots, &stop)?;
    let listed = traffic.counts();
    let sampled = read(options, &found.sample, jobs, &stop);
    let text = text(&found, &sampled, jobs, listed, &traffic);
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing(&error))?;
    match stop.signal() {
        Some(signal) => Ok(Outcome::Stopped(signal)),
        None if found.files == 0 => Ok(Outcome::of(false)),
        None => Ok(Outcome::of(found.failed == 0)),
    }
}

/// Lists the roots.
fn walk(options: &ScanOptions, roots: Vec<Arc<Root>>, stop: &Stop) -> Result<Found> {
    let (sender, waiting) = bounded(WAITING);
    let walk = Arc::new(Walk {
        roots,
        filter: options.walk.filter.clone(),
        one_file_system: options.walk.one_file_system,
        hydrate: options.walk.hydrate,
        snapshots: options.walk.snapshots,
        in_order: true,
        inventory: None,
        log: None,
        jobs: sender,
        workers: 1,
        stop: stop.clone(),
        counters: SkipCounters::default(),
        work: Work::default(),
        devices: Devices::default(),
        owners: OwnerNames::default(),
        failure: Mutex::new(None),
    });
    walk.prepare(1);
    let walker = Arc::clone(&walk);
    let thread = thread::Builder::new().name("walk".to_owned());
    thread
        .spawn(move || walker.run(&HangWatchdog::new()))
        .map_err(|error| Failure::message(format_args!("cannot start a thread: {error}")))?;
    let found = receive(&waiting);
    let mut failure = walk.failure.lock().unwrap_or_else(|error| error.into_inner());
    failure.take().map_or(Ok(found), Err)
}

fn receive(waiting: &Receiver<Job>) -> Found {
    let mut found = Found::default();
    while let Ok(job) = waiting.recv() {
        if matches!(job, Job::End) {
            break;
        }
        found.add(job);
    }
    found
}

/// Reads the sample with as many threads as a scan has.
fn read(options: &ScanOptions, sample: &[Arc<FileJob>], jobs: usize, stop: &Stop) -> Sampled {
    let inspector = ReadOptions::of(&options.read).inspector();
    let threads = jobs.min(sample.len()).max(1);
    let mode = |job: &FileJob| OpenMode { links: job.links, hydrate: options.walk.hydrate };
    let begun = Instant::now();
    let next = Mutex::new(sample.iter());
    let counts = Mutex::new((0_u64, 0_u64));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut inspector = inspector.clone().build();
                loop {
                    let job = next.lock().unwrap_or_else(|error| error.into_inner()).next();
                    let is_late = begun.elapsed() > LONGEST || stop.is_raised();
                    let Some(job) = job.filter(|_| !is_late) else { break };
                    let is_read = worker::open(job, mode(job)).is_some_and(|opened| {
                        inspector.inspect_named(opened.source.as_ref(), &job.path).is_ok()
                    });
                    let mut counts = counts.lock().unwrap_or_else(|error| error.into_inner());
                    counts.0 += 1;
                    counts.1 += u64::from(!is_read);
                }
            });
        }
    });
    let (files, failed) = *counts.lock().unwrap_or_else(|error| error.into_inner());
    Sampled { files, failed, time: begun.elapsed(), threads }
}

fn text(
    found: &Found,
    sampled: &Sampled,
    jobs: usize,
    listed: RequestCounts,
    traffic: &StoreTraffic,
) -> String {
    let mut text = "Plan of a first scan, from its listings and a sample:\n\n".to_owned();
    let mut line = |name: &str, value: String| text += &format!("  {name:<9} {value}\n");
    line("files", format!("{} with {}", thousands(found.files), bytes(found.bytes)));
    if !found.tiers.is_empty() {
        let tiers: Vec<String> = found
            .tiers
            .iter()
            .map(|(tier, count)| format!("{tier} {}", thousands(*count)))
            .collect();
        line("tiers", tiers.join(", "));
    }
    if found.archived > 0 {
        line("not read", format!("{} whose content is elsewhere", counted(found.archived, "file")));
    }
    if found.failed > 0 {
        line("failed", format!("{} not listed", counted(found.failed, "folder")));
    }
    let to_read = found.files.saturating_sub(found.archived);
    if sampled.files > 0 {
        let seconds = sampled.time.as_secs_f64().max(0.001);
        #[allow(clippy::cast_precision_loss)] // an estimate
        let rate = sampled.files as f64 / seconds;
        line(
            "sample",
            format!(
                "{} read in {seconds:.1} s by {}{}",
                counted(sampled.files, "file"),
                counted(u64::try_from(sampled.threads).unwrap_or(u64::MAX), "thread"),
                match sampled.failed {
                    0 => String::new(),
                    failed => format!(", {failed} of them failed"),
                }
            ),
        );
        let sent = traffic.counts();
        let requests = sent.requests.saturating_sub(listed.requests);
        let received = sent.bytes.saturating_sub(listed.bytes);
        if requests > 0 {
            let all = |part: u64| {
                let all = u128::from(part) * u128::from(to_read) / u128::from(sampled.files);
                u64::try_from(all).unwrap_or(u64::MAX)
            };
            line(
                "requests",
                format!(
                    "about {} with {} of answers, and {} for listings",
                    thousands(all(requests)),
                    bytes(all(received)),
                    thousands(listed.requests)
                ),
            );
        }
        #[allow(clippy::cast_precision_loss)] // an estimate
        let time = Duration::from_secs_f64((to_read as f64 / rate).min(1e12));
        line("time", format!("about {}, with -j {jobs}", duration(time)));
    }
    text + "\nA later scan with an inventory (-i) lists again, and reads what is new or changed.\n"
}

fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..=99 => format!("{} s", seconds.max(1)),
        100..=5_999 => format!("{} min", seconds.div_ceil(60)),
        6_000..=359_999 => format!("{} h", seconds.div_ceil(3_600)),
        _ => format!("{} days", seconds.div_ceil(86_400)),
    }
}
