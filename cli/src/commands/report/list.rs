//! Lists of single findings: needed ones first, and not more than a browser can filter.

use rmsight::{Need, Timestamp};

use crate::inventory::query::Judged;
use crate::output::line::short_key;

/// Default length of a list.
pub(super) const SHOWN: usize = 50_000;

/// A row of a list.
#[derive(Debug, Clone)]
pub(super) struct ListedFinding {
    pub(super) need: Need,
    pub(super) dependency: &'static str,
    pub(super) container: &'static str,
    pub(super) authority: String,
    pub(super) key: String,
    pub(super) owner: String,
    pub(super) descriptor: String,
    pub(super) issued: String,
    pub(super) modified: String,
    pub(super) size: Option<u64>,
    pub(super) path: String,
    pub(super) code: String,
    pub(super) error: String,
}

/// The findings whose paths are first, of each need.
#[derive(Debug)]
pub(super) struct FindingList {
    limit: usize,
    yes: NeedList,
    possible: NeedList,
    no: NeedList,
    /// Number of all findings that could be in the list.
    pub(super) all: u64,
}

/// Findings of one need. At most half more than the limit are in memory.
#[derive(Debug, Default)]
struct NeedList {
    rows: Vec<ListedFinding>,
    /// The path of the last row that can still be in the list.
    last: Option<String>,
}

impl NeedList {
    /// Returns whether a finding can be in the list.
    fn has_room(&self, path: &str) -> bool {
        self.last.as_ref().is_none_or(|last| path <= last.as_str())
    }

    fn add(&mut self, limit: usize, row: ListedFinding) {
        self.rows.push(row);
        if self.rows.len() > limit + limit / 2 + 16 {
            self.sort(limit);
            self.last = self.rows.last().map(|row| row.path.clone());
        }
    }

    fn sort(&mut self, limit: usize) {
        self.rows.sort_by(|one, other| one.path.cmp(&other.path));
        self.rows.truncate(limit);
    }
}

impl FindingList {
    pub(super) fn new(limit: usize) -> FindingList {
        let [yes, possible, no] = [const { NeedList { rows: Vec::new(), last: None } }; 3];
        FindingList { limit, yes, possible, no, all: 0 }
    }

    pub(super) fn add(&mut self, judged: &Judged, path: &str) {
        self.all += 1;
        let list = match judged.verdict.need() {
            Need::Yes => &mut self.yes,
            Need::No => &mut self.no,
            _ => &mut self.possible,
        };
        let member = judged.facts.member.as_ref();
        let path = member.map_or_else(|| path.to_owned(), |member| format!("{path}!/{member}"));
        if self.limit > 0 && list.has_room(&path) {
            list.add(self.limit, listed_finding(judged, path));
        }
    }

    /// Sorts the findings, after the last one was added.
    pub(super) fn end(&mut self) {
        let mut room = self.limit;
        for list in [&mut self.yes, &mut self.possible, &mut self.no] {
            list.sort(room);
            room -= list.rows.len();
        }
    }

    /// Returns the listed findings: those that are needed first, then by path.
    pub(super) fn entries(&self) -> impl Iterator<Item = &ListedFinding> {
        self.yes.rows.iter().chain(&self.possible.rows).chain(&self.no.rows)
    }

    pub(super) fn len(&self) -> usize {
        self.yes.rows.len() + self.possible.rows.len() + self.no.rows.len()
    }

    /// Returns the number of findings that are not in the list.
    pub(super) fn left(&self) -> u64 {
        self.all.saturating_sub(self.len().try_into().unwrap_or(u64::MAX))
    }
}

fn listed_finding(judged: &Judged, path: String) -> ListedFinding {
    let (facts, verdict) = (&judged.facts, &judged.verdict);
    let license = facts.license.as_deref();
    let day = |time: Option<Timestamp>| -> String {
        time.map(|time| time.to_string().chars().take(10).collect()).unwrap_or_default()
    };
    let policy = |license: &rmsight::LicenseFacts| {
        license.descriptor_name.clone().or_else(|| license.descriptor_id.clone())
    };
    ListedFinding {
        need: verdict.need(),
        dependency: verdict.dependency().as_str(),
        container: facts.container.as_str(),
        authority: verdict.authority().unwrap_or_default().to_owned(),
        key: facts.slc_key().map(|key| short_key(key).to_owned()).unwrap_or_default(),
        owner: license
            .and_then(|license| license.owner.clone())
            .or_else(|| judged.file_owner.clone())
            .unwrap_or_default(),
        descriptor: license.and_then(policy).unwrap_or_default(),
        issued: day(license.and_then(|license| license.issued)),
        modified: day(judged.envelope.modified),
        size: facts.member_size.or(judged.envelope.size),
        path,
        code: facts.error_code.as_deref().unwrap_or_default().to_owned(),
        error: facts.error.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_paths_are_kept_whatever_their_order() {
        let row = |at: usize| ListedFinding {
            need: Need::Yes,
            dependency: "",
            container: "",
            authority: String::new(),
            key: String::new(),
            owner: String::new(),
            descriptor: String::new(),
            issued: String::new(),
            modified: String::new(),
            size: None,
            path: format!("{at:04}"),
            code: String::new(),
            error: String::new(),
        };
        // 611 has no common divisor with 1,000, so that each number occurs once.
        for order in [1, 611, 999] {
            let mut list = FindingList::new(3);
            for row in (0..1_000).map(|at| row(at * order % 1_000)) {
                if list.yes.has_room(&row.path) {
                    list.yes.add(3, row);
                }
            }
            (0..2).for_each(|at| list.possible.add(3, row(at)));
            assert!(list.yes.rows.len() < 25);
            list.end();
            let paths: Vec<&str> = list.entries().map(|row| row.path.as_str()).collect();
            assert_eq!(paths, ["0000", "0001", "0002"], "{order}");
        }
    }
}
