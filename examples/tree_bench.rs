//! Measures the cost of the library beyond its system calls, on your own files.
//!
//! ```text
//! cargo run --release --example tree_bench -- [--quick] [--no-verify] [--rounds N] [--slow]
//!     [--cli RMSIGHT] DIR|LIST…
//! ```
//!
//! An argument is a folder, or a list of files with one path a line. Three readers alternate over pieces of it:
//! **B1** opens a file, reads 8 bytes and closes it. **Floor** repeats the system calls that the library made
//! for each file (open, size, reads of the same bytes, close), without parsing. **Product** is the library.
//! It prints ratios, because absolute figures of a shared machine mean little: of the best rounds of each
//! piece, and in parentheses the median.
//!
//! `--slow` adds storage with injected latency: files a second for each latency and number of threads, also as
//! a multiple of one thread. `--rounds 0` prints only that.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::indexing_slicing)]

use std::cell::{Cell, RefCell};
use std::fs::{self, File};
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rmsight::{Depth, FileSource, Inspector, ReadAt};

/// Files of one piece of a list: a few milliseconds of work, so that a disturbance affects few measurements.
const PIECE: usize = 250;

struct Options {
    depth: Depth,
    verify: bool,
    rounds: usize,
    slow: bool,
    cli: Option<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Options {
    fn parse() -> Options {
        let mut options = Options {
            depth: Depth::Full,
            verify: true,
            rounds: 7,
            slow: false,
            cli: None,
            folders: Vec::new(),
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => options.depth = Depth::Head,
                "--no-verify" => options.verify = false,
                "--slow" => options.slow = true,
                "--rounds" => options.rounds = args.next().unwrap().parse().expect("a number"),
                "--cli" => options.cli = args.next().map(PathBuf::from),
                _ => options.folders.push(PathBuf::from(arg)),
            }
        }
        options
    }

    /// Returns an inspector with the options of `rmsight scan`.
    fn inspector(&self) -> Inspector {
        let builder = Inspector::builder().depth(self.depth).keep_licenses(false);
        builder.verify(self.verify && self.depth == Depth::Full).build()
    }
}

/// Returns the files below a folder, or of a list.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    if path.is_dir() {
        files_below(path, &mut files).expect("a folder that can be walked");
    } else {
        let list = fs::read_to_string(path).expect("a folder or a list of files");
        files.extend(list.lines().map(PathBuf::from));
    }
    files
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        match entry.file_type()? {
            kind if kind.is_dir() => files_below(&entry.path(), files)?,
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(unix)]
fn read_at(file: &File, offset: u64, buf: &mut [u8]) -> usize {
    std::os::unix::fs::FileExt::read_at(file, buf, offset).unwrap()
}

#[cfg(windows)]
fn read_at(file: &File, offset: u64, buf: &mut [u8]) -> usize {
    std::os::windows::fs::FileExt::seek_read(file, buf, offset).unwrap()
}

/// System calls of the library for one file, without open and close.
#[derive(Debug, Default, Clone)]
struct Calls {
    reads: Vec<(u64, usize)>,
    /// Requests of the size and modification time of the file.
    stats: usize,
}

impl Calls {
    fn bytes(&self) -> usize {
        self.reads.iter().map(|(_, len)| len).sum()
    }
}

/// Records the calls to a file, and delays each read by `delay`.
struct Traced {
    file: FileSource,
    reads: RefCell<Vec<(u64, usize)>>,
    stats: Cell<usize>,
    delay: Duration,
}

impl Traced {
    fn open(path: &Path, delay: Duration) -> Traced {
        let file = FileSource::open(path).unwrap();
        Traced { file, reads: RefCell::default(), stats: Cell::new(1), delay }
    }
}

impl ReadAt for Traced {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.reads.borrow_mut().push((offset, buf.len()));
        if !self.delay.is_zero() {
            thread::sleep(self.delay);
        }
        self.file.read_at(offset, buf)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn has_changed(&self) -> bool {
        self.stats.set(self.stats.get() + 1);
        self.file.has_changed()
    }
}

