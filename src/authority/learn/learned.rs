//! Result of reading key material.

use crate::authority::AuthorityKind;
use crate::authority::check::Mistake;
use crate::authority::host::{Located, locate};
use crate::facts::Facts;
use crate::kinds::Anomaly;
use crate::license::Modulus;

/// What key material tells about one key, or about one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Learned {
    /// `sha256:` and 64 hex digits, as `slc_key` of the record. Without it nothing can be decided.
    pub key: Option<String>,
    /// The principal's GUID, lower case without braces.
    pub id: Option<String>,
    /// What the source calls it.
    pub name: Option<String>,
    /// Bits of the modulus.
    pub bits: Option<u32>,
    /// Hosts of its authority.
    pub hosts: Vec<String>,
    /// The tenant that it belongs to.
    pub tenant: Option<String>,
    /// What kind of authority has it, where the source says so.
    pub kind: Option<AuthorityKind>,
    /// What one should know before relying on it.
    pub notes: Vec<String>,
}

impl Learned {
    /// The key that a file known to be protected by some authority is sealed to.
    pub fn from_facts(facts: &Facts) -> Option<Learned> {
        let license = facts.license.as_deref()?;
        let mut learned = Learned {
            key: Some(license.slc_key.clone()?),
            id: license.slc_id.clone(),
            name: license.slc_name.clone(),
            bits: license.slc_key_bits,
            tenant: license.tenant_id.clone(),
            ..Learned::default()
        };
        learned.add_host(license.slc_address.as_deref());
        if facts.anomalies.contains(&Anomaly::FromUseLicense) {
            learned.note(
                "This is the key of the server that issued a use license, not the one that the \
                 publishing license names.",
            );
        }
        Some(learned)
    }

    /// A bare key, with its modulus as X.509 writes it.
    pub(super) fn from_modulus(modulus: &[u8]) -> Option<Learned> {
        let modulus = Modulus::from_big_endian(modulus)?;
        let key = Some(modulus.fingerprint());
        Some(Learned { key, bits: Some(modulus.bits()), ..Learned::default() })
    }

    pub(super) fn add_host(&mut self, address: Option<&str>) {
        if let Located::At(host) = locate(address) {
            let host = host.into_owned();
            if !self.hosts.contains(&host) {
                self.hosts.push(host);
            }
        }
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

/// Returns the error about a file that contains no key, or is damaged at `line`.
pub(super) fn refusal(line: Option<usize>, message: impl Into<String>) -> Mistake {
    Mistake { line, message: message.into() }
}
