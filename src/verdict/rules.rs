//! The table of rules. The first rule that matches decides.
//!
//! K is the declaration of the key in the estate, T the Tenant-ID, P the host of the ADDRESS of the
//! principal, X and I the hosts of the extranet and intranet licensing URLs.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::inputs::{HostClass, Inputs};
use super::outcome::{Confidence, Dependency, Need};
use crate::authority::AuthorityKind::{AdRms, AzureRms};
use crate::authority::KeyStatus::{Active, Archived, Foreign, Imported, Lost, ReadOnly, Revoked};
use crate::kinds::Anomaly;

/// The version of the tables of rules and modifiers, in the column `rules`. It rises with every change that
/// can alter a verdict. Judge stored facts again after that; no file has to be read for it.
pub const RULES_VERSION: u32 = 3;

/// One row of the table of rules. [`rules`] returns all. The first rule whose condition matches decides a
/// verdict.
#[derive(Debug)]
pub struct Rule {
    id: &'static str,
    condition: &'static str,
    sentence: &'static str,
    settled_by: Option<&'static str>,
    dependency: Dependency,
    need: Need,
    confidence: Rating,
    anomaly: Option<Anomaly>,
    matches: fn(&Inputs<'_>) -> bool,
}

impl Rule {
    /// Returns the id, as in the column `rule` of the record; unique in the table of a [`RULES_VERSION`].
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// Returns the condition, in the terms of the table: `K` is the declaration of the key in the estate, `T`
    /// the Tenant-ID, `P` the host of [`slc_address`](crate::LicenseFacts::slc_address), `X` and `I` those of
    /// the extranet and intranet licensing URLs. Hosts are `AZ` (Azure RMS), `LEGACY` (the service for
    /// Passport accounts), `OTHER` (a host of Microsoft that no known license names), `ORG` (all others),
    /// `BAD` (unclear) or `–` (missing).
    pub fn condition(&self) -> &'static str {
        self.condition
    }

    /// Returns the sentence for people, in English.
    pub fn sentence(&self) -> &'static str {
        self.sentence
    }

    /// Returns the action that would make the verdict exact, if one is known.
    pub fn settled_by(&self) -> Option<&'static str> {
        self.settled_by
    }

    /// Returns the holder of the key that opens the content. No modifier changes it.
    pub fn dependency(&self) -> Dependency {
        self.dependency
    }

    /// Returns whether a retiring authority is needed, before modifiers.
    pub fn need(&self) -> Need {
        self.need
    }

    /// Returns the confidence before modifiers.
    pub fn confidence(&self) -> Rating {
        self.confidence
    }

    pub(crate) fn anomaly(&self) -> Option<Anomaly> {
        self.anomaly
    }

    pub(crate) fn matches(&self, inputs: &Inputs<'_>) -> bool {
        (self.matches)(inputs)
    }
}

/// Compares ids, which are unique in the table.
impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

impl Hash for Rule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// The confidence of a rule before modifiers. [`Rule::confidence`] returns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rating {
    /// No confidence: the file is not rights-protected.
    Moot,
    /// This confidence.
    Always(Confidence),
    /// Medium if both licensing URLs name Azure, else low.
    ByLocators,
}

impl Rating {
    pub(crate) fn rate(self, inputs: &Inputs<'_>) -> Option<Confidence> {
        match self {
            Rating::Moot => None,
            Rating::Always(confidence) => Some(confidence),
            Rating::ByLocators if inputs.locators_are(|host| host == HostClass::Azure) => {
                Some(Confidence::Medium)
            }
            Rating::ByLocators => Some(Confidence::Low),
        }
    }
}

impl fmt::Display for Rating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rating::Moot => f.pad("–"),
            Rating::Always(confidence) => confidence.fmt(f),
            Rating::ByLocators => f.pad("medium if both are AZ, else low"),
        }
    }
}

/// Returns the rules, in the order in which they are tried.
///
/// ```
/// for rule in rmsight::rules() {
///     println!("{:5} {} {}", rule.id(), rule.need(), rule.sentence());
/// }
/// ```
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter()
}

const HIGH: Rating = Rating::Always(Confidence::High);
const MEDIUM: Rating = Rating::Always(Confidence::Medium);
const LOW: Rating = Rating::Always(Confidence::Low);

const DECLARE_KEY: Option<&str> =
    Some("Declare this key in the estate file: what became of it decides.");
const READ_KEY: Option<&str> =
    Some("Read the file in full from an undamaged copy, or open it while the servers still run.");

