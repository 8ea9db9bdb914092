//! The lines of a scan's log: options, roots, totals and the reason for its end.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use chrono::{DateTime, Local, SecondsFormat};
use rmsight::{READER_VERSION, RULES_VERSION};

use super::host;
use super::inventory_writer::InventoryOutcome;
use super::log::ScanLog;
use super::options::ScanOptions;
use super::shared::Shared;
use crate::exit::{self, Failure, Outcome, Result};
use crate::fs::throttle::Rate;
use crate::stats::Stats;
use crate::stop::PIPE_CLOSED;

/// Options of a scan in force, by name.
pub(super) type OptionValues = Vec<(&'static str, String)>;

/// Writes which program starts to scan, where.
pub(super) fn start(log: &ScanLog) {
    let folder = std::env::current_dir().ok().map(|folder| folder.display().to_string());
    log.write(
        "start",
        &[
            ("version", Some(env!("CARGO_PKG_VERSION"))),
            ("reader", Some(&READER_VERSION.to_string())),
            ("rules", Some(&RULES_VERSION.to_string())),
            ("host", Some(&host::name())),
            ("folder", folder.as_deref()),
        ],
    );
}

/// Returns the options in force. `reading` is the text of those that decide which facts are read.
pub(super) fn options(options: &ScanOptions, reading: &str, jobs: usize) -> OptionValues {
    let walk = &options.walk;
    let mut all = vec![("read", reading.to_owned()), ("jobs", jobs.to_string())];
    let flags = [
        ("one-file-system", walk.one_file_system),
        ("backup", walk.backup),
        ("snapshots", walk.snapshots),
        ("hydrate", walk.hydrate),
        ("accept-empty", options.accept_empty),
        ("downgrade", options.downgrade),
    ];
    all.extend(
        flags.into_iter().filter(|(_, is_on)| *is_on).map(|(name, _)| (name, "yes".to_owned())),
    );
    for (name, globs) in [("include", &walk.include), ("exclude", &walk.exclude)] {
        all.extend(globs.iter().map(|glob| (name, glob.clone())));
    }
    all.extend(walk.max_rate.map(|rate| match rate {
        Rate::Files(files) => ("max-rate", format!("{files} files/s")),
        Rate::Bytes(bytes) => ("max-rate", format!("{bytes} B/s")),
    }));
    all.push(("read-timeout", format!("{} s", walk.read_timeout.as_secs())));
    all.extend(options.until.map(|until| ("until", local(until))));
    all.extend(options.only.iter().map(|list| ("only", list.display().to_string())));
    let listing = options.listing.as_ref();
    all.extend(listing.map(|list| ("listing", list.file.display().to_string())));
    all.extend(options.source.clone().map(|source| ("source", source)));
    all.extend(options.map.iter().map(|(from, to)| ("map", format!("{from}={to}"))));
    all
}

fn local(time: SystemTime) -> String {
    DateTime::<Local>::from(time).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// Writes the options in force, the inventory, and the roots.
pub(super) fn begun(
    log: &ScanLog,
    options: &OptionValues,
    inventory: Option<(&Path, i64)>,
    shared: &Shared,
) {
    let values: Vec<(&str, Option<&str>)> =
        options.iter().map(|(name, value)| (*name, Some(value.as_str()))).collect();
    log.write("options", &values);
    if let Some((file, scan)) = inventory {
        let source = shared.settings.source.as_deref();
        log.write(
            "inventory",
            &[
                ("path", Some(&file.display().to_string())),
                ("scan", Some(&scan.to_string())),
                ("source", source),
            ],
        );
    }
    for root in &shared.walk.roots {
        let kind = root.is_list().then_some("list");
        log.write("root", &[("path", Some(&root.path.display().to_string())), ("kind", kind)]);
    }
}

/// Writes the totals of the scan, and those of its inventory.
pub(super) fn totals(
    log: &ScanLog,
    shared: &Shared,
    stats: &Stats,
    kept: Option<&InventoryOutcome>,
) {
    let counters = &shared.walk.counters;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let all = [
        ("listed", shared.walk.files_found()),
        ("read", stats.files),
        ("failed", stats.unreadable),
        ("unchanged", count(&counters.unchanged)),
        ("excluded", count(&counters.excluded)),
        ("links", count(&counters.links)),
        ("special", count(&counters.special)),
        ("markers", count(&counters.markers)),
        ("snapshots", count(&counters.snapshots)),
        ("bytes", count(&shared.counts.bytes)),
    ];
    line(log, "totals", all.into_iter().chain(findings(stats)));
    if let Some(kept) = kept {
        let vanished = [("gone", kept.vanished.gone), ("kept", kept.vanished.kept)];
        let stats = findings(&kept.stats).into_iter().filter(|_| !shared.walk.stop.is_raised());
        line(log, "inventory-totals", vanished.into_iter().chain(stats));
    }
}

fn findings(stats: &Stats) -> [(&'static str, u64); 5] {
    let needs = stats.needs;
    [
        ("yes", needs.yes),
        ("possible", needs.possible),
        ("no", needs.no),
        ("undecided", stats.undecided),
        ("unprotected", stats.unprotected),
    ]
}

fn line(log: &ScanLog, event: &str, counts: impl Iterator<Item = (&'static str, u64)>) {
    let texts: Vec<(&str, String)> =
        counts.map(|(name, count)| (name, count.to_string())).collect();
    let values: Vec<(&str, Option<&str>)> =
        texts.iter().map(|(name, count)| (*name, Some(count.as_str()))).collect();
    log.write(event, &values);
}

/// Writes why the scan has ended, and its exit code.
pub(super) fn end(log: &ScanLog, ended: &Result<Outcome>) {
    let (reason, error) = match ended {
        Ok(Outcome::Complete | Outcome::Incomplete | Outcome::Nothing) => {
            ("finished".to_owned(), None)
        }
        Ok(Outcome::Late) => ("until".to_owned(), None),
        Ok(Outcome::Stopped(PIPE_CLOSED)) | Err(Failure::BrokenPipe) => {
            ("output-closed".to_owned(), None)
        }
        Ok(Outcome::Stopped(signal)) => (format!("signal-{signal}"), None),
        Err(Failure::Message(text)) => ("failed".to_owned(), Some(text.as_str())),
    };
    let code = exit::code_of(ended).to_string();
    log.write("end", &[("reason", Some(&reason)), ("exit", Some(&code)), ("error", error)]);
}
