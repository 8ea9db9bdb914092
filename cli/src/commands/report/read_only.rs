//! Keys that are declared read-only: the servers and clients that still publish with them, and the files that remain.

use std::collections::BTreeMap;

use rmsight::{AuthorityKind, Estate, KeyStatus, LicenseFacts, Timestamp};

use super::folder_tree::FolderTree;
use super::groups::Groups;
use crate::inventory::query::Judged;
use crate::stats::{NeedCounts, Publishes, READ_ONLY_CHECKS};

/// Maximum number of files that are kept for each alarm.
const FILES: usize = 500;

/// A file behind an alarm.
#[derive(Debug, Clone)]
pub(super) struct AlarmFile {
    pub(super) path: String,
    pub(super) issuer: String,
    pub(super) issued: Option<Timestamp>,
    pub(super) clc_issued: Option<Timestamp>,
    pub(super) clc_until: Option<Timestamp>,
}

/// What one of [`READ_ONLY_CHECKS`] found.
#[derive(Debug, Clone, Default)]
pub(super) struct Alarm {
    pub(super) findings: u64,
    /// The first files.
    pub(super) files: Vec<AlarmFile>,
    pub(super) issuers: Groups,
}

/// The use of a read-only key.
#[derive(Debug, Clone)]
pub(super) struct ReadOnlyUse {
    pub(super) key: String,
    pub(super) authority: String,
    pub(super) since: Option<Timestamp>,
    /// In the order of [`READ_ONLY_CHECKS`].
    pub(super) alarms: [Alarm; READ_ONLY_CHECKS.len()],
    /// When the last right to publish offline ends.
    pub(super) publishes: Publishes,
    /// Findings under the key.
    pub(super) remaining: NeedCounts,
    pub(super) owners: Groups,
    pub(super) folders: FolderTree,
}

impl ReadOnlyUse {
    /// Returns whether something was published after the key became read-only.
    pub(super) fn is_publishing(&self) -> bool {
        // The last check is about files that were edited, which publishes nothing.
        self.alarms.iter().take(READ_ONLY_CHECKS.len() - 1).any(|alarm| alarm.findings > 0)
    }
}

/// The uses of all read-only keys of AD RMS authorities.
#[derive(Debug, Default)]
pub(super) struct ReadOnlyUses(BTreeMap<String, ReadOnlyUse>);

impl ReadOnlyUses {
    pub(super) fn new(estate: &Estate) -> ReadOnlyUses {
        let mut all = BTreeMap::new();
        let clusters = estate.authorities().iter().filter(|one| one.kind == AuthorityKind::AdRms);
        for authority in clusters {
            for declared in authority.keys.iter().filter(|key| key.status == KeyStatus::ReadOnly) {
                let Some(key) = &declared.key else { continue };
                let used = ReadOnlyUse {
                    key: key.clone(),
                    authority: authority.name.clone(),
                    since: declared.since,
                    alarms: Default::default(),
                    publishes: Publishes::default(),
                    remaining: NeedCounts::default(),
                    owners: Groups::default(),
                    folders: FolderTree::default(),
                };
                all.insert(key.clone(), used);
            }
        }
        ReadOnlyUses(all)
    }

    /// Adds a finding with a license; `path` is that of its file, as it is shown.
    pub(super) fn add(&mut self, judged: &Judged, license: &LicenseFacts, path: &str) {
        let Some(used) = license.slc_key.as_ref().and_then(|key| self.0.get_mut(key)) else {
            return;
        };
        let need = judged.verdict.need();
        used.remaining.add(need);
        used.owners.add(license.owner.as_deref().unwrap_or("unknown"), need);
        used.folders.add(path, need);
        used.publishes.add(license);
        let issuer = license.issuer_name.as_deref().or(license.issuer_id.as_deref());
        let issuer = issuer.unwrap_or("unknown");
        for modifier in judged.verdict.modifiers() {
            let at = READ_ONLY_CHECKS.iter().position(|id| *id == modifier.id());
            let Some(alarm) = at.and_then(|at| used.alarms.get_mut(at)) else { continue };
            alarm.findings += 1;
            alarm.issuers.add(issuer, need);
            if alarm.files.len() < FILES {
                let member = judged.facts.member.as_ref();
                let member = member.map_or_else(String::new, |member| format!("!/{member}"));
                alarm.files.push(AlarmFile {
                    path: format!("{path}{member}"),
                    issuer: issuer.to_owned(),
                    issued: license.issued,
                    clc_issued: license.clc_issued,
                    clc_until: license.clc_until,
                });
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &ReadOnlyUse> {
        self.0.values()
    }
}
