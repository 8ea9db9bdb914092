//! The inventory of a scan: beginning it, the thread that writes it, and its end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use rmsight::{READER_VERSION, Record, judge_dated};

use super::engine::Shared;
use crate::args::Scan;
use crate::exit::{Failure, Result, warn};
use crate::inventory::{Inventory, Maps, Plan, Reading, RootKind, Store, Sums, Vanished, Visit};
use crate::stop::Stop;
use crate::tally::Tally;
use crate::walk::{Ledger, Note, Root};

/// Notes that wait to be written down.
const NOTES: usize = 1024;

/// How often at least what has come in is committed.
const PAUSE: Duration = Duration::from_millis(100);

/// An inventory that a scan writes to.
pub(super) struct Keeper {
    file: PathBuf,
    notes: Sender<Note>,
    thread: JoinHandle<Result<Store>>,
    /// Files that were met the last time.
    pub(super) expected: Option<u64>,
}

/// How a scan has changed the inventory.
pub(super) struct Kept {
    /// All that is in it, judged.
    pub(super) tally: Tally,
    pub(super) vanished: Vanished,
    /// A root was not what it has to be.
    pub(super) is_incomplete: bool,
    pub(super) failed_roots: u64,
}

/// Opens the inventory and begins a scan in it.
pub(super) fn begin(
    file: &Path,
    args: &Scan,
    stop: &Stop,
) -> Result<(Keeper, Ledger, Vec<Arc<Root>>)> {
    let file = std::path::absolute(file)
        .map_err(|error| Failure::message(format_args!("{}: {error}", file.display())))?;
    let mut store = Store::open(&file)?;
    let maps = Maps::new(args.map.iter().cloned());
    let reading = Reading { reader: READER_VERSION, options: args.reading.text() };
    store.begin(&Plan {
        source: args.source.as_deref(),
        maps: &maps,
        reading: &reading,
        include: &args.manners.include,
        exclude: &args.manners.exclude,
        one_file_system: args.manners.one_file_system,
        hydrate: args.manners.hydrate,
    })?;
    let mut roots = Vec::new();
    let mut expected = Some(0_u64);
    for (kind, path) in named(args)? {
        let row = store.root(kind, &path)?;
        let last = store.last_count(row)?;
        expected = expected.zip(last).map(|(sum, last)| sum.saturating_add(last));
        let list = (kind == RootKind::List).then(|| args.list());
        roots.push(Arc::new(Root::new(path, row, list)));
    }
    let begun = store.begun();
    let (notes, waiting) = bounded(NOTES);
    let stop = stop.clone();
    let thread = thread::spawn(move || write_down(store, &waiting, &stop));
    let ledger = Ledger {
        notes: notes.clone(),
        file: file.clone(),
        begun,
        shows_unchanged: args.format.is_some(),
    };
    Ok((Keeper { file, notes, thread, expected }, ledger, roots))
}

/// What was named, with paths that mean the same from any folder, none of them inside another.
fn named(args: &Scan) -> Result<Vec<(RootKind, PathBuf)>> {
    let whole = |path: &PathBuf| {
        std::path::absolute(path)
            .map_err(|error| Failure::message(format_args!("{}: {error}", path.display())))
    };
    let paths = args.paths.iter().map(whole).collect::<Result<Vec<PathBuf>>>()?;
    let mut roots: Vec<(RootKind, PathBuf)> = Vec::new();
    for (at, path) in paths.iter().enumerate() {
        let is_inside = paths
            .iter()
            .enumerate()
            .any(|(other_at, other)| path.starts_with(other) && (path != other || other_at < at));
        if !is_inside {
            roots.push((RootKind::Path, path.clone()));
        }
    }
    if let Some(list) = &args.files_from {
        // It is read as it was named: `-` is no path.
        roots.push((RootKind::List, list.clone()));
    }
    Ok(roots)
}

/// Writes down what comes in. After a failure it only empties the channel, so that nobody waits.
fn write_down(mut store: Store, waiting: &Receiver<Note>, stop: &Stop) -> Result<Store> {
    let mut failure = None;
    loop {
        let note = match waiting.recv_timeout(PAUSE) {
            Ok(Note::End) | Err(RecvTimeoutError::Disconnected) => break,
            Ok(_) if failure.is_some() => continue,
            Ok(note) => Some(note),
            Err(RecvTimeoutError::Timeout) => None,
        };
        let done = match note {
            Some(Note::Dir(dir, state)) => store.dir(&dir, &state),
            Some(Note::File(file)) => store.file(&file),
            Some(Note::Moved(row, device)) => store.moved(row, device.as_ref()),
            Some(Note::End) | None => store.commit_when_due(),
        };
        if let Err(error) = done {
            failure = Some(error);
            stop.raise();
        }
    }
    match failure {
        Some(failure) => Err(failure),
        None => store.commit().map(|()| store),
    }
}

impl Keeper {
    /// Waits until all is written, ends the scan, and judges what the inventory has now.
    pub(super) fn end(self, shared: &Shared, read: &Tally, accept_empty: bool) -> Result<Kept> {
        // Where nobody takes it, there was a failure.
        _ = self.notes.send(Note::End);
        let mut store = self
            .thread
            .join()
            .map_err(|_| Failure::message("the writing of the inventory has failed"))??;
        let is_finished = !shared.walk.stop.is_raised();
        let (mut is_incomplete, mut failed_roots) = (!is_finished, 0);
        let mut vanished = Vanished::default();
        for root in &shared.walk.roots {
            let mut visit = Visit {
                root: root.row,
                files: root.met(),
                device: root.device.get().map(|device| Arc::clone(&device.name)),
                is_finished,
                is_complete: is_finished && !root.has_failed.load(Ordering::Relaxed),
                error: None,
            };
            let is_empty = visit.is_complete && root.list.is_none() && visit.files == 0;
            if is_empty && store.has_files(&root.path)? {
                if accept_empty {
                    vanished.gone += store.forsake(&root.path)?;
                } else {
                    let words = "it had files, and now has none: is it mounted? \
                        (--accept-empty if that is right)";
                    warn(format_args!("{}: {words}", root.path.display()));
                    visit.error = Some(words.to_owned());
                    (visit.is_finished, visit.is_complete) = (false, false);
                    failed_roots += 1;
                }
            }
            is_incomplete |= !visit.is_complete;
            let ended = store.end_root(&visit)?;
            vanished.gone += ended.gone;
            vanished.kept += ended.kept;
        }
        let left_out = &shared.walk.left_out;
        let sums = Sums {
            read: read.files,
            unchanged: left_out.unchanged.load(Ordering::Relaxed),
            failed: read.unreadable,
            excluded: left_out.excluded.load(Ordering::Relaxed),
            links: left_out.links.load(Ordering::Relaxed),
            special: left_out.special.load(Ordering::Relaxed),
            bytes: shared.counts.bytes.load(Ordering::Relaxed),
        };
        store.end(&sums, vanished.gone, is_finished)?;
        store.close();
        let tally = if is_finished { judged(&self.file, shared)? } else { Tally::default() };
        Ok(Kept { tally, vanished, is_incomplete, failed_roots })
    }
}

fn judged(file: &Path, shared: &Shared) -> Result<Tally> {
    let mut tally = Tally::default();
    Inventory::open(file)?.records(|stored| {
        let (envelope, facts) = (&stored.envelope, &stored.facts);
        let verdict = judge_dated(facts, envelope.modified, &shared.settings.estate);
        tally.add(&Record { envelope, facts, verdict: &verdict });
        Ok(())
    })?;
    Ok(tally)
}
