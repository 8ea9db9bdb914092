//! [`learn`]: recognizes the kind of a source, and reads it.

use super::learned::{Learned, refusal};
use super::{command, registry, x509, xrml};
use crate::authority::check::{EstateError, EstateMistake};
use crate::authority::text;

/// The maximum size of a source in bytes, far above real ones.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// Reads the SLC keys in a file: XrML certificates and chains (as text, in `<CERTIFICATECHAIN>`, or
/// in the response of a server to `GetServerInfo`), X.509 certificates and RSA public keys in DER
/// or PEM, the output of `Get-AipServiceConfiguration` and `Get-AipServiceKeys`, and registry
/// exports of `LicensingRedirection`, a setting of Microsoft's RMS client (MSIPC).
///
/// `bytes` is the content of the file, at most 16 MiB; text is in UTF-8 or UTF-16. The kind is recognized by
/// the content. At least one value is returned. Some sources contain no key, only ids or hosts: the
/// [`notes`](Learned::notes) then say which file has the key. [`Learned::to_toml`] writes lines for the
/// estate file.
///
/// ```
/// let output = "LicensingIntranetDistributionPointUrl : https://5f0c2c3a.rms.eu.aadrm.com/_wmcs/licensing\n\
///     CurrentLicensorCertificateGuid : 5f0c2c3a-8d0e-4c0b-9a4f-0c7e1d2b3a41\n";
/// let learned = rmsight::learn(output.as_bytes())?;
/// assert_eq!(learned[0].id.as_deref(), Some("5f0c2c3a-8d0e-4c0b-9a4f-0c7e1d2b3a41"));
/// assert_eq!(learned[0].key, None, "the output contains no key");
/// # Ok::<(), rmsight::EstateError>(())
/// ```
///
/// # Errors
/// Fails with one mistake if the file is damaged, larger, or of another kind. The message says what to
/// provide instead.
pub fn learn(bytes: &[u8]) -> Result<Vec<Learned>, EstateError> {
    let learned = match recognize(bytes) {
        Ok(learned) if learned.is_empty() => Err(refusal(None, "There is no SLC key in it.")),
        other => other,
    };
    learned.map_err(|mistake| EstateError::new(vec![mistake]))
}

fn recognize(bytes: &[u8]) -> Result<Vec<Learned>, EstateMistake> {
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

fn has_ignoring_case(text: &str, what: &str) -> bool {
    text.as_bytes().windows(what.len()).any(|window| window.eq_ignore_ascii_case(what.as_bytes()))
}
