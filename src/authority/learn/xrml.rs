//! Reads XrML: exported certificates, chains, and responses of servers.

use std::borrow::Cow;

use super::learned::{Learned, refusal};
use crate::authority::check::EstateMistake;
use crate::kinds::Signature;
use crate::license::{
    Certificate, CertificateKind, LicenseParty, certificates_in_wrapper, unwrap_chain,
};
use crate::limits::{Interrupt, Limits, Meter};

pub(super) fn from_text(text: &str) -> Result<Vec<Learned>, EstateMistake> {
    // Some SOAP implementations write the certificates as escaped text.
    let text = match (text.contains("<XrML"), quick_xml::escape::unescape(text)) {
        (false, Ok(unescaped)) => unescaped,
        _ => Cow::Borrowed(text),
    };
    let meter = Meter::new(Limits::default(), Interrupt::default());
    let chain = unwrap_chain(text.as_bytes(), &meter);
    let xrml = match &chain {
        Ok(chain) if !chain.is_empty() => chain,
        _ => text.as_bytes(),
    };
    let certificates = certificates_in_wrapper(xrml, &meter);
    // A certificate that was changed after signing can contain a forged key.
    let (changed, good): (Vec<&Certificate>, Vec<&Certificate>) =
        certificates.iter().partition(|certificate| certificate.signature == Signature::Invalid);
    let mut all: Vec<Learned> = Vec::new();
    for learned in good.into_iter().filter_map(from_certificate) {
        if !all.iter().any(|other| other.key == learned.key) {
            all.push(learned);
        }
    }
    if all.is_empty()
        && changed.into_iter().any(|certificate| from_certificate(certificate).is_some())
    {
        let message = "The signature of the server's certificate in it does not hold: it was \
                       changed, and anybody's key may stand in it.";
        return Err(refusal(None, message));
    }
    if all.is_empty() {
        let message = "There is XrML in it, but no server's key. Give a file that the cluster is \
                       known to have protected, its answer to GetServerInfo, or the public key of \
                       its certificate.";
        return Err(refusal(None, message));
    }
    Ok(all)
}

/// Returns the server key in a certificate: that of its principal or of its issuer.
fn from_certificate(certificate: &Certificate) -> Option<Learned> {
    let is_server = |party: &LicenseParty| party.object_type.as_deref() == Some("MS-DRM-Server");
    match certificate.kind {
        // The enrollment service has such a certificate too, issued by a certificate authority.
        CertificateKind::ServerLicensor
            if certificate.issuer.object_type.as_deref() != Some("DRM-Certificate-Authority") =>
        {
            let mut learned = from_server(&certificate.principal)?;
            learned.note(
                "A server's certificate, which a trusted user domain export is too: it shows \
                 which key it is, and gives nobody the ability to open anything.",
            );
            Some(learned)
        }
        CertificateKind::PublishingLicense => from_server(&certificate.principal),
        CertificateKind::ClientLicensor
        | CertificateKind::UseLicense
        | CertificateKind::RightsAccount
        | CertificateKind::OfficialTemplate
            if is_server(&certificate.issuer) =>
        {
            from_server(&certificate.issuer)
        }
        _ => None,
    }
}

/// Returns the data of a server that is the principal or the issuer of a certificate.
fn from_server(server: &LicenseParty) -> Option<Learned> {
    let mut learned = Learned {
        key: Some(server.key.clone()?),
        id: server.id.clone(),
        name: server.name.clone(),
        bits: server.key_bits,
        ..Learned::default()
    };
    learned.add_host(server.address.as_deref());
    Some(learned)
}
