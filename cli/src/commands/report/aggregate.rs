//! Statistics of all findings, collected in one pass with bounded memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};

use rmsight::{
    Anomaly, Dependency, Estate, Facts, KeyStatus, LicenseFacts, Need, Retiring, Timestamp, Verdict,
};

use super::folder_tree::FolderTree;
use super::groups::{Groups, NAMES};
use super::host_use::{HostUses, higher};
use super::list::FindingList;
use super::read_only::ReadOnlyUses;
use super::ruled::FindingRulings;
use crate::acceptance::{Ruling, excusable};
use crate::inventory::gaps::Doubts;
use crate::inventory::query::{Judged, Translation};
use crate::stats::{NeedCounts, Publishes, Stats};

/// The group of files without a readable license, by owner.
const NOT_READ: &str = "(not read: no owner known)";

/// The modifier for a file that was not read to the end, or that contradicts its license.
const DAMAGED: &str = "M28";

/// Further facts about one key.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyDates {
    pub(super) newest_license: Option<Timestamp>,
    pub(super) newest_clc: Option<Timestamp>,
    /// When the last right to publish offline ends.
    pub(super) publishes: Publishes,
    pub(super) newest_change: Option<Timestamp>,
    /// Possible findings of files that were not read to the end, or that contradict their license.
    pub(super) damaged: u64,
    /// Findings by the year of issue.
    pub(super) years: BTreeMap<i64, u64>,
}

/// A key in the estate file.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) authority: String,
    pub(super) status: KeyStatus,
    pub(super) retiring: Retiring,
    pub(super) since: Option<Timestamp>,
}

/// The lists of a page.
#[derive(Debug)]
pub(super) struct PageLists {
    /// Findings that are protected or not read.
    pub(super) findings: FindingList,
    /// Findings that were not read, or not to the end.
    pub(super) unread: FindingList,
}

/// All statistics.
#[derive(Debug)]
pub(super) struct Aggregate {
    pub(super) stats: Stats,
    pub(super) doubts: Doubts,
    pub(super) keys: BTreeMap<String, KeyDates>,
    pub(super) declared: BTreeMap<String, Declared>,
    pub(super) hosts: HostUses,
    pub(super) owners: Groups,
    pub(super) issuers: Groups,
    pub(super) descriptors: Groups,
    pub(super) folders: FolderTree,
    pub(super) issued: Groups,
    pub(super) modified: Groups,
    pub(super) containers: Groups,
    /// Rules that decided, each with its reason and what would settle its findings.
    pub(super) rules: BTreeMap<String, (NeedCounts, &'static str, BTreeSet<&'static str>)>,
    /// Findings with an error code that name a key, by code. No ruling accepts them.
    pub(super) errors_with_key: BTreeMap<String, u64>,
    pub(super) odd: BTreeMap<Anomaly, u64>,
    pub(super) read_only: ReadOnlyUses,
    /// Findings that were not read and that a ruling accepts. They are counted as possible too.
    pub(super) accepted: u64,
    /// Findings with a doubt or an error that a ruling accepts, by its name.
    pub(super) rulings: BTreeMap<(String, Ruling), u64>,
    /// Something was not read or decided, and no ruling accepts it.
    pub(super) is_incomplete: bool,
    /// The highest need of each document, by the hash of its id.
    contents: HashMap<u64, Need>,
    hasher: RandomState,
    pub(super) lists: PageLists,
    translation: Translation,
    /// Source and path of the current file.
    file: (Option<String>, String),
}

impl Aggregate {
    pub(super) fn new(estate: &Estate, translation: Translation, lists: PageLists) -> Aggregate {
        Aggregate {
            stats: Stats::default(),
            doubts: Doubts::default(),
            keys: BTreeMap::new(),
            declared: declared(estate),
            hosts: HostUses::default(),
            owners: Groups::default(),
            issuers: Groups::default(),
            descriptors: Groups::default(),
            folders: FolderTree::default(),
            issued: Groups::default(),
            modified: Groups::default(),
            containers: Groups::default(),
            rules: BTreeMap::new(),
            errors_with_key: BTreeMap::new(),
            odd: BTreeMap::new(),
            read_only: ReadOnlyUses::new(estate),
            accepted: 0,
            rulings: BTreeMap::new(),
            is_incomplete: false,
            contents: HashMap::new(),
            hasher: RandomState::new(),
            lists,
            translation,
            file: (None, String::new()),
        }
    }

    /// Returns the number of distinct protected documents.
    pub(super) fn contents(&self) -> u64 {
        self.contents.len().try_into().unwrap_or(u64::MAX)
    }

    /// Returns the number of distinct documents with a finding whose need is `yes`.
    pub(super) fn needed_contents(&self) -> u64 {
        let needed = self.contents.values().filter(|need| **need == Need::Yes).count();
        needed.try_into().unwrap_or(u64::MAX)
    }

    /// Returns the number of possible findings that no ruling accepts.
    pub(super) fn possible(&self) -> u64 {
        self.stats.needs.possible.saturating_sub(self.accepted)
    }

