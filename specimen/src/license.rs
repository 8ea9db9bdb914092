//! [`LicenseBuilder`]: publishing licenses (MS-RMPR 2.2.9.7) with everything above them.

use crate::bytes::{base64, noise};
use crate::chain::{client_document, owner_document, sealed_bits, server_documents, sign_body};
use crate::client::Client;
use crate::keys::Mode;
use crate::server::Server;
use crate::text::{Encoding, encode, reflow};
use crate::xml::{
    Maker, enabling_bits, extranet, intranet, localized, name, object, public_key, referral,
    security_level,
};

/// Who publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Issuer {
    Client(Client),
    Server,
}

/// Which documents follow the license (`<XrML>` roots back to back, leaf first).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Documents {
    /// The license alone.
    One,
    /// License and Client Licensor Certificate.
    Two,
    /// Six as MIP SDK writes them: license, CLC, SLC, enrollment service, enrollment CA, CA.
    Six,
    /// Eight as MSIPC and Exchange write them: license, CLC, owner's license, CLC, SLC and the three
    /// above it.
    Eight,
}

/// What is wrong with the signature, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// It verifies.
    Valid,
    /// The text was changed after signing: the digest no longer fits.
    Tampered,
    /// The digest fits, the signature over it does not.
    Mismatched,
    /// There is none.
    Absent,
    /// There is one, of an algorithm that nobody knows.
    Unknown,
}

/// A deciding element that stands in the license a second time, behind everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeat {
    /// ISSUEDTIME.
    IssuedTime(String),
    /// The intranet URL.
    Intranet(String),
    /// The extranet URL.
    Extranet(String),
    /// ISSUEDPRINCIPALS with another server.
    Principal(Box<Server>),
    /// DESCRIPTOR with this id.
    Descriptor(String),
}

/// Names of the entries of double key encryption.
const DOUBLE_KEY: [(&str, usize); 3] =
    [("Microsoft.DKE.Key", 576), ("Microsoft.DKE.KS", 16), ("Microsoft.DKE.URL", 96)];

/// Builds a publishing license. What is not set is as an ordinary client or server writes it.
///
/// Texts are written as they stand, without escaping; times are `YYYY-MM-DDThh:mm`; GUIDs bring
/// their braces.
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
    server: Server,
    issuer: Issuer,
    documents: Documents,
    principal: Option<Server>,
    issued: String,
    validity: Option<(String, String)>,
    descriptor: Option<(String, String)>,
    descriptor_version: Option<String>,
    intranet: Option<String>,
    extranet: Option<String>,
    referral: Option<(Option<String>, String)>,
    referral_first: bool,
    enabling_bits_first: bool,
    sealed: u64,
    content: String,
    owner: Option<(String, String)>,
    rights: usize,
    authenticated: Vec<(String, String, String)>,
    repeats: Vec<Repeat>,
    signing: Signing,
    anchor: Option<Vec<u8>>,
    order: Option<Vec<usize>>,
    behind: String,
    reflowed: bool,
    declaration: bool,
    encoding: Encoding,
    trailing_nuls: usize,
    size: Option<usize>,
}

impl LicenseBuilder {
    fn new(server: &Server, issuer: Issuer, owner: &str, issued: &str) -> LicenseBuilder {
        let documents = match issuer {
            Issuer::Client(_) => Documents::Eight,
            Issuer::Server => Documents::One,
        };
        LicenseBuilder {
            server: server.clone(),
            documents,
            principal: None,
            issued: issued.into(),
            validity: None,
            descriptor: None,
            descriptor_version: None,
            intranet: server.intranet.clone(),
            extranet: server.extranet.clone(),
            referral: Some((None, owner.into())),
            referral_first: issuer == Issuer::Server,
            enabling_bits_first: issuer == Issuer::Server,
            sealed: 0x11,
            content: "{184b0f60-0000-4000-8000-0000000000c1}".into(),
            owner: Some(("Unspecified".into(), owner.into())),
            issuer,
            rights: 1536,
            authenticated: Vec::new(),
            repeats: Vec::new(),
            signing: Signing::Valid,
            anchor: None,
            order: None,
            behind: String::new(),
            reflowed: false,
            declaration: true,
            encoding: Encoding::Utf8,
            trailing_nuls: 0,
            size: None,
        }
    }

