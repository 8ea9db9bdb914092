//! What the conditions of the table look at.

use crate::authority::host::{Located, is_within, locate};
use crate::authority::{Answer, AuthorityKind, Estate, Key, KeyMatch, KeyStatus};
use crate::facts::{Facts, LicenseFacts};
use crate::kinds::{Anomaly, Container, Protection};
use crate::kinds::{Hierarchy, KeyLink, Searched, Signature};
use crate::timestamp::Timestamp;

/// Whose host an address names, as far as the name alone can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostClass {
    /// `AZ`: Azure RMS.
    Azure,
    /// `LEGACY`: the withdrawn service for Passport accounts.
    Legacy,
    /// `OTHER`: Microsoft's, but no license is known to name it.
    Other,
    /// `ORG`: any other host.
    Org,
    /// `BAD`: unparsable.
    Bad,
    /// `–`: no address.
    Absent,
}

impl HostClass {
    pub(crate) fn of(address: Option<&str>) -> HostClass {
        let host = match locate(address) {
            Located::Absent => return HostClass::Absent,
            Located::Bad => return HostClass::Bad,
            Located::At(host) => host,
        };
        let within = |domain: &str| is_within(&host, domain);
        if ["aadrm.com", "aadrm.us", "aadrm.cn", "aadrm.de"].into_iter().any(within) {
            HostClass::Azure
        } else if within("drm.microsoft.com") && host != "drm.microsoft.com" {
            HostClass::Legacy
        } else if within("azurerms.com") {
            HostClass::Other
        } else {
            HostClass::Org
        }
    }

    pub(crate) fn is_azure_or_absent(self) -> bool {
        matches!(self, HostClass::Azure | HostClass::Absent)
    }

    pub(crate) fn is_org_or_absent(self) -> bool {
        matches!(self, HostClass::Org | HostClass::Absent)
    }
}

/// One finding as the table sees it.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) license: Option<&'a LicenseFacts>,
    pub(crate) modified: Option<Timestamp>,
    pub(crate) answer: Answer<'a>,
    pub(crate) clock_skew: i64,
    /// P of the table.
    pub(crate) principal: HostClass,
    /// X of the table.
    pub(crate) extranet: HostClass,
    /// I of the table.
    pub(crate) intranet: HostClass,
}

impl<'a> Inputs<'a> {
    pub(crate) fn new(
        facts: &'a Facts,
        modified: Option<Timestamp>,
        estate: &'a Estate,
    ) -> Inputs<'a> {
        let license = facts.license.as_deref();
        let text = |field: fn(&LicenseFacts) -> Option<&str>| license.and_then(field);
        let address = text(|license| license.slc_address.as_deref());
        Inputs {
            facts,
            license,
            modified,
            answer: estate.lookup(facts.slc_key(), facts.slc_id(), address),
            clock_skew: estate.clock_skew(),
            principal: HostClass::of(address),
            extranet: HostClass::of(text(|license| license.licensing_extranet.as_deref())),
            intranet: HostClass::of(text(|license| license.licensing_intranet.as_deref())),
        }
    }

    /// Whether the file was searched in full and contains nothing of RMS. A certificate or template
    /// is XrML too, but protects nothing.
    pub(crate) fn is_not_protected(&self) -> bool {
        let facts = self.facts;
        let nothing_to_read = self.license.is_none()
            || (facts.container == Container::License && facts.protection == Protection::None);
        nothing_to_read
            && facts.searched == Searched::Full
            && facts.error_code.is_none()
            && !self.has(Anomaly::StrayLicenseText)
            && matches!(
                facts.protection,
                Protection::None | Protection::Password | Protection::Other
            )
    }

    pub(crate) fn has(&self, anomaly: Anomaly) -> bool {
        self.facts.anomalies.contains(&anomaly)
    }

    /// Whether the file may say something else than this record: something was not read, or the
    /// license has a rival.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.facts.error_code.is_some()
            || self.facts.searched != Searched::Full
            || self.has(Anomaly::SeveralLicenses)
            || self.has(Anomaly::DuplicateElement)
            || self.has(Anomaly::StrayLicenseText)
    }

    /// The key that the publishing license itself names. The chain of a use license names the key
    /// of the server that issued it, which may be another one.
    pub(crate) fn principal_key(&self) -> Option<&'a str> {
        let from_use_license = self.has(Anomaly::FromUseLicense);
        self.license?.slc_key.as_deref().filter(|_| !from_use_license)
    }

    /// K of the table: what the operator says of this very key.
    pub(crate) fn key(&self) -> Option<&'a Key> {
        self.answer.key
    }

    pub(crate) fn authority_is_azure(&self) -> bool {
        self.answer.authority.is_some_and(|authority| authority.kind == AuthorityKind::AzureRms)
    }

    pub(crate) fn key_is(&self, statuses: &[KeyStatus]) -> bool {
        self.key().is_some_and(|key| statuses.contains(&key.status))
    }

    pub(crate) fn matched(&self, what: KeyMatch) -> bool {
        self.answer.matched == what
    }

    /// T of the table.
    pub(crate) fn has_tenant(&self) -> bool {
        self.license.is_some_and(|license| license.tenant_id.is_some())
    }

    pub(crate) fn is_pre_production(&self) -> bool {
        self.license.is_some_and(|license| license.hierarchy == Some(Hierarchy::Isv))
    }

    /// Passport accounts on both sides, and no organisation's host anywhere. What nobody can parse
    /// may be an organisation's too: this says that no cluster is needed, so such a license is left
    /// to `R00`.
    pub(crate) fn is_passport(&self) -> bool {
        let is_passport = |kind: &Option<String>| {
            kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("Passport"))
        };
        self.license.is_some_and(|license| {
            is_passport(&license.issuer_id_type) && is_passport(&license.owner_id_type)
        }) && [self.principal, self.extranet, self.intranet]
            .iter()
            .all(|host| !matches!(host, HostClass::Org | HostClass::Bad))
    }

    /// What a key of AD RMS carries into Azure: its server's version, or its size in mode 1.
    pub(crate) fn looks_imported(&self) -> bool {
        self.license.is_some_and(|license| {
            let version = license.server_version.as_deref().unwrap_or_default().trim();
            version.starts_with("5.")
                || version.starts_with("6.")
                || license.slc_key_bits == Some(1024)
        })
    }

    pub(crate) fn locators_are(&self, test: fn(HostClass) -> bool) -> bool {
        test(self.extranet) && test(self.intranet)
    }

    pub(crate) fn signature_is(&self, signature: Signature) -> bool {
        self.license.is_some_and(|license| license.signature == signature)
    }

    pub(crate) fn link_is(&self, link: KeyLink) -> bool {
        self.license.is_some_and(|license| license.link == link)
    }

    /// S of the table, as it stands and with the allowance for clocks that differ.
    pub(crate) fn read_only_since(&self) -> Option<(Timestamp, Timestamp)> {
        let key = self.key().filter(|key| key.status == KeyStatus::ReadOnly)?;
        let since = key.since?;
        Some((since, since.plus_seconds(self.clock_skew)))
    }
}
