//! Writes the text of a license and its chain.

use super::spec::{Documents, LicenseIssuer, LicenseSpec, Repeat, Signing};
use crate::bytes::{base64, noise};
use crate::chain::{client_document, owner_document, sealed_bits, server_documents, sign_body};
use crate::server::Server;
use crate::text::{encode, reflow};
use crate::xml::{
    Producer, enabling_bits, extranet, intranet, localized, name, object, public_key, referral,
    security_level,
};

impl LicenseSpec {
    /// Returns the license and the documents that follow it.
    pub(crate) fn text(&self) -> String {
        let text = self.text_with(self.rights);
        let Some(size) = self.size else { return text };
        let missing = size.saturating_sub(encode(&text, self.encoding).len());
        let chars = if self.encoding.is_utf16() { missing / 2 } else { missing };
        // Base64 needs four characters for three bytes.
        self.text_with(self.rights + chars.div_ceil(4) * 3)
    }

    /// Returns the text with `rights` bytes of encrypted rights.
    fn text_with(&self, rights: usize) -> String {
        let mut documents = vec![self.license(rights)];
        documents.extend(self.chain());
        if let Some(order) = &self.order {
            documents = order.iter().map(|index| documents[*index].clone()).collect();
        }
        let declaration = if self.has_declaration { "<?xml version=\"1.0\"?>" } else { "" };
        let mut text = format!("{declaration}{}{}", documents.concat(), self.appended);
        if self.is_reflowed {
            text = reflow(&text);
        }
        text.extend(std::iter::repeat_n('\0', self.trailing_nuls));
        text
    }

    /// Returns the documents that follow the license.
    fn chain(&self) -> Vec<String> {
        let (server, LicenseIssuer::Client(client)) = (&self.server, &self.issuer) else {
            return match self.documents {
                Documents::One | Documents::Two => Vec::new(),
                _ => server_documents(&self.server, self.anchor.as_deref()),
            };
        };
        let mut chain = Vec::new();
        if self.documents != Documents::One {
            chain.push(client_document(server, client));
        }
        if self.documents == Documents::Eight {
            chain.push(owner_document(server, client, &self.issued, &self.content));
            chain.push(client_document(server, client));
        }
        if matches!(self.documents, Documents::Six | Documents::Eight) {
            chain.extend(server_documents(server, self.anchor.as_deref()));
        }
        chain
    }

    /// Returns the signed license.
    fn license(&self, rights: usize) -> String {
        let (producer, key) = match &self.issuer {
            LicenseIssuer::Client(client) => (Producer::Client, client.key(self.server.mode)),
            LicenseIssuer::Server => (Producer::Server, self.server.key),
        };
        let mut body = self.body(rights);
        let mut signature = match self.signing {
            Signing::Absent => String::new(),
            _ => sign_body(producer, &body, key, self.server.mode),
        };
        match self.signing {
            Signing::Valid | Signing::Absent => {}
            Signing::Tampered => {
                body = body.replacen("</AUTHENTICATEDDATA>", "AAAA</AUTHENTICATEDDATA>", 1);
            }
            Signing::Mismatched => {
                let other = sign_body(producer, "<BODY></BODY>", key, self.server.mode);
                signature = replace_value(&signature, &other);
            }
            Signing::Unknown => {
                signature = signature.replace("RSA PKCS#1-V1.5", "RSA-PSS");
                signature = signature.replace("SHA256", "SHA512").replace("SHA1", "SHA512");
            }
        }
        format!("<XrML {}>{body}{signature}</XrML>", producer.root(None))
    }