    /// A license that a client published offline, with the eight documents that MSIPC writes.
    pub fn client(server: &Server, client: &Client) -> LicenseBuilder {
        let issuer = Issuer::Client(client.clone());
        LicenseBuilder::new(server, issuer, &client.name, &client.certified)
    }

    /// A license that the server itself published, alone.
    pub fn server(server: &Server) -> LicenseBuilder {
        LicenseBuilder::new(server, Issuer::Server, "alan@fabrikam.example", "2024-03-05T14:20")
    }

    /// Which documents follow.
    pub fn documents(mut self, documents: Documents) -> Self {
        self.documents = documents;
        self
    }

    /// Names another server's key in ISSUEDPRINCIPALS than the one that the certificates are from:
    /// a forgery, or a contradiction.
    pub fn principal(mut self, server: &Server) -> Self {
        self.principal = Some(server.clone());
        self
    }

    /// ISSUEDTIME.
    pub fn issued(mut self, time: &str) -> Self {
        self.issued = time.into();
        self
    }

    /// VALIDITYTIME.
    pub fn validity(mut self, from: &str, until: &str) -> Self {
        self.validity = Some((from.into(), until.into()));
        self
    }

    /// DESCRIPTOR with names in one or more languages: LCID, name, description.
    pub fn descriptor(self, id: &str, names: &[(u32, &str, &str)]) -> Self {
        // A line break after the names is what MSIPC writes; the signature covers it.
        let text = localized(names) + "\n";
        self.descriptor_text(id, &text)
    }

    /// DESCRIPTOR with any text as its name.
    pub fn descriptor_text(mut self, id: &str, text: &str) -> Self {
        self.descriptor = Some((id.into(), text.into()));
        self
    }

    /// The version attribute of the DESCRIPTOR's id, a time.
    pub fn descriptor_version(mut self, version: &str) -> Self {
        self.descriptor_version = Some(version.into());
        self
    }

    /// The intranet licensing URL, or none.
    pub fn intranet(mut self, url: Option<&str>) -> Self {
        self.intranet = url.map(String::from);
        self
    }

    /// The extranet licensing URL, or none.
    pub fn extranet(mut self, url: Option<&str>) -> Self {
        self.extranet = url.map(String::from);
        self
    }

    /// Referral-Info: a mail address, a URL, or none.
    pub fn referral(mut self, to: Option<&str>) -> Self {
        self.referral = to.map(|to| (None, to.into()));
        self
    }

    /// Referral-Info with a NAME.
    pub fn named_referral(mut self, named: &str, to: &str) -> Self {
        self.referral = Some((Some(named.into()), to.into()));
        self
    }

    /// Whether Referral-Info stands before ISSUEDPRINCIPALS, as servers write it, or behind.
    pub fn referral_first(mut self, first: bool) -> Self {
        self.referral_first = first;
        self
    }

    /// Whether ENABLINGBITS stand before the SECURITYLEVELs, as servers write it, or behind.
    pub fn enabling_bits_first(mut self, first: bool) -> Self {
        self.enabling_bits_first = first;
        self
    }

    /// What the server's ENABLINGBITS are made from: no two real licenses have the same.
    pub fn sealed(mut self, seed: u64) -> Self {
        self.sealed = seed;
        self
    }

    /// WORK id.
    pub fn content_id(mut self, id: &str) -> Self {
        self.content = id.into();
        self
    }

