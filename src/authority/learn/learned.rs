//! [`Learned`]: the data that a source contains about a key.

use crate::authority::check::EstateMistake;
use crate::authority::host::AddressHost;
use crate::authority::model::{AuthorityKind, KeyStatus};
use crate::facts::Facts;
use crate::kinds::Anomaly;
use crate::license::Modulus;

/// The data that a source contains about one key, or about one host.
///
/// [`learn`](crate::learn()) reads it from key material, [`Learned::from_facts`] from a protected file.
///
/// ```
/// use rmsight::{Facts, Learned, Container, Protection};
///
/// let unprotected = Facts::new(Container::Zip, Protection::None);
/// assert_eq!(Learned::from_facts(&unprotected), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Learned {
    /// `sha256:` and 64 hex digits, as `slc_key` of the record. A key without it decides no
    /// verdict.
    pub key: Option<String>,
    /// The GUID of the principal, in lower case without braces.
    pub id: Option<String>,
    /// The name of the key or its server in the source; `None` if the source has none.
    pub name: Option<String>,
    /// The size of the modulus in bits, usually 1,024 or 2,048; `None` without a key.
    pub bits: Option<u32>,
    /// The hosts of its authority: names in lower case, without port, each once.
    pub hosts: Vec<String>,
    /// The Entra tenant of the key, usually as a GUID; `None` if the source does not state it.
    pub tenant: Option<String>,
    /// The kind of its authority, if the source says so.
    pub kind: Option<AuthorityKind>,
    /// The state of the key, if the source says so.
    pub status: Option<KeyStatus>,
    /// Remarks for the operator, in English. [`Learned::to_toml`] writes them as comments.
    pub notes: Vec<String>,
}

impl Learned {
    /// Returns the key that a file is sealed to; `None` if the facts contain no key. It is as authentic as
    /// the license: use a file that the authority is known to have protected.
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

    /// Returns a key with a big-endian modulus, as in X.509; `None` if the modulus is zero.
    pub(super) fn from_modulus(modulus: &[u8]) -> Option<Learned> {
        let modulus = Modulus::from_big_endian(modulus)?;
        let key = Some(modulus.fingerprint());
        Some(Learned { key, bits: Some(modulus.bits()), ..Learned::default() })
    }

    /// Adds the host of an address, once.
    pub(super) fn add_host(&mut self, address: Option<&str>) {
        if let AddressHost::Known(host) = AddressHost::of(address) {
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

/// Returns the error of a source that cannot be read.
pub(super) fn refusal(line: Option<usize>, message: impl Into<String>) -> EstateMistake {
    EstateMistake { line, message: message.into() }
}
