//! Roots that were scanned again as a part of another root, which closes their gaps.

use std::collections::BTreeMap;

use rmsight::Timestamp;
use rusqlite::{Connection, params};

use super::read_rows::RootRow;
use crate::fs::path::with_separator;

/// A visit whose gaps later visits of its root do not close.
#[derive(Debug)]
pub(crate) struct OpenVisit {
    pub(crate) visit: RootRow,
    /// Set if later visits were completed on another file system. Otherwise no later visit was
    /// completed.
    pub(crate) is_elsewhere: bool,
}

/// Returns which of `roots`, newest visits, a later visit of another root superseded, each with the
/// end of the latest such visit. `visits` contains all visits of all roots. `is_same_scanner`
/// returns whether the same scanner made two visits.
///
/// A visit supersedes another one if the same scanner made it, it was completed and left nothing
/// out, and it listed every folder of the root on the device on which the root was before. If this
/// is unknown, the root keeps its gaps.
pub(crate) fn superseded(
    db: &Connection,
    roots: &[RootRow],
    visits: &[RootRow],
    is_same_scanner: &dyn Fn(&RootRow, &RootRow) -> bool,
) -> rusqlite::Result<BTreeMap<i64, Timestamp>> {
    let mut all = BTreeMap::new();
    for root in roots {
        let later = visits.iter().rev().filter(|other| {
            other.scan > root.scan
                && other.root != root.root
                && is_whole(other)
                && is_same_scanner(root, other)
        });
        for other in later {
            if let (Some(folder), Some(finished)) = (folder_in(root, other), other.finished)
                && lists_all(db, root, other.scan, &folder)?
            {
                all.insert(root.root, finished);
                break;
            }
        }
    }
    Ok(all)
}

/// Returns the visits that left something out or were stopped, and whose gaps no later visit of the
/// same root closes: no later visit was completed, or all of them found another file system.
pub(crate) fn left_open(visits: &[RootRow]) -> Vec<OpenVisit> {
    let mut all = Vec::new();
    for visit in visits {
        let is_partial = visit.finished.is_none()
            || visit.excluded.is_some_and(|count| count > 0)
            || visit.filtered.is_some_and(|count| count > 0);
        // An uncompleted visit with an error did not find the original folder of the root.
        if !is_partial || visit.finished.is_none() && visit.error.is_some() {
            continue;
        }
        let later =
            || visits.iter().filter(|other| other.root == visit.root && other.scan > visit.scan);
        let mut ends = later().filter(|other| other.finished.is_some()).peekable();
        let is_elsewhere = ends.peek().is_some();
        let is_open = match is_elsewhere {
            true => {
                let mut devices = ends.filter_map(|other| other.device.as_ref()).peekable();
                visit.device.is_some()
                    && devices.peek().is_some()
                    && devices.all(|device| Some(device) != visit.device.as_ref())
            }
            // The newest stopped visit has the gap.
            false => visit.finished.is_some() && later().next().is_some(),
        };
        if is_open {
            all.push(OpenVisit { visit: visit.clone(), is_elsewhere });
        }
    }
    all
}

/// Returns whether a visit listed everything in its root. An inventory of the first version does
/// not contain what was left out.
fn is_whole(visit: &RootRow) -> bool {
    visit.kind == "path"
        && visit.finished.is_some()
        && visit.is_complete
        && visit.error.is_none()
        && visit.excluded == Some(0)
        && visit.filtered == Some(0)
}

/// Returns the path of the folder `root`, with a trailing separator, as a scan of `other` spells
/// it; `None` if it is not inside.
fn folder_in(root: &RootRow, other: &RootRow) -> Option<Vec<u8>> {
    if root.kind != "path" {
        return None;
    }
    let outer = with_separator(other.raw.clone());
    let spelled = with_separator(root.raw.clone());
    if spelled.starts_with(&outer) {
        return Some(spelled);
    }
    let inner = with_separator(root.real.clone()?);
    let rest = inner.strip_prefix(with_separator(other.real.clone()?).as_slice())?;
    Some([outer.as_slice(), rest].concat())
}

/// Returns whether `scan` or a later one listed `folder` and every folder in it that still exists,
/// all of them on the device of `root`.
fn lists_all(db: &Connection, root: &RootRow, scan: i64, folder: &[u8]) -> rusqlite::Result<bool> {
    let Some(device) = &root.device else { return Ok(false) };
    let mut end = folder.to_vec();
    if let Some(last) = end.last_mut() {
        // It is a separator, which is less than 255.
        *last = last.saturating_add(1);
    }
    db.query_row(
        "WITH own (source, device) AS (SELECT
           (SELECT id FROM sources WHERE name = ?1), (SELECT id FROM devices WHERE name = ?2))
         SELECT EXISTS (SELECT 1 FROM own JOIN dirs ON dirs.source = own.source
             WHERE dirs.path = ?4 AND dirs.listed >= ?3)
           AND NOT EXISTS (SELECT 1 FROM own JOIN dirs ON dirs.source = own.source
             WHERE dirs.path >= ?4 AND dirs.path < ?5
             AND NOT (coalesce(dirs.listed, 0) >= ?3 AND dirs.device IS own.device)
             AND NOT (dirs.seen < ?3 AND coalesce(dirs.device, own.device) IS own.device))
           AND NOT EXISTS (SELECT 1 FROM own JOIN dirs ON dirs.source = own.source
             JOIN files ON files.dir = dirs.id
             WHERE dirs.path >= ?4 AND dirs.path < ?5 AND files.gone IS NULL
             AND coalesce(files.device, own.device) IS NOT own.device)",
        params![root.source.as_deref().unwrap_or_default(), device, scan, folder, end],
        |row| row.get(0),
    )
}
