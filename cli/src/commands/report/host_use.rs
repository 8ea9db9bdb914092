//! The hosts that files name in their addresses.

use std::collections::{BTreeMap, BTreeSet};

use rmsight::{Dependency, LicenseFacts, Need, Verdict};

use super::groups::NAMES;
use crate::output::format::address_host;
use crate::stats::NeedCounts;

/// Use of a host in the addresses of files.
#[derive(Debug, Clone, Default)]
pub(super) struct HostUse {
    /// Files that name it; each counts once, with its highest need.
    pub(super) files: NeedCounts,
    /// Files that name it, but whose key is in Azure.
    pub(super) redirect: u64,
    /// The addresses of licenses in which it occurs.
    pub(super) roles: BTreeSet<&'static str>,
}

/// The use of all hosts.
#[derive(Debug, Default)]
pub(super) struct HostUses {
    all: BTreeMap<String, HostUse>,
    /// The hosts of the current file, each with its highest need and whether its key is in Azure.
    current: BTreeMap<String, (Need, bool)>,
}

impl HostUses {
    /// Adds the addresses of a finding of the current file.
    pub(super) fn add(&mut self, license: &LicenseFacts, verdict: &Verdict) {
        let is_redirected = verdict.dependency() == Dependency::AdRmsKeyInAzure;
        let need = verdict.need();
        if need == Need::No && !is_redirected {
            return;
        }
        for (role, address) in [
            ("intranet licensing", &license.licensing_intranet),
            ("extranet licensing", &license.licensing_extranet),
            ("server", &license.slc_address),
            ("referral", &license.referral),
        ] {
            let Some(host) = address.as_deref().and_then(address_host) else { continue };
            if !self.all.contains_key(&host) && self.all.len() >= NAMES {
                continue;
            }
            self.all.entry(host.clone()).or_default().roles.insert(role);
            let current = self.current.entry(host).or_insert((need, false));
            current.0 = higher(current.0, need);
            current.1 |= is_redirected;
        }
    }

    /// Counts the hosts of the current file. The next finding is of another file.
    pub(super) fn end_file(&mut self) {
        for (host, (need, is_redirected)) in std::mem::take(&mut self.current) {
            let used = self.all.entry(host).or_default();
            used.files.add(need);
            used.redirect += u64::from(is_redirected);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the hosts, the most needed ones first.
    pub(super) fn sorted(&self) -> Vec<(&str, &HostUse)> {
        let mut all: Vec<(&str, &HostUse)> =
            self.all.iter().map(|(name, used)| (name.as_str(), used)).collect();
        all.sort_by(|one, other| other.1.files.cmp(&one.1.files).then(one.0.cmp(other.0)));
        all
    }

    /// Returns the hosts that have to lead to Azure: files name them, and Azure has their key.
    pub(super) fn redirected(&self) -> Vec<&str> {
        let all = self.all.iter().filter(|(_, used)| used.redirect > 0);
        all.map(|(name, _)| name.as_str()).collect()
    }
}

/// Returns the need that counts for a file with two findings.
pub(super) fn higher(one: Need, other: Need) -> Need {
    let rank = |need| match need {
        Need::Yes => 2,
        Need::No => 0,
        _ => 1,
    };
    if rank(other) > rank(one) { other } else { one }
}
