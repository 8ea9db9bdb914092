//! Statistics of a scan. They do not depend on the order of the files.

use std::collections::{BTreeMap, BTreeSet};

use rmsight::{
    Anomaly, AuthorityKind, Dependency, KeyLink, KeyMatch, LicenseFacts, Need, Record, Signature,
    Timestamp,
};

use crate::inventory::gaps::{Doubts, OF_FINDINGS};

/// Number of findings by need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NeedCounts {
    pub(crate) yes: u64,
    pub(crate) possible: u64,
    pub(crate) no: u64,
}

impl NeedCounts {
    pub(crate) fn add(&mut self, need: Need) {
        match need {
            Need::Yes => self.yes += 1,
            Need::No => self.no += 1,
            // An unknown need must not be counted as `no`.
            _ => self.possible += 1,
        }
    }

    pub(crate) fn merge(&mut self, other: NeedCounts) {
        self.yes += other.yes;
        self.possible += other.possible;
        self.no += other.no;
    }

    pub(crate) fn all(self) -> u64 {
        self.yes + self.possible + self.no
    }
}

/// How a record was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordClass {
    /// Does not depend on a key.
    Unprotected,
    Decided,
    Undecided,
}

/// Statistics of one Server Licensor Certificate (SLC) key, from the files that name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeyStats {
    pub(crate) needs: NeedCounts,
    /// The estate file declares this key.
    pub(crate) is_declared: bool,
    /// Number of findings that look like those of a key that Azure imported from AD RMS.
    pub(crate) looks_imported: u64,
    /// Descriptions of the key in files, each with the number of files.
    said: BTreeMap<KeyDescription, u64>,
    /// Number of findings for each of [`READ_ONLY_CHECKS`] that matches.
    pub(crate) checks: [u64; READ_ONLY_CHECKS.len()],
    /// End of the last right to publish in client certificates that this key issued.
    pub(crate) publishes: Publishes,
}

/// When the last right of clients to publish offline ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Publishes {
    /// From certificates whose signatures lead to the key.
    pub(crate) proven: Option<Timestamp>,
    /// From certificates whose signatures were not checked or cannot be checked. They may be
    /// forged.
    pub(crate) claimed: Option<Timestamp>,
}

impl Publishes {
    /// Adds the client certificate of a license.
    pub(crate) fn add(&mut self, license: &LicenseFacts) {
        let is_good = matches!(license.signature, Signature::Valid | Signature::Reflowed);
        match license.link {
            // A certificate that contradicts its license does not belong to this key.
            KeyLink::Broken => {}
            KeyLink::Linked if is_good => self.proven = self.proven.max(license.clc_until),
            _ => self.claimed = self.claimed.max(license.clc_until),
        }
    }

    pub(crate) fn merge(&mut self, other: Publishes) {
        self.proven = self.proven.max(other.proven);
        self.claimed = self.claimed.max(other.claimed);
    }

    /// Returns the claimed end if it is later than the proven one.
    pub(crate) fn only_claimed(self) -> Option<Timestamp> {
        self.claimed.filter(|_| self.claimed > self.proven)
    }
}

/// The modifiers that test whether a key that is declared read-only is read-only.
pub(crate) const READ_ONLY_CHECKS: [&str; 4] = ["M24", "M25", "M26", "M27"];

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyDescription {
    pub(crate) address: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) bits: Option<u32>,
    pub(crate) authority: Option<String>,
    pub(crate) tenant: Option<String>,
    /// The kind of server that issued the license, as far as the license tells.
    pub(crate) kind: Option<AuthorityKind>,
}

/// Statistics of all records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stats {
    /// Number of files that were opened.
    pub(crate) files: u64,
    /// Number of files and folders that could not be opened.
    pub(crate) unreadable: u64,
    /// Some data could not be read or decided.
    pub(crate) is_incomplete: bool,
    /// Number of findings that depend on no key.
    pub(crate) unprotected: u64,
    /// All other findings.
    pub(crate) needs: NeedCounts,
    /// Number of findings in `needs` that are undecided.
    pub(crate) undecided: u64,
    /// By the SHA-256 of the modulus, or by key id if no file contains the key.
    pub(crate) keys: BTreeMap<String, KeyStats>,
    /// Number of findings by error code.
    pub(crate) errors: BTreeMap<String, u64>,
    /// Findings that cause gaps.
    pub(crate) doubts: Doubts,
}

