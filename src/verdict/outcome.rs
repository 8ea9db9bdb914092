//! The values of a verdict: [`Need`], [`Dependency`] and [`Confidence`].

use crate::kinds::vocabulary;

vocabulary! {
    /// Whether an authority that goes away is still needed. Without an estate file, every AD RMS
    /// cluster goes away.
    pub enum Need {
        /// It is needed.
        Yes = "yes",
        /// It may be needed.
        Possible = "possible",
        /// It is not needed.
        No = "no",
    }
}

vocabulary! {
    /// The holder of the key that opens a file.
    pub enum Dependency {
        /// An AD RMS cluster.
        AdRms = "ad-rms",
        /// Azure RMS, with a key that Azure created.
        AzureRms = "azure-rms",
        /// Azure RMS, with a key imported from AD RMS.
        AdRmsKeyInAzure = "ad-rms-key-in-azure",
        /// Microsoft's discontinued service for Passport accounts.
        MicrosoftHosted = "microsoft-hosted",
        /// Unknown.
        Undecided = "undecided",
        /// Not rights-protected: no key is needed.
        None = "none",
    }
}

vocabulary! {
    /// The confidence of a verdict.
    pub enum Confidence {
        /// The estate declares the key, and verified signatures lead to it.
        High = "high",
        /// The license is consistent, but the estate does not declare its key.
        Medium = "medium",
        /// The evidence is weak or contradictory.
        Low = "low",
    }
}
