//! What the operator knows: which Server Licensor Certificate keys there are, and what became of
//! each.

use std::collections::HashMap;

use crate::names::names;
use crate::timestamp::Timestamp;

names! {
    /// What kind of service an authority is.
    pub enum AuthorityKind {
        /// An on-premises cluster.
        AdRms = "ad-rms",
        /// A tenant in the cloud.
        AzureRms = "azure-rms",
    }
}

names! {
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

/// One Server Licensor Certificate key as the operator declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// `sha256:` and 64 hex digits over the big-endian modulus.
    pub key: Option<String>,
    /// The principal's GUID, lower case without braces.
    pub id: Option<String>,
    /// What became of it.
    pub status: KeyStatus,
    /// Since when publishing is denied (`read-only`).
    pub since: Option<Timestamp>,
}

impl Key {
    /// A key of which only the status is known.
    pub fn new(status: KeyStatus) -> Key {
        Key { key: None, id: None, status, since: None }
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
    /// Host names, lower case: an exact name, or a suffix with a leading dot.
    pub hosts: Vec<String>,
    /// Its keys.
    pub keys: Vec<Key>,
}

/// Everything the operator knows. [`Estate::default`] is knowing nothing.
#[derive(Debug, Clone, Default)]
pub struct Estate {
    authorities: Vec<Authority>,
    by_key: HashMap<String, (usize, usize)>,
}

impl Estate {
    /// The authorities, in the order of the file.
    pub fn authorities(&self) -> &[Authority] {
        &self.authorities
    }
}
