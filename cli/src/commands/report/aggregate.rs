//! Statistics of all findings, collected in one pass with bounded memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use rmsight::{
    Anomaly, Dependency, Estate, Facts, KeyStatus, LicenseFacts, Need, Retiring, Timestamp, Verdict,
};

use super::list::FindingList;
use crate::inventory::gaps::Doubts;
use crate::inventory::query::{Judged, Translation};
use crate::output::format::address_host;
use crate::stats::{NeedCounts, Publishes, Stats};

/// Maximum number of distinct names of one kind. Hostile files may contain any number.
const NAMES: usize = 100_000;

/// Findings grouped by a property.
#[derive(Debug, Default)]
pub(super) struct Groups {
    counts: HashMap<String, NeedCounts>,
    /// Findings with further names, beyond the maximum.
    pub(super) others: NeedCounts,
}

impl Groups {
    fn add(&mut self, name: &str, need: Need) {
        if let Some(needs) = self.counts.get_mut(name) {
            needs.add(need);
        } else if self.counts.len() < NAMES {
            self.counts.entry(name.to_owned()).or_default().add(need);
        } else {
            self.others.add(need);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    /// Returns the groups with the most needed files.
    pub(super) fn top(&self, count: usize) -> Vec<(&str, NeedCounts)> {
        let mut all: Vec<(&str, NeedCounts)> =
            self.counts.iter().map(|(name, needs)| (name.as_str(), *needs)).collect();
        all.sort_unstable_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
        all.truncate(count);
        all
    }

    /// Returns all groups, ordered by name.
    pub(super) fn by_name(&self) -> Vec<(&str, NeedCounts)> {
        let mut all: Vec<(&str, NeedCounts)> =
            self.counts.iter().map(|(name, needs)| (name.as_str(), *needs)).collect();
        all.sort_unstable_by(|one, other| one.0.cmp(other.0));
        all
    }
}

/// Further facts about one key.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyDates {
    pub(super) newest_license: Option<Timestamp>,
    pub(super) newest_clc: Option<Timestamp>,
    /// When the last right to publish offline ends.
    pub(super) publishes: Publishes,
    pub(super) newest_change: Option<Timestamp>,
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

/// Use of a host in the addresses of files.
#[derive(Debug, Clone, Default)]
pub(super) struct HostUse {
    pub(super) needs: NeedCounts,
    /// Findings whose addresses name this host, but whose key is in Azure.
    pub(super) redirect: u64,
    pub(super) roles: std::collections::BTreeSet<&'static str>,
}

/// All statistics.
#[derive(Debug)]
pub(super) struct Aggregate {
    pub(super) stats: Stats,
    pub(super) doubts: Doubts,
    pub(super) keys: BTreeMap<String, KeyDates>,
    pub(super) declared: BTreeMap<String, Declared>,
    pub(super) hosts: BTreeMap<String, HostUse>,
    pub(super) owners: Groups,
    pub(super) issuers: Groups,
    pub(super) descriptors: Groups,
    pub(super) folders: Groups,
    pub(super) issued: Groups,
    pub(super) modified: Groups,
    pub(super) containers: Groups,
    /// Rules that decided, each with its reason and what would settle it.
    pub(super) rules: BTreeMap<String, (NeedCounts, &'static str, Option<&'static str>)>,
    pub(super) odd: BTreeMap<Anomaly, u64>,
    contents: HashSet<u64>,
    hasher: RandomState,
    pub(super) list: FindingList,
    roots: Vec<String>,
    translation: Translation,
}

impl Aggregate {
    pub(super) fn new(
        estate: &Estate,
        roots: Vec<String>,
        translation: Translation,
        list: FindingList,
    ) -> Aggregate {
        Aggregate {
            stats: Stats::default(),
            doubts: Doubts::default(),
            keys: BTreeMap::new(),
            declared: declared(estate),
            hosts: BTreeMap::new(),
            owners: Groups::default(),
            issuers: Groups::default(),
            descriptors: Groups::default(),
            folders: Groups::default(),
            issued: Groups::default(),
            modified: Groups::default(),
            containers: Groups::default(),
            rules: BTreeMap::new(),
            odd: BTreeMap::new(),
            contents: HashSet::new(),
            hasher: RandomState::new(),
            list,
            roots,
            translation,
        }
    }

    /// Returns the number of distinct protected documents.
    pub(super) fn contents(&self) -> usize {
        self.contents.len()
    }

    pub(super) fn add(&mut self, judged: &Judged) {
        let (facts, verdict) = (&judged.facts, &judged.verdict);
        self.stats.add(&judged.record());
        self.doubts.add(judged);
        if verdict.dependency() == Dependency::None {
            return;
        }
        let need = verdict.need();
        let rule = self.rules.entry(verdict.rule().to_owned()).or_insert((
            NeedCounts::default(),
            verdict.reason(),
            verdict.settled_by(),
        ));
        rule.0.add(need);
        for anomaly in facts.anomalies.iter().chain(verdict.anomalies()) {
            *self.odd.entry(*anomaly).or_default() += 1;
        }
        let envelope = &judged.envelope;
        let path = self.translation.path(envelope.source.as_deref(), &envelope.path);
        self.folders.add(self.folder(&envelope.path, &path), need);
        self.containers.add(facts.container.as_str(), need);
        let changed = envelope.modified.map_or_else(|| "unknown".to_owned(), year_text);
        self.modified.add(&changed, need);
        // Without a license, the owner in the file system can tell what the file is.
        let owner = facts.license.as_deref().and_then(|license| license.owner.as_deref());
        let owner = owner.or(judged.file_owner.as_deref());
        self.owners.add(owner.unwrap_or("unknown"), need);
        if let Some(license) = facts.license.as_deref() {
            self.license(license, facts, verdict, envelope.modified);
        }
        self.list.add(judged, path);
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
            self.contents.insert(self.hasher.hash_one(content));
        }
        let key = facts.slc_key().map(str::to_owned);
        let key = key.or_else(|| facts.slc_id().map(|id| format!("id:{id}")));
        if let Some(key) = key.filter(|key| self.keys.contains_key(key) || self.keys.len() < NAMES)
        {
            let dates = self.keys.entry(key).or_default();
            dates.newest_license = dates.newest_license.max(license.issued);
            dates.newest_clc = dates.newest_clc.max(license.clc_issued);
            dates.publishes.add(license);
            dates.newest_change = dates.newest_change.max(modified);
            if let Some(issued) = license.issued {
                *dates.years.entry(year(issued)).or_default() += 1;
            }
        }
        self.addresses(license, verdict);
    }

    fn addresses(&mut self, license: &LicenseFacts, verdict: &Verdict) {
        let is_redirected = verdict.dependency() == Dependency::AdRmsKeyInAzure;
        if verdict.need() == Need::No && !is_redirected {
            return;
        }
        for (role, address) in [
            ("intranet licensing", &license.licensing_intranet),
            ("extranet licensing", &license.licensing_extranet),
            ("server", &license.slc_address),
            ("referral", &license.referral),
        ] {
            let Some(host) = address.as_deref().and_then(address_host) else { continue };
            if !self.hosts.contains_key(&host) && self.hosts.len() >= NAMES {
                continue;
            }
            let used = self.hosts.entry(host).or_default();
            // A file that names a host in two roles counts twice.
            used.roles.insert(role);
            used.needs.add(verdict.need());
            used.redirect += u64::from(is_redirected);
        }
    }

    /// Returns the group of a file: a folder at most two levels below its root.
    fn folder<'p>(&self, walked: &str, shown: &'p str) -> &'p str {
        let roots = self.roots.iter().filter(|root| walked.starts_with(root.as_str()));
        let root = roots.map(String::len).max().unwrap_or_default();
        // The part below the root has the same length in both, whatever the root is called.
        let start = shown.len().saturating_sub(walked.len().saturating_sub(root));
        let Some(below) = shown.get(start..) else { return shown };
        let mut ends = below.char_indices().filter(|(_, char)| matches!(char, '/' | '\\'));
        let is_inside = below.starts_with(['/', '\\']);
        let mut end = start;
        for _ in 0..(2 + usize::from(is_inside)) {
            match ends.next() {
                Some((at, _)) => end = start + at,
                None => break,
            }
        }
        match shown.get(..end) {
            Some("") | None => "(top)",
            Some(folder) => folder,
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::query::Inventories;

    #[test]
    fn a_file_counts_in_a_folder_near_its_root() {
        let none = Inventories::default().translation().unwrap();
        let roots = vec!["/mnt".to_owned(), "/mnt/fs1".to_owned()];
        let aggregate =
            Aggregate::new(&Estate::default(), roots, none, FindingList::new(1, String::new()));
        let cases = [
            ("/mnt/fs1/a/b/c/d.docx", "/mnt/fs1/a/b/c/d.docx", "/mnt/fs1/a/b"),
            ("/mnt/fs1/a/b/c/d.docx", r"\\fs1\s\a\b\c\d.docx", r"\\fs1\s\a\b"),
            ("/mnt/fs1/d.docx", "/mnt/fs1/d.docx", "/mnt/fs1"),
            ("a/b/c/d.docx", "a/b/c/d.docx", "a/b"),
            ("d.docx", "d.docx", "(top)"),
        ];
        for (walked, shown, expected) in cases {
            assert_eq!(aggregate.folder(walked, shown), expected, "{walked}");
        }
    }
}
