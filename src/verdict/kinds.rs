//! Closed vocabularies of a verdict.

use crate::kinds::vocabulary;

vocabulary! {
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

vocabulary! {
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

vocabulary! {
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
