//! The content of a report.

use std::collections::BTreeSet;

use rmsight::{AuthorityKind, Estate, KeyStatus, OpenQuestion, Timestamp};

use super::aggregate::{Aggregate, Declared, KeyDates};
use super::authority::AuthorityAnswer;
use crate::inventory::gaps::Gap;
use crate::inventory::scope::Scope;
use crate::output::estate_lines::{self, ServerDraft};
use crate::output::format::{day, describe};
use crate::output::terms::NeedTerms;
use crate::stats::{KeyStats, NeedCounts};

/// Everything that a report shows.
#[derive(Debug)]
pub(super) struct ReportPage {
    pub(super) aggregate: Aggregate,
    /// The authorities that go away or may go away.
    pub(super) authorities: Vec<AuthorityAnswer>,
    pub(super) terms: NeedTerms,
    /// Questions that the estate file leaves open.
    pub(super) questions: Vec<OpenQuestion>,
    pub(super) estate: Estate,
    pub(super) scopes: Vec<Scope>,
    /// Why the scans do not support a complete answer.
    pub(super) gaps: Vec<Gap>,
    pub(super) judged_with: String,
    pub(super) made: Timestamp,
}

/// A key with all facts about it.
#[derive(Debug)]
pub(super) struct KeyLine<'p> {
    pub(super) name: &'p str,
    pub(super) needs: NeedCounts,
    pub(super) declared: Option<&'p Declared>,
    pub(super) stats: Option<&'p KeyStats>,
    pub(super) dates: KeyDates,
}

impl KeyLine<'_> {
    /// Returns whether nothing can be done about the key; such keys are listed separately.
    pub(super) fn is_apart(&self) -> bool {
        let gone = [KeyStatus::Foreign, KeyStatus::Lost, KeyStatus::Revoked];
        self.declared.is_some_and(|key| gone.contains(&key.status))
    }

    pub(super) fn status(&self) -> Option<KeyStatus> {
        self.declared.map(|key| key.status)
    }

    /// Returns the owner, as the estate names it, or else as files do.
    pub(super) fn owner(&self) -> String {
        match (self.declared, self.stats) {
            (Some(declared), _) => declared.authority.clone(),
            (None, Some(key)) => describe(key),
            (None, None) => String::new(),
        }
    }

    pub(super) fn status_text(&self) -> String {
        match self.declared {
            Some(key) if key.status == KeyStatus::Open => "open question".to_owned(),
            Some(key) => match key.since {
                Some(since) => format!("{} since {}", key.status, day(Some(since))),
                None => key.status.to_string(),
            },
            None => "not in the estate".to_owned(),
        }
    }
}

impl ReportPage {
    /// Returns all keys in files and in the estate. Keys that need a cluster come first.
    pub(super) fn keys(&self) -> Vec<KeyLine<'_>> {
        let aggregate = &self.aggregate;
        let names: BTreeSet<&str> = aggregate
            .stats
            .keys
            .keys()
            .chain(aggregate.declared.keys())
            .map(String::as_str)
            .collect();
        let mut all: Vec<KeyLine<'_>> = names
            .into_iter()
            .map(|name| {
                let stats = aggregate.stats.keys.get(name);
                KeyLine {
                    name,
                    needs: stats.map(|key| key.needs).unwrap_or_default(),
                    declared: aggregate.declared.get(name),
                    stats,
                    dates: aggregate.keys.get(name).cloned().unwrap_or_default(),
                }
            })
            .collect();
        all.sort_by(|one, other| other.needs.cmp(&one.needs).then(one.name.cmp(other.name)));
        all
    }

    /// Returns whether a root has no gap. `scope` is the index of its inventory.
    pub(super) fn is_whole(&self, scope: usize, root: i64) -> bool {
        !self.gaps.iter().any(|gap| gap.root == Some((scope, root)))
    }

    /// Returns the kinds of authorities whose limits the page lists.
    pub(super) fn kinds(&self) -> BTreeSet<AuthorityKind> {
        let kinds: BTreeSet<AuthorityKind> = self.authorities.iter().map(|one| one.kind).collect();
        match (kinds.is_empty(), self.terms) {
            (false, _) => kinds,
            (true, NeedTerms::Cluster) => BTreeSet::from([AuthorityKind::AdRms]),
            (true, NeedTerms::Authority) => {
                self.estate.authorities().iter().map(|one| one.kind).collect()
            }
        }
    }

    /// Returns the servers of the undeclared keys that a verdict depends on.
    pub(super) fn servers(&self) -> Vec<ServerDraft<'_>> {
        estate_lines::servers(self.unknown().into_iter(), &self.estate)
    }

    /// Returns the undeclared keys that a verdict depends on.
    pub(super) fn unknown(&self) -> Vec<(&String, &KeyStats)> {
        let keys = self.aggregate.stats.keys.iter();
        let mut all: Vec<_> =
            keys.filter(|(_, key)| !key.is_declared && key.needs.possible > 0).collect();
        all.sort_by(|one, other| {
            other.1.needs.possible.cmp(&one.1.needs.possible).then(one.0.cmp(other.0))
        });
        all
    }
}
