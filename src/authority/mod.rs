//! What the operator knows: which Server Licensor Certificate keys there are, and what became of
//! each.
//!
//! A file says which key it is sealed to and where a client should ask. Who holds that key today
//! stands in no file: [`Estate`] is where the operator says it.

mod check;
mod estate;
#[cfg(feature = "estate")]
mod file;
pub(crate) mod host;
#[cfg(feature = "estate")]
mod learn;
mod questions;
#[cfg(test)]
#[cfg(feature = "estate")]
mod tests;
#[cfg(feature = "estate")]
mod text;

pub use check::Mistake;
pub(crate) use estate::Answer;
pub use estate::Estate;
#[cfg(feature = "estate")]
pub use learn::{Learned, learn};
pub use questions::Open;

use crate::kinds::vocabulary;
use crate::timestamp::Timestamp;

vocabulary! {
    /// What kind of service an authority is.
    pub enum AuthorityKind {
        /// An on-premises cluster.
        AdRms = "ad-rms",
        /// A tenant in the cloud.
        AzureRms = "azure-rms",
    }
}

vocabulary! {
    /// What became of a key. Never inherited from its authority or from another key.
    pub enum KeyStatus {
        /// An AD RMS cluster holds it.
        Active = "active",
        /// An AD RMS cluster holds it and denies publishing.
        ReadOnly = "read-only",
        /// Azure holds it.
        Imported = "imported",
        /// Nobody holds it any more.
        Lost = "lost",
        /// Another organisation's.
        Foreign = "foreign",
        /// Born in Azure.
        Azure = "azure",
    }
}

vocabulary! {
    /// How an authority came to a key.
    pub enum Origin {
        /// It made the key itself, as a root cluster does.
        Own = "own",
        /// A licensing-only cluster made it; the root cluster issued its certificate.
        SubEnrolled = "sub-enrolled",
        /// It came with a trusted publishing domain.
        Tpd = "tpd",
    }
}

vocabulary! {
    /// What answers at a host.
    pub enum HostRole {
        /// The authority itself.
        Server = "server",
        /// An RMS connector, which hands on to Azure.
        Connector = "connector",
    }
}

vocabulary! {
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

vocabulary! {
    /// What an operator easily forgets about a cluster.
    pub enum Question {
        /// Licensing-only (sub-enrolled) members have keys of their own.
        LicensingOnly = "licensing-only",
        /// A cluster that went from cryptographic mode 1 to 2 has an older key besides.
        OlderKey = "older-key",
        /// With a trusted publishing domain a cluster opens what another one published.
        TrustedPublishingDomains = "trusted-publishing-domains",
    }
}

/// One Server Licensor Certificate key as the operator declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// `sha256:` and 64 hex digits over the big-endian modulus. Without it nothing is decided.
    pub key: Option<String>,
    /// The principal's GUID, lower case without braces.
    pub id: Option<String>,
    /// What became of it.
    pub status: KeyStatus,
    /// Since when publishing is denied (`read-only`).
    pub since: Option<Timestamp>,
    /// The Entra tenant that it was imported into (`imported`).
    pub tenant: Option<String>,
    /// Names of clusters that got it with a trusted publishing domain.
    pub held_by: Vec<String>,
    /// How its authority came to it.
    pub origin: Origin,
}

impl Key {
    /// A key of which only the status is known.
    pub fn new(status: KeyStatus) -> Key {
        Key {
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

/// A host of an authority. It only annotates: no host decides a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Host {
    /// Lower case: an exact name, or with a leading dot all names below it.
    pub name: String,
    /// What answers there.
    pub role: HostRole,
}

impl Host {
    /// A host at which the authority itself answers.
    pub fn new(name: impl Into<String>) -> Host {
        Host { name: name.into(), role: HostRole::Server }
    }
}

/// A cluster or a tenant with its keys and hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authority {
    /// The operator's name for it.
    pub name: String,
    /// What kind of service it is.
    pub kind: AuthorityKind,
    /// Where it answers.
    pub hosts: Vec<Host>,
    /// Its keys.
    pub keys: Vec<Key>,
    /// Questions that the operator has answered: nothing is missing there.
    pub settled: Vec<Question>,
}

impl Authority {
    /// An authority without hosts and keys.
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
