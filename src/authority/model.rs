//! The declarations of an operator: [`Authority`], [`AuthorityKey`], [`AuthorityHost`].

use crate::kinds::vocabulary;
use crate::timestamp::Timestamp;

vocabulary! {
    /// The service of an authority.
    #[derive(PartialOrd, Ord)]
    pub enum AuthorityKind {
        /// An on-premises AD RMS cluster.
        AdRms = "ad-rms",
        /// An Azure RMS tenant.
        AzureRms = "azure-rms",
    }
}

vocabulary! {
    /// Whether the organization gives an authority up. It decides whether [`Need`](crate::Need) is `yes` or
    /// `no` for the keys that the authority holds.
    pub enum Retiring {
        /// The authority goes away: files that need it have to be protected again.
        Yes = "true",
        /// The authority stays.
        No = "false",
        /// The operator has not decided.
        Open = "?",
    }
}

impl Retiring {
    /// Returns the value for an authority that does not state it: `Yes` for AD RMS, which is discontinued,
    /// and `No` for Azure RMS.
    pub const fn default_of(kind: AuthorityKind) -> Retiring {
        match kind {
            AuthorityKind::AdRms => Retiring::Yes,
            AuthorityKind::AzureRms => Retiring::No,
        }
    }
}

vocabulary! {
    /// The state of a key. A key does not inherit it from its authority or from another key. Each
    /// kind of authority has its own states.
    pub enum KeyStatus {
        /// The authority holds it.
        Active = "active",
        /// An AD RMS cluster holds it and denies publishing.
        ReadOnly = "read-only",
        /// An AD RMS cluster created it, and Azure holds it.
        Imported = "imported",
        /// Azure holds it, and protects new content with another key.
        Archived = "archived",
        /// Azure does not use it any more: it opens nothing.
        Revoked = "revoked",
        /// The key no longer exists.
        Lost = "lost",
        /// Another organization holds it; it is a key of AD RMS.
        Foreign = "foreign",
        /// The operator does not know.
        Open = "?",
    }
}

impl KeyStatus {
    /// Returns the states that a key of this kind of authority can have.
    pub const fn of_kind(kind: AuthorityKind) -> &'static [KeyStatus] {
        use KeyStatus::{Active, Archived, Foreign, Imported, Lost, Open, ReadOnly, Revoked};
        match kind {
            AuthorityKind::AdRms => &[Active, ReadOnly, Imported, Lost, Foreign, Open],
            AuthorityKind::AzureRms => &[Active, Archived, Revoked, Lost, Open],
        }
    }
}

vocabulary! {
    /// How an authority got a key. It answers [`Question`]s, and does not change verdicts.
    pub enum Origin {
        /// It created the key, as a root cluster does.
        Own = "own",
        /// A licensing-only cluster, which enrolled with the root cluster, created it. The root cluster
        /// issued its certificate.
        SubEnrolled = "sub-enrolled",
        /// It was imported with a trusted publishing domain (TPD): a key that another cluster exported.
        Tpd = "tpd",
    }
}

vocabulary! {
    /// The service at a host. It does not change verdicts.
    pub enum HostRole {
        /// The authority itself.
        Server = "server",
        /// An RMS connector, which forwards to Azure.
        Connector = "connector",
    }
}