    /// OWNER name, with the id type `Unspecified` that clients write.
    pub fn owner(self, name: &str) -> Self {
        self.owner_of("Unspecified", name)
    }

    /// OWNER with an id type.
    pub fn owner_of(mut self, id_type: &str, name: &str) -> Self {
        self.owner = Some((id_type.into(), name.into()));
        self
    }

    /// A sensitivity label in the license itself.
    pub fn label(self, id: &str, tenant: &str) -> Self {
        self.authenticated_data("LABEL", "ID", id).authenticated_data("LABEL", "TenantId", tenant)
    }

    /// APPSPECIFIC data in the clear.
    pub fn app_data(self, name: &str, value: &str) -> Self {
        self.authenticated_data("APPSPECIFIC", name, value)
    }

    /// LICENSEMETADATA in the clear.
    pub fn metadata(self, name: &str, value: &str) -> Self {
        self.authenticated_data("LICENSEMETADATA", name, value)
    }

    /// AUTHENTICATEDDATA of any id.
    pub fn authenticated_data(mut self, id: &str, name: &str, value: &str) -> Self {
        self.authenticated.push((id.into(), name.into(), value.into()));
        self
    }

    /// Double key encryption: all four entries.
    pub fn double_key(mut self) -> Self {
        self = self.app_data("Microsoft.DKE.Alg", "RSA-OAEP-256");
        for (name, len) in DOUBLE_KEY {
            self = self.app_data(name, &base64(&noise(len as u64, len)));
        }
        self
    }

    /// Double key encryption with only the entry of that name, in that spelling.
    pub fn double_key_only(self, name: &str) -> Self {
        self.app_data(name, "RSA-OAEP-256")
    }

