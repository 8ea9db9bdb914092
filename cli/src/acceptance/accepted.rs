//! Which gaps and findings the options and decisions of one command accept.

use std::cell::Cell;

use rmsight::{Dependency, Facts, Timestamp, Verdict};

use super::decision::{Decision, DecisionState, Decisions};
use crate::fs::stored_path::{is_windows, slashed};
use crate::inventory::gaps::Gap;
use crate::inventory::query::Translation;

/// What accepts a gap or a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ruling {
    /// The option `--accept`.
    Option,
    /// The decision with this index.
    Decision(usize),
}

/// The options and decisions of one command, at one time.
#[derive(Debug)]
pub(crate) struct Acceptance {
    /// The names of `--accept`.
    options: Vec<String>,
    pub(crate) decisions: Decisions,
    pub(crate) as_of: Timestamp,
    roots: Vec<String>,
    translation: Translation,
    /// For each decision, whether a gap or finding matches it.
    is_matched: Vec<Cell<bool>>,
}

impl Acceptance {
    /// `roots` are the paths of the scanned roots, and `translation` has their names on other machines.
    pub(crate) fn new(
        options: Vec<String>,
        decisions: Decisions,
        as_of: Timestamp,
        mut roots: Vec<String>,
        translation: Translation,
    ) -> Acceptance {
        let elsewhere: Vec<String> = roots.iter().flat_map(|root| translation.all(root)).collect();
        roots.extend(elsewhere);
        roots.sort_unstable();
        roots.dedup();
        let is_matched = vec![Cell::new(false); decisions.accepted.len()];
        Acceptance { options, decisions, as_of, roots, translation, is_matched }
    }

    /// Returns whether `--accept` has this name.
    pub(crate) fn has_option(&self, name: &str) -> bool {
        self.options.iter().any(|one| one == name)
    }

    pub(crate) fn options(&self) -> &[String] {
        &self.options
    }

    /// Returns what accepts a gap. A decision has to cover all paths of the gap.
    pub(crate) fn gap(&self, gap: &Gap) -> Option<Ruling> {
        let covers = |decision: &Decision| {
            !gap.paths.is_empty()
                && gap.paths.iter().all(|path| decision.path.covers(path, &self.roots))
        };
        let whole = self.ruling(&gap.name, covers);
        if whole.is_some() || gap.paths.len() < 2 {
            return whole;
        }
        // Several decisions may cover the paths of a gap together. The first one is named.
        let each = |path: &String| {
            self.ruling(&gap.name, |decision| decision.path.covers(path, &self.roots))
        };
        let all: Option<Vec<Ruling>> = gap.paths.iter().map(each).collect();
        all.and_then(|all| all.first().copied())
    }

    /// Returns what accepts the code for the file at `path`.
    pub(crate) fn code(&self, code: &str, source: Option<&str>, path: &str) -> Option<Ruling> {
        self.has_option(code).then_some(Ruling::Option).or_else(|| self.decided(code, source, path))
    }

    /// Returns the decision that accepts the code for the file at `path`.
    pub(crate) fn decided(&self, code: &str, source: Option<&str>, path: &str) -> Option<Ruling> {
        if !self.decisions.accepted.iter().any(|decision| decision.code == code) {
            return None;
        }
        let elsewhere = self.translation.path(source, path);
        let covers = |decision: &Decision| {
            decision.path.covers(path, &self.roots)
                || elsewhere != path && decision.path.covers(&elsewhere, &self.roots)
        };
        self.decision(code, covers)
    }

    fn ruling(&self, name: &str, covers: impl Fn(&Decision) -> bool) -> Option<Ruling> {
        let decided = self.decision(name, covers);
        self.has_option(name).then_some(Ruling::Option).or(decided)
    }

    fn decision(&self, code: &str, covers: impl Fn(&Decision) -> bool) -> Option<Ruling> {
        let mut found = None;
        let all = self.decisions.accepted.iter().zip(&self.is_matched).enumerate();
        for (at, (decision, is_matched)) in all {
            if decision.code != code || !covers(decision) {
                continue;
            }
            is_matched.set(true);
            if decision.state(self.as_of) == DecisionState::Live && found.is_none() {
                found = Some(Ruling::Decision(at));
            }
        }
        found
    }

    pub(crate) fn at(&self, ruling: Ruling) -> Option<&Decision> {
        match ruling {
            Ruling::Option => None,
            Ruling::Decision(at) => self.decisions.accepted.get(at),
        }
    }

    /// Returns whether a gap or finding matches the decision with this index, so far.
    pub(crate) fn is_matched(&self, at: usize) -> bool {
        self.is_matched.get(at).is_some_and(Cell::get)
    }

    /// Returns how a relative path of a decision that matches nothing is read; empty for other decisions.
    pub(crate) fn path_hint(&self, decision: &Decision) -> String {
        let text = slashed(&decision.path.text);
        let is_relative = !text.starts_with('/') && !text.contains(':') && !text.contains("**");
        let last = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        match self.roots.first() {
            Some(root) if is_relative && decision.state(self.as_of) == DecisionState::Live => {
                let separator = if is_windows(root) { '\\' } else { '/' };
                let folder = root.trim_end_matches(['/', '\\']);
                format!(
                    "; a path is in full or relative to a root: `{last}` is {folder}{separator}{last} \
                     below the root {root}"
                )
            }
            _ => String::new(),
        }
    }

    /// Returns the decisions that accept nothing, each with the reason.
    pub(crate) fn idle(&self) -> Vec<(&Decision, String)> {
        let mut all = Vec::new();
        for (at, decision) in self.decisions.accepted.iter().enumerate() {
            let why = match decision.state(self.as_of) {
                DecisionState::Expired => {
                    let until = crate::output::format::day(decision.until);
                    format!("it ended on {until}, so it does not count")
                }
                DecisionState::NotYet => {
                    let on = crate::output::format::day(Some(decision.on));
                    format!("it is of {on}, which is later than this answer, so it does not count")
                }
                DecisionState::Live if self.is_matched(at) => continue,
                DecisionState::Live => "no gap or finding matches it".to_owned(),
            };
            all.push((decision, why));
        }
        all
    }
}

/// Returns the error code of what was not read and names no key. A known key is never excused.
pub(crate) fn excusable<'f>(facts: &'f Facts, verdict: &Verdict) -> Option<&'f str> {
    let code = facts.error_code.as_deref()?;
    let is_undecided = verdict.dependency() == Dependency::Undecided
        && facts.slc_key().is_none()
        && facts.slc_id().is_none();
    is_undecided.then_some(code)
}
