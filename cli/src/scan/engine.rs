//! The threads of a scan. Walkers list folders, workers read files, one thread writes the
//! inventory, and the supervisor writes the output and replaces hung threads.
//!
//! The supervisor never joins a thread that may hang in a system call. It abandons the thread,
//! starts another one, and ignores later messages of the abandoned one.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use rmsight::ErrorCode;

use super::recorder::Recorder;
use super::shared::{Event, Shared};
use super::worker::{FileWatchdog, Worker};
use crate::exit::{Failure, Result};
use crate::fs::walk::{Folder, Job};
use crate::fs::watchdog::HangWatchdog;
use crate::output::progress::{Progress, WalkProgress};
use crate::output::records::RecordLayout;
use crate::output::status_line;
use crate::output::stdout::Destination;
use crate::stats::Stats;
use crate::stop::PIPE_CLOSED;

/// Capacity of the queue of files: large enough to keep workers busy, with little memory.
pub(super) const WAITING: usize = 4096;

/// Capacity of the queue of output buffers.
const OUTPUTS: usize = 64;

/// Maximum duration of a system call after the scan was stopped.
const GRACE: Duration = Duration::from_secs(1);

/// Maximum number of threads that list folders.
const MOST_WALKERS: usize = 64;

/// Interval at which the loop checks for a signal.
const LOOK: Duration = Duration::from_millis(100);

/// Starts and replaces threads, and writes the output.
struct Supervisor<'a> {
    shared: &'a Arc<Shared>,
    waiting: Receiver<Job>,
    events: Sender<Event>,
    workers: Vec<(FileWatchdog, Arc<Mutex<Recorder>>)>,
    walkers: Vec<Arc<HangWatchdog<Arc<Folder>>>>,
}

/// Scans. Returns the statistics.
pub(super) fn scan(
    shared: &Arc<Shared>,
    waiting: Receiver<Job>,
    mut progress: Progress,
    out: &mut impl Destination,
) -> Result<Stats> {
    let (events, said) = bounded(OUTPUTS);
    let mut supervisor =
        Supervisor { shared, waiting, events, workers: Vec::new(), walkers: Vec::new() };
    // One thread lists all objects of a store. More threads are for folders.
    let walkers = if shared.walk.in_order { 1 } else { shared.walk.workers.min(MOST_WALKERS) };
    shared.walk.prepare(walkers);
    let started = (0..walkers).try_for_each(|_| supervisor.start_walker());
    started
        .and_then(|()| (0..shared.walk.workers).try_for_each(|_| supervisor.start_new_worker()))?;
    let printed = supervisor.write_output(&said, &mut progress, out);
    drop(progress);
    let mut failure = shared.walk.failure.lock().unwrap_or_else(|error| error.into_inner());
    match failure.take() {
        Some(failure) => Err(failure),
        None => printed.map(|()| supervisor.stats()),
    }
}

