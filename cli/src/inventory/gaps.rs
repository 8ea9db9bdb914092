//! Gaps: reasons why the scans do not support an answer. `check` and `report` use the same names.

use std::collections::BTreeMap;

use rmsight::{Dependency, Facts, Need, Record, Redactor, Signature, Timestamp};

use super::coverage::OpenVisit;
use super::gap_names::UNVERIFIED;
use super::query::{Inventories, is_older};
use super::read_rows::{LinkRow, RootRow, ScanRow};
use super::scope::{CHANGED, Scope, now};
use crate::exit::Result;
use crate::fs::path::with_separator;
use crate::output::advice::OLDER_READER;
use crate::output::format::{counted, thousands};

/// Maximum number of paths that the text of a gap names.
const EXAMPLES: usize = 3;

/// Tolerated difference between the clocks of two computers, in seconds.
const CLOCK_DIFFERENCE: i64 = 3_600;

/// A reason why an answer is not reliable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The name of the gap.
    pub(crate) name: String,
    /// The affected root: index of its inventory, and its row.
    pub(crate) root: Option<(usize, i64)>,
    /// What it is about: the root, or else folders, files and links in it; empty for a number of
    /// findings. A decision about the gap has to cover all of them.
    pub(crate) paths: Vec<String>,
    pub(crate) text: String,
}

/// The names of the gaps that a finding causes, whatever its need.
pub(crate) const OF_FINDINGS: [&str; 2] = [UNVERIFIED, OLDER_READER];

/// Numbers of findings that cause gaps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Doubts {
    unverified: u64,
    older: u64,
}

impl Doubts {
    /// Returns for each of [`OF_FINDINGS`] whether the finding causes it. `is_elsewhere` says that the
    /// finding does not count for an authority because it needs another one.
    pub(crate) fn causes(record: &Record<'_>, is_elsewhere: bool) -> [bool; OF_FINDINGS.len()] {
        let verdict = &record.verdict;
        let is_free = verdict.need() == Need::No && verdict.dependency() != Dependency::None;
        [(is_free || is_elsewhere) && is_unverified(&record.facts), is_older(&record.envelope)]
    }

    /// Adds a finding. `is_accepted` says for each of [`OF_FINDINGS`] whether a decision accepts it.
    pub(crate) fn add(
        &mut self,
        record: &Record<'_>,
        is_elsewhere: bool,
        is_accepted: [bool; OF_FINDINGS.len()],
    ) {
        let [is_unverified, is_older] = Doubts::causes(record, is_elsewhere);
        let [unverified, older] = is_accepted;
        self.unverified += u64::from(is_unverified && !unverified);
        self.older += u64::from(is_older && !older);
    }

    pub(crate) fn merge(&mut self, other: Doubts) {
        self.unverified += other.unverified;
        self.older += other.older;
    }

    pub(crate) fn gaps(self) -> Vec<Gap> {
        let mut all = Vec::new();
        let mut add = |name: &str, count: u64, text: &str| {
            if count > 0 {
                let text = format!("{}: {text}", counted(count, "finding"));
                all.push(Gap { name: name.to_owned(), root: None, paths: Vec::new(), text });
            }
        };
        add(
            UNVERIFIED,
            self.unverified,
            "the license seems to need no retiring authority, or only another one, and its \
             signature was not checked; scan again with --verify",
        );
        add(
            OLDER_READER,
            self.older,
            "read by an older rmsight, which may have missed a license; scan again",
        );
        all
    }
}

fn is_unverified(facts: &Facts) -> bool {
    facts.license.as_ref().is_some_and(|license| {
        license.signature == Signature::NotChecked || license.link == rmsight::KeyLink::NotChecked
    })
}

/// Returns the gaps of the scans of inventories, whatever their age. A redactor replaces paths.
pub(crate) fn of_inventories(
    inventories: &Inventories,
    redactor: Option<&Redactor>,
) -> Result<Vec<Gap>> {
    let mut scopes = Scope::of(inventories)?;
    if let Some(redactor) = redactor {
        scopes.iter_mut().for_each(|scope| scope.redact(redactor));
    }
    Ok(of(&scopes, None, now()))
}

