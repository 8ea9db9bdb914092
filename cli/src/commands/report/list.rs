//! The list of single findings: needed ones first, and not more than a browser can filter.

use rmsight::Need;

use crate::inventory::query::Judged;

/// Default length of the list.
pub(super) const SHOWN: usize = 50_000;

/// A row of the list.
#[derive(Debug, Clone)]
pub(super) struct ListedFinding {
    pub(super) need: Need,
    pub(super) dependency: &'static str,
    pub(super) container: &'static str,
    pub(super) key: String,
    pub(super) owner: String,
    pub(super) descriptor: String,
    pub(super) issued: String,
    pub(super) path: String,
    pub(super) code: String,
}

/// The first findings of each need, in their order.
#[derive(Debug)]
pub(super) struct FindingList {
    limit: usize,
    yes: Vec<ListedFinding>,
    possible: Vec<ListedFinding>,
    no: Vec<ListedFinding>,
    /// Whether the next finding is selected.
    pub(super) is_selected: bool,
    /// The options that select findings; empty if all are selected.
    pub(super) selection: String,
    /// Number of all selected findings.
    pub(super) all: u64,
}

impl FindingList {
    pub(super) fn new(limit: usize, selection: String) -> FindingList {
        FindingList {
            limit,
            yes: Vec::new(),
            possible: Vec::new(),
            no: Vec::new(),
            is_selected: true,
            selection,
            all: 0,
        }
    }

    pub(super) fn add(&mut self, judged: &Judged, path: String) {
        if !self.is_selected {
            return;
        }
        self.all += 1;
        let need = judged.verdict.need();
        let (before, own) = match need {
            Need::Yes => (0, &mut self.yes),
            Need::No => (self.yes.len() + self.possible.len(), &mut self.no),
            _ => (self.yes.len(), &mut self.possible),
        };
        if before + own.len() >= self.limit {
            return;
        }
        own.push(listed_finding(judged, path));
    }

    /// Returns the listed findings in the order of the page.
    pub(super) fn entries(&self) -> impl Iterator<Item = &ListedFinding> {
        self.yes.iter().chain(&self.possible).chain(&self.no).take(self.limit)
    }

    pub(super) fn len(&self) -> usize {
        (self.yes.len() + self.possible.len() + self.no.len()).min(self.limit)
    }
}

fn listed_finding(judged: &Judged, mut path: String) -> ListedFinding {
    let (facts, verdict) = (&judged.facts, &judged.verdict);
    if let Some(member) = &facts.member {
        path += "!/";
        path += member;
    }
    let license = facts.license.as_deref();
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    ListedFinding {
        need: verdict.need(),
        dependency: verdict.dependency().as_str(),
        container: facts.container.as_str(),
        key: facts
            .slc_key()
            .map(|key| crate::output::line::short_key(key).to_owned())
            .unwrap_or_default(),
        owner: text(license.and_then(|license| license.owner.as_ref())),
        descriptor: text(license.and_then(|license| {
            license.descriptor_name.as_ref().or(license.descriptor_id.as_ref())
        })),
        issued: license
            .and_then(|license| license.issued)
            .map(|time| time.to_string().chars().take(10).collect())
            .unwrap_or_default(),
        path,
        code: facts.error_code.as_deref().unwrap_or_default().to_owned(),
    }
}
