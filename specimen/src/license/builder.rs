//! The builder of licenses.

use super::spec::{Documents, LicenseIssuer, LicenseSpec, Repeat, Signing};
use crate::bytes::{base64, noise};
use crate::client::Client;
use crate::keys::Mode;
use crate::server::Server;
use crate::text::{Encoding, encode};
use crate::xml::localized;

/// Names of the entries of double key encryption and the lengths of their values in bytes.
const DOUBLE_KEY: [(&str, usize); 3] =
    [("Microsoft.DKE.Key", 576), ("Microsoft.DKE.KS", 16), ("Microsoft.DKE.URL", 96)];

/// Builds a publishing license. Elements that are not set have the values that a typical client or server
/// writes.
///
/// Texts are written without escaping. Times have the form `YYYY-MM-DDThh:mm`. GUIDs include their braces.
///
/// ```
/// use rmsight_specimen::{Client, Documents, LicenseBuilder, Server};
///
/// let license = LicenseBuilder::client(&Server::contoso(), &Client::windows())
///     .documents(Documents::Two)
///     .owner("ada@contoso.com")
///     .build();
/// assert!(license.starts_with(b"<?xml"));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct LicenseBuilder {
    spec: LicenseSpec,
}

impl LicenseBuilder {
    /// Creates a license that a client published offline, with the eight documents of MSIPC.
    pub fn client(server: &Server, client: &Client) -> LicenseBuilder {
        let issuer = LicenseIssuer::Client(client.clone());
        let spec = LicenseSpec::new(server, issuer, &client.name, &client.certified);
        LicenseBuilder { spec }
    }

    /// Creates a license that the server published, without further documents.
    pub fn server(server: &Server) -> LicenseBuilder {
        let (owner, issued) = ("alan@fabrikam.example", "2024-03-05T14:20");
        LicenseBuilder { spec: LicenseSpec::new(server, LicenseIssuer::Server, owner, issued) }
    }

    /// Sets the documents of the file.
    pub fn documents(mut self, documents: Documents) -> Self {
        self.spec.documents = documents;
        self
    }

    /// Sets the server in ISSUEDPRINCIPALS. The certificates keep the server of the license, so that both
    /// contradict each other.
    pub fn principal(mut self, server: &Server) -> Self {
        self.spec.principal = Some(server.clone());
        self
    }

    /// Sets ISSUEDTIME.
    pub fn issued(mut self, time: &str) -> Self {
        self.spec.issued = time.into();
        self
    }

    /// Sets VALIDITYTIME.
    pub fn validity(mut self, from: &str, until: &str) -> Self {
        self.spec.validity = Some((from.into(), until.into()));
        self
    }

    /// Sets DESCRIPTOR with names in one or more languages: LCID, name, description.
    pub fn descriptor(self, id: &str, names: &[(u32, &str, &str)]) -> Self {
        // MSIPC writes a line break after the names. The signature covers it.
        let text = localized(names) + "\n";
        self.descriptor_text(id, &text)
    }

    /// Sets DESCRIPTOR with an arbitrary NAME.
    pub fn descriptor_text(mut self, id: &str, text: &str) -> Self {
        self.spec.descriptor = Some((id.into(), text.into()));
        self
    }

    /// Sets the version attribute of the DESCRIPTOR's id, a time.
    pub fn descriptor_version(mut self, version: &str) -> Self {
        self.spec.descriptor_version = Some(version.into());
        self
    }

    /// Sets or removes the intranet licensing URL.
    pub fn intranet(mut self, url: Option<&str>) -> Self {
        self.spec.intranet = url.map(String::from);
        self
    }

    /// Sets or removes the extranet licensing URL.
    pub fn extranet(mut self, url: Option<&str>) -> Self {
        self.spec.extranet = url.map(String::from);
        self
    }

    /// Sets Referral-Info to a mail address or a URL, or removes it.
    pub fn referral(mut self, contact: Option<&str>) -> Self {
        self.spec.referral = contact.map(|contact| (None, contact.into()));
        self
    }

    /// Sets Referral-Info with a NAME.
    pub fn named_referral(mut self, name: &str, contact: &str) -> Self {
        self.spec.referral = Some((Some(name.into()), contact.into()));
        self
    }

    /// Sets whether Referral-Info precedes ISSUEDPRINCIPALS, as in licenses of servers, or follows it.
    pub fn referral_first(mut self, first: bool) -> Self {
        self.spec.referral_first = first;
        self
    }

