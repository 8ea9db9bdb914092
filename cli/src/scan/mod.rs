//! The engine of `rmsight scan`: a walk, workers, one writer, and optionally an inventory.

mod engine;
mod events;
mod file_reader;
mod host;
mod inventory_writer;
mod log;
mod log_lines;
mod object_roots;
mod only;
mod only_list;
mod options;
mod plan;
mod read_options;
mod recorder;
mod roots;
mod shared;
#[cfg_attr(not(feature = "object-store"), path = "no_stores.rs")]
mod stores;
mod summary;
mod threads;
mod until;
mod worker;

#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal as _, Write as _};
use std::slice;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use crossbeam_channel::bounded;
use rmsight::{Cancel, Estate, Redactor};

use crate::exit::{Failure, Outcome, Result, warn};
use crate::fs::backup;
use crate::fs::device::Devices;
use crate::fs::owner::OwnerNames;
use crate::fs::path::normal;
use crate::fs::throttle::Throttle;
use crate::fs::walk::{InventoryHandle, SkipCounters, Walk, Work};
use crate::inventory::gaps::of_inventories;
use crate::inventory::query::Inventories;
use crate::output::color;
use crate::output::format::counted;
use crate::output::output_file::OutputFile;
use crate::output::progress::{Progress, ProgressCounts};
use crate::output::records::RecordLayout;
use crate::output::terminal::escaped;
use crate::output::verbosity::Verbosity;
use crate::output::{self, Format};
use crate::stats::Stats;
use crate::stop::{PIPE_CLOSED, Stop};
use engine::WAITING;
use events::ScanEvents;
use inventory_writer::InventoryOutcome;
use log::ScanLog;
use object_roots::StoreTraffic;
use only::OnlyFiles;
use read_options::ReadOptions;
use shared::{Settings, Shared};

pub(crate) use file_reader::{FileReader, FileReaders};
pub(crate) use options::{ListFile, ListingFile, ListingKind, ScanOptions, WalkOptions};
pub(crate) use read_options::ReadRequest;
pub(crate) use recorder::RETRIED;
pub(crate) use until::Until;

/// Prints what a scan would read, without reading more than listings and a sample.
pub(crate) fn plan(options: &ScanOptions) -> Result<Outcome> {
    let mut out = OutputFile::open(options.output.as_deref())?;
    let outcome = plan::run(options, &mut out)?;
    out.finish()?;
    Ok(outcome)
}

/// Scans, and prints records and totals.
pub(crate) fn run(
    options: &ScanOptions,
    estate: Estate,
    redactor: Option<Redactor>,
) -> Result<Outcome> {
    let log = options.log.as_deref().map(ScanLog::open).transpose()?;
    let is_verbose = options.verbosity == Verbosity::Verbose;
    let events = Arc::new(ScanEvents::new(log, is_verbose));
    let Some(log) = events.log() else {
        return scan(options, estate, redactor, &events);
    };
    log_lines::start(log);
    let ended = scan(options, estate, redactor, &events);
    log_lines::end(log, &ended);
    match ended {
        Ok(Outcome::Complete) if log.has_failed() => Ok(Outcome::Incomplete),
        ended => ended,
    }
}

