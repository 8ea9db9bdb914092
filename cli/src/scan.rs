//! `rmsight scan`: a walk, workers, and one writer.

use std::io::{self, IsTerminal as _, Write};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::thread;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use rmsight::Cancel;

use crate::args::{Format, Scan};
use crate::exit::{Failure, Outcome, Result};
use crate::output::Page;
use crate::progress::{self, Counts, Progress};
use crate::settings::Settings;
use crate::tally::Tally;
use crate::totals;
use crate::walk::{self, Job, LeftOut};
use crate::worker::Worker;

/// Files that wait for a worker: enough that none is idle, little memory.
const WAITING: usize = 4096;

/// Pages that wait for the writer.
const PAGES: usize = 64;

pub(crate) fn run(args: &Scan) -> Result<Outcome> {
    let cancel = Cancel::new();
    let settings = Settings {
        estate: crate::estate::load(args.estate.as_deref())?,
        redact: args.redact,
        source: args.source.clone(),
        inspector: args.reading.inspector(cancel.clone()),
    };
    let jobs = match args.jobs {
        Some(jobs) => usize::from(jobs),
        None => thread::available_parallelism().map_or(1, usize::from),
    };
    let engine = Engine {
        args,
        settings: &settings,
        cancel: &cancel,
        left_out: LeftOut::default(),
        counts: Counts::default(),
    };
    let mut out = io::stdout().lock();
    out.write_all(&Page::header(args.format)).map_err(|error| Failure::writing(&error))?;
    let tally =
        if jobs == 1 { engine.alone(&mut out)? } else { engine.together(jobs, &mut out)? };
    if args.format == Format::Text {
        let head = totals::searched(&tally, &engine.left_out);
        totals::write(&head, &tally, &settings.estate, &mut out)
            .map_err(|error| Failure::writing(&error))?;
    }
    out.flush().map_err(|error| Failure::writing(&error))?;
    Ok(engine.outcome(&tally))
}

struct Engine<'a> {
    args: &'a Scan,
    settings: &'a Settings,
    cancel: &'a Cancel,
    left_out: LeftOut,
    counts: Counts,
}

impl Engine<'_> {
    fn worker(&self) -> Worker<'_> {
        Worker::new(self.settings, &self.left_out, Page::new(self.args.format))
    }

    fn list_end(&self) -> u8 {
        if self.args.null { 0 } else { b'\n' }
    }

    /// One thread does everything, in the order of the names.
    fn alone(&self, out: &mut impl Write) -> Result<Tally> {
        let mut worker = self.worker();
        let mut progress = Progress::new(&self.counts, self.args.quiet);
        let is_watched = io::stdout().is_terminal();
        let mut failed = None;
        let mut visit = |job: Job| {
            self.note(worker.take(&job));
            progress.tick();
            let is_due = worker.page.is_full() || is_watched;
            if is_due && let Err(failure) = worker.page.print(out) {
                failed = Some(failure);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        walk::in_order(&self.args.paths, &self.left_out, &mut visit);
        if let Some(list) = &self.args.files_from {
            walk::listed(list, self.list_end(), visit)?;
        }
        drop(progress);
        match failed {
            Some(failure) => Err(failure),
            None => worker.page.print(out).map(|()| worker.tally),
        }
    }

    /// Threads walk, threads inspect, and this one writes.
    fn together(&self, threads: usize, out: &mut impl Write) -> Result<Tally> {
        let (jobs, waiting) = bounded::<Job>(WAITING);
        let (pages, written) = bounded::<Vec<u8>>(PAGES);
        thread::scope(|scope| {
            let walker = scope.spawn(move || self.feed(threads, &jobs));
            let workers: Vec<_> = (0..threads)
                .map(|_| {
                    let (waiting, pages) = (waiting.clone(), pages.clone());
                    scope.spawn(move || self.work(&waiting, &pages))
                })
                .collect();
            // What is left of the channels' ends belongs to the threads.
            drop((waiting, pages));
            let printed = self.print(written, out);
            if printed.is_err() {
                self.cancel.raise();
            }
            let mut tally = Tally::default();
            for worker in workers {
                tally.merge(worker.join().map_err(|_| Failure::message("a worker has failed"))?);
            }
            let fed = walker.join().map_err(|_| Failure::message("the walk has failed"))?;
            printed.and(fed).map(|()| tally)
        })
    }

    /// Walks, and hands over what is to be read.
    fn feed(&self, threads: usize, jobs: &Sender<Job>) -> Result<()> {
        let visit = |job| match jobs.send(job) {
            Ok(()) => ControlFlow::Continue(()),
            // Nobody is left to read it.
            Err(_) => ControlFlow::Break(()),
        };
        walk::in_parallel(&self.args.paths, threads, &self.left_out, &visit);
        match &self.args.files_from {
            Some(list) => walk::listed(list, self.list_end(), visit),
            None => Ok(()),
        }
    }

    /// Reads what is handed over. A page goes to the writer when it is full, or when there is
    /// nothing else to do.
    fn work(&self, waiting: &Receiver<Job>, pages: &Sender<Vec<u8>>) -> Tally {
        let mut worker = self.worker();
        loop {
            let job = match waiting.try_recv() {
                Ok(job) => job,
                Err(TryRecvError::Disconnected) => break,
                Err(TryRecvError::Empty) => {
                    if !worker.page.is_empty() && pages.send(worker.page.take()).is_err() {
                        break;
                    }
                    match waiting.recv() {
                        Ok(job) => job,
                        Err(_) => break,
                    }
                }
            };
            self.note(worker.take(&job));
            if worker.page.is_full() && pages.send(worker.page.take()).is_err() {
                break;
            }
        }
        // Where the writer is gone, so is the need for the page.
        _ = pages.send(worker.page.take());
        worker.tally
    }

    fn print(&self, written: Receiver<Vec<u8>>, out: &mut impl Write) -> Result<()> {
        let mut progress = Progress::new(&self.counts, self.args.quiet);
        loop {
            match written.recv_timeout(progress::EVERY) {
                Ok(page) => out.write_all(&page).map_err(|error| Failure::writing(&error))?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            progress.tick();
        }
    }

    fn note(&self, findings: u64) {
        self.counts.files.fetch_add(1, Ordering::Relaxed);
        self.counts.findings.fetch_add(findings, Ordering::Relaxed);
    }

    fn outcome(&self, tally: &Tally) -> Outcome {
        let failed = self.left_out.failed_roots.load(Ordering::Relaxed);
        let roots = u64::try_from(self.args.paths.len()).unwrap_or(u64::MAX);
        if failed > 0 && failed >= roots && tally.files == 0 {
            return Outcome::Nothing;
        }
        Outcome::of(tally.is_complete())
    }
}
