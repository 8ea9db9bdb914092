//! Fictitious users and services that publish licenses.

use crate::keys::{ACCOUNT_1, ACCOUNT_2, CLIENT_1, CLIENT_2, KeyPair, Mode};
use crate::xml::{address, name, object};

/// A fictitious user with a Client Licensor Certificate (CLC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The type of the id: `Windows`, `Federation` or `Passport`.
    pub id_type: String,
    /// The id: a SID, or a GUID with braces.
    pub id: String,
    /// The mail address.
    pub name: String,
    /// Further mail addresses, written as ADDRESS. They are not server addresses.
    pub aliases: Vec<String>,
    /// The version of the client software, written as SECURITYLEVEL `SDK`.
    pub version: String,
    /// The time at which the CLC was issued.
    pub certified: String,
    /// The time at which the right to issue ends.
    pub certified_until: String,
}

impl Client {
    /// A user of AD RMS, identified by a SID.
    pub fn windows() -> Client {
        Client {
            id_type: "Windows".into(),
            id: "S-1-5-21-1111111111-2222222222-3333333333-1104".into(),
            name: "ada@contoso.com".into(),
            aliases: Vec::new(),
            version: "1.0.2004.0".into(),
            certified: "2016-05-29T07:12".into(),
            certified_until: "2016-06-29T07:12".into(),
        }
    }

    /// A user of Azure RMS, identified by a GUID, with a second mail address.
    pub fn federation() -> Client {
        Client {
            id_type: "Federation".into(),
            id: "{2d4f6a8c-0e1b-4c3d-9f5a-7b9d1e3f5a7c}".into(),
            name: "grace@fabrikam.example".into(),
            aliases: vec!["grace@fabrikam.onmicrosoft.com".into()],
            version: "1.17.154.0".into(),
            certified: "2024-03-01T06:00".into(),
            certified_until: "2024-04-01T06:00".into(),
        }
    }

    /// Exchange Online, which publishes for a whole tenant.
    pub fn exchange_online(tenant: &str) -> Client {
        let tenant = tenant.trim_matches(['{', '}']);
        let name = format!("EXO.{tenant}@aadrm.com");
        Client { id: name.clone(), aliases: vec![name.clone()], name, ..Client::federation() }
    }

    /// A user of Microsoft's withdrawn service for Live ID accounts.
    pub fn passport() -> Client {
        Client {
            id_type: "Passport".into(),
            id: "0006BFFD8A3C1122@Live.com".into(),
            name: "linus@hotmail.example".into(),
            ..Client::windows()
        }
    }

    /// Returns the OBJECT of type `Group-Identity`.
    pub(crate) fn object(&self) -> String {
        let mut rest = name(&self.name);
        for alias in &self.aliases {
            rest += &address("email_alias", alias);
        }
        object(Some("Group-Identity"), &self.id_type, &self.id, &rest)
    }

    /// Returns the key of the CLC.
    pub(crate) fn key(&self, mode: Mode) -> &'static KeyPair {
        match mode {
            Mode::One => &CLIENT_1,
            Mode::Two => &CLIENT_2,
        }
    }

    /// Returns the key of the account certificate.
    pub(crate) fn account_key(&self, mode: Mode) -> &'static KeyPair {
        match mode {
            Mode::One => &ACCOUNT_1,
            Mode::Two => &ACCOUNT_2,
        }
    }
}
