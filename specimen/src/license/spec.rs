//! Describes the license to build.

use crate::client::Client;
use crate::server::Server;
use crate::text::Encoding;

/// The publisher of a license.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LicenseIssuer {
    Client(Client),
    Server,
}

/// The documents of a license file: consecutive `<XrML>` elements, the license first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Documents {
    /// The license only.
    One,
    /// The license and the Client Licensor Certificate (CLC).
    Two,
    /// The six documents of MIP SDK: license, CLC, SLC, enrollment service, enrollment CA, CA.
    Six,
    /// The eight documents of MSIPC and Exchange: license, CLC, owner's license, CLC, SLC, enrollment
    /// service, enrollment CA, CA.
    Eight,
}

/// The state of the license's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// The signature is valid.
    Valid,
    /// The text was changed after signing; the digest does not match.
    Tampered,
    /// The digest matches; the signature value is that of another text.
    Mismatched,
    /// The signature is missing.
    Absent,
    /// The signature names unsupported algorithms.
    Unknown,
}

/// An element that decides the verdict, repeated at the end of the license with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeat {
    /// ISSUEDTIME.
    IssuedTime(String),
    /// The intranet URL.
    Intranet(String),
    /// The extranet URL.
    Extranet(String),
    /// ISSUEDPRINCIPALS of another server.
    Principal(Box<Server>),
    /// DESCRIPTOR with this id.
    Descriptor(String),
}

/// The content of a license. The setters of `LicenseBuilder` describe the fields.
#[derive(Debug, Clone)]
pub(crate) struct LicenseSpec {
    pub(crate) server: Server,
    pub(crate) issuer: LicenseIssuer,
    pub(crate) documents: Documents,
    pub(crate) principal: Option<Server>,
    pub(crate) issued: String,
    pub(crate) validity: Option<(String, String)>,
    pub(crate) descriptor: Option<(String, String)>,
    pub(crate) descriptor_version: Option<String>,
    pub(crate) intranet: Option<String>,
    pub(crate) extranet: Option<String>,
    pub(crate) referral: Option<(Option<String>, String)>,
    pub(crate) referral_first: bool,
    pub(crate) enabling_bits_first: bool,
    pub(crate) sealed: u64,
    pub(crate) content: String,
    pub(crate) owner: Option<(String, String)>,
    /// The length of the encrypted rights in bytes.
    pub(crate) rights: usize,
    /// The id, the name and the value of each AUTHENTICATEDDATA.
    pub(crate) authenticated: Vec<(String, String, String)>,
    pub(crate) repeats: Vec<Repeat>,
    pub(crate) signing: Signing,
    pub(crate) anchor: Option<Vec<u8>>,
    pub(crate) order: Option<Vec<usize>>,
    /// Text after the last document.
    pub(crate) appended: String,
    pub(crate) is_reflowed: bool,
    pub(crate) has_declaration: bool,
    pub(crate) encoding: Encoding,
    pub(crate) trailing_nuls: usize,
    pub(crate) size: Option<usize>,
}

impl LicenseSpec {
    pub(crate) fn new(
        server: &Server,
        issuer: LicenseIssuer,
        owner: &str,
        issued: &str,
    ) -> LicenseSpec {
        let documents = match issuer {
            LicenseIssuer::Client(_) => Documents::Eight,
            LicenseIssuer::Server => Documents::One,
        };
        LicenseSpec {
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
            referral_first: issuer == LicenseIssuer::Server,
            enabling_bits_first: issuer == LicenseIssuer::Server,
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
            appended: String::new(),
            is_reflowed: false,
            has_declaration: true,
            encoding: Encoding::Utf8,
            trailing_nuls: 0,
            size: None,
        }
    }
}