impl Supervisor<'_> {
    fn start_walker(&mut self) -> Result<()> {
        let watch = Arc::new(HangWatchdog::new());
        self.walkers.push(Arc::clone(&watch));
        let shared = Arc::clone(self.shared);
        self.spawn("walk", move || shared.walk.run(&watch))
    }

    fn start_new_worker(&mut self) -> Result<()> {
        let recorder = Arc::new(Mutex::new(Recorder::new(self.shared)));
        self.start_worker(recorder)
    }

    fn start_worker(&mut self, recorder: Arc<Mutex<Recorder>>) -> Result<()> {
        let post = FileWatchdog::new(HangWatchdog::new());
        self.workers.push((Arc::clone(&post), Arc::clone(&recorder)));
        let (waiting, events) = (self.waiting.clone(), self.events.clone());
        let shared = Arc::clone(self.shared);
        self.spawn("read", move || Worker::new(&shared, post, recorder).run(&waiting, &events))
    }

    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
        let thread = thread::Builder::new().name(name.to_owned());
        thread.spawn(work).map(|_| ()).map_err(|error| {
            self.shared.walk.stop.raise();
            Failure::message(format_args!("cannot start a thread: {error}"))
        })
    }

    /// Writes the output of workers until the last worker has ended.
    fn write_output(
        &mut self,
        said: &Receiver<Event>,
        progress: &mut Progress,
        out: &mut impl Destination,
    ) -> Result<()> {
        let mut live = self.workers.len();
        let mut first_line =
            self.shared.layout.as_ref().map_or_else(Vec::new, RecordLayout::first_line);
        let mut printed = Ok(());
        let mut looked = Instant::now();
        while live > 0 {
            match said.recv_timeout(LOOK) {
                Ok(Event::Output(output)) if printed.is_ok() => {
                    printed = out
                        .write_all(&std::mem::take(&mut first_line))
                        .and_then(|()| out.write_all(&output))
                        // Workers collect records. What they hand over is shown at once.
                        .and_then(|()| out.flush())
                        .map_err(|error| Failure::writing(&error));
                    if printed.is_err() {
                        self.shared.walk.stop.raise();
                        self.shared.settings.cancel.raise();
                    }
                }
                Ok(Event::Output(_)) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Event::Done) => live -= 1,
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if out.is_closed() && self.shared.inventory.is_none() && self.has_waiting_files() {
                self.shared.walk.stop.raise_as(PIPE_CLOSED);
            }
            if self.shared.walk.stop.is_raised() {
                // Cancels the files that are being read.
                self.shared.settings.cancel.raise();
            }
            if self.shared.until.is_some_and(|until| SystemTime::now() >= until)
                && !self.shared.walk.stop.is_raised()
            {
                self.shared.walk.stop.raise_late();
            }
            progress.tick(&self.shared.counts, || self.walk_progress());
            progress.say(&self.shared.events.take_messages());
            if looked.elapsed() >= status_line::EVERY {
                looked = Instant::now();
                self.replace_hung()?;
            }
        }
        progress.say(&self.shared.events.take_messages());
        printed
    }

    fn walk_progress(&self) -> WalkProgress {
        let walk = &self.shared.walk;
        let file = || self.workers.iter().find_map(|(watch, _)| watch.current());
        let listed = || self.walkers.iter().find_map(|watch| watch.current());
        let folder = file()
            .map(|job| job.dir.path.clone())
            .or_else(|| listed().map(|folder| folder.path().to_owned()));
        WalkProgress {
            listed: walk.files_found(),
            skipped: walk.files_skipped(),
            is_complete: walk.has_ended(),
            folder,
        }
    }

    /// Returns whether files remain that no worker has begun.
    fn has_waiting_files(&self) -> bool {
        // At the end, one message for each worker is in the queue.
        !self.shared.walk.has_ended() || self.waiting.len() > self.shared.walk.workers
    }

    /// Replaces hung threads.
    fn replace_hung(&mut self) -> Result<()> {
        let is_stopped = self.shared.walk.stop.is_raised();
        let patience = self.shared.read_timeout.min(if is_stopped { GRACE } else { Duration::MAX });
        for at in 0..self.workers.len() {
            let Some((post, recorder)) = self.workers.get(at) else { continue };
            let Some(job) = post.give_up(patience) else { continue };
            let recorder = Arc::clone(recorder);
            // After a stop, the next scan reads the file again.
            if !is_stopped {
                let words = format!("no answer for {} s", patience.as_secs());
                recorder.lock().unwrap_or_else(|error| error.into_inner()).unreadable(
                    &job,
                    ErrorCode::Hung,
                    words,
                    None,
                );
            }
            self.workers.swap_remove(at);
            self.start_worker(recorder)?;
        }
        for at in 0..self.walkers.len() {
            let Some(folder) = self.walkers.get(at).and_then(|watch| watch.give_up(patience))
            else {
                continue;
            };
            self.walkers.swap_remove(at);
            self.start_walker()?;
            self.shared.walk.give_up(&folder, patience);
        }
        Ok(())
    }

    fn stats(&self) -> Stats {
        let mut sum = Stats::default();
        for (_, recorder) in &self.workers {
            let mut recorder = recorder.lock().unwrap_or_else(|error| error.into_inner());
            sum.merge(std::mem::take(&mut recorder.stats));
        }
        sum
    }
}