    fn body(&self, rights: usize) -> String {
        let mut body = String::from("<BODY type=\"Microsoft Rights Label\" version=\"3.0\">");
        body += &format!("<ISSUEDTIME>{}</ISSUEDTIME>", self.issued);
        if let Some((from, until)) = &self.validity {
            body +=
                &format!("<VALIDITYTIME><FROM>{from}</FROM><UNTIL>{until}</UNTIL></VALIDITYTIME>");
        }
        if let Some((id, text)) = &self.descriptor {
            body += &descriptor(id, self.descriptor_version.as_deref(), text);
        }
        body += &format!("<ISSUER>{}</ISSUER>", self.issuer_element());
        body += &self.intranet.as_deref().map(intranet).unwrap_or_default();
        body += &self.extranet.as_deref().map(extranet).unwrap_or_default();
        let referral = self
            .referral
            .as_ref()
            .map(|(name, contact)| referral(name.as_deref(), contact))
            .unwrap_or_default();
        let principals = self.principals(self.principal.as_ref().unwrap_or(&self.server));
        body += &if self.referral_first { referral + &principals } else { principals + &referral };
        body += &self.work();
        let encrypted = base64(&noise(0x4544, rights));
        body += &format!(
            "<AUTHENTICATEDDATA id=\"Encrypted-Rights-Data\">{encrypted}</AUTHENTICATEDDATA>"
        );
        for (id, name, value) in &self.authenticated {
            body += &format!(
                "<AUTHENTICATEDDATA id=\"{id}\" name=\"{name}\">{value}</AUTHENTICATEDDATA>"
            );
        }
        for repeat in &self.repeats {
            body += &self.repeated_element(repeat);
        }
        body + "</BODY>"
    }

    fn issuer_element(&self) -> String {
        match &self.issuer {
            LicenseIssuer::Client(client) => {
                let version = security_level("SDK", &client.version, false);
                client.object() + &public_key(client.key(self.server.mode)) + &version
            }
            LicenseIssuer::Server => self.server.identity() + &self.server.levels(false),
        }
    }

    /// Returns ISSUEDPRINCIPALS with the key of `server`.
    fn principals(&self, server: &Server) -> String {
        let long = matches!(self.issuer, LicenseIssuer::Client(_));
        let levels = server.levels(long);
        let bits = enabling_bits(server.mode, sealed_bits(server.mode), self.sealed);
        let rest = if self.enabling_bits_first { bits + &levels } else { levels + &bits };
        format!(
            "<ISSUEDPRINCIPALS><PRINCIPAL internal-id=\"1\">{}{rest}</PRINCIPAL></ISSUEDPRINCIPALS>",
            server.identity()
        )
    }

    fn work(&self) -> String {
        let owner = self.owner.as_ref().map(|(id_type, owner)| {
            let owner = name(owner);
            format!(
                "<METADATA><OWNER><OBJECT><ID type=\"{id_type}\" />{owner}</OBJECT></OWNER></METADATA>"
            )
        });
        let object = object(None, "MS-GUID", &self.content, "");
        format!("<WORK>{object}{}</WORK>", owner.unwrap_or_default())
    }

    fn repeated_element(&self, repeat: &Repeat) -> String {
        match repeat {
            Repeat::IssuedTime(time) => format!("<ISSUEDTIME>{time}</ISSUEDTIME>"),
            Repeat::Intranet(url) => intranet(url),
            Repeat::Extranet(url) => extranet(url),
            Repeat::Principal(server) => self.principals(server),
            Repeat::Descriptor(id) => descriptor(id, None, &localized(&[(1033, "Second", "Two")])),
        }
    }
}

fn descriptor(id: &str, version: Option<&str>, text: &str) -> String {
    let version = version.map(|time| format!(" version=\"{time}\"")).unwrap_or_default();
    let text = name(text);
    format!(
        "<DESCRIPTOR><OBJECT><ID type=\"MS-GUID\"{version}>{id}</ID>{text}</OBJECT></DESCRIPTOR>"
    )
}

/// Replaces the value of `signature` by that of `other` and keeps the digest.
fn replace_value(signature: &str, other: &str) -> String {
    signature.replace(signature_value(signature), signature_value(other))
}

/// Returns the value that is a direct child of SIGNATURE. It is longer than any other text.
fn signature_value(signature: &str) -> &str {
    signature.split(['<', '>']).max_by_key(|part| part.len()).expect("a signature has a value")
}