impl Stats {
    pub(crate) fn add(&mut self, record: &Record<'_>) -> RecordClass {
        let (facts, verdict) = (&*record.facts, &*record.verdict);
        self.doubts.add(record, false, [false; OF_FINDINGS.len()]);
        if let Some(code) = &facts.error_code {
            self.is_incomplete = true;
            *self.errors.entry(code.to_string()).or_default() += 1;
        }
        match verdict.dependency() {
            Dependency::None => {
                self.unprotected += 1;
                return RecordClass::Unprotected;
            }
            Dependency::Undecided => {
                self.undecided += 1;
                self.is_incomplete = true;
            }
            _ => {}
        }
        self.needs.add(verdict.need());
        self.add_key(record);
        match verdict.dependency() {
            Dependency::Undecided => RecordClass::Undecided,
            _ => RecordClass::Decided,
        }
    }

    fn add_key(&mut self, record: &Record<'_>) {
        let (facts, verdict) = (&*record.facts, &*record.verdict);
        let Some(license) = &facts.license else { return };
        let name = match (&license.slc_key, &license.slc_id) {
            (Some(key), _) => key.clone(),
            (None, Some(id)) => format!("id:{id}"),
            (None, None) => return,
        };
        let key = self.keys.entry(name).or_default();
        key.needs.add(verdict.need());
        key.is_declared |= verdict.key_match() == KeyMatch::Key;
        let said = KeyDescription {
            address: license.slc_address.clone(),
            name: license.slc_name.clone(),
            id: license.slc_id.clone(),
            bits: license.slc_key_bits,
            authority: verdict.authority().map(str::to_owned),
            tenant: license.tenant_id.clone(),
            kind: issuing_kind(verdict.dependency(), license),
        };
        let is_imported = verdict.anomalies().contains(&Anomaly::ImportedKeyLikely);
        key.looks_imported += u64::from(is_imported);
        *key.said.entry(said).or_default() += 1;
        for modifier in verdict.modifiers() {
            if let Some(at) = READ_ONLY_CHECKS.iter().position(|id| *id == modifier.id()) {
                key.checks[at] += 1;
            }
        }
        key.publishes.add(license);
    }

    pub(crate) fn merge(&mut self, other: Stats) {
        self.files += other.files;
        self.unreadable += other.unreadable;
        self.is_incomplete |= other.is_incomplete;
        self.unprotected += other.unprotected;
        self.needs.merge(other.needs);
        self.undecided += other.undecided;
        self.doubts.merge(other.doubts);
        for (code, count) in other.errors {
            *self.errors.entry(code).or_default() += count;
        }
        for (name, other) in other.keys {
            let key = self.keys.entry(name).or_default();
            key.needs.merge(other.needs);
            key.is_declared |= other.is_declared;
            key.looks_imported += other.looks_imported;
            for (said, count) in other.said {
                *key.said.entry(said).or_default() += count;
            }
            for (sum, count) in key.checks.iter_mut().zip(other.checks) {
                *sum += count;
            }
            key.publishes.merge(other.publishes);
        }
    }

    /// Returns the number of findings that are protected or undecided.
    pub(crate) fn findings(&self) -> u64 {
        self.needs.all()
    }

    /// Returns whether no record was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.unprotected == 0 && self.findings() == 0
    }

    pub(crate) fn is_complete(&self) -> bool {
        !self.is_incomplete
    }
}

/// Returns the kind of server that issued a license whose key the estate does not decide.
fn issuing_kind(dependency: Dependency, license: &LicenseFacts) -> Option<AuthorityKind> {
    match dependency {
        Dependency::AzureRms => Some(AuthorityKind::AzureRms),
        Dependency::AdRms | Dependency::AdRmsKeyInAzure => Some(AuthorityKind::AdRms),
        _ => license.tenant_id.as_ref().map(|_| AuthorityKind::AzureRms),
    }
}

impl KeyStats {
    /// Returns the kinds of servers that issued its licenses, AD RMS first.
    pub(crate) fn kinds(&self) -> BTreeSet<AuthorityKind> {
        self.said.keys().filter_map(|said| said.kind).collect()
    }

    /// Returns the most frequent description. Among equally frequent ones, returns the first in
    /// alphabetical order.
    pub(crate) fn said(&self) -> KeyDescription {
        let most = self.said.iter().max_by_key(|(said, count)| (**count, std::cmp::Reverse(*said)));
        most.map(|(said, _)| said.clone()).unwrap_or_default()
    }
}

/// Describes a key in one line, as files name it.
pub(crate) fn describe(key: &KeyStats) -> String {
    let said = key.said();
    let authority = said.authority.as_ref().map(|name| format!("{name:?}"));
    let bits = said.bits.map(|bits| format!("{bits} bits"));
    let id = said.id.as_ref().map(|id| format!("id {id}"));
    let parts = [authority, said.name, said.address, bits, id];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(", ")
}
