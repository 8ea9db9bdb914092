//! Findings grouped by a property.

use std::collections::HashMap;

use rmsight::Need;

use crate::stats::NeedCounts;

/// Maximum number of distinct names of one kind. Hostile files may contain any number.
pub(super) const NAMES: usize = 100_000;

/// Findings grouped by a property.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    counts: HashMap<String, NeedCounts>,
    /// Findings with further names, beyond the maximum.
    pub(super) others: NeedCounts,
}

impl Groups {
    pub(super) fn add(&mut self, name: &str, need: Need) {
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
