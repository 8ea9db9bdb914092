//! [`Facts`]: what the bytes of a finding say, and the input of a verdict.

use std::borrow::Cow;

use crate::error::Error;
use crate::kinds::{
    Anomaly, Container, Depth, Hierarchy, IssuerKind, KeyLink, Protection, Searched, Signature,
};
use crate::timestamp::Timestamp;

/// What the bytes of one file or member say, without any other source.
///
/// Stored facts can be judged again at any time with [`judge`](crate::judge()). The fields are columns of the
/// public record ([`COLUMNS`](crate::COLUMNS)). With the feature `serde`, facts are a flat map of these
/// columns after `schema`; `license` is not a level of its own. Reading ignores other columns, and fails as
/// `Facts::from_ndjson` does.
///
/// ```
/// use rmsight::{Container, Inspector, Protection, Searched};
///
/// let report = Inspector::default().inspect_bytes(b"plain text");
/// let facts = report.findings().next().unwrap().facts();
/// assert_eq!((facts.container, facts.protection), (Container::Other, Protection::None));
/// assert_eq!((facts.searched, &facts.error_code), (Searched::Full, &None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Facts {
    /// The path of the member inside the file: steps from the outside in, joined by `!/`. Unique
    /// within the file. `None` for the file itself. In each step `%`, `!` and control bytes are
    /// percent-encoded, and a step that is unnamed or repeated ends with `#` and its number, from 1.
    pub member: Option<String>,
    /// The size of the member in bytes. `None` for the file itself, and if the size is unknown.
    pub member_size: Option<u64>,
    /// The format of the file or member.
    pub container: Container,
    /// The protection. `Unknown` if not enough was read.
    pub protection: Protection,
    /// Whether all content was searched. If not, `error_code` has the reason.
    pub searched: Searched,
    /// Whether the whole license was read, or only its head (quick scan).
    pub depth: Depth,
    /// The values of the publishing license. `None` if no license was found. With the anomaly
    /// `from-use-license`, the SLC fields are from a cached use license ([terms](crate#terms)).
    pub license: Option<Box<LicenseFacts>>,
    /// The GUID of the sensitivity label: that of the license (`AUTHENTICATEDDATA` with the id
    /// `LABEL`), else with [`labels`](crate::InspectorBuilder::labels) that of the container.
    pub label_id: Option<String>,
    /// The GUID of the Entra tenant of the label, from the same source as `label_id`.
    pub label_tenant: Option<String>,
    /// The number of use licenses cached in the file: what a server issued to a user to open the content.
    /// `None` if it is 0 and the file has no publishing license, and after a quick scan.
    pub use_licenses: Option<u32>,
    /// The key of the server that issued the newest cached use license, in the form of
    /// [`slc_key`](LicenseFacts::slc_key).
    pub use_license_key: Option<String>,
    /// The name of the [`ErrorCode`](crate::ErrorCode) of the error that prevented reading. `None`
    /// if everything was read.
    ///
    /// It is text, because facts that a later version stored can have a code that this version does not know:
    /// such a code is kept, and written again. Facts that this version reads from a file always have a known
    /// code. Parse it to get the enum, and use [`as_str`](crate::ErrorCode::as_str) for the other direction:
    ///
    /// ```
    /// use rmsight::{ErrorCode, ErrorFamily, Facts};
    ///
    /// let facts = Facts::not_opened(ErrorCode::NotHydrated, "in cloud storage");
    /// let code: Option<ErrorCode> = facts.error_code.as_deref().and_then(|name| name.parse().ok());
    /// assert_eq!(code.map(ErrorCode::family), Some(ErrorFamily::Access));
    /// assert_eq!(facts.error_code.as_deref(), Some(ErrorCode::NotHydrated.as_str()));
    /// ```
    pub error_code: Option<Cow<'static, str>>,
    /// The message of that error, in English. For people: its text can change with each version.
    pub error: Option<String>,
    /// The byte offset of that error in the file, or in the member if that is compressed or
    /// encoded. `None` if the error has no offset.
    pub error_offset: Option<u64>,
    /// Irregularities that do not prevent reading; sorted in the order of [`Anomaly`], each once.
    pub anomalies: Vec<Anomaly>,
    /// Names of closed lists that this version does not know; empty unless a later version wrote the
    /// facts. The field of such a column has the value that claims least, and a record that is
    /// written again has the unknown name. Such facts are ambiguous: no verdict about a protected
    /// file is `no`.
    pub unknown: Vec<UnknownValue>,
}

