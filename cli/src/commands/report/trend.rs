//! The findings of earlier inventories, judged with the estate file of today.

use rmsight::{Estate, Timestamp};

use crate::exit::Result;
use crate::inventory::query::Inventories;
use crate::output::evidence::{InventoryEvidence, of_all};
use crate::output::format::thousands;
use crate::stats::{KeyStats, NeedCounts, Stats};

/// The earlier state.
#[derive(Debug)]
pub(super) struct Trend {
    pub(super) inventories: Vec<InventoryEvidence>,
    /// When the newest scan in them ended.
    pub(super) scanned: Option<Timestamp>,
    stats: Stats,
}

/// A number of findings then, and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CountChange {
    pub(super) before: NeedCounts,
    pub(super) now: NeedCounts,
}

impl Trend {
    pub(super) fn of(inventories: &Inventories, estate: &Estate) -> Result<Trend> {
        let mut stats = Stats::default();
        inventories.judged(estate, |judged| {
            stats.add(&judged.record());
            Ok(())
        })?;
        let mut scanned = None;
        for (_, inventory) in &inventories.all {
            for scan in inventory.scans()? {
                scanned = scanned.max(scan.finished);
            }
        }
        Ok(Trend { inventories: of_all(inventories)?, scanned, stats })
    }

    /// Returns the change of all findings.
    pub(super) fn all(&self, now: &Stats) -> CountChange {
        CountChange { before: self.stats.needs, now: now.needs }
    }

    /// Returns the change of the findings under a key.
    pub(super) fn of_key(&self, key: &str, now: &Stats) -> CountChange {
        let needs = |stats: &Stats| stats.keys.get(key).map(|key| key.needs).unwrap_or_default();
        CountChange { before: needs(&self.stats), now: needs(now) }
    }

    /// Returns the names of keys whose findings changed, then or now, in the order of names.
    pub(super) fn changed_keys<'s>(&'s self, now: &'s Stats) -> Vec<(&'s str, CountChange)> {
        let mut names: Vec<&str> =
            self.stats.keys.keys().chain(now.keys.keys()).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        let all = names.into_iter().map(|name| (name, self.of_key(name, now)));
        all.filter(|(_, change)| change.before != change.now).collect()
    }

    /// Returns the earlier numbers of the read-only checks of a key.
    pub(super) fn checks(&self, key: &str) -> Option<&KeyStats> {
        self.stats.keys.get(key)
    }
}

impl CountChange {
    /// Returns a change in words: `120 → 80 (−40)`.
    pub(super) fn words(before: u64, now: u64) -> String {
        let change = match now.checked_sub(before) {
            Some(0) => return format!("{} (unchanged)", thousands(now)),
            Some(more) => format!("+{}", thousands(more)),
            None => format!("−{}", thousands(before.saturating_sub(now))),
        };
        format!("{} → {} ({change})", thousands(before), thousands(now))
    }
}
