//! The words for the authorities that an answer is about.

use rmsight::{AuthorityKind, Estate};

use crate::authority_use::retiring;

/// What a `need` is about: AD RMS alone, or authorities of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NeedTerms {
    /// An estate file is missing, or only AD RMS clusters go away.
    Cluster,
    /// A tenant goes away or may go away, or the estate has no AD RMS cluster that does.
    Authority,
}

impl NeedTerms {
    pub(crate) fn of(estate: &Estate) -> NeedTerms {
        let goes_away = |kind| retiring(estate).any(|authority| authority.kind == kind);
        let is_only_cluster =
            goes_away(AuthorityKind::AdRms) && !goes_away(AuthorityKind::AzureRms);
        if estate.is_empty() || is_only_cluster { NeedTerms::Cluster } else { NeedTerms::Authority }
    }

    /// Returns the authority with its article: `an AD RMS cluster`.
    pub(crate) fn authority(self) -> &'static str {
        match self {
            NeedTerms::Cluster => "an AD RMS cluster",
            NeedTerms::Authority => "a retiring authority",
        }
    }

    /// Returns what must not be done while files need it.
    pub(crate) fn warning(self) -> &'static str {
        match self {
            NeedTerms::Cluster => "do not switch it off yet",
            NeedTerms::Authority => "do not give it up yet",
        }
    }
}
