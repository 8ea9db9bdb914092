//! [`Inputs`]: the values that the conditions of the rule table use.

use crate::authority::host::{AddressHost, is_within};
use crate::authority::{
    Authority, AuthorityKey, AuthorityKind, Estate, EstateMatch, KeyMatch, KeyStatus, Retiring,
};
use crate::facts::{Facts, LicenseFacts};
use crate::kinds::{Anomaly, Container, Hierarchy, KeyLink, Protection, Searched, Signature};
use crate::timestamp::Timestamp;

/// The operator of the host in an address, as far as the name tells. The names in backquotes are
/// those of the rule table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostClass {
    /// `AZ`: Azure RMS.
    Azure,
    /// `LEGACY`: the discontinued service for Passport accounts.
    Legacy,
    /// `OTHER`: a host of Microsoft that no known license names.
    Other,
    /// `ORG`: all other hosts.
    Org,
    /// `BAD`: the address has no clear host.
    Bad,
    /// `–`: no address.
    Absent,
}

impl HostClass {
    pub(crate) fn of(address: Option<&str>) -> HostClass {
        let host = match AddressHost::of(address) {
            AddressHost::Absent => return HostClass::Absent,
            AddressHost::Unclear => return HostClass::Bad,
            AddressHost::Known(host) => host,
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

/// The inputs of the rules for one finding.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) license: Option<&'a LicenseFacts>,
    pub(crate) modified: Option<Timestamp>,
    estate: &'a Estate,
    pub(crate) estate_match: EstateMatch<'a>,
    /// P of the table: the host of the ADDRESS of the SLC principal.
    pub(crate) principal: HostClass,
    /// X of the table: the host of the extranet licensing URL.
    pub(crate) extranet: HostClass,
    /// I of the table: the host of the intranet licensing URL.
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
            estate,
            estate_match: estate.lookup(facts.slc_key(), facts.slc_id(), address),
            principal: HostClass::of(address),
            extranet: HostClass::of(text(|license| license.licensing_extranet.as_deref())),
            intranet: HostClass::of(text(|license| license.licensing_intranet.as_deref())),
        }
    }

    /// Whether the file was searched completely and RMS does not protect it. Certificates and
    /// templates are XrML, but protect nothing.
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

