//! `rmsight file-child`: reads files for another process, which survives a crash of this one.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use clap::Args;
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::args::{ReadArgs, WalkArgs};
use crate::exit::{Failure, Outcome, Result};
use crate::fs::walk::path_from;
use crate::options;
use crate::scan::{FileReader, FileReaders};

/// Read files for another process, over standard input and output.
///
/// Standard input is a list of paths, each of which ends with a zero byte. They are numbered from 0. Standard
/// output has the line `begin NUMBER` when a file is begun, and `end NUMBER LENGTH` when it is read, with so many
/// bytes of records as NDJSON after it. If this process dies, the files that have begun and not ended are the
/// ones in work.
#[derive(Debug, Args)]
pub(crate) struct FileChildArgs {
    /// Files that are read at the same time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: u16,

    /// Bytes of memory (address space) of this process
    #[arg(long)]
    memory: Option<u64>,

    /// A name for what is read, written into every record
    #[arg(long)]
    source: Option<String>,

    #[command(flatten)]
    walk: WalkArgs,

    #[command(flatten)]
    read: ReadArgs,
}

/// A file to read, with its number.
type NumberedPath = (u64, PathBuf);

/// Reads the files that standard input names.
pub(crate) fn run(args: &FileChildArgs) -> Result<Outcome> {
    let readers = FileReaders::new(
        options::walk(&args.walk)?,
        &options::read(&args.read),
        args.source.clone(),
    );
    limit_memory(args.memory);
    end_with_the_reader_of_stdout();
    let (sender, waiting) = bounded(usize::from(args.jobs));
    let out = Mutex::new(io::stdout());
    thread::scope(|scope| {
        for _ in 0..args.jobs {
            let (reader, waiting, out) = (readers.reader(), waiting.clone(), &out);
            let started = thread::Builder::new()
                .name("read".to_owned())
                .spawn_scoped(scope, move || serve(reader, &waiting, out));
            started.map_err(|error| {
                Failure::message(format_args!("cannot start a thread: {error}"))
            })?;
        }
        drop(waiting);
        feed(sender)
    })?;
    Ok(Outcome::Complete)
}

/// Hands over the paths that standard input names.
fn feed(waiting: Sender<NumberedPath>) -> Result<()> {
    for (number, path) in (0..).zip(io::stdin().lock().split(0)) {
        let path =
            path.map_err(|error| Failure::message(format_args!("standard input: {error}")))?;
        let path = path_from(path).map_err(|()| Failure::message("a path is not UTF-8"))?;
        if waiting.send((number, path)).is_err() {
            // The other process has closed standard output, and all threads have ended.
            break;
        }
    }
    Ok(())
}

/// Reads files until the list ends, or until the other process has closed standard output.
fn serve(mut reader: FileReader, waiting: &Receiver<NumberedPath>, out: &Mutex<io::Stdout>) {
    let answer = |bytes: &[u8]| {
        let mut out = out.lock().unwrap_or_else(|error| error.into_inner());
        out.write_all(bytes).and_then(|()| out.flush())
    };
    for (number, path) in waiting {
        if answer(format!("begin {number}\n").as_bytes()).is_err() {
            return;
        }
        let records = reader.read(path);
        let mut head = String::new();
        // Writing into memory cannot fail.
        _ = writeln!(head, "end {number} {}", records.len());
        if answer(&[head.as_bytes(), &records].concat()).is_err() {
            return;
        }
    }
}

/// Ends this process when no process can read its answers any more: a file that hangs would keep it alive.
#[cfg(unix)]
fn end_with_the_reader_of_stdout() {
    use rustix::event::{PollFd, PollFlags, poll};
    thread::spawn(|| {
        let stdout = io::stdout();
        loop {
            // Without events, only the end of the pipe is reported.
            let mut found = [PollFd::new(&stdout, PollFlags::empty())];
            if poll(&mut found, None).is_ok_and(|ready| ready > 0) {
                std::process::exit(i32::from(crate::exit::USAGE));
            }
        }
    });
}

#[cfg(not(unix))]
fn end_with_the_reader_of_stdout() {}

/// Limits the memory of this process, where the system can. A crash leaves no core file.
#[cfg(unix)]
fn limit_memory(bytes: Option<u64>) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = |resource, most| {
        // A limit that is lower already stays.
        _ = setrlimit(resource, Rlimit { current: most, maximum: most });
    };
    limit(Resource::Core, Some(0));
    if bytes.is_some() {
        limit(Resource::As, bytes);
    }
}

#[cfg(not(unix))]
fn limit_memory(_: Option<u64>) {}
