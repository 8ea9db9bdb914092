//! [`judge()`]: computes the verdict of facts and an estate.

use super::inputs::Inputs;
use super::modifiers::{Modifier, modifiers};
use super::outcome::{Confidence, Dependency, Need};
use super::rules::{Rule, deciding};
use crate::authority::{Estate, KeyMatch};
use crate::facts::Facts;
use crate::kinds::Anomaly;
use crate::timestamp::Timestamp;

/// The dependency of a finding, and the reasons for it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Verdict {
    need: Need,
    confidence: Option<Confidence>,
    rule: &'static Rule,
    modifiers: Vec<&'static Modifier>,
    key_match: KeyMatch,
    authority: Option<String>,
    estate: Option<String>,
    anomalies: Vec<Anomaly>,
}

impl Verdict {
    /// Returns whether an authority that goes away is still needed.
    pub fn need(&self) -> Need {
        self.need
    }

    /// Returns the holder of the key that opens the file.
    pub fn dependency(&self) -> Dependency {
        self.rule.dependency()
    }

    /// Returns the confidence; `None` if the file is not rights-protected.
    pub fn confidence(&self) -> Option<Confidence> {
        self.confidence
    }

    /// Returns the id of the rule that decided, for example `R08`.
    pub fn rule(&self) -> &'static str {
        self.rule.id()
    }

    /// Returns the sentence of that rule, for people.
    pub fn reason(&self) -> &'static str {
        self.rule.sentence()
    }

    /// Returns the action that would make the verdict exact, if one is known.
    pub fn settled_by(&self) -> Option<&'static str> {
        self.rule.settled_by()
    }

    /// Returns the modifiers that matched, in the order of the table.
    pub fn modifiers(&self) -> impl Iterator<Item = &'static Modifier> {
        self.modifiers.iter().copied()
    }

    /// Returns the part of the license that matched the estate.
    pub fn key_match(&self) -> KeyMatch {
        self.key_match
    }

    /// Returns the name of the matching authority.
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// Returns the SHA-256 of the estate file, in 64 hex digits; `None` if the estate is not from a
    /// file.
    pub fn estate(&self) -> Option<&str> {
        self.estate.as_deref()
    }

    /// Returns the anomalies of the verdict, without those of the facts.
    pub fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }

    /// Applies all modifiers that match.
    fn modify(&mut self, inputs: &Inputs<'_>) {
        for modifier in modifiers().filter(|modifier| modifier.matches(inputs, self.rule)) {
            self.need = modifier.need(self.need);
            self.confidence = self.confidence.map(|before| modifier.confidence(before));
            self.anomalies.extend(modifier.anomaly());
            self.modifiers.push(modifier);
        }
        self.anomalies.sort_unstable();
        self.anomalies.dedup();
    }
}

/// Judges one finding. Opens no file, and returns a verdict for any facts.
pub fn judge(facts: &Facts, estate: &Estate) -> Verdict {
    judge_dated(facts, None, estate)
}

/// Judges one finding. `modified` is the time of the last change to its file.
pub fn judge_dated(facts: &Facts, modified: Option<Timestamp>, estate: &Estate) -> Verdict {
    let inputs = Inputs::new(facts, modified, estate);
    let rule = deciding(&inputs);
    let mut verdict = Verdict {
        need: rule.need(),
        confidence: rule.confidence().rate(&inputs),
        rule,
        modifiers: Vec::new(),
        key_match: inputs.estate_match.matched,
        authority: inputs.estate_match.authority.map(|authority| authority.name.clone()),
        estate: estate.digest().map(str::to_owned),
        anomalies: rule.anomaly().into_iter().collect(),
    };
    // Modifiers are about protected files only.
    if rule.dependency() != Dependency::None {
        verdict.modify(&inputs);
    }
    verdict
}
