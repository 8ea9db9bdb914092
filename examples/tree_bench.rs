//! The yardstick: how close the library comes to what the system itself costs, on your own files.
//!
//! ```text
//! cargo run --release --example tree_bench -- [--quick] [--no-verify] [--rounds N] [--slow]
//!     [--cli RMSIGHT] DIR|LIST…
//! ```
//!
//! For each folder, or list of files with one path a line, interleaved in one run over pieces of it:
//! **B1** opens a file, reads 8 bytes and closes it; the **floor** repeats the very calls that the
//! library made for each file (open, its size, reads of the same bytes, close) and looks at nothing;
//! then the library. What is printed are ratios, because absolute figures of a shared machine say
//! nothing: the best of all rounds for each piece, and in brackets the median.
//!
//! `--slow` adds storage with injected latency: files a second for each time a read takes and each
//! number of threads, and how many times one thread that is. `--rounds 0` prints only that.

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

/// Files of one piece of a list: some milliseconds of work, so that a disturbance spoils little.
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

    /// As the command line tool's scan has it.
    fn inspector(&self) -> Inspector {
        let builder = Inspector::builder().depth(self.depth).keep_licenses(false);
        builder.verify(self.verify && self.depth == Depth::Full).build()
    }
}

/// The files below a folder, or in a list.
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

/// What the library asked of one file, beside opening it and closing it.
#[derive(Debug, Default, Clone)]
struct Asked {
    reads: Vec<(u64, usize)>,
    /// Questions for the file's size and time.
    stats: usize,
}

impl Asked {
    fn bytes(&self) -> usize {
        self.reads.iter().map(|(_, len)| len).sum()
    }
}

/// Notes what is asked of a file, and takes its time where that is wanted.
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

fn trace(inspector: &mut Inspector, path: &Path) -> Asked {
    let source = Traced::open(path, Duration::ZERO);
    drop(black_box(inspector.inspect(&source)));
    Asked { reads: source.reads.into_inner(), stats: source.stats.get() }
}

type Job<'a> = (&'a Path, &'a Asked);

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

/// The time of `work` over both halves of the list at once.
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

/// Times of the pieces of a list, one for each round.
struct Times(Vec<Vec<f64>>);

impl Times {
    fn best(&self) -> f64 {
        self.0.iter().map(|rounds| rounds.iter().copied().fold(f64::MAX, f64::min)).sum()
    }

    /// How many times faster this is than `other`: of the best, and in the median.
    fn over(&self, other: &Times) -> String {
        let pairs = self.0.iter().flatten().zip(other.0.iter().flatten());
        let mut ratios: Vec<f64> = pairs.map(|(mine, other)| other / mine).collect();
        format!("{:.2} ({:.2})", other.best() / self.best(), median(&mut ratios))
    }
}

/// One folder's figures.
fn measure(options: &Options, folder: &Path) {
    let files = files_of(folder);
    if options.slow {
        slow(options, folder, &files);
    }
    if options.rounds == 0 {
        return;
    }
    let mut inspector = options.inspector();
    let asked: Vec<Asked> = files.iter().map(|file| trace(&mut inspector, file)).collect();
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
    let bytes: usize = asked.iter().map(Asked::bytes).sum();
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

/// `rmsight scan --format ndjson -j 1`, with its walk, its output and its start, beside the same
/// list in process.
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

/// How long a read takes, in microseconds: a server in the same rack, in the same building, far away.
const LATENCIES: [u64; 3] = [200, 1000, 5000];

const THREADS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

/// Files for each thread: it has met its servers' certificates then. At least as many as in `LEAST`.
const SLOW_FILES: usize = 80;

/// Files of which the rate of few threads is taken.
const LEAST: usize = 640;

/// Storage that takes its time for every read: what counts is how many wait for each other. The time
/// that the system takes for opening is not injected.
fn slow(options: &Options, folder: &Path, files: &[PathBuf]) {
    println!("\n{} ({}): files a second, and x one thread", folder.display(), options.depth);
    let heads = THREADS.map(|threads| format!("{threads:>14}"));
    println!("  threads   {}", heads.concat());
    for micros in LATENCIES {
        let delay = Duration::from_micros(micros);
        let rates = THREADS.map(|threads| {
            let wanted = LEAST.max(threads * SLOW_FILES);
            // Spread over the whole list; files of a shorter one come several times.
            let sample: Vec<&PathBuf> =
                (0..wanted).map(|at| &files[at * files.len() / wanted]).collect();
            sample.len() as f64 / timed(|| in_flight(options, &sample, delay, threads))
        });
        let alone = rates[0];
        let cells = rates.map(|rate| format!("{rate:>7.0} {:>6}", format!("{:.1}x", rate / alone)));
        println!("  {:>5.1} ms  {}", delay.as_secs_f64() * 1e3, cells.concat());
    }
}

/// Inspects the files with so many threads; each takes the next file when it is done with one, as
/// those of a scan do.
fn in_flight(options: &Options, files: &[&PathBuf], delay: Duration, threads: usize) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut inspector = options.inspector();
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            drop(black_box(inspector.inspect(&Traced::open(file, delay))));
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
}

/// The most memory that the process has had, where the system tells.
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
