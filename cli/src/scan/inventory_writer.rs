//! The inventory of a scan: start, writer thread and end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use rmsight::Record;

use super::host;
use super::object_roots::ObjectRoots;
use super::only::OnlyFiles;
use super::only_list::OnlyList;
use super::options::ScanOptions;
use super::read_options::{ReadOptions, Settled};
use super::roots::{distinct, known, paths, require_known};
use super::shared::Shared;
use crate::exit::{Failure, Result, warn};
use crate::fs::path::real;
use crate::fs::walk::{NameList, Note, Root};
use crate::inventory::query::reliable;
use crate::inventory::{
    Inventory, PathMapping, Plan, RootKind, ScanCounters, ScanHandle, Store, Vanished, Visit,
    WriteRequest,
};
use crate::stats::Stats;
use crate::stop::Stop;

/// Capacity of the queue of requests.
const REQUESTS: usize = 1024;

/// Maximum time between a request and its commit.
const PAUSE: Duration = Duration::from_millis(100);

/// An inventory that a scan writes to.
pub(super) struct InventoryWriter {
    file: PathBuf,
    requests: Sender<WriteRequest>,
    thread: JoinHandle<Result<Store>>,
    /// Number of files that the previous scan found.
    pub(super) expected: Option<u64>,
}

/// How a scan has changed the inventory.
pub(super) struct InventoryOutcome {
    /// Statistics of all findings in the inventory, judged again.
    pub(super) stats: Stats,
    pub(super) vanished: Vanished,
    /// A root is incomplete, unlisted or empty.
    pub(super) is_incomplete: bool,
    pub(super) failed_roots: u64,
}

/// A scan that was started in an inventory.
pub(super) struct StartedScan {
    pub(super) writer: InventoryWriter,
    pub(super) handle: ScanHandle,
    pub(super) roots: Vec<Arc<Root>>,
    /// Options of the command line, merged with those of the inventory.
    pub(super) read: ReadOptions,
    pub(super) source: Option<String>,
    /// The files of --only.
    pub(super) only: Option<OnlyFiles>,
}