    /// Adds a finding. `is_selected` says whether the list of findings shows it.
    pub(super) fn add(&mut self, judged: &Judged, rulings: &FindingRulings, is_selected: bool) {
        let (facts, verdict) = (&judged.facts, &judged.verdict);
        self.stats.add(&judged.record());
        self.doubts.add(&judged.record(), false, rulings.is_doubt_accepted());
        let is_decided = matches!(verdict.need(), Need::Yes | Need::No)
            && verdict.dependency() != Dependency::Undecided;
        let is_open = facts.error_code.is_some() || !is_decided;
        self.is_incomplete |= is_open && rulings.error.is_none();
        self.accepted += u64::from(rulings.error.is_some());
        for (name, ruling) in rulings.counted(&judged.record()) {
            *self.rulings.entry((name.to_owned(), ruling)).or_default() += 1;
        }
        if verdict.dependency() == Dependency::None {
            return;
        }
        let envelope = &judged.envelope;
        let path = self.translation.path(envelope.source.as_deref(), &envelope.path);
        self.next_file(envelope.source.as_deref(), &envelope.path);
        if facts.error_code.is_some() {
            self.lists.unread.add(judged, &path);
        }
        let need = verdict.need();
        let rule = self.rules.entry(verdict.rule().to_owned()).or_insert((
            NeedCounts::default(),
            verdict.reason(),
            BTreeSet::new(),
        ));
        rule.0.add(need);
        if need == Need::Possible {
            rule.2.extend(verdict.settled_by());
        }
        if let Some(code) = facts.error_code.as_deref()
            && excusable(facts, verdict).is_none()
        {
            *self.errors_with_key.entry(code.to_owned()).or_default() += 1;
        }
        for anomaly in facts.anomalies.iter().chain(verdict.anomalies()) {
            *self.odd.entry(*anomaly).or_default() += 1;
        }
        self.folders.add(&path, need);
        self.containers.add(facts.container.as_str(), need);
        let changed = envelope.modified.map_or_else(|| "unknown".to_owned(), year_text);
        self.modified.add(&changed, need);
        match facts.license.as_deref() {
            Some(license) => {
                let owner = license.owner.as_deref().or(judged.file_owner.as_deref());
                self.owners.add(owner.unwrap_or("unknown"), need);
                self.license(license, facts, verdict, envelope.modified);
                self.read_only.add(judged, license, &path);
            }
            // Without a license, the owner in the file system can tell what the file is.
            None => self.owners.add(judged.file_owner.as_deref().unwrap_or(NOT_READ), need),
        }
        if is_selected {
            self.lists.findings.add(judged, &path);
        }
    }

    /// Ends the pass.
    pub(super) fn end(&mut self) {
        self.hosts.end_file();
        self.lists.findings.end();
        self.lists.unread.end();
    }

    /// Findings of one file follow each other.
    fn next_file(&mut self, source: Option<&str>, path: &str) {
        if self.file.0.as_deref() != source || self.file.1 != path {
            self.hosts.end_file();
            self.file = (source.map(str::to_owned), path.to_owned());
        }
    }

    fn license(
        &mut self,
        license: &LicenseFacts,
        facts: &Facts,
        verdict: &Verdict,
        modified: Option<Timestamp>,
    ) {
        let need = verdict.need();
        let unknown = "unknown";
        let issuer = license.issuer_name.as_deref().or(license.issuer_id.as_deref());
        self.issuers.add(issuer.unwrap_or(unknown), need);
        let descriptor = license.descriptor_name.as_deref().or(license.descriptor_id.as_deref());
        self.descriptors.add(descriptor.unwrap_or("ad hoc or unknown"), need);
        self.issued.add(&license.issued.map_or_else(|| unknown.to_owned(), year_text), need);
        if let Some(content) = &license.content_id {
            // Licenses of other keys or owners are other documents, even with an equal id.
            let document = (content, facts.slc_key().or(facts.slc_id()), &license.owner);
            let highest = self.contents.entry(self.hasher.hash_one(document)).or_insert(need);
            *highest = higher(*highest, need);
        }
        let key = facts.slc_key().map(str::to_owned);
        let key = key.or_else(|| facts.slc_id().map(|id| format!("id:{id}")));
        if let Some(key) = key.filter(|key| self.keys.contains_key(key) || self.keys.len() < NAMES)
        {
            let dates = self.keys.entry(key).or_default();
            dates.newest_license = dates.newest_license.max(license.issued);
            dates.newest_clc = dates.newest_clc.max(license.clc_issued);
            dates.publishes.add(license);
            let is_damaged = verdict.modifiers().any(|modifier| modifier.id() == DAMAGED);
            dates.damaged += u64::from(is_damaged && need == Need::Possible);
            dates.newest_change = dates.newest_change.max(modified);
            if let Some(issued) = license.issued {
                *dates.years.entry(year(issued)).or_default() += 1;
            }
        }
        self.hosts.add(license, verdict);
    }
}

fn declared(estate: &Estate) -> BTreeMap<String, Declared> {
    let mut all = BTreeMap::new();
    for authority in estate.authorities() {
        for key in &authority.keys {
            let name = key.key.clone().or_else(|| key.id.as_ref().map(|id| format!("id:{id}")));
            if let Some(name) = name {
                let declared = Declared {
                    authority: authority.name.clone(),
                    status: key.status,
                    retiring: authority.retiring,
                    since: key.since,
                };
                all.insert(name, declared);
            }
        }
    }
    all
}

/// Returns the year of a time.
fn year(time: Timestamp) -> i64 {
    year_text(time).parse().unwrap_or_default()
}

fn year_text(time: Timestamp) -> String {
    let text = time.to_string();
    text.split('-').next().unwrap_or_default().to_owned()
}
