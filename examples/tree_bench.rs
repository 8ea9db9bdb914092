//! The yardstick: how close the library comes to what the system itself costs, on your own files.
//!
//! ```text
//! cargo run --release --example tree_bench -- [--quick] [--rounds N] [--slow] [--cli RMSIGHT] DIR…
//! ```
//!
//! For each folder, interleaved in one run over pieces of its list: **B1** opens a file, reads 8
//! bytes and closes it; the **floor** repeats the very calls that the library made for each file
//! (open, its size, reads of the same bytes, close) and looks at nothing; then the library. What
//! is printed are ratios, because absolute figures of a shared machine say nothing: the best of all
//! rounds for each piece, and in brackets the median.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::indexing_slicing)]

use std::cell::{Cell, RefCell};
use std::fs::{self, File};
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rmsight::{Depth, FileSource, Inspector, ReadAt};

/// Files of one piece of a list: some milliseconds of work, so that a disturbance spoils little.
const PIECE: usize = 250;

struct Options {
    depth: Depth,
    rounds: usize,
    slow: bool,
    cli: Option<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Options {
    fn parse() -> Options {
        let mut options =
            Options { depth: Depth::Full, rounds: 7, slow: false, cli: None, folders: Vec::new() };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => options.depth = Depth::Head,
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
        Inspector::builder().depth(self.depth).keep_licenses(false).build()
    }
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
    let mut files = Vec::new();
    files_below(folder, &mut files).expect("a folder that can be walked");
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
    if options.slow {
        slow(options, &files);
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

/// Files that slow storage is asked for: each of 32 workers has met its servers' certificates then.
const SLOW: usize = 2560;

/// Storage that takes a millisecond for every read: what counts is how many wait for each other.
fn slow(options: &Options, files: &[PathBuf]) {
    let sample: Vec<&PathBuf> = files.iter().step_by((files.len() / SLOW).max(1)).collect();
    let inspect = |files: &[&PathBuf]| {
        let mut inspector = options.inspector();
        for file in files {
            drop(black_box(inspector.inspect(&Traced::open(file, Duration::from_millis(1)))));
        }
    };
    let alone = timed(|| inspect(&sample));
    let together = timed(|| {
        thread::scope(|scope| {
            for files in sample.chunks(sample.len().div_ceil(32)) {
                scope.spawn(|| inspect(files));
            }
        });
    });
    println!("  slow: 32 in flight    {:.1} x one", alone / together);
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
