//! [`judge()`]: computes the verdict of facts and an estate.

use super::inputs::Inputs;
use super::modifiers::{Modifier, modifiers, settled_by};
use super::outcome::{Confidence, Dependency, Need};
use super::rules::{RULES_VERSION, Rule, deciding, rules};
use crate::authority::{Estate, KeyMatch};
use crate::facts::{Facts, UnknownValue, anomaly_names};
use crate::kinds::Anomaly;
use crate::timestamp::Timestamp;

/// The rule for a license without a readable key. Its action also settles the modifiers.
const UNREAD_KEY: &str = "R02";

/// Whose key opens a finding, whether an authority that goes away is needed for that, and the reasons.
/// [`judge`] returns it.
///
/// A verdict that was read from a record has the values of the record, and no modifiers. If rules of
/// another version decided it, it also has no sentence: judge the facts again to get one.
///
/// ```
/// use rmsight::{Container, Dependency, Estate, Facts, Need, Protection, judge};
///
/// let verdict = judge(&Facts::new(Container::Zip, Protection::None), &Estate::default());
/// assert_eq!((verdict.need(), verdict.dependency()), (Need::No, Dependency::None));
/// assert_eq!(verdict.rule(), "R01");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[must_use]
pub struct Verdict {
    need: Need,
    dependency: Dependency,
    confidence: Option<Confidence>,
    rule: DecidingRule,
    rules: u32,
    modifiers: Vec<&'static Modifier>,
    key_match: KeyMatch,
    authority: Option<String>,
    estate: Option<String>,
    anomalies: Vec<Anomaly>,
    unknown: Vec<UnknownValue>,
}

/// The rule that decided.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum DecidingRule {
    /// A rule of the table.
    Known(&'static Rule),
    /// The id of a rule in a table of another version.
    Other(String),
}

/// The values of a verdict in a record.
#[derive(Debug)]
pub(crate) struct StoredVerdict {
    pub(crate) need: Need,
    pub(crate) dependency: Dependency,
    pub(crate) confidence: Option<Confidence>,
    pub(crate) rule: String,
    pub(crate) rules: u32,
    pub(crate) key_match: KeyMatch,
    pub(crate) authority: Option<String>,
    pub(crate) estate: Option<String>,
    pub(crate) anomalies: Vec<Anomaly>,
    pub(crate) unknown: Vec<UnknownValue>,
}

impl From<StoredVerdict> for Verdict {
    fn from(stored: StoredVerdict) -> Verdict {
        let is_current = stored.rules == RULES_VERSION;
        let known = rules().find(|rule| is_current && rule.id() == stored.rule);
        Verdict {
            need: stored.need,
            dependency: stored.dependency,
            confidence: stored.confidence,
            rule: known.map_or(DecidingRule::Other(stored.rule), DecidingRule::Known),
            rules: stored.rules,
            modifiers: Vec::new(),
            key_match: stored.key_match,
            authority: stored.authority,
            estate: stored.estate,
            anomalies: stored.anomalies,
            unknown: stored.unknown,
        }
    }
}

impl Verdict {
    /// Returns whether an authority that goes away ([`Retiring`](crate::Retiring)) is still needed. Treat
    /// `possible` as needed until it is settled.
    pub fn need(&self) -> Need {
        self.need
    }

    /// Returns the holder of the key that opens the file. `undecided` says nothing about
    /// [`need`](Verdict::need) by itself.
    pub fn dependency(&self) -> Dependency {
        self.dependency
    }

    /// Returns the confidence; `None` if the file is not rights-protected.
    pub fn confidence(&self) -> Option<Confidence> {
        self.confidence
    }

    /// Returns the id of the rule that decided, for example `R08`: [`Rule::id`].
    pub fn rule(&self) -> &str {
        match &self.rule {
            DecidingRule::Known(rule) => rule.id(),
            DecidingRule::Other(id) => id,
        }
    }

    /// Returns the [`RULES_VERSION`] of the table of that rule.
    pub fn rules(&self) -> u32 {
        self.rules
    }

