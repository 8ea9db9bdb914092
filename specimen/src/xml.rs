//! XrML elements of licenses and certificates (MS-RMPR 2.2.9), as text.
//!
//! Texts are not escaped, so that tests can build malformed documents. Signatures cover the text itself.

use crate::bytes::{base64, noise};
use crate::keys::{KeyPair, Mode};

/// Encodes a modulus for PUBLICKEY: little-endian, base64 (MS-RMPR 2.2.9.1.6).
fn modulus(big_endian: &[u8]) -> String {
    let little: Vec<u8> = big_endian.iter().rev().copied().collect();
    base64(&little)
}

/// Returns PUBLICKEY of a key pair.
pub(crate) fn public_key(key: &KeyPair) -> String {
    public_key_of(&key.modulus())
}

/// Returns PUBLICKEY of a modulus.
pub(crate) fn public_key_of(big_endian: &[u8]) -> String {
    format!(
        "<PUBLICKEY><ALGORITHM>RSA</ALGORITHM>\
         <PARAMETER name=\"public-exponent\"><VALUE encoding=\"integer32\">65537</VALUE></PARAMETER>\
         <PARAMETER name=\"modulus\"><VALUE encoding=\"base64\" size=\"{}\">{}</VALUE></PARAMETER>\
         </PUBLICKEY>",
        big_endian.len() * 8,
        modulus(big_endian)
    )
}

/// Returns OBJECT with a type, an id and further elements.
pub(crate) fn object(kind: Option<&str>, id_type: &str, id: &str, elements: &str) -> String {
    let kind = kind.map(|kind| format!(" type=\"{kind}\"")).unwrap_or_default();
    format!("<OBJECT{kind}><ID type=\"{id_type}\">{id}</ID>{elements}</OBJECT>")
}

/// Returns NAME.
pub(crate) fn name(text: &str) -> String {
    format!("<NAME>{text}</NAME>")
}

/// Returns ADDRESS.
pub(crate) fn address(kind: &str, text: &str) -> String {
    format!("<ADDRESS type=\"{kind}\">{text}</ADDRESS>")
}

/// Returns SECURITYLEVEL as an empty-element tag, which servers write, or with an end tag (`long`), which
/// clients write.
pub(crate) fn security_level(name: &str, value: &str, long: bool) -> String {
    let end = if long { "></SECURITYLEVEL>" } else { " />" };
    format!("<SECURITYLEVEL name=\"{name}\" value=\"{value}\"{end}")
}

/// Returns DISTRIBUTIONPOINT.
pub(crate) fn distribution_point(kind: &str, id: &str, named: Option<&str>, url: &str) -> String {
    let rest = format!("{}{}", named.map(name).unwrap_or_default(), address("URL", url));
    let object = object(Some(kind), "MS-GUID", id, &rest);
    format!("<DISTRIBUTIONPOINT>{object}</DISTRIBUTIONPOINT>")
}

/// Returns DISTRIBUTIONPOINT of the intranet licensing URL.
pub(crate) fn intranet(url: &str) -> String {
    let id = "{0F45FD50-383B-43EE-90A4-ED013CD0CFE5}";
    distribution_point("License-Acquisition-URL", id, Some("DRM Server Cluster"), url)
}

/// Returns DISTRIBUTIONPOINT of the extranet licensing URL.
pub(crate) fn extranet(url: &str) -> String {
    let id = "{94BF969A-CA04-44d6-AA96-51071281FEF2}";
    distribution_point("Extranet-License-Acquisition-URL", id, Some("DRM Server Cluster"), url)
}

/// Returns DISTRIBUTIONPOINT of the contact for requests of further rights.
pub(crate) fn referral(named: Option<&str>, contact: &str) -> String {
    distribution_point("Referral-Info", "{81C42010-208A-458A-BAB6-C3C60F06DD5F}", named, contact)
}

/// Returns ENABLINGBITS with pseudo-random bytes of the size of a sealed key.
pub(crate) fn enabling_bits(mode: Mode, bits: usize, seed: u64) -> String {
    let kind = match mode {
        Mode::One => "sealed-key",
        Mode::Two => "sealed-key-v2",
    };
    let value = base64(&noise(seed, bits / 8));
    format!(
        "<ENABLINGBITS type=\"{kind}\"><VALUE encoding=\"base64\" size=\"{bits}\">{value}</VALUE></ENABLINGBITS>"
    )
}

/// Returns the text of DESCRIPTOR/OBJECT/NAME in several languages: `LCID <n>:NAME <name>:DESCRIPTION <text>;`.
pub(crate) fn localized(names: &[(u32, &str, &str)]) -> String {
    let mut text = String::new();
    for (lcid, name, description) in names {
        text += &format!("LCID {lcid}:NAME {name}:DESCRIPTION {description};");
    }
    text
}

/// The software that wrote a document. It determines the order of attributes and elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Producer {
    Client,
    Server,
}

impl Producer {
    /// Returns the attributes of XrML.
    pub(crate) fn root(self, purpose: Option<&str>) -> String {
        let purpose = purpose.map(|purpose| format!(" purpose=\"{purpose}\"")).unwrap_or_default();
        match self {
            Producer::Client => format!("version=\"1.2\" xmlns=\"\"{purpose}"),
            Producer::Server => format!("xmlns=\"\" version=\"1.2\"{purpose}"),
        }
    }
}

/// Returns SIGNATURE.
pub(crate) fn signature(producer: Producer, mode: Mode, digest: &[u8], signed: &[u8]) -> String {
    let (token, bits) = match mode {
        Mode::One => ("SHA1", 160),
        Mode::Two => ("SHA256", 256),
    };
    let algorithm = "<ALGORITHM>RSA PKCS#1-V1.5</ALGORITHM>";
    let digest = format!(
        "<DIGEST><ALGORITHM>{token}</ALGORITHM><PARAMETER name=\"codingtype\">\
         <VALUE encoding=\"string\">surface-coding</VALUE></PARAMETER>\
         <VALUE encoding=\"base64\" size=\"{bits}\">{}</VALUE></DIGEST>",
        base64(digest)
    );
    let value = format!(
        "<VALUE encoding=\"base64\" size=\"{}\">{}</VALUE>",
        signed.len() * 8,
        base64(signed)
    );
    let parts = match producer {
        Producer::Client => format!("{algorithm}{digest}{value}"),
        Producer::Server => format!("{digest}{algorithm}{value}"),
    };
    format!("<SIGNATURE>{parts}</SIGNATURE>")
}

/// Signs `body` and returns the XrML document.
pub(crate) fn document(
    producer: Producer,
    purpose: Option<&str>,
    body: &str,
    key: &KeyPair,
    mode: Mode,
) -> String {
    let signed = key.sign(mode, body);
    let signature = signature(producer, mode, &signed.digest, &signed.signature);
    format!("<XrML {}>{body}{signature}</XrML>", producer.root(purpose))
}

/// Signs an arbitrary BODY in the form of servers, for documents that no builder supports. `body` is the
/// text from `<BODY` to `</BODY>`.
pub fn signed_document(body: &str, key: &KeyPair, mode: Mode) -> String {
    document(Producer::Server, None, body, key, mode)
}