/// A name in a stored record that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UnknownValue {
    /// The name of the [`Column`](crate::Column).
    pub column: &'static str,
    /// The name as the record has it. A list has one `UnknownValue` for each unknown name.
    pub name: String,
}

impl UnknownValue {
    /// Returns the unknown name `name` in the column `column`.
    pub(crate) fn new(column: &'static str, name: &str) -> UnknownValue {
        UnknownValue { column, name: name.to_owned() }
    }
}

impl Facts {
    /// Returns facts that contain only format and protection, searched in full, without license and error.
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
            unknown: Vec::new(),
        }
    }

    /// Returns the facts about a file that could not be opened or read at all.
    pub fn unopened(error: &Error) -> Facts {
        let mut facts = Facts::new(Container::Other, Protection::Unknown);
        facts.searched = Searched::No;
        facts.set_error(error);
        facts
    }

    /// Returns the facts about a file that the caller did not open: protection `unknown`, searched `no`.
    /// `code` is an [`ErrorCode`](crate::ErrorCode) or its name, such as `not-hydrated` or `hung`; other text
    /// is kept. `message` is for people.
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

    /// Returns the names of the anomalies; those in [`unknown`](Facts::unknown) follow the known ones.
    pub fn anomaly_names(&self) -> impl Iterator<Item = &str> {
        anomaly_names(&self.anomalies, &self.unknown)
    }

    /// Returns [`LicenseFacts::slc_key`]: the key of the server that can open the file, `sha256:` and 64 hex
    /// digits. `None` if no license was found, or its key could not be read.
    pub fn slc_key(&self) -> Option<&str> {
        self.license.as_ref().and_then(|license| license.slc_key.as_deref())
    }

    /// Returns [`LicenseFacts::slc_id`]: the GUID of that key. A GUID is easily claimed; only the key decides
    /// a verdict.
    pub fn slc_id(&self) -> Option<&str> {
        self.license.as_ref().and_then(|license| license.slc_id.as_deref())
    }
}

/// The column that contains the names of anomalies.
pub(crate) const ANOMALIES: &str = "anomalies";

/// Returns the names of anomalies, and after them those among the unknown values.
pub(crate) fn anomaly_names<'a>(
    known: &'a [Anomaly],
    unknown: &'a [UnknownValue],
) -> impl Iterator<Item = &'a str> {
    let unknown = unknown.iter().filter(|value| value.column == ANOMALIES);
    known.iter().map(|anomaly| anomaly.as_str()).chain(unknown.map(|value| value.name.as_str()))
}