    /// Returns the sentence of that rule in English, for people: [`Rule::sentence`]. For a rule of another
    /// version, says so.
    pub fn reason(&self) -> &'static str {
        match self.rule {
            DecidingRule::Known(rule) => rule.sentence(),
            DecidingRule::Other(_) => "A rule of another version decided this.",
        }
    }

    /// Returns the action that would make the verdict exact; `None` if no action is known.
    pub fn settled_by(&self) -> Option<&'static str> {
        let DecidingRule::Known(rule) = self.rule else { return None };
        // A modifier that doubts the verdict also applies after the action of the rule.
        match self.need {
            Need::Possible if rule.id() != UNREAD_KEY => {
                settled_by(&self.modifiers).or(rule.settled_by())
            }
            _ => rule.settled_by(),
        }
    }

    /// Returns the modifiers that matched, in the order of the table; none for a verdict that was
    /// read from a record.
    pub fn modifiers(&self) -> impl Iterator<Item = &'static Modifier> {
        self.modifiers.iter().copied()
    }

    /// Returns the part of the license that matched the estate.
    pub fn key_match(&self) -> KeyMatch {
        self.key_match
    }

    /// Returns the name of the matching authority in the estate. `None` if nothing matched. With a
    /// [`key_match`](Verdict::key_match) other than `key` it is a hint, and did not decide.
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// Returns the SHA-256 of the estate file in 64 hex digits: [`Estate::digest`]. `None` if the estate is
    /// not from a file.
    pub fn estate(&self) -> Option<&str> {
        self.estate.as_deref()
    }

    /// Returns the anomalies of the verdict, without those of the facts; sorted in the order of [`Anomaly`],
    /// each once.
    pub fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }

    /// Returns the names of the anomalies, those in [`unknown`](Verdict::unknown) included.
    pub fn anomaly_names(&self) -> impl Iterator<Item = &str> {
        anomaly_names(&self.anomalies, &self.unknown)
    }

    /// Returns the names in the record of a later version that this version does not know. Where one
    /// is missing, the verdict has the value that claims least: `possible`, `undecided`, `low`.
    pub fn unknown(&self) -> &[UnknownValue] {
        &self.unknown
    }

    /// Applies all modifiers that match.
    fn modify(&mut self, rule: &Rule, inputs: &Inputs<'_>) {
        for modifier in modifiers().filter(|modifier| modifier.matches(inputs, rule)) {
            self.need = modifier.need(self.need);
            self.confidence = self.confidence.map(|before| modifier.confidence(before));
            self.anomalies.extend(modifier.anomaly());
            self.modifiers.push(modifier);
        }
        self.anomalies.sort_unstable();
        self.anomalies.dedup();
    }
}

/// Judges one finding. Opens no file, reads no clock, and returns a verdict for any facts: equal facts and
/// estates give equal verdicts. [`rules`] and [`modifiers`] list the tables that it applies.
///
/// ```
/// use rmsight::{Estate, Inspector, Need, judge};
///
/// let report = Inspector::default().inspect_bytes(b"<XrML xmlns=\"\" version=\"1.2\">");
/// let facts = report.findings().next().unwrap().facts();
/// // Damage is never "not needed".
/// assert_eq!(judge(facts, &Estate::default()).need(), Need::Possible);
/// ```
pub fn judge(facts: &Facts, estate: &Estate) -> Verdict {
    judge_dated(facts, None, estate)
}

/// Judges one finding like [`judge`], and tells whether its file was changed after a key became read-only.
///
/// `modified` is the time of the last change to the file. It adds the anomaly `edited-after-read-only`
/// (modifier M27) and nothing else: `need`, `dependency` and `confidence` do not depend on it. Without
/// it the verdict is that of [`judge`]. [`Envelope::modified`](crate::Envelope::modified) has this time.
pub fn judge_dated(facts: &Facts, modified: Option<Timestamp>, estate: &Estate) -> Verdict {
    let inputs = Inputs::new(facts, modified, estate);
    let rule = deciding(&inputs);
    let mut verdict = Verdict {
        need: rule.need(),
        dependency: rule.dependency(),
        confidence: rule.confidence().rate(&inputs),
        rule: DecidingRule::Known(rule),
        rules: RULES_VERSION,
        modifiers: Vec::new(),
        key_match: inputs.estate_match.matched,
        authority: inputs.estate_match.authority.map(|authority| authority.name.clone()),
        estate: estate.digest().map(str::to_owned),
        anomalies: rule.anomaly().into_iter().collect(),
        unknown: Vec::new(),
    };
    // Modifiers are about protected files only.
    if rule.dependency() != Dependency::None {
        verdict.modify(rule, &inputs);
    }
    verdict
}
