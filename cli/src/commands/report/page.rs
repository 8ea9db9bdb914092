//! The content of a report.

use std::collections::{BTreeMap, BTreeSet};

use rmsight::{Anomaly, AuthorityKind, Estate, KeyStatus, OpenQuestion, Redactor};

use super::aggregate::{Aggregate, Declared, KeyDates};
use super::authority::AuthorityAnswer;
use super::shown_command::ShownCommands;
use super::trend::Trend;
use crate::acceptance::{Acceptance, AnsweredCheck, Ruling};
use crate::inventory::gaps::Gap;
use crate::inventory::scope::Scope;
use crate::output::estate_lines::{self, ServerDraft, is_unknown};
use crate::output::evidence::Evidence;
use crate::output::format::{address_host, counted, day, thousands};
use crate::output::terms::NeedTerms;
use crate::stats::{KeyStats, NeedCounts, describe};

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
    /// Gaps that an option or a decision accepts.
    pub(super) accepted_gaps: Vec<(Gap, Ruling)>,
    pub(super) acceptance: Acceptance,
    pub(super) judged_with: String,
    pub(super) evidence: Evidence,
    pub(super) commands: ShownCommands,
    pub(super) trend: Option<Trend>,
    /// The options that select the listed findings; empty if all are selected.
    pub(super) selection: String,
    /// Names and paths are replaced by hashes.
    pub(super) redactor: Option<Redactor>,
}

/// A decision with its effect on this report, for people.
#[derive(Debug)]
pub(super) struct DecisionLine {
    pub(super) code: String,
    pub(super) path: String,
    pub(super) by: String,
    pub(super) on: String,
    pub(super) until: String,
    pub(super) reason: String,
    pub(super) ticket: String,
    pub(super) findings: u64,
    pub(super) gaps: u64,
    /// Why it accepts nothing; `None` if it counts.
    pub(super) idle: Option<String>,
}

/// A key with all facts about it.
#[derive(Debug)]
pub(super) struct KeyLine<'p> {
    pub(super) name: &'p str,
    pub(super) needs: NeedCounts,
    pub(super) declared: Option<&'p Declared>,
    pub(super) stats: Option<&'p KeyStats>,
    pub(super) dates: KeyDates,
    /// Files name only the id, and the estate has it: their license was not read as far as the key.
    pub(super) is_id_declared: bool,
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

    /// Returns the name of the owner, as the estate has it, or else as files do.
    pub(super) fn owner_name(&self) -> String {
        if let Some(declared) = self.declared {
            return declared.authority.clone();
        }
        let said = self.stats.map(KeyStats::said).unwrap_or_default();
        let host = said.address.as_deref().and_then(address_host);
        said.authority.or(said.name).or(host).unwrap_or_else(|| "Server without a name".to_owned())
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
            None if self.is_id_declared => "only the id, which the estate has".to_owned(),
            None => "not in the estate".to_owned(),
        }
    }
}

impl ReportPage {
    /// Returns the options `--accept` and the decisions, each with its effect. A redacted report does not
    /// contain the persons and the reasons.
    pub(super) fn decisions(&self) -> Vec<DecisionLine> {
        let effect = |ruling: Ruling, code: &str| {
            let findings = self.aggregate.rulings.get(&(code.to_owned(), ruling));
            let gaps = self.accepted_gaps.iter();
            let gaps = gaps.filter(|(gap, by)| *by == ruling && gap.name == code).count();
            (findings.copied().unwrap_or_default(), gaps.try_into().unwrap_or(u64::MAX))
        };
        let mut lines = Vec::new();
        for code in self.acceptance.options() {
            let (findings, gaps) = effect(Ruling::Option, code);
            lines.push(DecisionLine {
                code: code.clone(),
                path: "**".to_owned(),
                by: "--accept".to_owned(),
                on: String::new(),
                until: String::new(),
                reason: String::new(),
                ticket: String::new(),
                findings,
                gaps,
                idle: (findings == 0 && gaps == 0).then(|| "nothing matches it".to_owned()),
            });
        }
        let idle = self.acceptance.idle();
        for (at, decision) in self.acceptance.decisions.accepted.iter().enumerate() {
            let (findings, gaps) = effect(Ruling::Decision(at), &decision.code);
            let why = idle.iter().find(|(one, _)| std::ptr::eq(*one, decision));
            let named = |text: &str| match &self.redactor {
                Some(_) => "(redacted)".to_owned(),
                None => text.to_owned(),
            };
            lines.push(DecisionLine {
                code: decision.code.clone(),
                path: match &self.redactor {
                    Some(redactor) => redactor.path(&decision.path.text),
                    None => decision.path.text.clone(),
                },
                by: named(&decision.by),
                on: day(Some(decision.on)),
                until: decision.until.map_or_else(String::new, |until| day(Some(until))),
                reason: named(&decision.reason),
                ticket: decision.ticket.clone().unwrap_or_default(),
                findings,
                gaps,
                idle: why.map(|(_, why)| why.clone()),
            });
        }
        lines
    }

