//! Sentences about what a scan searched, and what it changed in its inventory.

use std::path::Path;
use std::sync::atomic::Ordering;

use crate::fs::walk::SkipCounters;
use crate::inventory::Vanished;
use crate::output::format::counted;
use crate::output::terminal::escaped;
use crate::stats::Stats;

/// Returns a sentence about the searched files.
pub(super) fn searched(stats: &Stats, counters: &SkipCounters) -> String {
    let (links, special) =
        (counters.links.load(Ordering::Relaxed), counters.special.load(Ordering::Relaxed));
    let mut text = format!("Searched {}", counted(stats.files, "file"));
    if stats.unreadable > 0 {
        text += &format!(", {} could not be read", stats.unreadable);
    }
    if links > 0 {
        text += &format!(", {} not followed", counted(links, "symbolic link"));
    }
    let excluded = counters.excluded.load(Ordering::Relaxed);
    if excluded > 0 {
        text += &format!(", {excluded} excluded");
    }
    if special > 0 {
        text += &format!(", {} left out", counted(special, "special file"));
    }
    let markers = counters.markers.load(Ordering::Relaxed);
    if markers > 0 {
        text += &format!(", {markers} left out that are no objects");
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