fn scan(
    options: &ScanOptions,
    estate: Estate,
    redactor: Option<Redactor>,
    events: &Arc<ScanEvents>,
) -> Result<Outcome> {
    let stop = Stop::default();
    let backup = options.walk.backup.then(backup::enable).transpose()?;
    if backup == Some(false) {
        let words =
            "the account does not have SeBackupPrivilege: files are read with its permissions";
        warn(format_args!("--backup: {words}"));
    }
    let throttle = Arc::new(Throttle::new(options.walk.max_rate, stop.clone()));
    let mut objects = stores::roots(options, &stop, &throttle)?;
    let traffic = std::mem::take(&mut objects.traffic);
    let (writer, inventory, roots, only, read, source) = match &options.inventory {
        Some(file) => {
            let started = inventory_writer::begin(file, options, objects, backup, &stop)?;
            let (writer, handle) = (Some(started.writer), Some(Arc::new(started.handle)));
            (writer, handle, started.roots, started.only, started.read, started.source)
        }
        None => {
            let read = ReadOptions::of(&options.read);
            (
                None,
                None,
                roots::spelled(options, objects.roots)?,
                None,
                read,
                options.source.clone(),
            )
        }
    };
    let reading = read.reading().options;
    let cancel = Cancel::new();
    let inspector = read.inspector();
    let settings = Settings { estate, redactor, source, inspector, cancel };
    stop.listen().map_err(Failure::message)?;
    let jobs = match options.jobs {
        Some(jobs) => jobs,
        None => threads::usual(&roots, options.walk.one_file_system),
    };
    let (sender, waiting) = bounded(WAITING);
    // With an inventory, records are written only on request. Those of --only prove the work.
    let has_table = writer.is_none() || only.is_some();
    let usual = (has_table && !options.summary).then_some(Format::Text);
    let layout = match options.format.or(usual) {
        Some(format) => {
            let mut layout = RecordLayout::new(format).with_columns(options.columns.as_ref())?;
            if only.is_some() && options.format.is_none() {
                layout = layout.needed_only();
            }
            Some(layout.colored(color::choice_for(options.output.as_deref(), options.color)))
        }
        None => None,
    };
    let prints = layout.is_some() && options.output.is_none();
    let shared = Arc::new(Shared {
        settings,
        layout,
        is_eager: jobs == 1 && prints && io::stdout().is_terminal(),
        walk: Walk {
            roots,
            filter: options.walk.filter.clone(),
            one_file_system: options.walk.one_file_system,
            hydrate: options.walk.hydrate,
            snapshots: options.walk.snapshots,
            in_order: jobs == 1,
            inventory: inventory.clone().map(|handle| handle as Arc<dyn InventoryHandle>),
            log: options.log.as_deref().and_then(|log| normal(log).ok()),
            jobs: sender,
            workers: jobs,
            stop,
            counters: SkipCounters::default(),
            work: Work::default(),
            devices: Devices::default(),
            owners: OwnerNames::default(),
            failure: Mutex::new(None),
        },
        inventory,
        counts: ProgressCounts::default(),
        events: Arc::clone(events),
        until: options.until,
        throttle,
        read_timeout: options.walk.read_timeout,
        opener: worker::open_file,
    });
    let in_force = log_lines::options(options, &reading, jobs);
    for (name, value) in &in_force {
        options.verbosity.detail(format_args!("option {name}: {}", escaped(value)));
    }
    if let Some(log) = events.log() {
        let inventory = shared.inventory.as_ref();
        let inventory = inventory.map(|handle| (handle.file.as_path(), handle.begun.scan));
        log_lines::begun(log, &in_force, inventory, &shared);
    }
    if let Some(only) = &only {
        only.tell_left_out();
        shared.walk.prepare_files(&only.jobs);
    }
    let expected = writer.as_ref().and_then(|writer| writer.expected);
    let progress = Progress::new(options.verbosity, prints, expected);
    let mut out = OutputFile::open(options.output.as_deref())?;
    if let Some(layout) = &shared.layout {
        out.write_all(&layout.header()).map_err(|error| Failure::writing(&error))?;
    }
    let scanned = engine::scan(&shared, waiting, progress, &mut out);
    // Keep what was read, even if the scan failed.
    let kept = match (writer, &scanned) {
        (Some(writer), scanned) => {
            let read = scanned.as_ref().ok().cloned().unwrap_or_default();
            Some(writer.end(&shared, &read, options.accept_empty))
        }
        (None, _) => None,
    };
    let (stats, kept) = (scanned?, kept.transpose()?);
    if let Some(log) = events.log() {
        log_lines::totals(log, &shared, &stats, kept.as_ref());
    }
    let is_late = shared.walk.stop.is_late();
    let only = only.filter(|_| shared.walk.stop.signal().is_none() && !is_late);
    let outcome = match &only {
        Some(only) => conclude_only(only, &shared, &stats, &mut out)?,
        None => conclude(options, &shared, &stats, kept.as_ref(), &traffic, &mut out)?,
    };
    out.finish()?;
    Ok(outcome)
}