    /// Returns the recorded answer to a check; `key` is that of a check of the read-only mode.
    pub(super) fn answer_to(&self, check: &str, key: Option<&str>) -> Option<&AnsweredCheck> {
        let answers = self.acceptance.decisions.answered.iter().rev();
        let mut own = answers.filter(|answer| {
            let is_key = key.is_none_or(|key| answer.key.as_deref() == Some(key));
            answer.check == check && is_key && answer.on <= self.evidence.as_of
        });
        own.next()
    }

    /// Returns whether licenses contradict the estate file.
    pub(super) fn is_contradicted(&self) -> bool {
        let contradictions =
            [Anomaly::EstateContradicted, Anomaly::AuthorityConflict, Anomaly::KeyIdConflict];
        contradictions.iter().any(|anomaly| self.aggregate.odd.contains_key(anomaly))
    }

    /// Returns whether nothing is open: no gap, no finding that was not read or decided, and no
    /// authority whose answer is open.
    pub(super) fn is_complete(&self) -> bool {
        !self.aggregate.is_incomplete
            && self.gaps.is_empty()
            && self.authorities.iter().all(AuthorityAnswer::is_decided)
            && !self.asks_nothing()
    }

    /// Returns whether the estate file declares no authority that goes away, so that the report has no
    /// question to answer.
    pub(super) fn asks_nothing(&self) -> bool {
        !self.estate.is_empty() && self.authorities.is_empty()
    }

    /// Returns the findings with an error code that no ruling accepts, by code.
    pub(super) fn open_errors(&self) -> BTreeMap<&str, u64> {
        let mut open: BTreeMap<&str, u64> = self
            .aggregate
            .stats
            .errors
            .iter()
            .map(|(code, count)| (code.as_str(), *count))
            .collect();
        for ((code, _), accepted) in &self.aggregate.rulings {
            if let Some(count) = open.get_mut(code.as_str()) {
                *count = count.saturating_sub(*accepted);
            }
        }
        open.retain(|_, count| *count > 0);
        open
    }

    /// Returns how many findings with this error code no decision can accept, as a sentence.
    pub(super) fn not_acceptable(&self, code: &str) -> Option<String> {
        let count = *self.aggregate.errors_with_key.get(code)?;
        let name = if count == 1 { "names" } else { "name" };
        Some(format!(
            "{} of them {name} a key, and no decision accepts that: read the file whole, or delete it.",
            thousands(count)
        ))
    }

    /// Returns whether a decision can accept a finding with this error code.
    pub(super) fn is_acceptable(&self, code: &str) -> bool {
        let with_key = self.aggregate.errors_with_key.get(code).copied().unwrap_or_default();
        self.aggregate.stats.errors.get(code).is_some_and(|count| *count > with_key)
    }

    /// Returns what is open, for the sign-off.
    pub(super) fn open_words(&self) -> String {
        let size = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        [
            counted(size(self.gaps.len()), "gap"),
            counted(self.aggregate.possible(), "possible finding"),
            format!("{} not read", counted(self.open_errors().values().sum(), "finding")),
            counted(size(self.questions.len()), "open question"),
        ]
        .join(", ")
    }

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
                let id = name.strip_prefix("id:");
                let mut keys = self.estate.authorities().iter().flat_map(|one| &one.keys);
                let is_id_declared = id.is_some() && keys.any(|key| key.id.as_deref() == id);
                KeyLine {
                    name,
                    is_id_declared,
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

    /// Returns the servers that files need and that the answer is not about.
    pub(super) fn others(&self) -> Vec<String> {
        estate_lines::others(self.aggregate.stats.keys.iter(), &self.estate)
    }

    /// Returns the undeclared keys that a verdict depends on.
    pub(super) fn unknown(&self) -> Vec<(&String, &KeyStats)> {
        let keys = self.aggregate.stats.keys.iter();
        let mut all: Vec<_> =
            keys.filter(|(name, key)| is_unknown(name, key, &self.estate)).collect();
        all.sort_by(|one, other| {
            other.1.needs.possible.cmp(&one.1.needs.possible).then(one.0.cmp(other.0))
        });
        all
    }
}
