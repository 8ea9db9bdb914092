//! The elements that licenses and certificates share (MS-RMPR 2.2.9), as text.
//!
//! Nothing is escaped: what is signed is the text as it stands, and a test may want any of it.

use crate::bytes::{base64, noise};
use crate::keys::{KeyPair, Mode};

/// A little-endian modulus, as PUBLICKEY holds it (MS-RMPR 2.2.9.1.6).
fn modulus(big_endian: &[u8]) -> String {
    let little: Vec<u8> = big_endian.iter().rev().copied().collect();
    base64(&little)
}

/// PUBLICKEY of one of our keys.
pub(crate) fn public_key(key: &KeyPair) -> String {
    public_key_of(&key.modulus())
}

/// PUBLICKEY of any modulus.
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

/// OBJECT with a type, an id, and what else is given.
pub(crate) fn object(kind: Option<&str>, id_type: &str, id: &str, rest: &str) -> String {
    let kind = kind.map(|kind| format!(" type=\"{kind}\"")).unwrap_or_default();
    format!("<OBJECT{kind}><ID type=\"{id_type}\">{id}</ID>{rest}</OBJECT>")
}

/// NAME.
pub(crate) fn name(text: &str) -> String {
    format!("<NAME>{text}</NAME>")
}

/// ADDRESS.
pub(crate) fn address(kind: &str, text: &str) -> String {
    format!("<ADDRESS type=\"{kind}\">{text}</ADDRESS>")
}

/// SECURITYLEVEL in the short form of servers, or the long one of clients.
pub(crate) fn security_level(name: &str, value: &str, long: bool) -> String {
    let end = if long { "></SECURITYLEVEL>" } else { " />" };
    format!("<SECURITYLEVEL name=\"{name}\" value=\"{value}\"{end}")
}

/// DISTRIBUTIONPOINT.
pub(crate) fn distribution_point(kind: &str, id: &str, named: Option<&str>, url: &str) -> String {
    let rest = format!("{}{}", named.map(name).unwrap_or_default(), address("URL", url));
    let object = object(Some(kind), "MS-GUID", id, &rest);
    format!("<DISTRIBUTIONPOINT>{object}</DISTRIBUTIONPOINT>")
}

/// The intranet licensing URL.
pub(crate) fn intranet(url: &str) -> String {
    let id = "{0F45FD50-383B-43EE-90A4-ED013CD0CFE5}";
    distribution_point("License-Acquisition-URL", id, Some("DRM Server Cluster"), url)
}

/// The extranet licensing URL.
pub(crate) fn extranet(url: &str) -> String {
    let id = "{94BF969A-CA04-44d6-AA96-51071281FEF2}";
    distribution_point("Extranet-License-Acquisition-URL", id, Some("DRM Server Cluster"), url)
}

/// Whom to ask for more rights.
pub(crate) fn referral(named: Option<&str>, to: &str) -> String {
    distribution_point("Referral-Info", "{81C42010-208A-458A-BAB6-C3C60F06DD5F}", named, to)
}

/// ENABLINGBITS: sealed keys, of which only the size is real.
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

/// DESCRIPTOR/OBJECT/NAME for several languages: `LCID <n>:NAME <name>:DESCRIPTION <text>;`.
pub(crate) fn localized(names: &[(u32, &str, &str)]) -> String {
    let mut text = String::new();
    for (lcid, name, description) in names {
        text += &format!("LCID {lcid}:NAME {name}:DESCRIPTION {description};");
    }
    text
}

/// Who made a document; it decides the order of attributes and elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    Client,
    Server,
}

impl Maker {
    /// The attributes of XrML.
    pub(crate) fn root(self, purpose: Option<&str>) -> String {
        let purpose = purpose.map(|purpose| format!(" purpose=\"{purpose}\"")).unwrap_or_default();
        match self {
            Maker::Client => format!("version=\"1.2\" xmlns=\"\"{purpose}"),
            Maker::Server => format!("xmlns=\"\" version=\"1.2\"{purpose}"),
        }
    }
}

/// SIGNATURE over a BODY.
pub(crate) fn signature(maker: Maker, mode: Mode, digest: &[u8], signed: &[u8]) -> String {
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
    let parts = match maker {
        Maker::Client => format!("{algorithm}{digest}{value}"),
        Maker::Server => format!("{digest}{algorithm}{value}"),
    };
    format!("<SIGNATURE>{parts}</SIGNATURE>")
}

/// One XrML document, signed.
pub(crate) fn document(
    maker: Maker,
    purpose: Option<&str>,
    body: &str,
    key: &KeyPair,
    mode: Mode,
) -> String {
    let signed = key.sign(mode, body);
    let signature = signature(maker, mode, &signed.digest, &signed.signature);
    format!("<XrML {}>{body}{signature}</XrML>", maker.root(purpose))
}

/// An XrML document around any BODY, signed as a server signs: for licenses and certificates that
/// no builder here makes. `body` is the text from `<BODY` to `</BODY>`; nothing is added to it.
pub fn signed_document(body: &str, key: &KeyPair, mode: Mode) -> String {
    document(Maker::Server, None, body, key, mode)
}