    /// Sets whether ENABLINGBITS precedes the SECURITYLEVELs, as in licenses of servers, or follows them.
    pub fn enabling_bits_first(mut self, first: bool) -> Self {
        self.spec.enabling_bits_first = first;
        self
    }

    /// Sets the seed of the server's ENABLINGBITS, which are different in each real license.
    pub fn sealed(mut self, seed: u64) -> Self {
        self.spec.sealed = seed;
        self
    }

    /// Sets the id of WORK.
    pub fn content_id(mut self, id: &str) -> Self {
        self.spec.content = id.into();
        self
    }

    /// Sets the OWNER name with the id type `Unspecified`, which clients write.
    pub fn owner(self, name: &str) -> Self {
        self.owner_of("Unspecified", name)
    }

    /// Sets the OWNER name with an id type.
    pub fn owner_of(mut self, id_type: &str, name: &str) -> Self {
        self.spec.owner = Some((id_type.into(), name.into()));
        self
    }

    /// Adds a sensitivity label.
    pub fn label(self, id: &str, tenant: &str) -> Self {
        self.authenticated_data("LABEL", "ID", id).authenticated_data("LABEL", "TenantId", tenant)
    }

    /// Adds unencrypted APPSPECIFIC data.
    pub fn app_data(self, name: &str, value: &str) -> Self {
        self.authenticated_data("APPSPECIFIC", name, value)
    }

    /// Adds unencrypted LICENSEMETADATA.
    pub fn metadata(self, name: &str, value: &str) -> Self {
        self.authenticated_data("LICENSEMETADATA", name, value)
    }

    /// Adds AUTHENTICATEDDATA with an arbitrary id.
    pub fn authenticated_data(mut self, id: &str, name: &str, value: &str) -> Self {
        self.spec.authenticated.push((id.into(), name.into(), value.into()));
        self
    }

    /// Adds the four entries of double key encryption.
    pub fn double_key(mut self) -> Self {
        self = self.app_data("Microsoft.DKE.Alg", "RSA-OAEP-256");
        for (name, len) in DOUBLE_KEY {
            self = self.app_data(name, &base64(&noise(len as u64, len)));
        }
        self
    }

    /// Adds only one entry of double key encryption, with this spelling of its name.
    pub fn double_key_only(self, name: &str) -> Self {
        self.app_data(name, "RSA-OAEP-256")
    }

    /// Repeats an element with another value.
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.spec.repeats.push(repeat);
        self
    }

    /// Sets the state of the signature.
    pub fn signing(mut self, signing: Signing) -> Self {
        self.spec.signing = signing;
        self
    }

    /// Sets the big-endian modulus of the root key. The signature of the certificate that names it cannot
    /// verify then, because the private key is not available.
    pub fn anchor(mut self, modulus: &[u8]) -> Self {
        self.spec.anchor = Some(modulus.to_vec());
        self
    }

    /// Sets the order of the documents, as indexes into the usual order. Indexes that are not listed are
    /// omitted.
    pub fn order(mut self, order: &[usize]) -> Self {
        self.spec.order = Some(order.to_vec());
        self
    }

    /// Appends text, such as another license, to the last document.
    pub fn followed_by(mut self, text: &str) -> Self {
        self.spec.appended = text.into();
        self
    }

    /// Inserts white space between the tags after signing, like a pretty-printer.
    pub fn reflowed(mut self) -> Self {
        self.spec.is_reflowed = true;
        self
    }

    /// Sets whether the file starts with `<?xml version="1.0"?>`.
    pub fn declaration(mut self, declaration: bool) -> Self {
        self.spec.has_declaration = declaration;
        self
    }

    /// Sets the encoding of [`build`](Self::build).
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.spec.encoding = encoding;
        self
    }

    /// Appends NUL characters to the text.
    pub fn trailing_nuls(mut self, count: usize) -> Self {
        self.spec.trailing_nuls = count;
        self
    }

    /// Enlarges the encrypted rights so that the file has at least `bytes` bytes, and at most seven more.
    pub fn size(mut self, bytes: usize) -> Self {
        self.spec.size = Some(bytes);
        self
    }

    /// Builds the file in its encoding.
    pub fn build(&self) -> Vec<u8> {
        encode(&self.text(), self.spec.encoding)
    }

    /// Builds the file as text.
    pub fn text(&self) -> String {
        self.spec.text()
    }

    /// Returns the cryptographic mode of the server.
    pub fn mode(&self) -> Mode {
        self.spec.server.mode
    }
}