    /// Repeats a deciding element with another value.
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeats.push(repeat);
        self
    }

    /// What is wrong with the signature.
    pub fn signing(mut self, signing: Signing) -> Self {
        self.signing = signing;
        self
    }

    /// The big-endian modulus of the root key, in place of the specimens' own. The certificate that
    /// names it cannot verify then: nobody here has Microsoft's private keys.
    pub fn anchor(mut self, modulus: &[u8]) -> Self {
        self.anchor = Some(modulus.to_vec());
        self
    }

    /// The documents in this order, by their places in the ordinary one; what is not named is left
    /// out.
    pub fn order(mut self, order: &[usize]) -> Self {
        self.order = Some(order.to_vec());
        self
    }

    /// Another license, or anything else, directly behind the last document.
    pub fn followed_by(mut self, text: &str) -> Self {
        self.behind = text.into();
        self
    }

    /// White space between tags, as a pretty-printer leaves it. The signature was made before.
    pub fn reflowed(mut self) -> Self {
        self.reflowed = true;
        self
    }

    /// Whether `<?xml version="1.0"?>` stands in front.
    pub fn declaration(mut self, declaration: bool) -> Self {
        self.declaration = declaration;
        self
    }

    /// How [`build`](Self::build) encodes the text.
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// NUL characters behind the text.
    pub fn trailing_nuls(mut self, count: usize) -> Self {
        self.trailing_nuls = count;
        self
    }

    /// Grows the encrypted rights until the license has that many bytes, or up to seven more.
    pub fn size(mut self, bytes: usize) -> Self {
        self.size = Some(bytes);
        self
    }

    /// The license in its encoding.
    pub fn build(&self) -> Vec<u8> {
        encode(&self.text(), self.encoding)
    }

    /// The license as text.
    pub fn text(&self) -> String {
        let text = self.text_with(self.rights);
        let Some(wanted) = self.size else { return text };
        let missing = wanted.saturating_sub(encode(&text, self.encoding).len());
        let letters = if self.encoding.is_wide() { missing / 2 } else { missing };
        self.text_with(self.rights + letters.div_ceil(4) * 3)
    }

    fn text_with(&self, rights: usize) -> String {
        let mut documents = vec![self.license(rights)];
        documents.extend(self.chain());
        if let Some(order) = &self.order {
            documents = order.iter().map(|place| documents[*place].clone()).collect();
        }
        let declaration = if self.declaration { "<?xml version=\"1.0\"?>" } else { "" };
        let mut text = format!("{declaration}{}{}", documents.concat(), self.behind);
        if self.reflowed {
            text = reflow(&text);
        }
        text.extend(std::iter::repeat_n('\0', self.trailing_nuls));
        text
    }

    fn chain(&self) -> Vec<String> {
        let (server, Issuer::Client(client)) = (&self.server, &self.issuer) else {
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

    fn license(&self, rights: usize) -> String {
        let (maker, key) = match &self.issuer {
            Issuer::Client(client) => (Maker::Client, client.key(self.server.mode)),
            Issuer::Server => (Maker::Server, self.server.key),
        };
        let mut body = self.body(rights);
        let mut signature = match self.signing {
            Signing::Absent => String::new(),
            _ => sign_body(maker, &body, key, self.server.mode),
        };
        match self.signing {
            Signing::Valid | Signing::Absent => {}
            Signing::Tampered => {
                body = body.replacen("</AUTHENTICATEDDATA>", "AAAA</AUTHENTICATEDDATA>", 1);
            }
            Signing::Mismatched => {
                let other = sign_body(maker, "<BODY></BODY>", key, self.server.mode);
                signature = join_signatures(&signature, &other);
            }
            Signing::Unknown => {
                signature = signature.replace("RSA PKCS#1-V1.5", "RSA-PSS");
                signature = signature.replace("SHA256", "SHA512").replace("SHA1", "SHA512");
            }
        }
        format!("<XrML {}>{body}{signature}</XrML>", maker.root(None))
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
            .map(|(name, to)| referral(name.as_deref(), to))
            .unwrap_or_default();
        let named = self.principal.as_ref().unwrap_or(&self.server);
        let principals = self.principals(named);
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
            body += &self.repeated(repeat);
        }
        body + "</BODY>"
    }

    fn issuer_element(&self) -> String {
        match &self.issuer {
            Issuer::Client(client) => {
                let version = security_level("SDK", &client.version, false);
                client.object() + &public_key(client.key(self.server.mode)) + &version
            }
            Issuer::Server => self.server.identity() + &self.server.levels(false),
        }
    }

    fn principals(&self, server: &Server) -> String {
        let long = matches!(self.issuer, Issuer::Client(_));
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

    fn repeated(&self, repeat: &Repeat) -> String {
        match repeat {
            Repeat::IssuedTime(time) => format!("<ISSUEDTIME>{time}</ISSUEDTIME>"),
            Repeat::Intranet(url) => intranet(url),
            Repeat::Extranet(url) => extranet(url),
            Repeat::Principal(server) => self.principals(server),
            Repeat::Descriptor(id) => descriptor(id, None, &localized(&[(1033, "Second", "Two")])),
        }
    }

    /// The cryptographic mode.
    pub fn mode(&self) -> Mode {
        self.server.mode
    }
}

fn descriptor(id: &str, version: Option<&str>, text: &str) -> String {
    let version = version.map(|time| format!(" version=\"{time}\"")).unwrap_or_default();
    let text = name(text);
    format!(
        "<DESCRIPTOR><OBJECT><ID type=\"MS-GUID\"{version}>{id}</ID>{text}</OBJECT></DESCRIPTOR>"
    )
}

/// The digest of one signature with the value of another.
fn join_signatures(signature: &str, other: &str) -> String {
    let own = signature_value(signature);
    let others = signature_value(other);
    signature.replace(own, others)
}

/// The value that is a direct child of SIGNATURE: the longest.
fn signature_value(signature: &str) -> &str {
    signature.split(['<', '>']).max_by_key(|part| part.len()).expect("a signature has a value")
}

#[cfg(test)]
mod tests;