/// Opens the inventory and starts a scan in it.
///
/// `backup` says whether the privilege for backups is in force, if it was requested.
pub(super) fn begin(
    file: &Path,
    options: &ScanOptions,
    objects: ObjectRoots,
    backup: Option<bool>,
    stop: &Stop,
) -> Result<StartedScan> {
    let file = std::path::absolute(file)
        .map_err(|error| Failure::message(format_args!("{}: {error}", file.display())))?;
    // A signal during the read of the list ends the program; the inventory is still unchanged.
    let list = match &options.list {
        Some(list) => Some((&list.file, NameList::new(list.end).copied(&list.file)?)),
        None => None,
    };
    let only = match options.only.as_slice() {
        [] => None,
        lists => Some(OnlyList::read(lists)?),
    };
    if only.is_some() && !file.exists() {
        let name = file.display();
        return Err(Failure::message(format_args!("{name}: --only needs an existing inventory")));
    }
    let named = distinct(&paths(options), options.walk.one_file_system)?;
    if !file.exists() {
        require_known(&named, &[])?;
    }
    let mut store = Store::open(&file)?;
    let maps = PathMapping::new(options.map.iter().cloned());
    let host = host::name();
    let source = match &options.source {
        Some(source) => source.clone(),
        None => {
            let mut paths: Vec<PathBuf> = named.iter().map(|one| one.normal.clone()).collect();
            paths.extend(objects.roots.iter().map(|root| root.path.clone()));
            store.usual_source(&host, &paths)?.unwrap_or_else(|| host.clone())
        }
    };
    let roots_before = store.known_roots(&source)?;
    require_known(&named, &roots_before)?;
    let read = read_options(&file, options, &store, &source)?;
    let reading = read.reading();
    store.begin(&Plan {
        source: Some(&source),
        host: &host,
        maps: &maps,
        reading: &reading,
        fitness: &|reading| read.fitness(reading),
        include: &options.walk.include,
        exclude: &options.walk.exclude,
        one_file_system: options.walk.one_file_system,
        hydrate: options.walk.hydrate,
        backup,
    })?;
    let mut roots = Vec::new();
    let mut expected = Some(0_u64);
    let mut add = |store: &Store, root: Root| -> Result<()> {
        let last = store.last_count(root.row)?;
        expected = expected.zip(last).map(|(sum, last)| sum.saturating_add(last));
        roots.push(Arc::new(root));
        Ok(())
    };
    for one in named {
        let path = match known(&one, &roots_before) {
            Some(known) => {
                let (spelled, known_as) = (one.spelled.display(), known.display());
                warn(format_args!("{spelled}: the inventory has it as {known_as}"));
                known
            }
            None => one.normal,
        };
        if let [other, ..] = &store.other_sources(&path)?[..] {
            let (root, file) = (path.display(), file.display());
            warn(format_args!(
                "{root}: the source {other:?} has this root too. If it is the same folder, each of its \
                 files counts twice: `rmsight inventory forget {file} --source {source:?} {root}` undoes \
                 this scan, and `--source {other:?}` scans under the name that the inventory has."
            ));
        }
        let before = store.earlier_real(&path)?;
        let now = real(&path);
        let replaced =
            replaced(before.as_deref(), now.as_deref()).filter(|_| !options.accept_empty);
        if let Some(replaced) = &replaced {
            warn(format_args!("{}: {replaced}", path.display()));
        }
        // Keep the target of the last complete scan until the user accepts another one.
        let real = if replaced.is_some() { before } else { now.or(before) };
        let row = store.root(RootKind::Path, &path, real.as_deref())?;
        let mut root = Root::new(path, row, None);
        root.replaced = replaced;
        add(&store, root)?;
    }
    for one in objects.roots {
        let kind = if one.lister.is_list() { RootKind::List } else { RootKind::Path };
        let row = store.root(kind, &one.path, None)?;
        add(&store, Root::of_objects(one.path, row, one.lister))?;
    }
    if let Some((file, (list, identity))) = list {
        let row = store.root(RootKind::List, &identity, None)?;
        add(&store, Root::new(file.clone(), row, Some(list)))?;
    }
    let only = match only {
        Some(list) => {
            let opener = objects.opener.as_deref();
            Some(OnlyFiles::find(list, &file, &store, &source, opener)?)
        }
        None => None,
    };
    let expected = match &only {
        Some(only) => u64::try_from(only.jobs.len()).ok(),
        None => expected,
    };
    let begun = store.begun();
    let (requests, waiting) = bounded(REQUESTS);
    let stop = stop.clone();
    let thread = thread::spawn(move || write_requests(store, &waiting, &stop));
    let handle = ScanHandle {
        requests: requests.clone(),
        file: file.clone(),
        begun,
        shows_unchanged: options.format.is_some(),
    };
    let source = Some(source).filter(|source| !source.is_empty());
    let writer = InventoryWriter { file, requests, thread, expected };
    Ok(StartedScan { writer, handle, roots, read, source, only })
}

/// Returns a message if a root that led to `before` leads to another folder or file `now`.
fn replaced(before: Option<&Path>, now: Option<&Path>) -> Option<String> {
    let (before, now) = before.zip(now).filter(|(before, now)| before != now)?;
    Some(format!(
        "it led to {}, and leads to {} now: name that as a root of its own (--accept-empty if it \
         replaces the other one)",
        before.display(),
        now.display()
    ))
}

/// Merges the requested options with those that the inventory was read with.
fn read_options(
    file: &Path,
    options: &ScanOptions,
    store: &Store,
    source: &str,
) -> Result<ReadOptions> {
    let Some((past, is_first)) = store.usual_reading(source)? else {
        return Ok(ReadOptions::of(&options.read));
    };
    match ReadOptions::settle(&options.read, &past, is_first, options.downgrade) {
        Ok(Settled { options, notes }) => {
            for note in notes {
                warn(format_args!("{}: {note}", file.display()));
            }
            Ok(options)
        }
        Err(lowered) => Err(Failure::message(format_args!(
            "{}: earlier scans read more than {lowered}. Leave that option out, or add \
             --downgrade to read less from now on.",
            file.display()
        ))),
    }
}

