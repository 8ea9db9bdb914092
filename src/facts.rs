//! [`Facts`], what the bytes alone say: everything that a verdict is made from.

use std::borrow::Cow;

use crate::error::Error;
use crate::kinds::{
    Anomaly, Container, Depth, Hierarchy, IssuerKind, KeyLink, Protection, Searched, Signature,
};
use crate::timestamp::Timestamp;

/// What the bytes of one finding say, with no knowledge from elsewhere.
///
/// Facts can be stored and judged again at any time with [`judge`](crate::judge). The fields are
/// those of the public record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// Where inside the file, outermost first, joined by `!/`; `None` for the file itself.
    pub member: Option<String>,
    /// Bytes of the member.
    pub member_size: Option<u64>,
    /// What kind of file or member it is.
    pub container: Container,
    /// What keeps people out of it.
    pub protection: Protection,
    /// How far its inside was searched.
    pub searched: Searched,
    /// How much of its license was read.
    pub depth: Depth,
    /// What its publishing license says, where one was found.
    pub license: Option<Box<LicenseFacts>>,
    /// The sensitivity label: the license's own, or the one beside it where that was asked for.
    pub label_id: Option<String>,
    /// The tenant of the label.
    pub label_tenant: Option<String>,
    /// Use licenses cached in the file; `None` where nobody looked.
    pub use_licenses: Option<u32>,
    /// The server key of the newest use license.
    pub use_license_key: Option<String>,
    /// Why something was not read: the stable name.
    pub error_code: Option<Cow<'static, str>>,
    /// Why something was not read, in words.
    pub error: Option<String>,
    /// The byte at which the reading stopped.
    pub error_offset: Option<u64>,
    /// Odd, but readable; in the order of the list, each once.
    pub anomalies: Vec<Anomaly>,
}

impl Facts {
    /// Facts about something of which nothing is known but its kind and its protection.
    pub fn new(container: Container, protection: Protection) -> Facts {
        Facts {
            member: None,
            member_size: None,
            container,
            protection,
            searched: Searched::Full,
            depth: Depth::Full,
            license: None,
            label_id: None,
            label_tenant: None,
            use_licenses: None,
            use_license_key: None,
            error_code: None,
            error: None,
            error_offset: None,
            anomalies: Vec::new(),
        }
    }

    /// Facts about a file of which not one byte could be had, and why.
    pub fn unopened(error: &Error) -> Facts {
        let mut facts = Facts::new(Container::Other, Protection::Unknown);
        facts.searched = Searched::No;
        facts.set_error(error);
        facts
    }

    /// Facts about a file that the caller did not open: `code` is one of the record's list, such
    /// as `not-hydrated` or `hung`.
    pub fn not_opened(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Facts {
        let mut facts = Facts::new(Container::Other, Protection::Unknown);
        facts.searched = Searched::No;
        facts.error_code = Some(code.into());
        facts.error = Some(message.into());
        facts
    }

    pub(crate) fn set_error(&mut self, error: &Error) {
        self.error_code = Some(Cow::Borrowed(error.code().as_str()));
        self.error = Some(error.to_string());
        self.error_offset = error.offset();
    }

    pub(crate) fn add_anomaly(&mut self, anomaly: Anomaly) {
        if let Err(at) = self.anomalies.binary_search(&anomaly) {
            self.anomalies.insert(at, anomaly);
        }
    }

    /// `sha256:` and 64 hex digits: the key of the server that can open the file.
    pub fn slc_key(&self) -> Option<&str> {
        self.license.as_ref().and_then(|license| license.slc_key.as_deref())
    }

    /// The id of that key.
    pub fn slc_id(&self) -> Option<&str> {
        self.license.as_ref().and_then(|license| license.slc_id.as_deref())
    }
}

/// What a publishing license says. Text is as written, outer white space trimmed; GUIDs are lower
/// case without braces; what `--quick` does not read is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // the fields carry the names of the record, and its documentation
pub struct LicenseFacts {
    pub license_offset: Option<u64>,
    pub license_bytes: Option<u64>,
    /// `None` unless [`fingerprint`](crate::InspectorBuilder::fingerprint) requests it.
    pub license_sha256: Option<String>,
    pub chain_length: Option<u32>,
    pub crypto_mode: Option<u32>,
    pub issued: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    pub descriptor_id: Option<String>,
    pub descriptor_name: Option<String>,
    pub content_id: Option<String>,
    pub owner: Option<String>,
    pub owner_id_type: Option<String>,
    pub issuer_kind: Option<IssuerKind>,
    pub issuer_id_type: Option<String>,
    pub issuer_id: Option<String>,
    pub issuer_name: Option<String>,
    pub client_version: Option<String>,
    pub clc_issued: Option<Timestamp>,
    pub clc_until: Option<Timestamp>,
    pub slc_id: Option<String>,
    pub slc_key: Option<String>,
    pub slc_key_bits: Option<u32>,
    pub slc_name: Option<String>,
    pub slc_address: Option<String>,
    pub server_version: Option<String>,
    pub server_sku: Option<String>,
    pub tenant_id: Option<String>,
    pub hierarchy: Option<Hierarchy>,
    pub slc_issuer_key: Option<String>,
    pub licensing_intranet: Option<String>,
    pub licensing_extranet: Option<String>,
    pub referral: Option<String>,
    pub double_key: Option<bool>,
    pub signature: Signature,
    pub link: KeyLink,
}

impl LicenseFacts {
    /// A license of which nothing is known yet.
    pub fn new() -> LicenseFacts {
        LicenseFacts {
            license_offset: None,
            license_bytes: None,
            license_sha256: None,
            chain_length: None,
            crypto_mode: None,
            issued: None,
            valid_until: None,
            descriptor_id: None,
            descriptor_name: None,
            content_id: None,
            owner: None,
            owner_id_type: None,
            issuer_kind: None,
            issuer_id_type: None,
            issuer_id: None,
            issuer_name: None,
            client_version: None,
            clc_issued: None,
            clc_until: None,
            slc_id: None,
            slc_key: None,
            slc_key_bits: None,
            slc_name: None,
            slc_address: None,
            server_version: None,
            server_sku: None,
            tenant_id: None,
            hierarchy: None,
            slc_issuer_key: None,
            licensing_intranet: None,
            licensing_extranet: None,
            referral: None,
            double_key: None,
            signature: Signature::NotChecked,
            link: KeyLink::NotChecked,
        }
    }
}

impl Default for LicenseFacts {
    fn default() -> LicenseFacts {
        LicenseFacts::new()
    }
}
