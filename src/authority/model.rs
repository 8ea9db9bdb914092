//! The declarations of an operator: [`Authority`], [`AuthorityKey`], [`AuthorityHost`].

use crate::kinds::vocabulary;
use crate::timestamp::Timestamp;

vocabulary! {
    /// The service of an authority.
    pub enum AuthorityKind {
        /// An on-premises AD RMS cluster.
        AdRms = "ad-rms",
        /// An Azure RMS tenant.
        AzureRms = "azure-rms",
    }
}

vocabulary! {
    /// The state of a key. A key does not inherit it from its authority or from another key.
    pub enum KeyStatus {
        /// An AD RMS cluster holds it.
        Active = "active",
        /// An AD RMS cluster holds it and denies publishing.
        ReadOnly = "read-only",
        /// Azure holds it.
        Imported = "imported",
        /// The key no longer exists.
        Lost = "lost",
        /// Another organization holds it.
        Foreign = "foreign",
        /// Azure created and holds it.
        Azure = "azure",
    }
}

vocabulary! {
    /// How an authority got a key.
    pub enum Origin {
        /// It created the key, as a root cluster does.
        Own = "own",
        /// A licensing-only cluster created it; the root cluster issued its certificate.
        SubEnrolled = "sub-enrolled",
        /// It was imported with a trusted publishing domain.
        Tpd = "tpd",
    }
}

vocabulary! {
    /// The service at a host.
    pub enum HostRole {
        /// The authority itself.
        Server = "server",
        /// An RMS connector, which forwards to Azure.
        Connector = "connector",
    }
}

vocabulary! {
    /// The part of a license that matched the estate.
    pub enum KeyMatch {
        /// The key.
        Key = "key",
        /// Only the id of the key.
        Id = "id",
        /// Only the host of the principal's ADDRESS.
        Host = "host",
        /// Nothing.
        None = "none",
    }
}

vocabulary! {
    /// A question about an authority whose keys are often declared incompletely.
    pub enum Question {
        /// Licensing-only (sub-enrolled) members have separate keys.
        LicensingOnly = "licensing-only",
        /// A cluster that changed from cryptographic mode 1 to 2 also has an older key.
        OlderKey = "older-key",
        /// With a trusted publishing domain, a cluster opens files that another one published.
        TrustedPublishingDomains = "trusted-publishing-domains",
    }
}

/// One Server Licensor Certificate key as the operator declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorityKey {
    /// `sha256:` and 64 hex digits, the SHA-256 of the big-endian modulus. A key without it only
    /// annotates verdicts.
    pub key: Option<String>,
    /// The GUID of the principal, in lower case without braces.
    pub id: Option<String>,
    /// The state of the key.
    pub status: KeyStatus,
    /// The time from which publishing is denied; for `read-only` keys only.
    pub since: Option<Timestamp>,
    /// The Entra tenant that imported it; for `imported` keys only.
    pub tenant: Option<String>,
    /// The names of clusters that imported it with a trusted publishing domain.
    pub held_by: Vec<String>,
    /// How the authority got it.
    pub origin: Origin,
}

impl AuthorityKey {
    /// Returns a key of which only the status is known.
    pub fn new(status: KeyStatus) -> AuthorityKey {
        AuthorityKey {
            key: None,
            id: None,
            status,
            since: None,
            tenant: None,
            held_by: Vec::new(),
            origin: Origin::Own,
        }
    }
}

/// A host of an authority. Hosts annotate verdicts, and do not decide them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorityHost {
    /// An exact name in lower case, or a suffix with a leading dot for all names below it.
    pub name: String,
    /// The service at the host.
    pub role: HostRole,
}

impl AuthorityHost {
    /// Returns a host with the role `server`.
    pub fn new(name: impl Into<String>) -> AuthorityHost {
        AuthorityHost { name: name.into(), role: HostRole::Server }
    }
}

/// A cluster or a tenant, with its keys and hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authority {
    /// The name that the operator gave it.
    pub name: String,
    /// The service.
    pub kind: AuthorityKind,
    /// Its hosts.
    pub hosts: Vec<AuthorityHost>,
    /// Its keys.
    pub keys: Vec<AuthorityKey>,
    /// Questions that the operator answered with "nothing is missing".
    pub settled: Vec<Question>,
}

impl Authority {
    /// Returns an authority without hosts and keys.
    pub fn new(name: impl Into<String>, kind: AuthorityKind) -> Authority {
        Authority {
            name: name.into(),
            kind,
            hosts: Vec::new(),
            keys: Vec::new(),
            settled: Vec::new(),
        }
    }
}