/// Writes requests to the inventory. After a failure it only empties the channel, so that senders
/// do not block.
fn write_requests(
    mut store: Store,
    waiting: &Receiver<WriteRequest>,
    stop: &Stop,
) -> Result<Store> {
    let mut failure = None;
    loop {
        let request = match waiting.recv_timeout(PAUSE) {
            Ok(WriteRequest::End) | Err(RecvTimeoutError::Disconnected) => break,
            Ok(_) if failure.is_some() => continue,
            Ok(request) => Some(request),
            Err(RecvTimeoutError::Timeout) => None,
        };
        let done = match request {
            Some(WriteRequest::Note(Note::Dir(dir, state))) => store.dir(&dir, &state),
            Some(WriteRequest::File(file)) => store.file(&file),
            Some(WriteRequest::Note(Note::Moved(row, device))) => store.moved(row, device.as_ref()),
            Some(WriteRequest::Note(Note::Skipped(dir, link))) => store.skipped(&dir, &link),
            Some(WriteRequest::Note(Note::Found(row))) => store.found(row),
            Some(WriteRequest::End) | None => store.commit_when_due(),
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

impl InventoryWriter {
    /// Waits until everything is written, ends the scan, and judges all findings of the inventory.
    pub(super) fn end(
        self,
        shared: &Shared,
        read: &Stats,
        accept_empty: bool,
    ) -> Result<InventoryOutcome> {
        // If the writer has ended, `join` returns its failure.
        _ = self.requests.send(WriteRequest::End);
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
                files: root.files_found(),
                scanned: root.files_found().saturating_sub(root.omitted.load(Ordering::Relaxed)),
                excluded: root.excluded.load(Ordering::Relaxed),
                filtered: root.filtered.load(Ordering::Relaxed),
                device: root.device.get().map(|device| Arc::clone(&device.name)),
                is_finished,
                is_complete: is_finished && !root.has_failed.load(Ordering::Relaxed),
                error: None,
                objects: (root.objects.is_some() && !root.is_list()).then(|| root.path.clone()),
            };
            if let Some(replaced) = &root.replaced {
                // Files that are missing from the new target were not deleted.
                visit.error = Some(replaced.clone());
                (visit.is_finished, visit.is_complete) = (false, false);
            }
            let is_empty = visit.is_complete && !root.is_list() && visit.files == 0;
            if is_empty && store.has_files(&root.path)? {
                if accept_empty {
                    vanished.gone += store.mark_gone(&root.path)?;
                } else {
                    let words = "it had files, and now has none: is it mounted? \
                        (--accept-empty if that is right)";
                    warn(format_args!("{}: {words}", root.path.display()));
                    visit.error = Some(words.to_owned());
                    (visit.is_finished, visit.is_complete) = (false, false);
                    failed_roots += 1;
                }
            }
            let ended = store.end_root(&visit, accept_empty)?;
            is_incomplete |= !visit.is_complete || ended.kept > 0;
            vanished.gone += ended.gone;
            vanished.kept += ended.kept;
        }
        let counters = &shared.walk.counters;
        let sums = ScanCounters {
            read: read.files,
            unchanged: counters.unchanged.load(Ordering::Relaxed),
            failed: read.unreadable,
            excluded: counters.excluded.load(Ordering::Relaxed),
            links: counters.links.load(Ordering::Relaxed),
            special: counters.special.load(Ordering::Relaxed),
            snapshots: counters.snapshots.load(Ordering::Relaxed),
            bytes: shared.counts.bytes.load(Ordering::Relaxed),
        };
        store.end(&sums, vanished.gone, is_finished)?;
        store.close();
        let stats = if is_finished { judged(&self.file, shared)? } else { Stats::default() };
        Ok(InventoryOutcome { stats, vanished, is_incomplete, failed_roots })
    }
}

fn judged(file: &Path, shared: &Shared) -> Result<Stats> {
    let mut stats = Stats::default();
    Inventory::open(file)?.records(|stored| {
        let envelope = &stored.envelope;
        let (facts, verdict) = reliable(envelope, stored.facts, &shared.settings.estate);
        stats.add(&Record::new(envelope, &facts, &verdict));
        Ok(())
    })?;
    Ok(stats)
}
