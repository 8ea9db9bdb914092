//! Learning SLC keys from what an operator has: certificates, public keys, the output of commands.
//!
//! A key is learnt only where its modulus is. Ids, hosts and redirections without one annotate, and
//! say which file would confirm them.

mod command;
mod registry;
#[cfg(test)]
mod tests;
mod write;
mod x509;
mod xrml;

use super::check::Mistake;
use super::host::{Located, locate};
use super::{AuthorityKind, text};
use crate::facts::Facts;
use crate::kinds::Anomaly;
use crate::license::Modulus;

/// More than any certificate, chain or command output has.
const MAX_BYTES: usize = 16 << 20;

/// What was learnt of one key, or of one host.
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
    fn from_modulus(modulus: &[u8]) -> Option<Learned> {
        let modulus = Modulus::from_big_endian(modulus)?;
        let key = Some(modulus.fingerprint());
        Some(Learned { key, bits: Some(modulus.bits()), ..Learned::default() })
    }

    fn add_host(&mut self, address: Option<&str>) {
        if let Located::At(host) = locate(address) {
            let host = host.into_owned();
            if !self.hosts.contains(&host) {
                self.hosts.push(host);
            }
        }
    }

    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

/// Reads SLC keys out of a file: XrML certificates and chains (as text, in `<CERTIFICATECHAIN>`, or
/// in a server's answer to `GetServerInfo`), X.509 certificates and RSA public keys in DER or PEM,
/// the output of `Get-AipServiceConfiguration` and `Get-AipServiceKeys`, and registry exports of
/// MSIPC's `LicensingRedirection`.
///
/// # Errors
/// Says what the file is instead, or where it is damaged, and what would help.
pub fn learn(bytes: &[u8]) -> Result<Vec<Learned>, Mistake> {
    let learned = recognize(bytes)?;
    if learned.is_empty() { Err(refusal(None, "There is no SLC key in it.")) } else { Ok(learned) }
}

fn recognize(bytes: &[u8]) -> Result<Vec<Learned>, Mistake> {
    if bytes.len() > MAX_BYTES {
        return Err(refusal(None, "It is larger than any certificate or command output."));
    }
    if let Some(learned) = x509::from_der(bytes) {
        return learned.map(|learned| vec![learned]);
    }
    let Some(text) = text::decode(bytes) else {
        let is_der = bytes.first() == Some(&0x30);
        return Err(refusal(None, if is_der { x509::OTHER } else { UNREADABLE }));
    };
    let text = text.as_ref();
    let has = |what: &str| text.contains(what);
    if has("-----BEGIN ") {
        x509::from_pem(text)
    } else if has("<XrML") || has("&lt;XrML") || has_ignoring_case(text, "<CERTIFICATECHAIN") {
        xrml::from_text(text)
    } else if has("LicensingRedirection") && (has("Windows Registry Editor") || has("REGEDIT4")) {
        registry::from_export(text)
    } else if has("KeyIdentifier") {
        command::from_keys(text)
    } else if has("LicensingIntranetDistributionPointUrl") || has("CurrentLicensorCertificateGuid")
    {
        command::from_configuration(text)
    } else if has_ignoring_case(text, "trustedpublishingdomain") || has_ignoring_case(text, "ttdki")
    {
        Err(refusal(None, TPD))
    } else {
        Err(refusal(None, UNREADABLE))
    }
}

const TPD: &str = "This looks like an exported trusted publishing domain: its certificates are \
    encrypted with the password, and cannot be read. Give instead a file that the cluster is known \
    to have protected, its answer to GetServerInfo, or the public key of its certificate.";

const UNREADABLE: &str = "It is none of: an XrML certificate or chain, an X.509 certificate or RSA \
    public key (DER or PEM), the output of Get-AipServiceConfiguration or Get-AipServiceKeys, a \
    registry export of LicensingRedirection. If it is an exported trusted publishing domain, its \
    certificates are encrypted: give instead a file that the cluster is known to have protected, \
    its answer to GetServerInfo, or the public key of its certificate.";

fn refusal(line: Option<usize>, message: impl Into<String>) -> Mistake {
    Mistake { line, message: message.into() }
}

fn has_ignoring_case(text: &str, what: &str) -> bool {
    text.as_bytes().windows(what.len()).any(|window| window.eq_ignore_ascii_case(what.as_bytes()))
}
