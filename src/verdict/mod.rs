//! [`judge`]: from facts and an estate to a verdict, as a pure function.
//!
//! The key decides. Addresses only say where to ask, and no address turns a `yes` into anything
//! else; without the operator's knowledge of keys nothing is `yes` and nothing is certain.

mod inputs;
mod kinds;
mod modifiers;
mod rules;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests;

pub use kinds::{Confidence, Dependency, Need};
pub use modifiers::{Modifier, modifiers};
pub use rules::{RULES_VERSION, Rating, Rule, rules};

use crate::authority::Estate;
pub use crate::authority::KeyMatch;
use crate::facts::Facts;
use crate::kinds::Anomaly;
use crate::timestamp::Timestamp;
use inputs::Inputs;

/// What a finding depends on, and why.
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
    /// Whether an AD RMS cluster is still needed.
    pub fn need(&self) -> Need {
        self.need
    }

    /// Whose key opens it.
    pub fn dependency(&self) -> Dependency {
        self.rule.dependency()
    }

    /// How far this can be believed; `None` where nothing is protected.
    pub fn confidence(&self) -> Option<Confidence> {
        self.confidence
    }

    /// The id of the rule that decided.
    pub fn rule(&self) -> &'static str {
        self.rule.id()
    }

    /// What that rule says, for people.
    pub fn reason(&self) -> &'static str {
        self.rule.sentence()
    }

    /// What would make it exact, where something would.
    pub fn settled_by(&self) -> Option<&'static str> {
        self.rule.settled_by()
    }

    /// What else speaks for or against it.
    pub fn modifiers(&self) -> impl Iterator<Item = &'static Modifier> {
        self.modifiers.iter().copied()
    }

    /// What of the estate matched.
    pub fn key_match(&self) -> KeyMatch {
        self.key_match
    }

    /// The name of the matching authority.
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// The SHA-256 of the estate file that was used.
    pub fn estate(&self) -> Option<&str> {
        self.estate.as_deref()
    }

    /// What the judging found odd; the facts have their own list.
    pub fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }
}

/// Judges one finding. Opens nothing, and always has an answer.
pub fn judge(facts: &Facts, estate: &Estate) -> Verdict {
    judge_dated(facts, None, estate)
}

/// Judges one finding whose file was last changed at `modified`.
pub fn judge_dated(facts: &Facts, modified: Option<Timestamp>, estate: &Estate) -> Verdict {
    let inputs = Inputs::new(facts, modified, estate);
    let rule = rules::deciding(&inputs);
    let mut verdict = Verdict {
        need: rule.need(),
        confidence: rule.confidence().rate(&inputs),
        rule,
        modifiers: Vec::new(),
        key_match: inputs.answer.matched,
        authority: inputs.answer.authority.map(|authority| authority.name.clone()),
        estate: estate.digest().map(str::to_owned),
        anomalies: rule.anomaly().into_iter().collect(),
    };
    // Of what is not protected, nothing can be doubtful.
    if rule.dependency() != Dependency::None {
        verdict.modify(&inputs);
    }
    verdict
}

impl Verdict {
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