/// Returns the gaps of scans, without those of single findings. A scan that is older than `max_age`
/// seconds at the time `now` is too old.
pub(crate) fn of(scopes: &[Scope], max_age: Option<i64>, now: Timestamp) -> Vec<Gap> {
    let mut all = Vec::new();
    for (number, scope) in scopes.iter().enumerate() {
        if scope.scans.is_empty() || scope.roots.is_empty() {
            let text = format!("{}: nothing was scanned into it", scope.inventory);
            let paths = vec![scope.inventory.clone()];
            all.push(Gap { name: "not-scanned".to_owned(), root: None, paths, text });
        }
        for root in &scope.roots {
            let mut add = |name: &str, paths: &[String], text: String| {
                let text = format!("{}: {text}", root.path);
                let root_path = std::slice::from_ref(&root.path);
                let paths = if paths.is_empty() { root_path } else { paths }.to_vec();
                all.push(Gap {
                    name: name.to_owned(),
                    root: Some((number, root.root)),
                    paths,
                    text,
                });
            };
            if !scope.superseded.contains_key(&root.root) {
                of_root(root, scope, &mut add);
                not_followed(root, scope, scopes, &mut add);
            }
            if let Some(max) = max_age {
                too_old(scope.listed_at(root), now, max, &mut |name, text| add(name, &[], text));
            }
        }
        for OpenVisit { visit, is_elsewhere } in &scope.left_open {
            let why = match is_elsewhere {
                true => {
                    "on a file system that later scans did not find there: mount it and scan \
                     again, or forget the root and scan it anew"
                }
                // A scan of a folder above was completed.
                false if scope.superseded.contains_key(&visit.root) => continue,
                false => "in the last scan that came to its end: scan again",
            };
            let mut add = |name: &str, text: String| {
                let text = format!("{}: {text}, {why}", visit.path);
                let paths = vec![visit.path.clone()];
                all.push(Gap {
                    name: name.to_owned(),
                    root: Some((number, visit.root)),
                    paths,
                    text,
                });
            };
            match visit.finished {
                None => add("unfinished", "a scan did not come to its end".to_owned()),
                Some(_) => left_out(visit, scope.visits.get(&visit.scan), &mut add),
            }
        }
    }
    all
}

/// Adds a gap if the last complete listing of a root, at `listed`, is older than `max` seconds, or
/// if the clock of the scan was ahead of the clock of this computer, so that the age is unknown.
fn too_old(listed: Timestamp, now: Timestamp, max: i64, add: &mut dyn FnMut(&str, String)) {
    let age = now.unix().saturating_sub(listed.unix());
    if age > max {
        let days = counted(u64::try_from(age / 86_400).unwrap_or_default(), "day");
        add("too-old", format!("scanned {listed}, {days} ago"));
    } else if age < -CLOCK_DIFFERENCE {
        let words = "which is in the future: the clock of the computer that scanned it, or of this \
             one, is wrong; set it and scan again";
        add("too-old", format!("scanned {listed}, {words}"));
    }
}

/// Adds every gap of a root independently of the others: a user may accept only one of them.
fn of_root(root: &RootRow, scope: &Scope, add_paths: &mut dyn FnMut(&str, &[String], String)) {
    let scan = scope.visits.get(&root.scan);
    let mut add = |name: &str, text: String| add_paths(name, &[], text);
    if let Some(error) = &root.error {
        add("empty-root", error.clone());
    }
    // A root with an error is never finished, even if the scan is.
    let is_ended = scan.is_some_and(|scan| scan.outcome == "finished");
    if root.finished.is_none() && !(root.error.is_some() && is_ended) {
        let outcome = scan.map_or("", |scan| scan.outcome.as_str());
        add("unfinished", format!("the scan did not come to its end ({outcome})"));
    }
    let codes = scope.unlisted.get(&root.root);
    for (code, folders) in codes.into_iter().flatten() {
        let folders_text = match folders.len() {
            1 => "1 folder in it".to_owned(),
            count => format!("{} folders in it", thousands(size(count))),
        };
        add_paths(code, folders, format!("{folders_text} could not be listed{}", named(folders)));
    }
    let mut add = |name: &str, text: String| add_paths(name, &[], text);
    let has_end = root.finished.is_some() && root.error.is_none();
    if has_end && !root.is_complete && codes.is_none_or(BTreeMap::is_empty) {
        add("unfinished", "not every folder in it was listed".to_owned());
    }
    if let Some(files) = scope.changed.get(&root.root) {
        let count = counted(files.len().try_into().unwrap_or(u64::MAX), "file");
        let text =
            format!("{count} changed during the read, so that the result is unknown: scan again");
        add_paths(CHANGED, files, text);
    }
    let mut add = |name: &str, text: String| add_paths(name, &[], text);
    left_out(root, scan, &mut add);
    let scanned = root.scanned.unwrap_or(root.files);
    if has_end && scanned == 0 {
        add(
            "empty-root",
            match root.files {
                0 => "no file is in it: is it mounted?".to_owned(),
                files => format!("none of its {} was read", counted(files, "file")),
            },
        );
    }
}

