//! Reads X.509 certificates and RSA public keys, as an HSM or Key Vault exports them. Only the
//! modulus is compared, because a license contains nothing else of them.

use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::learned::{Learned, refusal};
use crate::authority::check::EstateMistake;

/// The maximum number of PEM blocks in a file, far above real ones.
const MAX_BLOCKS: usize = 1024;

const NOT_RSA: &str = "It is a public key, but not an RSA one: no SLC key is like that.";

const PRIVATE: &str = "It holds a private key, which nobody should hand around and nothing here \
                       needs: give the public key or the certificate.";

pub(super) const OTHER: &str = "It is DER, but no X.509 certificate and no RSA public key: perhaps \
                                a private key, or a store of keys or certificates (PKCS #7 or \
                                #12). Give the certificate or the public key alone.";

/// Reads a certificate, a SubjectPublicKeyInfo or a PKCS #1 public key; `None` for other bytes.
pub(super) fn from_der(der: &[u8]) -> Option<Result<Learned, EstateMistake>> {
    if der.first() != Some(&0x30) {
        return None;
    }
    if let Ok((_, certificate)) = X509Certificate::from_der(der) {
        let learned = from_key(certificate.public_key()).map(|mut learned| {
            learned.name = Some(certificate.subject().to_string());
            learned.note(
                "Taken from an X.509 certificate: it is an SLC key only if this is the key that \
                 the cluster or tenant uses.",
            );
            learned
        });
        return Some(learned);
    }
    if let Ok((_, key)) = SubjectPublicKeyInfo::from_der(der) {
        return Some(from_key(&key));
    }
    let (_, key) = RSAPublicKey::from_der(der).ok()?;
    // In PKCS #1, a private key begins like a public one, with a version instead of the modulus.
    Learned::from_modulus(key.modulus).filter(|learned| learned.bits > Some(1)).map(Ok)
}

fn from_key(key: &SubjectPublicKeyInfo<'_>) -> Result<Learned, EstateMistake> {
    match key.parsed() {
        Ok(PublicKey::RSA(key)) => Learned::from_modulus(key.modulus),
        _ => None,
    }
    .ok_or_else(|| refusal(None, NOT_RSA))
}

/// Reads all certificates and public keys of a PEM file.
pub(super) fn from_pem(text: &str) -> Result<Vec<Learned>, EstateMistake> {
    let mut all = Vec::new();
    for block in Pem::iter_from_buffer(text.as_bytes()).take(MAX_BLOCKS) {
        let damaged = |_| refusal(None, "The PEM text is damaged.");
        let block = block.map_err(damaged)?;
        if block.label.ends_with("PRIVATE KEY") {
            return Err(refusal(None, PRIVATE));
        }
        let wrong = || {
            let label: String = block.label.chars().take(40).collect();
            refusal(None, format!("The PEM block `{label}` is no certificate and no public key."))
        };
        all.push(from_der(&block.contents).ok_or_else(wrong)??);
    }
    Ok(all)
}
