//! The values of a verdict: [`Need`], [`Dependency`] and [`Confidence`].

use std::cmp::Ordering;

use crate::kinds::vocabulary;

vocabulary! {
    /// Whether an authority that goes away (a [`Retiring`](crate::Retiring) one) is still needed to open the
    /// content. Without an estate file, every AD RMS cluster goes away.
    ///
    /// The order is that of urgency, `no` < `possible` < `yes`: the need of several findings is their
    /// maximum.
    pub enum Need {
        /// It is needed.
        Yes = "yes",
        /// It may be needed: something was not read, not proven or not declared.
        Possible = "possible",
        /// It is not needed.
        No = "no",
    }
}

vocabulary! {
    /// The holder of the key that opens a file, as far as license and estate tell.
    pub enum Dependency {
        /// An AD RMS cluster.
        AdRms = "ad-rms",
        /// Azure RMS, with a key that Azure created.
        AzureRms = "azure-rms",
        /// Azure RMS, with a key imported from AD RMS.
        AdRmsKeyInAzure = "ad-rms-key-in-azure",
        /// Microsoft's discontinued service for Passport accounts.
        MicrosoftHosted = "microsoft-hosted",
        /// Unknown: the license was not read, or its values fit no rule or contradict each other.
        Undecided = "undecided",
        /// Not rights-protected: no key is needed.
        None = "none",
    }
}

vocabulary! {
    /// The confidence of a verdict. The order is `low` < `medium` < `high`.
    pub enum Confidence {
        /// The estate declares the key, and verified signatures lead to it.
        High = "high",
        /// The license is consistent, but the estate does not declare its key.
        Medium = "medium",
        /// The evidence is weak or contradictory.
        Low = "low",
    }
}

impl Need {
    fn urgency(self) -> u8 {
        match self {
            Need::No => 0,
            Need::Possible => 1,
            Need::Yes => 2,
        }
    }
}

impl Ord for Need {
    fn cmp(&self, other: &Need) -> Ordering {
        self.urgency().cmp(&other.urgency())
    }
}

impl PartialOrd for Need {
    fn partial_cmp(&self, other: &Need) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Confidence {
    fn level(self) -> u8 {
        match self {
            Confidence::Low => 0,
            Confidence::Medium => 1,
            Confidence::High => 2,
        }
    }
}

impl Ord for Confidence {
    fn cmp(&self, other: &Confidence) -> Ordering {
        self.level().cmp(&other.level())
    }
}

impl PartialOrd for Confidence {
    fn partial_cmp(&self, other: &Confidence) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