vocabulary! {
    /// The part of a license that matched the estate: the first of key, id and host that does.
    pub enum KeyMatch {
        /// The key. Only this match decides a verdict.
        Key = "key",
        /// Only the id of the key. An id is easily claimed.
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

/// One key of a Server Licensor Certificate (SLC), as the operator declares it.
///
/// ```
/// use rmsight::{AuthorityKey, KeyStatus, Timestamp};
///
/// let mut key = AuthorityKey::new(KeyStatus::ReadOnly);
/// key.id = Some("5f0c2c3a-8d0e-4c0b-9a4f-0c7e1d2b3a41".to_owned());
/// key.since = Timestamp::parse("2024-03-01");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct AuthorityKey {
    /// `sha256:` and 64 lower-case hex digits, the SHA-256 of the big-endian modulus without leading zeros:
    /// the form of [`LicenseFacts::slc_key`](crate::LicenseFacts::slc_key). A key without it only annotates
    /// verdicts, and needs `id`.
    #[cfg_attr(feature = "serde", serde(default, rename = "slc_key"))]
    pub key: Option<String>,
    /// The GUID of the principal (`ISSUEDPRINCIPALS/PRINCIPAL/OBJECT/ID`), in lower case without
    /// braces. `None` if the operator does not know it.
    #[cfg_attr(feature = "serde", serde(default, rename = "slc_id"))]
    pub id: Option<String>,
    /// The state of the key.
    pub status: KeyStatus,
    /// The time in UTC from which publishing is denied; `read-only` keys need it, and others cannot have it.
    /// [`Estate::with_clock_skew`](crate::Estate::with_clock_skew) says how it is compared.
    #[cfg_attr(feature = "serde", serde(default))]
    pub since: Option<Timestamp>,
    /// The GUID of the Entra tenant that imported it, in lower case without braces; `imported` keys need it,
    /// and others cannot have it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub tenant: Option<String>,
    /// The names of other AD RMS authorities of the estate that imported it with a trusted publishing
    /// domain (TPD). They open its content too. Empty for `lost` and `foreign` keys.
    #[cfg_attr(feature = "serde", serde(default))]
    pub held_by: Vec<String>,
    /// How the authority got the key.
    pub origin: Origin,
}

impl AuthorityKey {
    /// Returns a key of which only the status is known, with the origin `own`. Set `key` or `id` before
    /// [`Estate::new`](crate::Estate::new).
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
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct AuthorityHost {
    /// An exact name in lower case such as `rms.example.com`, or a suffix with a leading dot for all names
    /// below it such as `.example.com`; without scheme, port and path.
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

/// An AD RMS cluster or an Azure RMS tenant, with its keys and hosts.
///
/// ```
/// use rmsight::{Authority, AuthorityHost, AuthorityKind, Estate};
///
/// let mut tenant = Authority::new("Contoso tenant", AuthorityKind::AzureRms);
/// tenant.hosts.push(AuthorityHost::new("5f0c2c3a.rms.eu.aadrm.com"));
/// assert_eq!(Estate::new(vec![tenant])?.open_questions().len(), 2);
/// # Ok::<(), rmsight::EstateError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Authority {
    /// The name that the operator gave it; not empty, and unique in the estate. Verdicts contain it.
    pub name: String,
    /// The service that holds the keys.
    pub kind: AuthorityKind,
    /// Whether the organization gives it up. The default is `Yes` for AD RMS and `No` for Azure RMS.
    pub retiring: Retiring,
    /// The Entra tenant, as a GUID in lower case without braces; for Azure RMS only, and unique in the
    /// estate. `None` if the operator does not know it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub tenant: Option<String>,
    /// Its hosts; each is declared for one authority only.
    #[cfg_attr(feature = "serde", serde(default))]
    pub hosts: Vec<AuthorityHost>,
    /// Its keys; each is declared for one authority only.
    #[cfg_attr(feature = "serde", serde(default, rename = "key"))]
    pub keys: Vec<AuthorityKey>,
    /// Questions that the operator answered with "nothing is missing".
    #[cfg_attr(feature = "serde", serde(default))]
    pub settled: Vec<Question>,
}

impl Authority {
    /// Returns an authority without hosts and keys, and with the default of `retiring` for its kind.
    pub fn new(name: impl Into<String>, kind: AuthorityKind) -> Authority {
        Authority {
            name: name.into(),
            kind,
            retiring: Retiring::default_of(kind),
            tenant: None,
            hosts: Vec::new(),
            keys: Vec::new(),
            settled: Vec::new(),
        }
    }
}
