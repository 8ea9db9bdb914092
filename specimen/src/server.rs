//! Fictitious AD RMS clusters and Azure tenants.

use crate::keys::{
    AZURE, BRANCH, CONTOSO, CONTOSO_LEGACY, FORGER, IMPORTED, KeyPair, Mode, SELF_ENROLLMENT_1,
    SELF_ENROLLMENT_2,
};
use crate::xml::{address, name, object, public_key, security_level};

/// The hierarchy that the certificates of a server name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// `Microsoft DRM Production …`
    Production,
    /// `Microsoft DRM ISV …`, the pre-production hierarchy.
    Isv,
}

impl Root {
    /// Returns the word in the names of the authorities.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Root::Production => "Production",
            Root::Isv => "ISV",
        }
    }
}

/// A server and its key, as the PRINCIPAL of its certificate describes them. Texts are written without
/// escaping. GUIDs include their braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The id of the PRINCIPAL.
    pub id: String,
    /// The name of the PRINCIPAL; servers of RMS 1.0 do not write it.
    pub name: Option<String>,
    /// The address of the PRINCIPAL, `https://host/_wmcs`.
    pub address: Option<String>,
    /// The key of the Server Licensor Certificate (SLC).
    pub key: &'static KeyPair,
    /// The cryptographic mode.
    pub mode: Mode,
    /// `Server-Version`.
    pub version: Option<String>,
    /// `Server-SKU`.
    pub sku: Option<String>,
    /// `Tenant-ID`, which only Azure tenants write.
    pub tenant: Option<String>,
    /// The intranet licensing URL of its licenses.
    pub intranet: Option<String>,
    /// The extranet licensing URL of its licenses.
    pub extranet: Option<String>,
    /// The time at which the SLC was issued.
    pub issued: String,
    /// The hierarchy of its certificates.
    pub root: Root,
    /// The server that enrolled a licensing-only cluster; `None` for Microsoft's enrollment service.
    pub enrolled_by: Option<Box<Server>>,
}

impl Server {
    fn new(id: &str, name: &str, address: &str, key: &'static KeyPair) -> Server {
        let mode = if key.bits() == 1024 { Mode::One } else { Mode::Two };
        Server {
            id: id.into(),
            name: Some(name.into()),
            address: Some(address.into()),
            key,
            mode,
            version: Some("6.3.0.0".into()),
            sku: Some("RMS 2.0".into()),
            tenant: None,
            intranet: Some(format!("{address}/licensing")),
            extranet: Some(format!("{address}/licensing")),
            issued: "2014-06-06T22:24".into(),
            root: Root::Production,
            enrolled_by: None,
        }
    }

    /// An AD RMS cluster in mode 2 on Windows Server 2012 R2.
    pub fn contoso() -> Server {
        let mut server = Server::new(
            "{5f0c2c3a-8d0e-4c0b-9a4f-0c7e1d2b3a41}",
            "CONTOSO-RMS",
            "https://rms.contoso.com/_wmcs",
            &CONTOSO,
        );
        server.intranet = Some("https://rms.corp.contoso.com/_wmcs/licensing".into());
        server
    }

    /// An older cluster of the same organization in mode 1. Its address is a short host name with `HTTP`.
    pub fn contoso_legacy() -> Server {
        let mut server = Server::new(
            "{c2b7a1f4-3d55-4e7c-8b1a-6f0d9e2c4b52}",
            "CONTOSO-RMS-2008",
            "HTTP://rms2008:80/_wmcs",
            &CONTOSO_LEGACY,
        );
        server.version = Some("6.0.0.0".into());
        server.extranet = None;
        server.issued = "2009-02-11T08:15".into();
        server
    }

    /// An Azure tenant with a key that Azure created.
    pub fn azure() -> Server {
        let mut server = Server::new(
            "{1b6d2c77-90ab-4f4e-a3c5-2e8f7d6c5b63}",
            "Fabrikam",
            "https://7d2f1c3b-4a5e-4d6f-8b9a-0c1d2e3f4a5b.rms.eu.aadrm.com/_wmcs",
            &AZURE,
        );
        server.version = Some("1.1.2298.1".into());
        server.tenant = Some("{3c5e7a90-1b2d-4f6e-8a9c-0d1e2f3a4b5c}".into());
        server.issued = "2023-02-14T09:30".into();
        server
    }

    /// An Azure tenant with a key that was imported from an AD RMS cluster: RSA of 1024 bits, an AD RMS
    /// version and a Tenant-ID.
    pub fn imported() -> Server {
        let mut server = Server::new(
            "{9e8d7c6b-5a49-4382-b716-05f4e3d2c174}",
            "irm.northwind.example",
            "https://0a9b8c7d-6e5f-4a3b-9c1d-2e3f4a5b6c7d.rms.na.aadrm.com/_wmcs",
            &IMPORTED,
        );
        server.version = Some("6.1.0.0".into());
        server.tenant = Some("{6f5e4d3c-2b1a-4908-8776-655443322110}".into());
        server.issued = "2015-09-01T12:00".into();
        server
    }

    /// A licensing-only cluster, enrolled by [`contoso`](Server::contoso).
    pub fn branch() -> Server {
        let mut server = Server::new(
            "{4d3c2b1a-0f9e-4d8c-b7a6-958473625185}",
            "CONTOSO-RMS-BRANCH",
            "https://rms.branch.contoso.com/_wmcs",
            &BRANCH,
        );
        server.enrolled_by = Some(Box::new(Server::contoso()));
        server.issued = "2016-03-01T10:00".into();
        server
    }

    /// A server that issues forged licenses.
    pub fn forger() -> Server {
        Server::new(
            "{0badc0de-0bad-4bad-8bad-0badc0debad0}",
            "FORGER",
            "https://rms.forger.example/_wmcs",
            &FORGER,
        )
    }

    /// Returns the id and the key of the enrollment service for this mode.
    pub(crate) fn enrollment_service(&self) -> (&'static str, &'static KeyPair) {
        match self.mode {
            Mode::One => ("{BA653B6A-E163-416e-B0BB-2F94B02799EE}", &SELF_ENROLLMENT_1),
            Mode::Two => ("{E40A03DB-9FE6-4233-8E6F-DEEA1BCDD4A2}", &SELF_ENROLLMENT_2),
        }
    }

    /// Returns OBJECT and PUBLICKEY.
    pub(crate) fn identity(&self) -> String {
        let named = self.name.as_deref().map(name).unwrap_or_default();
        let address = self.address.as_deref().map(|url| address("URL", url)).unwrap_or_default();
        let rest = format!("{named}{address}");
        object(Some("MS-DRM-Server"), "MS-GUID", &self.id, &rest) + &public_key(self.key)
    }

    /// Returns the SECURITYLEVELs.
    pub(crate) fn levels(&self, long: bool) -> String {
        let levels = [
            ("Server-Version", &self.version),
            ("Server-SKU", &self.sku),
            ("Tenant-ID", &self.tenant),
        ];
        levels
            .iter()
            .filter_map(|(name, value)| Some(security_level(name, value.as_deref()?, long)))
            .collect()
    }
}