    /// Whether the file can need another key than this record says: a part was not read, the file
    /// contains another candidate for the license, or a later version found what this one does not
    /// know.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.facts.error_code.is_some()
            || self.facts.searched != Searched::Full
            || !self.facts.unknown.is_empty()
            || self.has(Anomaly::SeveralLicenses)
            || self.has(Anomaly::DuplicateElement)
            || self.has(Anomaly::StrayLicenseText)
    }

    /// Returns the key that the publishing license names. The chain of a use license does not
    /// count: it names the key of the server that issued the use license.
    pub(crate) fn principal_key(&self) -> Option<&'a str> {
        let from_use_license = self.has(Anomaly::FromUseLicense);
        self.license?.slc_key.as_deref().filter(|_| !from_use_license)
    }

    /// Returns K of the table: the declaration of the key by the operator.
    pub(crate) fn key(&self) -> Option<&'a AuthorityKey> {
        self.estate_match.key
    }

    /// Returns the authority of the declared key.
    fn key_authority(&self) -> Option<&'a Authority> {
        self.estate_match.authority.filter(|_| self.key().is_some())
    }

    /// Whether K is a key of this kind of authority in one of these states.
    pub(crate) fn key_is(&self, kind: AuthorityKind, statuses: &[KeyStatus]) -> bool {
        self.key_authority().is_some_and(|authority| authority.kind == kind)
            && self.key().is_some_and(|key| statuses.contains(&key.status))
    }

    /// Whether the authority of K goes away.
    pub(crate) fn is_retiring(&self) -> bool {
        self.key_authority().is_some_and(|authority| authority.retiring == Retiring::Yes)
    }

    /// Returns the Azure authorities that have the tenant which imported K, or may have it because
    /// their tenant is not declared.
    fn possible_importers(&self) -> impl Iterator<Item = &'a Authority> {
        let imported = self.key().filter(|key| key.status == KeyStatus::Imported);
        let tenant = imported.and_then(|key| key.tenant.as_deref());
        self.tenants().filter(move |authority| {
            tenant.is_some() && authority.tenant.as_deref().is_none_or(|own| Some(own) == tenant)
        })
    }

    /// Whether a retiring Azure authority has the tenant that imported K.
    pub(crate) fn is_imported_by_retiring(&self) -> bool {
        self.possible_importers()
            .any(|authority| authority.tenant.is_some() && authority.retiring == Retiring::Yes)
    }

    /// Whether the estate leaves open what decides about K: its state, whether its authority goes
    /// away, or whether the tenant that imported it does.
    pub(crate) fn is_open_question(&self) -> bool {
        let Some(key) = self.key() else { return false };
        // The retirement of its first authority does not matter to a key that Azure imported, nor
        // to one that opens nothing.
        let is_held =
            matches!(key.status, KeyStatus::Active | KeyStatus::ReadOnly | KeyStatus::Archived);
        key.status == KeyStatus::Open
            || (is_held && self.key_authority().is_some_and(|a| a.retiring == Retiring::Open))
            || (key.status == KeyStatus::Imported
                && self.possible_importers().any(|authority| authority.retiring != Retiring::No))
    }

    fn tenants(&self) -> impl Iterator<Item = &'a Authority> {
        self.estate.authorities().iter().filter(|a| a.kind == AuthorityKind::AzureRms)
    }

    /// Whether a key that the estate does not have can belong to an Azure authority that goes away,
    /// or may go away. A Tenant-ID that the estate declares for another authority excludes that.
    pub(crate) fn may_be_of_retiring_tenant(&self) -> bool {
        let tenant = self.license.and_then(|license| license.tenant_id.as_deref());
        let mut retiring = self.tenants().filter(|a| a.retiring != Retiring::No);
        let stays = |a: &Authority| a.retiring == Retiring::No && a.tenant.as_deref() == tenant;
        retiring.next().is_some() && !(tenant.is_some() && self.tenants().any(stays))
    }

    /// Whether the host belongs to an Azure authority that stays.
    pub(crate) fn is_at_staying_tenant(&self) -> bool {
        self.estate_match.authority.is_some_and(|authority| {
            authority.kind == AuthorityKind::AzureRms && authority.retiring == Retiring::No
        })
    }

    pub(crate) fn matched(&self, what: KeyMatch) -> bool {
        self.estate_match.matched == what
    }

    /// T of the table: the license contains a Tenant-ID.
    pub(crate) fn has_tenant(&self) -> bool {
        self.license.is_some_and(|license| license.tenant_id.is_some())
    }

    pub(crate) fn is_pre_production(&self) -> bool {
        self.license.is_some_and(|license| license.hierarchy == Some(Hierarchy::Isv))
    }

    /// Whether issuer and owner are Passport accounts, and no address has a host of an
    /// organization. An unclear host can be one, and this condition leads to `no`: `R00` matches
    /// such a license.
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

    /// Whether version or key size suggest that Azure imported the key from AD RMS.
    pub(crate) fn looks_imported(&self) -> bool {
        self.license.is_some_and(|license| {
            let version = license.server_version.as_deref().unwrap_or_default().trim();
            version.starts_with("5.")
                || version.starts_with("6.")
                || license.slc_key_bits == Some(1024)
        })
    }

    /// Whether one of the licensing URLs names a host of an organization.
    pub(crate) fn names_own_host(&self) -> bool {
        [self.extranet, self.intranet].contains(&HostClass::Org)
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

    /// Returns S of the table, the time from which a key is read-only: as declared, and with the
    /// clock skew added.
    pub(crate) fn read_only_since(&self) -> Option<(Timestamp, Timestamp)> {
        let key = self.key().filter(|key| key.status == KeyStatus::ReadOnly)?;
        let since = key.since?;
        Some((since, since.plus_seconds(self.estate.clock_skew())))
    }
}