/// Prints the totals of listed files. Returns the outcome.
fn conclude_only(
    only: &OnlyFiles,
    shared: &Shared,
    stats: &Stats,
    out: &mut impl io::Write,
) -> Result<Outcome> {
    let format = shared.layout.as_ref().map(|layout| layout.format);
    let has_table = format.is_some() && (stats.needs.yes > 0 || stats.needs.possible > 0);
    let text = match format {
        Some(Format::Text) if has_table => format!("\n{}", only.summary(stats)),
        None | Some(Format::Text) => only.summary(stats),
        Some(_) => String::new(),
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing(&error))?;
    Ok(Outcome::of(only.is_complete() && stats.is_complete()))
}

/// Prints the totals. Returns the outcome.
fn conclude(
    options: &ScanOptions,
    shared: &Shared,
    stats: &Stats,
    kept: Option<&InventoryOutcome>,
    traffic: &StoreTraffic,
    out: &mut impl io::Write,
) -> Result<Outcome> {
    if let Some(signal) = shared.walk.stop.signal() {
        out.flush().map_err(|error| Failure::writing(&error))?;
        if signal != PIPE_CLOSED {
            warn(stopped(options, stats));
        }
        return Ok(Outcome::Stopped(signal));
    }
    if shared.walk.stop.is_late() {
        out.flush().map_err(|error| Failure::writing(&error))?;
        warn(format_args!("the time of --until has come: {}", stopped(options, stats)));
        return Ok(Outcome::Late);
    }
    let format = shared.layout.as_ref().map(|layout| layout.format);
    if matches!(format, None | Some(Format::Text)) {
        let mut head = summary::searched(stats, &shared.walk.counters);
        head += &traffic.sentence();
        if let (Some(kept), Some(file)) = (kept, &options.inventory) {
            head += &summary::kept(&shared.walk.counters, kept.vanished, file);
        }
        let all = kept.map_or(stats, |kept| &kept.stats);
        let redactor = shared.settings.redactor.as_ref();
        let gaps = match &options.inventory {
            Some(file) => {
                let inventories = Inventories::open(slice::from_ref(file))?;
                of_inventories(&inventories, redactor)?
            }
            None => summary::left_out(options, &shared.walk.roots, redactor),
        };
        output::summary::write(&head, all, gaps, &shared.settings.estate, out)
            .map_err(|error| Failure::writing(&error))?;
    }
    out.flush().map_err(|error| Failure::writing(&error))?;
    Ok(outcome(options, shared, stats, kept))
}

fn stopped(options: &ScanOptions, stats: &Stats) -> String {
    let read = counted(stats.files, "file");
    match &options.inventory {
        Some(file) => format!(
            "stopped after reading {read}. {} has them: the same command goes on from here.",
            file.display()
        ),
        None => format!("stopped after reading {read}. With -i FILE a scan can go on later."),
    }
}

/// Returns how the scan ended. A scan without any file is incomplete unless the user accepted an
/// empty folder.
fn outcome(
    options: &ScanOptions,
    shared: &Shared,
    stats: &Stats,
    kept: Option<&InventoryOutcome>,
) -> Outcome {
    let failed = shared.walk.counters.failed_roots.load(Ordering::Relaxed)
        + kept.map_or(0, |kept| kept.failed_roots);
    let roots = shared.walk.roots.iter().filter(|root| !root.is_list()).count();
    let roots = u64::try_from(roots).unwrap_or(u64::MAX);
    let unchanged = shared.walk.counters.unchanged.load(Ordering::Relaxed);
    if failed > 0 && failed >= roots && stats.files == 0 && unchanged == 0 {
        return Outcome::Nothing;
    }
    Outcome::of(match kept {
        Some(kept) => {
            let may_be_empty = options.accept_empty || !kept.stats.is_empty();
            kept.stats.is_complete() && !kept.is_incomplete && may_be_empty
        }
        None => stats.is_complete() && !stats.is_empty(),
    })
}