fn trace(inspector: &mut Inspector, path: &Path) -> Calls {
    let source = Traced::open(path, Duration::ZERO);
    drop(black_box(inspector.inspect_named(&source, path)));
    Calls { reads: source.reads.into_inner(), stats: source.stats.get() }
}

type Job<'a> = (&'a Path, &'a Calls);

fn b1(jobs: &[Job<'_>]) {
    let mut bytes = [0; 8];
    for (path, _) in jobs {
        black_box(read_at(&File::open(path).unwrap(), 0, &mut bytes));
    }
}

fn floor(jobs: &[Job<'_>], buffer: &mut Vec<u8>) {
    for (path, asked) in jobs {
        let file = File::open(path).unwrap();
        for _ in 0..asked.stats {
            black_box(file.metadata().unwrap().len());
        }
        for (offset, len) in &asked.reads {
            if buffer.len() < *len {
                buffer.resize(*len, 0);
            }
            black_box(read_at(&file, *offset, &mut buffer[..*len]));
        }
    }
}

fn product(jobs: &[Job<'_>], inspector: &mut Inspector) {
    for (path, _) in jobs {
        drop(black_box(inspector.inspect_path(path)));
    }
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// Returns the time of two threads, each with one half of the list.
fn halved(jobs: &[Job<'_>], work: impl Fn(&[Job<'_>]) + Sync) -> f64 {
    let (one, other) = jobs.split_at(jobs.len() / 2);
    timed(|| {
        thread::scope(|scope| {
            scope.spawn(|| work(one));
            work(other);
        });
    })
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Times of the pieces of a list, each with one time a round.
struct Times(Vec<Vec<f64>>);

impl Times {
    fn best(&self) -> f64 {
        self.0.iter().map(|rounds| rounds.iter().copied().fold(f64::MAX, f64::min)).sum()
    }

    /// Returns the factor by which this is faster than `other`: of the best rounds, and the median.
    fn over(&self, other: &Times) -> String {
        let pairs = self.0.iter().flatten().zip(other.0.iter().flatten());
        let mut ratios: Vec<f64> = pairs.map(|(mine, other)| other / mine).collect();
        format!("{:.2} ({:.2})", other.best() / self.best(), median(&mut ratios))
    }
}

/// Prints the figures of one folder or list.
fn measure(options: &Options, folder: &Path) {
    let files = files_of(folder);
    if options.slow {
        slow(options, folder, &files);
    }
    if options.rounds == 0 {
        return;
    }
    let mut inspector = options.inspector();
    let asked: Vec<Calls> = files.iter().map(|file| trace(&mut inspector, file)).collect();
    let jobs: Vec<Job<'_>> = files.iter().map(PathBuf::as_path).zip(&asked).collect();
    let mut buffer = Vec::new();
    let empty = || Times(vec![Vec::new(); jobs.len().div_ceil(PIECE)]);
    let [mut least, mut bare, mut ours] = [empty(), empty(), empty()];
    let [mut least_halved, mut ours_halved] = [empty(), empty()];
    for round in 0..options.rounds {
        for (at, piece) in jobs.chunks(PIECE).enumerate() {
            for turn in 0..3 {
                match (turn + round) % 3 {
                    0 => least.0[at].push(timed(|| b1(piece))),
                    1 => bare.0[at].push(timed(|| floor(piece, &mut buffer))),
                    _ => ours.0[at].push(timed(|| product(piece, &mut inspector))),
                }
            }
            least_halved.0[at].push(halved(piece, b1));
            let work = |jobs: &[Job<'_>]| product(jobs, &mut options.inspector());
            ours_halved.0[at].push(halved(piece, work));
        }
    }
    let count = files.len() as f64;
    let reads: usize = asked.iter().map(|asked| asked.reads.len()).sum();
    let most = asked.iter().map(|asked| asked.reads.len()).max().unwrap_or(0);
    let stats: usize = asked.iter().map(|asked| asked.stats).sum();
    let bytes: usize = asked.iter().map(Calls::bytes).sum();
    let micros = |times: &Times| times.best() / count * 1e6;
    println!("\n{} ({} files, {})", folder.display(), files.len(), options.depth);
    println!("  product / floor       {}", ours.over(&bare));
    println!("  product / B1          {}", ours.over(&least));
    println!("  floor / B1            {}", bare.over(&least));
    println!("  two threads: B1       {}", least_halved.over(&least));
    println!("  two threads: product  {}", ours_halved.over(&ours));
    println!("  reads a file          {:.2} (at most {most})", reads as f64 / count);
    println!("  bytes a file          {:.0}", bytes as f64 / count);
    let calls = (reads + stats) as f64 / count + 2.0;
    println!("  system calls a file   {calls:.2}");
    let (b1, floor, ours) = (micros(&least), micros(&bare), micros(&ours));
    println!("  microseconds a file   B1 {b1:.2}, floor {floor:.2}, product {ours:.2}");
    if let Some(cli) = &options.cli {
        compare_cli(options, cli, folder, &jobs);
    }
}

/// Compares `rmsight scan --format ndjson -j 1`, which includes walk, output and start of the program, with the
/// same list in this process.
fn compare_cli(options: &Options, cli: &Path, folder: &Path, jobs: &[Job<'_>]) {
    let (mut outside, mut inside) = (Times(vec![Vec::new()]), Times(vec![Vec::new()]));
    let mut inspector = options.inspector();
    for _ in 0..options.rounds {
        inside.0[0].push(timed(|| product(jobs, &mut inspector)));
        let mut command = Command::new(cli);
        command.args(["scan", "--quiet", "--format", "ndjson", "-j", "1"]).arg(folder);
        if options.depth == Depth::Head {
            command.arg("--quick");
        }
        let run = || _ = command.stdout(Stdio::null()).status().expect("a program that runs");
        outside.0[0].push(timed(run));
    }
    println!("  scan -j 1 / product   {}", outside.over(&inside));
}

/// Latencies of a read, in microseconds: a server in the same rack, in the same building, at another site.
const LATENCIES: [u64; 3] = [200, 1000, 5000];

const THREADS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

/// Minimum number of files for each thread: enough to cache the certificates of all servers.
const SLOW_FILES: usize = 80;

/// Minimum number of files for one measurement.
const LEAST: usize = 640;

/// Measures storage that delays every read. Opening a file is not delayed.
fn slow(options: &Options, folder: &Path, files: &[PathBuf]) {
    println!("\n{} ({}): files a second, and x one thread", folder.display(), options.depth);
    let heads = THREADS.map(|threads| format!("{threads:>14}"));
    println!("  threads   {}", heads.concat());
    for micros in LATENCIES {
        let delay = Duration::from_micros(micros);
        let rates = THREADS.map(|threads| {
            let wanted = LEAST.max(threads * SLOW_FILES);
            // The sample covers the whole list. Files of a shorter list occur several times.
            let sample: Vec<&PathBuf> =
                (0..wanted).map(|at| &files[at * files.len() / wanted]).collect();
            sample.len() as f64 / timed(|| in_flight(options, &sample, delay, threads))
        });
        let alone = rates[0];
        let cells = rates.map(|rate| format!("{rate:>7.0} {:>6}", format!("{:.1}x", rate / alone)));
        println!("  {:>5.1} ms  {}", delay.as_secs_f64() * 1e3, cells.concat());
    }
}

/// Inspects the files with `threads` threads. Each takes the next file when it has finished one, as in a scan.
fn in_flight(options: &Options, files: &[&PathBuf], delay: Duration, threads: usize) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut inspector = options.inspector();
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            drop(black_box(inspector.inspect_named(&Traced::open(file, delay), file)));
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
}

/// Returns the peak memory of the process, if the system provides it.
fn peak_memory() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:").map(|rest| rest.trim().to_owned()))
}

fn main() {
    let options = Options::parse();
    let before = peak_memory();
    for folder in &options.folders {
        measure(&options, folder);
    }
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        println!("\npeak memory {after}, of an empty process {before}");
    }
}
