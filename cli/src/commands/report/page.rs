//! The content of a report.

use std::collections::BTreeSet;

use rmsight::{Anomaly, AuthorityKind, Estate, KeyStatus, OpenQuestion, Redactor};

use super::aggregate::{Aggregate, Declared, KeyDates};
use super::authority::AuthorityAnswer;
use super::shown_command::ShownCommands;
use super::trend::Trend;
use crate::acceptance::{Acceptance, AnsweredCheck, Ruling};
use crate::inventory::gaps::Gap;
use crate::inventory::scope::Scope;
use crate::output::estate_lines::{self, ServerDraft};
use crate::output::evidence::Evidence;
use crate::output::format::{address_host, day, describe};
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

    /// Returns whether something is open: a gap, or a finding that was not read or decided.
    pub(super) fn is_complete(&self) -> bool {
        !self.aggregate.is_incomplete && self.gaps.is_empty()
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
