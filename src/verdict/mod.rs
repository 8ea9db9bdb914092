//! [`judge`]: from facts and an estate to a verdict, as a pure function.

use crate::authority::Estate;
use crate::container::Anomaly;
use crate::facts::Facts;
use crate::names::names;
use crate::timestamp::Timestamp;

names! {
    /// Whether an AD RMS cluster is still needed.
    pub enum Need {
        /// It is.
        Yes = "yes",
        /// It may be.
        Possible = "possible",
        /// It is not.
        No = "no",
    }
}

names! {
    /// Whose key opens it.
    pub enum Dependency {
        /// An AD RMS cluster's.
        AdRms = "ad-rms",
        /// A tenant's own in Azure RMS.
        AzureRms = "azure-rms",
        /// An AD RMS key that was imported into Azure.
        AdRmsKeyInAzure = "ad-rms-key-in-azure",
        /// One that Microsoft's withdrawn service held.
        MicrosoftHosted = "microsoft-hosted",
        /// Nobody can tell.
        Undecided = "undecided",
        /// Nobody's: it is not rights-protected.
        None = "none",
    }
}

names! {
    /// How far a verdict can be believed.
    pub enum Confidence {
        /// The operator's own key matched, and the signature leads to it.
        High = "high",
        /// The license is consistent in itself.
        Medium = "medium",
        /// Little speaks for it.
        Low = "low",
    }
}

names! {
    /// What of the estate matched.
    pub enum KeyMatch {
        /// The key itself.
        Key = "key",
        /// Only its id.
        Id = "id",
        /// Only the host of the principal's address.
        Host = "host",
        /// Nothing.
        None = "none",
    }
}

/// What a finding depends on, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Verdict {
    pub(crate) need: Need,
    pub(crate) dependency: Dependency,
    pub(crate) confidence: Option<Confidence>,
    pub(crate) rule: &'static str,
    pub(crate) key_match: KeyMatch,
    pub(crate) authority: Option<String>,
    pub(crate) estate: Option<String>,
    pub(crate) anomalies: Vec<Anomaly>,
}

impl Verdict {
    /// Whether an AD RMS cluster is still needed.
    pub fn need(&self) -> Need {
        self.need
    }

    /// Whose key opens it.
    pub fn dependency(&self) -> Dependency {
        self.dependency
    }

    /// How far this can be believed; `None` where nothing is protected.
    pub fn confidence(&self) -> Option<Confidence> {
        self.confidence
    }

    /// The id of the rule that decided.
    pub fn rule(&self) -> &'static str {
        self.rule
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
    let _ = (facts, modified, estate);
    Verdict {
        need: Need::Possible,
        dependency: Dependency::Undecided,
        confidence: Some(Confidence::Low),
        rule: "R00",
        key_match: KeyMatch::None,
        authority: None,
        estate: None,
        anomalies: Vec::new(),
    }
}