/// The values of one publishing license.
///
/// Text is as written in the license, with outer white space trimmed and entities resolved. It is input that
/// an attacker can choose: escape it before it is shown. GUIDs are in lower case without braces. Times are
/// UTC. A value is `None` if its element is missing, empty or unreadable. After a quick scan
/// ([`Depth::Head`]) the fields marked "whole license" are `None` too. Element names are those of XrML in
/// MS-RMPR 2.2.9; `SLC` is the Server Licensor Certificate.
///
/// ```
/// use rmsight::LicenseFacts;
///
/// let mut license = LicenseFacts::new();
/// license.slc_key = Some(format!("sha256:{}", "0".repeat(64)));
/// assert_eq!(license.owner, None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LicenseFacts {
    /// The byte offset of the license text in the file. `None` if the bytes are not contiguous, or
    /// are in a compressed or encoded part.
    pub license_offset: Option<u64>,
    /// The length of the license in bytes, as the container has it.
    pub license_bytes: Option<u64>,
    /// The SHA-256 of the license in 64 hex digits, over the bytes as the container has them.
    /// `None` unless [`fingerprint`](crate::InspectorBuilder::fingerprint) requests it. Whole
    /// license.
    pub license_sha256: Option<String>,
    /// The number of `XrML` documents in the license, from 1: the license and its certificates.
    /// Whole license.
    pub chain_length: Option<u32>,
    /// The cryptographic mode: 1 (SHA-1) or 2 (SHA-256), from `SIGNATURE/DIGEST/ALGORITHM` of the
    /// license. `None` for other algorithms. Whole license.
    pub crypto_mode: Option<u32>,
    /// The time of publishing: `ISSUEDTIME`, to the minute.
    pub issued: Option<Timestamp>,
    /// The end of validity, excluded: `VALIDITYTIME/UNTIL`. `None` if the license does not expire.
    pub valid_until: Option<Timestamp>,
    /// The GUID of `DESCRIPTOR`: that of the rights template, or a new one for an ad-hoc policy.
    pub descriptor_id: Option<String>,
    /// The first `NAME` in `DESCRIPTOR`: that of the template or the policy.
    pub descriptor_name: Option<String>,
    /// The GUID of the content: `WORK/OBJECT/ID`. Copies of a file share it. `None` after a quick scan.
    pub content_id: Option<String>,
    /// The owner, usually a mail address: `WORK/METADATA/OWNER/OBJECT/NAME`. `None` after a quick scan.
    pub owner: Option<String>,
    /// The type of the id of the owner, such as `Windows`, `Federation`, `Passport` or
    /// `Unspecified`. `None` after a quick scan.
    pub owner_id_type: Option<String>,
    /// The publisher, from `ISSUER/OBJECT` type: a client (`Group-Identity`) or the server
    /// (`MS-DRM-Server`). `None` for other types.
    pub issuer_kind: Option<IssuerKind>,
    /// The type of `ISSUER/OBJECT/ID`: for example `Windows` (a SID), `Federation` or `MS-GUID`.
    pub issuer_id_type: Option<String>,
    /// `ISSUER/OBJECT/ID`: a SID, a GUID or another id, as its type says.
    pub issuer_id: Option<String>,
    /// `ISSUER/OBJECT/NAME`: the mail address of the author, or the name of the server.
    pub issuer_name: Option<String>,
    /// The version of the publishing client: `ISSUER/SECURITYLEVEL` with the name `SDK`.
    pub client_version: Option<String>,
    /// `ISSUEDTIME` of the Client Licensor Certificate that issued the license. `None` if the chain
    /// does not contain it. Whole license.
    pub clc_issued: Option<Timestamp>,
    /// The end of the right `ISSUE` in that certificate, excluded: `RANGETIME/UNTIL`. Whole
    /// license.
    pub clc_until: Option<Timestamp>,
    /// The GUID of the SLC: `ISSUEDPRINCIPALS/PRINCIPAL/OBJECT/ID`.
    pub slc_id: Option<String>,
    /// The key of the SLC, which the server needs to open the file: `sha256:` and 64 hex digits,
    /// the SHA-256 of the big-endian modulus without leading zeros. From `PUBLICKEY` of the
    /// principal.
    pub slc_key: Option<String>,
    /// The size of that modulus in bits, usually 1,024 or 2,048.
    pub slc_key_bits: Option<u32>,
    /// `NAME` of the principal. RMS 1.0 does not write it.
    pub slc_name: Option<String>,
    /// `ADDRESS` of the principal: the base URL of the server when the SLC was issued.
    pub slc_address: Option<String>,
    /// `SECURITYLEVEL` of the principal with the name `Server-Version`.
    pub server_version: Option<String>,
    /// `SECURITYLEVEL` of the principal with the name `Server-SKU`.
    pub server_sku: Option<String>,
    /// The GUID of the Entra tenant: `SECURITYLEVEL` of the principal with the name `Tenant-ID`.
    /// Only Azure RMS writes it.
    pub tenant_id: Option<String>,
    /// The hierarchy of the SLC, from the first anchor key of Microsoft above it. `Unknown` if the
    /// chain contains none. Whole license.
    pub hierarchy: Option<Hierarchy>,
    /// The key that issued the SLC, in the form of `slc_key`. `None` if the chain does not contain
    /// the SLC. Whole license.
    pub slc_issuer_key: Option<String>,
    /// The licensing URL inside the organization: `DISTRIBUTIONPOINT` of type
    /// `License-Acquisition-URL`.
    pub licensing_intranet: Option<String>,
    /// The licensing URL outside the organization: `DISTRIBUTIONPOINT` of type
    /// `Extranet-License-Acquisition-URL`.
    pub licensing_extranet: Option<String>,
    /// The contact for access requests, a mail address or a URL: `DISTRIBUTIONPOINT` of type
    /// `Referral-Info`.
    pub referral: Option<String>,
    /// Whether double key encryption applies: an `AUTHENTICATEDDATA` whose name begins with
    /// `Microsoft.DKE.`. Whole license.
    pub double_key: Option<bool>,
    /// The result of checking the signature of the license. `NotChecked` unless verification was
    /// requested; without a signature always `Unsigned`. Needs the whole license.
    pub signature: Signature,
    /// Whether valid signatures lead from the license to `slc_key`. `NotChecked` unless
    /// verification was requested; without a signature always `Unanchored`.
    pub link: KeyLink,
}

impl LicenseFacts {
    /// Returns a license without values; `signature` and `link` are `NotChecked`.
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