const RULES: &[Rule] = &[
    Rule {
        id: "R01",
        condition: "no license, searched: full, protection none, password or other, no error_code, no \
                    stray-license-text",
        sentence: "It is not rights-protected.",
        settled_by: None,
        dependency: Dependency::None,
        need: Need::No,
        confidence: Rating::Moot,
        anomaly: None,
        matches: |i| i.is_not_protected(),
    },
    Rule {
        id: "R02",
        condition: "no principal key could be read",
        sentence: "No license key could be read, so it is unknown which key the file needs, if any.",
        settled_by: READ_KEY,
        dependency: Dependency::Undecided,
        need: Need::Possible,
        confidence: LOW,
        anomaly: None,
        matches: |i| i.principal_key().is_none(),
    },
    Rule {
        id: "R03r",
        condition: "K = key, AD RMS, imported, by the tenant of a retiring Azure authority",
        sentence: "The estate says that the retiring tenant imported its AD RMS key, and that tenant opens it.",
        settled_by: None,
        dependency: Dependency::AdRmsKeyInAzure,
        need: Need::Yes,
        confidence: HIGH,
        anomaly: None,
        matches: |i| i.key_is(AdRms, &[Imported]) && i.is_imported_by_retiring(),
    },
    Rule {
        id: "R03",
        condition: "K = key, AD RMS, imported",
        sentence: "The estate says that its AD RMS key was imported into Azure, which opens it \
                   whatever its addresses say.",
        settled_by: None,
        dependency: Dependency::AdRmsKeyInAzure,
        need: Need::No,
        confidence: HIGH,
        anomaly: None,
        matches: |i| i.key_is(AdRms, &[Imported]),
    },
    Rule {
        id: "R04",
        condition: "K = key, AD RMS, active or read-only, retiring",
        sentence: "The estate says that a retiring AD RMS cluster holds its key, and only that cluster opens it.",
        settled_by: None,
        dependency: Dependency::AdRms,
        need: Need::Yes,
        confidence: HIGH,
        anomaly: None,
        matches: |i| i.key_is(AdRms, &[Active, ReadOnly]) && i.is_retiring(),
    },
    Rule {
        id: "R04k",
        condition: "K = key, AD RMS, active or read-only, not retiring",
        sentence: "The estate says that an AD RMS cluster which is not declared as retiring holds its key.",
        settled_by: None,
        dependency: Dependency::AdRms,
        need: Need::No,
        confidence: HIGH,
        anomaly: None,
        matches: |i| i.key_is(AdRms, &[Active, ReadOnly]),
    },
    Rule {
        id: "R05x",
        condition: "K = key, Azure, revoked or lost",
        sentence: "The estate says that its key was revoked or lost: no tenant opens it.",
        settled_by: None,
        dependency: Dependency::AzureRms,
        need: Need::No,
        confidence: HIGH,
        anomaly: None,
        matches: |i| i.key_is(AzureRms, &[Revoked, Lost]),
    },
    Rule {
        id: "R05r",
        condition: "K = key, Azure, active or archived, retiring",
        sentence: "The estate says that a retiring tenant holds its key, and only that tenant opens it.",
        settled_by: None,
        dependency: Dependency::AzureRms,
        need: Need::Yes,
        confidence: HIGH,
        anomaly: None,
        matches: |i| i.key_is(AzureRms, &[Active, Archived]) && i.is_retiring(),
    },
    Rule {
        id: "R05",
        condition: "K = key, Azure, active or archived, not retiring",
        sentence: "The estate says that a tenant which is not declared as retiring holds its key.",
        settled_by: None,
        dependency: Dependency::AzureRms,
        need: Need::No,
        confidence: HIGH,
        anomaly: None,
        matches: |i| i.key_is(AzureRms, &[Active, Archived]),
    },
    Rule {
        id: "R05f",
        condition: "K = key, AD RMS, foreign or lost",
        sentence: "The estate says that its AD RMS key is another organization's, or lost: no \
                   cluster of the operator opens it.",
        settled_by: None,
        dependency: Dependency::AdRms,
        need: Need::No,
        confidence: HIGH,
        anomaly: None,
        matches: |i| i.key_is(AdRms, &[Foreign, Lost]),
    },
    Rule {
        id: "R14",
        condition: "hierarchy = isv",
        sentence: "Its certificates go back to Microsoft's pre-production root: a test cluster \
                   of AD RMS made it.",
        settled_by: DECLARE_KEY,
        dependency: Dependency::AdRms,
        need: Need::Possible,
        confidence: MEDIUM,
        anomaly: Some(Anomaly::PreProduction),
        matches: |i| i.is_pre_production(),
    },
    Rule {
        id: "R11",
        condition: "P = LEGACY, or issuer and owner of type Passport and no ORG or BAD host",
        sentence: "The service for Passport accounts that Microsoft has withdrawn made it.",
        settled_by: None,
        dependency: Dependency::MicrosoftHosted,
        need: Need::No,
        confidence: MEDIUM,
        anomaly: None,
        matches: |i| i.principal == HostClass::Legacy || i.is_passport(),
    },
    Rule {
        id: "R06b",
        condition: "as R06 with Server-Version 5.x or 6.x, or a 1024-bit key",
        sentence: "A tenant of Azure RMS issued it, with a key that looks as if it came from AD \
                   RMS.",
        settled_by: DECLARE_KEY,
        dependency: Dependency::AzureRms,
        need: Need::No,
        confidence: MEDIUM,
        anomaly: Some(Anomaly::ImportedKeyLikely),
        matches: |i| i.has_tenant() && is_azure(i) && i.looks_imported(),
    },
    Rule {
        id: "R06",
        condition: "T, P = AZ, X and I each AZ or –",
        sentence: "A tenant of Azure RMS issued it.",
        settled_by: DECLARE_KEY,
        dependency: Dependency::AzureRms,
        need: Need::No,
        confidence: MEDIUM,
        anomaly: None,
        matches: |i| i.has_tenant() && is_azure(i),
    },
    Rule {
        id: "R07",
        condition: "no T, P = AZ, X and I each AZ or –",
        sentence: "All its addresses are Azure's, but it names no tenant, as all licenses of \
                   Azure do.",
        settled_by: DECLARE_KEY,
        dependency: Dependency::AzureRms,
        need: Need::Possible,
        confidence: LOW,
        anomaly: None,
        matches: |i| !i.has_tenant() && is_azure(i),
    },
    Rule {
        id: "R09",
        condition: "no T, P = ORG, X or I = AZ",
        sentence: "An AD RMS cluster made its key, and a licensing address is Azure's: the key \
                   was probably imported.",
        settled_by: DECLARE_KEY,
        dependency: Dependency::AdRmsKeyInAzure,
        need: Need::Possible,
        confidence: Rating::ByLocators,
        anomaly: None,
        matches: |i| {
            !i.has_tenant()
                && i.principal == HostClass::Org
                && (i.extranet == HostClass::Azure || i.intranet == HostClass::Azure)
        },
    },
    Rule {
        id: "R08",
        condition: "no T, P = ORG or –, X and I each ORG or –, not both –",
        sentence: "An AD RMS cluster issued it; whether its key was imported into Azure since, no \
                   file can say.",
        settled_by: DECLARE_KEY,
        dependency: Dependency::AdRms,
        need: Need::Possible,
        confidence: MEDIUM,
        anomaly: None,
        matches: |i| {
            !i.has_tenant()
                && i.principal.is_org_or_absent()
                && i.locators_are(HostClass::is_org_or_absent)
                && !i.locators_are(|host| host == HostClass::Absent)
        },
    },
    Rule {
        id: "R10",
        condition: "T or P = AZ, and X or I is not AZ",
        sentence: "It names Azure, but its licensing addresses do not: the two contradict each \
                   other.",
        settled_by: DECLARE_KEY,
        dependency: Dependency::Undecided,
        need: Need::Possible,
        confidence: LOW,
        anomaly: Some(Anomaly::LocatorConflict),
        // A missing URL is not one of Azure either. A license with a Tenant-ID and no URL at all is
        // as unusual as one with a foreign URL, and no rule above matches it.
        matches: |i| {
            (i.has_tenant() || i.principal == HostClass::Azure)
                && !i.locators_are(|host| host == HostClass::Azure)
        },
    },
    LAST,
];

/// Matches all findings that no other rule matches.
const LAST: Rule = Rule {
    id: "R00",
    condition: "anything else",
    sentence: "What its license says fits no rule.",
    settled_by: DECLARE_KEY,
    dependency: Dependency::Undecided,
    need: Need::Possible,
    confidence: LOW,
    anomaly: None,
    matches: |_| true,
};

fn is_azure(inputs: &Inputs<'_>) -> bool {
    inputs.principal == HostClass::Azure && inputs.locators_are(HostClass::is_azure_or_absent)
}

static REST: Rule = LAST;

/// Returns the first rule that matches.
pub(crate) fn deciding(inputs: &Inputs<'_>) -> &'static Rule {
    RULES.iter().find(|rule| rule.matches(inputs)).unwrap_or(&REST)
}