fn left_out(root: &RootRow, scan: Option<&ScanRow>, add: &mut dyn FnMut(&str, String)) {
    let globs = |globs: &[String]| globs.join(", ");
    let (include, exclude) = scan.map_or((&[][..], &[][..]), |scan| (&scan.include, &scan.exclude));
    match (root.excluded, root.filtered) {
        // A killed scan did not store its counters.
        (None, None) if root.finished.is_none() => {
            for (name, option, patterns) in
                [("excluded", "--exclude", exclude), ("filtered", "--include", include)]
            {
                if !patterns.is_empty() {
                    let words = format!("files may be left out by {option} {}", globs(patterns));
                    add(name, words);
                }
            }
        }
        (None, None) => {
            // An inventory of the first version stored counters for the whole scan.
            let excluded = scan.and_then(|scan| scan.excluded).unwrap_or_default();
            let is_cut = scan.is_some_and(|scan| scan.one_file_system);
            if excluded > 0 && !include.is_empty() {
                add("filtered", format!("only names like {}", globs(include)));
            }
            if excluded > 0 && (!exclude.is_empty() || is_cut) {
                let words = match excluded {
                    1 => "1 file or folder was left out".to_owned(),
                    _ => format!("{} files and folders were left out", thousands(excluded)),
                };
                add("excluded", words);
            }
            let links = scan.and_then(|scan| scan.links).unwrap_or_default();
            if links > 0 {
                add("not-followed", format!("{} not followed", counted(links, "link")));
            }
        }
        (excluded, filtered) => {
            if let Some(count) = excluded.filter(|count| *count > 0) {
                let files = if count == 1 { "file or folder" } else { "files and folders" };
                let count = thousands(count);
                let words = format!("{count} {files} left out by --exclude {}", globs(exclude));
                add("excluded", words);
            }
            if let Some(count) = filtered.filter(|count| *count > 0) {
                let files = counted(count, "file");
                let words = format!("{files} left out by --include {}", globs(include));
                add("filtered", words);
            }
        }
    }
}

/// Returns whether a visit of a root above a mount point was to enter other file systems.
fn enters(link: &LinkRow, visit: &RootRow, scope: &Scope) -> bool {
    !link.is_folder || scope.visits.get(&visit.scan).is_some_and(|scan| !scan.one_file_system)
}

/// Returns whether a visit of a root above a mount point listed the mounted file system.
fn is_entered(link: &LinkRow, visit: &RootRow, scope: &Scope) -> bool {
    let is_listed = link.listed.is_some_and(|scan| scan >= visit.scan);
    is_listed && enters(link, visit, scope)
}

/// Adds the links whose target is not in a root of the same scanner. The same path on another
/// scanner may be another file.
fn not_followed(
    root: &RootRow,
    scope: &Scope,
    scopes: &[Scope],
    add: &mut dyn FnMut(&str, &[String], String),
) {
    let is_scanned = |link: &LinkRow| {
        let Some(target) = &link.target else { return false };
        scopes.iter().any(|other_scope| {
            other_scope.roots.iter().any(|other| {
                let Some(real) = &other.real else { return false };
                let is_inside = || target.starts_with(&with_separator(real.clone()));
                scope.is_same_scanner(root, other_scope, other)
                    && other.finished.is_some()
                    && match &link.device {
                        // Another file system may have been mounted at the time of that scan.
                        Some(device) if link.is_folder => {
                            let is_same_device = other.device.as_ref() == Some(device);
                            real == target && is_same_device
                                || is_inside() && is_entered(link, other, other_scope)
                        }
                        _ => real == target || is_inside() && enters(link, other, other_scope),
                    }
            })
        })
    };
    // A mount point that the newest visit left out belongs to the gap `excluded` or `unfinished`.
    let stays_out = scope.visits.get(&root.scan).is_some_and(|scan| scan.one_file_system);
    let is_partial = root.finished.is_none() || root.excluded.is_some_and(|count| count > 0);
    let is_told = |link: &LinkRow| {
        link.is_folder && link.device.is_some() && link.scan == root.scan && is_partial
    };
    let own = scope.links.iter().filter(|link| link.root == root.root);
    let own = own.filter(|link| stays_out || !is_told(link));
    let open: Vec<&LinkRow> = own.filter(|link| !is_scanned(link)).collect();
    if open.is_empty() {
        return;
    }
    let count = u64::try_from(open.len()).unwrap_or(u64::MAX);
    let paths: Vec<String> = open.iter().map(|link| link.path.clone()).collect();
    add(
        "not-followed",
        &paths,
        format!(
            "{} outside of what was scanned, or to a target that does not exist{}",
            match count {
                1 => "1 link or mount point leads".to_owned(),
                _ => format!("{} links or mount points lead", thousands(count)),
            },
            named(&paths)
        ),
    );
}

fn size(length: usize) -> u64 {
    length.try_into().unwrap_or(u64::MAX)
}

/// Returns the first paths after a colon.
fn named(paths: &[String]) -> String {
    let examples: Vec<&str> = paths.iter().take(EXAMPLES).map(String::as_str).collect();
    let more = if paths.len() > EXAMPLES { ", …" } else { "" };
    format!(": {}{more}", examples.join(", "))
}
