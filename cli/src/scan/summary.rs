//! Sentences about what a scan searched, and what it changed in its inventory.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rmsight::Redactor;

use super::options::ScanOptions;
use crate::fs::walk::{Root, SkipCounters};
use crate::inventory::Vanished;
use crate::inventory::gaps::Gap;
use crate::output::format::{counted, thousands};
use crate::output::terminal::escaped;
use crate::stats::Stats;

/// Returns a sentence about the searched files.
pub(super) fn searched(stats: &Stats, counters: &SkipCounters) -> String {
    let (links, special) =
        (counters.links.load(Ordering::Relaxed), counters.special.load(Ordering::Relaxed));
    let mut text = format!("Searched {}", counted(stats.files, "file"));
    if stats.unreadable > 0 {
        text += &format!(", {} could not be read", thousands(stats.unreadable));
    }
    if links > 0 {
        text += &format!(", {} not followed", counted(links, "symbolic link"));
    }
    let excluded = counters.excluded.load(Ordering::Relaxed);
    if excluded > 0 {
        text += &format!(", {} excluded", thousands(excluded));
    }
    if special > 0 {
        text += &format!(", {} left out", counted(special, "special file"));
    }
    let markers = counters.markers.load(Ordering::Relaxed);
    if markers > 0 {
        text += &format!(", {} left out that are no objects", thousands(markers));
    }
    let snapshots = counters.snapshots.load(Ordering::Relaxed);
    text += ".";
    if snapshots > 0 {
        text += &format!(
            " {} or recycle bins left out (--snapshots scans them).",
            counted(snapshots, "snapshot folder")
        );
    }
    text
}

/// Returns the gaps of a scan without an inventory: what its options left out.
pub(super) fn left_out(
    options: &ScanOptions,
    roots: &[Arc<Root>],
    redactor: Option<&Redactor>,
) -> Vec<Gap> {
    let shown = |path: &str| redactor.map_or_else(|| path.to_owned(), |by| by.path(path));
    let walk = &options.walk;
    let mut all = Vec::new();
    for root in roots {
        for (name, count, option, globs) in [
            ("excluded", &root.excluded, "--exclude", &walk.exclude),
            ("filtered", &root.filtered, "--include", &walk.include),
        ] {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                let globs: Vec<String> = globs.iter().map(|glob| shown(glob)).collect();
                let (count, globs) = (counted(count, "name"), globs.join(", "));
                let root = shown(&root.path.to_string_lossy());
                let text = format!("{root}: {count} left out by {option} {globs}");
                all.push(Gap { name: name.to_owned(), root: None, paths: Vec::new(), text });
            }
        }
    }
    all
}

/// Returns sentences about the changes of the inventory.
pub(super) fn kept(counters: &SkipCounters, vanished: Vanished, file: &Path) -> String {
    let mut text = String::new();
    let unchanged = counters.unchanged.load(Ordering::Relaxed);
    if unchanged > 0 {
        text += &format!(" {} unchanged since the last scan.", counted(unchanged, "file"));
    }
    let older = counters.older.load(Ordering::Relaxed);
    if older > 0 {
        text += &format!(
            " {} read again, because an older rmsight read them.",
            counted(older, "unchanged file")
        );
    }
    let options = counters.options.load(Ordering::Relaxed);
    if options > 0 {
        text +=
            &format!(" {} read again with the added options.", counted(options, "unchanged file"));
    }
    if vanished.gone > 0 {
        text += &format!(" {} deleted since the last scan.", counted(vanished.gone, "file"));
    }
    if vanished.kept > 0 {
        text += &format!(
            " {} not found, and kept: their file system is not mounted.",
            counted(vanished.kept, "file")
        );
    }
    text + &format!("\n\nTotals of {}:", escaped(&file.display().to_string()))
}
