//! The content of a report.

use std::collections::BTreeSet;

use rmsight::{KeyStatus, Timestamp};

use super::aggregate::{Aggregate, Declared, KeyDates};
use crate::inventory::gaps::Gap;
use crate::inventory::scope::Scope;
use crate::output::format::day;
use crate::output::summary;
use crate::stats::{KeyStats, NeedCounts};

/// Everything that a report shows.
#[derive(Debug)]
pub(super) struct ReportPage {
    pub(super) aggregate: Aggregate,
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
        self.declared.is_some_and(|key| matches!(key.status, KeyStatus::Foreign | KeyStatus::Lost))
    }

    pub(super) fn status(&self) -> Option<KeyStatus> {
        self.declared.map(|key| key.status)
    }

    /// Returns the owner, as the estate names it, or else as files do.
    pub(super) fn owner(&self) -> String {
        match (self.declared, self.stats) {
            (Some(declared), _) => declared.authority.clone(),
            (None, Some(key)) => summary::describe(key),
            (None, None) => String::new(),
        }
    }

    pub(super) fn status_text(&self) -> String {
        match self.declared {
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
